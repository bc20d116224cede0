using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Zones;

public sealed class EventTimesTests
{
    private static readonly FeedContext Context = new();
    private static readonly Place Atlanta = new(City: "ATLANTA", Region: "GA", Country: "US");

    [Fact]
    public void A_local_time_takes_the_zone_of_its_place()
    {
        var time = EventTimes.Local(new DateTime(2025, 3, 11, 14, 2, 0), Precision.Second, Atlanta, Context);

        time.Offset.ShouldBe(TimeSpan.FromHours(-4));
        time.Utc.ShouldBe(new DateTimeOffset(2025, 3, 11, 18, 2, 0, TimeSpan.Zero));
        time.ZoneSource.ShouldBe(ZoneSource.Place);
    }

    [Fact]
    public void Without_a_place_the_feeds_configured_zone_is_taken_and_said()
    {
        var time = EventTimes.Local(new DateTime(2025, 1, 5, 9, 0, 0), Precision.Minute, null, Context with { Zone = "Europe/Berlin" });

        time.Offset.ShouldBe(TimeSpan.FromHours(1));
        time.ZoneSource.ShouldBe(ZoneSource.Profile);
        time.Precision.ShouldBe(Precision.Minute);
    }

    [Fact]
    public void Without_either_the_zone_stays_unknown_and_no_instant_is_invented()
    {
        var time = EventTimes.Local(new DateTime(2025, 1, 5, 9, 0, 0), Precision.Second, new Place(Country: "US"), Context);

        time.Utc.ShouldBeNull();
        time.Offset.ShouldBeNull();
        time.ZoneSource.ShouldBe(ZoneSource.Unknown);
        time.Local.ShouldBe(new DateTime(2025, 1, 5, 9, 0, 0));
    }

    [Fact]
    public void A_reading_that_summer_time_skips_keeps_its_clock_and_gets_no_instant()
    {
        var time = EventTimes.Local(new DateTime(2025, 3, 9, 2, 30, 0), Precision.Second, Atlanta, Context, out var note);

        time.Local.ShouldBe(new DateTime(2025, 3, 9, 2, 30, 0));
        time.Offset.ShouldBeNull();
        time.Utc.ShouldBeNull();
        note!.Code.ShouldBe("time.dst-gap");
    }

    [Fact]
    public void A_reading_that_occurs_twice_picks_neither_hour()
    {
        var time = EventTimes.Local(new DateTime(2025, 11, 2, 1, 30, 0), Precision.Second, Atlanta, Context, out var note);

        time.Offset.ShouldBeNull();
        time.Utc.ShouldBeNull();
        time.IsExact.ShouldBeFalse();
        note!.Code.ShouldBe("time.dst-fold");
    }

    [Fact]
    public void Local_and_utc_side_by_side_give_the_offset()
    {
        var time = EventTimes.UtcPair(new DateTime(2025, 3, 11, 7, 45, 2), new DateTime(2025, 3, 11, 12, 45, 2), Precision.Second, null, Context, out var note);

        time.Offset.ShouldBe(TimeSpan.FromHours(-5));
        time.ZoneSource.ShouldBe(ZoneSource.UtcPair);
        note.ShouldBeNull();
    }

    [Fact]
    public void A_pair_that_contradicts_itself_leaves_the_local_time_to_its_place()
    {
        var time = EventTimes.UtcPair(new DateTime(2025, 3, 11, 7, 45, 2), new DateTime(2025, 3, 13, 12, 0, 0), Precision.Second, Atlanta, Context, out var note);

        time.Offset.ShouldBe(TimeSpan.FromHours(-4));
        time.ZoneSource.ShouldBe(ZoneSource.Place);
        note!.Code.ShouldBe("time.pair-mismatch");
    }

    [Fact]
    public void A_day_stays_a_day_even_where_its_offset_is_known()
    {
        var time = EventTimes.Date(new DateOnly(2025, 3, 11), Atlanta, Context);

        time.Precision.ShouldBe(Precision.Day);
        time.Utc.ShouldBeNull();
        time.Offset.ShouldBe(TimeSpan.FromHours(-4));
    }

    [Fact]
    public void A_day_on_which_the_clock_changes_has_no_single_offset()
        => EventTimes.Date(new DateOnly(2025, 3, 9), Atlanta, Context).Offset.ShouldBeNull();

