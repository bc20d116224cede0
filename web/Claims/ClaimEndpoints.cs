using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Claims;
using Tracking.Domain.Claims;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Claims;

/// <summary><c>/v1/claims</c>: filing, reading, deciding, and the claim file.</summary>
public static class ClaimEndpoints
{
    private const int MaxPage = 200;

    public static IEndpointRouteBuilder MapClaims(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/claims", FileAsync)
            .WithName("FileClaim").WithTags("Claims").WithSummary("Files a claim about a parcel or one of its lines. The same claim again answers the one there is (200); 201 for a new one.")
            .Accepts<object>("application/json").Produces(201, contentType: "application/json").Produces(200, contentType: "application/json")
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503);
        app.MapGet("/v1/claims", ListAsync)
            .WithName("ListClaims").WithTags("Claims").WithSummary("Claims by their parcel's last change, newest first; ?status=open for those that wait for a person, ?before= and ?limit= for pages.")
            .Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401);
        app.MapGet("/v1/claims/{id}", GetAsync)
            .WithName("GetClaim").WithTags("Claims").WithSummary("A claim with its evidence, weights, reasons, decision and the digest of its line in the claim file.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404);
        app.MapPost("/v1/claims/{id}/decision", DecideAsync)
            .WithName("DecideClaim").WithTags("Claims").WithSummary("A person's decision: grant (with remedy and amount) or decline, by whom and why. The same again changes nothing; another one is refused.")
            .Accepts<object>("application/json").Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503);
        app.MapGet("/v1/claims/{id}/file", ClaimFileAsync)
            .WithName("GetClaimFile").WithTags("Claims").WithSummary("The claim file: hash-chained canonical JSON lines, to be checked with `silo verify-claim`.")
            .Produces(200, contentType: "application/x-ndjson").ProducesProblem(401).ProducesProblem(404);
        return app;
    }

    private static async Task<IResult> FileAsync(HttpContext http, RetailerDirectory retailers, IGrainFactory grains, ICaseReader cases)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        var (body, unread) = await JsonBody.ReadAsync(http);
        if (body is null) return unread!;
        using (body)
        {
            var filing = Read(body, out var carrier, out var number);
            if (body.Problem("claim-invalid") is { } wrong) return wrong;
            var key = new ShipmentKey(retailer.Id, carrier, number);
            var answer = await grains.GetGrain<ICaseGrain>(key.ToString()).File(filing);
            if (RefusalOf(answer) is { } refused) return refused;
            var status = answer.Created ? 201 : 200;
            if (answer.Created) http.Response.Headers.Location = "/v1/claims/" + answer.ClaimId;
            return await WriteAsync(http, cases, answer.Case!, answer.ClaimId!, status);
        }
    }

    private static ClaimFiling Read(JsonBody body, out string carrier, out string number)
    {
        carrier = number = "";
        if (body.Text("carrier", 40, required: true) is { } told && !Carrier.TryNormalize(told, out carrier)) body.Wrong("/carrier", "is no carrier's slug.");
        if (body.Text("trackingNumber", 100, required: true) is { } given && !TrackingNumber.TryNormalize(given, out number)) body.Wrong("/trackingNumber", "is no tracking number.");
        var kind = ClaimKind.Lost;
        if (body.Text("kind", 40, required: true) is { } named && !ClaimWords.TryParse(named, out kind)) body.Wrong("/kind", $"must be one of {string.Join(", ", ClaimWords.Kinds.Select(k => k.Name()))}.");
        var wish = ClaimRemedy.Refund;
        if (body.Text("wish", 20) is { } wished && !ClaimWords.TryParse(wished, out wish)) body.Wrong("/wish", "must be refund or reship.");
        return new ClaimFiling
        {
            Kind = kind, Wish = wish, Use = body.Text("use", 40), Line = body.Text("line", 100), Order = body.Text("order", 100), Value = body.Amount("value"), Customer = body.Text("customer", 200),
            Reference = body.Text("reference", 100), Text = body.Text("text", 4_000), Photos = [.. body.Texts("photos", 20, 500)], Name = body.Text("name", 200, within: "contact"),
            Email = body.Text("email", 320, within: "contact"), Language = body.Text("language", 35, within: "contact"), FiledBy = "retailer",
        };
    }

    private static async Task<IResult> ListAsync(string? status, string? before, int? limit, HttpContext http, RetailerDirectory retailers, ICaseReader cases)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (status is not (null or "open" or "all")) return Problems.Of(400, "status-unknown", "status is open or all.");
        if (limit is < 1 or > MaxPage) return Problems.Of(400, "limit-range", $"limit is 1 to {MaxPage}.");
        if (!TryInstant(before, out var until)) return Problems.Of(400, "time-unreadable", "before is no RFC 3339 instant with an offset, such as 2026-12-24T18:00:00Z.");
        var found = await cases.ListAsync(retailer.Id, status == "open", until, limit ?? 50, http.RequestAborted);
        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        json.WriteStartArray("claims");
        foreach (var parcel in found)
            foreach (var claim in parcel.Claims.Where(c => status != "open" || !c.IsDecided))
                ClaimDocuments.Write(json, parcel, claim, null, []);
        json.WriteEndArray();
        if (found.Count == (limit ?? 50)) json.WriteString("before", found[^1].RecordedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        json.WriteEndObject();
        return Results.Empty;
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, RetailerDirectory retailers, ICaseReader cases)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        return await cases.FindAsync(retailer.Id, id, http.RequestAborted) is { } parcel ? await WriteAsync(http, cases, parcel, id, 200) : Unknown();
    }

    private static async Task<IResult> DecideAsync(string id, HttpContext http, RetailerDirectory retailers, IGrainFactory grains, ICaseReader cases)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        var (body, unread) = await JsonBody.ReadAsync(http);
        if (body is null) return unread!;
        using (body)
        {
            var grant = body.Flag("grant");
            if (grant is null) body.Wrong("/grant", "is missing: true grants, false declines.");
            var remedy = ClaimRemedy.None;
            if (body.Text("remedy", 20) is { } named && !ClaimWords.TryParse(named, out remedy)) body.Wrong("/remedy", "must be refund or reship.");
            var verdict = new ClaimVerdict(id, grant == true, remedy, body.Amount("amount"), body.Text("by", 100, required: true) ?? "", body.Text("why", 500, required: true) ?? "", body.Text("note", 4_000));
            if (verdict.By == ParcelCase.Policy) body.Wrong("/by", "is who decides; 'policy' is the engine itself.");
            if (body.Problem("decision-invalid") is { } wrong) return wrong;
            if (await cases.FindAsync(retailer.Id, id, http.RequestAborted) is not { } parcel) return Unknown();
            var answer = await grains.GetGrain<ICaseGrain>(parcel.Key.ToString()).Decide(verdict);
            return RefusalOf(answer) ?? await WriteAsync(http, cases, answer.Case!, id, 200);
        }
    }

    private static async Task<IResult> ClaimFileAsync(string id, HttpContext http, RetailerDirectory retailers, ICaseReader cases)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (await cases.FindAsync(retailer.Id, id, http.RequestAborted) is not { } parcel) return Unknown();
        http.Response.ContentType = "application/x-ndjson";
        http.Response.Headers.CacheControl = "private, no-store";
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"claim-{id}.jsonl\"";
        await foreach (var line in cases.FileAsync(parcel.Key, http.RequestAborted))
            await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), http.RequestAborted);
        return Results.Empty;
    }

    private static async Task<IResult> WriteAsync(HttpContext http, ICaseReader cases, CaseView parcel, string claimId, int status)
    {
        var hash = await cases.FileHashAsync(parcel.Key, claimId, http.RequestAborted);
        var texts = await cases.TextsAsync(parcel.Key, claimId, http.RequestAborted);
        await using var json = JsonAnswer.Start(http, status);
        ClaimDocuments.Write(json, parcel, parcel.Claims.First(c => c.Id == claimId), hash, texts);
        return Results.Empty;
    }

    internal static IResult Unknown() => Problems.NotFound("No claim of that id is known.");

    /// <summary>A refusal as a problem document; null when the case did what was asked.</summary>
    internal static IResult? RefusalOf(CaseAnswer answer)
    {
        if (answer.NotStored) return Problems.Of(503, "not-stored", "It is not known to be stored; send it again.", 1);
        return answer.Refusal is not { } refused ? null : Problems.Of(refused.Code switch
        {
            "shipment-unknown" or "claim-unknown" => 404,
            "claim-conflict" or "claim-settled-otherwise" or "claim-decided" => 409,
            _ => 422,
        }, refused.Code, refused.Detail);
    }

    internal static bool TryInstant(string? text, out DateTimeOffset? instant)
    {
        instant = null;
        if (text is null) return true;
        if (!ScanJson.TryReadTime(text.Replace(' ', '+'), out var time) || time.Utc is null) return false;
        instant = time.Utc;
        return true;
    }
}
