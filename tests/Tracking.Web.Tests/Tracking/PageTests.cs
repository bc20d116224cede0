using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Language;
using Tracking.Web.Live;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

public sealed partial class PageTests
{
    private static string Draw(string state, string lang, bool all = false, Func<ShipmentView, ShipmentView>? with = null)
    {
        var frame = Frames.Of(lang, all);
        var view = GalleryViews.Find(state)!;
        if (with is not null) view = with(view);
        return TrackingPage.Draw(StoryTeller.Tell(view, frame.Texts, frame.Brand.Shop, GalleryViews.Now, all ? int.MaxValue : LiveMessage.Lines), view.Key, frame);
    }

    private static int Brotli(string text)
    {
        using var output = new MemoryStream();
        using (var brotli = new BrotliStream(output, CompressionLevel.Optimal)) brotli.Write(Encoding.UTF8.GetBytes(text));
        return output.ToArray().Length;
    }

    [Fact]
    public void A_page_with_its_style_fits_into_the_first_flight()
    {
        foreach (var state in Gallery.Names)
            foreach (var texts in Languages.All)
                Brotli(Gallery.Draw(state, Frames.Of(texts.Tag))!).ShouldBeLessThanOrEqualTo(14 * 1024, $"{state} {texts.Tag}");
    }

    [Fact]
    public void Our_script_is_small() => Assets.Script.Brotli.Length.ShouldBeLessThanOrEqualTo(10 * 1024);

    [Fact]
    public void Four_hundred_scans_make_a_long_page_only_when_asked_for()
    {
        CountRows(Draw("four-hundred-scans", "en")).ShouldBe(LiveMessage.Lines);
        CountRows(Draw("four-hundred-scans", "en", all: true)).ShouldBe(400);
        Draw("four-hundred-scans", "en").ShouldContain("Show all 400 entries");
        static int CountRows(string page) => Regex.Count(page, "class=\"what\"");
    }

    [Theory]
    [InlineData("en"), InlineData("de"), InlineData("ar")]
    public void A_page_says_in_its_markup_what_language_and_direction_it_is_in(string lang)
        => Draw("moving", lang).ShouldStartWith($"<!doctype html>\n<html lang=\"{lang}\" dir=\"{(lang == "ar" ? "rtl" : "ltr")}\">");

    [Fact]
    public void A_page_holds_no_inline_script_no_style_attribute_and_nothing_from_elsewhere()
    {
        foreach (var (state, _) in GalleryViews.All)
        {
            var page = Draw(state, "en");
            InlineHandlers().IsMatch(page).ShouldBeFalse(state);
            Regex.Matches(page, "<script[^>]*>").Select(m => m.Value).ShouldBe([$"<script src=\"{Assets.Script.Path}\" defer fetchpriority=\"low\">"]);
            Regex.Matches(page, "(?:src|href)=\"([^\"]*)\"").Select(m => m.Groups[1].Value)
                .ShouldAllBe(to => to.StartsWith('/') || to.StartsWith('#') || to == "data:," || to.StartsWith("mailto:"), state);
        }
    }

    [Fact]
    public void Without_script_the_page_looks_again_every_minute() => Draw("moving", "en").ShouldContain("<noscript><meta http-equiv=\"refresh\" content=\"60\"></noscript>");

    [Fact]
    public void The_content_security_policy_names_exactly_the_styles_of_the_page()
    {
        var page = Draw("moving", "en");
        var (_, brand) = TrackingPage.BrandStyle(Frames.Of("en").Brand);
        Regex.Matches(page, "<style>(.*?)</style>", RegexOptions.Singleline).Select(m => Assets.Digest(m.Groups[1].Value)).ShouldBe([brand, Assets.StyleDigest]);
    }

    public static TheoryData<string> Payloads =>
    [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "</style><script>alert(1)</script>", "javascript:alert(1)", "<svg/onload=alert(1)>",
        "{{7*7}}", "${7*7}", "&lt;script&gt;", "<!--", "]]>", "\0<b>", "<iframe srcdoc=x>", "</title><script>", "\u2028alert(1)\u2029", "<a href=javascript:x>", "\u202Etxet", "<math><mi xlink:href=x>",
    ];

    [Theory, MemberData(nameof(Payloads))]
    public void Whatever_a_feed_writes_stays_text(string payload)
    {
        string With(string text) => Draw("moving", "en", with: v => v with
        {
            Key = new ShipmentKey("demo", "dhl-paket", text),
            Events = [v.Events[0] with { Place = new Place(City: text, Region: text, Country: text), Raw = new RawCodes(Text: text), PieceId = text }],
            DestinationZone = text, Service = text, SubStatus = text,
        });
        var page = With(payload);
        Tags().Matches(page).Select(m => m.Value).Where(t => !t.StartsWith("<a class=\"button\"", StringComparison.Ordinal))
            .ShouldBe(Tags().Matches(With("harmless")).Select(m => m.Value).Where(t => !t.StartsWith("<a class=\"button\"", StringComparison.Ordinal)));
        page.ShouldNotContain('\0');
        page.ShouldNotContain('\u202E');
    }

    [Fact]
    public void The_carriers_own_words_are_behind_a_disclosure_cut_and_harmless()
    {
        var page = Draw("carrier-words", "en");
        var words = WebUtility.HtmlDecode(Regex.Match(page, "<details><summary>[^<]*</summary><bdi>(.*?)</bdi>", RegexOptions.Singleline).Groups[1].Value);
        words.Length.ShouldBeLessThanOrEqualTo(CarrierText.MaxText);
        words.ShouldStartWith("Departed from Facility <b>bold?</b> gnorw مرحبا ไทย 📦");
        words.ShouldEndWith("…");
    }

    [Fact]
    public void The_shared_view_without_carrier_text_has_no_disclosure() => Draw("moving", "en").ShouldNotContain("<details>");

    // Whatever still reads as plain English in the pseudo-language was never given to the translators.
    [Fact]
    public void No_sentence_is_written_in_code()
    {
        var known = new HashSet<string>(Languages.All.Select(t => t.Name)) { "Maple & Thread", "DHL Paket", "Hannover", "Hamburg", "Berlin", "Leipzig", "Berlin Hat", "Hamburg Scarf", "HAT-10-OFF" };
        foreach (var state in Gallery.Names)
        {
            var frame = Frames.Of("en-XA");
            var page = Gallery.Draw(state, frame)!;
            page = Regex.Replace(page, "<style>.*?</style>|<select.*?</select>|<bdi>.*?</bdi>", "", RegexOptions.Singleline);
            foreach (Match text in Regex.Matches(page, ">([^<]+)<"))
                foreach (Match word in Regex.Matches(WebUtility.HtmlDecode(text.Groups[1].Value), @"(?<!\p{L})[A-Za-z]{4,}(?!\p{L})"))
                {
                    if (known.Any(k => k.Contains(word.Value, StringComparison.Ordinal)) || word.Value is "Europe" || word.Value.StartsWith("Llan", StringComparison.Ordinal)) continue;
                    Assert.Fail($"{state}: '{word.Value}' in \"{text.Groups[1].Value}\" is not a text of Language/*.json.");
                }
        }
    }

    [Fact]
    public void The_same_story_gives_the_same_bytes() => Draw("pieces", "de").ShouldBe(Draw("pieces", "de"));

    [GeneratedRegex(@"\son[a-z]+\s*=|\sstyle=|javascript:", RegexOptions.IgnoreCase)]
    private static partial Regex InlineHandlers();

    [GeneratedRegex(@"<[a-zA-Z!/][^>]*>")]
    private static partial Regex Tags();
}
