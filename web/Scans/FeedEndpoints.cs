using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Tracking.Carriers;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
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

    private static async Task<IResult> PostFeedAsync(string format, string feedId, HttpContext http, RetailerDirectory retailers, FeedIntake intake, IngestGate gate, TimeProvider clock)
    {
        // One answer for an unknown feed and a feed of another format: an address is not guessed piece by piece.
        if (retailers.FindFeed(feedId) is not { } feed || !feed.Options.Format.Equals(format, StringComparison.OrdinalIgnoreCase) || intake.Find(format) is not { } decoder)
            return Problems.NotFound("There is no such feed.");
        if (gate.RetryAfter(feed.Retailer) is { } seconds) return Problems.Of(429, "too-many-scans", "More scans are in flight than this node, or this retailer's quota, takes at once.", seconds);

        if (await ReadAsync(http, intake.MaxBytes) is not { } body) return TooLarge(intake.MaxBytes);
        var credentials = new FeedCredentials([.. feed.Options.Secrets], feed.Options.Header, clock.GetUtcNow())
        {
            Hash = feed.Options.SignatureHash,
            Encoding = feed.Options.SignatureEncoding,
        };
        var proof = decoder.Verify(body.Span, credentials, HeaderOf(http));
        if (!proof.Accepted) return Problems.Unauthorized(proof.Problem ?? "The message is not signed with a live secret of this feed.");

        var context = new FeedContext { Feed = feedId, Channel = "webhook", ReceivedAt = clock.GetUtcNow(), Signature = proof.State, Carrier = feed.Options.Carrier, Zone = feed.Options.Zone, MaxMessageBytes = intake.MaxBytes, Header = HeaderOf(http) };
        return await intake.TakeAsync(http, feed.Retailer, decoder, body, context, feedId);
    }

    private static async Task<IResult> PostWithKeyAsync(string format, HttpContext http, RetailerDirectory retailers, FeedIntake intake, IngestGate gate, TimeProvider clock)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (intake.Find(format) is not { } decoder) return Problems.NotFound($"There is no format '{format}'. Known: {string.Join(", ", intake.Formats)}.");
        if (gate.RetryAfter(retailer) is { } seconds) return Problems.Of(429, "too-many-scans", "More scans are in flight than this node, or this retailer's quota, takes at once.", seconds);
        if (await ReadAsync(http, intake.MaxBytes) is not { } body) return TooLarge(intake.MaxBytes);
        var context = new FeedContext { Feed = decoder.Format, Channel = "api", ReceivedAt = clock.GetUtcNow(), MaxMessageBytes = intake.MaxBytes, Header = HeaderOf(http) };
        return await intake.TakeAsync(http, retailer, decoder, body, context, null);
    }

    private static Func<string, string?> HeaderOf(HttpContext http) => name => http.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;

    private static Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContext http, int limit)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = limit + 1L;
        return BodyReading.WholeAsync(http, limit);
    }

    private static IResult TooLarge(int limit) => Problems.Of(413, "too-large", $"The message is longer than {limit:N0} bytes. Nothing was stored.");
}

/// <summary>Decodes a message part by part, records what can be read and quarantines what cannot.</summary>
public sealed class FeedIntake(ScanIntake scans, IQuarantine quarantine, FeedFormats formats, IOptions<IngestOptions> options)
{
    private const int BatchSize = 500;

    public int MaxBytes => options.Value.MaxFeedBytes;

    public IEnumerable<string> Formats => formats.Names;

    public FeedDecoder? Find(string format) => formats.Find(format);

    public async Task<IResult> TakeAsync(HttpContext http, Retailer retailer, FeedDecoder decoder, ReadOnlyMemory<byte> body, FeedContext context, string? feedId)
    {
        List<Answer> answers = [];
        var batch = new Incoming[BatchSize];
        var pointers = new (string Pointer, string? QuarantineId)[BatchSize];
        List<QuarantinedItem> unreadable = [];
        var count = 0;
        foreach (var item in decoder.Decode(body, context))
        {
            if (item.Problem is { } problem)
            {
                var id = QuarantineId(retailer.Id, feedId ?? decoder.Format, item.Original.Span);
                unreadable.Add(new QuarantinedItem(id, retailer.Id, decoder.Format, feedId, context.ReceivedAt, problem.Code, problem.Detail, item.Pointer, item.Original));
                await AddAsync(new Incoming { Outcome = ScanOutcome.Quarantined, ProblemCode = problem.Code, ProblemDetail = problem.Detail }, item.Pointer, id);
                continue;
            }
            if (item.Scans.IsEmpty) continue;
            var original = new Original(Convert.ToHexStringLower(SHA256.HashData(item.Original.Span).AsSpan(0, 16)), decoder.Format, [.. item.Original.Span]);
            foreach (var scan in item.Scans)
                await AddAsync(new Incoming { Scan = scan with { Evidence = new Evidence(original.PayloadId, scan.Evidence?.Pointer ?? item.Pointer) }, Original = original }, scan.Evidence?.Pointer ?? item.Pointer, null);
        }
        await FlushAsync();

        if (answers.Count > 0 && answers.All(a => a.Entry.Outcome == ScanOutcome.Failed)) return ScanEndpoints.NotNow();
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("results"u8);
        for (var i = 0; i < answers.Count; i++) OutcomeWriter.Write(json, i, answers[i].Entry, answers[i].Pointer, answers[i].QuarantineId);
        json.WriteEndArray();
        json.WriteEndObject();
        return Results.Empty;

        async ValueTask AddAsync(Incoming entry, string pointer, string? quarantineId)
        {
            batch[count] = entry;
            pointers[count++] = (pointer, quarantineId);
            if (count == BatchSize) await FlushAsync();
        }

        async ValueTask FlushAsync()
        {
            if (unreadable.Count > 0)
            {
                // Acked only after the bytes are committed; if they cannot be, their outcome says so.
                try { await quarantine.AddAsync(unreadable, http.RequestAborted); }
                catch (Exception refused) when (refused is not OperationCanceledException)
                {
                    for (var i = 0; i < count; i++)
                        if (batch[i].Outcome == ScanOutcome.Quarantined)
                            batch[i] = batch[i] with { Outcome = ScanOutcome.Failed, ProblemCode = "not-stored", ProblemDetail = "The item is not known to be stored. Send it again." };
                }
                unreadable.Clear();
            }
            await scans.RecordAsync(retailer, batch, count);
            for (var i = 0; i < count; i++) answers.Add(new Answer(batch[i], pointers[i].Pointer, pointers[i].QuarantineId));
            count = 0;
        }
    }

    /// <summary>The same garbage sent twice is one item: retailer, feed and bytes.</summary>
    public static string QuarantineId(string retailer, string feed, ReadOnlySpan<byte> bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{retailer}|{feed}|"));
        hash.AppendData(bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private readonly record struct Answer(Incoming Entry, string Pointer, string? QuarantineId);
}
