using System.Numerics;

namespace Tracking.LoadTest.Measure;

/// <summary>
/// Counts durations so that any percentile can be read back to three significant digits, in fixed memory, from any thread.
/// Log-linear: every power of two is cut into 1,024 equal buckets, so a bucket is never wider than a thousandth of its value.
/// Values are microseconds, 0 to 2^36 (19 hours); larger ones count as the largest, negative ones as 0.
/// Percentiles of several histograms are never averaged: merge the counts, then ask.
/// </summary>
public sealed class LatencyHistogram
{
    private const int Linear = 2048;        // below this a bucket is one microsecond wide
    private const int PerOctave = 1024;
    private const int LargestBit = 36;
    private const long Largest = (1L << LargestBit) - 1;

    private readonly long[] _counts = new long[Linear + (LargestBit - 11) * PerOctave];
    private long _count, _sum, _max;

    /// <summary>How many values were recorded.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>The largest value recorded, exact, in microseconds; 0 when there is none.</summary>
    public long Max => Volatile.Read(ref _max);

    /// <summary>Mean in microseconds, exact; 0 when there is none.</summary>
    public double Mean => Count == 0 ? 0 : (double)Volatile.Read(ref _sum) / Count;

    public void Record(long micros, long count = 1)
    {
        micros = Math.Clamp(micros, 0, Largest);
        Interlocked.Add(ref _counts[IndexOf(micros)], count);
        Interlocked.Add(ref _count, count);
        Interlocked.Add(ref _sum, micros * count);
        for (var seen = Volatile.Read(ref _max); micros > seen;)
        {
            var now = Interlocked.CompareExchange(ref _max, micros, seen);
            if (now == seen) break;
            seen = now;
        }
    }

    /// <summary>
    /// The value that <paramref name="percent"/> per cent of all recorded values do not exceed, in microseconds, at most 0.1 % too high, never above
    /// <see cref="Max"/>; 0 when nothing was recorded. 100 is the maximum.
    /// </summary>
    public long Percentile(double percent)
    {
        var total = Count;
        if (total == 0) return 0;
        var rank = Math.Max(1, (long)Math.Ceiling(Math.Clamp(percent, 0, 100) * total / 100 - 1e-6));   // 99.9 is not exact in binary
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += Volatile.Read(ref _counts[i]);
            if (seen >= rank) return Math.Min(HighestOf(i), Max);
        }
        return Max;
    }

    /// <summary>How many recorded values are at most <paramref name="micros"/>, to the width of a bucket.</summary>
    public long CountUpTo(long micros)
    {
        var last = IndexOf(Math.Clamp(micros, 0, Largest));
        long seen = 0;
        for (var i = 0; i <= last; i++) seen += Volatile.Read(ref _counts[i]);
        return seen;
    }

    /// <summary>Adds everything <paramref name="other"/> counted.</summary>
    public void Merge(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            var more = Volatile.Read(ref other._counts[i]);
            if (more > 0) Interlocked.Add(ref _counts[i], more);
        }
        Interlocked.Add(ref _count, other.Count);
        Interlocked.Add(ref _sum, Volatile.Read(ref other._sum));
        if (other.Max > Max) Interlocked.Exchange(ref _max, other.Max);
    }

    /// <summary>The non-empty buckets, lowest first: the highest value of each in microseconds, and its count. What result files keep.</summary>
    public IEnumerable<(long Micros, long Count)> Buckets()
    {
        for (var i = 0; i < _counts.Length; i++)
            if (Volatile.Read(ref _counts[i]) is > 0 and var count)
                yield return (HighestOf(i), count);
    }

    internal static int IndexOf(long micros)
    {
        if (micros < Linear) return (int)micros;
        var shift = BitOperations.Log2((ulong)micros) - 10;
        return Linear + (shift - 1) * PerOctave + (int)((micros >> shift) - PerOctave);
    }

    internal static long HighestOf(int index)
    {
        if (index < Linear) return index;
        var shift = (index - Linear) / PerOctave + 1;
        var part = (index - Linear) % PerOctave + PerOctave;
        return ((long)(part + 1) << shift) - 1;
    }
}
