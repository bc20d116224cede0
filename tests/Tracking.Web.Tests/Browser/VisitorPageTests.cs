using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Tracking.Web.Pages;
using Tracking.Web.Tests.Pages;

namespace Tracking.Web.Tests.Browser;

/// <summary>What a visitor does beyond looking, in a real browser.</summary>
public sealed class VisitorPageTests(Chromium chromium)
{
    [Fact]
    public async Task Without_script_and_without_a_mouse_a_recipient_proves_it_is_theirs_and_asks_for_another_place()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        host.Parcels.People.Add(view.Key, FakePeople.Canary);
        await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        await page.GetByText("Change the delivery").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Send me a code").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("a code is on its way").WaitForAsync();
        await page.Locator("#code").FocusAsync();
        await page.Keyboard.TypeAsync(host.Parcels.Mail.Sent.Single().Facts.Code!);
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Choose what suits you.").WaitForAsync();
        await page.GetByText("Leave it in a safe place").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#safe-place").FillAsync("Behind the bins");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Asked. The carrier’s answer appears here.").WaitForAsync();
        await page.GetByText("Behind the bins").WaitForAsync();
    }

    [Fact]
    public async Task One_script_tag_shows_the_parcel_inside_the_shops_page_and_only_there()
    {
        var markup = "";
        await using var shop = await ServeAsync(() => markup);
        await using var stranger = await ServeAsync(() => markup);
        await using var host = await PageHost.StartAsync(new() { ["Retailers:demo:Branding:Origins:0"] = shop.Urls.First() });
        var (token, view) = host.Parcels.Add();
        markup = $"<!doctype html><title>Shop</title><h1>Your order</h1><script src=\"{host.Address}/widget.js\" data-parcel=\"{token}\" data-height=\"10\" async></script>";
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.GotoAsync(shop.Urls.First());
        var frame = page.FrameLocator("iframe");
        await frame.GetByText("Last seen in Hannover").WaitForAsync();
        await frame.Locator("#live[data-is=on]").WaitForAsync();
        host.Parcels.Publish(view with { Version = view.Version + 1, Status = Domain.Vocabulary.Milestone.Delivered });
        await frame.Locator("[data-s=status]", new FrameLocatorLocatorOptions { HasText = "Delivered" }).WaitForAsync();
        await page.WaitForFunctionAsync("() => document.querySelector('iframe').offsetHeight > 200");
        (await visitor.CookiesAsync()).ShouldBeEmpty();
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Chromium.Screenshots, "widget.png") });

        await page.RunAndWaitForConsoleMessageAsync(() => page.GotoAsync(stranger.Urls.First()), new PageRunAndWaitForConsoleMessageOptions { Predicate = line => line.Text.Contains("frame-ancestors", StringComparison.Ordinal) });
        (await frame.GetByText("Last seen in Hannover").CountAsync()).ShouldBe(0);
    }

    private static async Task<WebApplication> ServeAsync(Func<string> markup)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/", () => Results.Content(markup(), "text/html"));
        await app.StartAsync();
        return app;
    }

    [Theory]
    [InlineData("moving"), InlineData("address"), InlineData("offer"), InlineData("change")]
    public async Task With_forced_colours_and_at_four_hundred_percent_nothing_is_lost(string state)
    {
        await using var host = await PageHost.StartAsync();
        // 1280 × 1024 at 400 %.
        await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions { ForcedColors = ForcedColors.Active, ViewportSize = new ViewportSize { Width = 320, Height = 256 } });
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/dev/gallery/{state}");
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth")).ShouldBeFalse();
        var cut = await page.EvaluateAsync<string[]>("[...document.querySelectorAll('main h1, main h2, main dd, main button, main a, main p')].filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow !== 'visible').map(e => e.outerHTML)");
        cut.ShouldBeEmpty();
        if (state == "moving") (await page.EvaluateAsync<string>("getComputedStyle(document.querySelector('.pill')).borderTopStyle")).ShouldBe("solid");
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Chromium.Screenshots, $"forced-{state}.png"), FullPage = true });
    }

    [Fact]
    public async Task An_order_page_keeps_its_words_true_while_it_is_open()
    {
        await using var host = await PageHost.StartAsync();
        var (_, moving) = host.Parcels.Add();
        var (_, delivered) = host.Parcels.Add("delivered");
        var order = host.Parcels.Orders.Add("W-77", gift: false, delivered, moving);
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.AddInitScriptAsync("{ const wait = setTimeout; window.setTimeout = (f, ms) => wait(f, ms / 100); }");
        await page.GotoAsync($"{host.Address}/o/{host.Get<PageSeal>().Order(order)}");
        await page.GetByText("Last seen in Hannover").WaitForAsync();
        host.Parcels.SetQuietly(moving with { Version = moving.Version + 1, Status = Domain.Vocabulary.Milestone.OutForDelivery });
        await page.Locator("[data-o=status1]", new PageLocatorOptions { HasText = "Out for delivery" }).WaitForAsync();
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Chromium.Screenshots, "order-live.png"), FullPage = true });
    }
}
