using Tracking.Domain.Estimates;

namespace Tracking.Grains.Estimates;

/// <summary>
/// The estimate snapshot this node uses now. Grains read it without a call; whoever publishes a newer one replaces it whole, so an estimate never
/// mixes two. One per silo.
/// </summary>
public sealed class EddBook
{
    private volatile EddSnapshot _current = EddSnapshot.ColdStart;

    public EddSnapshot Current => _current;

    /// <summary>Takes a newer snapshot; an older one changes nothing. True if it was taken.</summary>
    public bool Publish(EddSnapshot snapshot)
    {
        while (true)
        {
            var known = _current;
            if (snapshot.Id <= known.Id) return false;
            if (Interlocked.CompareExchange(ref _current, snapshot, known) == known) return true;
        }
    }
}
