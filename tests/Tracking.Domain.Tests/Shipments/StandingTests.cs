using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Domain.Tests.Shipments;

public sealed class StandingTests
{
    [Fact]
    public void A_scan_the_carrier_sends_twice_is_recorded_once()
    {
        var scan = A.Scan(Milestone.Delivered, "2025-03-11T14:02:00-05:00");
        var shipment = A.Shipment().With(scan);

        var again = shipment.Record([scan], A.LongAfter, A.LongAfter, Estimates());

        again.Append.ShouldBeNull();
        again.Outcomes.ShouldBe([ScanOutcome.Duplicate]);
        shipment.Version.ShouldBe(1);
    }

    [Fact]
    public void A_delivered_parcel_stays_delivered_when_the_van_is_scanned_minutes_later_and_says_the_scans_disagree()
    {
        var shipment = A.Shipment().With(
            A.Scan(Milestone.Delivered, "2025-03-11T14:02:00-05:00"),
            A.Scan(Milestone.OutForDelivery, "2025-03-11T14:09:00-05:00"));

        shipment.Milestone.ShouldBe(Milestone.Delivered);
        shipment.Current!.Modifiers.HasFlag(Modifiers.Contradiction).ShouldBeTrue();
        shipment.Current.History[^1].Flags.ShouldBe(Modifiers.Contradiction);
    }

    [Fact]
    public void A_parcel_that_moves_half_a_day_after_its_delivery_was_not_delivered()
        => Status(
            A.Scan(Milestone.Delivered, "2025-03-11T14:00:00-05:00"),
            A.Scan(Milestone.InTransit, "2025-03-12T02:00:00-05:00")).ShouldBe(Milestone.InTransit);

    [Theory]
    [InlineData(Milestone.Returning)]
    [InlineData(Milestone.Returned)]
    [InlineData(Milestone.AvailableForPickup)]
    public void A_delivery_is_taken_back_at_once_by_a_return_or_a_pickup_point(Milestone next)
        => Status(
            A.Scan(Milestone.Delivered, "2025-03-11T14:00:00-05:00"),
            A.Scan(next, "2025-03-11T14:30:00-05:00")).ShouldBe(next);

    [Fact]
    public void Damage_found_after_the_delivery_reopens_the_parcel_and_an_unexplained_stop_does_not()
    {
        var delivered = A.Scan(Milestone.Delivered, "2025-03-11T14:00:00Z");
        Status(delivered, A.Scan(Milestone.Exception, "2025-03-11T15:00:00Z", reason: Reason.CarrierDamage)).ShouldBe(Milestone.Exception);
        Status(delivered, A.Scan(Milestone.Exception, "2025-03-11T15:00:00Z", reason: Reason.Unknown)).ShouldBe(Milestone.Delivered);
    }

    [Fact]
    public void A_system_generated_scan_never_reopens_a_delivered_parcel()
    {
        var shipment = A.Shipment().With(
            A.Scan(Milestone.Delivered, "2025-03-11T14:00:00Z"),
            A.Scan(Milestone.InTransit, "2025-03-12T14:00:00Z", modifiers: Modifiers.SystemGenerated));

        shipment.Milestone.ShouldBe(Milestone.Delivered);
        shipment.Current!.Modifiers.HasFlag(Modifiers.Contradiction).ShouldBeFalse();
    }

    [Fact]
    public void A_second_delivery_scan_refines_the_proof_only()
        => A.Shipment().With(
            A.Scan(Milestone.Delivered, "2025-03-11T14:00:00Z", code: "KB"),
            A.Scan(Milestone.Delivered, "2025-03-11T14:05:00Z", code: "FS")).Current!.SpeakingAt.ShouldBe(new DateTimeOffset(2025, 3, 11, 14, 0, 0, TimeSpan.Zero).UtcTicks);

    [Fact]
    public void The_label_never_beats_a_physical_scan_whatever_its_clock_says()
        => Status(
            A.Scan(Milestone.Accepted, "2025-03-10T09:00:00-05:00"),
            A.Scan(Milestone.LabelCreated, "2025-03-10T23:00:00")).ShouldBe(Milestone.Accepted);

    [Fact]
    public void An_unmapped_code_keeps_the_status_and_says_so()
    {
        var shipment = A.Shipment().With(
            A.Scan(Milestone.InTransit, "2025-03-10T09:00:00-05:00"),
            A.Scan(null, "2025-03-10T10:00:00-05:00", code: "??", modifiers: Modifiers.Unmapped));

        shipment.Milestone.ShouldBe(Milestone.InTransit);
        shipment.Current!.Modifiers.HasFlag(Modifiers.Unmapped).ShouldBeTrue();
    }

