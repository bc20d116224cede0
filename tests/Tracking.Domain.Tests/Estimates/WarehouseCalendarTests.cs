using System.Collections.Frozen;
using Tracking.Domain.Estimates;

namespace Tracking.Domain.Tests.Estimates;

public sealed class WarehouseCalendarTests
{
    private static readonly WarehouseCalendar Leipzig = new() { Id = "leipzig", Zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"), Country = "DE", Region = "SN", CutOff = new(14, 0) };

    private static DateTimeOffset Berlin(int month, int day, int hour, int minute = 0, int offset = 1) => new(2026, month, day, hour, minute, 0, TimeSpan.FromHours(offset));

    [Fact]
    public void An_order_before_the_cut_off_leaves_the_same_day()
        => Leipzig.Next(Berlin(3, 10, 13, 59), null, null).ShouldBe(new HandOver(Berlin(3, 10, 14), Berlin(3, 10, 15)));

    [Fact]
    public void An_order_at_the_cut_off_waits_for_the_next_working_day()
        => Leipzig.Next(Berlin(3, 13, 14), null, null)!.Value.OrderBy.ShouldBe(Berlin(3, 16, 14));   // Friday to Monday

    [Fact]
    public void A_holiday_of_the_region_is_no_working_day()
        => Leipzig.Next(Berlin(11, 17, 18), null, null)!.Value.OrderBy.ShouldBe(Berlin(11, 19, 14));   // Repentance Day, in Saxony only

    [Fact]
    public void A_special_day_may_open_a_sunday_and_close_a_monday()
    {
        var sale = Leipzig with { SpecialDays = new Dictionary<DateOnly, TimeOnly?> { [new(2026, 3, 15)] = new TimeOnly(11, 0), [new(2026, 3, 16)] = null }.ToFrozenDictionary() };

        sale.Next(Berlin(3, 14, 9), null, null)!.Value.OrderBy.ShouldBe(Berlin(3, 15, 11));
        sale.Next(Berlin(3, 15, 12), null, null)!.Value.OrderBy.ShouldBe(Berlin(3, 17, 14));
    }

    [Fact]
    public void A_service_may_have_a_cut_off_of_its_own()
    {
        var both = Leipzig with { CutOffs = new Dictionary<string, TimeOnly> { ["ups"] = new(16, 0), ["ups/EXPRESS"] = new(18, 0) }.ToFrozenDictionary() };

        both.Next(Berlin(3, 10, 15), "ups", "EXPRESS")!.Value.OrderBy.ShouldBe(Berlin(3, 10, 18));
        both.Next(Berlin(3, 10, 15), "ups", "STANDARD")!.Value.OrderBy.ShouldBe(Berlin(3, 10, 16));
        both.Next(Berlin(3, 10, 15), "dhl-paket", null)!.Value.OrderBy.ShouldBe(Berlin(3, 11, 14));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(99, 10)]
    [InlineData(100, 11)]
    [InlineData(450, 16)]   // four working days on, over a weekend
    public void A_backlog_beyond_the_capacity_takes_working_days(int backlog, int day)
        => (Leipzig with { DailyCapacity = 100 }).Next(Berlin(3, 10, 9), null, null, backlog).ShouldBe(new HandOver(Berlin(3, 10, 14), Berlin(3, day, 15)));

    [Fact]
    public void A_cut_off_in_the_hour_that_spring_skips_moves_on()
        => (Leipzig with { CutOff = new(2, 30), WorkingDays = [true, true, true, true, true, true, true] }).Next(Berlin(3, 29, 1), null, null)!.Value.OrderBy.ShouldBe(Berlin(3, 29, 3, 30, offset: 2));

    [Fact]
    public void A_warehouse_that_never_opens_promises_nothing()
        => (Leipzig with { WorkingDays = [false, false, false, false, false, false, false] }).Next(Berlin(3, 10, 9), null, null).ShouldBeNull();
}
