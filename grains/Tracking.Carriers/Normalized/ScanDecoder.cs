using System.Text.Json;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Normalized;

/// <summary>Our own scans as a feed: an object, an array, or one object a line. An item that is wrong fails alone.</summary>
public sealed class ScanDecoder : FeedDecoder
{
    public override string Format => "scan";

    public override string Description => "Normalised scans in our own words: a JSON object, an array, or NDJSON.";

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var text = WithoutBom(message);
        var first = FirstByte(text.Span);
        return first == (byte)'[' ? Array(text, context) : Lines(text, context);
    }

    private static List<DecodedItem> Array(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var items = new List<DecodedItem>();
        var json = new Utf8JsonReader(message.Span, new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            json.Read();
            for (var index = 0; json.Read() && json.TokenType != JsonTokenType.EndArray; index++)
            {
                var start = (int)json.TokenStartIndex;
                var scan = NormalizedScans.TryRead(ref json, context, out var problem);
                items.Add(Item(scan, problem, message[start..(int)json.BytesConsumed], $"/{index}"));
            }
        }
        catch (JsonException broken)
        {
            items.Add(DecodedItem.Unreadable(message, $"/{items.Count}", "json.syntax", $"The text is no JSON from here on: {Sentence(broken)}"));
        }
        return items;
    }

    private static IEnumerable<DecodedItem> Lines(ReadOnlyMemory<byte> message, FeedContext context)
    {
        // One object may be spread over lines; two on one line may not.
        if (TryWhole(message, context) is { } whole) { yield return whole; yield break; }
        var number = 0;
        while (!message.IsEmpty)
        {
            var end = message.Span.IndexOf((byte)'\n');
            var line = end < 0 ? message : message[..end];
            message = end < 0 ? default : message[(end + 1)..];
            number++;
            if (FirstByte(line.Span) == 0) continue;
            yield return Line(line, context, $"line {number}");
        }
    }

    /// <summary>Reads one line of NDJSON.</summary>
    public static DecodedItem Line(ReadOnlyMemory<byte> line, FeedContext context, string pointer)
    {
        var json = new Utf8JsonReader(line.Span, new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            json.Read();
            var scan = NormalizedScans.TryRead(ref json, context, out var problem);
            if (json.Read()) return DecodedItem.Unreadable(line, pointer, "json.syntax", "More follows after the scan on the same line.");
            return Item(scan, problem, line, pointer);
        }
        catch (JsonException broken) { return DecodedItem.Unreadable(line, pointer, "json.syntax", $"The line is no JSON: {Sentence(broken)}"); }
    }

    private static DecodedItem? TryWhole(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var json = new Utf8JsonReader(message.Span, new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return null;
            var scan = NormalizedScans.TryRead(ref json, context, out var problem);
            return json.Read() ? null : Item(scan, problem, message, "");
        }
        catch (JsonException) { return null; }   // then it is lines, and each says for itself
    }

    private static DecodedItem Item(Scan? scan, ScanProblem? problem, ReadOnlyMemory<byte> original, string pointer)
        => scan is not null ? DecodedItem.Of([scan], original, pointer) : DecodedItem.Unreadable(original, pointer + problem!.Pointer, problem.Code, problem.Detail);

    private static byte FirstByte(ReadOnlySpan<byte> text)
    {
        foreach (var b in text)
            if (b is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'))
                return b;
        return 0;
    }

    private static ReadOnlyMemory<byte> WithoutBom(ReadOnlyMemory<byte> text)
        => text.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? text[3..] : text;

    /// <summary>What the framework says of broken JSON, without the path, line and position that it appends for programmers.</summary>
    public static string Sentence(JsonException broken)
    {
        var end = broken.Message.IndexOf(" Path:", StringComparison.Ordinal);
        if (end < 0) end = broken.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? broken.Message : broken.Message[..end];
    }
}
