using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;
using Tracking.Web.Pages;
using Tracking.Web.Tests.Pages;

namespace Tracking.Web.Tests.Browser;

public sealed class GalleryTests(Chromium chromium)
{
    private static readonly string[] Tags = ["en", "de", "ar"];
    private static readonly int[] Widths = [320, 768, 1280];

    /// <summary>
    /// Every state in a theme, width and language, so chosen that each pair of state, theme, width and language is met: three pages of every state, which is as few as
    /// can meet three widths. <c>TRACKING_FULL=1</c> takes all eighteen.
    /// </summary>
    private static IEnumerable<(string State, bool Dark, int Width, string Lang)> Combinations()
    {
        if (Chromium.IsFull)
            return from state in Gallery.Names from dark in new[] { false, true } from width in Widths from lang in Tags select (state, dark, width, lang);
        // A Latin square of widths and languages, turned by one with every state; the theme alternates and begins with the other one in the next state.
        return Gallery.Names.SelectMany((state, n) => Widths.Select((width, i) => (state, (n + i) % 2 == 1, width, Tags[(n + i) % 3])));
    }

    [Fact]
    public void The_drawn_pages_meet_every_pair_of_state_theme_width_and_language()
    {
        var (chosen, states) = (Combinations().ToList(), Gallery.Names.Count());
        states.ShouldBeGreaterThanOrEqualTo(50);
        if (!Chromium.IsFull) chosen.Count.ShouldBe(states * 3);
        chosen.Select(c => (c.State, c.Dark)).Distinct().Count().ShouldBe(states * 2);
        chosen.Select(c => (c.State, c.Width)).Distinct().Count().ShouldBe(states * 3);
        chosen.Select(c => (c.State, c.Lang)).Distinct().Count().ShouldBe(states * 3);
        chosen.Select(c => (c.Dark, c.Width)).Distinct().Count().ShouldBe(6);
        chosen.Select(c => (c.Dark, c.Lang)).Distinct().Count().ShouldBe(6);
        chosen.Select(c => (c.Width, c.Lang)).Distinct().Count().ShouldBe(9);
    }