    [Fact]
    public void A_parcel_with_only_unmapped_codes_is_unknown_and_not_lost()
    {
        var shipment = A.Shipment().With(A.Scan(null, "2025-03-10T10:00:00-05:00", code: "??", modifiers: Modifiers.Unmapped));

        shipment.Milestone.ShouldBe(Milestone.Unknown);
        shipment.Marks.Length.ShouldBe(1);
    }

    [Fact]
    public void Delay_passes_with_the_next_scan_and_damage_stays()
    {
        var shipment = A.Shipment().With(
            A.Scan(Milestone.InTransit, "2025-03-10T09:00:00Z", modifiers: Modifiers.Delayed | Modifiers.Damaged, reason: Reason.ExternalWeather),
            A.Scan(Milestone.InTransit, "2025-03-11T09:00:00Z", city: "Duluth"));

        shipment.Current!.Modifiers.ShouldBe(Modifiers.Damaged);
        shipment.Current.Reason.ShouldBe(Reason.None);
    }

    [Fact]
    public void A_delay_that_states_no_status_is_told_beside_the_status()
    {
        var current = A.Shipment().With(
            A.Scan(Milestone.InTransit, "2025-03-10T09:00:00Z"),
            A.Scan(null, "2025-03-10T12:00:00Z", code: "W", modifiers: Modifiers.Delayed, reason: Reason.ExternalWeather)).Current!;

        (current.Status, current.Modifiers, current.Reason).ShouldBe((Milestone.InTransit, Modifiers.Delayed, Reason.ExternalWeather));
    }

    [Fact]
    public void A_date_only_delivery_on_the_day_of_timed_scans_comes_after_them()
        => Status(
            A.Scan(Milestone.Delivered, "2025-03-11"),
            A.Scan(Milestone.OutForDelivery, "2025-03-11T08:10:00-05:00"),
            A.Scan(Milestone.InTransit, "2025-03-11T04:00:00-05:00")).ShouldBe(Milestone.Delivered);

    [Fact]
    public void A_scan_without_zone_goes_where_the_lifecycle_does_not_run_backwards()
        => Status(
            A.Scan(Milestone.InTransit, "2025-03-11T06:00:00"),
            A.Scan(Milestone.OutForDelivery, "2025-03-11T05:00:00-05:00")).ShouldBe(Milestone.OutForDelivery);

    [Fact]
    public void A_scan_far_in_the_future_waits_until_it_is_due()
    {
        var now = new DateTimeOffset(2025, 3, 11, 12, 0, 0, TimeSpan.Zero);
        var shipment = A.Shipment().AsKnownAt(now,
            A.Scan(Milestone.InTransit, "2025-03-11T06:00:00Z"),
            A.Scan(Milestone.Delivered, "2025-03-14T06:00:00Z"));

        shipment.Milestone.ShouldBe(Milestone.InTransit);
        shipment.Current!.Modifiers.HasFlag(Modifiers.Future).ShouldBeTrue();
        shipment.Current.NextFuture.ShouldBe(new DateTimeOffset(2025, 3, 13, 6, 0, 0, TimeSpan.Zero));

        // A head made by a clock that ran ahead of it still asks for the same instant: nobody has decided it yet. (The simulator, seed 1114.)
        ShipmentClock.DueAt(shipment, EddSnapshot.ColdStart, shipment.Current.NextFuture!.Value.AddHours(15)).ShouldBe(shipment.Current.NextFuture);
        shipment.AsOf(new DateTimeOffset(2025, 3, 13, 6, 0, 0, TimeSpan.Zero)).Milestone.ShouldBe(Milestone.Delivered);
    }

    [Fact]
    public void A_retraction_that_names_no_target_takes_back_the_event_before_it()
    {
        var storn = A.Scan(null, "2025-03-11T12:03:00Z", code: "STORN", kind: ScanKind.Retraction, retracts: new RetractionTarget());
        var moving = A.Scan(Milestone.OutForDelivery, "2025-03-11T08:00:00Z");
        var delivered = A.Scan(Milestone.Delivered, "2025-03-11T12:00:00Z");
        var later = A.Scan(Milestone.AttemptFailed, "2025-03-11T17:00:00Z");

        Status(storn, delivered, moving).ShouldBe(Milestone.OutForDelivery);
        Status(moving, delivered, storn).ShouldBe(Milestone.OutForDelivery);
        Status(later, storn, moving, delivered).ShouldBe(Milestone.AttemptFailed);
        Status(storn with { Retracts = null }, delivered, moving).ShouldBe(Milestone.Delivered);   // no target at all takes back nothing
    }

