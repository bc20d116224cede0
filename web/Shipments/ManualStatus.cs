using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Http;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Web.Shipments;

/// <summary>
/// <c>POST /v1/shipments/{carrier}/{number}/status</c>: a status set by hand. It is a scan like any other, of the source <c>manual</c>, so nothing is overwritten and the history says
/// who set what and why (sealed, as names are).
/// </summary>
public static class ManualStatus
{
    public const string Source = "manual";

    public static IEndpointRouteBuilder MapManualStatus(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/shipments/{carrier}/{number}/status", SetAsync)
            .WithName("SetStatus").WithTags("Shipments").WithSummary("Sets a status by hand, audited: a scan of source 'manual' with who (by) and why. The same again (same occurredAt) is a duplicate.")
            .Accepts<object>("application/json").Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(404).ProducesProblem(503);
        return app;
    }

    private static async Task<IResult> SetAsync(string carrier, string number, HttpContext http, RetailerDirectory retailers, IShipmentReader reader, ScanIntake intake, TimeProvider clock)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        var (body, unread) = await JsonBody.ReadAsync(http);
        if (body is null) return unread!;
        using (body)
        {
            if (retailer.ShipmentOf(carrier, number) is not { } key) return Problems.NotFound("That is no carrier's slug or no tracking number.");
            var now = clock.GetUtcNow();
            var status = Milestone.Unknown;
            if (body.Text("status", 40, required: true) is { } named && (!Milestones.TryParse(named, out status) || status == Milestone.Unknown)) body.Wrong("/status", "is none of the statuses, such as DELIVERED.");
            var (by, why) = (body.Text("by", 100, required: true), body.Text("why", 400, required: true));
            var occurred = OccurredTime.At(now);
            if (body.Text("occurredAt", 40) is { } told && (!ScanJson.TryReadTime(told, out occurred) || occurred.Utc is null)) body.Wrong("/occurredAt", "is no RFC 3339 instant with an offset.");
            else if (occurred.Utc > now.AddMinutes(5)) body.Wrong("/occurredAt", "lies in the future.");
            else if (occurred.Utc < now.AddYears(-1)) body.Wrong("/occurredAt", "is more than a year ago.");
            if (body.Problem("status-invalid") is { } wrong) return wrong;
            // A status by hand mends what a feed missed; a parcel nobody ever spoke of is announced by an order or a scan.
            if (await reader.ReadAsync(key, cancel: http.RequestAborted) is null) return Problems.NotFound("No shipment of that carrier and number is known.");

            var scan = new Scan
            {
                Carrier = key.Carrier, TrackingNumber = key.Number, Status = status, Occurred = occurred, PublishedAt = now,
                Raw = new RawCodes(Type: Source, Code: status.Name(), Text: $"{by}: {why}"), Source = new ScanSource(null, Source, SignatureState.NotSupported),
            };
            Incoming[] batch = [new Incoming { Scan = scan }];
            await intake.RecordAsync(retailer, batch, 1);
            if (batch[0].Outcome == ScanOutcome.Failed) return Problems.Of(503, "not-stored", "It is not known to be stored; send it again.", 1);
            if (batch[0].Outcome == ScanOutcome.Rejected) return Problems.Of(400, "status-invalid", batch[0].ProblemDetail ?? "It cannot be stored.");
            await using var json = JsonAnswer.Start(http);
            json.WriteStartObject();
            json.WriteString("outcome", batch[0].Outcome == ScanOutcome.Accepted ? "accepted" : "duplicate");
            json.WriteString("shipment", $"{key.Carrier}/{key.Number}");
            json.WriteNumber("version", batch[0].Version);
            json.WriteEndObject();
            return Results.Empty;
        }
    }
}