    // Runs no grain: the suite draws it on one of the two runtimes only.
    [Fact, Trait("Length", "long"), Trait("Runtime", "none")]
    public async Task No_state_has_an_accessibility_violation_scrolls_sideways_or_weighs_more_than_its_budget()
    {
        await using var host = await PageHost.StartAsync();
        var (chosen, found, heaviest) = (Combinations().ToList(), new ConcurrentBag<string>(), new ConcurrentBag<int>());
        var begun = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(chosen.GroupBy(c => (c.Dark, c.Width)), new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (theme, _) =>
        {
            await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions
            {
                ColorScheme = theme.Key.Dark ? ColorScheme.Dark : ColorScheme.Light, ViewportSize = new ViewportSize { Width = theme.Key.Width, Height = 800 }, BypassCSP = true,
            });
            var page = await visitor.NewPageAsync();
            foreach (var (state, dark, width, lang) in theme)
            {
                await page.GotoAsync($"{host.Address}/dev/gallery/{state}?lang={lang}");
                var name = $"{state} {(dark ? "dark" : "light")} {width} {lang}";
                var seen = await page.EvaluateAsync<int[]>("[performance.getEntriesByType('navigation')[0].encodedBodySize, performance.getEntriesByType('resource').length, document.documentElement.scrollWidth - innerWidth]");
                heaviest.Add(seen[0]);
                if (seen[0] is 0 or > 14 * 1024) found.Add($"{name}: {seen[0]} bytes compressed");
                if (seen[1] > 0) found.Add($"{name}: asks for {seen[1]} more files");
                if (seen[2] > 0) found.Add($"{name}: scrolls sideways by {seen[2]} px");
                foreach (var violation in await Axe.ViolationsAsync(page)) found.Add($"{name}: {violation}");
                await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Chromium.Screenshots, name.Replace(' ', '-') + ".png"), FullPage = true });
            }
        });
        // The suite prints this line, so that everybody knows how much was looked at.
        await File.WriteAllTextAsync(Path.Combine(Chromium.Screenshots, "gallery.txt"), string.Create(CultureInfo.InvariantCulture,
            $"gallery: {chosen.Count} of {Gallery.Names.Count() * 18} pages drawn in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s, {found.Count} problems, largest page {heaviest.Max()} bytes compressed\n"));
        found.Order().ShouldBeEmpty();
    }

    // Two to one on white, nearly white, nearly black, and the hardest to be right on both: a middle grey.
    [Theory, Trait("Runtime", "none")]
    [InlineData("#aab4ff"), InlineData("#fffde0"), InlineData("#0a0014"), InlineData("#808080")]
    public async Task Whatever_colour_a_shop_saves_its_page_can_be_read_in_both_themes(string colour)
    {
        await using var host = await PageHost.StartAsync();
        foreach (var theme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions { ColorScheme = theme, BypassCSP = true });
            var page = await visitor.NewPageAsync();
            foreach (var state in new[] { "moving", "change" })
            {
                await page.GotoAsync($"{host.Address}/dev/gallery/{state}?colour={Uri.EscapeDataString(colour)}");
                (await Axe.ViolationsAsync(page)).ShouldBeEmpty($"{state} {theme}");
            }
        }
    }

    // U-14: someone who holds a small phone sees all four answers without scrolling.
    [Fact, Trait("Runtime", "none")]
    public async Task The_first_screen_of_a_small_phone_answers_all_four_questions()
    {
        await using var host = await PageHost.StartAsync();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        var below = new List<string>();
        foreach (var lang in Tags)
            foreach (var (state, _) in GalleryViews.All)
            {
                await page.GotoAsync($"{host.Address}/dev/gallery/{state}?lang={lang}");
                var ends = await page.EvaluateAsync<string[]>("['when', 'where', 'next', 'act'].map(s => [s, document.querySelector('[data-s=' + s + ']').getBoundingClientRect()]).filter(([, r]) => r.height < 10 || r.top < 0 || r.bottom > 640).map(([s, r]) => s + ' ends at ' + r.bottom)");
                below.AddRange(ends.Select(e => $"{state} {lang}: {e}"));
                if (lang == "en") await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Chromium.Screenshots, $"first-{state}.png") });
            }
        below.ShouldBeEmpty();
    }

    [Theory, Trait("Runtime", "none")]
    [InlineData(320), InlineData(1280)]
    public async Task Longer_languages_do_not_break_the_layout(int width)
    {
        await using var host = await PageHost.StartAsync();
        await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = 800 } });
        var page = await visitor.NewPageAsync();
        foreach (var (state, _) in GalleryViews.All)
        {
            await page.GotoAsync($"{host.Address}/dev/gallery/{state}?lang=en-XA");
            (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth")).ShouldBeFalse(state);
        }
    }

    [Fact]
    public async Task Nobody_who_wants_calm_sees_anything_move()
    {
        await using var host = await PageHost.StartAsync();
        await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions { ReducedMotion = ReducedMotion.Reduce });
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/dev/gallery/moving");
        await page.EvaluateAsync("document.querySelector('[data-s=when]').classList.add('new')");
        (await page.EvaluateAsync<string>("getComputedStyle(document.querySelector('[data-s=when]')).animationName")).ShouldBe("none");
    }

    [Fact]
    public async Task Everything_that_can_be_pressed_is_large_enough()
    {
        await using var host = await PageHost.StartAsync();
        await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 320, Height = 640 } });
        var page = await visitor.NewPageAsync();
        foreach (var state in new[] { "carrier-words", "change", "offer", "claims", "prove", "order" })
        {
            await page.GotoAsync($"{host.Address}/dev/gallery/{state}");
            var small = await page.EvaluateAsync<string[]>("[...document.querySelectorAll('button,select,summary,input,textarea,a.button')].filter(e => e.offsetParent && (e.offsetHeight < 24 || e.offsetWidth < 24) && !(e.type === 'radio' && e.closest('label').offsetHeight >= 24)).map(e => e.outerHTML)");
            small.ShouldBeEmpty(state);
        }
    }
}