    [Fact]
    public void A_claimed_offset_is_kept_and_not_believed()
    {
        var time = EventTimes.Claimed(new DateTime(2025, 3, 11, 8, 10, 0), TimeSpan.Zero);

        time.ZoneSource.ShouldBe(ZoneSource.Claimed);
        time.Offset.ShouldBe(TimeSpan.Zero);
        time.Utc.ShouldBeNull();
        time.IsExact.ShouldBeFalse();
    }

    [Theory]
    [InlineData("2025-03-11T14:02:00-04:00", "Explicit", "Second")]
    [InlineData("2025-03-11T18:02:00Z", "Explicit", "Second")]
    [InlineData("2025-03-11T14:02", "Place", "Minute")]
    [InlineData("2025-03-11 14:02:00.123", "Place", "Second")]
    [InlineData("2025-03-11", "Place", "Day")]
    [InlineData("20250311T140200", "Place", "Second")]
    public void Iso_text_says_what_it_says(string text, string source, string precision)
    {
        var time = EventTimes.Iso(text, Atlanta, Context, out var problem, out _);

        problem.ShouldBeNull();
        time.ZoneSource.ToString().ShouldBe(source);
        time.Precision.ToString().ShouldBe(precision);
    }

    [Theory]
    [InlineData("1900-01-01T00:00:00")]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("00000000")]
    [InlineData("")]
    [InlineData(null)]
    public void Placeholders_are_no_time_and_no_problem(string? text)
    {
        EventTimes.Iso(text, Atlanta, Context, out var problem, out _).IsTold.ShouldBeFalse();
        problem.ShouldBeNull();
    }

    [Theory]
    [InlineData("2025-02-30", "time.impossible")]
    [InlineData("2025-03-11T25:00:00", "time.impossible")]
    [InlineData("yesterday", "time.impossible")]
    [InlineData("2099-01-01", "time.implausible")]
    [InlineData("1985-01-01", "time.implausible")]
    public void Dates_that_cannot_be_are_problems(string text, string code)
    {
        EventTimes.Iso(text, Atlanta, Context with { ReceivedAt = new DateTimeOffset(2025, 3, 12, 0, 0, 0, TimeSpan.Zero) }, out var problem, out _);

        problem!.Code.ShouldBe(code);
    }

    [Theory]
    [InlineData("09:41:00", 9, 41, 0, false)]
    [InlineData("094100", 9, 41, 0, false)]
    [InlineData("74700", 7, 47, 0, false)]
    [InlineData("4700", 0, 47, 0, true)]
    [InlineData("1432", 14, 32, 0, false)]
    [InlineData("0", 0, 0, 0, true)]
    [InlineData("235960", 23, 59, 59, false)]
    public void Clock_times_survive_lost_zeros(string text, int hour, int minute, int second, bool packed)
    {
        DateText.TryTime(text, out var time, out _, out _, packed).ShouldBe(DateReading.Told);
        time.ShouldBe(new TimeOnly(hour, minute, second));
    }

    [Fact]
    public void Twenty_four_hundred_is_the_end_of_the_day()
    {
        DateText.TryTime("24:00", out _, out _, out var nextDay).ShouldBe(DateReading.Told);
        nextDay.ShouldBeTrue();
        DateText.TryTime("24:30", out _, out _, out _).ShouldBe(DateReading.Impossible);
        DateText.TryIso("2024-12-31T24:00:00", out var local, out _, out _).ShouldBe(DateReading.Told);
        local.ShouldBe(new DateTime(2025, 1, 1));
        DateText.TryExact("31.12.2024 24:00", "dd.MM.yyyy HH:mm", out local).ShouldBe(DateReading.Told);
        local.ShouldBe(new DateTime(2025, 1, 1));
    }

    [Theory]
    [InlineData("-05:00", -300)]
    [InlineData("-04.00", -240)]
    [InlineData("+0530", 330)]
    [InlineData("Z", 0)]
    [InlineData("-5", -300)]
    public void Offsets_come_in_several_spellings(string text, int minutes)
    {
        DateText.TryOffset(text, out var offset).ShouldBeTrue();
        offset.TotalMinutes.ShouldBe(minutes);
    }
}
