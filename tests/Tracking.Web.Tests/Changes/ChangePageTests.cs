using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Visits;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

public sealed class ChangePageTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private static (string Token, ShipmentView View, HttpClient Client) Proven(PageHost host, string state = "moving")
    {
        var (token, view) = host.Parcels.Add(state);
        host.Parcels.People.Add(view.Key, FakePeople.Canary);
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(host.Address) };
        client.DefaultRequestHeaders.Add("Cookie", $"{PageVisits.LevelCookie}={host.Get<PageSeal>().Prove(token, VisitLevel.Proven)}");
        return (token, view, client);
    }

    // The form of one kind, as the page drew it.
    private static string FormOf(string page, string kind) => Regex.Match(page, $"name=\"form\" value=\"([^\"]+)\"><input type=\"hidden\" name=\"kind\" value=\"{kind}\"").Groups[1].Value;

    private static Task<HttpResponseMessage> AskAsync(HttpClient client, string token, string form, string kind, string? day = null, string? words = null)
        => client.PostAsync($"/t/{token}/change", new FormUrlEncodedContent([new("form", form), new("kind", kind), new("day", day ?? ""), new("words", words ?? "")]), Cancel);

    [Fact]
    public async Task Nobody_changes_a_delivery_with_the_link_or_the_postcode_alone()
    {
        await using var host = await PageHost.StartAsync();
        var (token, _, proven) = Proven(host);
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(host.Address) };
        (await client.GetAsync($"/t/{token}/change", Cancel)).Headers.Location!.ToString().ShouldBe($"/t/{token}/prove?then=change&lang=en");
        client.DefaultRequestHeaders.Add("Cookie", $"{PageVisits.LevelCookie}={host.Get<PageSeal>().Prove(token, VisitLevel.Known)}");
        (await AskAsync(client, token, host.Get<PageSeal>().Form(token), "safe-place", words: "shed")).Headers.Location!.ToString().ShouldEndWith("/prove?then=change&lang=en");
        (await proven.GetStringAsync($"/t/{token}/change", Cancel)).ShouldNotContain("shed");
    }

    [Fact]
    public async Task A_request_is_asked_once_however_often_its_form_is_sent_and_the_shops_answer_is_shown()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view, client) = Proven(host);
        var form = FormOf(await client.GetStringAsync($"/t/{token}/change", Cancel), "safe-place");
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AskAsync(client, token, form, "safe-place", words: "In the shed <b>left</b>")));
        answers.ShouldAllBe(a => a.StatusCode == HttpStatusCode.SeeOther);

        using var shop = host.Client();
        shop.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "demo");
        var path = $"/v1/shipments/{view.Key.Carrier}/{view.Key.Number}/changes";
        var change = JsonDocument.Parse(await shop.GetStringAsync(path, Cancel)).RootElement.GetProperty("changes").EnumerateArray().ShouldHaveSingleItem();
        change.GetProperty("words").GetString().ShouldBe("In the shed <b>left</b>");
        change.GetProperty("state").GetString().ShouldBe("asked");
        (await client.GetStringAsync($"/t/{token}/change", Cancel)).ShouldNotContain("<form method=\"post\"", customMessage: "one at a time");

        Task<HttpResponseMessage> SayAsync(string id, string body) => shop.PostAsync($"{path}/{id}", new StringContent(body, Encoding.UTF8, "application/json"), Cancel);
        var id = change.GetProperty("id").GetString()!;
        (await SayAsync(id, """{"state":"maybe"}""")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await SayAsync("none", """{"state":"accepted"}""")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await SayAsync(id, """{"state":"refused","reason":"The shed is locked."}""")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await (await SayAsync(id, """{"state":"refused"}""")).Content.ReadAsStringAsync(Cancel)).ShouldContain("\"repeated\":true");
        (await SayAsync(id, """{"state":"done"}""")).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        var page = await client.GetStringAsync($"/t/{token}/change", Cancel);
        page.ShouldContain("Refused");
        page.ShouldContain("The shed is locked.");
        page.ShouldContain("In the shed &lt;b&gt;left&lt;/b&gt;");
        (await client.GetStringAsync($"/t/{token}", Cancel)).ShouldContain("Leave it in a safe place");
        using var stranger = host.Client();
        (await stranger.GetStringAsync($"/t/{token}", Cancel)).ShouldNotContain("safe place");
        (await stranger.GetAsync(path, Cancel)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task What_does_not_fit_is_said_and_what_was_written_is_kept()
    {
        await using var host = await PageHost.StartAsync();
        var (token, _, client) = Proven(host);
        var page = await client.GetStringAsync($"/t/{token}/change", Cancel);
        var yesterday = DateTime.UtcNow.AddDays(-1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var late = await AskAsync(client, token, FormOf(page, "hold"), "hold", day: yesterday);
        late.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await late.Content.ReadAsStringAsync(Cancel)).ShouldContain("Please choose a day from tomorrow to 30 days ahead.");
        (await AskAsync(client, token, FormOf(page, "redirect"), "redirect", words: "   ")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await AskAsync(client, token, FormOf(page, "hold"), "bribe", day: "2026-12-01")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await AskAsync(client, token, "x", "hold", day: "2026-12-01")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_delivered_parcel_offers_no_change_and_says_why()
    {
        await using var host = await PageHost.StartAsync();
        var (token, _, client) = Proven(host, "delivered");
        (await client.GetStringAsync($"/t/{token}", Cancel)).ShouldNotContain("/change");
        (await client.GetStringAsync($"/t/{token}/change", Cancel)).ShouldContain("Nothing can be changed any more");
        (await AskAsync(client, token, host.Get<PageSeal>().Form(token), "safe-place", words: "porch")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }
}
