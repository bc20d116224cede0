using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Tracking.Silo.Tests;

/// <summary>What a shop asks of its silo beside orders: what happened, to forget somebody, and what another policy would have done.</summary>
public sealed class ShopTests(ShopTests.Running running) : IClassFixture<ShopTests.Running>
{
    public sealed class Running : IAsyncLifetime
    {
        internal Scratch Scratch { get; } = new();
        internal SiloProcess Silo { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Shop.Publish(Scratch);
            Silo = await SiloProcess.StartAsync(Scratch.Folder, [.. Shop.Quick, "--Retailers:demo:Keys:0=demo", "--Retailers:other:Keys:0=other-key"]);
        }

        public async ValueTask DisposeAsync()
        {
            await Silo.DisposeAsync();
            Scratch.Dispose();
        }
    }

    private SiloProcess Silo => running.Silo;

    [Fact]
    public async Task Everything_that_happened_is_read_once_in_order_from_any_place_on_and_by_its_retailer_only()
    {
        var offer = await Shop.DelayedAsync(Silo, "EV", "EVENT1");
        using (var taken = await Shop.PostAsync(Silo.Client, $"/v1/offers/{offer}/accept", """{"remedy":"discount"}""")) taken.StatusCode.ShouldBe(HttpStatusCode.OK);

        var (all, next) = await ReadAllAsync("demo", null, 1_000);
        all.Select(Id).ShouldBeUnique();
        all.Where(e => Text(e, "order") == "EV" && Text(e, "type").StartsWith("offer.", StringComparison.Ordinal)).Select(Id).ShouldBe([$"{offer}-made", $"{offer}-accepted"]);
        all.First(e => Text(e, "order") == "EV").GetProperty("type").GetString().ShouldBe("order.placed");
        var status = all.First(e => e.TryGetProperty("trackingNumber", out var number) && number.GetString() == "EVENT1" && Text(e, "type") == "shipment.status");
        status.GetProperty("data").GetProperty("status").GetString().ShouldBe("IN_TRANSIT");
        all.Single(e => Id(e) == $"{offer}-made").GetProperty("data").GetProperty("why").GetString().ShouldBe("The carrier reported a delay; rule late of policy version 1 offers discount or free-shipping, reserving 5.00 EUR.");
        all.ShouldContain(e => Text(e, "type") == "notice" && e.GetProperty("data").GetProperty("kind").GetString() == "offer");
        string.Concat(all.Select(static e => e.GetRawText())).ShouldNotContain("canary", Case.Insensitive);

        // One at a time gives the same; nothing new gives nothing; another retailer sees none of it.
        var (slowly, _) = await ReadAllAsync("demo", null, 1);
        slowly.Select(Id).ShouldBe(all.Select(Id), ignoreOrder: true);
        (await ReadAllAsync("demo", next, 1_000)).Events.Select(Id).Except(all.Select(Id)).ShouldAllBe(static id => id.Length > 0);
        (await ReadAllAsync("other-key", null, 1_000)).Events.ShouldBeEmpty();
        foreach (var bad in (string[])["nonsense", "AQ", "%20"])
        {
            using var refused = await Silo.Client.GetAsync(new Uri($"/v1/events?after={bad}", UriKind.Relative));
            refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        }
    }

