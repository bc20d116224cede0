using Tracking.Web.Language;

namespace Tracking.Web.Tests.Language;

public sealed class LanguageTests
{
    public static TheoryData<string> Tags => [.. Languages.All.Select(t => t.Tag)];

    [Fact]
    public void Six_languages_are_spoken_and_one_of_them_from_right_to_left()
    {
        Languages.All.Count.ShouldBeGreaterThanOrEqualTo(6);
        Languages.All.Where(t => t.IsRightToLeft).Select(t => t.Tag).ShouldBe(["ar"]);
    }

    [Theory, MemberData(nameof(Tags))]
    public void Every_language_has_every_text(string tag)
        => Languages.Find(tag)!.Keys.Order().ShouldBe(Languages.English.Keys.Order());

    [Theory, MemberData(nameof(Tags))]
    public void Every_text_asks_for_what_the_English_one_asks_for(string tag)
    {
        var texts = Languages.Find(tag)!;
        foreach (var key in Languages.English.Keys)
            texts.Get(key).Arguments().Select(a => a.Name).Distinct().Order().ShouldBe(Languages.English.Get(key).Arguments().Select(a => a.Name).Distinct().Order(), key);
    }

    [Theory, MemberData(nameof(Tags))]
    public void Every_plural_has_the_forms_its_language_needs(string tag)
    {
        var texts = Languages.Find(tag)!;
        foreach (var key in texts.Keys)
            foreach (var (name, forms) in texts.Get(key).Arguments())
                if (forms is not null)
                    PluralRules.Needed(tag).ShouldAllBe(form => forms.Contains(form), $"{tag} {key} {name}");
    }

    // The page keeps two lines for them; a third would move everything below.
    [Theory, MemberData(nameof(Tags))]
    public void Answers_fit_two_lines_of_a_small_phone(string tag)
    {
        var texts = Languages.Find(tag)!;
        foreach (var key in texts.Keys.Where(k => k.StartsWith("next.", StringComparison.Ordinal) || k.StartsWith("act.", StringComparison.Ordinal)))
            texts.Say(key, ("carrier", "DHL Paket"), ("shop", "Maple & Thread"), ("time", "18:40"), ("n", 12)).Length.ShouldBeLessThanOrEqualTo(70, key);
    }

    [Theory]
    [InlineData("en", 0, "other"), InlineData("en", 1, "one"), InlineData("en", 2, "other")]
    [InlineData("fr", 0, "one"), InlineData("fr", 1, "one"), InlineData("fr", 2, "other"), InlineData("fr", 3_000_000, "many")]
    [InlineData("it", 1, "one"), InlineData("it", 1_000_000, "many"), InlineData("es", 21, "other")]
    [InlineData("ar", 0, "zero"), InlineData("ar", 1, "one"), InlineData("ar", 2, "two"), InlineData("ar", 3, "few"), InlineData("ar", 10, "few")]
    [InlineData("ar", 11, "many"), InlineData("ar", 99, "many"), InlineData("ar", 100, "other"), InlineData("ar", 102, "other"), InlineData("ar", 103, "few"), InlineData("ar", 111, "many")]
    public void A_number_takes_the_form_its_language_gives_it(string language, long n, string form) => PluralRules.Category(language, n).ShouldBe(form);

    [Theory]
    [InlineData("en", 1, "1 minute ago"), InlineData("en", 14, "14 minutes ago"), InlineData("de", 1, "vor 1 Minute"), InlineData("ar", 2, "قبل دقيقتين"), InlineData("ar", 5, "قبل 5 دقائق")]
    public void Minutes_are_counted_as_people_count_them(string tag, int minutes, string said) => Languages.Find(tag)!.Ago(TimeSpan.FromMinutes(minutes)).ShouldBe(said);

    [Fact]
    public void A_moment_that_lies_ahead_is_now() => Languages.English.Ago(TimeSpan.FromMinutes(-5)).ShouldBe("just now");

    [Theory]
    [InlineData(null, "de-AT,de;q=0.9,en;q=0.8", null, "de")]
    [InlineData(null, "sw, fr;q=0.4, en;q=0.7", null, "en")]
    [InlineData(null, "sw", "it", "it")]
    [InlineData("ar", "de", "it", "ar")]
    [InlineData("klingon", "de", null, "de")]
    [InlineData(null, null, null, "en")]
    [InlineData(null, ";;q=,,=;q=x,de;q=nonsense", null, "en")]
    [InlineData(null, "fr;q=0", null, "en")]
    public void A_reader_is_spoken_to_in_the_best_language_we_share(string? asked, string? accepted, string? shops, string tag)
        => Languages.Choose(asked, accepted, shops).Tag.ShouldBe(tag);

    [Theory]
    [InlineData("{n, plural, one {# day} other {# days}}", 1, "1 day")]
    [InlineData("{n, plural, =0 {none} other {#}}", 0, "none")]
    [InlineData("a {n, select, 1 {x {n} y} other {z}} b", 1, "a x 1 y b")]
    public void A_message_is_filled_in(string text, int n, string said) => Message.Parse(text).Format("en", [("n", n)]).ShouldBe(said);

    [Theory]
    [InlineData("{n, plural, one {x}}"), InlineData("{n"), InlineData("n}"), InlineData("{n, choice, other {x}}"), InlineData("{}"), InlineData("{n, plural, other {x}")]
    public void A_text_that_is_no_message_is_refused(string text) => Should.Throw<FormatException>(() => Message.Parse(text));

    [Fact]
    public void A_forgotten_argument_is_a_bug_that_shows() => Should.Throw<ArgumentException>(() => Languages.English.Say("page.from"));

    [Fact]
    public void A_sentence_that_ends_with_an_abbreviation_has_one_full_stop()
        => Languages.Find("fr")!.Say("sure.carrier", ("date", Languages.Find("fr")!.Day(new DateOnly(2026, 11, 24), new DateOnly(2026, 11, 24)))).ShouldBe("Le transporteur annonce mar. 24 nov.");

    [Fact]
    public void The_year_is_named_when_it_is_not_the_one_people_live_in()
    {
        var today = new DateOnly(2026, 11, 24);
        Languages.English.Day(new DateOnly(2027, 1, 4), today).ShouldBe("Mon, 4 Jan");
        Languages.English.Day(new DateOnly(2028, 1, 4), today).ShouldBe("Tue, 4 Jan 2028");
    }
}
