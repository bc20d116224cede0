namespace Tracking.Domain.Estimates;

/// <summary>
/// How actual durations spread around the expected one: histograms of r = duration / expected in 64 bins, equal in the logarithm from 1/32 to 16,
/// everything above 16 in an overflow that no quantile reaches into ("may be lost"). Decayed, and shrunk to the parent's shape.
/// </summary>
internal static class RatioBins
{
    public const int Count = 64;
    /// <summary>Bins and one overflow.</summary>
    public const int Size = Count + 1;
    private const double LowestLog = -5, HighestLog = 4;   // base 2
    private const double PerLog = Count / (HighestLog - LowestLog);

    /// <summary>Where a ratio lies, in bins: 12.5 is the middle (in the logarithm) of bin 12. Clamped to [0, 64].</summary>
    public static double Position(double ratio) => ratio <= 1.0 / 32 ? 0 : Math.Min((Math.Log2(ratio) - LowestLog) * PerLog, Count);

    public static double Ratio(double position) => Math.Pow(2, position / PerLog + LowestLog);
}

/// <summary>One shape as a running sum over the bins: <c>Below[i]</c> is the mass below bin i. Immutable once built.</summary>
internal readonly struct RatioShape(double[] below)
{
    private readonly double[] _below = below;   // Size + 1 values, first 0, last 1

    public bool IsEmpty => _below is null;

    public ReadOnlySpan<double> Below => _below;

    /// <summary>What two shapes share when they are one.</summary>
    internal double[] Table => _below;

    /// <summary>Mass at ratios below this one.</summary>
    public double Mass(double ratio)
    {
        var position = RatioBins.Position(ratio);
        var bin = (int)position;
        if (bin >= RatioBins.Count) return _below[RatioBins.Count];
        return _below[bin] + (position - bin) * (_below[bin + 1] - _below[bin]);
    }

    /// <summary>The ratio below which that mass lies; 16 when it lies in the overflow.</summary>
    public double Quantile(double mass)
    {
        if (mass >= _below[RatioBins.Count]) return 16;
        int low = 0, high = RatioBins.Count;
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (_below[middle] <= mass) low = middle; else high = middle;
        }
        var width = _below[low + 1] - _below[low];
        return RatioBins.Ratio(low + (width > 0 ? (mass - _below[low]) / width : 0));
    }

    /// <summary>A log-normal shape around 1, for stages nobody has seen yet. <paramref name="spread"/>: standard deviation of the natural logarithm; 1 % may be lost.</summary>
    public static double[] LogNormal(double spread)
    {
        var mass = new double[RatioBins.Size];
        double total = 0;
        for (var bin = 0; bin < RatioBins.Count; bin++)
        {
            var z = Math.Log(RatioBins.Ratio(bin + 0.5)) / spread;
            total += mass[bin] = Math.Exp(-z * z / 2);
        }
        for (var bin = 0; bin < RatioBins.Count; bin++) mass[bin] *= 0.99 / total;
        mass[RatioBins.Count] = 0.01;
        return mass;
    }

    public static RatioShape Read(BinaryReader from)
    {
        var below = SnapshotCodec.Doubles(from, RatioBins.Size + 1);
        for (var bin = 1; bin < below.Length; bin++)
            if (!(below[bin] >= below[bin - 1])) throw new InvalidDataException("A shape falls where it may only rise.");
        return new RatioShape(below);
    }

    public static RatioShape Of(ReadOnlySpan<double> mass)
    {
        var below = new double[RatioBins.Size + 1];
        double total = 0;
        foreach (var m in mass) total += m;
        for (var bin = 0; bin < RatioBins.Size; bin++) below[bin + 1] = below[bin] + mass[bin] / total;
        below[RatioBins.Size] = 1;
        return new RatioShape(below);
    }
}
