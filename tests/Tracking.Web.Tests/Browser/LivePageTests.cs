using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Live;
using Tracking.Web.Pages;
using Tracking.Web.Tests.Pages;

namespace Tracking.Web.Tests.Browser;

public sealed class LivePageTests(Chromium chromium)
{
    private static ShipmentView Next(ShipmentView view, Milestone status, string city, Func<ShipmentView, ShipmentView>? with = null)
    {
        var now = DateTimeOffset.UtcNow;
        var scan = view.Events[0] with
        {
            Key = new DedupKey((ulong)view.Version, (ulong)status), Status = status, Occurred = OccurredTime.At(now.ToOffset(TimeSpan.FromHours(1)), Precision.Minute), At = now,
            Place = new Place(City: city, Country: "DE"), Modifiers = default, Reason = default,
        };
        var next = view with { Version = view.Version + 1, RecordedAt = now, LastHeardAt = now, Status = status, Since = now, Events = view.Events.Insert(0, scan), EventCount = view.EventCount + 1 };
        return with is null ? next : with(next);
    }

    /// <summary>Blocks transports as a hostile network would.</summary>
    private static Action<WebApplication> Without(bool sockets, bool events) => app => app.Use(async (http, next) =>
    {
        if (sockets && http.Request.Path.StartsWithSegments("/hubs") || events && http.Request.Path.Value!.EndsWith("/events", StringComparison.Ordinal))
        {
            http.Response.StatusCode = StatusCodes.Status502BadGateway;
            return;
        }
        await next(http);
    });

    private static Task LiveAsync(IPage page, string how = "on") => page.Locator($"#live[data-is={how}]").WaitForAsync();

