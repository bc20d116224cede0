using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Orders;

/// <summary>An offer as the shopper and the shop see it.</summary>
[GenerateSerializer, Immutable, Alias("tracking.offer-view")]
public sealed record OfferView
{
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required OrderKey Order { get; init; }
    [Id(2)] public CauseKey Cause { get; init; }
    [Id(3)] public OfferState State { get; init; }
    [Id(4)] public ImmutableArray<Remedy> Remedies { get; init; } = [];
    [Id(5)] public string Currency { get; init; } = "";
    [Id(6)] public DateTimeOffset DecidedAt { get; init; }
    [Id(7)] public DateTimeOffset? ExpiresAt { get; init; }
    [Id(8)] public RemedyKind? Accepted { get; init; }
    [Id(9)] public string? Code { get; init; }
    [Id(10)] public DisruptionFacts? Facts { get; init; }
    [Id(11)] public int PolicyVersion { get; init; }
    [Id(12)] public string? Rule { get; init; }
    [Id(13)] public Withheld Withheld { get; init; }
    /// <summary>One sentence.</summary>
    [Id(14)] public string Why { get; init; } = "";

    public static OfferView Of(OrderKey order, OfferStanding offer) => new()
    {
        Id = offer.Id,
        Order = order,
        Cause = offer.Decision.Cause,
        State = offer.State,
        Remedies = offer.Decision.Remedies,
        Currency = offer.Decision.Currency,
        DecidedAt = offer.Decision.At,
        ExpiresAt = offer.Decision.ExpiresAt,
        Accepted = offer.Remedy,
        Code = offer.Code,
        Facts = offer.Decision.Facts,
        PolicyVersion = offer.Decision.PolicyVersion,
        Rule = offer.Decision.Rule,
        Withheld = offer.Why,
        Why = WhyDecided.Of(offer),
    };
}

/// <summary>Where one shipment of an order is.</summary>
public sealed record OrderShipmentView(OrderShipment Shipment, Milestone Status, Modifiers Modifiers, DateTimeOffset? DeliveredAt, Domain.Estimates.ShownWindow? Shown, string? UseId);

/// <summary>An order with its shipments as they are now.</summary>
/// <param name="Late">The promised days are over (at the moment asked) and something is still to come, or came after them.</param>
/// <param name="People">Personal; null when nobody was told of, or it was erased.</param>
public sealed record OrderView(Order Order, ImmutableArray<OrderShipmentView> Shipments, int Delivered, bool Late, DateTimeOffset? PromiseEnds, OrderPeople? People);

public sealed record OrderHistoryEntry(int Version, DateTimeOffset RecordedAt, ImmutableArray<OrderHistoryFact> Facts, bool Erased);

/// <param name="Why">One sentence.</param>
public sealed record OrderHistoryFact(string Type, string Why, OrderEvent Event);

/// <summary>Reads orders from what is stored, without waking a grain: any node answers alike.</summary>
public interface IOrderReader
{
    Task<OrderView?> ReadAsync(OrderKey key, CancellationToken cancel = default);

    /// <summary>Every append, oldest first, each fact with its reason in a sentence; null when there is none.</summary>
    Task<IReadOnlyList<OrderHistoryEntry>?> HistoryAsync(OrderKey key, CancellationToken cancel = default);

    /// <summary>The orders a shipment belongs to, and its stand-in if that decided something. Empty for a shipment nobody ordered.</summary>
    Task<IReadOnlyList<OrderKey>> OrdersOfAsync(ShipmentKey shipment, CancellationToken cancel = default);

    /// <summary>The order an offer belongs to; null for an unknown id.</summary>
    Task<OrderKey?> OrderOfOfferAsync(string offer, CancellationToken cancel = default);

    /// <summary>Offers that the page of a shipment shows: open ones, and accepted ones with their code.</summary>
    Task<IReadOnlyList<OfferView>> OffersOfAsync(ShipmentKey shipment, CancellationToken cancel = default);
}
