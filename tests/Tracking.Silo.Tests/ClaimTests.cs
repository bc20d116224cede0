using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Tracking.Silo.Tests;

/// <summary>Claims and signatures against the real program: one ring's story from checkout to a verified claim file, and whatever else is sent.</summary>
public sealed class ClaimTests(ClaimTests.Running running) : IClassFixture<ClaimTests.Running>
{
    public sealed class Running : IAsyncLifetime
    {
        internal Scratch Scratch { get; } = new();
        internal SiloProcess Silo { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Silo = await SiloProcess.StartAsync(
            Scratch.Folder, "--Retailers:demo:Name=Ring & Stone", "--Retailers:demo:Keys:0=demo", "--Retailers:demo:Signature:Above=1000", "--Retailers:demo:Claims:PhotoRequired=true", "--Retailers:other:Keys:0=other-key",
            "--Notifications:ShowMailbox=true", "--Partitions:QuietSeconds=1", "--Partitions:BusySeconds=0.2");

        public async ValueTask DisposeAsync()
        {
            await Silo.DisposeAsync();
            Scratch.Dispose();
        }
    }

    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private HttpClient Client => running.Silo.Client;

    [Fact]
    public async Task A_signed_for_ring_is_reported_missing_and_its_file_tells_the_whole_story()
    {
        const string Ring = "1ZRING000000000001";

        // At checkout the shop asks whether somebody must be home, and says so.
        using (var asked = await SendAsync("POST", "/v1/signature", """{"value":{"amount":2400,"currency":"EUR"},"items":["ring"]}"""))
        {
            asked.RootElement.GetProperty("required").GetBoolean().ShouldBeTrue();
            asked.RootElement.GetProperty("why").GetString().ShouldBe("The value of 2400 EUR is above 1000 EUR.");
        }

        // The parcel gets its number; the shopper is told.
        await ScanAsync(Ring, "LABEL_CREATED", -9);
        using (await SendAsync("PUT", $"/v1/shipments/ups/{Ring}/signature", """{"value":{"amount":2400,"currency":"EUR"},"contact":{"name":"Canary Bird","email":"canary@example.org","language":"de"}}""")) { }
        await ToldAsync("Ihr Paket von Ring &amp; Stone braucht eine Unterschrift");

        // It ships: the notice says it again, and on its page the shopper says that somebody will be home.
        await ScanAsync(Ring, "IN_TRANSIT", -8);
        await ToldAsync("Ihr Paket von Ring &amp; Stone ist unterwegs");
        var page = await PageOfAsync(Ring);
        var html = await Client.GetStringAsync(new Uri(page, UriKind.Relative), Cancel);
        html.ShouldContain("A signature is needed");
        using (var answered = await FormAsync(page + "/signature", ("form", FormIn(html)), ("answer", "home"))) answered.StatusCode.ShouldBe(HttpStatusCode.OK);   // led back to the page
        using (var signature = await GetAsync($"/v1/shipments/ups/{Ring}/signature")) signature.RootElement.GetProperty("answer").GetString().ShouldBe("home");

        // Six days ago the carrier delivered it against a signature.
        await ScanAsync(Ring, "DELIVERED", -6, ",\"signedBy\":\"Canary Neighbour\"");
        await Client.GetStringAsync(new Uri(page, UriKind.Relative), Cancel);

        // "I do not have it."
        var claim = """{"carrier":"ups","trackingNumber":"1ZRING000000000001","kind":"delivered-not-received","value":{"amount":"2400.00","currency":"EUR"},"customer":"c-17","reference":"CASE-1","text":"canary: nobody rang"}""";
        string id, hash;
        using (var filed = await PostAsync("/v1/claims", claim))
        {
            filed.StatusCode.ShouldBe(HttpStatusCode.Created);
            using var made = await JsonAsync(filed);
            id = made.RootElement.GetProperty("id").GetString()!;
            filed.Headers.Location!.ToString().ShouldBe("/v1/claims/" + id);
            made.RootElement.GetProperty("decidesBy").GetString().ShouldBe("person");
            made.RootElement.GetProperty("reasons")[0].GetString()!.ShouldContain("above 100.00 EUR");
            var evidence = made.RootElement.GetProperty("evidence").EnumerateArray().Select(e => e.GetProperty("code").GetString()).ToList();
            evidence.ShouldContain("signed");
            evidence.ShouldContain("signature-acknowledged");
        }
        using (var again = await PostAsync("/v1/claims", claim)) again.StatusCode.ShouldBe(HttpStatusCode.OK);
        await ToldAsync("Ring &amp; Stone hat Ihre Meldung");

        // A person looks, and decides once.
        (await ListedAsync("/v1/claims?status=open", Ring)).ShouldBe(["retailer"]);
        using (var decided = await SendAsync("POST", $"/v1/claims/{id}/decision", """{"grant":false,"by":"ops-3","why":"The neighbour confirmed that she handed it over."}"""))
        {
            decided.RootElement.GetProperty("status").GetString().ShouldBe("declined");
            hash = decided.RootElement.GetProperty("fileHash").GetString()!;
        }
        using (var other = await PostAsync($"/v1/claims/{id}/decision", """{"grant":true,"remedy":"refund","by":"ops-4","why":"Second thoughts."}""")) await ProblemAsync(other, 409, "claim-decided");
        await ToldAsync("Ihre Meldung an Ring &amp; Stone");
        (await Client.GetStringAsync(new Uri(page + "/claims", UriKind.Relative), Cancel)).ShouldContain("could not grant this");

        // The file holds all of it, names nobody, and is checked without us.
        var file = await Client.GetStringAsync(new Uri($"/v1/claims/{id}/file", UriKind.Relative), Cancel);
        file.ShouldNotContain("anary");
        foreach (var part in new[] { "signature-expected", "signature-answered", "\"DELIVERED\"", "claim-weighed", "claim-decided", "notice-owed" }) file.ShouldContain(part);
        var path = running.Scratch.At("ring.jsonl");
        await File.WriteAllTextAsync(path, file, Cancel);
        var (code, output) = await SiloProcess.RunAsync(running.Scratch.At("verify"), "verify-claim", path, "--expect", hash);
        code.ShouldBe(0, output);
        output.ShouldStartWith("whole: ");

        var line = file.Split('\n').ToList().FindIndex(l => l.Contains("\"DELIVERED\"", StringComparison.Ordinal)) + 1;
        await File.WriteAllTextAsync(path, file.Replace("\"DELIVERED\"", "\"RETURNED\"", StringComparison.Ordinal), Cancel);
        (code, output) = await SiloProcess.RunAsync(running.Scratch.At("verify"), "verify-claim", path);
        code.ShouldBe(1);
        output.ShouldStartWith($"broken: line {line} ");
    }

