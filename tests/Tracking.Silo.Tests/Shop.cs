using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Tracking.Silo.Tests;

/// <summary>A shop that talks to a silo: its policy file, its orders, parcels that the carrier says are delayed, and the offers that follow.</summary>
internal static class Shop
{
    /// <summary>Decides at once, without a rest between offers.</summary>
    public const string Policy = """
        {
          "version": 1, "currency": "EUR", "zone": "Europe/Berlin", "settleMinutes": 0, "coolDownHours": 0, "spacingDays": 0,
          "budget": { "perDay": 1000000 },
          "rules": [
            { "id": "late", "causes": ["carrier-delay"], "remedies": [ { "kind": "discount", "cost": 500, "percent": 10 }, { "kind": "free-shipping", "cost": 490 } ], "expiresDays": 14 },
            { "id": "gone", "causes": ["line-cancelled"], "remedies": [ { "kind": "rain-check", "cost": 300 } ] }
          ]
        }
        """;

    /// <summary>What makes a silo look quickly.</summary>
    public static readonly string[] Quick = ["--Partitions:BusySeconds=0.1", "--Partitions:QuietSeconds=0.5", "--Recovery:GraceSeconds=0.2"];

    public static void Publish(Scratch scratch, string policy = Policy)
    {
        Directory.CreateDirectory(scratch.At("data/policies"));
        File.WriteAllText(scratch.At("data/policies/demo.json"), policy);
    }

    public static string Order(string id, string number, string more = "")
        => $$"""{"id":"{{id}}","value":{"minor":12990,"currency":"EUR"},"customer":{"id":"c-{{id}}","name":"Canary Bird","email":"canary@example.org"},"lines":[{"id":"1","quantity":2,"name":"Ring"}],"shipments":[{"carrier":"ups","trackingNumber":"{{number}}"}]{{more}}}""";

    /// <summary>An order whose parcel the carrier then says is delayed; the offer it led to.</summary>
    public static async Task<string> DelayedAsync(SiloProcess silo, string order, string number)
    {
        using (var placed = await PostAsync(silo.Client, "/v1/orders", Order(order, number))) placed.StatusCode.ShouldBe(HttpStatusCode.Created, await placed.Content.ReadAsStringAsync());
        await DelayAsync(silo, number);
        return await OfferAsync(silo, order);
    }

    public static async Task DelayAsync(SiloProcess silo, string number)
    {
        var at = TimeProvider.System.GetUtcNow().AddHours(-1).UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        using var scanned = await PostAsync(silo.Client, "/v1/scans", $$"""{"carrier":"ups","trackingNumber":"{{number}}","status":"IN_TRANSIT","modifiers":["delayed"],"occurredAt":"{{at}}","text":"Canary Bird's street is flooded"}""");
        (await scanned.Content.ReadAsStringAsync()).ShouldContain("accepted");
    }

    public static async Task<string> OfferAsync(SiloProcess silo, string order)
    {
        using var view = JsonDocument.Parse(await silo.UntilAsync("demo", $"/v1/orders/{order}", static body => body.Contains("\"state\":\"open\"", StringComparison.Ordinal)));
        return view.RootElement.GetProperty("offers").EnumerateArray().First(static o => o.GetProperty("state").GetString() == "open").GetProperty("id").GetString()!;
    }

    public static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string body) => SendAsync(client, HttpMethod.Post, path, body);

    public static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string path, string? body, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return await client.SendAsync(request);
    }

    /// <summary>How often a fact stands in an order's history.</summary>
    public static async Task<int> CountAsync(SiloProcess silo, string order, string fact)
    {
        using var history = JsonDocument.Parse(await silo.GetAsync("demo", $"/v1/orders/{order}/history"));
        return history.RootElement.GetProperty("entries").EnumerateArray().SelectMany(static e => e.GetProperty("facts").EnumerateArray()).Count(f => f.GetProperty("type").GetString() == fact);
    }
}
