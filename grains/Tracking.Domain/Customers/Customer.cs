using System.Diagnostics;
using System.Text.Json.Serialization;
using Tracking.Domain.Recovery;

namespace Tracking.Domain.Customers;

/// <summary>A fact about a customer that was stored. Contact points are not here: they are sealed beside it (<see cref="Contact"/>).</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "e")]
[JsonDerivedType(typeof(CardChanged), "card")]
[JsonDerivedType(typeof(PreferencesSet), "preferences")]
[JsonDerivedType(typeof(OfferEntered), "entered")]
[JsonDerivedType(typeof(OfferRefused), "refused")]
[JsonDerivedType(typeof(OfferClosed), "closed")]
[JsonDerivedType(typeof(Purchased), "purchased")]
[JsonDerivedType(typeof(OrderTold), "order")]
[JsonDerivedType(typeof(Erased), "erased")]
public abstract record CustomerEvent;

/// <param name="Contact">True when the sealed half holds a new contact.</param>
public sealed record CardChanged(string? Tier, string? Language, bool Contact) : CustomerEvent;

public sealed record PreferencesSet(ImmutableArray<string> Channels, bool Offers) : CustomerEvent;

/// <summary>An offer stands in the ledger. Written before anyone is told of it.</summary>
public sealed record OfferEntered(string Offer, string Order, CauseKey Cause, DateTimeOffset At, long Cost, string Currency, int SpacingDays) : CustomerEvent;

public sealed record OfferRefused(string Offer, string Order, string Why) : CustomerEvent;

public sealed record OfferClosed(string Offer, string Outcome, RemedyKind? Remedy, long Spent) : CustomerEvent;

/// <summary>What kinds of things an order was for, by the shop's own names for them. An order told anew replaces what it was for before.</summary>
public sealed record Purchased(string Order, ImmutableArray<string> Categories) : CustomerEvent
{
    public bool Says(Purchased other) => Order == other.Order && Categories.AsSpan().SequenceEqual(other.Categories.AsSpan());
}

/// <summary>An order of theirs. Where to look when somebody wants to be forgotten.</summary>
public sealed record OrderTold(string Order) : CustomerEvent;

/// <summary>Everything personal of theirs was destroyed, on their wish.</summary>
public sealed record Erased : CustomerEvent;

/// <summary>How to reach somebody. Personal.</summary>
public sealed record Contact(string? Name, string? Email, string? Phone)
{
    public static readonly Contact None = new(null, null, null);

    public override string ToString() => "someone";
}

/// <summary>One offer in the ledger. <see cref="Outcome"/>: <c>open</c>, <c>accepted</c>, <c>declined</c>, <c>expired</c>.</summary>
public sealed record GoodwillLine(OfferEntered Entered, string Outcome, RemedyKind? Remedy, long Spent);

/// <summary>What we know of a customer, and the ledger of what was done to put things right with them.</summary>
public sealed record Customer
{
    public const string Open = "open";

    /// <summary>Why somebody who wants no offers gets none.</summary>
    public const string WantsNone = "the customer wants none";

    /// <summary>Orders whose categories are remembered, the newest; more say nothing more of somebody.</summary>
    public const int MaxPurchases = 20;
    /// <summary>Categories kept of one order.</summary>
    public const int MaxCategories = 10;
    /// <summary>Characters of a category's name.</summary>
    public const int MaxCategory = 60;

    public static readonly Customer Unknown = new();

    public string? Tier { get; init; }
    public string? Language { get; init; }
    /// <summary>False: no offers, only notices.</summary>
    public bool WantsOffers { get; init; } = true;
    public ImmutableArray<string> Channels { get; init; } = [];
    public ImmutableDictionary<string, GoodwillLine> Lines { get; init; } = ImmutableDictionary.Create<string, GoodwillLine>(StringComparer.Ordinal);
    public ImmutableDictionary<string, string> Refused { get; init; } = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Their orders, as they were told.</summary>
    public ImmutableHashSet<string> Orders { get; init; } = ImmutableHashSet.Create<string>(StringComparer.Ordinal);

    /// <summary>What was bought, oldest first, at most <see cref="MaxPurchases"/> orders.</summary>
    public ImmutableArray<Purchased> Purchases { get; init; } = [];

    /// <summary>What an order's lines were for, in the order of the lines, each once; null when the shop named no category.</summary>
    public static Purchased? PurchaseOf(string order, IEnumerable<string?> categories)
    {
        ImmutableArray<string> named = [.. categories.OfType<string>().Distinct(StringComparer.Ordinal).Take(MaxCategories)];
        return named.IsEmpty ? null : new Purchased(order, named);
    }

    /// <summary>True when nothing, or something else, is remembered of this order.</summary>
    public bool IsNews(Purchased purchase) => !Purchases.Any(known => known.Says(purchase));

    /// <summary>Categories of other orders, newest first, each once.</summary>
    public ImmutableArray<string> BoughtBeside(string order)
        => [.. Purchases.Reverse().Where(p => p.Order != order).SelectMany(p => p.Categories).Distinct(StringComparer.Ordinal)];

    /// <summary>True when the ledger has answered for this offer; <paramref name="refused"/> is why not, or null.</summary>
    public bool Answer(string offer, out string? refused)
    {
        if (Refused.TryGetValue(offer, out refused)) return true;
        return Lines.ContainsKey(offer);
    }

    /// <summary>Why an offer for that order, decided at that moment, does not get into the ledger; null when it does.</summary>
    public string? Refuses(string order, DateTimeOffset at, int spacingDays)
    {
        if (!WantsOffers) return WantsNone;
        if (spacingDays == 0) return null;
        foreach (var line in Lines.Values)
            if (line.Entered.Order != order && (at - line.Entered.At).Duration() < TimeSpan.FromDays(spacingDays))
                return $"offer {line.Entered.Offer} for order {line.Entered.Order}, less than {spacingDays} days apart";
        return null;
    }

    public Customer Apply(CustomerEvent happened) => happened switch
    {
        CardChanged card => this with { Tier = card.Tier, Language = card.Language },
        PreferencesSet set => this with { Channels = set.Channels, WantsOffers = set.Offers },
        OfferEntered entered => this with { Lines = Lines.SetItem(entered.Offer, new GoodwillLine(entered, Open, null, 0)) },
        OfferRefused refused => this with { Refused = Refused.SetItem(refused.Offer, refused.Why) },
        OfferClosed closed => Lines.TryGetValue(closed.Offer, out var line)
            ? this with { Lines = Lines.SetItem(closed.Offer, line with { Outcome = closed.Outcome, Remedy = closed.Remedy, Spent = closed.Spent }) } : this,
        Purchased purchase => this with { Purchases = [.. Purchases.Where(p => p.Order != purchase.Order).TakeLast(MaxPurchases - 1), purchase] },
        OrderTold(var order) => this with { Orders = Orders.Add(order) },
        Erased => this with { Purchases = [] },
        _ => throw new UnreachableException($"No rule for {happened.GetType().Name}."),
    };
}
