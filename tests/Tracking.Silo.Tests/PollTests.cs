using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Tracking.Testing;

namespace Tracking.Silo.Tests;

/// <summary>The real program asks stand-in carriers over real sockets, and records what they answer the way a feed is recorded.</summary>
public sealed class PollTests
{
    private const string Ups = "1Z7X904E0342100870", FedEx = "612904551027", Usps = "9400111899560440177222", Dhl = "4629105526";

    private static readonly string[] Carriers = ["ups", "fedex", "usps", "dhl"];

    private static string[] Settings(StandInCarrier carrier)
        => ["--Retailers:acme:Keys:0=acme-key",
            .. Carriers.SelectMany(c => new[]
            {
                $"--Retailers:acme:Polls:{c}-1:Carrier={c}", $"--Retailers:acme:Polls:{c}-1:ClientId=id", $"--Retailers:acme:Polls:{c}-1:ClientSecret=secret-{c}",
                $"--Retailers:acme:Polls:{c}-1:BaseAddress={carrier.Address}", $"--Retailers:acme:Polls:{c}-1:RequestsPerMinute=600",
            }),
            "--Retailers:acme:Feeds:easy-1:Format=easypost",
            // Its carrier pushes: never asked, although there is an account.
            "--Retailers:pushed:Keys:0=pushed-key", "--Retailers:pushed:Feeds:ups-push-1:Format=ups",
            "--Retailers:pushed:Polls:ups-2:Carrier=ups", "--Retailers:pushed:Polls:ups-2:ClientId=id", "--Retailers:pushed:Polls:ups-2:ClientSecret=x", $"--Retailers:pushed:Polls:ups-2:BaseAddress={carrier.Address}"];

    [Fact]
    public async Task Live_shipments_are_asked_for_and_their_answers_recorded_and_a_restart_asks_nothing_twice()
    {
        using var scratch = new Scratch();
        using var carrier = new StandInCarrier();
        var dhl = 0;
        carrier.Answer = asked => asked switch
        {
            { Path: var p } when p.Contains(Ups, StringComparison.Ordinal) => (200, Sample("ups/track-api.json"), null),
            { Path: var p, Body: var b } when p.StartsWith("/track/v1/", StringComparison.Ordinal) && b.Contains(FedEx, StringComparison.Ordinal) => (200, Sample("fedex/two-parcels-one-number.json"), null),
            { Path: var p } when p.Contains(Usps, StringComparison.Ordinal) => (200, Sample("usps/tracking-v3.json"), null),
            { Path: var p } when p.Contains(Dhl, StringComparison.Ordinal) && Interlocked.Increment(ref dhl) == 1 => (429, "", 1),
            { Path: var p } when p.Contains(Dhl, StringComparison.Ordinal) => (200, Sample("dhl/unified.json"), null),
            _ => (404, """{"title":"No result found","status":404}""", null),
        };
        (string Slug, string Number)[] parcels = [("ups", Ups), ("fedex", FedEx), ("usps", Usps), ("dhl", Dhl), ("dhl-express", "1111111111")];

        await using (var silo = await SiloProcess.StartAsync(scratch.Folder, Settings(carrier)))
        {
            foreach (var (slug, number) in parcels) await LabelAsync(silo, "acme-key", slug, number);
            await LabelAsync(silo, "pushed-key", "ups", "1Z7X904E0342100999");
            // A shipment that only an aggregator's webhook told of.
            using (var hook = await silo.Client.PostAsync(new Uri("/v1/feeds/easypost/easy-1", UriKind.Relative), new StringContent(
                """{"object":"Event","description":"tracker.updated","mode":"production","result":{"object":"Tracker","tracking_code":"9400111899560440177333","carrier":"USPS","status":"in_transit","tracking_details":[{"message":"Arrived","status":"in_transit","datetime":"2026-11-20T10:00:00Z","tracking_location":{"city":"MACON","state":"GA","zip":"31201"}}]}}""")))
                hook.EnsureSuccessStatusCode();

            foreach (var (slug, number) in parcels[..4]) await silo.UntilAsync("acme-key", $"/v1/shipments/{slug}/{number}/history", body => body.Contains("\"channel\":\"poll\"", StringComparison.Ordinal));
            await silo.UntilMetricAsync("tracking_poll_answers_total{carrier=\"dhl\",outcome=\"not_found\"} 1");

            // Every answer came with its original, and says where in it.
            using var history = JsonDocument.Parse(await silo.GetAsync("acme-key", $"/v1/shipments/ups/{Ups}/history"));
            var scan = history.RootElement.GetProperty("entries").EnumerateArray().SelectMany(e => e.GetProperty("scans").EnumerateArray()).First(s => s.GetProperty("source").GetProperty("channel").GetString() == "poll");
            scan.GetProperty("evidence").GetProperty("payloadId").GetString().ShouldNotBeNullOrEmpty();

            var metrics = await silo.GetAsync("acme-key", "/metrics");
            metrics.ShouldContain("tracking_poll_asked_total{carrier=\"ups\"} 1");
            metrics.ShouldContain("tracking_poll_answers_total{carrier=\"ups\",outcome=\"answered\"} 1");
            metrics.ShouldContain("tracking_poll_answers_total{carrier=\"dhl\",outcome=\"refused\"} 1");
            await silo.SaysAsync("Carriers are asked for live shipments: dhl for acme, fedex for acme, ups for acme, usps for acme, ups for pushed.");
            await silo.SaysAsync("ups is not asked for pushed");
            silo.Output.ShouldNotContain("secret-");
            (await silo.StopAsync()).ShouldBe(0);
        }
        carrier.Questions.ShouldNotContain(q => q.Path.Contains("1Z7X904E0342100999", StringComparison.Ordinal));
        carrier.Questions.ShouldNotContain(q => q.Path.Contains("9400111899560440177333", StringComparison.Ordinal));
        carrier.TokenRequests.Count.ShouldBe(3);   // DHL has a key

        var asked = carrier.Questions.Count;
        await using (var again = await SiloProcess.StartAsync(scratch.Folder, Settings(carrier)))
        {
            await again.UntilMetricAsync("tracking_poll_watched{carrier=\"ups\"} 1");
            await again.UntilMetricAsync("tracking_poll_watched{carrier=\"dhl\"} 2");
            carrier.Questions.Count.ShouldBe(asked);
        }
    }

