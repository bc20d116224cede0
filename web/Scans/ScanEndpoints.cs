using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Tracking.Carriers;
using Tracking.Carriers.Normalized;
using Tracking.Domain.Shipments;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Scans;

/// <summary>
/// <c>POST /v1/scans</c>: bytes arrive, become scans, go to their shipments, and every one is answered in its own place. An object, an array of at most
/// 1,000, or NDJSON that is stored and answered while it streams.
/// </summary>
public static class ScanEndpoints
{
    /// <summary>One line of NDJSON; a longer one is rejected alone.</summary>
    public const int MaxLineBytes = 64 * 1024;

    public static IEndpointRouteBuilder MapScans(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/scans", PostAsync)
            .WithName("PostScans").WithTags("Ingest").WithSummary("Records normalised scans: an object, an array (at most 1,000 items and 1 MB) or NDJSON.")
            .WithDescription("NDJSON is stored and answered line by line while it streams, so read the answers while you send: a sender of more than some 50,000 lines who reads nothing until it has sent everything comes to a stand once its own buffers are full of answers. Send shorter bodies, or read.")
            .Accepts<object>("application/json", "application/x-ndjson")
            .Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(413).ProducesProblem(429).ProducesProblem(503);
        return app;
    }

    private static async Task<IResult> PostAsync(
        HttpContext http, RetailerDirectory retailers, ScanIntake intake, IngestGate gate, IngestMetrics metrics, IOptions<IngestOptions> options, TimeProvider clock)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (gate.RetryAfter(retailer, metrics) is { } seconds) return Problems.Of(429, "too-many-scans", "More scans are in flight than this node, or this retailer's quota, takes at once.", seconds);
        using var expected = gate.Expect(http.Request.ContentLength);