    [Fact]
    public async Task Somebody_who_wants_to_be_forgotten_is_and_ids_and_money_stay()
    {
        var at = TimeProvider.System.GetUtcNow().AddHours(-1).UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        var offer = await Shop.DelayedAsync(Silo, "GONE", "GONE1");
        using (var more = await Shop.PostAsync(Silo.Client, "/v1/orders", Shop.Order("GONE2", "GONE2").Replace("c-GONE2", "c-GONE", StringComparison.Ordinal))) more.StatusCode.ShouldBe(HttpStatusCode.Created);
        using (var signed = await Shop.PostAsync(Silo.Client, "/v1/scans", $$"""{"carrier":"ups","trackingNumber":"GONE1","status":"DELIVERED","occurredAt":"{{at}}","signedBy":"Canary Bird"}""")) (await signed.Content.ReadAsStringAsync()).ShouldContain("accepted");
        using (var taken = await Shop.PostAsync(Silo.Client, $"/v1/offers/{offer}/accept", """{"remedy":"discount"}""")) taken.StatusCode.ShouldBe(HttpStatusCode.OK);
        await Silo.UntilAsync("demo", "/v1/orders/GONE2", _ => Letters("c-GONE").Any(static text => text.Contains("offer-accepted", StringComparison.Ordinal)));
        (await Silo.GetAsync("demo", "/v1/orders/GONE")).ShouldContain("Canary Bird");
        (await Silo.GetAsync("demo", "/v1/shipments/ups/GONE1")).ShouldContain("Canary");

        using (var stranger = await Shop.SendAsync(Silo.Client, HttpMethod.Delete, "/v1/customers/c-NOBODY", null)) stranger.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await Silo.UntilAsync("demo", "/v1/customers/c-GONE", static known => known.Contains("\"orders\":2", StringComparison.Ordinal));   // the second order is told to the customer behind its answer
        (await EraseAsync("/v1/customers/c-GONE")).ShouldBe((2, 2));
        (await EraseAsync("/v1/customers/c-GONE")).ShouldBe((2, 2));   // may be repeated

        foreach (var path in (string[])["/v1/orders/GONE", "/v1/orders/GONE2", "/v1/orders/GONE/history", "/v1/shipments/ups/GONE1", "/v1/shipments/ups/GONE1/history", "/v1/shipments/ups/GONE2"])
            (await Silo.GetAsync("demo", path)).ShouldNotContain("canary", Case.Insensitive, path);
        Letters("c-GONE").ShouldAllBe(static text => text.Length == 0);
        using var order = JsonDocument.Parse(await Silo.GetAsync("demo", "/v1/orders/GONE"));
        order.RootElement.GetProperty("value").GetProperty("minor").GetInt64().ShouldBe(12_990);
        order.RootElement.GetProperty("offers")[0].GetProperty("accepted").GetString().ShouldBe("discount");
        using var parcel = JsonDocument.Parse(await Silo.GetAsync("demo", "/v1/shipments/ups/GONE1"));
        parcel.RootElement.GetProperty("status").GetString().ShouldBe("DELIVERED");
        (await Silo.GetAsync("demo", "/v1/orders/GONE/history")).ShouldContain("\"erased\":true");
    }

