using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Customers;

/// <summary><c>/v1/customers</c>: what was offered to somebody, what they want to hear, and forgetting them on their wish; what they bought and what was decided then stays, without them.</summary>
public static class CustomerEndpoints
{
    public static IEndpointRouteBuilder MapCustomers(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/customers/{id}", GetAsync).WithName("GetCustomer").WithTags("Customers")
            .WithSummary("What is known of a customer without anything personal: tier, language, preferences, and the ledger of what was offered and taken.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404);
        app.MapPut("/v1/customers/{id}/preferences", PreferAsync).WithName("SetPreferences").WithTags("Customers")
            .WithSummary("Whether a customer wants offers ({\"offers\": false}: none, but told of trouble all the same), and on which channels they want to be told.")
            .Accepts<object>("application/json").Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(404);
        app.MapDelete("/v1/customers/{id}", CustomerAsync).WithName("EraseCustomer").WithTags("Customers")
            .WithSummary("Destroys what is personal of a customer and of all their orders and parcels: names, addresses, carriers' texts, letters. Ids, amounts and decisions stay. May be repeated; answers a receipt.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404).ProducesProblem(503);
        app.MapDelete("/v1/orders/{id}/people", OrderAsync).WithName("EraseOrderPeople").WithTags("Customers")
            .WithSummary("The same for one order and its parcels; for buyers without a customer's id.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404).ProducesProblem(503);
        return app;
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, RetailerDirectory retailers, IGrainFactory grains)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (!OrderKey.IsId(id)) return Unknown();
        var grain = grains.GetGrain<ICustomerGrain>($"{retailer.Id}/{id}");
        var orders = await grain.Orders();
        return orders.IsEmpty ? Unknown() : await WriteAsync(http, id, orders.Length, await grain.Ledger());
    }

    private static async Task<IResult> PreferAsync(string id, HttpContext http, RetailerDirectory retailers, IGrainFactory grains)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (!OrderKey.IsId(id)) return Unknown();
        var (body, unread) = await JsonBody.ReadAsync(http);
        if (body is null) return unread!;
        using (body)
        {
            var (offers, channels) = (body.Flag("offers"), body.Texts("channels", 10, 20));
            if (channels.Any(static c => c.Length == 0 || !c.All(static l => char.IsAsciiLetterLower(l) || l == '-'))) body.Wrong("/channels", "must hold names such as email or sms.");
            if (body.Problem("preferences-invalid") is { } wrong) return wrong;
            var grain = grains.GetGrain<ICustomerGrain>($"{retailer.Id}/{id}");
            var known = await grain.Ledger();
            await grain.Prefer(channels.Count > 0 ? [.. channels] : known.Channels, offers ?? known.WantsOffers);
            return await WriteAsync(http, id, (await grain.Orders()).Length, await grain.Ledger());
        }
    }

    private static async Task<IResult> WriteAsync(HttpContext http, string id, int orders, CustomerLedger ledger)
    {
        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteNumber("orders", orders);
        if (ledger.Tier is not null) json.WriteString("tier", ledger.Tier);
        if (ledger.Language is not null) json.WriteString("language", ledger.Language);
        json.WriteBoolean("offers", ledger.WantsOffers);
        json.WriteStartArray("channels");
        foreach (var channel in ledger.Channels) json.WriteStringValue(channel);
        json.WriteEndArray();
        json.WriteStartArray("ledger");
        foreach (var line in ledger.Lines)
        {
            json.WriteStartObject();
            json.WriteString("offer", line.Entry.Offer);
            json.WriteString("order", line.Entry.Order);
            json.WriteString("cause", line.Entry.Cause.Cause.Name());
            json.WriteString("at", line.Entry.At.UtcDateTime);
            json.WriteString("outcome", line.Outcome);
            if (line.Remedy is { } remedy) json.WriteString("remedy", remedy.Name());
            json.WriteNumber("reserved", line.Entry.Cost);
            json.WriteNumber("spent", line.Spent);
            json.WriteString("currency", line.Entry.Currency);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        return Results.Empty;
    }

    private static IResult Unknown() => Problems.NotFound("Nobody of that id was ever told of.");

    private static async Task<IResult> CustomerAsync(string id, HttpContext http, RetailerDirectory retailers, IErasure erasure)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        var receipt = OrderKey.IsId(id) ? await erasure.CustomerAsync(retailer.Id, id, http.RequestAborted) : null;
        return receipt is null ? Unknown() : await WriteAsync(http, "customer", id, receipt);
    }

    private static async Task<IResult> OrderAsync(string id, HttpContext http, RetailerDirectory retailers, IErasure erasure)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        var receipt = OrderKey.IsId(id) ? await erasure.OrderAsync(new OrderKey(retailer.Id, id), http.RequestAborted) : null;
        return receipt is null ? Problems.NotFound("No such order is known.") : await WriteAsync(http, "order", id, receipt);
    }

    private static async Task<IResult> WriteAsync(HttpContext http, string what, string id, ErasureReceipt receipt)
    {
        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        json.WriteString(what, id);
        json.WriteString("erasedAt", receipt.At.UtcDateTime);
        json.WriteNumber("orders", receipt.Orders);
        json.WriteNumber("shipments", receipt.Shipments);
        json.WriteNumber("keys", receipt.Streams);
        json.WriteNumber("letters", receipt.Letters);
        json.WriteEndObject();
        return Results.Empty;
    }
}
