using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using Tracking.Testing;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

public sealed class BrandTests
{
    [Fact]
    public void A_pale_colour_is_corrected_until_it_can_be_read()
    {
        Brand.TryCreate("Shop", "#ffd35c", null, out var brand, out var problem).ShouldBeTrue();   // about 1.3:1 on the page's ground
        problem.ShouldBeNull();
        brand.Corrected.ShouldBeTrue();
        brand.Light.ContrastTo(Colour.Parse("#f3f1ee")).ShouldBeGreaterThanOrEqualTo(4.5);
        brand.Light.ContrastTo(Colour.White).ShouldBeGreaterThanOrEqualTo(4.5);
        brand.Dark.ContrastTo(Colour.Parse("#26262b")).ShouldBeGreaterThanOrEqualTo(4.5);
    }

    [Fact]
    public void A_colour_that_can_be_read_is_kept()
    {
        Brand.TryCreate("Shop", "#0B5F5A", null, out var brand, out _).ShouldBeTrue();
        brand.Corrected.ShouldBeFalse();
        brand.Light.ToString().ShouldBe("#0b5f5a");
    }

    [Theory]
    [InlineData("red"), InlineData("#12"), InlineData("#1234567"), InlineData("#ggg"), InlineData(""), InlineData("#fff;}body{display:none"), InlineData("url(x)"), InlineData("#-12345")]
    public void What_is_no_colour_is_refused_in_a_sentence_and_ours_is_used(string colour)
    {
        Brand.TryCreate("Shop", colour, null, out var brand, out var problem).ShouldBeFalse();
        problem!.ShouldContain("is not a colour");
        brand.Light.ShouldBe(Brand.DefaultColour);
    }

    [Fact]
    public void Black_on_white_is_twenty_one_to_one() => Colour.Black.ContrastTo(Colour.White).ShouldBe(21, 0.001);

    [Fact]
    public void A_check_names_every_brand_that_will_not_look_as_written()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Retailers:a:Branding:Colour"] = "#eeeeee", ["Retailers:b:Branding:Colour"] = "blue", ["Retailers:c:Branding:Colour"] = "#004488",
        }).Build();
        ConfiguredBrands.Check(configuration).Select(p => p[..12]).ShouldBe(["Retailers:a:", "Retailers:b:"], ignoreOrder: true);   // problems come before notes
    }
}

public sealed class CarrierTextTests
{
    [Theory]
    [InlineData("  a \r\n\t b  ", "a b"), InlineData("a\u202Eb\u2066c\u200F", "abc"), InlineData("a\0\u0007b", "ab"), InlineData("\uD800x", "x"), InlineData("مرحبا 📦", "مرحبا 📦")]
    [InlineData("", null), InlineData(" \u202E ", null), InlineData(null, null)]
    public void What_could_act_is_left_out(string? text, string? clean) => CarrierText.Clean(text, 100).ShouldBe(clean);

    [Fact]
    public void A_tower_of_marks_is_taken_down_to_what_people_write()
    {
        CarrierText.Clean("a" + new string('\u0301', 5_000) + "b", 500).ShouldBe("a\u0301\u0301\u0301\u0301b");
        CarrierText.Clean("a" + string.Concat(Enumerable.Repeat("\u0301\u200B\u0301\u200D", 100)), 500)!.Count(c => c == '\u0301').ShouldBe(CarrierText.MaxMarks);
        CarrierText.Clean("ที่นี่ שָׁלוֹם é", 100).ShouldBe("ที่นี่ שָׁלוֹם é");
    }

    [Fact]
    public void Long_texts_are_cut_between_letters()
    {
        CarrierText.Clean(new string('x', 10_000), 500)!.Length.ShouldBe(500);
        CarrierText.Clean("aa📦📦📦", 6).ShouldBe("aa📦…");
    }
}

public sealed class CalendarTests
{
    private static string Write(string title = "Parcel from Maple & Thread; a, b") => CalendarFile.Write(
        "use1", 7, new DateOnly(2026, 12, 30), new DateOnly(2026, 12, 31), title, "One\nTwo", "https://track.example/t/abc", new DateTimeOffset(2026, 11, 24, 9, 26, 0, TimeSpan.Zero));

