using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Orders;
using Tracking.Domain.Recovery;
using Tracking.Web.Http;
using Tracking.Web.Orders;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Web.Offers;

/// <summary><c>/v1/offers</c>: a shop's own pages and agents accept and decline for the shopper.</summary>
public static class OfferEndpoints
{
    public static IEndpointRouteBuilder MapOffers(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/offers/{id}", GetAsync).WithName("GetOffer").WithTags("Offers").WithSummary("An offer with its state, remedies and reason.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404);
        app.MapPost("/v1/offers/{id}/accept", AcceptAsync).WithName("AcceptOffer").WithTags("Offers")
            .WithSummary("Takes one remedy ({\"remedy\":\"discount\"}; may be left out where there is only one), once; answers its code. The same again is answered the same with \"first\": false.")
            .Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(404).ProducesProblem(409).ProducesProblem(410).ProducesProblem(503);
        app.MapPost("/v1/offers/{id}/decline", DeclineAsync).WithName("DeclineOffer").WithTags("Offers").WithSummary("No, thank you. Nobody asks again.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404).ProducesProblem(409).ProducesProblem(410).ProducesProblem(503);
        return app;
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, RetailerDirectory retailers, IOrderReader reader)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (await reader.OrderOfOfferAsync(id, http.RequestAborted) is not { } key || key.Retailer != retailer.Id) return NotFound();
        return await reader.ReadAsync(key, http.RequestAborted) is { } view && view.Order.FindOffer(id) is { } offer ? await WriteAsync(http, OfferView.Of(key, offer), null) : NotFound();
    }

    private static async Task<IResult> AcceptAsync(string id, HttpContext http, RetailerDirectory retailers, IOrderReader reader, IGrainFactory grains)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (await reader.OrderOfOfferAsync(id, http.RequestAborted) is not { } key || key.Retailer != retailer.Id) return NotFound();
        RemedyKind? remedy = null;
        if (http.Request.ContentLength is not 0 && await BodyReading.WholeAsync(http, 4_096) is { Length: > 0 } body)
        {
            try
            {
                using var root = JsonDocument.Parse(body);
                if (root.RootElement.ValueKind == JsonValueKind.Object && root.RootElement.TryGetProperty("remedy", out var told))
                {
                    if (told.ValueKind != JsonValueKind.String || !Remedies.TryParse(told.GetString(), out var kind))
                        return Problems.Of(400, "remedy-unknown", $"The remedy is one of {string.Join(", ", Remedies.AllNames)}.");
                    remedy = kind;
                }
            }
            catch (JsonException) { return Problems.Of(400, "json-unreadable", "The body is no JSON."); }
        }
        if (remedy is null)
        {
            var offer = (await reader.ReadAsync(key, http.RequestAborted))?.Order.FindOffer(id);
            if (offer is not { Decision.Remedies: [var only] }) return Problems.Of(400, "remedy-missing", "The offer is a choice; say which remedy is taken: {\"remedy\":\"discount\"}.");
            remedy = only.Kind;
        }
        return await AnswerAsync(http, await grains.GetGrain<IOrderGrain>(key.ToString()).Accept(id, remedy.Value, "retailer"));
    }

    private static async Task<IResult> DeclineAsync(string id, HttpContext http, RetailerDirectory retailers, IOrderReader reader, IGrainFactory grains)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (await reader.OrderOfOfferAsync(id, http.RequestAborted) is not { } key || key.Retailer != retailer.Id) return NotFound();
        return await AnswerAsync(http, await grains.GetGrain<IOrderGrain>(key.ToString()).Decline(id, "retailer"));
    }

    private static async Task<IResult> AnswerAsync(HttpContext http, OfferReply reply) => reply.Refusal switch
    {
        OfferRefusal.None => await WriteAsync(http, reply.Offer!, reply.First),
        OfferRefusal.Unknown => NotFound(),
        OfferRefusal.Expired => Problems.Of(410, "offer-expired", reply.Problem!),
        OfferRefusal.NotStored => Problems.Of(503, "storage-away", reply.Problem!, 1),
        OfferRefusal.NoSuchRemedy => Problems.Of(400, "remedy-unknown", reply.Problem!),
        OfferRefusal.AlreadyAccepted => Problems.Of(409, "offer-accepted", reply.Problem!),
        _ => Problems.Of(409, "offer-closed", reply.Problem!),
    };

    private static async Task<IResult> WriteAsync(HttpContext http, OfferView offer, bool? first)
    {
        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        if (first is { } f) json.WriteBoolean("first", f);
        json.WritePropertyName("offer");
        OrderJsonView.WriteOffer(json, offer);
        json.WriteEndObject();
        return Results.Empty;
    }

    private static IResult NotFound() => Problems.NotFound("No such offer is known.");
}