    [Fact]
    public async Task Without_script_everything_is_readable_and_the_language_can_be_switched()
    {
        await using var host = await PageHost.StartAsync();
        var (token, _) = host.Parcels.Add("pieces");
        await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        var text = await page.Locator("main").InnerTextAsync();
        foreach (var said in new[] { "Partly delivered", "In the delivery van, from Berlin", "1 more parcel is still on its way.", "No, nothing.", "2 of 3 delivered", "What happened" }) text.ShouldContain(said);
        await page.Locator("#lang").SelectOptionAsync("ar");
        await page.Locator("form.lang button").ClickAsync();
        (await page.Locator("html").GetAttributeAsync("dir")).ShouldBe("rtl");
        (await page.Locator("#pause").IsVisibleAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task A_scan_moves_the_open_page_without_a_reload()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);
        page.Console += (_, line) => { if (line.Type == "error") errors.Add(line.Text); };
        await page.GotoAsync($"{host.Address}/t/{token}");
        await LiveAsync(page);
        await page.EvaluateAsync("window.mine = 1");
        host.Parcels.Publish(Next(view, Milestone.OutForDelivery, "Potsdam"));
        await page.GetByText("In the delivery van, from Potsdam").WaitForAsync();
        (await page.Locator("[data-s=status]").TextContentAsync()).ShouldBe("Out for delivery");
        (await page.Locator("#lines li").First.Locator(".what").TextContentAsync()).ShouldBe("Out for delivery");
        (await page.TitleAsync()).ShouldStartWith("Out for delivery");
        (await page.EvaluateAsync<int>("window.mine")).ShouldBe(1);
        errors.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true, false, "on"), InlineData(true, true, "often")]
    public async Task Where_sockets_are_blocked_the_next_way_is_taken(bool sockets, bool events, string how)
    {
        await using var host = await PageHost.StartAsync(before: Without(sockets, events));
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        await LiveAsync(page, how);
        if (how == "often")
        {
            // While nothing is new, asking costs an empty answer.
            var answer = await page.RunAndWaitForResponseAsync(() => page.EvaluateAsync("dispatchEvent(new Event('online'))"), "**/view.json*");
            answer.Status.ShouldBe(304);
        }
        host.Parcels.Publish(Next(view, Milestone.Delivered, "Potsdam"));
        if (how == "often") await page.EvaluateAsync("dispatchEvent(new Event('online'))");   // instead of waiting for the next round
        await page.GetByText("Delivered in Potsdam").WaitForAsync();
    }

    [Fact]
    public async Task Where_every_way_is_blocked_a_reload_still_shows_what_is_new()
    {
        await using var host = await PageHost.StartAsync(before: app => app.Use(async (http, next) =>
        {
            if (http.Request.Path.StartsWithSegments("/hubs") || http.Request.Path.Value!.EndsWith("/events", StringComparison.Ordinal) || http.Request.Path.Value.EndsWith("/view.json", StringComparison.Ordinal)) { http.Response.StatusCode = 502; return; }
            await next(http);
        }));
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        host.Parcels.Publish(Next(view, Milestone.Delivered, "Potsdam"));
        await page.GetByText("Refresh", new PageGetByTextOptions { Exact = true }).ClickAsync();
        await page.GetByText("Delivered in Potsdam").WaitForAsync();
    }

    [Theory]
    [InlineData(360, "en"), InlineData(1280, "en"), InlineData(360, "de"), InlineData(768, "ar")]
    public async Task Fifty_updates_shift_nothing(int width, string lang)
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = 800 } });
        var page = await visitor.NewPageAsync();
        await page.AddInitScriptAsync("window.cls = []; new PerformanceObserver(l => { for (const e of l.getEntries()) window.cls.push(e.value.toFixed(4) + ' ' + e.sources.map(s => s.node && (s.node.outerHTML || s.node.textContent).slice(0, 120) + ' ' + s.previousRect.y + ' to ' + s.currentRect.y).join('; ')); }).observe({ type: 'layout-shift', buffered: true });");
        await page.GotoAsync($"{host.Address}/t/{token}?lang={lang}");
        await LiveAsync(page);
        Milestone[] statuses = [Milestone.InTransit, Milestone.OutForDelivery, Milestone.AttemptFailed, Milestone.AvailableForPickup, Milestone.Exception];
        for (var i = 0; i < 50; i++)
        {
            var day = DateOnly.FromDateTime(DateTime.UtcNow.AddDays(1 + i % 3));
            view = Next(view, statuses[i % 5], i % 2 == 0 ? "Frankfurt an der Oder" : "Ulm", v => v with
            {
                Window = new ShownWindow(day, day.AddDays(i % 4), .9, DateTimeOffset.UtcNow, 1, i % 3 == 0 ? WindowReason.Disruption : WindowReason.StageReached, 1),
                WindowBefore = i % 2 == 0 ? new ShownWindow(day.AddDays(-1), day, .8, DateTimeOffset.UtcNow, 1, WindowReason.First) : null,
                Modifiers = i % 7 == 0 ? Modifiers.Contradiction : Modifiers.None,
            });
            host.Parcels.Publish(view);
            await page.WaitForFunctionAsync("n => +document.getElementById('lines').dataset.n >= n", view.EventCount);
        }
        await page.EvaluateAsync("new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))");
        (await page.EvaluateAsync<string[]>("window.cls")).ShouldBeEmpty($"at {width} px");
    }

    [Fact]
    public async Task A_page_that_was_offline_says_so_and_returns_to_the_newest()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.Clock.InstallAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        await LiveAsync(page);
        await visitor.SetOfflineAsync(true);
        await page.Locator("#live[data-is=wait]").WaitForAsync();
        await page.Clock.FastForwardAsync(10_000);
        await page.Locator("#bar:not([hidden])").WaitForAsync();
        (await page.Locator("#bar").TextContentAsync())!.ShouldStartWith("No connection. You see how things stood at ");
        (await page.Locator("[data-s=where]").TextContentAsync()).ShouldBe("Last seen in Hannover");
        host.Parcels.Publish(Next(view, Milestone.Delivered, "Potsdam"));
        await visitor.SetOfflineAsync(false);
        await page.GetByText("Delivered in Potsdam").WaitForAsync();
        await page.Locator("#bar").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Hidden });
    }

    [Fact]
    public async Task Live_updates_can_be_paused_by_keyboard_and_resumed()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        await LiveAsync(page);
        for (var i = 0; i < 20 && await page.EvaluateAsync<string>("document.activeElement.id") != "pause"; i++) await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await LiveAsync(page, "paused");
        while (host.Get<LivePages>().Slots().Any()) await Task.Yield();
        host.Parcels.Publish(Next(view, Milestone.Delivered, "Potsdam"));
        (await page.Locator("[data-s=where]").TextContentAsync()).ShouldBe("Last seen in Hannover");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Delivered in Potsdam").WaitForAsync();
    }

    [Fact]
    public async Task A_change_of_status_is_announced_once_in_a_full_sentence()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        await LiveAsync(page);
        (await page.Locator("#say").GetAttributeAsync("aria-live")).ShouldBe("polite");
        await page.EvaluateAsync("window.said = []; new MutationObserver(() => window.said.push(document.getElementById('say').textContent)).observe(document.getElementById('say'), { childList: true })");
        host.Parcels.Publish(view = Next(view, Milestone.InTransit, "Ulm"));   // moves, but says nothing new of when and how
        await page.GetByText("Last seen in Ulm").WaitForAsync();
        host.Parcels.Publish(Next(view, Milestone.Delivered, "Potsdam"));
        await page.WaitForFunctionAsync("() => window.said.length > 0");
        (await page.EvaluateAsync<string[]>("window.said")).ShouldHaveSingleItem().ShouldStartWith("Delivered. Delivered: ");
    }

    [Fact]
    public async Task A_hidden_page_closes_its_socket_and_comes_back_to_the_newest()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        await LiveAsync(page);
        await page.EvaluateAsync("document.getElementById('live').dataset.rest = 50; Object.defineProperty(document, 'visibilityState', { get: () => window.seen || 'hidden', configurable: true }); document.dispatchEvent(new Event('visibilitychange'))");
        while (host.Get<LivePages>().Slots().Any()) await Task.Yield();
        host.Parcels.Publish(Next(view, Milestone.Delivered, "Potsdam"));
        await page.EvaluateAsync("window.seen = 'visible'; document.dispatchEvent(new Event('visibilitychange'))");
        await page.GetByText("Delivered in Potsdam").WaitForAsync();
    }

    [Fact]
    public async Task A_page_left_and_come_back_to_is_live_again()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        await LiveAsync(page);
        await page.EvaluateAsync("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))");
        while (host.Get<LivePages>().Slots().Any()) await Task.Yield();
        host.Parcels.Publish(Next(view, Milestone.Delivered, "Potsdam"));
        await page.EvaluateAsync("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))");
        await page.GetByText("Delivered in Potsdam").WaitForAsync();
    }

    // Real pages, with script, logo and socket: HTML, script, logo and the live channel are all that is asked for.
    [Fact, Trait("Runtime", "none")]
    public async Task No_real_page_in_any_state_goes_over_its_budget()
    {
        var logo = "data:image/svg+xml;base64," + Convert.ToBase64String("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 10\"><rect width=\"40\" height=\"10\" fill=\"#0b5f5a\"/></svg>"u8);
        await using var host = await PageHost.StartAsync(new() { ["Retailers:demo:Branding:Logo"] = logo });
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        var asked = new List<string>();
        page.Request += (_, request) => { if (!request.Url.StartsWith("data:", StringComparison.Ordinal)) lock (asked) asked.Add(request.Url); };
        page.WebSocket += (_, socket) => { lock (asked) asked.Add(socket.Url); };
        string[] languages = ["en", "de", "ar", "fr", "es", "it"];
        var (over, n) = (new List<string>(), 0);
        var order = host.Parcels.Orders.Add("W-77", gift: false, [.. GalleryViews.All.Take(6).Select(v => host.Parcels.Add(v.Name).View)]);
        foreach (var path in GalleryViews.All.Select(v => $"/t/{host.Parcels.Add(v.Name).Token}").Append($"/o/{host.Get<PageSeal>().Order(order)}"))
        {
            lock (asked) asked.Clear();
            await page.GotoAsync($"{host.Address}{path}?lang={languages[n++ % languages.Length]}");
            if (path[1] == 't') await LiveAsync(page);
            var weighs = await page.EvaluateAsync<int[]>("[performance.getEntriesByType('navigation')[0].encodedBodySize, ...performance.getEntriesByType('resource').filter(e => e.initiatorType === 'script').map(e => e.encodedBodySize)]");
            lock (asked)
            {
                if (weighs[0] is 0 or > 14 * 1024) over.Add($"{path}: {weighs[0]} bytes of HTML");
                if (weighs.Length != 2 || weighs[1] is 0 or > 10 * 1024) over.Add($"{path}: scripts of {string.Join(" and ", weighs.Skip(1))} bytes");
                if (asked.Count > 6) over.Add($"{path}: asks {asked.Count} times: {string.Join(' ', asked)}");
                over.AddRange(asked.Where(url => new Uri(url).Authority != new Uri(host.Address).Authority).Select(url => $"{path}: asks {url}"));
            }
        }
        over.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_withdrawn_link_says_so_on_the_open_page()
    {
        await using var host = await PageHost.StartAsync(new() { ["Live:RenewSeconds"] = "1" });
        var (token, view) = host.Parcels.Add();
        await using var visitor = await chromium.VisitorAsync();
        var page = await visitor.NewPageAsync();
        await page.GotoAsync($"{host.Address}/t/{token}");
        await LiveAsync(page);
        host.Parcels.Revoke(token);
        host.Parcels.Publish(view with { Version = view.Version + 1, LinkGeneration = 1 });
        await page.GetByText("This link was withdrawn.").WaitForAsync();
        (await Axe.ViolationsAsync(page)).ShouldBeEmpty();
    }
}
