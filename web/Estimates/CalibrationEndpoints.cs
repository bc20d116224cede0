using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Estimates;
using Tracking.Domain.Estimates;
using Tracking.Web.Http;
using Tracking.Web.Pages;
using Tracking.Web.Retailers;

namespace Tracking.Web.Estimates;

/// <summary>
/// <c>/calibration</c>: what the estimates state against what they keep, from the live engine. Anybody sees cells of at least 200 parcels from at least three retailers that share; a retailer's key
/// shows its own cells, whatever their size.
/// </summary>
public static class CalibrationEndpoints
{
    public const int PublicCount = 200, PublicRetailers = 3;

    public static IEndpointRouteBuilder MapCalibration(this IEndpointRouteBuilder app)
    {
        app.MapGet("/calibration", Page).ExcludeFromDescription();
        app.MapGet("/v1/calibration", Json).WithName("GetCalibration").WithTags("Estimates")
            .WithSummary("Stated against kept: coverage with 95 % intervals, width, pinball loss, revisions, flips and drift alarms per carrier, lane and stage. Without a key the public cells, with one the retailer's own.")
            .Produces(200, contentType: "application/json").ProducesProblem(401);
        return app;
    }

    /// <summary>The cells that may be seen, coarse to fine, larger first.</summary>
    internal static List<CalibrationCell> Visible(CalibrationBook? book, Retailer? retailer)
        => book is null ? [] : [.. book.Cells
            .Where(c => retailer is null ? c.Retailer.Length == 0 && c.Count >= PublicCount && c.Retailers >= PublicRetailers : c.Retailer == retailer.Id)
            .OrderBy(c => c.Lane.Length > 0 ? 2 : c.Carrier.Length > 0 ? 1 : 0).ThenByDescending(c => c.Count).ThenBy(c => c.Carrier, StringComparer.Ordinal).ThenBy(c => c.Lane, StringComparer.Ordinal).ThenBy(c => c.Stage)];

    private static IResult Json(HttpContext http, IEstimates estimates, RetailerDirectory retailers)
    {
        if (!TryWho(http, retailers, out var retailer, out var refusal)) return refusal!;
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true })) Write(json, estimates, retailer);
        Caching(http, retailer);
        return Results.Bytes(bytes.ToArray(), "application/json");
    }

    internal static void Write(Utf8JsonWriter json, IEstimates estimates, Retailer? retailer)
    {
        var status = estimates.Status;
        json.WriteStartObject();
        json.WriteNumber("snapshot", estimates.Current.Id);
        json.WriteString("asOf", estimates.Current.AsOf.UtcDateTime);
        json.WriteNumber("waitsLearned", status.Learned);
        json.WriteNumber("waitsRefused", status.Refused);
        json.WriteNumber("parcelsFollowed", status.Open);
        json.WriteNumber("pastTheir97PercentBound", status.PastDeadline);
        if (estimates.Trouble is { } trouble) json.WriteString("trouble", trouble);
        json.WriteString("units", "days for mae, bias, pinball and width80; 0 to 1 for shares; levels are P10, P50, P90; windows are shown runs of days by their stated mass");
        json.WriteStartArray("cells");
        foreach (var cell in Visible(estimates.Book, retailer)) CalibrationJson.Write(json, cell);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static async Task<IResult> Page(HttpContext http, IEstimates estimates, RetailerDirectory retailers)
    {
        if (!TryWho(http, retailers, out var retailer, out var refusal)) return refusal!;
        var page = CalibrationPage.Draw(estimates, Visible(estimates.Book, retailer), retailer);
        PageHeaders.Apply(http.Response, CalibrationPage.StyleDigest);
        http.Response.Headers.Remove("X-Robots-Tag");   // meant to be found
        Caching(http, retailer);
        http.Response.ContentType = "text/html; charset=utf-8";
        await http.Response.WriteAsync(page, http.RequestAborted);
        return Results.Empty;
    }

    private static bool TryWho(HttpContext http, RetailerDirectory retailers, out Retailer? retailer, out IResult? refusal)
    {
        (retailer, refusal) = (null, null);
        if (http.Request.Headers.Authorization.Count == 0) return true;
        retailer = BearerKey.Of(http, retailers, out refusal);
        return retailer is not null;
    }

    private static void Caching(HttpContext http, Retailer? retailer)
    {
        http.Response.Headers.Append("Vary", "Authorization");
        http.Response.Headers.CacheControl = retailer is null ? "public, max-age=60" : "private, no-store";
    }
}
