using System.Diagnostics;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Orders;

/// <summary>How far an offer is. Names are stored in views.</summary>
[GenerateSerializer, Alias("tracking.offer-state")]
public enum OfferState : byte
{
    /// <summary>Decided; purse and ledger are being asked. Nobody was told.</summary>
    Decided = 0,
    Open = 1,
    Accepted = 2,
    Declined = 3,
    Expired = 4,
    Withheld = 5,
}

/// <summary>A decision and what became of it.</summary>
/// <param name="Since">When the state began.</param>
public sealed record OfferStanding(
    RecoveryDecision Decision, OfferState State, DateTimeOffset Since, DateTimeOffset DecidedAt, RemedyKind? Remedy = null, string? Code = null, Withheld Why = Withheld.Not,
    string? Detail = null, bool Reminded = false)
{
    public string Id => Decision.Offer;

    /// <summary>Open and not past its last moment.</summary>
    public bool CanBeAnswered(DateTimeOffset now) => State == OfferState.Open && (Decision.ExpiresAt is not { } until || now < until);
}

/// <summary>A promise with when we were told of it. Revisions count from 1.</summary>
public sealed record PromiseRevision(int Revision, OrderPromise Promise, DateTimeOffset Since);

/// <param name="Received">When our door got it.</param>
/// <param name="Stored">When it was stored.</param>
public readonly record struct ToldSince(DateTimeOffset Received, DateTimeOffset Stored);

public sealed record UnavailableLine(LineUnavailable Told, DateTimeOffset At);

/// <summary>
/// What was bought, what was promised, and what was decided when it went wrong. Immutable; folding its appends in order gives it at any past moment.
/// </summary>
public sealed record Order
{
    /// <summary>Bounds of one order: beyond them it is refused, whole.</summary>
    public const int MaxLines = 500, MaxShipments = 500;

    public required OrderKey Key { get; init; }
    /// <summary>Appends so far.</summary>
    public int Version { get; init; }
    /// <summary>How often the shop told us something; the entity tag of <c>/v1/orders/{id}</c>. What we decide does not change it.</summary>
    public int Revision { get; init; }
    public DateTimeOffset RecordedAt { get; init; }
    /// <summary>When the order became known; null for a shipment that stands for its order.</summary>
    public DateTimeOffset? PlacedAt { get; init; }
    public OrderContent? Content { get; init; }
    public bool Cancelled { get; init; }
    public ImmutableArray<OrderShipment> Shipments { get; init; } = [];
    /// <summary>When each shipment (carrier/number) was first told to be of this order.</summary>
    public ImmutableDictionary<string, ToldSince> ShipmentsSince { get; init; } = ImmutableDictionary.Create<string, ToldSince>(StringComparer.Ordinal);
    public ImmutableArray<PromiseRevision> Promises { get; init; } = [];
    public ImmutableArray<UnavailableLine> Unavailable { get; init; } = [];
    public DatesNoted? Dates { get; init; }
    /// <summary>Every decision, oldest first.</summary>
    public ImmutableArray<OfferStanding> Offers { get; init; } = [];
    /// <summary>Decided before this order was known, by the shipment that stood for it.</summary>
    public ImmutableArray<CauseKey> Adopted { get; init; } = [];
    public ImmutableArray<CauseKey> AdoptedTold { get; init; } = [];
    /// <summary>The stand-ins that were asked.</summary>
    public ImmutableArray<string> AdoptedFrom { get; init; } = [];
    /// <summary>For a stand-in: the order that took over. It decides nothing more.</summary>
    public string? TakenOverBy { get; init; }
    public ImmutableArray<int> KeptAgain { get; init; } = [];

    public static Order Unseen(OrderKey key) => new()
    {
        Key = key,
        Shipments = key.StandsFor is { } shipment ? [new OrderShipment(shipment.Carrier, shipment.Number, [])] : [],
    };

    public PromiseRevision? Promise => Promises.IsEmpty ? null : Promises[^1];

    public OfferStanding? FindOffer(string id)
    {
        foreach (var offer in Offers)
            if (offer.Id == id)
                return offer;
        return null;
    }

    public bool IsSettled(CauseKey cause)
    {
        foreach (var offer in Offers)
            if (offer.Decision.Cause == cause)
                return true;
        return Adopted.Contains(cause);
    }

    /// <summary>Whose ledger its offers stand in: the customer's, or for an anonymous buyer one of the order's own.</summary>
    public string CustomerId => Content?.Customer ?? "~" + Key.Order;

