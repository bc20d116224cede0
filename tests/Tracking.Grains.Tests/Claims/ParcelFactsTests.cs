using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Claims;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Claims;

/// <summary>What a case takes from a parcel's scans.</summary>
public sealed class ParcelFactsTests
{
    private static readonly DateTimeOffset At = new(2026, 12, 1, 15, 0, 0, TimeSpan.Zero);

    private static TrackingEvent Event(Milestone status, double hours, DeliveryProof? proof = null, Place? place = null, Reason reason = 0, bool retracted = false, Modifiers modifiers = 0)
        => new(default, ScanKind.Scan, status, null, modifiers, reason, OccurredTime.At(At.AddHours(hours)), At.AddHours(hours), retracted, place, null, null, At, proof);

    private static ShipmentView View(Milestone status, params TrackingEvent[] events) => new() { Key = A.Key, UseId = "u", Version = 3, Status = status, Events = [.. events] };

    [Fact]
    public void A_delivery_without_proof_is_just_that()
    {
        var facts = ParcelFactsReader.Of(View(Milestone.Delivered, Event(Milestone.Delivered, 0), Event(Milestone.OutForDelivery, -6)));
        (facts.DeliveredAt, facts.LastScanAt, facts.Scans, facts.ShipmentVersion).ShouldBe((At, At, 2, 3));
        (facts.Signed, facts.Photos, facts.Position, facts.LeftElsewhere, facts.MovedAfterDelivery, facts.Abroad).ShouldBe((false, 0, false, false, false, false));
    }

    [Fact]
    public void Proof_is_counted_and_never_named()
    {
        var facts = ParcelFactsReader.Of(View(Milestone.Delivered, Event(Milestone.Delivered, 0, new DeliveryProof(SignedBy: "Canary Bird", Images: ["a", "b"]), new Place(Lat: 52.5, Lon: 13.4))));
        (facts.Signed, facts.Photos, facts.Position).ShouldBe((true, 2, true));
        facts.ToString().ShouldNotContain("Canary");
    }

    [Theory]
    [InlineData("porch", null), InlineData(null, "NEIGHBOR"), InlineData(null, "neighbour"), InlineData(null, "safe place")]
    public void Left_with_somebody_else_or_outside_is_known(string? leftAt, string? recipient)
        => ParcelFactsReader.Of(View(Milestone.Delivered, Event(Milestone.Delivered, 0, new DeliveryProof(LeftAt: leftAt, RecipientType: recipient)))).LeftElsewhere.ShouldBeTrue();

    [Fact]
    public void A_retracted_delivery_proves_nothing()
    {
        var facts = ParcelFactsReader.Of(View(Milestone.InTransit, Event(Milestone.Delivered, 0, new DeliveryProof(SignedBy: "x"), retracted: true), Event(Milestone.InTransit, -3)));
        (facts.DeliveredAt, facts.Signed, facts.LastScanAt).ShouldBe((null, false, At.AddHours(-3)));
    }

    [Fact]
    public void A_scan_after_the_delivery_speaks_for_the_claimant()
        => ParcelFactsReader.Of(View(Milestone.Delivered, Event(Milestone.InTransit, 4), Event(Milestone.Delivered, 0))).MovedAfterDelivery.ShouldBeTrue();

    [Fact]
    public void What_is_announced_for_later_has_not_happened()
        => ParcelFactsReader.Of(View(Milestone.InTransit, Event(Milestone.InTransit, 40, modifiers: Modifiers.Future), Event(Milestone.InTransit, 0))).LastScanAt.ShouldBe(At);

    [Fact]
    public void Attempts_borders_loss_and_damage_are_seen()
    {
        ParcelFactsReader.Of(View(Milestone.AttemptFailed, Event(Milestone.AttemptFailed, 24), Event(Milestone.AttemptFailed, 0))).Attempts.ShouldBe(2);
        ParcelFactsReader.Of(View(Milestone.AttemptFailed, Event(Milestone.AttemptFailed, 0, new DeliveryProof(Attempts: 3)))).Attempts.ShouldBe(3);
        ParcelFactsReader.Of(View(Milestone.InTransit, Event(Milestone.InTransit, 0, place: new Place(Country: "CN"))) with { DestinationCountry = "DE" }).Abroad.ShouldBeTrue();
        ParcelFactsReader.Of(View(Milestone.Failed, Event(Milestone.Failed, 0, reason: Reason.CarrierLost)) with { Reason = Reason.CarrierLost }).LossReported.ShouldBeTrue();
        ParcelFactsReader.Of(View(Milestone.Delivered, Event(Milestone.Delivered, 0), Event(Milestone.Exception, -5, reason: Reason.CarrierDamage))).DamageReported.ShouldBeTrue();
    }
}
