using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Ports;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Claims;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Customers;

/// <summary>Forgetting people on their wish. What they bought and what was decided stays, without them.</summary>
public static class CustomerEndpoints
{
    public static IEndpointRouteBuilder MapCustomers(this IEndpointRouteBuilder app)
    {
        app.MapDelete("/v1/customers/{id}", CustomerAsync).WithName("EraseCustomer").WithTags("Customers")
            .WithSummary("Destroys what is personal of a customer and of all their orders and parcels: names, addresses, carriers' texts, letters. Ids, amounts and decisions stay. May be repeated; answers a receipt.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404).ProducesProblem(503);
        app.MapDelete("/v1/orders/{id}/people", OrderAsync).WithName("EraseOrderPeople").WithTags("Customers")
            .WithSummary("The same for one order and its parcels; for buyers without a customer's id.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404).ProducesProblem(503);
        return app;
    }

    private static async Task<IResult> CustomerAsync(string id, HttpContext http, RetailerDirectory retailers, IErasure erasure)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        var receipt = OrderKey.IsId(id) ? await erasure.CustomerAsync(retailer.Id, id, http.RequestAborted) : null;
        return receipt is null ? Problems.NotFound("Nobody of that id was ever told of.") : await WriteAsync(http, "customer", id, receipt);
    }

    private static async Task<IResult> OrderAsync(string id, HttpContext http, RetailerDirectory retailers, IErasure erasure)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        var receipt = OrderKey.IsId(id) ? await erasure.OrderAsync(new OrderKey(retailer.Id, id), http.RequestAborted) : null;
        return receipt is null ? Problems.NotFound("No such order is known.") : await WriteAsync(http, "order", id, receipt);
    }

    private static async Task<IResult> WriteAsync(HttpContext http, string what, string id, ErasureReceipt receipt)
    {
        await using var json = ClaimEndpoints.Start(http, 200);
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
