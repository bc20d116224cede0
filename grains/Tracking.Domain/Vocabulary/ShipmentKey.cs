namespace Tracking.Domain.Vocabulary;

/// <summary>
/// Names one shipment: whose it is, who moves it, under which number. Written <c>{retailer}/{carrier}/{number}</c>, which is also the grain's key.
/// The retailer comes from the authenticated key or feed, never from a body.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.shipment-key")]
public readonly record struct ShipmentKey(
    [property: Id(0)] string Retailer,
    [property: Id(1)] string Carrier,
    [property: Id(2)] string Number)
{
    public override string ToString() => $"{Retailer}/{Carrier}/{Number}";

    /// <summary>Reads what <see cref="ToString"/> writes. Throws <see cref="FormatException"/> on anything else: only our own keys come here.</summary>
    public static ShipmentKey Parse(string text)
    {
        var first = text.IndexOf('/', StringComparison.Ordinal);
        var second = first < 0 ? -1 : text.IndexOf('/', first + 1);
        if (first <= 0 || second <= first + 1 || second == text.Length - 1) throw new FormatException($"'{text}' is not retailer/carrier/number.");
        // A million shipments of one retailer share its name and their carriers'.
        return new ShipmentKey(Words.Of(text.AsSpan(0, first)), Words.Of(text.AsSpan(first + 1, second - first - 1)), text[(second + 1)..]);
    }
}
