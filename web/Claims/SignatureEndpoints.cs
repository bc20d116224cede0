using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Claims;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Claims;

/// <summary>Whether somebody must be home: asked at checkout, set for a parcel, read with the shopper's answer.</summary>
public static class SignatureEndpoints
{
    public static IEndpointRouteBuilder MapSignatures(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/signature", AskAsync)
            .WithName("AskSignature").WithTags("Signature").WithSummary("At checkout: would these goods be handed over against a signature only, and why. Stores nothing.")
            .Accepts<object>("application/json").Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401);
        app.MapPut("/v1/shipments/{carrier}/{number}/signature", SetAsync)
            .WithName("SetSignature").WithTags("Signature").WithSummary("Sets what is expected for a parcel, by the rule (value, items) or as asked, and whom to tell. The same again changes nothing.")
            .Accepts<object>("application/json").Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(404).ProducesProblem(503);
        app.MapGet("/v1/shipments/{carrier}/{number}/signature", GetAsync)
            .WithName("GetSignature").WithTags("Signature").WithSummary("What is expected for a parcel, when the shopper was told, and what they answered.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404);
        return app;
    }

    private static async Task<IResult> AskAsync(HttpContext http, RetailerDirectory retailers, ICaseReader cases)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        var (body, unread) = await JsonBody.ReadAsync(http);
        if (body is null) return unread!;
        using (body)
        {
            var (value, items) = (body.Amount("value"), body.Texts("items", 500, 100));
            if (body.Problem("signature-invalid") is { } wrong) return wrong;
            await using var json = JsonAnswer.Start(http);
            ClaimDocuments.Write(json, cases.NeedsSignature(retailer.Id, value, [.. items]));
            return Results.Empty;
        }
    }

    private static async Task<IResult> SetAsync(string carrier, string number, HttpContext http, RetailerDirectory retailers, IGrainFactory grains)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (retailer.ShipmentOf(carrier, number) is not { } key) return Problems.NotFound("That is no carrier's slug or no tracking number.");
        var (body, unread) = await JsonBody.ReadAsync(http);
        if (body is null) return unread!;
        using (body)
        {
            var notice = new SignatureNotice(
                body.Flag("required"), body.Amount("value"), [.. body.Texts("items", 500, 100)], body.Text("language", 35, within: "contact"), body.Text("name", 200, within: "contact"),
                body.Text("email", 320, within: "contact"), body.Flag("tell") ?? true);
            if (body.Problem("signature-invalid") is { } wrong) return wrong;
            var answer = await grains.GetGrain<ICaseGrain>(key.ToString()).Expect(notice);
            if (ClaimEndpoints.RefusalOf(answer) is { } refused) return refused;
            await using var json = JsonAnswer.Start(http);
            ClaimDocuments.Write(json, answer.Case?.Signature);
            return Results.Empty;
        }
    }

    private static async Task<IResult> GetAsync(string carrier, string number, HttpContext http, RetailerDirectory retailers, ICaseReader cases)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (retailer.ShipmentOf(carrier, number) is not { } key) return Problems.NotFound("That is no carrier's slug or no tracking number.");
        var parcel = await cases.ReadAsync(key, http.RequestAborted);
        await using var json = JsonAnswer.Start(http);
        ClaimDocuments.Write(json, parcel?.Signature);
        return Results.Empty;
    }
}
