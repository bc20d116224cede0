using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Tests.Measure;

/// <summary>The tool measured against servers whose truth is known, on a virtual clock.</summary>
public sealed class OpenModelTests
{
    private sealed record Measured(OpenModelOutcome Outcome, LatencyHistogram Latency, GeneratorCheck Check, IReadOnlyList<long> Started);

    private static Measured Against(RateCurve curve, OpenModelOptions options, Func<VirtualTime, Send, Task> server, Action<VirtualTime>? beforeSend = null) =>
        VirtualTime.Run(async time =>
        {
            var latency = new LatencyHistogram();
            var started = new List<long>();
            var model = new OpenModel(time, options);
            var outcome = await model.RunAsync(curve, async send =>
            {
                started.Add(send.StartedMicros);
                beforeSend?.Invoke(time);
                await server(time, send);
                latency.Record(time.Micros - send.IntendedMicros);
            });
            return new Measured(outcome, latency, GeneratorCheck.Of(outcome, cpuShare: 0), started);
        });

    [Theory]
    [InlineData(1_000)]      // more connections than the freeze needs
    [InlineData(1)]          // one connection, the case in which a closed loop sees one slow answer
    public void A_server_that_freezes_ten_seconds_in_a_hundred_shows_a_p99_of_at_least_nine(int inFlight)
    {
        var run = Against(RateCurve.Steady(100, 100), new OpenModelOptions(InFlight: inFlight), async (time, _) =>
        {
            const long freezes = 45_000_000, thaws = 55_000_000;
            if (time.Micros is >= freezes and < thaws) await time.UntilAsync(thaws, default);
            await time.Delay(1_000);
        });

        run.Latency.Count.ShouldBe(10_000);
        run.Latency.Percentile(99).ShouldBeGreaterThanOrEqualTo(9_000_000);
        run.Latency.Percentile(50).ShouldBeLessThan(20_000);
        run.Check.Limited.ShouldBeFalse();              // the wait was the server's, whoever held it
    }

    [Theory]
    [InlineData(3_000)]
    [InlineData(250_000)]
    public void A_server_of_known_delay_is_measured_within_two_milliseconds(long delay)
    {
        var run = Against(RateCurve.Steady(200, 20), new OpenModelOptions(), (time, _) => time.Delay(delay));

        Math.Abs(run.Latency.Percentile(50) - delay).ShouldBeLessThanOrEqualTo(2_000);
        Math.Abs(run.Latency.Percentile(99.9) - delay).ShouldBeLessThanOrEqualTo(2_000);
        run.Outcome.Sent.ShouldBe(4_000);
    }

    [Fact]
    public void A_generator_at_twice_its_own_limit_says_so()
    {
        // Preparing a send costs the generator a millisecond of its only thread: 1,000 a second is all it can do.
        var run = Against(RateCurve.Steady(2_000, 5), new OpenModelOptions(), (time, _) => time.Delay(500), time => time.Burn(1_000));

        run.Check.Limited.ShouldBeTrue();
        run.Check.ToString().ShouldContain("generator limited");
    }

    [Fact]
    public void A_generator_at_half_its_own_limit_keeps_up()
    {
        var run = Against(RateCurve.Steady(500, 5), new OpenModelOptions(), (time, _) => time.Delay(500), time => time.Burn(1_000));

        run.Check.Limited.ShouldBeFalse();
    }

    [Fact]
    public void A_generator_short_of_processor_is_limited_even_when_no_send_was_late() =>
        new GeneratorCheck(LateShare: 0, CpuShare: 0.9).Limited.ShouldBeTrue();

    [Fact]
    public void Sends_that_find_no_slot_are_still_due_and_those_beyond_the_line_are_dropped_and_counted()
    {
        var run = Against(RateCurve.Steady(100, 10), new OpenModelOptions(InFlight: 2, Waiting: 50), (time, _) => time.Delay(1_000_000));

        run.Outcome.Due.ShouldBe(1_000);
        (run.Outcome.Sent + run.Outcome.Dropped).ShouldBe(1_000);
        run.Outcome.Dropped.ShouldBeGreaterThan(900);
        run.Latency.Max.ShouldBeGreaterThan(20_000_000);        // fifty waited their turn behind two slots
    }

    [Fact]
    public void Random_arrivals_come_at_the_same_instants_for_one_seed_and_keep_the_rate()
    {
        var options = new OpenModelOptions(Arrivals: Arrivals.Random, Seed: 2026);
        var once = Against(RateCurve.Steady(100, 60), options, (time, _) => time.Delay(10));
        var again = Against(RateCurve.Steady(100, 60), options, (time, _) => time.Delay(10));
        var other = Against(RateCurve.Steady(100, 60), options with { Seed = 2027 }, (time, _) => time.Delay(10));

        again.Started.ShouldBe(once.Started);
        other.Started.ShouldNotBe(once.Started);
        once.Outcome.Due.ShouldBeInRange(5_700, 6_300);
    }

    [Fact]
    public void Stopping_ends_the_pacing_and_says_so()
    {
        using var stop = new CancellationTokenSource();
        var run = VirtualTime.Run(time => new OpenModel(time, new OpenModelOptions()).RunAsync(RateCurve.Steady(100, 100), async send =>
        {
            await time.Delay(1_000);
            if (send.Number == 49) stop.Cancel();
        }, stop.Token));

        run.Stopped.ShouldBeTrue();
        run.Sent.ShouldBeInRange(50, 52);
    }

    [Fact]
    public void An_exception_of_the_sender_ends_the_run_and_is_not_swallowed() =>
        Should.Throw<InvalidOperationException>(() => VirtualTime.Run(time => new OpenModel(time, new OpenModelOptions())
            .RunAsync(RateCurve.Steady(100, 100), send => send.Number == 10 ? throw new InvalidOperationException("broken") : Task.CompletedTask)));
}
