using System.Text.Json.Serialization;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Orders;

/// <summary>A fact about an order that was decided and stored. Names and members are stored: they are added to, never renamed.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "e", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(OrderPlaced), "placed")]
[JsonDerivedType(typeof(OrderChanged), "changed")]
[JsonDerivedType(typeof(OrderCancelled), "cancelled")]
[JsonDerivedType(typeof(LineUnavailable), "line")]
[JsonDerivedType(typeof(ShipmentAdded), "shipment")]
[JsonDerivedType(typeof(DatesNoted), "dates")]
[JsonDerivedType(typeof(RemedyDecided), "decided")]
[JsonDerivedType(typeof(OfferMade), "made")]
[JsonDerivedType(typeof(OfferWithheld), "withheld")]
[JsonDerivedType(typeof(OfferAccepted), "accepted")]
[JsonDerivedType(typeof(OfferDeclined), "declined")]
[JsonDerivedType(typeof(OfferReminded), "reminded")]
[JsonDerivedType(typeof(OfferExpired), "expired")]
[JsonDerivedType(typeof(PromiseKeptAgain), "kept-again")]
[JsonDerivedType(typeof(DecisionsAdopted), "adopted")]
public abstract record OrderEvent;

/// <param name="ReceivedAt">When our door got it: told once and the same however often it is tried. Null: when it was stored.</param>
public sealed record OrderPlaced(OrderContent Content, DateTimeOffset? ReceivedAt = null) : OrderEvent;

/// <summary>The shop told the whole order anew. Another promise is another revision of it.</summary>
public sealed record OrderChanged(OrderContent Content, DateTimeOffset? ReceivedAt = null) : OrderEvent;

public sealed record OrderCancelled(string? Why) : OrderEvent;

/// <summary>Why an item that was bought does not come, or not now.</summary>
public enum LineTrouble : byte { Cancelled = 0, BackOrdered = 1 }

/// <param name="Quantity">How many of the line are hit.</param>
/// <param name="RainCheck">Minor units: the price the shop keeps for the buyer; null: it keeps none.</param>
/// <param name="Alternative">Another item that the shop suggests.</param>
/// <param name="Occurrence">The how many-th of its kind in this order.</param>
public sealed record LineUnavailable(string Line, int Quantity, LineTrouble Trouble, long? RainCheck, string? Alternative, int Occurrence, DateTimeOffset? ReceivedAt = null) : OrderEvent;

public sealed record ShipmentAdded(OrderShipment Shipment, DateTimeOffset? ReceivedAt = null) : OrderEvent;

/// <summary>Where the dates of the order's shipments stood: the latest of each kind over those that have not arrived.</summary>
/// <param name="Carrier">The carrier's date.</param>
/// <param name="Ours">The last day of our estimate.</param>
/// <param name="Shown">The last day pages show.</param>
/// <param name="Delivered">Shipments that have arrived, of <paramref name="Shipments"/>.</param>
/// <param name="LookAt">When to look again. Stored where it is earlier than before, so that a crash cannot lose the hour of a decision.</param>
public sealed record DatesNoted(
    DateTimeOffset AsOf, DateOnly? Carrier, DateOnly? Ours, DateOnly? Shown, int Delivered, int Shipments, DateTimeOffset? LookAt = null) : OrderEvent
{
    /// <summary>Says the same of the dates, whenever it was looked.</summary>
    public bool SaysAs(DatesNoted? other) => other is not null && (Carrier, Ours, Shown, Delivered, Shipments) == (other.Carrier, other.Ours, other.Shown, other.Delivered, other.Shipments);
}

/// <summary>
/// A disruption was weighed. For an offer this is the intent: purse and ledger are asked by its id next, and <see cref="OfferMade"/> or
/// <see cref="OfferWithheld"/> says what they answered.
/// </summary>
public sealed record RemedyDecided(RecoveryDecision Decision) : OrderEvent;

/// <summary>Budget and ledger have it: from here on the buyer may be told.</summary>
public sealed record OfferMade(string Offer) : OrderEvent;

public sealed record OfferWithheld(string Offer, Withheld Why, string? Detail) : OrderEvent;

/// <param name="Code">For the shop's till; made from the offer's id or drawn from the retailer's pool; null for remedies without one.</param>
/// <param name="By">Who said so: <c>shopper</c> or <c>retailer</c>.</param>
/// <param name="From">The pool its code was drawn from; null for a generated one.</param>
/// <param name="EmptyPool">The pool that had no code left, so that one was generated.</param>
public sealed record OfferAccepted(string Offer, RemedyKind Remedy, string? Code, string By, string? From = null, string? EmptyPool = null) : OrderEvent;

/// <summary>"No thanks". Nobody asks again.</summary>
public sealed record OfferDeclined(string Offer, string By) : OrderEvent;

public sealed record OfferReminded(string Offer) : OrderEvent;

/// <param name="Why"><c>time</c>, or <c>promise-kept</c> when its policy ends it then, or <c>order-cancelled</c>.</param>
public sealed record OfferExpired(string Offer, string Why) : OrderEvent;

/// <summary>It came within the promised days after all, though the buyer had been told otherwise by this decision.</summary>
public sealed record PromiseKeptAgain(string Offer, int Promise, DateTimeOffset At) : OrderEvent;

/// <summary>A shipment that stood for its order got one; what was decided then stays decided. In the stand-in: it decides nothing more.</summary>
public sealed record DecisionsAdopted(string From, ImmutableArray<CauseKey> Settled, ImmutableArray<CauseKey> Told) : OrderEvent;

/// <summary>One append of an order: what was decided together, under one recorded time.</summary>
public sealed record OrderAppend(DateTimeOffset RecordedAt, ImmutableArray<OrderEvent> Events)
{
    /// <summary>True when somebody beside the order must hear of it.</summary>
    public bool HasReaction => Events.Any(static e => e is not DatesNoted);
}
