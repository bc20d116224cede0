using Microsoft.Extensions.Options;
using Tracking.Testing;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Web.Tests;

public sealed class IngestGateTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    private readonly ManualClock _clock = new(Noon);
    private readonly Retailer _anyone = new("acme", new RetailerOptions());

    [Fact]
    public void Slow_answers_make_the_gate_let_in_less()
    {
        var gate = Gate(50_000);
        var before = gate.Limit;

        gate.Enter(_anyone, 500);
        _clock.Advance(TimeSpan.FromSeconds(1));
        gate.Leave(500, TimeSpan.FromSeconds(1));

        gate.Limit.ShouldBeLessThan(before);
    }

    [Fact]
    public void However_slow_it_is_a_few_large_messages_are_let_in()
    {
        var gate = Gate(50_000);
        for (var round = 0; round < 50; round++) Answer(gate, 500, TimeSpan.FromSeconds(5));

        gate.Limit.ShouldBe(IngestGate.Least);
        gate.Enter(_anyone, IngestGate.Least - 1);
        gate.RetryAfter(_anyone).ShouldBeNull();
        gate.Enter(_anyone, 1);
        gate.RetryAfter(_anyone).ShouldBe(1);
    }

    [Fact]
    public void Quick_answers_of_a_full_gate_let_in_more_up_to_the_most()
    {
        var gate = Gate(9_000);
        for (var round = 0; round < 500; round++) Answer(gate, 8_000, TimeSpan.FromMilliseconds(20));

        gate.Limit.ShouldBe(9_000);
    }

    [Fact]
    public void Quick_answers_of_an_empty_gate_say_nothing()
    {
        var gate = Gate(50_000);
        var before = gate.Limit;
        for (var round = 0; round < 100; round++) Answer(gate, 10, TimeSpan.FromMilliseconds(1));

        gate.Limit.ShouldBe(before);
    }

    private void Answer(IngestGate gate, int scans, TimeSpan took)
    {
        gate.Enter(_anyone, scans);
        _clock.Advance(took);
        gate.Leave(scans, took);
    }

    private IngestGate Gate(int most) => new(Options.Create(new IngestOptions { MaxScansInFlight = most }), _clock);
}
