using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Ports;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Events;

/// <summary><c>/v1/events</c>: what happened, to be fetched from any place on. The reader keeps the cursor; we keep nothing for it.</summary>
public static class EventEndpoints
{
    private const int MostAtOnce = 4, Most = 1_000, Usual = 200;

    public static IEndpointRouteBuilder MapEvents(this IEndpointRouteBuilder app)
    {
        var places = new SemaphoreSlim(MostAtOnce);
        app.MapGet("/v1/events", (string? after, int? limit, HttpContext http, RetailerDirectory retailers, IEventLog log) => ReadAsync(after, limit, http, retailers, log, places))
            .WithName("ListEvents").WithTags("Events")
            .WithSummary("What happened to parcels, orders, offers and claims after a cursor (?after=, the next of an earlier answer; without it from the beginning); ?limit= 1 to 1000. Ids never change, so a repetition is recognised; events of one parcel or order come in their order.")
            .Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(429).ProducesProblem(503);
        return app;
    }

    private static async Task<IResult> ReadAsync(string? after, int? limit, HttpContext http, RetailerDirectory retailers, IEventLog log, SemaphoreSlim places)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (limit is < 1 or > Most) return Problems.Of(400, "limit-range", $"limit is 1 to {Most}.");
        if (!await places.WaitAsync(TimeSpan.Zero, http.RequestAborted)) return Problems.Of(429, "readers-full", "Too many read events at this moment.", 1);
        EventPage? page;
        try { page = await log.ReadAsync(retailer.Id, string.IsNullOrEmpty(after) ? null : after, limit ?? Usual, http.RequestAborted); }
        finally { places.Release(); }
        if (page is null) return Problems.Of(400, "cursor-unreadable", "after is not what an earlier answer gave as next. Without it the log is read from its beginning.");
        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        json.WriteStartArray("events");
        foreach (var one in page.Events)
        {
            json.WriteStartObject();
            json.WriteString("id", one.Id);
            json.WriteString("type", one.Type);
            json.WriteString("at", one.At.UtcDateTime);
            if (one.Order is not null) json.WriteString("order", one.Order);
            if (one.Shipment is { } shipment)
            {
                json.WriteString("carrier", shipment.Carrier);
                json.WriteString("trackingNumber", shipment.Number);
            }
            json.WritePropertyName("data");
            one.Data.WriteTo(json);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("next", page.Next);
        json.WriteBoolean("more", page.More);
        json.WriteEndObject();
        return Results.Empty;
    }
}