    [Fact]
    public void The_last_day_is_included() => Write().ShouldContain("DTSTART;VALUE=DATE:20261230\r\nDTEND;VALUE=DATE:20270101\r\n");

    [Fact]
    public void Text_is_escaped() => Write().ShouldContain("SUMMARY:Parcel from Maple & Thread\\; a\\, b\r\nDESCRIPTION:One\\nTwo\r\n");

    [Fact]
    public void A_later_download_replaces_the_entry() => Write().ShouldContain("UID:use1@tracking\r\nSEQUENCE:7\r\n");

    [Fact]
    public void Lines_are_at_most_75_octets_and_letters_stay_whole()
    {
        var file = Write(string.Concat(Enumerable.Repeat("طرد ", 60)));
        foreach (var line in file.Split("\r\n")) Encoding.UTF8.GetByteCount(line).ShouldBeLessThanOrEqualTo(75);
        file.Replace("\r\n ", "").ShouldContain(string.Concat(Enumerable.Repeat("طرد ", 60)));
    }
}

public sealed class TokenGuessesTests
{
    private readonly ManualClock _clock = new();

    private static void Miss(TokenGuesses guesses, string address, int times)
    {
        for (var i = 0; i < times; i++) guesses.Missed(IPAddress.Parse(address));
    }

    [Fact]
    public void Thirty_wrong_links_close_the_door_for_ten_minutes()
    {
        var guesses = new TokenGuesses(_clock);
        Miss(guesses, "203.0.113.7", 29);
        guesses.MayTry(IPAddress.Parse("203.0.113.7")).ShouldBeTrue();
        Miss(guesses, "203.0.113.7", 1);
        guesses.MayTry(IPAddress.Parse("203.0.113.7")).ShouldBeFalse();
        guesses.MayTry(IPAddress.Parse("203.0.113.8")).ShouldBeTrue();
        _clock.Advance(TimeSpan.FromMinutes(10));
        guesses.MayTry(IPAddress.Parse("203.0.113.7")).ShouldBeTrue();
    }

    [Fact]
    public void A_whole_IPv6_household_counts_as_one_and_mapped_addresses_as_their_own()
    {
        var guesses = new TokenGuesses(_clock);
        Miss(guesses, "2001:db8:1:2::1", 30);
        guesses.MayTry(IPAddress.Parse("2001:db8:1:2:ffff::9")).ShouldBeFalse();
        guesses.MayTry(IPAddress.Parse("2001:db8:1:3::1")).ShouldBeTrue();
        Miss(guesses, "::ffff:198.51.100.4", 30);
        guesses.MayTry(IPAddress.Parse("198.51.100.4")).ShouldBeFalse();
    }

    [Fact]
    public void A_neighbourhood_may_miss_three_hundred_times()
    {
        var guesses = new TokenGuesses(_clock);
        for (var i = 0; i < 15; i++) Miss(guesses, $"203.0.113.{i}", 20);
        guesses.MayTry(IPAddress.Parse("203.0.113.200")).ShouldBeFalse();
        guesses.MayTry(IPAddress.Parse("203.0.114.1")).ShouldBeTrue();
    }

    [Fact]
    public void A_flood_from_everywhere_stays_bounded_and_ends_with_its_window()
    {
        var guesses = new TokenGuesses(_clock);
        for (var i = 0; i < 3 * TokenGuesses.MaxEntries; i++) guesses.Missed(new IPAddress(new byte[] { (byte)(i >> 16), (byte)(i >> 8), (byte)i, 1 }));
        guesses.Remembered.ShouldBeLessThanOrEqualTo(TokenGuesses.MaxEntries);
        _clock.Advance(TimeSpan.FromMinutes(10));
        Miss(guesses, "203.0.113.7", 30);
        guesses.MayTry(IPAddress.Parse("203.0.113.7")).ShouldBeFalse();
    }
}
