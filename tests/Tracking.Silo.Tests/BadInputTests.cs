using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Tracking.Testing;

namespace Tracking.Silo.Tests;

/// <summary>Whatever is sent: a clear problem, the neighbours accepted, nothing lost, no 5xx.</summary>
public sealed class BadInputTests(BadInputTests.Running running) : IClassFixture<BadInputTests.Running>
{
    public sealed class Running : IAsyncLifetime
    {
        private readonly Scratch _scratch = new();
        internal SiloProcess Silo { get; private set; } = null!;
        public async ValueTask InitializeAsync() => Silo = await SiloProcess.StartAsync(_scratch.Folder);
        public async ValueTask DisposeAsync()
        {
            await Silo.DisposeAsync();
            _scratch.Dispose();
        }
    }

    private const string Good = """{"carrier":"ups","trackingNumber":"GOOD1","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z"}""";

    [Theory]
    [InlineData("{", 400, "json-syntax")]
    [InlineData("", 400, "json-syntax")]
    [InlineData("[" + Good + ",", 400, "json-syntax")]
    [InlineData("\"scan\"", 400, "json-type")]
    [InlineData("42", 400, "json-type")]
    public async Task A_body_that_is_no_scan_is_a_problem_document_and_stores_nothing(string body, int status, string type)
    {
        using var answer = await PostAsync(body, "application/json");
        ((int)answer.StatusCode).ShouldBe(status);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        problem.RootElement.GetProperty("type").GetString().ShouldEndWith("/" + type);
    }

    [Theory]
    [InlineData("""{"carrier":"ups","trackingNumber":"A1","status":"FLYING","occurredAt":"2026-11-20T10:00:00Z"}""", "scan-unknown-status")]
    [InlineData("""{"carrier":"ups","trackingNumber":"A1","status":"IN_TRANSIT"}""", "scan-time-missing")]
    [InlineData("""{"carrier":"ups","trackingNumber":"A1","status":"IN_TRANSIT","occurredAt":"1900-01-01T00:00:00Z"}""", "scan-time-implausible")]
    [InlineData("""{"carrier":"ups","trackingNumber":"A1","status":"IN_TRANSIT","occurredAt":"2099-01-01T00:00:00Z"}""", "scan-time-implausible")]
    [InlineData("""{"carrier":"ups","trackingNumber":"A1","status":"IN_TRANSIT","occurredAt":"2026-02-30T00:00:00Z"}""", "scan-time-unreadable")]
    [InlineData("""{"carrier":"ups","trackingNumber":"A1","status":"IN_TRANSIT","occurredAt":"yesterday"}""", "scan-time-unreadable")]
    [InlineData("""{"carrier":"","trackingNumber":"A1","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z"}""", "scan-carrier-unreadable")]
    [InlineData("""{"carrier":"<script>","trackingNumber":"A1","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z"}""", "scan-carrier-unreadable")]
    [InlineData("""{"carrier":"ups","trackingNumber":"../../etc","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z"}""", "scan-number-unreadable")]
    [InlineData("""{"carrier":"ups","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z"}""", "scan-number-missing")]
    [InlineData("""{"carrier":"ups","trackingNumber":"A1","trackingNumber":"A2","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z"}""", "json-duplicate-key")]
    [InlineData("""{"carrier":{"a":1},"trackingNumber":"A1","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z"}""", "json-type")]
    [InlineData("""[]""", "scan-not-an-object")]
    [InlineData("""null""", "scan-not-an-object")]
    [InlineData("""{"carrier":"ups","trackingNumber":"A1","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z","text":"\ud800"}""", "json-text")]
    public async Task One_bad_item_is_rejected_by_name_and_its_neighbours_are_taken(string bad, string type)
    {
        using var answer = await PostAsync($"[{Good},{bad},{Good}]", "application/json");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        var results = document.RootElement.GetProperty("results").EnumerateArray().ToList();
        results.Select(r => r.GetProperty("index").GetInt32()).ShouldBe([0, 1, 2]);
        results[0].GetProperty("outcome").GetString().ShouldBeOneOf("accepted", "duplicate");
        results[1].GetProperty("outcome").GetString().ShouldBe("rejected");
        results[1].GetProperty("problem").GetProperty("type").GetString().ShouldEndWith("/" + type);
        results[2].GetProperty("outcome").GetString().ShouldBe("duplicate");
    }

