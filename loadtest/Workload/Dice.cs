namespace Tracking.LoadTest.Workload;

/// <summary>Dice that roll the same from one seed on every machine and every .NET (SplitMix64), without allocating.</summary>
public struct Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Independent dice for one thing (a parcel, say) of one seed, without rolling those before it.</summary>
    public static Dice For(ulong seed, ulong thing) => new(Mix(seed ^ Mix(thing + 0x9E3779B97F4A7C15)));

    public ulong Next() => Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>0 to <paramref name="n"/> - 1, evenly.</summary>
    public int Below(int n) => (int)(((UInt128)Next() * (uint)n) >> 64);

    /// <summary>At least 0, below 1.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool Chance(double probability) => Unit() < probability;

    /// <summary>Waiting time of a Poisson process of rate 1.</summary>
    public double Exponential() => -Math.Log(1 - Unit());

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
