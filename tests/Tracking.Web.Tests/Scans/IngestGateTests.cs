using Microsoft.Extensions.Options;
using Tracking.Testing;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Web.Tests.Scans;

public sealed class IngestGateTests
{
    private readonly ManualClock _clock = new();
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

        gate.Leave(1);
        gate.RetryAfter(Free).ShouldBeNull();
    }

    [Fact]
    public void A_retailer_may_send_ten_seconds_worth_at_once_and_then_waits_for_what_it_overdrew()
    {
        var gate = Gate(most: 1_000_000);
        gate.RetryAfter(Bound).ShouldBeNull();
        gate.Enter(Bound, 1500);   // a request that was let in is taken whole
        gate.Leave(1500);
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
        gate.Leave(5000);
        gate.RetryAfter(Bound).ShouldNotBeNull();
        gate.RetryAfter(Free).ShouldBeNull();
        gate.RetryAfter(new Retailer("other", new RetailerOptions { ScansPerSecond = 1 })).ShouldBeNull();
    }

    [Fact]
    public void Waiting_long_saves_up_no_more_than_the_burst()
    {
        var gate = Gate(most: 1_000_000);
        gate.Enter(Bound, 1000);
        gate.Leave(1000);
        _clock.Advance(TimeSpan.FromHours(1));
        gate.Enter(Bound, 1100);
        gate.Leave(1100);
        gate.RetryAfter(Bound).ShouldBe(1);
    }
}
