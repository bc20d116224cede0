namespace Tracking.Simulation.Model;

/// <summary>Numbers from one seed: SplitMix64 (Steele, Lea, Flood 2014), so that they are the same on every platform and release.</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    public ulong Draw()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 to below <paramref name="bound"/>.</summary>
    public int Next(int bound) => (int)(Draw() % (ulong)bound);

    public int Next(int from, int below) => from + Next(below - from);

    public bool Chance(int percent) => Next(100) < percent;

    public TimeSpan Span(TimeSpan from, TimeSpan to) => from + TimeSpan.FromTicks((long)(Draw() % (ulong)Math.Max(1, (to - from).Ticks)));

    public TimeSpan Milliseconds(int from, int to) => Span(TimeSpan.FromMilliseconds(from), TimeSpan.FromMilliseconds(to));

    /// <summary>Another stream of numbers for a purpose of its own, so that one purpose drawing more does not move the others.</summary>
    public static ulong Mix(ulong seed, ulong purpose) => new Dice(seed ^ (purpose * 0xD1B54A32D192ED03)).Draw();
}