    [Fact]
    public async Task A_million_items_or_ten_megabytes_are_too_much_for_one_document_and_store_nothing()
    {
        using (var many = await PostAsync("[" + string.Concat(Enumerable.Repeat("{},", 999_999)) + "{}]", "application/json")) many.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        var item = Good.Replace("GOOD1", "NEVER1", StringComparison.Ordinal);
        using (var just = await PostAsync("[" + string.Join(",", Enumerable.Repeat(item, 1_001)) + "]", "application/json")) just.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        using (var large = await PostAsync(item[..^1] + ",\"text\":\"" + new string('x', 10_000_000) + "\"}", "application/json")) large.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        using var none = await running.Silo.Client.GetAsync(new Uri("/v1/shipments/ups/NEVER1", UriKind.Relative));
        none.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_line_cut_in_the_middle_and_a_line_too_long_fail_alone()
    {
        var body = $"{Good}\n{{\"carrier\":\"ups\",\"track\n\n   \n{Good.Replace("GOOD1", new string('x', 70_000), StringComparison.Ordinal)}\n{Good}\n{Good[..40]}";
        using var answer = await PostAsync(body, "application/x-ndjson");
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        lines.Select(l => l.GetProperty("outcome").GetString()).ShouldBe([lines[0].GetProperty("outcome").GetString(), "rejected", "rejected", "duplicate", "rejected"]);
        lines[2].GetProperty("problem").GetProperty("type").GetString().ShouldEndWith("/scan-too-long");
    }

    [Fact]
    public async Task Nul_and_bidi_characters_in_a_text_are_taken_and_a_number_with_spaces_and_small_letters_finds_its_shipment()
    {
        using (var answer = await PostAsync("""{"carrier":"UPS","trackingNumber":" 1z 999-aa1 ","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z","text":"a\u0000b\u202Ec"}""", "application/json"))
            (await answer.Content.ReadAsStringAsync()).ShouldContain("accepted");
        using var view = JsonDocument.Parse(await running.Silo.Client.GetStringAsync(new Uri("/v1/shipments/Ups/1z999-AA1", UriKind.Relative)));
        view.RootElement.GetProperty("trackingNumber").GetString().ShouldBe("1Z999AA1");
        view.RootElement.GetProperty("events")[0].GetProperty("raw").GetProperty("text").GetString().ShouldBe("ab\u202Ec");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer wrong")]
    [InlineData("Basic ZGVtbzpkZW1v")]
    [InlineData("Bearer ")]
    public async Task Without_the_right_key_nothing_is_answered(string? authorization)
    {
        using var client = new HttpClient { BaseAddress = running.Silo.Address };
        if (authorization is not null) client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        foreach (var path in new[] { "/v1/shipments/ups/GOOD1", "/v1/shipments/ups/GOOD1/history", "/v1/quarantine" })
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        }
        using var posted = await client.PostAsync(new Uri("/v1/scans", UriKind.Relative), new StringContent(Good, Encoding.UTF8, "application/json"));
        posted.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task What_a_feed_cannot_read_is_kept_with_its_bytes_and_can_be_read_again()
    {
        using var posted = await running.Silo.Client.PostAsync(new Uri("/v1/feeds/scan", UriKind.Relative), new StringContent($"{Good}\n{{\"carrier\":\"ups\"\n", Encoding.UTF8, "text/plain"));
        var text = await posted.Content.ReadAsStringAsync();
        text.ShouldContain("quarantined");
        using var list = JsonDocument.Parse(await running.Silo.Client.GetStringAsync(new Uri("/v1/quarantine", UriKind.Relative)));
        var item = list.RootElement.GetProperty("items")[0];
        item.GetProperty("code").GetString().ShouldBe("json.syntax");
        var id = item.GetProperty("id").GetString()!;
        (await running.Silo.Client.GetStringAsync(new Uri($"/v1/quarantine/{id}", UriKind.Relative))).ShouldBe("{\"carrier\":\"ups\"");
        using var replayed = await running.Silo.Client.PostAsync(new Uri($"/v1/quarantine/{id}/replay", UriKind.Relative), null);
        replayed.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);   // it still cannot be read, and stays
    }

    [Fact]
    public async Task Time_travel_answers_the_prefix_and_refuses_the_future_and_what_came_before_the_first_scan()
    {
        using (var first = await PostAsync(Good.Replace("GOOD1", "TRAVEL1", StringComparison.Ordinal), "application/json")) first.EnsureSuccessStatusCode();
        using var now = JsonDocument.Parse(await running.Silo.Client.GetStringAsync(new Uri("/v1/shipments/ups/TRAVEL1", UriKind.Relative)));
        var recorded = now.RootElement.GetProperty("recordedAt").GetDateTimeOffset();
        using (var second = await PostAsync(Good.Replace("GOOD1", "TRAVEL1", StringComparison.Ordinal).Replace("IN_TRANSIT", "DELIVERED", StringComparison.Ordinal), "application/json")) second.EnsureSuccessStatusCode();

        (await StatusAtAsync(recorded)).ShouldBe("IN_TRANSIT");
        (await AtAsync(recorded.AddTicks(-TimeSpan.TicksPerMillisecond))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await AtAsync(DateTimeOffset.UtcNow.AddDays(1))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var latest = JsonDocument.Parse(await running.Silo.Client.GetStringAsync(new Uri("/v1/shipments/ups/TRAVEL1", UriKind.Relative)));
        latest.RootElement.GetProperty("status").GetString().ShouldBe("DELIVERED");
    }

    private Task<HttpResponseMessage> AtAsync(DateTimeOffset at)
        => running.Silo.Client.GetAsync(new Uri($"/v1/shipments/ups/TRAVEL1?at={Uri.EscapeDataString(at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture))}", UriKind.Relative));

    private async Task<string?> StatusAtAsync(DateTimeOffset at)
    {
        using var answer = await AtAsync(at);
        using var view = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return view.RootElement.GetProperty("status").GetString();
    }

    [Fact]
    public async Task A_withdrawn_link_opens_nothing_any_more_and_withdrawing_it_twice_leaves_the_new_one_alone()
    {
        var client = running.Silo.Client;
        using (var taken = await PostAsync(Good.Replace("GOOD1", "ASTRAY1", StringComparison.Ordinal), "application/json")) taken.EnsureSuccessStatusCode();
        using (var other = await PostAsync(Good.Replace("GOOD1", "ASTRAY2", StringComparison.Ordinal), "application/json")) other.EnsureSuccessStatusCode();
        async Task<string> LinkAsync(string number)
        {
            using var view = JsonDocument.Parse(await client.GetStringAsync(new Uri($"/v1/shipments/ups/{number}", UriKind.Relative)));
            return view.RootElement.GetProperty("trackingUrl").GetString()!;
        }
        async Task<(HttpStatusCode Status, bool Withdrawn, string Link)> WithdrawAsync(string? body, string number = "ASTRAY1")
        {
            using var content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await client.PostAsync(new Uri($"/v1/shipments/ups/{number}/withdraw-links", UriKind.Relative), content);
            using var said = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            return answer.IsSuccessStatusCode ? (answer.StatusCode, said.RootElement.GetProperty("withdrawn").GetBoolean(), said.RootElement.GetProperty("trackingUrl").GetString()!) : (answer.StatusCode, false, said.RootElement.GetProperty("type").GetString()!);
        }
        async Task<HttpStatusCode> OpenAsync(string link)
        {
            using var page = await client.GetAsync(new Uri(link));
            return page.StatusCode;
        }

        var first = await LinkAsync("ASTRAY1");
        (await OpenAsync(first)).ShouldBe(HttpStatusCode.OK);
        var shared = System.Text.RegularExpressions.Regex.Match(await client.GetStringAsync(new Uri(first)), "data-url=\"([^\"]+)\"").Groups[1].Value;
        (await OpenAsync(shared)).ShouldBe(HttpStatusCode.OK);

        var (_, withdrawn, second) = await WithdrawAsync($$"""{"link":"{{first}}?lang=de"}""");
        (withdrawn, second == first).ShouldBe((true, false));
        (await OpenAsync(first)).ShouldBe(HttpStatusCode.NotFound);
        (await OpenAsync(shared)).ShouldBe(HttpStatusCode.NotFound);
        (await OpenAsync(second)).ShouldBe(HttpStatusCode.OK);
        (await LinkAsync("ASTRAY1")).ShouldBe(second);

        (await WithdrawAsync($$"""{"link":"{{first}}"}""")).ShouldBe((HttpStatusCode.OK, false, second));   // sent again
        var (_, again, third) = await WithdrawAsync(null);                                                  // whichever opens now
        (again, await OpenAsync(second), await OpenAsync(third)).ShouldBe((true, HttpStatusCode.NotFound, HttpStatusCode.OK));

        foreach (var wrong in new[] { $$"""{"link":"{{await LinkAsync("ASTRAY2")}}"}""", """{"link":"https://elsewhere.example/"}""", """{"link":7}""", "[]", "{" })
            (await WithdrawAsync(wrong)).Status.ShouldBe(HttpStatusCode.BadRequest, wrong);
        (await WithdrawAsync(null, "NEVER1")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await OpenAsync(third)).ShouldBe(HttpStatusCode.OK);
        using var stranger = new HttpClient { BaseAddress = client.BaseAddress };
        using var refused = await stranger.PostAsync(new Uri("/v1/shipments/ups/ASTRAY1/withdraw-links", UriKind.Relative), null);
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task The_metrics_pass_promtool()
    {
        Requires.Part("promtool", Requires.OnPath("promtool"), "apt-get install prometheus");
        var text = await running.Silo.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        var start = new System.Diagnostics.ProcessStartInfo("promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true };
        using var promtool = System.Diagnostics.Process.Start(start)!;
        await promtool.StandardInput.WriteAsync(text);
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync() + await promtool.StandardOutput.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        // The framework's own gauges end in _total here and there; ours may not be named among the complaints.
        said.Split('\n').Where(l => l.Contains("tracking_", StringComparison.Ordinal)).ShouldBeEmpty(said);
        said.ShouldNotContain("error while linting");
        text.ShouldContain("tracking_scans_recorded_total");
    }

    [Fact]
    public async Task The_committed_api_description_is_the_one_this_build_serves()
    {
        var served = await running.Silo.Client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        var root = typeof(BadInputTests).Assembly.GetCustomAttributes(typeof(System.Reflection.AssemblyMetadataAttribute), false).Cast<System.Reflection.AssemblyMetadataAttribute>().First(a => a.Key == "RepositoryRoot").Value!;
        // Where it is served from is the one thing that differs.
        static string Paths(string text) => System.Text.Json.JsonDocument.Parse(text).RootElement.GetProperty("paths").ToString();
        var committed = await File.ReadAllTextAsync(Path.Combine(root, "web/openapi.v1.json"));
        Paths(served).ReplaceLineEndings("\n").ShouldBe(Paths(committed).ReplaceLineEndings("\n"), "run: dotnet run --project silo -- openapi > web/openapi.v1.json, and read the difference");
    }

    private Task<HttpResponseMessage> PostAsync(string body, string type)
        => running.Silo.Client.PostAsync(new Uri("/v1/scans", UriKind.Relative), new StringContent(body, Encoding.UTF8, type));
}
