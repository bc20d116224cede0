using Tracking.LoadTest.Report;
using Tracking.LoadTest.Scenarios;

namespace Tracking.LoadTest.Tests.Scenarios;

/// <summary>A whole run of one second against a server of our own; what it says about the generator depends on the machine and is not looked at.</summary>
public sealed class ScenarioRunTests
{
    private static readonly Scenario OneSecond = Scenario.Parse("""
        { "name": "one-second", "sentence": "s", "load": { "batch": 10, "phases": [ { "name": "first", "seconds": 0.5, "from": 400 }, { "name": "second", "seconds": 0.5, "from": 800 } ] },
          "workload": { "activeParcels": 50, "duplicates": 0.1 }, "thresholds": [ "errors < 1%", "lost == 0" ] }
        """);

    private static Task<RunResult> RunAsync(StubServer server, Scenario scenario, CancellationToken stop = default) =>
        new ScenarioRun(scenario, new RunTarget(server.Address, "demo", "stub", null), new RunOptions(1, "again"), new PlainView(TextWriter.Null)).RunAsync(stop);

    [Fact]
    public async Task A_run_sends_what_its_phases_offer_and_counts_every_answer()
    {
        await using var server = await StubServer.StartAsync();
        var result = await RunAsync(server, OneSecond);

        result.Scans.ShouldBe(600);
        result.Outcomes.Values.Sum().ShouldBe(600);
        result.Outcomes["accepted"].ShouldBeGreaterThan(400);
        result.Outcomes["duplicate"].ShouldBeGreaterThan(10);
        result.Ack.Count.ShouldBe(60);
        result.Phases.Select(p => p.Ack.Count).Sum().ShouldBe(60);
        result.Metrics["errors"].ShouldBe(0);
    }

    [Fact]
    public async Task What_is_sent_while_pages_only_arrive_is_in_its_phase_and_in_no_figure()
    {
        await using var server = await StubServer.StartAsync();
        var arriving = OneSecond with { Load = OneSecond.Load with { Phases = [OneSecond.Load.Phases[0] with { Counted = false }, OneSecond.Load.Phases[1]] } };
        var result = await RunAsync(server, arriving);

        result.Phases.Select(p => p.Ack.Count).ShouldBe([20, 40]);
        result.Ack.Count.ShouldBe(40);
        result.Outcomes.Values.Sum().ShouldBe(600);
    }

    [Fact]
    public async Task Somebody_elses_store_is_not_read_so_nothing_is_said_about_losses_and_a_threshold_on_them_does_not_hold()
    {
        await using var server = await StubServer.StartAsync();
        var result = await RunAsync(server, OneSecond);

        result.Verification.ShouldBeNull();
        result.Thresholds.Single(t => t.Text == "lost == 0").ShouldBe(new ThresholdResult("lost == 0", null, Holds: false));
        result.Verdict.ShouldNotBe(Verdict.Passed);
    }

    [Fact]
    public async Task Refusals_are_errors_with_their_words_and_give_no_quick_latencies()
    {
        await using var server = await StubServer.StartAsync();
        server.Refuses = 503;
        var result = await RunAsync(server, OneSecond);

        result.Metrics["errors"].ShouldBe(1);
        result.Problems.Keys.ShouldBe(["HTTP 503"]);
        result.Ack.Count.ShouldBe(0);
    }

    [Fact]
    public void Recovery_ends_with_the_last_bad_second_before_the_next_fault()
    {
        static Second At(int at, double served, double errors) => new(at, 1_000, served, errors, 1, 1, 1, 0, 0, 0, 0, 0);
        Second[] series = [At(1, 1_000, 0), At(2, 0, 900), At(3, 500, 400), At(4, 1_000, 0), At(5, 1_000, 0), At(6, 0, 0), At(7, 1_000, 0)];

        ScenarioRun.RecoveryMs(series, faultAt: 1, until: 5).ShouldBe(2_000);
        ScenarioRun.RecoveryMs(series, faultAt: 5, until: double.MaxValue).ShouldBe(1_000);
        ScenarioRun.RecoveryMs(series, faultAt: 6.5, until: double.MaxValue).ShouldBe(0);
    }
}
