using Tracking.Domain.Estimates;

namespace Tracking.Domain.Tests.Estimates;

public sealed class CarrierClockTests
{
    private static readonly CarrierClock Brazil = new(WeekProfile.Default.AsSpan(), "BR", "SP");

    private static double Local(int year, int month, int day, double hour = 0) => CarrierClock.LocalDays(new DateTime(year, month, day).AddHours(hour).Ticks);

    [Fact]
    public void The_clock_turns_back_exactly()
    {
        var dice = new Random(1);
        for (var i = 0; i < 5_000; i++)
        {
            var at = dice.NextDouble() * 9_000;
            Brazil.When(Brazil.At(at)).ShouldBe(at, 1e-7);
        }
    }

    [Fact]
    public void An_ordinary_week_is_seven()
        => (Brazil.At(Local(2018, 3, 12)) - Brazil.At(Local(2018, 3, 5))).ShouldBe(7, 1e-9);

    [Fact]
    public void A_holiday_runs_as_a_sunday()
    {
        var labourDay = Brazil.At(Local(2018, 5, 2)) - Brazil.At(Local(2018, 5, 1));
        var sunday = Brazil.At(Local(2018, 5, 7)) - Brazil.At(Local(2018, 5, 6));
        var monday = Brazil.At(Local(2018, 5, 8)) - Brazil.At(Local(2018, 5, 7));

        labourDay.ShouldBe(sunday, 1e-9);
        labourDay.ShouldBeLessThan(monday / 5);
    }

    [Theory]
    [InlineData("BR", null, 2018, 5, 31)]    // Corpus Christi
    [InlineData("BR", null, 2018, 2, 13)]    // Carnival Tuesday
    [InlineData("BR", "SP", 2018, 7, 9)]
    [InlineData("US", null, 2026, 11, 26)]   // Thanksgiving
    [InlineData("US", null, 2026, 7, 3)]     // Independence Day falls on a Saturday
    [InlineData("DE", "BY", 2026, 6, 4)]     // Corpus Christi in Bavaria
    [InlineData("GB", "SCT", 2026, 8, 3)]
    [InlineData("GB", null, 2021, 12, 27)]   // Christmas Day on a Saturday
    [InlineData("FR", null, 2026, 5, 14)]    // Ascension
    [InlineData("CA", null, 2026, 5, 18)]    // Victoria Day
    [InlineData("GR", null, 2026, 4, 13)]    // Orthodox Easter Monday
    public void Holidays_follow_their_rules(string country, string? region, int year, int month, int day)
        => Holidays.Contains(country, region, new DateOnly(year, month, day)).ShouldBeTrue();

    [Theory]
    [InlineData("DE", "BE", 2026, 6, 4)]
    [InlineData("US", null, 2026, 7, 2)]
    [InlineData("XX", null, 2026, 12, 25)]
    public void Other_days_are_no_holidays(string country, string? region, int year, int month, int day)
        => Holidays.Contains(country, region, new DateOnly(year, month, day)).ShouldBeFalse();

    [Theory]
    [InlineData("America/New_York")]
    [InlineData("America/Sao_Paulo")]
    [InlineData("Europe/London")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("Asia/Kathmandu")]
    public void Offsets_are_those_of_the_zone(string name)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(name);
        var offsets = ZoneOffsets.Of(name, null);
        var dice = new Random(3);
        for (var i = 0; i < 5_000; i++)
        {
            var utc = new DateTime(2015, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(dice.Next(26 * 365 * 24 * 60));
            offsets.OffsetTicks(utc.Ticks).ShouldBe(zone.GetUtcOffset(utc).Ticks);
            var local = utc.Ticks + zone.GetUtcOffset(utc).Ticks;
            if (!zone.IsAmbiguousTime(new DateTime(local))) offsets.ToUtc(local).ShouldBe(utc.Ticks);
        }
    }

    [Fact]
    public void A_skipped_hour_moves_on_and_a_doubled_one_is_the_earlier()
    {
        var york = ZoneOffsets.Of("America/New_York", null);

        new DateTime(york.ToUtc(new DateTime(2026, 3, 8, 2, 30, 0).Ticks)).ShouldBe(new DateTime(2026, 3, 8, 7, 30, 0));
        new DateTime(york.ToUtc(new DateTime(2026, 11, 1, 1, 30, 0).Ticks)).ShouldBe(new DateTime(2026, 11, 1, 5, 30, 0));
    }

    [Fact]
    public void An_unknown_zone_falls_back_to_the_country_and_then_to_utc()
    {
        ZoneOffsets.Of("Mars/Olympus", "DE").ShouldBeSameAs(ZoneOffsets.Of("Europe/Berlin", null));
        ZoneOffsets.Of(null, "zz").ShouldBeSameAs(ZoneOffsets.Utc);
    }
}