        var context = new FeedContext { Feed = "scans", Channel = "api", ReceivedAt = clock.GetUtcNow(), Zone = null };
        var type = http.Request.ContentType ?? "";
        if (type.Contains("ndjson", StringComparison.OrdinalIgnoreCase) || type.Contains("jsonl", StringComparison.OrdinalIgnoreCase))
            return await NdjsonAsync(http, retailer, intake, expected, options.Value, context);
        return await JsonAsync(http, retailer, intake, expected, options.Value, context);
    }

    // ---- an object or an array -------------------------------------------------------------------------------------------

    private static async Task<IResult> JsonAsync(HttpContext http, Retailer retailer, ScanIntake intake, IngestGate.Expected expected, IngestOptions options, FeedContext context)
    {
        var tooLarge = Problems.Of(413, "too-large", $"The body is longer than {options.MaxJsonBytes:N0} bytes; send NDJSON for more. Nothing was stored.");
        if (http.Request.ContentLength > options.MaxJsonBytes) return tooLarge;
        if (await BodyReading.WholeAsync(http, options.MaxJsonBytes) is not { } body) return tooLarge;

        Incoming[] batch;
        int count;
        try
        {
            if (!Parse(body.Span, options.MaxArrayItems, context, out batch, out count))
                return Problems.Of(413, "too-many-items", $"The array holds more than {options.MaxArrayItems:N0} items; send NDJSON for more. Nothing was stored.");
        }
        catch (JsonException broken) { return Problems.Of(400, "json-syntax", $"The body is no JSON: {ScanText(broken)} Nothing was stored."); }
        if (count < 0) return Problems.Of(400, "json-type", "The body is neither an object nor an array of objects. Nothing was stored.");

        expected.Dispose();
        await intake.RecordAsync(retailer, batch, count);
        if (NothingStored(batch, count)) return NotNow();

        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("results"u8);
        for (var i = 0; i < count; i++) OutcomeWriter.Write(json, i, batch[i]);
        json.WriteEndArray();
        json.WriteEndObject();
        return Results.Empty;
    }

    private static bool Parse(ReadOnlySpan<byte> body, int limit, FeedContext context, out Incoming[] batch, out int count)
    {
        batch = new Incoming[4];
        count = 0;
        if (body.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) body = body[3..];
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 64 });
        json.Read();
        if (json.TokenType == JsonTokenType.StartObject)
        {
            batch[count++] = Read(ref json, context);
            while (json.Read()) { }   // what follows the object must be nothing
            return true;
        }
        if (json.TokenType != JsonTokenType.StartArray) { count = -1; return true; }
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (count >= limit) return false;
            if (count == batch.Length) Array.Resize(ref batch, batch.Length * 2);
            batch[count++] = Read(ref json, context);
        }
        while (json.Read()) { }
        return true;
    }

    private static Incoming Read(ref Utf8JsonReader json, FeedContext context)
    {
        var scan = NormalizedScans.TryRead(ref json, context, out var problem);
        return scan is not null ? new Incoming { Scan = scan }
            : new Incoming { Outcome = ScanOutcome.Rejected, ProblemCode = problem!.Code, ProblemDetail = problem.Detail };
    }

    // ---- NDJSON ----------------------------------------------------------------------------------------------------------

    private static async Task<IResult> NdjsonAsync(HttpContext http, Retailer retailer, ScanIntake intake, IngestGate.Expected expected, IngestOptions options, FeedContext context)
    {
        var reader = http.Request.BodyReader;
        var answers = new Answers(http);
        var ahead = new Queue<(Task Work, Incoming[] Batch, int Count)>();
        var batch = ArrayPool<Incoming>.Shared.Rent(options.NdjsonBatch);
        var (count, overlong) = (0, false);
        // A body of known length comes as fast as it can: full batches. An open-ended stream is answered whenever it pauses.
        var openEnded = http.Request.ContentLength is null;
        try
        {
            while (true)
            {
                if (openEnded && count > 0 && !reader.TryRead(out var read)) { Launch(); read = await reader.ReadAsync(http.RequestAborted); }
                else read = await reader.ReadAsync(http.RequestAborted);
                var buffer = read.Buffer;
                while (TakeLine(ref buffer, read.IsCompleted, ref overlong, out var line, out var tooLong))
                {
                    if (tooLong) batch[count++] = new Incoming { Outcome = ScanOutcome.Rejected, ProblemCode = "scan.too-long", ProblemDetail = $"The line is longer than {MaxLineBytes:N0} bytes." };
                    else if (IsBlank(line)) continue;
                    else batch[count++] = ReadLine(line, context);
                    if (count < options.NdjsonBatch) continue;
                    Launch();
                    while (ahead.Count >= options.NdjsonBatchesAhead)
                        if (!await answers.WriteAsync(ahead.Dequeue())) return NotNow();
                }
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted) break;
                while (ahead.TryPeek(out var oldest) && oldest.Work.IsCompleted)
                    if (!await answers.WriteAsync(ahead.Dequeue())) return NotNow();
            }
            Launch();
            while (ahead.Count > 0)
                if (!await answers.WriteAsync(ahead.Dequeue())) return NotNow();
            await answers.EndAsync();
            return Results.Empty;
        }
        finally
        {
            while (ahead.TryDequeue(out var rest)) await rest.Work;   // the client left: what was begun is finished, unanswered
            ArrayPool<Incoming>.Shared.Return(batch, clearArray: true);
        }

        void Launch()
        {
            if (count == 0) return;
            expected.Dispose();
            ahead.Enqueue((intake.RecordAsync(retailer, batch, count), batch, count));
            batch = ArrayPool<Incoming>.Shared.Rent(options.NdjsonBatch);
            count = 0;
        }
    }

    private static Incoming ReadLine(in ReadOnlySequence<byte> line, FeedContext context)
    {
        byte[]? copy = null;
        if (!line.IsSingleSegment) line.CopyTo(copy = ArrayPool<byte>.Shared.Rent((int)line.Length));
        var json = new Utf8JsonReader(copy is null ? line.FirstSpan : copy.AsSpan(0, (int)line.Length), new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            json.Read();
            var read = Read(ref json, context);
            return json.Read() ? new Incoming { Outcome = ScanOutcome.Rejected, ProblemCode = "json.syntax", ProblemDetail = "More follows after the scan on the same line." } : read;
        }
        catch (JsonException broken)
        {
            return new Incoming { Outcome = ScanOutcome.Rejected, ProblemCode = "json.syntax", ProblemDetail = $"The line is no JSON: {ScanText(broken)}" };
        }
        finally
        {
            if (copy is not null) ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private static bool TakeLine(ref ReadOnlySequence<byte> buffer, bool completed, ref bool overlong, out ReadOnlySequence<byte> line, out bool tooLong)
    {
        tooLong = false;
        var end = buffer.PositionOf((byte)'\n');
        if (end is { } at)
        {
            line = buffer.Slice(0, at);
            buffer = buffer.Slice(buffer.GetPosition(1, at));
            tooLong = overlong || line.Length > MaxLineBytes;
            overlong = false;
            return true;
        }
        if (completed)
        {
            line = buffer;
            buffer = buffer.Slice(buffer.End);
            tooLong = overlong;
            overlong = false;
            return !line.IsEmpty || tooLong;
        }
        if (buffer.Length > MaxLineBytes)
        {
            // Let the rest of the line pass by without keeping it.
            overlong = true;
            buffer = buffer.Slice(buffer.End);
        }
        line = default;
        return false;
    }

    private static bool IsBlank(in ReadOnlySequence<byte> line)
    {
        if (line.Length > 16) return false;
        foreach (var part in line)
            foreach (var b in part.Span)
                if (b is not ((byte)' ' or (byte)'\t' or (byte)'\r'))
                    return false;
        return true;
    }

    // Answer lines in input order, as batches commit.
    private sealed class Answers(HttpContext http)
    {
        private Utf8JsonWriter? _json;
        private int _index;

        /// <summary>False when nothing of the very first batch could be stored: then the whole answer is a 503.</summary>
        public async ValueTask<bool> WriteAsync((Task Work, Incoming[] Batch, int Count) answered)
        {
            await answered.Work;
            try
            {
                if (_json is null)
                {
                    if (NothingStored(answered.Batch, answered.Count)) return false;
                    Start();
                }
                var writer = http.Response.BodyWriter;
                for (var i = 0; i < answered.Count; i++)
                {
                    OutcomeWriter.Write(_json!, _index++, answered.Batch[i]);
                    _json!.Flush();
                    _json.Reset();
                    writer.GetSpan(1)[0] = (byte)'\n';
                    writer.Advance(1);
                }
                await writer.FlushAsync(http.RequestAborted);
                return true;
            }
            finally { ArrayPool<Incoming>.Shared.Return(answered.Batch, clearArray: true); }
        }

        public ValueTask EndAsync()
        {
            if (_json is null) Start();
            return _json!.DisposeAsync();
        }

        private void Start()
        {
            http.Response.ContentType = "application/x-ndjson";
            _json = new Utf8JsonWriter(http.Response.BodyWriter, new JsonWriterOptions { SkipValidation = true });
        }
    }

    // ---- shared ----------------------------------------------------------------------------------------------------------

    internal static bool NothingStored(Incoming[] batch, int count)
    {
        var failed = false;
        for (var i = 0; i < count; i++)
        {
            if (batch[i].Outcome is ScanOutcome.Accepted or ScanOutcome.Duplicate) return false;
            failed |= batch[i].Outcome == ScanOutcome.Failed;
        }
        return failed;
    }

    internal static IResult NotNow() => Problems.Of(503, "not-stored", "Nothing could be stored now. Send it again.", 1);

    private static string ScanText(JsonException broken)
    {
        var where = broken.LineNumber is { } line ? $" (line {line + 1}, byte {broken.BytePositionInLine})" : "";
        return ScanDecoder.Sentence(broken).TrimEnd('.') + where + ".";
    }
}
