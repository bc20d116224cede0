using System.Diagnostics;
using System.Globalization;
using Tracking.Simulation.Day;

namespace Tracking.Simulation;

/// <summary>
/// <c>--seed N [--keep 3,17-19]</c> repeats one run and tells what happens; <c>--seeds N [--from N]</c> runs many, for a long night; anything else is a test program.
/// </summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (Argument(args, "--seed") is { } seed) return One(ulong.Parse(seed, CultureInfo.InvariantCulture), Operations(args), Argument(args, "--keep"), args.Contains("--quiet"));
        if (Argument(args, "--seeds") is { } seeds) return Many(int.Parse(seeds, CultureInfo.InvariantCulture), ulong.Parse(Argument(args, "--from") ?? "1", CultureInfo.InvariantCulture), Operations(args));
        return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
    }

    private static string? Argument(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

    private static int Operations(string[] args) => int.Parse(Argument(args, "--operations") ?? Seeds.Operations.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static int One(ulong seed, int operations, string? keep, bool quiet)
    {
        var plan = new Plan(seed, operations);
        var outcome = World.Run(plan, keep is null ? null : Shrinker.Kept(plan, keep), tell: quiet ? null : Console.WriteLine);
        Console.WriteLine(outcome.Broken ?? "Everything held.");
        Console.WriteLine($"digest {outcome.Digest}");
        return outcome.Broken is null ? 0 : 3;
    }

    private static int Many(int count, ulong from, int operations)
    {
        var watch = Stopwatch.StartNew();
        var ran = 0;
        var report = Seeds.Run(from, count, operations, each: (_, _) =>
        {
            if (++ran % 500 == 0) Console.WriteLine($"{ran} seeds, {watch.Elapsed.TotalSeconds:F0} s");
        });
        Console.WriteLine($"{report.Ran} seeds of {operations} operations: {report.Steps:N0} steps, {report.Appends:N0} appends, {report.Acks:N0} acks, {report.Pushes:N0} views, {report.Offers:N0} offers, {report.Lived.TotalDays:N0} days of virtual time in {watch.Elapsed.TotalSeconds:F1} s");
        foreach (var (plan, outcome) in report.Broken) Console.WriteLine(Shrinker.Describe(plan, outcome));
        return report.Broken.Count == 0 ? 0 : 3;
    }
}
