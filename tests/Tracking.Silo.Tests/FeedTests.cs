using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Tracking.Silo.Tests;

/// <summary>Feeds nobody wrote code for, through the real program's door: described while it runs, used at once, mended, and read again.</summary>
public sealed class FeedTests
{
    private const string Pipes = """
        {"format":"pipe-haulier","form":"delimited","separator":"|","number":"PARCEL","carrier":"pipe-haulier","code":["EVT","WHY"],
         "codes":{"COL":"ACCEPTED","MOV":"IN_TRANSIT","NOK/NH":"ATTEMPT_FAILED(recipient.unavailable)","FIN":"DELIVERED"},
         "date":{"columns":["DAY","HOUR"],"format":FORMATS,"noTime":"0000","zone":"Europe/Berlin"},"facility":"DEPOT","receiver":"WHO"}
        """;

    private static async Task<JsonElement> PostAsync(SiloProcess silo, string path, string body, string key = "acme-key")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "text/plain") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await silo.Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task<int> QuarantinedAsync(SiloProcess silo, string feed)
        => JsonDocument.Parse(await silo.GetAsync("acme-key", "/v1/quarantine")).RootElement.GetProperty("items").EnumerateArray().Count(i => i.TryGetProperty("feed", out var of) && of.GetString() == feed);

    private static async Task UntilKnownAsync(SiloProcess silo, string format)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/feeds/{format}") { Content = new StringContent("") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "acme-key");
            using var answer = await silo.Client.SendAsync(request, patience.Token);
            if (answer.StatusCode != HttpStatusCode.NotFound) return;
            await Task.Delay(100, patience.Token);   // the folder is looked at every few seconds
        }
    }

    [Fact]
    public async Task An_unseen_pipe_feed_and_an_unseen_xml_feed_are_added_while_it_runs_and_garbage_is_read_after_the_mapping_is_mended()
    {
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder, "--Retailers:acme:Keys:0=acme-key", "--Retailers:acme:Feeds:haul-1:Format=pipe-haulier");
        var formats = scratch.At("data/formats");
        Directory.CreateDirectory(formats);
        File.WriteAllText(Path.Combine(formats, "pipe-haulier.json"), Pipes.Replace("FORMATS", "\"dd.MM.yyyy HHmm\"", StringComparison.Ordinal));
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Samples", "flat", "nordvan.map.json"), Path.Combine(formats, "nordvan.json"));
        await UntilKnownAsync(silo, "pipe-haulier");
        await UntilKnownAsync(silo, "nordvan");

        // One row in a hundred is written in a way that the mapping does not know.
        var rows = new StringBuilder("PARCEL|EVT|WHY|DAY|HOUR|DEPOT|WHO\n");
        for (var i = 0; i < 300; i++) rows.Append(CultureInfo.InvariantCulture, $"PH{i:000000}|MOV||{(i % 100 == 50 ? "2026-11-02" : "02.11.2026")}|1432|D-1|\n");
        rows.Append("PH000000|NOK|NH|02.11.2026|1610|D-1|\nPH000000|FIN||03.11.2026|0000|D-1|MÜLLER\n");
        var results = (await PostAsync(silo, "/v1/feeds/pipe-haulier/haul-1", rows.ToString())).GetProperty("results").EnumerateArray().ToList();
        results.Count.ShouldBe(302);
        results.Count(r => r.GetProperty("outcome").GetString() == "accepted").ShouldBe(299);
        var garbage = results.Where(r => r.GetProperty("outcome").GetString() == "quarantined").ToList();
        garbage.Select(r => r.GetProperty("pointer").GetString()).ShouldBe(["line 52", "line 152", "line 252"]);

        var parcel = JsonDocument.Parse(await silo.GetAsync("acme-key", "/v1/shipments/pipe-haulier/PH000000")).RootElement;
        parcel.GetProperty("status").GetString().ShouldBe("DELIVERED");
        var events = parcel.GetProperty("events").EnumerateArray().ToList();
        events.Count.ShouldBe(3);
        events.ShouldContain(e => e.GetProperty("occurred").GetProperty("zoneSource").GetString() == "profile" && e.GetProperty("occurred").GetProperty("precision").GetString() == "day");

        // Visible, with the reason.
        (await QuarantinedAsync(silo, "haul-1")).ShouldBe(3);

        // The mapping learns the other way of writing; what was kept is read again.
        File.WriteAllText(Path.Combine(formats, "pipe-haulier.json"), Pipes.Replace("FORMATS", "[\"dd.MM.yyyy HHmm\",\"yyyy-MM-dd HHmm\"]", StringComparison.Ordinal));
        foreach (var id in garbage.Select(r => r.GetProperty("quarantineId").GetString()))
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            while (true)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/quarantine/{id}/replay");
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "acme-key");
                using var answer = await silo.Client.SendAsync(request, patience.Token);
                if (answer.IsSuccessStatusCode) break;
                ((int)answer.StatusCode).ShouldBe(422);   // until the folder is looked at again
                await Task.Delay(100, patience.Token);
            }
        }
        (await silo.GetAsync("acme-key", "/v1/shipments/pipe-haulier/PH000150")).ShouldContain("\"IN_TRANSIT\"");
        (await QuarantinedAsync(silo, "haul-1")).ShouldBe(0);

        // The nested XML feed, by the retailer's key.
        var xml = await PostAsync(silo, "/v1/feeds/nordvan", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Samples", "flat", "nordvan.xml")));
        xml.GetProperty("results").EnumerateArray().Count(r => r.GetProperty("outcome").GetString() == "accepted").ShouldBeGreaterThan(2);
    }

    [Fact]
    public async Task A_retailer_that_sends_more_than_its_quota_is_told_when_to_come_back_and_others_are_not()
    {
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder, "--Retailers:acme:Keys:0=acme-key", "--Retailers:acme:ScansPerSecond=5", "--Retailers:calm:Keys:0=calm-key");
        var rows = "carrier,trackingNumber,status,occurredAt\n" + string.Concat(Enumerable.Range(0, 400).Select(i => string.Create(CultureInfo.InvariantCulture, $"dpd,Q{i},IN_TRANSIT,2026-11-01T10:00:00Z\n")));
        await PostAsync(silo, "/v1/feeds/csv", rows);   // let in whole, and overdrawn

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/feeds/csv") { Content = new StringContent(rows) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "acme-key");
        using var refused = await silo.Client.SendAsync(request);
        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeInRange(10, 70);
        refused.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        await PostAsync(silo, "/v1/feeds/csv", rows, "calm-key");
    }
}