    [Fact]
    public void A_retraction_takes_back_its_target_even_when_it_arrives_first()
    {
        var retraction = A.Scan(null, "2025-03-11T15:00:00Z", code: "STORN", kind: ScanKind.Retraction, retracts: new RetractionTarget(Code: "ZU"));
        var delivered = A.Scan(Milestone.Delivered, "2025-03-11T14:00:00Z", code: "ZU");
        var moving = A.Scan(Milestone.OutForDelivery, "2025-03-11T08:00:00Z");

        Status(retraction, delivered, moving).ShouldBe(Milestone.OutForDelivery);
        Status(moving, delivered, retraction).ShouldBe(Milestone.OutForDelivery);
        A.Shipment().With(moving, delivered, retraction).Current!.History.Count(h => h.Retracted).ShouldBe(1);
    }

    [Fact]
    public void A_shipment_is_its_least_advanced_live_piece_and_partial_once_one_is_delivered()
    {
        var shipment = A.Shipment().With(
            A.Scan(Milestone.Delivered, "2025-03-11T14:00:00Z", piece: "1"),
            A.Scan(Milestone.InTransit, "2025-03-11T09:00:00Z", piece: "2"),
            A.Scan(Milestone.OutForDelivery, "2025-03-11T09:00:00Z", piece: "3"));

        shipment.Milestone.ShouldBe(Milestone.InTransit);
        shipment.Current!.Modifiers.HasFlag(Modifiers.Partial).ShouldBeTrue();

        var all = shipment.With(A.Scan(Milestone.Delivered, "2025-03-12T14:00:00Z", piece: "2"), A.Scan(Milestone.Delivered, "2025-03-12T14:00:00Z", piece: "3"));
        all.Milestone.ShouldBe(Milestone.Delivered);
        all.Current!.Modifiers.HasFlag(Modifiers.Partial).ShouldBeFalse();
    }

    [Fact]
    public void A_number_used_again_after_ninety_days_is_another_parcel()
    {
        var shipment = A.Shipment().With(
            A.Scan(Milestone.Accepted, "2025-01-02T09:00:00Z"),
            A.Scan(Milestone.Delivered, "2025-01-05T09:00:00Z"),
            A.Scan(Milestone.LabelCreated, "2025-05-01T09:00:00Z"),
            A.Scan(Milestone.Accepted, "2025-05-02T09:00:00Z"));

        shipment.Standings.Length.ShouldBe(2);
        shipment.Standings[0].Status.ShouldBe(Milestone.Delivered);
        shipment.Milestone.ShouldBe(Milestone.Accepted);
        shipment.Uses.Length.ShouldBe(2);
    }

    [Fact]
    public void Two_parcels_can_live_under_one_number_when_the_carrier_names_them()
    {
        var shipment = A.Shipment().With(
            A.Scan(Milestone.InTransit, "2025-03-10T09:00:00Z", use: "A~FDX"),
            A.Scan(Milestone.OutForDelivery, "2025-03-11T09:00:00Z", use: "B~FDX"));

        shipment.Standings.Select(s => s.Status).ShouldBe([Milestone.InTransit, Milestone.OutForDelivery]);
    }

    [Fact]
    public void A_use_keeps_its_minted_name_when_an_earlier_scan_arrives_late()
    {
        var shipment = A.Shipment().With(A.Scan(Milestone.InTransit, "2025-03-10T09:00:00Z"));
        var first = shipment.Uses[0];

        var later = shipment.With(A.Scan(Milestone.LabelCreated, "2025-03-08T09:00:00Z"));

        later.Uses.ShouldBe([first]);
        later.OrdinalOf(later.Current!).ShouldBe(0);
    }

    [Fact]
    public void A_later_wording_of_one_event_that_means_something_else_is_a_revision_and_an_earlier_one_is_not()
    {
        var first = A.Scan(Milestone.InTransit, "2025-03-10T09:00:00Z", code: "X1", published: "2025-03-10T10:00:00Z");
        var revised = A.Scan(Milestone.Exception, "2025-03-10T09:00:00Z", code: "X1", published: "2025-03-10T11:00:00Z");

        A.Shipment().With(first, revised).Milestone.ShouldBe(Milestone.Exception);
        A.Shipment().With(revised, first).Milestone.ShouldBe(Milestone.Exception);
        A.Shipment().With(revised, first).Version.ShouldBe(1);
        A.Shipment().With(first, revised).Marks.Length.ShouldBe(1);
    }

    [Fact]
    public void A_cancelled_label_that_is_scanned_after_all_is_on_its_way()
        => Status(
            A.Scan(Milestone.Cancelled, "2025-03-10T09:00:00Z"),
            A.Scan(Milestone.Accepted, "2025-03-10T12:00:00Z")).ShouldBe(Milestone.Accepted);

    private static Milestone Status(params Scan[] scans) => A.Shipment().With(scans).Milestone;

    private static Domain.Estimates.EddSnapshot Estimates() => Domain.Estimates.EddSnapshot.ColdStart;
}
