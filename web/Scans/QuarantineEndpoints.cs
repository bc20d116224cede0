using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Carriers;
using Tracking.Contracts.Ports;
using Tracking.Domain.Shipments;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Scans;

/// <summary><c>/v1/quarantine</c>: what could not be read, why, and reading it again after the mapping was mended.</summary>
public static class QuarantineEndpoints
{
    public static IEndpointRouteBuilder MapQuarantine(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/quarantine", ListAsync).WithName("ListQuarantine").WithTags("Ingest")
            .WithSummary("Items that could not be read, newest first. ?before= an instant for the next page, ?replayed=true for those read since.")
            .Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401);
        app.MapGet("/v1/quarantine/{id}", GetAsync).WithName("GetQuarantined").WithTags("Ingest").WithSummary("One item's original bytes.")
            .Produces(200, contentType: "application/octet-stream").ProducesProblem(401).ProducesProblem(404);
        app.MapPost("/v1/quarantine/{id}/replay", ReplayAsync).WithName("ReplayQuarantined").WithTags("Ingest").WithSummary("Reads an item again with the decoders of today.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503);
        return app;
    }

    private static async Task<IResult> ListAsync(string? before, bool? replayed, int? limit, HttpContext http, RetailerDirectory retailers, IQuarantine quarantine)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        DateTimeOffset? until = null;
        if (before is not null)
        {
            if (!ScanJson.TryReadTime(before.Replace(' ', '+'), out var time) || time.Utc is null) return Problems.Of(400, "time-unreadable", "before is no RFC 3339 instant with an offset.");
            until = time.Utc;
        }
        var items = await quarantine.ListAsync(retailer.Id, until, Math.Clamp(limit ?? 100, 1, 1000), replayed == true, http.RequestAborted);
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var item in items)
        {
            json.WriteStartObject();
            json.WriteString("id", item.Id);
            json.WriteString("format", item.Format);
            if (item.Feed is not null) json.WriteString("feed", item.Feed);
            json.WriteString("receivedAt", item.ReceivedAt.UtcDateTime);
            json.WriteString("code", item.Code);
            json.WriteString("detail", item.Detail);
            json.WriteString("pointer", item.Pointer);
            if (item.ReplayedAt is { } at) json.WriteString("replayedAt", at.UtcDateTime);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        return Results.Empty;
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, RetailerDirectory retailers, IQuarantine quarantine)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (await quarantine.FindAsync(retailer.Id, id, http.RequestAborted) is not { } item) return Problems.NotFound("There is no such item.");
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{item.Id}.bin\"";   // never shown by a browser
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return Results.Bytes(item.Body.ToArray(), "application/octet-stream");
    }

    private static async Task<IResult> ReplayAsync(string id, HttpContext http, RetailerDirectory retailers, IQuarantine quarantine, FeedIntake intake, TimeProvider clock)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (await quarantine.FindAsync(retailer.Id, id, http.RequestAborted) is not { } item) return Problems.NotFound("There is no such item.");
        if (intake.Find(item.Format) is not { } decoder) return Problems.Of(422, "format-gone", $"The format '{item.Format}' is no longer known.");

        var feed = item.Feed is null ? null : retailers.FindFeed(item.Feed);
        var context = new FeedContext { Feed = item.Feed ?? item.Format, Channel = "api", ReceivedAt = item.ReceivedAt, Carrier = feed?.Options.Carrier, Zone = feed?.Options.Zone };
        var still = decoder.Decode(item.Body, context).Select(i => i.Problem).FirstOrDefault(p => p is not null);
        if (still is not null) return Problems.Of(422, still.Code.Replace('.', '-'), $"The item still cannot be read: {still.Detail}");

        return await FeedEndpoints.WriteAsync(http, await intake.ReplayAsync(retailer, item, decoder, context, clock.GetUtcNow(), http.RequestAborted));
    }
}
