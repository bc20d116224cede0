using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Tracking.Web.Pages;
using Tracking.Web.Tests.Pages;

namespace Tracking.Web.Tests.Browser;

[Collection(nameof(Chromium))]
public sealed class GalleryTests(Chromium chromium)
{
    private static readonly string[] Tags = ["en", "de", "ar"];
    private static readonly int[] Widths = [320, 768, 1280];

    /// <summary>
    /// Every state in a theme, width and language, so chosen that over all states each pair of theme, width and language is met. <c>TRACKING_FULL=1</c> takes all.
    /// </summary>
    public static IEnumerable<(string State, bool Dark, int Width, string Lang)> Combinations()
    {
        var full = Environment.GetEnvironmentVariable("TRACKING_FULL") == "1";
        var n = 0;
        foreach (var state in Gallery.Names)
        {
            if (full)
            {
                foreach (var dark in new[] { false, true })
                    foreach (var width in Widths)
                        foreach (var lang in Tags)
                            yield return (state, dark, width, lang);
                continue;
            }
            // Two of the eighteen each (forms one); 18 states later the round starts again, shifted.
            for (var i = 0; i < (Gallery.MorePages.Contains(state) ? 1 : 2); i++)
            {
                var k = (n * 2 + i * 9 + n / 18) % 18;
                yield return (state, k % 2 == 1, Widths[k / 2 % 3], Tags[k / 6]);
            }
            n++;
        }
    }

    [Fact]
    public void The_chosen_combinations_meet_every_pair()
    {
        var chosen = Combinations().ToList();
        chosen.Select(c => (c.Dark, c.Width)).Distinct().Count().ShouldBe(6);
        chosen.Select(c => (c.Dark, c.Lang)).Distinct().Count().ShouldBe(6);
        chosen.Select(c => (c.Width, c.Lang)).Distinct().Count().ShouldBe(9);
    }

    [Fact, Trait("Length", "long")]
    public async Task No_state_has_an_accessibility_violation_or_scrolls_sideways()
    {
        await using var host = await PageHost.StartAsync();
        var found = new List<string>();
        foreach (var theme in Combinations().GroupBy(c => (c.Dark, c.Width)))
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
                var axe = await page.RunAxe();
                found.AddRange(axe.Violations.Select(v => $"{name}: {v.Id} {v.Help} at {string.Join(" ", v.Nodes.Take(3).Select(n => n.Html))}"));
                if (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth")) found.Add($"{name}: scrolls sideways");
                await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Chromium.Screenshots, name.Replace(' ', '-') + ".png"), FullPage = true });
            }
        }
        found.ShouldBeEmpty();
    }

    // U-14: someone who holds a small phone sees all four answers without scrolling.
    [Fact]
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
                foreach (var answer in new[] { "when", "where", "next", "act" })
                {
                    var box = await page.Locator($"[data-s={answer}]").BoundingBoxAsync();
                    if (box is null || box.Y + box.Height > 640) below.Add($"{state} {lang}: {answer} ends at {box?.Y + box?.Height}");
                }
                if (lang == "en") await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Chromium.Screenshots, $"first-{state}.png") });
            }
        below.ShouldBeEmpty();
    }

    [Theory]
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
        await page.GotoAsync($"{host.Address}/dev/gallery/carrier-words");
        var small = await page.EvaluateAsync<string[]>("[...document.querySelectorAll('button,select,summary,a.button')].filter(e => e.offsetParent && (e.offsetHeight < 24 || e.offsetWidth < 24)).map(e => e.outerHTML)");
        small.ShouldBeEmpty();
    }
}
