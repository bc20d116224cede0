using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Promotions;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Promotions;

/// <summary><c>/v1/promotions</c>: what the shop's promotion system has not heard yet, and sending it again.</summary>
public static class PromotionEndpoints
{
    private const int Most = 200;

    public static IEndpointRouteBuilder MapPromotions(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/promotions", ListAsync).WithName("ListPromotions").WithTags("Offers")
            .WithSummary("Messages to the shop's promotion system that wait or were given up, with the problem of their last try; at most 200 orders, newest first.")
            .Produces(200, contentType: "application/json").ProducesProblem(401);
        app.MapPost("/v1/promotions/{order}/replay", ReplayAsync).WithName("ReplayPromotions").WithTags("Offers")
            .WithSummary("Sends the messages of an order that were given up again, with their old ids.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404);
        return app;
    }

    private static async Task<IResult> ListAsync(HttpContext http, RetailerDirectory retailers, IPromotionReader reader)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        var orders = await reader.UndeliveredAsync(retailer.Id, Most, http.RequestAborted);
        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        json.WriteStartArray("orders");
        foreach (var order in orders)
        {
            json.WriteStartObject();
            json.WriteString("order", order.Order.Order);
            json.WriteStartArray("messages");
            foreach (var message in order.Messages)
            {
                json.WriteStartObject();
                json.WriteString("id", message.Id);
                json.WriteString("type", message.Type);
                json.WriteString("state", message.State == PromotionState.GivenUp ? "given-up" : "waiting");
                json.WriteString("since", message.OwedAt.UtcDateTime);
                if (message.NextTry is { } next && next > message.OwedAt) json.WriteString("nextTry", next.UtcDateTime);
                if (message.Problem is not null) json.WriteString("problem", message.Problem);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        return Results.Empty;
    }

    private static async Task<IResult> ReplayAsync(string order, HttpContext http, RetailerDirectory retailers, IGrainFactory grains)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (order.Length is 0 or > 200 || order.Contains('/', StringComparison.Ordinal)) return Problems.NotFound("No such order is known.");
        var again = await grains.GetGrain<IPromotionGrain>(new OrderKey(retailer.Id, order).ToString()).Again();
        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        json.WriteNumber("owedAgain", again);
        json.WriteEndObject();
        return Results.Empty;
    }
}
