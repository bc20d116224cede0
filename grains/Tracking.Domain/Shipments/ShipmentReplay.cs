namespace Tracking.Domain.Shipments;

/// <summary>
/// A stream's appends, oldest first, folded once when all are in. It ends in the same shipment as one <see cref="Shipment.Apply"/> after the other: what a fold finds
/// depends on the set of scans alone, so the states between need not be made.
/// </summary>
public sealed class ShipmentReplay(Shipment start)
{
    private readonly Shipment _next = start with { };
    private bool _any;

    /// <summary>Appends taken in so far, with those before the start.</summary>
    public int Version => _next.Version;

    /// <summary>Takes the next append in.</summary>
    public void Add(ShipmentAppend append)
    {
        _next.TakeIn(append);
        _any = true;
    }

    /// <summary>The shipment as of its newest append. Nothing may be added afterwards.</summary>
    public Shipment End()
    {
        if (_any) _next.FoldAt(_next.RecordedAt);
        return _next;
    }
}
