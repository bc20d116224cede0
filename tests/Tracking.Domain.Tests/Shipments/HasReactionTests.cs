using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Domain.Tests.Shipments;

public sealed class HasReactionTests
{
    private const string At = "2026-11-16T08:00:00-06:00";

    [Theory]
    [InlineData(Milestone.OutForDelivery), InlineData(Milestone.AttemptFailed), InlineData(Milestone.Exception), InlineData(Milestone.Delivered), InlineData(Milestone.Failed)]
    public void A_scan_people_wait_for_is_heard_even_where_the_milestone_stays(Milestone status) => Heard(A.Scan(status, At)).ShouldBeTrue();

    [Fact]
    public void Trouble_and_what_is_taken_back_are_heard_on_an_ordinary_status()
    {
        Heard(A.Scan(Milestone.InTransit, At, modifiers: Modifiers.Delayed)).ShouldBeTrue();
        Heard(A.Scan(Milestone.InTransit, At, reason: Reason.ExternalWeather)).ShouldBeTrue();
        Heard(A.Scan(null, At, kind: ScanKind.Retraction, retracts: new RetractionTarget(Code: "OK"))).ShouldBeTrue();
    }

    [Fact]
    public void An_ordinary_scan_costs_no_reaction()
    {
        Heard(A.Scan(Milestone.InTransit, At)).ShouldBeFalse();
        Heard(A.Scan(Milestone.Accepted, At, modifiers: Modifiers.Unmapped | Modifiers.DateOnly)).ShouldBeFalse();
        Heard(A.Scan(null, At, kind: ScanKind.Information)).ShouldBeFalse();
    }

    private static bool Heard(Scan scan) => new ShipmentAppend(DateTimeOffset.UnixEpoch, [new RecordedScan(scan, DateTimeOffset.UnixEpoch)], []).HasReaction;
}
