using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Orders;

/// <summary>
/// The one place that may say what was ordered and what was decided when it went wrong. Key: <c>{retailer}/{order}</c>; for a shipment without an order
/// <see cref="OrderKey.StandIn"/>. Everything may be asked twice: what was decided is answered again.
/// </summary>
[Alias("tracking.order-grain")]
public interface IOrderGrain : IGrainWithStringKey
{
    /// <param name="receivedAt">When our door got it, for everything the shop tells: decisions follow it, not the moment of storing.</param>
    /// <summary>Takes an order. The same again changes nothing; another content under the same id is a conflict that names the fields.</summary>
    [Alias("place")] Task<OrderReply> Place(OrderContent content, OrderPeople people, DateTimeOffset receivedAt);

    /// <summary>Replaces what the shop tells of the order. <paramref name="ifVersion"/>: refused unless the order has this version; null: whatever it has.</summary>
    [Alias("change")] Task<OrderReply> Change(OrderContent content, OrderPeople people, DateTimeOffset receivedAt, int? ifVersion);

    [Alias("cancel")] Task<OrderReply> Cancel(string? why, int? ifVersion);

    /// <summary>An item cannot be sent, or only later. Told twice with the same numbers it is the same.</summary>
    [Alias("line")] Task<OrderReply> LineUnavailable(LineReport report, DateTimeOffset receivedAt, int? ifVersion);

    /// <summary>Adds a parcel, or tells anew what is in one.</summary>
    [Alias("shipment")] Task<OrderReply> PutShipment(OrderShipment shipment, DateTimeOffset receivedAt, int? ifVersion);

    /// <summary>One of its shipments moved: looks whether something is to be decided, and when to look again.</summary>
    /// <param name="moved">Which one; null: any may have.</param>
    [Alias("look")] Task Look(ShipmentKey? moved);

    /// <summary>For a shipment that stood for its order: decides what fell due before the order was told, says what it decided, and decides nothing more.</summary>
    [Alias("hand-over")] Task<HandedOver> HandOver(string toOrder, DateTimeOffset toldAt);

    /// <summary>What purse and ledger answered for a decided offer. The first answer stays; what the offer is after it is returned.</summary>
    [Alias("settle")] Task<OfferState> Settle(string offer, Withheld answer, string? detail);

    /// <summary>Accepts one remedy of an open offer, once. Accepting the same remedy again answers the same; another one is refused.</summary>
    [Alias("accept")] Task<OfferReply> Accept(string offer, RemedyKind remedy, string by);

    /// <summary>"No thanks".</summary>
    [Alias("decline")] Task<OfferReply> Decline(string offer, string by);

    /// <summary>Something it wanted to be woken for has come due. Repeating it does nothing.</summary>
    [Alias("wake")] Task Wake();
}

/// <summary>Why an order was not taken or changed.</summary>
[GenerateSerializer, Alias("tracking.order-refusal")]
public enum OrderRefusal : byte { None = 0, Unknown = 1, Conflict = 2, WrongVersion = 3, Invalid = 4, OtherCustomer = 5, NotStored = 6, Cancelled = 7 }

/// <param name="Version">The order's version after the call; its entity tag.</param>
/// <param name="Changed">False when it had been told before.</param>
/// <param name="Problem">What is wrong, for a person; null when nothing is.</param>
/// <param name="Fields">For conflicts and invalid content: the fields, as JSON pointers.</param>
[GenerateSerializer, Immutable, Alias("tracking.order-reply")]
public sealed record OrderReply(
    [property: Id(0)] OrderRefusal Refusal, [property: Id(1)] int Version, [property: Id(2)] bool Changed, [property: Id(3)] string? Problem = null,
    [property: Id(4)] ImmutableArray<string> Fields = default);

/// <param name="RainCheck">Minor units: the price the shop keeps; null: none.</param>
/// <param name="Alternative">Another item it suggests.</param>
[GenerateSerializer, Immutable, Alias("tracking.line-report")]
public sealed record LineReport(
    [property: Id(0)] string Line, [property: Id(1)] int? Quantity, [property: Id(2)] bool BackOrdered, [property: Id(3)] long? RainCheck, [property: Id(4)] string? Alternative);

[GenerateSerializer, Immutable, Alias("tracking.handed-over")]
public sealed record HandedOver([property: Id(0)] ImmutableArray<CauseKey> Settled, [property: Id(1)] ImmutableArray<CauseKey> Told);

[GenerateSerializer, Alias("tracking.offer-refusal")]
public enum OfferRefusal : byte { None = 0, Unknown = 1, NotOpen = 2, Expired = 3, AlreadyAccepted = 4, AlreadyDeclined = 5, NoSuchRemedy = 6, NotStored = 7 }

/// <param name="First">True for the call that accepted or declined; a repetition is answered with false.</param>
[GenerateSerializer, Immutable, Alias("tracking.offer-reply")]
public sealed record OfferReply(
    [property: Id(0)] OfferRefusal Refusal, [property: Id(1)] bool First, [property: Id(2)] OfferView? Offer, [property: Id(3)] string? Problem = null);
