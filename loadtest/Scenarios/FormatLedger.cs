using System.Collections.Concurrent;
using System.Numerics;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Scenarios;

/// <summary>
/// Carriers' own formats have no room for our event ids, so their scans are counted by parcel: which steps were sent, which acked, and how many rows
/// the store has of that number. Beside its scans a message may say other things (a snapshot of the status, an estimate); those must not be stored twice
/// either, but nobody counted on them.
/// </summary>
public sealed class FormatLedger
{
    private sealed class Steps
    {
        public int Sent, Acked, Found, Twice;
        public HashSet<string> Keys { get; } = [];
    }

    private readonly ConcurrentDictionary<long, Steps> _parcels = new();

    public void Sent(long parcel, int steps)
    {
        var entry = _parcels.GetOrAdd(parcel, _ => new Steps());
        Interlocked.Or(ref entry.Sent, steps);
    }

    public void Acked(long parcel, int steps) => Interlocked.Or(ref _parcels[parcel].Acked, steps);

    /// <summary>One stored row: what kind it is and its identity there. False when the number is not one of these parcels. One thread's work.</summary>
    public bool Found(long parcel, bool isScan, string dedupKey)
    {
        if (!_parcels.TryGetValue(parcel, out var entry)) return false;
        if (dedupKey.Length > 0 && !entry.Keys.Add(dedupKey)) entry.Twice++;
        else if (isScan) entry.Found++;
        return true;
    }

    /// <summary>The bits of one step, or of a whole history up to it.</summary>
    public static int Bits(in Statement scan) => scan.Parcel.Format is Format.Ups or Format.EasyPost ? (2 << scan.Step) - 1 : 1 << scan.Step;

    public Verification Verify()
    {
        long acked = 0, stored = 0, lost = 0, duplicates = 0;
        foreach (var entry in _parcels.Values)
        {
            var (wasAcked, wasSent) = (BitOperations.PopCount((uint)entry.Acked), BitOperations.PopCount((uint)entry.Sent));
            acked += wasAcked;
            stored += entry.Found;
            lost += Math.Max(0, wasAcked - entry.Found);
            duplicates += entry.Twice + Math.Max(0, entry.Found - wasSent);
        }
        return new Verification(acked, stored, lost, duplicates, 0, 0);
    }

    public static Verification Sum(Verification one, Verification other) => new(
        one.Acked + other.Acked, one.Stored + other.Stored, one.Lost + other.Lost, one.Duplicates + other.Duplicates,
        one.Foreign + other.Foreign, one.StoredUnacked + other.StoredUnacked);
}
