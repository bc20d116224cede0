using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Http;
using Tracking.Web.Pages;
using Tracking.Web.Retailers;

namespace Tracking.Web.Shipments;

/// <summary><c>GET /v1/shipments/…</c>: what is known, what was known at an instant, and why.</summary>
public static class ShipmentEndpoints
{
    public static IEndpointRouteBuilder MapShipments(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/shipments/{carrier}/{number}", GetAsync)
            .WithName("GetShipment").WithTags("Shipments").WithSummary("The shipment as it is, or with ?at= as it was known then; ?use= picks an earlier use of a recycled number.")
            .Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(404);
        app.MapGet("/v1/shipments/{carrier}/{number}/history", HistoryAsync)
            .WithName("GetShipmentHistory").WithTags("Shipments").WithSummary("Every append of the shipment: which scans became known when, what was decided, and why in a sentence.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404);
        app.MapPost("/v1/shipments/{carrier}/{number}/withdraw-links", WithdrawAsync)
            .WithName("WithdrawShipmentLinks").WithTags("Shipments").WithSummary("The shipment's links, and whatever was shared from them, open nothing any more; the answer has the new one. With {\"link\": …} only if that link still opens, so that a repeated call withdraws nothing newer.")
            .Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(404).ProducesProblem(413).ProducesProblem(503);
        return app;
    }

    private static async Task<IResult> WithdrawAsync(string carrier, string number, HttpContext http, RetailerDirectory retailers, IShipmentReader reader, PageVisits visits, IGrainFactory grains)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (retailer.ShipmentOf(carrier, number) is not { } key || await reader.ReadAsync(key, cancel: http.RequestAborted) is not { } view) return NotFound();
        var (link, wrong) = await NamedAsync(http);
        if (wrong is not null) return wrong;
        var generation = view.LinkGeneration;
        if (link is not null)
        {
            if (await visits.FindAsync(TokenOf(link), http.RequestAborted) is not { } target || target.Key != key) return Problems.Of(400, "link-unknown", "link is no link of this shipment: its address, or the part behind /t/.");
            generation = target.Generation;
        }
        var done = await grains.GetGrain<IShipmentGrain>(key.ToString()).WithdrawLinks(generation);
        if (done.Problem is not null) return Problems.Of(503, "not-stored", "The links are not known to be withdrawn. Send it again, with the link.", 1);
        if (!done.Known) return NotFound();

        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        json.WriteBoolean("withdrawn", done.Generation > view.LinkGeneration);   // false: it was withdrawn before
        json.WriteString("trackingUrl", $"{http.Request.Scheme}://{http.Request.Host}/t/{reader.LinkToken(key, view.UseId, Shipment.PublicLinks, done.Generation)}");
        json.WriteEndObject();
        return Results.Empty;
    }

    // An empty body names none.
    private static async Task<(string? Link, IResult? Refusal)> NamedAsync(HttpContext http)
    {
        if (http.Request.ContentLength is 0 || http.Request.ContentLength is null && http.Request.ContentType is null) return (null, null);
        var (body, refusal) = await JsonBody.ReadAsync(http);
        if (body is null) return (null, refusal);
        using (body)
        {
            var link = body.Text("link", 2_000);
            return (link, body.Problem("body-invalid"));
        }
    }

    // As it was handed out, or only its token.
    private static string TokenOf(string link)
    {
        var token = link.AsSpan(link.LastIndexOf("/t/", StringComparison.Ordinal) is >= 0 and var at ? at + 3 : 0);
        return token[..(token.IndexOfAny('?', '#', '/') is >= 0 and var end ? end : token.Length)].ToString();
    }

    private static async Task<IResult> GetAsync(
        string carrier, string number, string? at, string? use, HttpContext http, RetailerDirectory retailers, IShipmentReader reader, TimeProvider clock)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (retailer.ShipmentOf(carrier, number) is not { } key) return NotFound();
        DateTimeOffset? instant = null;
        if (at is not null)
        {
            // A plus in a query is a space to many clients; both mean the offset's sign here.
            if (!ScanJson.TryReadTime(at.Replace(' ', '+'), out var time) && !ScanJson.TryReadTime(at, out time) || time.Utc is null)
                return Problems.Of(400, "time-unreadable", "at is no RFC 3339 instant with an offset, such as 2026-12-24T18:00:00Z.");
            if (time.Utc > clock.GetUtcNow()) return Problems.Of(400, "time-in-future", "at lies in the future; nothing is known of it yet.");
            instant = time.Utc;
        }
        if (await reader.ReadFullAsync(key, instant, use, http.RequestAborted) is not { } view) return NotFound();

        var token = reader.LinkToken(key, view.UseId, "link", view.LinkGeneration);
        await using var json = JsonAnswer.Start(http);
        ShipmentJsonView.Write(json, view, $"{http.Request.Scheme}://{http.Request.Host}/t/{token}");
        return Results.Empty;
    }

    private static async Task<IResult> HistoryAsync(string carrier, string number, HttpContext http, RetailerDirectory retailers, IShipmentReader reader)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (retailer.ShipmentOf(carrier, number) is not { } key || await reader.HistoryAsync(key, http.RequestAborted) is not { } history) return NotFound();

        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        json.WriteString("carrier", key.Carrier);
        json.WriteString("trackingNumber", key.Number);
        json.WriteStartArray("entries");
        foreach (var entry in history.Entries)
        {
            json.WriteStartObject();
            json.WriteNumber("version", entry.Version);
            json.WriteString("recordedAt", entry.RecordedAt.UtcDateTime);
            if (entry.Erased) json.WriteBoolean("erased", true);
            json.WriteStartArray("scans");
            foreach (var (scan, receivedAt) in entry.Scans) ScanJson.Write(json, scan, ScanParts.All, receivedAt);
            json.WriteEndArray();
            json.WriteStartArray("decisions");
            foreach (var decision in entry.Decisions)
            {
                json.WriteStartObject();
                json.WriteString("type", decision.Type);
                json.WriteString("why", decision.Why);
                json.WritePropertyName("facts");
                ShipmentJson.WriteEvent(json, decision.Event);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        return Results.Empty;
    }

    private static IResult NotFound() => Problems.NotFound("No shipment of that carrier and number is known, or none was at that time.");
}