    [Theory]
    [InlineData("{", 400, "json-syntax")]
    [InlineData("[]", 400, "json-type")]
    [InlineData("{}", 400, "claim-invalid")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZOLD","kind":"boredom"}""", 400, "claim-invalid")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZOLD","kind":"lost","value":{"amount":1.234,"currency":"EUR"}}""", 400, "claim-invalid")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZOLD","kind":"lost","value":{"amount":10,"currency":"XAU"}}""", 400, "claim-invalid")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZOLD","kind":"lost","value":{"amount":-1,"currency":"EUR"}}""", 400, "claim-invalid")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZNOBODYKNOWS","kind":"lost"}""", 404, "shipment-unknown")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZOLD","use":"not-one","kind":"delivered-not-received"}""", 404, "shipment-unknown")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZOLD","kind":"lost"}""", 422, "claim-delivered")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZOLD","kind":"delivered-not-received"}""", 422, "claim-too-late")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZNEW","kind":"delivered-not-received"}""", 422, "claim-too-early")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZMOVING","kind":"delivered-not-received"}""", 422, "claim-not-delivered")]
    [InlineData("""{"carrier":"ups","trackingNumber":"1ZNEW","kind":"damaged"}""", 422, "claim-evidence-missing")]
    public async Task A_claim_that_cannot_be_taken_is_refused_with_its_reason(string body, int status, string type)
    {
        await ScanAsync("1ZOLD", "DELIVERED", -40);
        await ScanAsync("1ZNEW", "DELIVERED", -1);
        await ScanAsync("1ZMOVING", "IN_TRANSIT", -1);
        using var answer = await PostAsync("/v1/claims", body);
        await ProblemAsync(answer, status, type);
    }

    [Fact]
    public async Task Another_retailers_claim_and_parcel_do_not_exist()
    {
        await ScanAsync("1ZOURS", "DELIVERED", -6);
        using var filed = await SendAsync("POST", "/v1/claims", """{"carrier":"ups","trackingNumber":"1ZOURS","kind":"delivered-not-received"}""");
        var id = filed.RootElement.GetProperty("id").GetString();
        using var stranger = new HttpClient { BaseAddress = running.Silo.Address };
        stranger.DefaultRequestHeaders.Authorization = new("Bearer", "other-key");
        foreach (var path in new[] { $"/v1/claims/{id}", $"/v1/claims/{id}/file" })
        {
            using var answer = await stranger.GetAsync(new Uri(path, UriKind.Relative), Cancel);
            await ProblemAsync(answer, 404, "not-found");
        }
        using (var decided = await stranger.PostAsync(new Uri($"/v1/claims/{id}/decision", UriKind.Relative), Json("""{"grant":true,"by":"x","why":"x"}"""), Cancel)) await ProblemAsync(decided, 404, "not-found");
        using (var claimed = await stranger.PostAsync(new Uri("/v1/claims", UriKind.Relative), Json("""{"carrier":"ups","trackingNumber":"1ZOURS","kind":"lost"}"""), Cancel)) await ProblemAsync(claimed, 404, "shipment-unknown");
        using var anybody = new HttpClient { BaseAddress = running.Silo.Address };
        foreach (var path in new[] { $"/v1/claims/{id}", "/v1/claims", "/v1/reports/recovery", "/v1/shipments/ups/1ZOURS/signature" })
            (await anybody.GetAsync(new Uri(path, UriKind.Relative), Cancel)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_status_set_by_hand_is_a_scan_that_says_who_set_it_and_why()
    {
        await ScanAsync("1ZHAND", "OUT_FOR_DELIVERY", -2);
        var at = DateTimeOffset.UtcNow.AddDays(-1).ToString("O", CultureInfo.InvariantCulture);
        var body = $$"""{"status":"DELIVERED","by":"ops-3","why":"The shopper called: it is there.","occurredAt":"{{at}}"}""";
        using (var set = await SendAsync("POST", "/v1/shipments/ups/1ZHAND/status", body)) set.RootElement.GetProperty("outcome").GetString().ShouldBe("accepted");
        using (var again = await SendAsync("POST", "/v1/shipments/ups/1ZHAND/status", body)) again.RootElement.GetProperty("outcome").GetString().ShouldBe("duplicate");
        using var view = await GetAsync("/v1/shipments/ups/1ZHAND");
        view.RootElement.GetProperty("status").GetString().ShouldBe("DELIVERED");
        var history = await Client.GetStringAsync(new Uri("/v1/shipments/ups/1ZHAND/history", UriKind.Relative), Cancel);
        history.ShouldContain("\"channel\":\"manual\"");
        history.ShouldContain("ops-3: The shopper called: it is there.");
        foreach (var (wrong, status, type) in new[] { ("{\"status\":\"FLYING\",\"by\":\"a\",\"why\":\"b\"}", 400, "status-invalid"), ("{\"status\":\"DELIVERED\"}", 400, "status-invalid") })
            using (var refused = await PostAsync("/v1/shipments/ups/1ZHAND/status", wrong)) await ProblemAsync(refused, status, type);
        using (var unknown = await PostAsync("/v1/shipments/ups/1ZNOBODYKNOWS/status", body)) await ProblemAsync(unknown, 404, "not-found");
    }

    [Fact]
    public async Task A_form_that_we_did_not_draw_changes_nothing()
    {
        await ScanAsync("1ZFORM", "DELIVERED", -6);
        var page = await PageOfAsync("1ZFORM");
        using (var forged = await FormAsync(page + "/claims", ("form", "abc.99999999999.xyz"), ("kind", "delivered-not-received"))) forged.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var html = await Client.GetStringAsync(new Uri(page + "/claims", UriKind.Relative), Cancel);
        using (var elsewhere = new HttpRequestMessage(HttpMethod.Post, new Uri(page + "/claims", UriKind.Relative)) { Content = Form(("form", FormIn(html)), ("kind", "delivered-not-received")) })
        {
            elsewhere.Headers.Add("Sec-Fetch-Site", "cross-site");
            using var refused = await Client.SendAsync(elsewhere, Cancel);
            refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        }
        using (var list = await GetAsync("/v1/claims")) list.RootElement.GetProperty("claims").EnumerateArray().ShouldNotContain(c => c.GetProperty("trackingNumber").GetString() == "1ZFORM");
        using (var sent = await FormAsync(page + "/claims", ("form", FormIn(html)), ("kind", "delivered-not-received"), ("text", "<script>alert(1)</script>"))) (await sent.Content.ReadAsStringAsync(Cancel)).ShouldContain("We have your report");
        (await ListedAsync("/v1/claims?status=open", "1ZFORM")).ShouldBe(["shopper"]);
    }

    [Fact]
    public async Task Rules_that_cannot_be_meant_are_named_by_check()
    {
        var (code, output) = await SiloProcess.RunAsync(running.Scratch.At("check"), "check", "--Retailers:demo:Keys:0=demo", "--Retailers:demo:Claims:NotReceivedFromDay=20", "--Retailers:demo:Signature:EveningHour=3", "--Retailers:demo:Claims:AutomaticLimit=lots");
        code.ShouldBe(1);
        output.ShouldContain("Retailers:demo:Signature:EveningHour is 3");
        output.ShouldContain("Retailers:demo:Claims");
    }

    [Fact]
    public async Task Of_fifty_claims_at_once_under_every_name_one_is_taken_and_told_once()
    {
        await ScanAsync("1ZCROWD", "DELIVERED", -6);
        string[] kinds = ["delivered-not-received", "missing-item"];
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => PostAsync("/v1/claims",
            $$$"""{"carrier":"ups","trackingNumber":"1ZCROWD","kind":"{{{kinds[i % 2]}}}","value":{"amount":15,"currency":"EUR"},"customer":"c-crowd","contact":{"email":"crowd@example.org"}}""")));
        answers.Count(a => a.StatusCode == HttpStatusCode.Created).ShouldBe(1);
        answers.ShouldAllBe(a => a.StatusCode == HttpStatusCode.Created || a.StatusCode == HttpStatusCode.OK || a.StatusCode == HttpStatusCode.Conflict);
        foreach (var answer in answers) answer.Dispose();
        (await ListedAsync("/v1/claims", "1ZCROWD")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_claim_that_was_answered_survives_kill_and_one_that_was_not_is_granted_once()
    {
        using var scratch = new Scratch();
        var numbers = Enumerable.Range(0, 20).Select(i => $"1ZKILL{i:00}").ToList();
        string Claim(string number) => $$"""{"carrier":"ups","trackingNumber":"{{number}}","kind":"delivered-not-received","value":{"amount":10,"currency":"EUR"},"customer":"{{number}}"}""";
        var answered = new System.Collections.Concurrent.ConcurrentDictionary<string, string>();
        await using (var silo = await SiloProcess.StartAsync(scratch.Folder))
        {
            var at = DateTimeOffset.UtcNow.Date.AddDays(-6).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            var scans = string.Join('\n', numbers.Select(n => $$"""{"carrier":"ups","trackingNumber":"{{n}}","status":"DELIVERED","occurredAt":"{{at}}"}"""));
            (await silo.Client.PostAsync(new Uri("/v1/scans", UriKind.Relative), new StringContent(scans, Encoding.UTF8, "application/x-ndjson"), Cancel)).EnsureSuccessStatusCode();
            var half = new TaskCompletionSource();
            var filing = numbers.Select(async number =>
            {
                try
                {
                    using var answer = await silo.Client.PostAsync(new Uri("/v1/claims", UriKind.Relative), Json(Claim(number)), Cancel);
                    if (answer.StatusCode != HttpStatusCode.Created) return;
                    using var made = await JsonAsync(answer);
                    answered[number] = made.RootElement.GetProperty("id").GetString()!;
                    if (answered.Count >= numbers.Count / 2) half.TrySetResult();
                }
                catch (HttpRequestException) { }   // it was killed before it answered
            }).ToList();
            await half.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancel);
            await silo.KillAsync();
            await Task.WhenAll(filing);
        }
        await using var again = await SiloProcess.StartAsync(scratch.Folder);
        foreach (var number in numbers)
        {
            using var answer = await again.Client.PostAsync(new Uri("/v1/claims", UriKind.Relative), Json(Claim(number)), Cancel);
            using var claim = await JsonAsync(answer);
            claim.RootElement.GetProperty("status").GetString().ShouldBe("granted", number);
            var id = claim.RootElement.GetProperty("id").GetString()!;
            if (answered.TryGetValue(number, out var before)) (id, answer.StatusCode).ShouldBe((before, HttpStatusCode.OK));
            var file = await again.Client.GetStringAsync(new Uri($"/v1/claims/{id}/file", UriKind.Relative), Cancel);
            Regex.Count(file, "\"e\":\"claim-decided\"").ShouldBe(1, number);
        }
    }

    // ---- how these tests speak -------------------------------------------------------------------------------------------

    private async Task ScanAsync(string number, string status, double days, string more = "")
    {
        var at = DateTimeOffset.UtcNow.Date.AddDays(days).AddHours(1);
        using var answer = await PostAsync("/v1/scans", string.Create(CultureInfo.InvariantCulture, $$"""{"carrier":"ups","trackingNumber":"{{number}}","status":"{{status}}","occurredAt":"{{at:yyyy-MM-ddTHH:mm:ss}}Z"{{more}}}"""));
        (await answer.Content.ReadAsStringAsync(Cancel)).ShouldNotContain("rejected");
    }

    private async Task<string> PageOfAsync(string number)
    {
        using var view = await GetAsync("/v1/shipments/ups/" + number);
        return new Uri(view.RootElement.GetProperty("trackingUrl").GetString()!).AbsolutePath;
    }

    // The mailbox is filled behind the journal; its page is the only signal there is.
    private async Task ToldAsync(string subject)
    {
        for (var tries = 0; ; tries++)
        {
            var mailbox = await Client.GetStringAsync(new Uri("/dev/mailbox", UriKind.Relative), Cancel);
            if (mailbox.Contains(subject, StringComparison.Ordinal)) return;
            if (tries > 300) throw new TimeoutException($"Nobody was told '{subject}': {mailbox}");
            await Task.Delay(100, Cancel);
        }
    }

    // Lists are written behind; who filed each claim of a parcel, once the parcel is listed.
    private async Task<List<string?>> ListedAsync(string path, string number)
    {
        for (var tries = 0; ; tries++)
        {
            using var list = await GetAsync(path);
            var found = list.RootElement.GetProperty("claims").EnumerateArray().Where(c => c.GetProperty("trackingNumber").GetString() == number).Select(c => c.GetProperty("filedBy").GetString()).ToList();
            if (found.Count > 0) return found;
            if (tries > 300) throw new TimeoutException($"{number} was never listed.");
            await Task.Delay(100, Cancel);
        }
    }

    private static string FormIn(string html) => WebUtility.HtmlDecode(Regex.Match(html, "name=\"form\" value=\"([^\"]+)\"").Groups[1].Value);

    private static FormUrlEncodedContent Form(params (string Name, string Value)[] fields) => new(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));

    private Task<HttpResponseMessage> FormAsync(string path, params (string Name, string Value)[] fields) => Client.PostAsync(new Uri(path, UriKind.Relative), Form(fields), Cancel);

    private Task<HttpResponseMessage> PostAsync(string path, string body) => Client.PostAsync(new Uri(path, UriKind.Relative), Json(body), Cancel);

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private async Task<JsonDocument> SendAsync(string method, string path, string body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Content = Json(body) };
        using var answer = await Client.SendAsync(request, Cancel);
        answer.IsSuccessStatusCode.ShouldBeTrue($"{method} {path}: {await answer.Content.ReadAsStringAsync(Cancel)}");
        return await JsonAsync(answer);
    }

    private async Task<JsonDocument> GetAsync(string path) => JsonDocument.Parse(await Client.GetStringAsync(new Uri(path, UriKind.Relative), Cancel));

    private static async Task<JsonDocument> JsonAsync(HttpResponseMessage answer) => JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel));

    private static async Task ProblemAsync(HttpResponseMessage answer, int status, string type)
    {
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        ((int)answer.StatusCode).ShouldBe(status, text);
        using var problem = JsonDocument.Parse(text);
        problem.RootElement.GetProperty("type").GetString().ShouldEndWith("/" + type, customMessage: text);
        problem.RootElement.GetProperty("detail").GetString().ShouldNotBeNullOrWhiteSpace();
    }
}
