using System.Text;
using Microsoft.Playwright;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;
using Tracking.Web.Live;
using Tracking.Web.Pages;
using Tracking.Web.Tests.Pages;

namespace Tracking.Web.Tests.Browser;

/// <summary>What people, carriers and shops do to a page, in a real browser: it stays calm and true, and is never blank.</summary>
public sealed class HardshipTests(Chromium chromium)
{
    [Fact]
    public async Task A_link_that_opens_nothing_gets_a_calm_page_in_plain_words()
    {
        await using var host = await PageHost.StartAsync(new() { ["Retailers:other:Name"] = "Other", ["Retailers:other:Branding:Hosts:0"] = "localhost" });
        var (token, _) = host.Parcels.Add();
        var (revoked, _) = host.Parcels.Add();
        host.Parcels.Revoke(revoked);
        var (withdrawn, view) = host.Parcels.Add();
        host.Parcels.SetQuietly(view with { LinkGeneration = 1 });
        var (expired, _) = host.Parcels.Add("delivered", v => v with { RecordedAt = DateTimeOffset.UtcNow.AddDays(-61) });
        await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions { BypassCSP = true });
        var page = await visitor.NewPageAsync();
        var texts = new List<string>();
        foreach (var address in new[]
        {
            $"{host.Address}/t/{token[..9]}", $"{host.Address}/t/{revoked}", $"{host.Address}/t/{withdrawn}", $"{host.Address}/t/{expired}", $"{host.Address}/t/s.forged", $"{host.Address}/t/{new string('x', 500)}", $"{host.Address}/o/forged",
            $"{host.Address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}/t/{token}",   // one shop's link on another's host name
        })
        {
            var answer = await page.GotoAsync(address);
            answer!.Status.ShouldBe(404, address);
            texts.Add(await page.Locator("main").InnerTextAsync());
        }
        texts.Distinct().ShouldHaveSingleItem().ShouldContain("This link leads nowhere");
        (await Axe.ViolationsAsync(page)).ShouldBeEmpty();
        await page.GotoAsync($"{host.Address}/t/{token}");   // and the right one opens
        await page.GetByText("Last seen in Hannover").WaitForAsync();
    }

    // What a carrier writes reaches a page while it is open, not only when it is drawn.
    [Fact]
    public async Task Ten_thousand_characters_Arabic_Thai_and_emoji_and_markup_stay_short_harmless_text_on_an_open_page()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 320, Height = 640 } });
        var page = await visitor.NewPageAsync();
        var trouble = new List<string>();
        page.Dialog += (_, dialog) => { trouble.Add(dialog.Message); _ = dialog.DismissAsync(); };
        page.PageError += (_, error) => trouble.Add(error);
        page.Console += (_, line) => { if (line.Type == "error") trouble.Add(line.Text); };
        await page.GotoAsync($"{host.Address}/t/{token}");
        await page.Locator("#live[data-is=on]").WaitForAsync();
        foreach (var written in new[]
        {
            new string('x', 10_000), string.Concat(Enumerable.Repeat("مركز التوزيع ", 800)), string.Concat(Enumerable.Repeat("ศูนย์กระจายสินค้า", 600)), string.Concat(Enumerable.Repeat("📦👩‍👩‍👧‍👦🏳️‍🌈", 900)),
            "<img src=x onerror=alert(1)><script>alert(2)</script>", "\u202Egnorw\u2066\0\u0007 " + new string('\u0301', 5_000),
        })
        {
            var scan = view.Events[0] with { Key = new DedupKey((ulong)view.Version, 7), Place = new Place(City: written, Country: "DE"), Raw = new RawCodes(Text: written) };
            view = view with { Version = view.Version + 1, Events = view.Events.Insert(0, scan), EventCount = view.EventCount + 1 };
            host.Parcels.Publish(view);
            await page.WaitForFunctionAsync("n => +document.getElementById('lines').dataset.n >= n", view.EventCount);
            (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth")).ShouldBeFalse(written[..8]);
            (await page.Locator("[data-s=where]").InnerTextAsync()).Length.ShouldBeInRange(10, 100);
        }
        (await page.EvaluateAsync<int>("document.querySelectorAll('main img, main script').length")).ShouldBe(0);
        await page.ReloadAsync();   // and drawn anew
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth")).ShouldBeFalse();
        trouble.ShouldBeEmpty();
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Chromium.Screenshots, "hardship-words.png"), FullPage = true });
    }

    [Fact]
    public async Task A_logo_with_script_in_it_is_not_shown_and_the_shops_name_stands_in_its_place()
    {
        var logo = "data:image/svg+xml;base64," + Convert.ToBase64String(Encoding.UTF8.GetBytes("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><script>alert(1)</script><rect width=\"9\" height=\"9\"/></svg>"));
        await using var host = await PageHost.StartAsync(new() { ["Retailers:demo:Branding:Logo"] = logo });
        var (token, _) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        var dialogs = 0;
        page.Dialog += (_, dialog) => { dialogs++; _ = dialog.DismissAsync(); };
        await page.GotoAsync($"{host.Address}/t/{token}");
        await page.Locator("#live[data-is=on]").WaitForAsync();
        (await page.Locator(".shop").InnerTextAsync()).ShouldBe("Maple & Thread");
        (await page.Locator("img").CountAsync()).ShouldBe(0);
        dialogs.ShouldBe(0);
        ConfiguredBrands.Problems(host.Get<Microsoft.Extensions.Configuration.IConfiguration>()).ShouldHaveSingleItem().ShouldContain("<script>");   // the shop is told
    }

    [Theory]
    [InlineData(24), InlineData(-24)]
    public async Task A_phone_whose_clock_is_a_day_off_tells_the_right_age_of_the_news(int hours)
    {
        await using var host = await PageHost.StartAsync();
        var (token, _) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.AddInitScriptAsync($$"""{ const D = Date, off = {{hours}} * 36e5; window.Date = class extends D { constructor(...a) { a.length ? super(...a) : super(D.now() + off); } static now() { return D.now() + off; } }; }""");
        await page.GotoAsync($"{host.Address}/t/{token}");
        await page.Locator("#live[data-is=on]").WaitForAsync();
        (await page.Locator("[data-s=fresh]").TextContentAsync())!.ShouldMatch("^Carrier last heard 1[45] minutes ago, next scan expected by ");
    }

    [Fact]
    public async Task A_page_left_open_for_a_week_says_no_today_of_last_week_and_still_hears_what_is_new()
    {
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        await using var host = await PageHost.StartAsync(clock: clock);
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(clock.GetUtcNow(), TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin")).DateTime);
        var (token, view) = host.Parcels.Add(with: v => v with { Window = new ShownWindow(today, today, .9, clock.GetUtcNow(), 1, WindowReason.First) });
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.Clock.InstallAsync(new ClockInstallOptions { TimeDate = clock.GetUtcNow().UtcDateTime });
        await page.GotoAsync($"{host.Address}/t/{token}");
        await page.Locator("#live[data-is=on]").WaitForAsync();
        (await page.Locator("[data-s=when]").TextContentAsync())!.ShouldStartWith("Today, ");
        for (var day = 1; day <= 7; day++)
        {
            clock.Advance(TimeSpan.FromDays(1));
            await page.Clock.FastForwardAsync((long)TimeSpan.FromDays(1).TotalMilliseconds);
            await page.WaitForFunctionAsync($"() => document.querySelector('[data-s=fresh]').textContent.includes('{(day == 1 ? "24 hours" : day + " days")} ago')");
        }
        await page.Locator("[data-s=when]", new PageLocatorOptions { HasText = "Day not known yet" }).WaitForAsync();
        (await page.Locator("[data-s=where]").TextContentAsync()).ShouldBe("Last seen in Hannover");
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Chromium.Screenshots, "hardship-week.png") });

        host.Parcels.Publish(view with { Version = view.Version + 1, Status = Milestone.Delivered, RecordedAt = clock.GetUtcNow(), LastHeardAt = clock.GetUtcNow() });
        for (var i = 0; i < 10 && await page.Locator("[data-s=status]").TextContentAsync() != "Delivered"; i++) await page.Clock.FastForwardAsync(31_000);   // it was coming back by itself
        (await page.Locator("[data-s=status]").TextContentAsync()).ShouldBe("Delivered");
    }

    // Nothing in the page ran meanwhile, and its monotonic clock stood still: that is how phones sleep.
    [Theory]
    [InlineData(true), InlineData(false)]
    public async Task A_phone_that_slept_for_a_week_tells_the_truth_as_soon_as_it_is_looked_at(bool online)
    {
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        await using var host = await PageHost.StartAsync(clock: clock);
        var (token, _) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.AddInitScriptAsync("{ const now = Date.now; window.slept = 0; Date.now = () => now() + window.slept; }");
        await page.GotoAsync($"{host.Address}/t/{token}");
        await page.Locator("#live[data-is=on]").WaitForAsync();
        clock.Advance(TimeSpan.FromDays(7));
        if (!online) await visitor.SetOfflineAsync(true);
        await page.EvaluateAsync("window.slept = 7 * 864e5; document.dispatchEvent(new Event('visibilitychange'))");
        await page.WaitForFunctionAsync("() => document.querySelector('[data-s=fresh]').textContent.includes('7 days ago')");
        if (online) await page.Locator("[data-s=when]", new PageLocatorOptions { HasText = "Day not known yet" }).WaitForAsync();
    }

    // Five places of a link, two hundred tabs (a dozen where everything is in a hurry): the others poll, and all of them tell the same.
    [Fact]
    public async Task Whoever_opens_very_many_tabs_sees_the_same_in_each_of_them()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var tabs = new List<IPage>();
        for (var i = 0; i < (Chromium.IsFull ? 200 : 12); i++)
        {
            tabs.Add(await visitor.NewPageAsync());
            (await tabs[i].GotoAsync($"{host.Address}/t/{token}"))!.Status.ShouldBe(200);
            await tabs[i].Locator(i < 5 ? "#live[data-is=on]" : "#live[data-is=often]").WaitForAsync();
        }
        host.Get<LivePages>().Slots().Count().ShouldBe(5);
        host.Parcels.Publish(view with { Version = view.Version + 1, Status = Milestone.Delivered });
        foreach (var tab in tabs)
        {
            await tab.EvaluateAsync("dispatchEvent(new Event('online'))");   // instead of waiting for the next round
            await tab.Locator("[data-s=status]", new PageLocatorOptions { HasText = "Delivered" }).WaitForAsync();
        }
    }

    [Fact]
    public async Task Beyond_the_sockets_of_its_address_a_page_polls()
    {
        await using var host = await PageHost.StartAsync(new() { ["Live:SocketsPerAddress"] = "1", ["Live:CountLoopback"] = "true" });
        await using var visitor = await chromium.VisitorAsync();
        var tabs = new List<IPage>();
        for (var i = 0; i < 2; i++)
        {
            tabs.Add(await visitor.NewPageAsync());
            await tabs[i].GotoAsync($"{host.Address}/t/{host.Parcels.Add().Token}");
            await tabs[i].Locator(i == 0 ? "#live[data-is=on]" : "#live[data-is=often]").WaitForAsync();
        }
        (await tabs[1].Locator("[data-s=where]").TextContentAsync()).ShouldBe("Last seen in Hannover");
    }
}
