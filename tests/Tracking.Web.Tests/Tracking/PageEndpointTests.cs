using System.Net;
using System.Text.Json;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Live;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

public sealed class PageEndpointTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_link_opens_its_parcels_page()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, _) = host.Parcels.Add();
        var answer = await client.GetAsync($"/t/{token}", Cancel);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
        (await answer.Content.ReadAsStringAsync(Cancel)).ShouldContain("Last seen in Hannover");
    }

    [Theory]
    [InlineData("/t/{token}"), InlineData("/t/{token}/view.json"), InlineData("/t/{token}/calendar.ics"), InlineData("/t/nowhere"), InlineData("/t/nowhere/view.json"), InlineData("/t/nowhere/events"), InlineData("/assets/none.js")]
    public async Task Every_answer_forbids_what_a_page_does_not_need(string path)
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, _) = host.Parcels.Add();
        var answer = await client.GetAsync(path.Replace("{token}", token), Cancel);
        string One(string name) => answer.Headers.TryGetValues(name, out var values) || answer.Content.Headers.TryGetValues(name, out values) ? string.Join("|", values) : "";
        var styles = One("Content-Security-Policy").Contains("sha256", StringComparison.Ordinal) ? $" '{TrackingPage.BrandStyle(Frames.Of("en").Brand).Digest}' '{Assets.StyleDigest}'" : " 'none'";
        One("Content-Security-Policy").ShouldBe($"default-src 'none'; script-src 'self'; style-src{styles}; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
        One("X-Content-Type-Options").ShouldBe("nosniff");
        One("Referrer-Policy").ShouldBe("no-referrer");
        One("Permissions-Policy").ShouldContain("camera=()");
        One("X-Robots-Tag").ShouldBe("noindex");
        One("Cache-Control").ShouldContain("no-store");
    }

    [Fact]
    public async Task Unknown_cut_long_and_revoked_links_get_one_and_the_same_answer()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, _) = host.Parcels.Add();
        var (revoked, _) = host.Parcels.Add();
        host.Parcels.Revoke(revoked);
        var bodies = new List<string>();
        foreach (var wrong in new[] { "AAAAAAAAAAAAAAAAAAAAAA", token[..10], revoked, new string('x', 300), "%3Cscript%3E", "..%2f..%2fetc" })
        {
            var answer = await client.GetAsync("/t/" + wrong, Cancel);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, wrong);
            bodies.Add(await answer.Content.ReadAsStringAsync(Cancel));
        }
        bodies.Distinct().ShouldHaveSingleItem().ShouldContain("This link leads nowhere");
    }

    [Fact]
    public async Task Whoever_tries_links_is_asked_to_wait()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        for (var i = 0; i < TokenGuesses.PerAddress; i++) (await client.GetAsync($"/t/guess{i}", Cancel)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var answer = await client.GetAsync("/t/guess31", Cancel);
        answer.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromMinutes(10));
        (await answer.Content.ReadAsStringAsync(Cancel)).ShouldContain("Too many tries");
    }

    [Fact]
    public async Task When_storage_is_away_the_page_says_so_calmly_and_tries_again()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, _) = host.Parcels.Add();
        host.Parcels.IsDown = true;
        var answer = await client.GetAsync($"/t/{token}", Cancel);
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(30));
        var page = await answer.Content.ReadAsStringAsync(Cancel);
        page.ShouldContain("Your parcel travels on all the same.");
        page.ShouldNotContain("storage");
        host.Parcels.IsDown = false;
        (await client.GetAsync($"/t/{token}", Cancel)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(null, "de-CH,de;q=0.9", "lang=\"de\""), InlineData("ar", "de", "lang=\"ar\" dir=\"rtl\""), InlineData("xx", null, "lang=\"en\"")]
    public async Task The_page_speaks_the_readers_language(string? asked, string? accepted, string expected)
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, _) = host.Parcels.Add();
        if (accepted is not null) client.DefaultRequestHeaders.Add("Accept-Language", accepted);
        (await client.GetStringAsync($"/t/{token}" + (asked is null ? "" : $"?lang={asked}"), Cancel)).ShouldContain(expected);
    }

    [Fact]
    public async Task A_snapshot_that_says_the_same_is_not_sent_again()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, view) = host.Parcels.Add();
        var first = await client.GetAsync($"/t/{token}/view.json?lang=de", Cancel);
        using var json = JsonDocument.Parse(await first.Content.ReadAsStringAsync(Cancel));
        json.RootElement.GetProperty("v").GetInt32().ShouldBe(view.Version);
        json.RootElement.GetProperty("status").GetString().ShouldBe("Unterwegs");

        async Task<HttpStatusCode> Again()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/t/{token}/view.json?lang=de");
            request.Headers.Add("If-None-Match", first.Headers.ETag!.ToString());
            return (await client.SendAsync(request, Cancel)).StatusCode;
        }
        (await Again()).ShouldBe(HttpStatusCode.NotModified);
        host.Parcels.SetQuietly(view with { Version = view.Version + 1, Status = Milestone.Delivered });
        (await Again()).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_script_may_be_kept_for_ever()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        client.DefaultRequestHeaders.Add("Accept-Encoding", "br");
        var answer = await client.GetAsync(Assets.Script.Path, Cancel);
        answer.Headers.CacheControl!.ToString().ShouldContain("immutable");
        answer.Content.Headers.ContentEncoding.ShouldBe(["br"]);
        (await answer.Content.ReadAsByteArrayAsync(Cancel)).Length.ShouldBe(Assets.Script.Brotli.Length);
    }

    [Fact]
    public async Task The_delivery_days_can_be_put_into_a_calendar_while_there_are_any()
    {
        await using var host = await PageHost.StartAsync();
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(host.Address) };
        var (token, _) = host.Parcels.Add();
        var (delivered, _) = host.Parcels.Add("delivered");
        (await client.GetStringAsync($"/t/{token}/calendar.ics", Cancel)).ShouldContain("SUMMARY:Parcel from Maple & Thread");
        var none = await client.GetAsync($"/t/{delivered}/calendar.ics", Cancel);
        none.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        none.Headers.Location!.ToString().ShouldBe($"/t/{delivered}");
    }

    [Fact]
    public async Task Opening_a_page_with_HEAD_says_the_same_without_a_body()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, _) = host.Parcels.Add();
        var answer = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/t/{token}"), Cancel);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentLength!.Value.ShouldBeGreaterThan(1_000);
    }

    [Theory]
    [InlineData("Development", HttpStatusCode.OK), InlineData("Production", HttpStatusCode.NotFound)]
    public async Task The_gallery_hangs_in_development_only(string environment, HttpStatusCode status)
    {
        await using var host = await PageHost.StartAsync(environment: environment);
        using var client = host.Client();
        (await client.GetAsync("/dev/gallery", Cancel)).StatusCode.ShouldBe(status);
        (await client.GetAsync("/dev/gallery/moving?lang=ar", Cancel)).StatusCode.ShouldBe(status);
    }

    [Fact]
    public void The_gallery_shows_every_state_a_page_must_draw() => GalleryViews.All.Select(v => v.View.Status).Distinct().Count().ShouldBe(Enum.GetValues<Milestone>().Length);
}