    [Fact]
    public async Task A_buyer_without_a_customers_id_is_forgotten_by_the_order()
    {
        using (var placed = await Shop.PostAsync(Silo.Client, "/v1/orders", Shop.Order("ANON", "ANON1").Replace("\"id\":\"c-ANON\",", "", StringComparison.Ordinal))) placed.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await Silo.GetAsync("demo", "/v1/orders/ANON")).ShouldContain("canary@example.org");
        (await EraseAsync("/v1/orders/ANON/people")).ShouldBe((1, 1));
        (await Silo.GetAsync("demo", "/v1/orders/ANON")).ShouldNotContain("canary", Case.Insensitive);
    }

    [Fact]
    public async Task A_customer_who_wants_no_offers_is_told_and_offered_nothing_and_the_ledger_shows_what_was()
    {
        var offer = await Shop.DelayedAsync(Silo, "WANTS", "WANTS1");
        using (var ledger = JsonDocument.Parse(await Silo.GetAsync("demo", "/v1/customers/c-WANTS")))
            ledger.RootElement.GetProperty("ledger")[0].GetProperty("offer").GetString().ShouldBe(offer);
        using (var odd = await Shop.SendAsync(Silo.Client, HttpMethod.Put, "/v1/customers/c-WANTS/preferences", """{"offers":"never"}""")) odd.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using (var set = await Shop.SendAsync(Silo.Client, HttpMethod.Put, "/v1/customers/c-WANTS/preferences", """{"offers":false,"channels":["email"]}""")) set.StatusCode.ShouldBe(HttpStatusCode.OK);

        using (var placed = await Shop.PostAsync(Silo.Client, "/v1/orders", Shop.Order("WANTS2", "WANTS2").Replace("c-WANTS2", "c-WANTS", StringComparison.Ordinal))) placed.StatusCode.ShouldBe(HttpStatusCode.Created);
        await Shop.DelayAsync(Silo, "WANTS2");

        var history = await Silo.UntilAsync("demo", "/v1/orders/WANTS2/history", static body => body.Contains("offer-withheld", StringComparison.Ordinal));
        history.ShouldContain("The carrier reported a delay, but the customer wants no offers.");
        await Silo.UntilAsync("demo", "/v1/orders/WANTS2", _ => Letters("c-WANTS").Any(static text => text.Contains("\"kind\": \"delayed\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_policy_tried_on_what_is_recorded_says_what_was_really_offered_and_what_another_would_have()
    {
        for (var i = 1; i <= 3; i++) await Shop.DelayedAsync(Silo, $"TRY{i}", $"TRY{i}");
        var made = (await ReadAllAsync("demo", null, 1_000)).Events.Count(static e => Text(e, "type") == "offer.made");

        var (code, output) = await SiloProcess.RunAsync(running.Scratch.Folder, "policy", "try", "data/policies/demo.json", "--json", "try.json", "--Retailers:demo:Keys:0=demo");
        code.ShouldBe(0, output);
        using (var report = JsonDocument.Parse(File.ReadAllText(running.Scratch.At("try.json"))))
        {
            report.RootElement.GetProperty("offers").GetInt32().ShouldBe(made, output);
            report.RootElement.GetProperty("byRemedy").EnumerateArray().Select(static l => l.GetProperty("remedy").GetString()).ShouldBe(["discount", "free-shipping"]);
        }
        output.ShouldStartWith(string.Create(CultureInfo.InvariantCulture, $"would have offered {made:N0} times, {made * 5:N2} EUR"));

        // One offer a day and no more. The three can lie on two days at most, so at least one of them is withheld; what other tests of this class left behind may be too.
        File.WriteAllText(running.Scratch.At("other.json"), Shop.Policy.Replace("\"perDay\": 1000000", "\"perDay\": 1300", StringComparison.Ordinal).Replace("\"cost\": 500", "\"cost\": 700", StringComparison.Ordinal));
        (code, output) = await SiloProcess.RunAsync(running.Scratch.Folder, "policy", "try", "other.json", "--json", "other.report", "--retailer", "demo", "--Retailers:demo:Keys:0=demo");
        code.ShouldBe(0, output);
        using (var report = JsonDocument.Parse(File.ReadAllText(running.Scratch.At("other.report"))))
        {
            var (offers, withheld) = (report.RootElement.GetProperty("offers").GetInt32(), report.RootElement.GetProperty("withheld"));
            offers.ShouldBeInRange(1, 2, output);
            report.RootElement.GetProperty("purses").EnumerateArray().Where(static p => p.GetProperty("purse").GetString()!.StartsWith("day", StringComparison.Ordinal)).ShouldAllBe(static p => p.GetProperty("usedMinor").GetInt64() == 700 && p.GetProperty("limitMinor").GetInt64() == 1_300, output);
            withheld.GetProperty("budget").GetInt32().ShouldBeGreaterThan(0, output);
            (offers + withheld.EnumerateObject().Sum(static w => w.Value.GetInt32())).ShouldBe(report.RootElement.GetProperty("disruptions").GetInt32(), output);
        }
        output.ShouldContain("7.00 EUR of 13.00 EUR");

        // Trying offers nothing.
        (await ReadAllAsync("demo", null, 1_000)).Events.Count(static e => Text(e, "type") == "offer.made").ShouldBe(made);
    }

    private async Task<(int Orders, int Shipments)> EraseAsync(string path)
    {
        using var answer = await Shop.SendAsync(Silo.Client, HttpMethod.Delete, path, null);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        using var receipt = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return (receipt.RootElement.GetProperty("orders").GetInt32(), receipt.RootElement.GetProperty("shipments").GetInt32());
    }

    // A folder of letters is named by a digest of whose they are.
    private List<string> Letters(string customer)
    {
        var subject = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"c/demo/{customer}")).AsSpan(0, 10));
        var folder = running.Scratch.At($"data/outbox/demo/{subject}");
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.json").Where(static f => Path.GetFileName(f)[0] != '.').Select(File.ReadAllText)] : [];
    }

    private async Task<(List<JsonElement> Events, string Next)> ReadAllAsync(string key, string? after, int limit)
    {
        var events = new List<JsonElement>();
        while (true)
        {
            var page = JsonDocument.Parse(await Silo.GetAsync(key, $"/v1/events?limit={limit}{(after is null ? "" : "&after=" + after)}")).RootElement;
            events.AddRange(page.GetProperty("events").EnumerateArray());
            after = page.GetProperty("next").GetString()!;
            if (!page.GetProperty("more").GetBoolean()) return (events, after);
        }
    }

    private static string Id(JsonElement one) => Text(one, "id");

    private static string Text(JsonElement one, string name) => one.TryGetProperty(name, out var value) ? value.GetString()! : "";
}
