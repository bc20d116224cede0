using Tracking.Carriers.Polling;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Polling;

public sealed class PollScheduleTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private static readonly PollTarget Parcel = new(new ShipmentKey("acme", "ups", "1Z7X904E0342100870"), Milestone.InTransit, Now.AddDays(-2), Now.AddHours(-5));

    [Fact]
    public void A_parcel_on_its_last_miles_is_asked_for_more_often_than_one_on_the_motorway()
        => PollSchedule.Interval(Milestone.OutForDelivery, TimeSpan.Zero)!.Value.ShouldBeLessThan(PollSchedule.Interval(Milestone.InTransit, TimeSpan.Zero)!.Value);

    [Theory]
    [InlineData(Milestone.Delivered)]
    [InlineData(Milestone.Returned)]
    [InlineData(Milestone.Cancelled)]
    [InlineData(Milestone.Failed)]
    public void What_is_over_is_not_asked_for(Milestone status) => PollSchedule.After(Parcel with { Status = status }, Now, 0.5).ShouldBeNull();

    [Fact]
    public void What_is_pushed_is_not_asked_for() => PollSchedule.After(Parcel with { Pushed = true }, Now, 0.5).ShouldBeNull();

    [Fact]
    public void A_quiet_parcel_is_asked_for_once_a_day_and_a_forgotten_one_never()
    {
        PollSchedule.After(Parcel with { LastHeardAt = Now.AddDays(-11) }, Now, 0.5).ShouldBe(Now.AddDays(1));
        PollSchedule.After(Parcel with { LastHeardAt = null, OpenedAt = Now.AddDays(-101) }, Now, 0.5).ShouldBeNull();
    }

    [Theory]
    [InlineData(0.0, 54)]
    [InlineData(0.5, 60)]
    [InlineData(1.0, 66)]
    public void The_dice_spread_due_times_by_a_tenth(double dice, double minutes) => PollSchedule.After(Parcel, Now, dice).ShouldBe(Now.AddMinutes(minutes));

    [Fact]
    public void Back_off_doubles_up_to_six_hours()
    {
        PollSchedule.BackOff(1, 1).ShouldBe(TimeSpan.FromMinutes(1));
        PollSchedule.BackOff(2, 1).ShouldBe(TimeSpan.FromMinutes(2));
        PollSchedule.BackOff(5, 0).ShouldBe(TimeSpan.FromMinutes(8));
        PollSchedule.BackOff(int.MaxValue, 1).ShouldBe(PollSchedule.LongestBackOff);
    }

    [Fact]
    public void A_budget_fills_evenly_and_holds_ten_seconds_worth()
    {
        var budget = new RequestBudget(perMinute: 60, perDay: 0, Now);
        for (var i = 0; i < 10; i++) budget.TryTake(Now).ShouldBeTrue();

        budget.TryTake(Now).ShouldBeFalse();
        var ready = budget.ReadyAt(Now);
        (ready - Now).ShouldBe(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(1));
        budget.TryTake(ready).ShouldBeTrue();
        budget.TryTake(ready).ShouldBeFalse();
    }

    [Fact]
    public void A_daily_budget_opens_again_at_midnight_utc()
    {
        var budget = new RequestBudget(perMinute: 6000, perDay: 2, Now);
        budget.TryTake(Now).ShouldBeTrue();
        budget.TryTake(Now).ShouldBeTrue();

        budget.ReadyAt(Now).ShouldBe(new DateTimeOffset(2026, 3, 3, 0, 0, 0, TimeSpan.Zero));
        budget.TryTake(Now.AddHours(14)).ShouldBeFalse();
        budget.TryTake(Now.AddHours(15)).ShouldBeTrue();
    }

    [Fact]
    public void A_pause_the_carrier_asked_for_is_never_cut_short()
    {
        var budget = new RequestBudget(60, 0, Now);
        budget.PauseUntil(Now.AddMinutes(10));
        budget.PauseUntil(Now.AddMinutes(1));

        budget.ReadyAt(Now).ShouldBe(Now.AddMinutes(10));
    }

    [Theory]
    [InlineData("ups", "ups")]
    [InlineData("dhl-express", "dhl")]
    [InlineData("deutsche-post", "dhl")]
    [InlineData("fedex-smartpost", "fedex")]
    [InlineData("evri", null)]
    public void A_shipment_s_carrier_is_asked_through_one_account(string carrier, string? account) => CarrierApi.AccountOf(carrier).ShouldBe(account);
}
