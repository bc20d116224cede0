using System.Diagnostics;
using Tracking.Simulation.Day;

namespace Tracking.Simulation;

/// <summary>Whole days under one seed each: safety at every step, and after the last fault everything that was promised comes true by itself.</summary>
public sealed class SeedTests(ITestOutputHelper output)
{
    [Fact]
    public void Ten_seeds_hold() => Hold(from: 1, Count(10));

    /// <summary><c>TRACKING_SEEDS=20000</c> for a long night.</summary>
    [Fact]
    [Trait("Length", "long")]
    public void Three_hundred_seeds_hold() => Hold(from: 1_000, Count(300));

    // Five minutes off, an hour back, right again, forty times a day, beside what carriers stamp themselves: tomorrow, without a zone, without a time.
    [Fact]
    public void R21_Clocks_that_are_wrong_and_jump_change_no_state_and_grant_nothing_twice()
    {
        for (ulong seed = 1; seed <= 6; seed++)
        {
            var plan = new Plan(seed, Seeds.Operations);
            World.Run(plan, [.. plan.Ops.Select(static op => op.Number % 50 == 7 ? op with { What = What.SetClock } : op)]).Broken.ShouldBeNull($"seed {seed}");
        }
    }

    private static int Count(int usual) => int.TryParse(Environment.GetEnvironmentVariable("TRACKING_SEEDS"), out var asked) && asked > 0 ? asked : usual;

    private void Hold(ulong from, int count)
    {
        var watch = Stopwatch.StartNew();
        var report = Seeds.Run(from, count);
        output.WriteLine($"{report.Ran} seeds of {Seeds.Operations} operations in {watch.Elapsed.TotalSeconds:F0} s: {report.Steps:N0} steps, {report.Appends:N0} appends, {report.Acks:N0} acks, {report.Pushes:N0} views, {report.Offers:N0} offers, {report.Lived.TotalDays:N0} virtual days");
        report.Broken.ShouldBeEmpty(string.Join("\n\n", report.Broken.Select(one => Shrinker.Describe(one.Plan, one.Outcome))));
        // Seeds under which little happens prove little.
        (report.Appends / report.Ran).ShouldBeGreaterThan(500);
        (report.Acks / report.Ran).ShouldBeGreaterThan(1_500);
        (report.Pushes / report.Ran).ShouldBeGreaterThan(50);
        report.Offers.ShouldBeGreaterThan(report.Ran / 3);
    }

    [Fact]
    public void One_seed_gives_the_same_run_twice()
    {
        var plan = new Plan(77, 600);

        World.Run(plan).Digest.ShouldBe(World.Run(plan).Digest);
        World.Run(new Plan(78, 600)).Digest.ShouldNotBe(World.Run(plan).Digest);
    }

    // Hash seeds, directories and thread pools differ from process to process; a bug report must not.
    [Fact]
    public async Task One_seed_gives_the_same_run_in_another_process()
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in new[] { typeof(SeedTests).Assembly.Location, "--seed", "77", "--operations", "600", "--quiet" }) start.ArgumentList.Add(argument);
        using var other = Process.Start(start)!;
        var said = await other.StandardOutput.ReadToEndAsync();
        await other.WaitForExitAsync();

        said.ShouldContain($"digest {World.Run(new Plan(77, 600)).Digest}");
    }

    [Fact]
    public void A_history_can_be_written_in_one_line_and_read_back()
    {
        var plan = new Plan(5, 50);
        var ops = new[] { 1, 2, 3, 7, 20, 21 }.Select(n => plan.Ops[n]).ToList();

        Shrinker.Keep(ops).ShouldBe("1-3,7,20-21");
        Shrinker.Kept(plan, "1-3,7,20-21").ShouldBe(ops);
    }
}
