using Tracking.Domain.Vocabulary;

namespace Tracking.Grains.Shipments;

/// <summary>How shipments are named in the journal.</summary>
public static class ShipmentStream
{
    public const char Kind = 's';

    public static string Of(ShipmentKey key) => "s/" + key;

    public static string Of(string grainKey) => "s/" + grainKey;

    /// <summary>The shipment that a stream belongs to; null for streams of another kind.</summary>
    public static ShipmentKey? KeyOf(string stream) => stream.StartsWith("s/", StringComparison.Ordinal) ? ShipmentKey.Parse(stream[2..]) : null;
}
