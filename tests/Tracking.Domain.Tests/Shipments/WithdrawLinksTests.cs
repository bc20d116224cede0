using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Domain.Tests.Shipments;

public sealed class WithdrawLinksTests
{
    [Fact]
    public void What_fell_due_meanwhile_is_decided_with_it_and_not_lost()
    {
        var shipment = A.Shipment().With(A.Scan(Milestone.InTransit, "2025-12-30T08:00:00Z"), A.Scan(Milestone.OutForDelivery, "2026-01-02T08:00:00Z"));
        shipment.Milestone.ShouldBe(Milestone.InTransit);   // the other one lies ahead

        var decided = shipment.WithdrawLinks(0, A.LongAfter.AddDays(3), EddSnapshot.ColdStart);

        decided.Append!.Events.OfType<MilestoneReached>().ShouldHaveSingleItem().To.ShouldBe(Milestone.OutForDelivery);
        decided.Append.Events[^1].ShouldBe(new LinkIssued(0, Shipment.PublicLinks, 1));
        (decided.Next.Milestone, decided.Next.LinkGeneration, decided.Next.Version).ShouldBe((Milestone.OutForDelivery, 1, shipment.Version + 1));
        var replayed = shipment.Apply(decided.Append);
        (replayed.Milestone, replayed.LinkGeneration, replayed.Version, replayed.RecordedAt, replayed.Shown, replayed.Estimate)
            .ShouldBe((decided.Next.Milestone, 1, decided.Next.Version, decided.Next.RecordedAt, decided.Next.Shown, decided.Next.Estimate));
    }

    [Fact]
    public void A_generation_is_withdrawn_once_and_a_shipment_nobody_scanned_has_none()
    {
        var shipment = A.Shipment().With(A.Scan(Milestone.InTransit, "2025-12-30T08:00:00Z")).WithdrawLinks(0, A.LongAfter, EddSnapshot.ColdStart).Next;
        shipment.WithdrawLinks(0, A.LongAfter, EddSnapshot.ColdStart).Append.ShouldBeNull();
        shipment.WithdrawLinks(1, A.LongAfter, EddSnapshot.ColdStart).Next.LinkGeneration.ShouldBe(2);
        A.Shipment().WithdrawLinks(0, A.LongAfter, EddSnapshot.ColdStart).Append.ShouldBeNull();
    }
}
