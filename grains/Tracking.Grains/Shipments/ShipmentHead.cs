using Tracking.Domain.Shipments;
using Tracking.Grains.Estimates;
using Tracking.Journal;

namespace Tracking.Grains.Shipments;

/// <summary>A shipment on its way to its row in the table of heads. Nothing is written out, and no wake-up reckoned, until the row is.</summary>
internal sealed class ShipmentHead(Shipment shipment, string stream, EddBook edd, TimeProvider clock) : IHeadSource
{
    public string Stream => stream;

    public int Version => shipment.Version;

    public StreamHead Make() => new(
        stream, shipment.Version, shipment.RecordedAt, (byte)shipment.Milestone, (int)(shipment.Current?.Modifiers ?? 0),
        ShipmentClock.DueAt(shipment, edd.Current, clock.GetUtcNow()), ShipmentSnapshot.Write(shipment), ReadOnlyMemory<byte>.Empty);
}