    /// <summary>How many of a line are still to come: bought, less what cannot be had.</summary>
    public int Wanted(OrderLine line)
    {
        var quantity = line.Quantity;
        foreach (var gone in Unavailable)
            if (gone.Told.Line == line.Id && gone.Told.Trouble == LineTrouble.Cancelled)
                quantity -= gone.Told.Quantity;
        return Math.Max(quantity, 0);
    }

    public OrderAppend Append(DateTimeOffset now, params ReadOnlySpan<OrderEvent> events) => new(RecordedTime.Next(now, RecordedAt), [.. events]);

    public Order Apply(OrderAppend append)
    {
        var next = this with { Version = Version + 1, RecordedAt = append.RecordedAt };
        foreach (var happened in append.Events) next = next.Remember(happened, append.RecordedAt);
        return append.Events.Any(static e => e is OrderPlaced or OrderChanged or OrderCancelled or LineUnavailable or ShipmentAdded) ? next with { Revision = Revision + 1 } : next;
    }

    private Order Remember(OrderEvent happened, DateTimeOffset at) => happened switch
    {
        OrderPlaced(var content, var received) => Take(content, received ?? at, at) with { PlacedAt = content.PlacedAt ?? received ?? at },
        OrderChanged(var content, var received) => Take(content, received ?? at, at),
        OrderCancelled => this with { Cancelled = true },
        LineUnavailable line => this with { Unavailable = Unavailable.Add(new UnavailableLine(line, line.ReceivedAt ?? at)) },
        ShipmentAdded(var shipment, var received) => With(shipment, received ?? at, at),
        DatesNoted dates => this with { Dates = dates },
        RemedyDecided(var decision) => this with
        {
            Offers = Offers.Add(decision.IsOffer
                ? new OfferStanding(decision, OfferState.Decided, at, at)
                : new OfferStanding(decision, OfferState.Withheld, at, at, Why: decision.Withheld, Detail: decision.Detail)),
        },
        OfferMade(var offer) => Change(offer, o => o with { State = OfferState.Open, Since = at }),
        OfferWithheld(var offer, var why, var detail) => Change(offer, o => o with { State = OfferState.Withheld, Since = at, Why = why, Detail = detail }),
        OfferAccepted(var offer, var remedy, var code, _, _, _) => Change(offer, o => o with { State = OfferState.Accepted, Since = at, Remedy = remedy, Code = code }),
        OfferDeclined(var offer, _) => Change(offer, o => o with { State = OfferState.Declined, Since = at }),
        OfferReminded(var offer) => Change(offer, o => o with { Reminded = true }),
        OfferExpired(var offer, var why) => Change(offer, o => o with { State = OfferState.Expired, Since = at, Detail = why }),
        PromiseKeptAgain(_, var promise, _) => this with { KeptAgain = KeptAgain.Add(promise) },
        DecisionsAdopted(var from, var settled, var told) => Key.IsStandIn ? this with { TakenOverBy = from } : this with { AdoptedFrom = AdoptedFrom.Add(from), Adopted = Adopted.AddRange(settled), AdoptedTold = AdoptedTold.AddRange(told) },
        _ => throw new UnreachableException($"No rule for {happened.GetType().Name}."),
    };

    private Order Take(OrderContent content, DateTimeOffset received, DateTimeOffset at)
    {
        var next = this;
        foreach (var shipment in content.Shipments) next = next.With(shipment, received, at);
        var promises = Promises;
        if (content.Promise is { } promise && Promise?.Promise != promise) promises = promises.Add(new PromiseRevision(promises.Length + 1, promise, received));
        return next with { Content = content, Promises = promises };
    }

    private Order With(OrderShipment shipment, DateTimeOffset received, DateTimeOffset at)
    {
        for (var i = 0; i < Shipments.Length; i++)
            if (Shipments[i].Carrier == shipment.Carrier && Shipments[i].Number == shipment.Number)
                return this with { Shipments = Shipments.SetItem(i, shipment) };
        return this with { Shipments = Shipments.Add(shipment), ShipmentsSince = ShipmentsSince.SetItem($"{shipment.Carrier}/{shipment.Number}", new ToldSince(received, at)) };
    }

    private Order Change(string offer, Func<OfferStanding, OfferStanding> how)
    {
        for (var i = 0; i < Offers.Length; i++)
            if (Offers[i].Id == offer)
                return this with { Offers = Offers.SetItem(i, how(Offers[i])) };
        return this;
    }
}
