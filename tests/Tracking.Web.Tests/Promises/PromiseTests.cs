using System.Text;
using System.Text.Json;
using Tracking.Domain.Estimates;

namespace Tracking.Web.Tests.Promises;

public sealed class PromiseTests
{
    private static string Ask(string more = "") => $"/v1/promise?key={PromiseHost.Key}&country=US&postalCode=94107{more}";

    private static JsonElement First(JsonElement answer) => answer.GetProperty("services")[0];

    [Fact]
    public async Task A_shop_page_is_told_a_window_its_true_mass_and_until_when_to_order()
    {
        await using var host = await PromiseHost.StartAsync();

        var (status, body, answer) = await host.AskAsync(Ask(), PromiseHost.Shop);

        status.ShouldBe(200);
        var service = First(body);
        service.GetProperty("name").GetString().ShouldBe("Ground");
        service.GetProperty("orderBy").GetString().ShouldBe("2026-03-09T16:00:00-04:00");
        service.GetProperty("window").GetProperty("mass").GetDouble().ShouldBeGreaterThanOrEqualTo(0.8);
        service.GetProperty("by").GetProperty("mass").GetDouble().ShouldBeGreaterThanOrEqualTo(0.799);
        string.CompareOrdinal(service.GetProperty("ifLater").GetProperty("day").GetString(), service.GetProperty("by").GetProperty("day").GetString()).ShouldBeGreaterThanOrEqualTo(0);
        service.GetProperty("text").GetProperty("line").GetString()!.ShouldStartWith("Order by 16:00 to have it by ");
        service.GetProperty("basis").GetString().ShouldBe("published");
        answer.Headers.GetValues("Access-Control-Allow-Origin").Single().ShouldBe(PromiseHost.Shop);
        answer.Headers.CacheControl!.MaxAge.ShouldNotBeNull().ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task The_same_question_within_the_minute_is_answered_by_its_tag()
    {
        await using var host = await PromiseHost.StartAsync();
        var (_, _, first) = await host.AskAsync(Ask());
        host.Clock.Advance(TimeSpan.FromSeconds(20));

        (await host.AskAsync(Ask(), etag: first.Headers.ETag!.Tag)).Status.ShouldBe(304);
    }

    [Fact]
    public async Task After_the_cut_off_the_next_one_counts()
    {
        await using var host = await PromiseHost.StartAsync();
        host.Clock.MoveTo(PromiseHost.Monday.AddHours(6).AddMinutes(1));

        First((await host.AskAsync(Ask())).Body).GetProperty("orderBy").GetString().ShouldBe("2026-03-10T16:00:00-04:00");
    }

    [Fact]
    public async Task A_moment_may_be_asked_for()
    {
        await using var host = await PromiseHost.StartAsync();

        First((await host.AskAsync(Ask("&at=2026-03-14T09:00:00-04:00"))).Body).GetProperty("orderBy").GetString().ShouldBe("2026-03-16T16:00:00-04:00");   // a Saturday
    }

    [Fact]
    public async Task More_confidence_is_a_later_day_with_more_mass()
    {
        await using var host = await PromiseHost.StartAsync();
        var usual = First((await host.AskAsync(Ask())).Body).GetProperty("by");
        var sure = First((await host.AskAsync(Ask("&confidence=0.97"))).Body).GetProperty("by");

        sure.GetProperty("mass").GetDouble().ShouldBeGreaterThanOrEqualTo(0.969);
        string.CompareOrdinal(sure.GetProperty("day").GetString(), usual.GetProperty("day").GetString()).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task An_occasion_has_an_order_by_date_that_keeps_the_asked_reliability()
    {
        await using var host = await PromiseHost.StartAsync();

        var body = First((await host.AskAsync(Ask("&holiday=founders-day&reliability=0.95"))).Body);

        var occasion = body.GetProperty("orderBefore")[0];
        occasion.GetProperty("mass").GetDouble().ShouldBeGreaterThanOrEqualTo(0.95);
        var orderBy = occasion.GetProperty("orderBy").GetDateTimeOffset();
        orderBy.ShouldBeGreaterThan(PromiseHost.Monday);
        orderBy.ShouldBeLessThan(new DateTimeOffset(2026, 3, 20, 0, 0, 0, TimeSpan.Zero));
        var easier = First((await host.AskAsync(Ask("&holiday=founders-day&reliability=0.6"))).Body).GetProperty("orderBefore")[0].GetProperty("orderBy").GetDateTimeOffset();
        easier.ShouldBeGreaterThan(orderBy);
    }

    [Fact]
    public async Task An_occasion_that_is_too_near_says_so()
    {
        await using var host = await PromiseHost.StartAsync();
        host.Clock.MoveTo(new DateTimeOffset(2026, 3, 19, 14, 0, 0, TimeSpan.Zero));

        First((await host.AskAsync(Ask("&holiday=founders-day"))).Body).GetProperty("orderBefore")[0].GetProperty("orderBy").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task Delivery_windows_share_the_day()
    {
        await using var host = await PromiseHost.StartAsync();

        var windows = First((await host.AskAsync(Ask("&windows=true"))).Body).GetProperty("deliveryWindows");

        windows.GetArrayLength().ShouldBe(2);
        windows.EnumerateArray().Sum(w => w.GetProperty("share").GetDouble()).ShouldBeInRange(0.5, 1);
    }

    [Fact]
    public async Task A_shop_without_a_calendar_gets_a_band_and_no_cut_off()
    {
        await using var host = await PromiseHost.StartAsync();

        var service = First((await host.AskAsync("/v1/promise?key=tap_live_bare_publishable&country=DE&service=dhl-paket")).Body);

        service.TryGetProperty("orderBy", out _).ShouldBeFalse();
        service.GetProperty("window").GetProperty("mass").GetDouble().ShouldBeGreaterThanOrEqualTo(0.8);
    }

    [Fact]
    public async Task An_unknown_country_and_postcode_are_answered_with_what_they_rest_on()
    {
        await using var host = await PromiseHost.StartAsync();
        var known = First((await host.AskAsync(Ask())).Body);

        var (status, body, _) = await host.AskAsync($"/v1/promise?key={PromiseHost.Key}&country=XX&postalCode=nowhere");

        status.ShouldBe(200);
        First(body).GetProperty("basis").GetString().ShouldBe("published");
        Width(First(body)).ShouldBeGreaterThan(Width(known));
        static double Width(JsonElement service) => (service.GetProperty("p90").GetDateTimeOffset() - service.GetProperty("p10").GetDateTimeOffset()).TotalDays;
    }

    [Fact]
    public async Task What_was_learned_about_a_postcode_finds_its_region_and_is_said()
    {
        await using var host = await PromiseHost.StartAsync();
        var learner = new EddLearner();
        var start = PromiseHost.Monday.AddDays(-40);
        for (var i = 0; i < 60; i++)
        {
            var facts = new JourneyFacts
            {
                Carrier = "ups", Service = "GROUND", OriginCountry = "US", OriginRegion = "NJ", OriginPostalCode = "07114", DestinationCountry = "US", DestinationRegion = "CA", DestinationPostalCode = "94107",
            };
            learner.Advance(start.AddHours(i * 12));
            learner.Learn(new ClosedStage(facts, JourneyStage.Transit, start.AddHours(i * 12 - 40), start.AddHours(i * 12)));
        }
        host.Estimates.Current = learner.Publish(PromiseHost.Monday);

        var (_, body, _) = await host.AskAsync(Ask());

        body.GetProperty("destination").GetProperty("region").GetString().ShouldBe("CA");
        First(body).GetProperty("basis").GetString().ShouldBe("postcode");
        body.GetProperty("snapshot").GetInt64().ShouldBe(1);
    }

    [Theory]
    [InlineData("&country=USA", "country")]
    [InlineData("&at=yesterday", "at is no")]
    [InlineData("&confidence=2", "confidence")]
    [InlineData("&holiday=doomsday", "doomsday")]
    [InlineData("&service=/", "service")]
    [InlineData("&warehouse=atlantis", "atlantis")]
    [InlineData("&backlog=-1", "backlog")]
    public async Task What_is_asked_wrongly_is_said(string more, string says)
    {
        await using var host = await PromiseHost.StartAsync();

        var (status, body, _) = await host.AskAsync($"/v1/promise?key={PromiseHost.Key}{(more.Contains("country", StringComparison.Ordinal) ? "" : "&country=US")}{more}");

        status.ShouldBe(400);
        body.GetProperty("detail").GetString()!.ShouldContain(says);
    }

    [Fact]
    public async Task Only_named_origins_may_use_a_publishable_key_and_nobody_a_secret_one_in_an_address()
    {
        await using var host = await PromiseHost.StartAsync();

        (await host.AskAsync(Ask(), "https://elsewhere.example")).Status.ShouldBe(403);
        (await host.AskAsync("/v1/promise?key=acme-secret&country=US")).Body.GetProperty("type").GetString()!.ShouldEndWith("secret-in-address");
        (await host.AskAsync("/v1/promise?key=nobody-knows&country=US")).Status.ShouldBe(401);
        (await host.AskAsync("/v1/promise?country=US")).Status.ShouldBe(401);
        (await host.AskAsync("/v1/promise?country=US", bearer: "acme-secret")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task An_address_that_asks_too_often_is_told_when_to_come_back()
    {
        await using var host = await PromiseHost.StartAsync();
        var refused = 0;
        for (var i = 0; i < 110; i++)
            if ((await host.AskAsync(Ask())).Status == 429) refused++;

        refused.ShouldBe(10);   // a hundred at once
        host.Clock.Advance(TimeSpan.FromSeconds(1));
        (await host.AskAsync(Ask())).Status.ShouldBe(200);
    }

    [Fact]
    public async Task An_email_block_needs_no_script_and_speaks_the_asked_language()
    {
        await using var host = await PromiseHost.StartAsync();

        var html = await host.Client.GetStringAsync(new Uri($"/v1/promise/block?key={PromiseHost.Key}&country=US&lang=de", UriKind.Relative));
        var text = await host.Client.GetStringAsync(new Uri($"/v1/promise/block?key={PromiseHost.Key}&country=US&lang=de&format=text", UriKind.Relative));

        html.ShouldContain("<table");
        html.ShouldNotContain("<script");
        text.ShouldContain("Bis 16:00 bestellt");
    }

    [Fact]
    public async Task A_feed_dates_many_products_and_names_the_lines_it_cannot()
    {
        await using var host = await PromiseHost.StartAsync();
        using var csv = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/promise/feed", UriKind.Relative)) { Content = new StringContent("sku,country,postalCode\nshoe,US,94107\n\"hat, red\",Mars,1\n", Encoding.UTF8, "text/csv") };
        csv.Headers.Authorization = new("Bearer", "acme-secret");
        using var answer = await host.Client.SendAsync(csv);
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        lines.Length.ShouldBe(3);
        lines[1].ShouldStartWith("1,shoe,US,94107,ups,GROUND,2026-03-");
        lines[2].ShouldStartWith("2,\"hat, red\",");
        lines[2].ShouldEndWith("country is not two letters such as US.");
        lines.ShouldAllBe(l => l.Contains("hat", StringComparison.Ordinal) || l.Split('"')[0].Count(c => c == ',') >= 13);

        using var json = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/promise/feed", UriKind.Relative)) { Content = new StringContent("""{"items":[{"sku":"a","country":"US","service":["ups/GROUND","ups/2ND_DAY_AIR"]}]}""", Encoding.UTF8, "application/json") };
        json.Headers.Authorization = new("Bearer", "acme-secret");
        using var second = await host.Client.SendAsync(json);
        JsonDocument.Parse(await second.Content.ReadAsStringAsync()).RootElement.GetProperty("items").GetArrayLength().ShouldBe(2);
    }

    [Fact]
    public async Task A_feed_takes_the_secret_key()
    {
        await using var host = await PromiseHost.StartAsync();
        using var answer = await host.Client.PostAsync(new Uri($"/v1/promise/feed?key={PromiseHost.Key}", UriKind.Relative), new StringContent("sku,country\na,US\n", Encoding.UTF8, "text/csv"));
        ((int)answer.StatusCode).ShouldBe(403);
    }

    [Fact]
    public async Task The_script_is_small_keeps_no_cookie_and_needs_no_inline_anything()
    {
        await using var host = await PromiseHost.StartAsync();
        var script = await host.Client.GetByteArrayAsync(new Uri("/promise.v1.js", UriKind.Relative));

        script.Length.ShouldBeLessThanOrEqualTo(6 * 1024);
        var text = Encoding.UTF8.GetString(script);
        foreach (var never in new[] { "document.cookie", "localStorage", "innerHTML", "eval(", ".style.", "onclick" }) text.ShouldNotContain(never);
    }
}
