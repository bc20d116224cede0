using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tracking.Domain.Visits;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

public sealed class WidgetTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private static readonly Dictionary<string, string?> Shop = new()
    {
        ["Retailers:demo:Branding:Origins:0"] = "https://shop.example", ["Retailers:demo:Branding:Shop"] = "https://shop.example/",
        ["Retailers:demo:Branding:Logo"] = "data:image/svg+xml;base64," + Convert.ToBase64String(Encoding.UTF8.GetBytes("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 1\"><path d=\"M0 0h4v1H0z\"/></svg>")),
    };

    private static string One(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join("|", values) : "";

    [Fact]
    public async Task Only_the_shops_own_pages_may_show_the_card_inside_of_them()
    {
        await using var host = await PageHost.StartAsync(new(Shop));
        using var client = host.Client();
        var (token, _) = host.Parcels.Add();
        var embed = await client.GetAsync($"/t/{token}/embed", Cancel);
        One(embed, "Content-Security-Policy").ShouldContain("frame-ancestors https://shop.example");
        var page = await embed.Content.ReadAsStringAsync(Cancel);
        page.ShouldContain("Last seen in Hannover");
        page.ShouldNotContain("0034");
        embed.Headers.Contains("Set-Cookie").ShouldBeFalse();
        One(await client.GetAsync($"/t/{token}", Cancel), "Content-Security-Policy").ShouldContain("frame-ancestors 'none'");
        await using var none = await PageHost.StartAsync();
        var (other, _) = none.Parcels.Add();
        using var stranger = none.Client();
        One(await stranger.GetAsync($"/t/{other}/embed", Cancel), "Content-Security-Policy").ShouldContain("frame-ancestors 'none'");
    }

    [Fact]
    public async Task A_shop_that_draws_its_own_page_gets_words_and_data_for_its_origin_only()
    {
        await using var host = await PageHost.StartAsync(new(Shop));
        using var client = host.Client();
        var (token, view) = host.Parcels.Add();
        host.Parcels.People.Add(view.Key, FakePeople.Canary);
        async Task<HttpResponseMessage> FromAsync(string origin)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/t/{token}/parcel.json?lang=de");
            request.Headers.Add("Origin", origin);
            request.Headers.Add("Cookie", $"{PageVisits.LevelCookie}={host.Get<PageSeal>().Prove(token, VisitLevel.Proven)}");
            return await client.SendAsync(request, Cancel);
        }
        var answer = await FromAsync("https://shop.example");
        One(answer, "Access-Control-Allow-Origin").ShouldBe("https://shop.example");
        answer.Headers.Contains("Access-Control-Allow-Credentials").ShouldBeFalse();
        var body = await answer.Content.ReadAsStringAsync(Cancel);
        body.ShouldNotMatch("(?i)canar");
        var parcel = JsonDocument.Parse(body).RootElement;
        parcel.GetProperty("status").GetString().ShouldBe("IN_TRANSIT");
        parcel.GetProperty("text").GetProperty("status").GetString().ShouldBe("Unterwegs");
        parcel.GetProperty("window").GetProperty("confidence").GetDouble().ShouldBe(0.91);
        parcel.GetProperty("events").GetArrayLength().ShouldBe(3);
        One(await FromAsync("https://evil.example"), "Access-Control-Allow-Origin").ShouldBe("");
        (await client.GetAsync("/t/nowhere/parcel.json", Cancel)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_script_a_shop_includes_sets_no_cookie_and_may_be_fetched_from_anywhere()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var answer = await client.GetAsync("/widget.js", Cancel);
        One(answer, "Cross-Origin-Resource-Policy").ShouldBe("cross-origin");
        var script = await answer.Content.ReadAsStringAsync(Cancel);
        script.ShouldNotContain("cookie =");
        script.ShouldNotContain("localStorage");
        script.ShouldNotContain("innerHTML");
        Assets.Widget.Brotli.Length.ShouldBeLessThanOrEqualTo(1_024);
    }

    [Fact]
    public async Task The_logo_comes_from_us_and_is_only_a_picture()
    {
        await using var host = await PageHost.StartAsync(new(Shop));
        using var client = host.Client();
        var (token, _) = host.Parcels.Add();
        var page = await client.GetStringAsync($"/t/{token}", Cancel);
        var path = Regex.Match(page, "<img src=\"([^\"]+)\" alt=\"Maple &amp; Thread\" width=\"112\" height=\"28\">").Groups[1].Value;
        var logo = await client.GetAsync(path, Cancel);
        logo.Content.Headers.ContentType!.MediaType.ShouldBe("image/svg+xml");
        One(logo, "Content-Security-Policy").ShouldBe("default-src 'none'; sandbox");
        page.ShouldContain("<a href=\"https://shop.example/\" rel=\"noopener\">To Maple &amp; Thread</a>");
        (await client.GetAsync("/assets/logo.0000000000000000.svg", Cancel)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_shared_link_shows_less_and_leads_no_further()
    {
        await using var host = await PageHost.StartAsync();
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(host.Address) };
        var (token, view) = host.Parcels.Add();
        host.Parcels.People.Add(view.Key, FakePeople.Canary);
        var shared = Regex.Match(await client.GetStringAsync($"/t/{token}", Cancel), "data-url=\"[^\"]*/t/([^\"]+)\"").Groups[1].Value;
        shared.ShouldStartWith("s.");
        shared.ShouldNotContain(token);
        var page = await client.GetStringAsync($"/t/{shared}", Cancel);
        page.ShouldContain("Somebody shared this parcel with you");
        page.ShouldContain("Last seen in Hannover");
        page.ShouldNotContain(view.Key.Number);
        page.ShouldNotContain(token);
        page.ShouldNotContain("/prove");
        page.ShouldNotContain("/change");
        foreach (var path in new[] { "prove", "change" }) (await client.GetAsync($"/t/{shared}/{path}", Cancel)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        // Not even with a cookie that somebody made for it.
        client.DefaultRequestHeaders.Add("Cookie", $"{PageVisits.LevelCookie}={host.Get<PageSeal>().Prove(shared, VisitLevel.Proven)}");
        (await client.GetStringAsync($"/t/{shared}", Cancel)).ShouldNotMatch("(?i)canar");
        (await client.GetAsync($"/t/{shared[..^2]}AA", Cancel)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        host.Parcels.Revoke(token);
        (await client.GetAsync($"/t/{shared}", Cancel)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Sharing_twice_gives_one_link_and_sharing_what_is_shared_the_same()
    {
        await using var host = await PageHost.StartAsync();
        var seal = host.Get<PageSeal>();
        seal.Share("tok").ShouldBe(seal.Share("tok"));
        seal.Share(seal.Share("tok")).ShouldBe(seal.Share("tok"));
        seal.Inner(seal.Share("tok"), out var shared).ShouldBe("tok");
        shared.ShouldBeTrue();
        foreach (var wrong in new[] { "s.", "s.x", "s." + new string('A', 80), "s." + new string('A', 500), "s.%%%%" }) seal.Inner(wrong, out _).ShouldBeNull();
    }

    [Theory]
    [InlineData("delivered", 59, HttpStatusCode.OK), InlineData("delivered", 61, HttpStatusCode.NotFound), InlineData("moving", 179, HttpStatusCode.OK), InlineData("moving", 181, HttpStatusCode.NotFound)]
    public async Task A_link_ends_some_time_after_its_parcel(string state, int days, HttpStatusCode status)
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, _) = host.Parcels.Add(state, v => v with { RecordedAt = DateTimeOffset.UtcNow.AddDays(-days) });
        (await client.GetAsync($"/t/{token}", Cancel)).StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task A_withdrawn_generation_of_links_opens_nothing()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, view) = host.Parcels.Add();
        host.Parcels.SetQuietly(view with { LinkGeneration = 1 });
        (await client.GetAsync($"/t/{token}", Cancel)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}