    [Fact]
    public async Task Check_names_what_is_wrong_with_an_account_and_what_is_never_used()
    {
        using var scratch = new Scratch();
        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "check", "--Retailers:acme:Keys:0=acme-key",
            "--Retailers:acme:Polls:a:Carrier=evri", "--Retailers:acme:Polls:b:Carrier=ups", "--Retailers:acme:Polls:b:ClientSecret=s3cret", "--Retailers:acme:Polls:b:BaseAddress=http://example.com/",
            "--Retailers:acme:Polls:c:Carrier=dhl", "--Retailers:acme:Polls:c:RequestsPerMinute=0", "--Retailers:acme:Feeds:f:Format=dhl");
        code.ShouldBe(1);
        output.ShouldContain("Retailers:acme:Polls:a:Carrier is 'evri'");
        output.ShouldContain("Retailers:acme:Polls:b:ClientId is missing");
        output.ShouldContain("Retailers:acme:Polls:b:BaseAddress is 'http://example.com/': credentials go over https");
        output.ShouldContain("Retailers:acme:Polls:c:ClientSecret is missing");
        output.ShouldContain("Retailers:acme:Polls:c:RequestsPerMinute is 0");
        output.ShouldContain("note: Retailers:acme:Polls:c is not used: the feed f pushes dhl");
        output.ShouldNotContain("s3cret");
    }

    private static string Sample(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Samples", name));

    private static async Task LabelAsync(SiloProcess silo, string key, string carrier, string number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/scans")
        {
            Content = new StringContent($$"""{"carrier":"{{carrier}}","trackingNumber":"{{number}}","status":"LABEL_CREATED","occurredAt":"{{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ssZ}}"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await silo.Client.SendAsync(request);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("accepted");
    }
}
