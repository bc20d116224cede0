using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Tracking.Carriers;
using Tracking.Domain.Shipments;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Scans;

/// <summary>
/// <c>POST /v1/feeds/{format}/{feedId}</c>: a carrier's own bytes with its own proof. What can be read becomes scans; what cannot is kept in
/// quarantine with the reason, and only then acknowledged. Without a feed id the retailer's own key is the proof, for scripts.
/// </summary>
public static class FeedEndpoints
{
    public static IEndpointRouteBuilder MapFeeds(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/feeds/{format}/{feedId}", PostFeedAsync)
            .WithName("PostFeed").WithTags("Ingest").WithSummary("Takes a carrier's own message at the address of a configured feed, proven by the carrier's own signature or credential.")
            .Accepts<object>("application/octet-stream", "application/json", "application/xml", "text/csv", "text/plain", "*/*")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404).ProducesProblem(413).ProducesProblem(429).ProducesProblem(503);
        app.MapPost("/v1/feeds/{format}", PostWithKeyAsync)
            .WithName("PostFeedWithKey").WithTags("Ingest").WithSummary("The same with the retailer's API key, for scripts.")
            .Accepts<object>("application/octet-stream", "application/json", "application/xml", "text/csv", "text/plain", "*/*")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404).ProducesProblem(413).ProducesProblem(429).ProducesProblem(503);
        return app;
    }

    private static async Task<IResult> PostFeedAsync(string format, string feedId, HttpContext http, RetailerDirectory retailers, FeedIntake intake, IngestGate gate, IngestMetrics metrics, TimeProvider clock)
    {
        // One answer for an unknown feed and a feed of another format: an address is not guessed piece by piece.
        if (retailers.FindFeed(feedId) is not { } feed || !feed.Options.Format.Equals(format, StringComparison.OrdinalIgnoreCase) || intake.Find(format) is not { } decoder)
            return Problems.NotFound("There is no such feed.");
        if (gate.RetryAfter(feed.Retailer, metrics) is { } seconds) return Problems.Of(429, "too-many-scans", "More scans are in flight than this node, or this retailer's quota, takes at once.", seconds);

        using var expected = gate.Expect(http.Request.ContentLength);
        if (await ReadAsync(http, intake.MaxBytes) is not { } body) return TooLarge(intake.MaxBytes);
        var credentials = new FeedCredentials([.. feed.Options.Secrets], feed.Options.Header, clock.GetUtcNow())
        {
            Hash = feed.Options.SignatureHash,
            Encoding = feed.Options.SignatureEncoding,
        };
        var proof = decoder.Verify(body.Span, credentials, HeaderOf(http));
        if (!proof.Accepted) return Problems.Unauthorized(proof.Problem ?? "The message is not signed with a live secret of this feed.");

        var context = new FeedContext { Feed = feedId, Channel = "webhook", ReceivedAt = clock.GetUtcNow(), Signature = proof.State, Carrier = feed.Options.Carrier, Zone = feed.Options.Zone, MaxMessageBytes = intake.MaxBytes, Header = HeaderOf(http) };
        expected.Dispose();
        return await AnswerAsync(http, intake, feed.Retailer, decoder, body, context, feedId);
    }

    private static async Task<IResult> PostWithKeyAsync(string format, HttpContext http, RetailerDirectory retailers, FeedIntake intake, IngestGate gate, IngestMetrics metrics, TimeProvider clock)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (intake.Find(format) is not { } decoder) return Problems.NotFound($"There is no format '{format}'. Known: {string.Join(", ", intake.Formats)}.");
        if (gate.RetryAfter(retailer, metrics) is { } seconds) return Problems.Of(429, "too-many-scans", "More scans are in flight than this node, or this retailer's quota, takes at once.", seconds);
        using var expected = gate.Expect(http.Request.ContentLength);
        if (await ReadAsync(http, intake.MaxBytes) is not { } body) return TooLarge(intake.MaxBytes);
        var context = new FeedContext { Feed = decoder.Format, Channel = "api", ReceivedAt = clock.GetUtcNow(), MaxMessageBytes = intake.MaxBytes, Header = HeaderOf(http) };
        expected.Dispose();
        return await AnswerAsync(http, intake, retailer, decoder, body, context, null);
    }

    /// <summary>Takes a message in and answers item by item; 503 when nothing of it is known to be stored.</summary>
    private static async Task<IResult> AnswerAsync(HttpContext http, FeedIntake intake, Retailer retailer, FeedDecoder decoder, ReadOnlyMemory<byte> body, FeedContext context, string? feedId)
    {
        var answers = new List<FeedAnswer>();
        await foreach (var part in intake.TakeAsync(retailer, decoder.Format, decoder.Decode(body, context), context, feedId, http.RequestAborted)) answers.AddRange(part);
        return await WriteAsync(http, answers);
    }

    internal static async Task<IResult> WriteAsync(HttpContext http, IReadOnlyList<FeedAnswer> answers)
    {
        if (answers.Count > 0 && answers.All(a => a.Outcome == ScanOutcome.Failed)) return ScanEndpoints.NotNow();
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("results"u8);
        for (var i = 0; i < answers.Count; i++) OutcomeWriter.Write(json, i, answers[i].Entry, answers[i].Pointer, answers[i].QuarantineId);
        json.WriteEndArray();
        json.WriteEndObject();
        return Results.Empty;
    }

    private static Func<string, string?> HeaderOf(HttpContext http) => name => http.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;

    private static Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContext http, int limit)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = limit + 1L;
        return BodyReading.WholeAsync(http, limit);
    }

    private static IResult TooLarge(int limit) => Problems.Of(413, "too-large", $"The message is longer than {limit:N0} bytes. Nothing was stored.");
}
