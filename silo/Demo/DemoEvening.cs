using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Silo.Demo;

/// <summary>
/// One evening before the holidays, from a seed: a few hundred parcels of several carriers, a storm over one hub, and one parcel that goes to the door
/// while somebody watches. It speaks the carriers' own formats to the silo's own doors, like anybody else.
/// </summary>
internal sealed partial class DemoEvening(IServer server, IShipmentReader reader, TimeProvider clock, IHostApplicationLifetime lifetime, IConfiguration configuration, ILogger<DemoEvening> log) : BackgroundService
{
    private const int Parcels = 300;

    private static readonly (string City, string State, string Zip, double Hours)[] Towns =
    [
        ("Memphis", "TN", "38118", -6), ("Louisville", "KY", "40213", -5), ("Chicago", "IL", "60666", -6), ("Newark", "NJ", "07114", -5),
        ("Atlanta", "GA", "30320", -5), ("Denver", "CO", "80249", -7), ("Dallas", "TX", "75261", -6), ("Columbus", "OH", "43217", -5),
    ];

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            await StartedAsync(stopping);
            var address = server.Features.Get<IServerAddressesFeature>()!.Addresses.First();
            using var client = new HttpClient { BaseAddress = new Uri(address) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", configuration["Demo:Key"] ?? "demo");

            var step = TimeSpan.FromSeconds(configuration.GetValue("Demo:StepSeconds", 2.0));
            for (var round = 0; !stopping.IsCancellationRequested; round++)
            {
                var star = "1ZDEMO" + (2026_000 + round).ToString("0000000", CultureInfo.InvariantCulture) + "0001";
                await PlayAsync(client, address, star, round, step, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }   // a stop is no fault
        catch (HttpRequestException refused) { LogStopped(log, refused.Message); }
    }

    private async Task PlayAsync(HttpClient client, string address, string star, int round, TimeSpan step, CancellationToken stopping)
    {
        var now = clock.GetUtcNow();
        var dice = new Random(20261224 + round);

        await OrderAsync(client, star, round, now, stopping);

        // Two days ago to tonight: what had happened before anybody looked.
        await PostUpsAsync(client, star, [("M", "MP", "003", "Shipper created a label, UPS has not received the package yet.", now.AddDays(-2).AddHours(-3), Towns[3]),
            ("I", "OR", "160", "Arrived at Facility", now.AddDays(-2), Towns[3])], now, stopping);
        if (round == 0) await PostBackgroundAsync(client, dice, now, stopping);

        if (await reader.ReadAsync(new ShipmentKey("demo", "ups", star), cancel: stopping) is not { } view) throw new HttpRequestException("The demo's first parcel was not stored.");
        var link = $"{address}/t/{reader.LinkToken(view.Key, view.UseId, "link", view.LinkGeneration)}";
        Console.WriteLine(round == 0 ? $"  watch a parcel {link}" : $"  the next parcel {link}");
        if (round == 0) Console.WriteLine($"  what shoppers were sent {address}/dev/mailbox");

        (string Type, string Code, string Status, string Text, (string, string, string, double) Town)[] acts =
        [
            ("I", "DP", "005", "Departed from Facility", Towns[3]),
            ("I", "AR", "005", "Arrived at Facility", Towns[1]),
            ("X", "DJ", "051", "Severe weather conditions have delayed delivery.", Towns[1]),
            ("I", "DP", "005", "Departed from Facility", Towns[1]),
            ("I", "AR", "005", "Arrived at Facility", Towns[2]),
            ("I", "OT", "021", "Out For Delivery Today", Towns[2]),
            ("D", "KB", "011", "Delivered", Towns[2]),
        ];
        // The first act comes quickly, so that a page just opened moves at once; the rest play on.
        for (var act = 0; act < acts.Length; act++)
        {
            await Task.Delay(act == 0 ? TimeSpan.FromSeconds(Math.Min(step.TotalSeconds, 1.5)) : step * 2, clock, stopping);
            var (type, code, status, text, town) = acts[act];
            await PostUpsAsync(client, star, [(type, code, status, text, clock.GetUtcNow(), town)], now, stopping);
            await PostSomeAsync(client, dice, act, stopping);
        }
        await Task.Delay(step * 10, clock, stopping);
    }

    // Somebody ordered it, so somebody is told; the letters lie at /dev/mailbox. An evening played again on the same day tells the same order.
    private static async Task OrderAsync(HttpClient client, string star, int round, DateTimeOffset now, CancellationToken stopping)
    {
        var body = string.Create(CultureInfo.InvariantCulture, $$"""
            {"id":"DEMO-{{now:yyyyMMdd}}-{{round}}","value":{"minor":8900,"currency":"EUR"},"language":"en","country":"US","customer":{"id":"demo-shopper","email":"you@example.org"},
             "promise":{"by":"{{now.AddDays(1):yyyy-MM-dd}}","zone":"America/Chicago"},"lines":[{"id":"1","quantity":1,"sku":"HAT-7","name":"Wool hat","unitPrice":8900}],"shipments":[{"carrier":"ups","trackingNumber":"{{star}}"}]}
            """);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(new Uri("/v1/orders", UriKind.Relative), content, stopping);
        // A retailer of the operator's own may refuse it (another currency, say); the parcel moves all the same.
    }

    // A storm sits over Louisville: whatever passes there tonight is late, and the rest moves on.
    private async Task PostSomeAsync(HttpClient client, Random dice, int act, CancellationToken stopping)
    {
        var lines = new StringBuilder();
        for (var i = 0; i < 25; i++)
        {
            var parcel = dice.Next(Parcels);
            var town = Towns[parcel % Towns.Length];
            var (status, extra) = town.State == "KY"
                ? ("IN_TRANSIT", ",\"modifiers\":[\"delayed\"],\"reason\":\"external.weather\",\"text\":\"Severe weather at the hub\"")
                : act > 4 && parcel % 3 == 0 ? ("DELIVERED", "") : act > 2 && parcel % 2 == 0 ? ("OUT_FOR_DELIVERY", "") : ("IN_TRANSIT", ",\"text\":\"Departed facility\"");
            lines.Append(CultureInfo.InvariantCulture, $$$"""{"carrier":"{{{CarrierOf(parcel)}}}","trackingNumber":"DEMO{{{parcel:000000}}}","status":"{{{status}}}","occurredAt":"{{{Local(clock.GetUtcNow(), town.Hours)}}}","place":{"city":"{{{town.City}}}","region":"{{{town.State}}}","country":"US"}{{{extra}}}}""").Append('\n');
        }
        await PostAsync(client, "/v1/scans", lines.ToString(), "application/x-ndjson", stopping);
    }

    private static async Task PostBackgroundAsync(HttpClient client, Random dice, DateTimeOffset now, CancellationToken stopping)
    {
        var lines = new StringBuilder();
        for (var parcel = 0; parcel < Parcels; parcel++)
        {
            var town = Towns[parcel % Towns.Length];
            var from = Towns[(parcel / Towns.Length) % Towns.Length];
            var picked = now.AddHours(-dice.Next(20, 70));
            lines.Append(CultureInfo.InvariantCulture, $$$"""{"carrier":"{{{CarrierOf(parcel)}}}","trackingNumber":"DEMO{{{parcel:000000}}}","status":"ACCEPTED","occurredAt":"{{{Local(picked, from.Hours)}}}","place":{"city":"{{{from.City}}}","region":"{{{from.State}}}","country":"US"},"journey":{"originCountry":"US","originRegion":"{{{from.State}}}","destinationCountry":"US","destinationRegion":"{{{town.State}}}","destinationPostalCode":"{{{town.Zip}}}"}}""").Append('\n');
            lines.Append(CultureInfo.InvariantCulture, $$$"""{"carrier":"{{{CarrierOf(parcel)}}}","trackingNumber":"DEMO{{{parcel:000000}}}","status":"IN_TRANSIT","occurredAt":"{{{Local(picked.AddHours(dice.Next(4, 18)), from.Hours)}}}","place":{"city":"{{{from.City}}}","region":"{{{from.State}}}","country":"US"}}""").Append('\n');
        }
        await PostAsync(client, "/v1/scans", lines.ToString(), "application/x-ndjson", stopping);
    }

    private static Task PostUpsAsync(HttpClient client, string number, (string Type, string Code, string Status, string Text, DateTimeOffset At, (string City, string State, string Zip, double Hours) Town)[] events, DateTimeOffset now, CancellationToken stopping)
    {
        var activity = string.Join(",", events.Reverse().Select(e =>
        {
            var local = e.At.ToOffset(TimeSpan.FromHours(e.Town.Hours));
            return string.Create(CultureInfo.InvariantCulture, $$"""
                {"location":{"address":{"city":"{{e.Town.City}}","stateProvince":"{{e.Town.State}}","countryCode":"US","country":"US"},"slic":"{{e.Town.Zip}}"},
                 "status":{"type":"{{e.Type}}","code":"{{e.Code}}","statusCode":"{{e.Status}}","description":"{{e.Text}}"},
                 "date":"{{local:yyyyMMdd}}","time":"{{local:HHmmss}}","gmtDate":"{{e.At.UtcDateTime:yyyyMMdd}}","gmtTime":"{{e.At.UtcDateTime:HHmmss}}","gmtOffset":"{{Offset(e.Town.Hours)}}"}
                """);
        }));
        var body = $$$"""{"trackResponse":{"shipment":[{"inquiryNumber":"{{{number}}}","package":[{"trackingNumber":"{{{number}}}","deliveryDate":[{"type":"SDD","date":"{{{now.AddDays(1).ToString("yyyyMMdd", CultureInfo.InvariantCulture)}}}"}],"activity":[{{{activity}}}]}]}]}}""";
        return PostAsync(client, "/v1/feeds/ups", body, "application/json", stopping);
    }

    private static async Task PostAsync(HttpClient client, string path, string body, string type, CancellationToken stopping)
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), content, stopping);
        answer.EnsureSuccessStatusCode();
    }

    private static string CarrierOf(int parcel) => (parcel % 4) switch { 0 => "ups", 1 => "fedex", 2 => "usps", _ => "dhl-express" };

    private static string Offset(double hours) => Tracking.Domain.Shipments.ScanJson.FormatOffset(TimeSpan.FromHours(hours));

    private static string Local(DateTimeOffset at, double hours) => at.ToOffset(TimeSpan.FromHours(hours)).ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture);

    private async Task StartedAsync(CancellationToken stopping)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var on = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(stopping);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The demo stopped: {Problem}")]
    private static partial void LogStopped(ILogger log, string problem);
}
