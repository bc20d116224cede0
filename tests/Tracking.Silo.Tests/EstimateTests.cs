using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Tracking.Testing;

namespace Tracking.Silo.Tests;

public sealed class EstimateTests
{
    private static readonly string[] Often = ["--Learning:PublishSeconds=1", "--Learning:LookSeconds=0.2"];

    private static Uri To(string path) => new(path, UriKind.Relative);

    [Theory]
    [InlineData("the default store")]
    [InlineData("PostgreSQL")]
    [InlineData("two shards")]
    public async Task A_retailers_own_history_is_imported_once_its_bad_lines_are_named_and_the_server_learns_it(string store)
    {
        using var scratch = new Scratch();
        var where = await StoredInAsync(store);
        var csv = new StringBuilder("id,orderedAt,handedOverAt,deliveredAt,carrier,service,originCountry,originRegion,country,region,postalCode\n");
        for (var i = 0; i < 700; i++)
        {
            var at = new DateTime(2026, 1, 5, 10, 0, 0).AddHours(i);
            csv.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"o{i},{at:s}Z,{at.AddHours(20):s}Z,{at.AddHours(44 + i % 5):s}Z,ups,GROUND,US,NJ,US,CA,94107");
        }
        csv.AppendLine("late,2026-02-01T00:00:00Z,2026-02-03T00:00:00Z,2026-02-02T00:00:00Z,ups,GROUND,US,NJ,US,CA,94107");
        csv.AppendLine("o3,2026-02-01T00:00:00Z,2026-02-02T00:00:00Z,2026-02-03T00:00:00Z,ups,GROUND,US,NJ,US,CA,94107");
        File.WriteAllText(scratch.At("history.csv"), csv.ToString());

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, ["learn", scratch.At("history.csv"), .. where]);
        code.ShouldBe(1, output);   // two lines could not be used
        output.ShouldContain("line 702: deliveredAt lies before handedOverAt");
        output.ShouldContain("line 703: the same parcel stands on an earlier line");
        output.ShouldContain("2100 moments of 700 deliveries are stored");
        (_, output) = await SiloProcess.RunAsync(scratch.Folder, ["learn", scratch.At("history.csv"), .. where]);
        output.ShouldContain("imported before");

        await using var silo = await SiloProcess.StartAsync(scratch.Folder, [.. Often, .. where]);
        var learned = await UntilAsync(silo, "/v1/calibration", c => c.GetProperty("waitsLearned").GetInt64() > 0);
        learned.GetProperty("waitsLearned").GetInt64().ShouldBe(1_400);
        var promise = await silo.Client.GetFromJsonAsync<JsonElement>(To("/v1/promise?country=US&postalCode=94107&service=ups/GROUND&at=2026-02-10T15:00:00Z"));
        promise.GetProperty("destination").GetProperty("region").GetString().ShouldBe("CA");
    }

    [Theory]
    [InlineData("nothing.csv", "does not exist")]
    [InlineData("empty.csv", "names the columns")]
    [InlineData("wrong.csv", "no column 'handedOverAt'")]
    public async Task A_history_that_cannot_be_used_is_refused_in_one_line(string file, string says)
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch.At("empty.csv"), "");
        File.WriteAllText(scratch.At("wrong.csv"), "a,b\n1,2\n");

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "learn", scratch.At(file));

        code.ShouldBe(2);
        output.ShouldContain(says);
    }

    [Fact]
    public async Task A_notice_survives_kill_minus_nine_and_can_be_taken_back()
    {
        using var scratch = new Scratch();
        var notice = """{"id":"storm-1","kind":"storm","country":"US","region":"CA","from":"2026-11-01T00:00:00Z","to":"2026-11-20T00:00:00Z","days":2,"text":"Coast closed."}""";
        await using (var silo = await SiloProcess.StartAsync(scratch.Folder, Often))
        {
            (await PostAsync(silo, notice)).ShouldBe(HttpStatusCode.Created);
            (await PostAsync(silo, notice)).ShouldBe(HttpStatusCode.OK);
            (await PostAsync(silo, notice.Replace("\"days\":2", "\"days\":3", StringComparison.Ordinal))).ShouldBe(HttpStatusCode.Conflict);
            (await PostAsync(silo, notice.Replace("storm-1", "storm 2", StringComparison.Ordinal))).ShouldBe(HttpStatusCode.BadRequest);
            await silo.KillAsync();
        }
        await using var again = await SiloProcess.StartAsync(scratch.Folder, Often);
        (await again.Client.GetFromJsonAsync<JsonElement>(To("/v1/notices"))).GetProperty("notices").GetArrayLength().ShouldBe(1);
        using (var retracted = await again.Client.DeleteAsync(To("/v1/notices/storm-1"))) retracted.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var unknown = await again.Client.DeleteAsync(To("/v1/notices/never"));
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Our_own_export_can_be_backtested()
    {
        using var scratch = new Scratch();
        await using (var silo = await SiloProcess.StartAsync(scratch.Folder, Often))
        {
            var scans = string.Join('\n', new[] { ("LABEL_CREATED", "2026-03-02T09:00:00-05:00"), ("ACCEPTED", "2026-03-02T18:00:00-05:00"), ("DELIVERED", "2026-03-05T11:00:00-05:00") }
                .Select(s => $$"""{"carrier":"ups","trackingNumber":"1Z7X904E0342100870","status":"{{s.Item1}}","occurredAt":"{{s.Item2}}"}"""));
            using var posted = await silo.Client.PostAsync(To("/v1/scans"), new StringContent(scans, Encoding.UTF8, "application/x-ndjson"));
            posted.StatusCode.ShouldBe(HttpStatusCode.OK);
            await silo.StopAsync();
        }
        var (_, exported) = await SiloProcess.RunAsync(scratch.Folder, "export", "--decisions");
        File.WriteAllLines(scratch.At("export.jsonl"), exported.Split('\n').Where(l => l.StartsWith('{')));

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "backtest", scratch.At("export.jsonl"), "--json", scratch.At("report.json"), "--html", scratch.At("report.html"));

        code.ShouldBe(0, output);
        output.ShouldContain("of 1 shipments (0 lines left out)");
        JsonDocument.Parse(File.ReadAllText(scratch.At("report.json"))).RootElement.GetProperty("layout").GetString().ShouldBe("journal");
        File.ReadAllText(scratch.At("report.html")).ShouldContain("<table>");
    }

    [Fact]
    public async Task Check_names_every_mistake_of_a_shipping_calendar()
    {
        using var scratch = new Scratch();
        Directory.CreateDirectory(scratch.At("data/retailers"));
        File.WriteAllText(scratch.At("data/retailers/acme.json"), """
            {"Keys":["acme-secret"],"PublishableKeys":["tap_live_plain_text",{"Key":"tap_live_object","Origins":["https://shop.example/path"]}],
             "Shipping":{"Confidence":2,"Services":{"/":"x"},"Occasions":{"party":"tomorrow"},"DeliveryWindows":["noon"],
              "Warehouses":{"leipzig":{"Country":"Germany","Zone":"Mars/Olympus","CutOff":"teatime","WorkingDays":"never","SpecialDays":{"2026-12-24":"maybe"},"DailyCapacity":-1}}}}
            """);

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "check");

        code.ShouldBe(1);
        foreach (var says in new[] { "shop.example/path", "Confidence", "'/'", "tomorrow", "noon", "Germany", "Mars/Olympus", "teatime", "never", "maybe", "DailyCapacity" }.Where(s => s != "'/'")) output.ShouldContain(says);
    }

    private static async Task<string[]> StoredInAsync(string store)
    {
        if (store == "the default store") return [];
        var server = await PrivatePostgres.OrSkipAsync();
        string[] one = [$"--Storage:Postgres={await server.CreateDatabaseAsync()}"];
        return store == "PostgreSQL" ? one : [.. one, $"--Storage:Shards:east:Postgres={await server.CreateDatabaseAsync()}", "--Storage:Shards:east:Partitions=100-255"];
    }

    private static async Task<HttpStatusCode> PostAsync(SiloProcess silo, string notice)
    {
        using var answer = await silo.Client.PostAsync(To("/v1/notices"), new StringContent(notice, Encoding.UTF8, "application/json"));
        return answer.StatusCode;
    }

    // A process has a clock of its own: asked again until it says so, for at most half a minute.
    private static async Task<JsonElement> UntilAsync(SiloProcess silo, string path, Func<JsonElement, bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var answer = await silo.Client.GetFromJsonAsync<JsonElement>(To(path), patience.Token);
            if (holds(answer)) return answer;
            await Task.Delay(100, patience.Token);
        }
    }
}
