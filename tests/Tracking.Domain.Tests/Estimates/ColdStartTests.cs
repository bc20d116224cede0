using Tracking.Domain.Estimates;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Tests.Estimates;

public sealed class ColdStartTests
{
    // A Monday, 15:00 UTC.
    private static readonly DateTimeOffset Monday = new(2026, 3, 9, 15, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("ups", "GROUND", "US", "US", 1, 9)]
    [InlineData("ups", "Next Day Air", "US", "US", 0, 3)]
    [InlineData("usps", "Ground Advantage", "US", "US", 2, 10)]
    [InlineData("fedex", "FEDEX_GROUND", "US", "US", 1, 9)]
    [InlineData("dhl-paket", null, "DE", "DE", 0, 5)]
    [InlineData("royal-mail", "Tracked 24", "GB", "GB", 0, 5)]
    [InlineData("never-heard-of", null, null, null, 1, 11)]
    [InlineData("china-post", null, "CN", "DE", 8, 60)]
    public void A_brand_new_installation_gives_a_sensible_wide_band(string carrier, string? service, string? from, string? to, int earliest, int latest)
    {
        var facts = new JourneyFacts
        {
            Carrier = carrier, Service = service, OriginCountry = from, DestinationCountry = to, Stage = JourneyStage.Transit, StageEnteredAt = Monday, HandedOverAt = Monday,
        };

        var estimate = EddSnapshot.ColdStart.Estimate(facts, Monday).ShouldNotBeNull();

        estimate.P10.ShouldBeGreaterThanOrEqualTo(Monday.AddDays(earliest).Date);
        estimate.P90.ShouldBeLessThanOrEqualTo(Monday.AddDays(latest));
        estimate.P10.ShouldBeLessThan(estimate.P50);
        estimate.P50.ShouldBeLessThan(estimate.P90);
        estimate.Confidence.ShouldBeInRange(0.75, 1);
        estimate.SnapshotId.ShouldBe(0);
        estimate.From!.Value.ShouldBeLessThanOrEqualTo(estimate.To!.Value);
    }

    [Fact]
    public void A_slower_service_is_expected_later()
    {
        var ground = new JourneyFacts { Carrier = "ups", Service = "Ground", OriginCountry = "US", DestinationCountry = "US", Stage = JourneyStage.Transit, StageEnteredAt = Monday };
        var air = ground with { Service = "2nd Day Air" };

        EddSnapshot.ColdStart.Estimate(air, Monday)!.Value.P50.ShouldBeLessThan(EddSnapshot.ColdStart.Estimate(ground, Monday)!.Value.P50);
    }

    [Fact]
    public void Nobody_is_told_a_date_for_a_parcel_that_is_already_there()
        => EddSnapshot.ColdStart.Estimate(new JourneyFacts { Stage = JourneyStages.Of(Milestone.Delivered), StageEnteredAt = Monday }, Monday).ShouldBeNull();

    [Fact]
    public void A_parcel_later_than_anything_known_is_overdue_and_has_no_date()
    {
        var facts = new JourneyFacts { Carrier = "ups", Service = "Ground", Stage = JourneyStage.Transit, StageEnteredAt = Monday };

        var estimate = EddSnapshot.ColdStart.Estimate(facts, Monday.AddDays(120)).ShouldNotBeNull();

        estimate.IsOverdue.ShouldBeTrue();
        estimate.From.ShouldBeNull();
        estimate.To.ShouldBeNull();
    }

    [Fact]
    public void Silence_never_leaves_a_date_in_the_past()
    {
        var facts = new JourneyFacts { Carrier = "usps", DestinationCountry = "US", Stage = JourneyStage.Transit, StageEnteredAt = Monday };
        for (var hours = 0; hours < 24 * 40; hours += 5)
        {
            var now = Monday.AddHours(hours);
            var estimate = EddSnapshot.ColdStart.Estimate(facts, now)!.Value;
            estimate.P10.ShouldBeGreaterThanOrEqualTo(now);
            if (estimate.From is { } from) from.ShouldBeGreaterThanOrEqualTo(DateOnly.FromDateTime(now.AddHours(-5).Date));
        }
    }

    [Fact]
    public void A_clock_that_jumped_ahead_counts_as_now()
    {
        var facts = new JourneyFacts { Carrier = "usps", DestinationCountry = "US", Stage = JourneyStage.Transit, StageEnteredAt = Monday.AddDays(3) };

        EddSnapshot.ColdStart.Estimate(facts, Monday).ShouldBe(EddSnapshot.ColdStart.Estimate(facts with { StageEnteredAt = Monday }, Monday));
    }

    [Fact]
    public void Out_for_delivery_gets_hours_on_the_day()
    {
        var morning = new DateTimeOffset(2026, 3, 10, 13, 0, 0, TimeSpan.Zero);
        var facts = new JourneyFacts { Carrier = "ups", DestinationCountry = "US", Stage = JourneyStage.OutForDelivery, StageEnteredAt = morning };

        var estimate = EddSnapshot.ColdStart.Estimate(facts, morning)!.Value;

        estimate.From.ShouldBe(new DateOnly(2026, 3, 10));
        estimate.To.ShouldBe(estimate.From);
        estimate.HourFrom!.Value.ShouldBeLessThan(estimate.HourTo!.Value);
    }
}
