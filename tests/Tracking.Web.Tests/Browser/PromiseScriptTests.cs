using Microsoft.Playwright;
using Tracking.Web.Tests.Promises;

namespace Tracking.Web.Tests.Browser;

public sealed class PromiseScriptTests(Chromium chromium)
{
    [Fact]
    public async Task A_shops_page_shows_banner_note_and_pop_up_under_a_strict_policy_and_keeps_no_cookie()
    {
        await using var host = await PromiseHost.StartAsync();
        host.Clock.MoveTo(DateTimeOffset.UtcNow);   // the page counts down on the browser's own clock
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => { if (message.Type == "error") complaints.Add(message.Text); };
        var address = host.Client.BaseAddress!.ToString().TrimEnd('/');
        await page.RouteAsync("**/shop", route => route.FulfillAsync(new RouteFulfillOptions
        {
            ContentType = "text/html",
            Headers = new Dictionary<string, string> { ["Content-Security-Policy"] = $"default-src 'none'; script-src {address}; connect-src {address}" },
            Body = $"""
                <!doctype html><html lang="en"><title>Shoes</title>
                <script src="{address}/promise.v1.js" data-key="{PromiseHost.Key}" defer></script>
                <div id="banner" data-promise="banner" data-country="US"></div><input id="zip" value="94107">
                <p id="note" data-promise="note" data-country="US" data-postal-code-from="#zip" data-holiday="all"></p>
                <p id="popup" data-promise="popup" data-country="US"></p><p id="wrong" data-promise="note" data-country="nowhere">stays hidden</p></html>
                """,
        }));

        await page.GotoAsync(address + "/shop");
        await page.Locator("#note .tp-sub").First.WaitForAsync();

        (await page.InnerTextAsync("#banner")).ShouldStartWith("Order ");
        (await page.InnerTextAsync("#note")).ShouldContain("Arrives ");
        await page.ClickAsync("#popup button");
        (await page.Locator("#popup dialog").IsVisibleAsync()).ShouldBeTrue();
        (await page.InnerTextAsync("#popup dialog")).ShouldContain("Ground");
        await page.ClickAsync("#popup dialog button");
        (await page.Locator("#popup dialog").IsVisibleAsync()).ShouldBeFalse();
        await page.Locator("#wrong").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Hidden });
        (await visitor.CookiesAsync()).ShouldBeEmpty();
        complaints.Where(c => c.Contains("Content Security Policy", StringComparison.Ordinal)).ShouldBeEmpty();
    }
}
