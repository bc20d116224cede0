namespace Tracking.Domain.Vocabulary;

/// <summary>
/// Names one order: <c>{retailer}/{order}</c>, which is also the grain's key. A shipment without an order stands for its order, under a name that no shop can give.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.order-key")]
public readonly record struct OrderKey([property: Id(0)] string Retailer, [property: Id(1)] string Order)
{
    public const int MaxLength = 100;
    private const char StandInMark = '~';

    /// <summary>True for a shipment that stands for its order.</summary>
    public bool IsStandIn => Order.Length > 0 && Order[0] == StandInMark;

    /// <param name="use">Which use of the number, oldest 0: a recycled number is another order.</param>
    public static OrderKey StandIn(ShipmentKey shipment, int use)
        => new(shipment.Retailer, use == 0 ? $"~{shipment.Carrier}~{shipment.Number}" : $"~{shipment.Carrier}~{shipment.Number}~{use}");

    /// <summary>The shipment a stand-in stands for; null for an order.</summary>
    public ShipmentKey? StandsFor
    {
        get
        {
            if (!IsStandIn) return null;
            var parts = Order.Split(StandInMark);
            return parts.Length >= 3 ? new ShipmentKey(Retailer, parts[1], parts[2]) : null;
        }
    }

    /// <summary>A shop's own order id: 1 to 100 printable ASCII characters without space, slash and tilde.</summary>
    public static bool IsId(string? id) => id is { Length: > 0 and <= MaxLength } && id.All(c => c is > ' ' and < (char)127 and not ('/' or '~' or '\\' or '"'));

    public override string ToString() => $"{Retailer}/{Order}";

    /// <summary>Reads what <see cref="ToString"/> writes. Throws <see cref="FormatException"/> on anything else: only our own keys come here.</summary>
    public static OrderKey Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == text.Length - 1) throw new FormatException($"'{text}' is not retailer/order.");
        return new OrderKey(text[..slash], text[(slash + 1)..]);
    }
}
