using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Orders;

/// <summary>What was bought, as the shop tells it. Open facts only; people are in <see cref="OrderPeople"/>.</summary>
[GenerateSerializer, Immutable, Alias("tracking.order-content")]
public sealed record OrderContent
{
    [Id(0)] public DateTimeOffset? PlacedAt { get; init; }
    [Id(1)] public required Money Value { get; init; }
    [Id(2)] public ImmutableArray<OrderLine> Lines { get; init; } = [];
    /// <summary>The shop's id of the customer; null for an anonymous buyer.</summary>
    [Id(3)] public string? Customer { get; init; }
    /// <summary>The shop's name for how good a customer this is (<c>gold</c>); policies ask for it.</summary>
    [Id(4)] public string? Tier { get; init; }
    [Id(5)] public OrderPromise? Promise { get; init; }
    [Id(6)] public bool Gift { get; init; }
    /// <summary>The day it is for: a birthday, a holiday.</summary>
    [Id(7)] public DateOnly? Occasion { get; init; }
    [Id(8)] public SignatureWish Signature { get; init; }
    [Id(9)] public ImmutableArray<OrderShipment> Shipments { get; init; } = [];
    /// <summary>BCP 47 language of the buyer.</summary>
    [Id(10)] public string? Language { get; init; }
    /// <summary>ISO 3166-1 alpha-2 of the delivery address.</summary>
    [Id(11)] public string? Country { get; init; }
    /// <summary>What shipping cost; what a refund of shipping can come to.</summary>
    [Id(12)] public long? ShippingPaid { get; init; }
}

/// <param name="UnitPrice">In minor units of the order's currency.</param>
/// <param name="Category">The shop's name for the kind of thing it is (<c>hats</c>); placements ask for it.</param>
[GenerateSerializer, Immutable, Alias("tracking.order-line")]
public sealed record OrderLine(
    [property: Id(0)] string Id,
    [property: Id(1)] int Quantity,
    [property: Id(2)] string? Sku = null,
    [property: Id(3)] string? Name = null,
    [property: Id(4)] long? UnitPrice = null,
    [property: Id(5)] bool? Signature = null,
    [property: Id(6)] string? Category = null);

/// <summary>The days that were promised, local days at the door, both included.</summary>
/// <param name="Zone">IANA zone of the door; null: the main zone of the order's country.</param>
[GenerateSerializer, Immutable, Alias("tracking.order-promise")]
public sealed record OrderPromise([property: Id(0)] DateOnly By, [property: Id(1)] DateOnly? From = null, [property: Id(2)] string? Zone = null);

/// <summary>Whether somebody must sign. <see cref="ByRule"/>: the retailer's rule by value or item decides.</summary>
[GenerateSerializer, Alias("tracking.signature-wish")]
public enum SignatureWish : byte { ByRule = 0, Required = 1, NotRequired = 2 }

/// <summary>A parcel of an order. One shipment may carry lines of several orders of one customer.</summary>
/// <param name="Lines">What is in it; empty: unknown, or everything.</param>
/// <param name="Untracked">The service has no scans on the way; such a parcel never becomes "late".</param>
[GenerateSerializer, Immutable, Alias("tracking.order-shipment")]
public sealed record OrderShipment(
    [property: Id(0)] string Carrier,
    [property: Id(1)] string Number,
    [property: Id(2)] ImmutableArray<ShippedLine> Lines,
    [property: Id(3)] bool Untracked = false)
{
    public ShipmentKey KeyIn(string retailer) => new(retailer, Carrier, Number);
}

[GenerateSerializer, Immutable, Alias("tracking.shipped-line")]
public sealed record ShippedLine([property: Id(0)] string Line, [property: Id(1)] int Quantity);

/// <summary>Who bought and who receives. Personal: stored sealed with the order, never in a log, a metric or an open event.</summary>
/// <param name="Address">Lines of the delivery address, without name, postcode and city, separated by line feeds.</param>
[GenerateSerializer, Immutable, Alias("tracking.order-people")]
public sealed record OrderPeople(
    [property: Id(0)] string? Name = null,
    [property: Id(1)] string? Email = null,
    [property: Id(2)] string? Phone = null,
    [property: Id(3)] string? RecipientName = null,
    [property: Id(4)] string? RecipientEmail = null,
    [property: Id(5)] string? GiftMessage = null,
    [property: Id(6)] string? Address = null,
    [property: Id(7)] string? PostalCode = null,
    [property: Id(8)] string? City = null)
{
    public static readonly OrderPeople Nobody = new();

    public override string ToString() => this == Nobody ? "nobody" : "someone";
}
