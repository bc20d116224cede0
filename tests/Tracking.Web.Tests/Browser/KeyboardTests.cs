using Microsoft.Playwright;
using Tracking.Web.Pages;
using Tracking.Web.Tests.Pages;

namespace Tracking.Web.Tests.Browser;

/// <summary>Somebody without a mouse reaches everything, sees where they are, and is caught nowhere.</summary>
public sealed class KeyboardTests(Chromium chromium)
{
    // Every stop of the tab key gets its number; whoever has none at the end was never reached. Radio buttons of one name are one stop.
    private const string Reachable = """
        [...document.querySelectorAll('a[href], button, select, summary, input:not([type=hidden]), textarea')].filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.disabled
            && !(e.type === 'radio' && document.querySelector('input[name="' + e.name + '"][data-stop]')))
        """;

    [Theory]
    [InlineData("carrier-words"), InlineData("known"), InlineData("offer"), InlineData("change"), InlineData("prove"), InlineData("claims"), InlineData("order"), InlineData("find"), InlineData("survey")]
    public async Task The_tab_key_alone_reaches_everything_in_its_order_and_shows_where_it_is(string state)
    {
        await using var host = await PageHost.StartAsync();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/dev/gallery/{state}");
        var problems = await WalkAsync(page);
        problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_live_page_is_read_paused_shared_and_left_without_a_mouse()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        host.Parcels.People.Add(view.Key, FakePeople.Canary);
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        await page.Locator("#live[data-is=on]").WaitForAsync();
        (await WalkAsync(page)).ShouldBeEmpty();

        // The first stop skips to what happened, and reading goes on from there.
        await page.EvaluateAsync("document.activeElement.blur(); scrollTo(0, 0); getSelection().removeAllRanges()");
        await page.ReloadAsync();
        await page.Locator("#live[data-is=on]").WaitForAsync();
        await page.Keyboard.PressAsync("Tab");
        (await page.EvaluateAsync<bool>("document.activeElement.matches('.skip') && document.activeElement.getBoundingClientRect().height > 24")).ShouldBeTrue();
        await page.Keyboard.PressAsync("Enter");
        (await page.EvaluateAsync<bool>("location.hash === '#happened' && document.getElementById('happened').getBoundingClientRect().top < innerHeight")).ShouldBeTrue();

        // Another language: chosen and sent by keys.
        await page.Locator("#lang").FocusAsync();
        await page.Keyboard.TypeAsync("Deu");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("html[lang=de]").WaitForAsync();
    }

    private static async Task<string[]> WalkAsync(IPage page)
    {
        var problems = new List<string>();
        for (var stop = 1; stop < 80; stop++)
        {
            await page.Keyboard.PressAsync("Tab");
            // Where it stands, whether that is visible, and whether it goes down the page as it is read.
            var at = await page.EvaluateAsync<string>($$"""
                (() => {
                    const e = document.activeElement;
                    if (!e || e === document.body || e.dataset.stop) return 'end';
                    e.dataset.stop = {{stop}};
                    const s = getComputedStyle(e), r = e.getBoundingClientRect();
                    if (s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 2) return 'no outline: ' + e.outerHTML.slice(0, 120);
                    if (r.width < 2 || r.height < 2 || r.bottom < 0 || r.top > innerHeight) return 'not on the screen: ' + e.outerHTML.slice(0, 120);
                    const before = document.querySelector('[data-stop="{{stop - 1}}"]');
                    return before && !(before.compareDocumentPosition(e) & 4) ? 'out of order: ' + e.outerHTML.slice(0, 120) : '';
                })()
                """);
            if (at == "end") break;
            if (at.Length > 0) problems.Add(at);
        }
        problems.AddRange(await page.EvaluateAsync<string[]>($"{Reachable}.filter(e => !e.dataset.stop).map(e => 'never reached: ' + e.outerHTML.slice(0, 120))"));
        if (await page.EvaluateAsync<int>("document.querySelectorAll('[data-stop]').length") < 2) problems.Add("nothing could be reached");
        return [.. problems];
    }
}
