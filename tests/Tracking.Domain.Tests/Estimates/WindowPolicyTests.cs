using Tracking.Domain.Estimates;

namespace Tracking.Domain.Tests.Estimates;

public sealed class WindowPolicyTests
{
    private static readonly DateTimeOffset Monday = new(2026, 3, 9, 15, 0, 0, TimeSpan.Zero);

    private static JourneyFacts Ground => new() { Carrier = "ups", Service = "Ground", DestinationCountry = "US", Stage = JourneyStage.Transit, StageEnteredAt = Monday };

    private static ShownWindow Look(JourneyFacts facts, DateTimeOffset now, ShownWindow? shown, WindowTrigger trigger)
        => WindowPolicy.Next(EddSnapshot.ColdStart, facts, now, shown, trigger)!;

    [Fact]
    public void The_first_window_is_shown_as_it_is()
    {
        var shown = Look(Ground, Monday, null, WindowTrigger.Scan);

        shown.Reason.ShouldBe(WindowReason.First);
        shown.Revisions.ShouldBe(0);
        shown.Confidence.ShouldBeGreaterThanOrEqualTo(0.75);
    }

    [Fact]
    public void A_window_that_still_holds_stays_the_same_instance()
    {
        var shown = Look(Ground, Monday, null, WindowTrigger.Scan);

        Look(Ground, Monday.AddHours(3), shown, WindowTrigger.Scan).ShouldBeSameAs(shown);
        Look(Ground, Monday.AddHours(20), shown, WindowTrigger.Clock).ShouldBeSameAs(shown);
    }

    [Fact]
    public void A_parcel_that_stays_out_is_never_shown_a_day_that_has_passed()
    {
        ShownWindow? shown = null;
        for (var hours = 0; hours < 24 * 60; hours += 6)
        {
            var now = Monday.AddHours(hours);
            var today = DateOnly.FromDateTime(now.AddHours(-4).DateTime);
            shown = Look(Ground, now, shown, WindowTrigger.Clock);
            if (shown.To is null) break;
            shown.VisibleOn(today)!.Value.From.ShouldBeGreaterThanOrEqualTo(today.AddDays(-1));   // the door is in winter or summer time
            shown.To.Value.ShouldBeGreaterThanOrEqualTo(today.AddDays(-1));
        }
        shown!.Reason.ShouldBe(WindowReason.Overdue);
        shown.To.ShouldBeNull();
        shown.Revisions.ShouldBeLessThan(12);
    }

    [Fact]
    public void Silence_widens_before_it_moves()
    {
        var shown = Look(Ground, Monday, null, WindowTrigger.Scan);
        for (var day = 1; day < 30; day++)
        {
            var next = Look(Ground, Monday.AddDays(day), shown, WindowTrigger.Clock);
            if (!ReferenceEquals(next, shown))
            {
                next.To!.Value.ShouldBeGreaterThan(shown.To!.Value);
                return;
            }
            shown = next;
        }
        Assert.Fail("The window never changed.");
    }

    [Fact]
    public void A_parcel_that_was_just_scanned_is_not_called_silent()
    {
        var shown = Look(Ground, Monday, null, WindowTrigger.Scan);
        for (var day = 1; shown.Revisions == 0; day++)
        {
            day.ShouldBeLessThan(40);
            shown = Look(Ground with { LastScanAt = Monday.AddDays(day) }, Monday.AddDays(day), shown, WindowTrigger.Scan);
        }
        shown.Reason.ShouldBeOneOf(WindowReason.BehindOthers, WindowReason.EndPassed);
    }

    [Fact]
    public void Out_for_delivery_replaces_at_once()
    {
        var shown = Look(Ground, Monday, null, WindowTrigger.Scan);
        var morning = Monday.AddDays(1).AddHours(-2);
        var out1 = Ground with { Stage = JourneyStage.OutForDelivery, StageEnteredAt = morning };

        var next = Look(out1, morning, shown, WindowTrigger.Stage);

        next.Reason.ShouldBe(WindowReason.StageReached);
        next.From.ShouldBe(next.To);
        next.Revisions.ShouldBe(1);
    }

    [Fact]
    public void Later_and_then_earlier_is_a_flip()
    {
        var shown = Look(Ground, Monday, null, WindowTrigger.Scan);
        var late = Look(Ground, Monday.AddDays(12), shown, WindowTrigger.Clock);
        late.MovedLater.ShouldBeTrue();

        var out1 = Ground with { Stage = JourneyStage.OutForDelivery, StageEnteredAt = Monday.AddDays(12) };
        var today = Look(out1, Monday.AddDays(12), late, WindowTrigger.Stage);

        today.Flips.ShouldBe(1);
        today.MovedLater.ShouldBeFalse();
    }

    [Fact]
    public void When_the_journey_is_over_the_last_window_stays()
    {
        var shown = Look(Ground, Monday, null, WindowTrigger.Scan);
        WindowPolicy.Next(EddSnapshot.ColdStart, Ground with { Stage = JourneyStage.Over }, Monday.AddDays(2), shown, WindowTrigger.Stage).ShouldBeSameAs(shown);
        WindowPolicy.Next(EddSnapshot.ColdStart, Ground with { Stage = JourneyStage.Over }, Monday, null, WindowTrigger.Stage).ShouldBeNull();
    }

    [Theory]
    [InlineData(WindowReason.NotScanned, 3, "not scanned for 3 days")]
    [InlineData(WindowReason.RouteSlower, 0, "the route is slower at present")]
    public void Reasons_are_said_in_plain_words(WindowReason reason, int silent, string said) => WindowPolicy.Say(reason, silent).ShouldBe(said);
}
