using Tracking.Simulation.Model;

namespace Tracking.Simulation.Day;

/// <summary>Runs many seeds, each on one thread of its own.</summary>
internal static class Seeds
{
    public const int Operations = 2_000;

    internal sealed record Report(int Ran, long Steps, long Appends, long Acks, long Pushes, long Offers, TimeSpan Lived, IReadOnlyList<(Plan Plan, Outcome Outcome)> Broken);

    public static Report Run(ulong from, int count, int operations = Operations, PlantedFault planted = PlantedFault.None, int stopAfter = 3, Action<Plan, Outcome>? each = null)
    {
        var next = -1;
        var ran = 0;
        long steps = 0, appends = 0, acks = 0, pushes = 0, offers = 0, lived = 0;
        var broken = new List<(Plan, Outcome)>();
        var threads = Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount)).Select(_ => new Thread(Work)).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        broken.Sort(static (a, b) => a.Item1.Seed.CompareTo(b.Item1.Seed));
        return new Report(ran, steps, appends, acks, pushes, offers, TimeSpan.FromTicks(lived), broken);

        void Work()
        {
            for (int n; (n = Interlocked.Increment(ref next)) < count;)
            {
                lock (broken) if (broken.Count >= stopAfter) return;
                var plan = new Plan(from + (ulong)n, operations);
                var outcome = World.Run(plan, planted: planted);
                lock (broken)
                {
                    ran++;
                    steps += outcome.Steps;
                    appends += outcome.Appends;
                    acks += outcome.Acks;
                    pushes += outcome.Pushes;
                    offers += outcome.Offers;
                    lived += outcome.Lived.Ticks;
                    each?.Invoke(plan, outcome);
                    if (outcome.Broken is not null) broken.Add((plan, outcome));
                }
            }
        }
    }
}
