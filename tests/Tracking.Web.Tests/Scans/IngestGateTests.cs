using Microsoft.Extensions.Options;
using Tracking.Testing;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Web.Tests.Scans;

public sealed class IngestGateTests
{
    private readonly ManualClock _clock = new();
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(10), Slow = TimeSpan.FromSeconds(2);
    private static readonly Retailer Free = new("free", new RetailerOptions());
    private static readonly Retailer Bound = new("bound", new RetailerOptions { ScansPerSecond = 100 });

    private IngestGate Gate(int most = 100) => new(Options.Create(new IngestOptions { MaxScansInFlight = most }), _clock);

    [Fact]
    public void A_full_node_sends_everybody_away_until_something_is_stored()
    {
        var gate = Gate(most: 100);
        gate.Enter(Free, 99);
        gate.RetryAfter(Free).ShouldBeNull();
        gate.Enter(Free, 1);
        gate.RetryAfter(Free).ShouldBe(1);
        gate.RetryAfter(Bound).ShouldBe(1);
        gate.InFlight.ShouldBe(100);

        gate.Leave(1, Quick);
        gate.RetryAfter(Free).ShouldBeNull();
    }

    [Fact]
    public void A_retailer_may_send_ten_seconds_worth_at_once_and_then_waits_for_what_it_overdrew()
    {
        var gate = Gate(most: 1_000_000);
        gate.RetryAfter(Bound).ShouldBeNull();
        gate.Enter(Bound, 1500);   // a request that was let in is taken whole
        gate.Leave(1500, Quick);
        gate.RetryAfter(Bound).ShouldBe(5);

        _clock.Advance(TimeSpan.FromSeconds(4));
        gate.RetryAfter(Bound).ShouldBe(1);
        _clock.Advance(TimeSpan.FromSeconds(1.1));
        gate.RetryAfter(Bound).ShouldBeNull();
    }

    [Fact]
    public void One_retailer_s_quota_is_nobody_else_s()
    {
        var gate = Gate(most: 1_000_000);
        gate.Enter(Bound, 5000);
        gate.Leave(5000, Quick);
        gate.RetryAfter(Bound).ShouldNotBeNull();
        gate.RetryAfter(Free).ShouldBeNull();
        gate.RetryAfter(new Retailer("other", new RetailerOptions { ScansPerSecond = 1 })).ShouldBeNull();
    }

    [Fact]
    public void Waiting_long_saves_up_no_more_than_the_burst()
    {
        var gate = Gate(most: 1_000_000);
        gate.Enter(Bound, 1000);
        gate.Leave(1000, Quick);
        _clock.Advance(TimeSpan.FromHours(1));
        gate.Enter(Bound, 1100);
        gate.Leave(1100, Quick);
        gate.RetryAfter(Bound).ShouldBe(1);
    }

    [Fact]
    public void Answers_that_take_too_long_let_in_less_and_quick_ones_let_in_more_again()
    {
        var gate = Gate(most: 100_000);
        var first = gate.Limit;
        _clock.Advance(TimeSpan.FromSeconds(3));
        gate.Enter(Free, 4000);
        gate.Leave(4000, Slow);
        var less = gate.Limit;
        less.ShouldBeInRange(IngestGate.Least, first - 1);

        gate.Enter(Free, 4000);
        gate.Leave(4000, Quick);
        gate.Limit.ShouldBeGreaterThan(less);
        gate.Limit.ShouldBeLessThanOrEqualTo(100_000);
    }

    [Fact]
    public void One_slow_crowd_shrinks_the_gate_once_and_never_below_a_few_large_messages()
    {
        var gate = Gate(most: 100_000);
        _clock.Advance(TimeSpan.FromSeconds(3));
        gate.Enter(Free, 8000);
        gate.Leave(4000, Slow);
        var once = gate.Limit;
        gate.Leave(4000, Slow);
        gate.Limit.ShouldBe(once);

        for (var i = 0; i < 20; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(3));
            gate.Enter(Free, 1);
            gate.Leave(1, Slow);
        }
        gate.Limit.ShouldBe(IngestGate.Least);
    }

    [Fact]
    public void Quick_answers_of_a_full_gate_let_in_more_up_to_the_most_and_those_of_an_empty_one_say_nothing()
    {
        var gate = Gate(most: 9_000);
        var first = gate.Limit;
        for (var i = 0; i < 100; i++) Answer(10);
        gate.Limit.ShouldBe(first);
        for (var i = 0; i < 500; i++) Answer(8_000);
        gate.Limit.ShouldBe(9_000);

        void Answer(int scans)
        {
            gate.Enter(Free, scans);
            gate.Leave(scans, Quick);
        }
    }

    [Fact]
    public void Bodies_that_are_still_being_read_count_by_their_length_until_their_scans_do()
    {
        var gate = Gate(most: 8_000);
        gate.Enter(Free, 4_500);
        var expected = Enumerable.Range(0, 4).Select(_ => gate.Expect(250_000)).ToList();   // a thousand scans each
        gate.RetryAfter(Free).ShouldBe(1);

        expected[0].Dispose();
        expected[0].Dispose();
        gate.RetryAfter(Free).ShouldBeNull("three thousand are expected and half a thousand find room");
        gate.InFlight.ShouldBe(4_500);
    }

    [Fact]
    public void Senders_who_never_send_what_they_announced_take_half_of_the_room_at_most_and_streams_without_a_length_none()
    {
        var gate = Gate(most: 8_000);
        for (var i = 0; i < 1_000; i++) gate.Expect(1_000_000);
        gate.RetryAfter(Free).ShouldBeNull();
        gate.Enter(Free, 4_000);
        gate.RetryAfter(Free).ShouldBe(1);

        var other = Gate(most: 8_000);
        other.Enter(Free, 7_999);
        other.Expect(null);
        other.RetryAfter(Free).ShouldBeNull();
    }
}
