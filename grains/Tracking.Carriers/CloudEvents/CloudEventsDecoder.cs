using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Tracking.Carriers.Json;
using Tracking.Carriers.Normalized;
using Tracking.Carriers.StandardWebhooks;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.CloudEvents;

/// <summary>
/// CloudEvents 1.0 over HTTP or in files: structured, batch, and binary (attributes as <c>ce-</c> headers, where the context carries headers). The data is one of our own
/// scans, or a carrier's own message of the format that <c>dataschema</c>, <c>type</c> or <c>source</c> names.
/// </summary>
public sealed class CloudEventsDecoder : FeedDecoder
{
    public override string Format => "cloudevents";
    public override string Description => "CloudEvents 1.0 (structured, batch, binary) around our own scans or a carrier's messages";

    /// <summary>Standard Webhooks where the message carries its headers or a secret is one of theirs, else a shared secret in the configured header.</summary>
    public override FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
    {
        if (credentials.Secrets.IsDefaultOrEmpty) return FeedProof.NothingConfigured;
        var signed = credentials.Header is null ? header(StandardWebhook.SignatureHeader) is { Length: > 0 } || credentials.Secrets.Any(s => s.StartsWith("whsec_", StringComparison.Ordinal) || s.StartsWith("whpk_", StringComparison.Ordinal))
            : credentials.Header.Equals(StandardWebhook.SignatureHeader, StringComparison.OrdinalIgnoreCase);
        return signed ? StandardWebhook.Verify(body, credentials, header) : FeedProof.SharedSecret(credentials, header);
    }

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var contentType = context.Header?.Invoke("content-type") ?? "";
        var isCloudEvents = contentType.StartsWith("application/cloudevents", StringComparison.OrdinalIgnoreCase);
        if (!isCloudEvents && context.Header?.Invoke("ce-specversion") is { Length: > 0 })
        {
            foreach (var item in Binary(message, contentType, context)) yield return item;
            yield break;
        }
        if (context.Signature == SignatureState.Verified && message.Span.Trim(" \t\r\n\0"u8).IsEmpty)
        {
            yield return DecodedItem.Of([], message, "", new DecodeProblem("message.ping", "An empty message with a valid signature: a ping."));
            yield break;
        }
        var seen = new HashSet<(string, string)>();
        foreach (var document in JsonMessage.Read(message))
            using (document)
            {
                if (document.Problem is { } problem) { yield return document.Unreadable(problem.Code, problem.Detail); continue; }
                if (!document.Root.IsArray)
                {
                    foreach (var item in Structured(document, document.Root, document.Pointer, seen, context)) yield return item;
                    continue;
                }
                if (document.Root.Count == 0) yield return DecodedItem.Of([], document.Bytes, document.Pointer, new DecodeProblem("cloudevents.empty-batch", "The batch is empty."));
                var index = 0;
                foreach (var part in document.Root.Items())
                    foreach (var item in Structured(document, part, $"{document.Pointer}/{index++}", seen, context))
                        yield return item;
            }
    }

    internal readonly record struct Attributes(string? Version, string? Id, string? Source, string? Type, string? Subject, string? Time, string? ContentType, string? Schema);

    // Headers are half of such a message: it is kept, and read, as the structured event that says the same.
    private static IEnumerable<DecodedItem> Binary(ReadOnlyMemory<byte> body, string contentType, FeedContext context)
    {
        using var bytes = new MemoryStream(body.Length + 512);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            foreach (var name in Carried)
                if (context.Header!("ce-" + name) is { Length: > 0 } value)
                    json.WriteString(name, Unescape(value));
            if (contentType.Length > 0) json.WriteString("datacontenttype", contentType);
            if ((contentType.Length == 0 || IsJson(contentType)) && IsDocument(body.Span))
            {
                json.WritePropertyName("data");
                json.WriteRawValue(body.Span, skipInputValidation: true);
            }
            else if (!body.IsEmpty) json.WriteBase64String("data_base64", body.Span);
            json.WriteEndObject();
        }
        var items = new List<DecodedItem>();
        foreach (var document in JsonMessage.Read(bytes.GetBuffer().AsMemory(0, (int)bytes.Length)))
            using (document)
                items.AddRange(document.Problem is { } problem ? [document.Unreadable(problem.Code, problem.Detail)] : Structured(document, document.Root, "", [], context));
        return items;
    }

    // The attributes of the specification and its published extensions.
    private static readonly string[] Carried =
        ["specversion", "id", "source", "type", "subject", "time", "dataschema", "sequence", "sequencetype", "partitionkey", "traceparent", "tracestate", "correlationid", "causationid", "dataref", "recordedtime"];

    private static string Unescape(string value)
    {
        var text = Uri.UnescapeDataString(value).ToCharArray();
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) i++;
            else if (char.IsSurrogate(text[i])) text[i] = '\ufffd';
        }
        return new string(text);
    }

    private static bool IsDocument(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 62 });
        try
        {
            if (!json.Read()) return false;
            json.Skip();
            return !json.Read();
        }
        catch (JsonException) { return false; }
    }

    private static IEnumerable<DecodedItem> Structured(JsonMessage document, JsonPart root, string pointer, HashSet<(string, string)> seen, FeedContext context)
    {
        var original = document.Slice(root);
        var attributes = new Attributes(root.Text("specversion"u8), root.Text("id"u8), root.Text("source"u8), root.Text("type"u8), root.Text("subject"u8), root.Text("time"u8),
            root.Text("datacontenttype"u8), root.Text("dataschema"u8));
        if (Missing(attributes) is { } problem) return [new DecodedItem([], original, pointer, problem, [])];
        // A pair of source and id names one event; the second copy in one message says nothing new.
        if (!seen.Add((attributes.Source!, attributes.Id!)))
            return [DecodedItem.Of([], original, pointer, new DecodeProblem("cloudevents.duplicate", $"The event {Cut(attributes.Id!)} of {Cut(attributes.Source!)} stands in this message twice."))];

        var data = root["data"u8];
        if (data.Kind == JsonValueKind.String && !IsJson(attributes.ContentType))
            return Inside(attributes, WholeText(data), original, pointer, $"{pointer}/data", context);
        if (data.Exists) return Inside(attributes, document.Slice(data), original, pointer, $"{pointer}/data", context);
        if (root["data_base64"u8] is { Kind: JsonValueKind.String } packed)
        {
            var encoded = WholeText(packed);
            var bytes = new byte[encoded.Length];
            if (Base64.DecodeFromUtf8(encoded, bytes, out _, out var length) != OperationStatus.Done)
                return [DecodedItem.Unreadable(original, pointer, "cloudevents.base64", "data_base64 is not base64.")];
            return Inside(attributes, bytes.AsMemory(0, length), original, pointer, $"{pointer}/data_base64", context);
        }
        return [DecodedItem.Of([], original, pointer, new DecodeProblem("cloudevents.no-data", "The event carries no data."))];
    }

    private static DecodeProblem? Missing(Attributes a)
    {
        if (a.Version is null) return new DecodeProblem("cloudevents.no-event", "Not a CloudEvent: specversion is missing.");
        if (!a.Version.StartsWith("1.", StringComparison.Ordinal)) return new DecodeProblem("cloudevents.version", $"CloudEvents {Cut(a.Version)} is not supported; 1.0 is.");
        foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)[("id", a.Id), ("source", a.Source), ("type", a.Type)])
            if (value is null) return new DecodeProblem("cloudevents.attribute-missing", $"The required attribute {name} is missing or empty.");
        return null;
    }

    // The data: our own scan wherever it looks like one, else the format that the attributes name.
    internal static IEnumerable<DecodedItem> Inside(Attributes a, ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> original, string pointer, string inside, FeedContext context)
    {
        var decoder = FindDecoder(a.Schema) ?? FindDecoder(a.Type) ?? FindDecoder(a.Source);
        if (decoder is null || LooksLikeScan(data))
            return [OwnScan(a, data, original, pointer, inside, context)];

        var items = ImmutableArray.CreateBuilder<DecodedItem>();
        foreach (var item in decoder.Decode(data, context with { Header = null }))
            items.Add(item with
            {
                Original = original,
                Pointer = Join(inside, item.Pointer),
                Root = pointer,
                RootInOriginal = null,
                Scans = [.. item.Scans.Select(s => s with
                {
                    Evidence = new Evidence(s.Evidence?.PayloadId, Join(inside, s.Evidence?.Pointer)),
                    Source = s.Source is { Sequence: null } source ? source with { Sequence = Sequence(a) } : s.Source,
                })],
            });
        return items;
    }

    private static DecodedItem OwnScan(Attributes a, ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> original, string pointer, string inside, FeedContext context)
    {
        byte[] completed;
        try
        {
            using var document = JsonDocument.Parse(data, new JsonDocumentOptions { MaxDepth = 64 });
            completed = Complete(a, new JsonPart(document.RootElement), context);
        }
        catch (JsonException)
        {
            return DecodedItem.Unreadable(original, pointer, "cloudevents.unknown-data", $"The data is no JSON, and neither dataschema nor type '{Cut(a.Type ?? "")}' names a format of ours.");
        }
        var json = new Utf8JsonReader(completed, new JsonReaderOptions { MaxDepth = 64 });
        json.Read();
        // Without a clock no year is implausible.
        Scan? scan;
        ScanProblem? problem;
        try { scan = NormalizedScans.TryRead(ref json, context.ReceivedAt == default ? context with { ReceivedAt = DateTimeOffset.MaxValue.AddYears(-10) } : context, out problem); }
        catch (JsonException e) { return DecodedItem.Unreadable(original, inside, "json.text", e.Message); }
        if (scan is null) return DecodedItem.Unreadable(original, $"{inside}{problem?.Pointer}", problem?.Code ?? "scan.not-an-object", problem?.Detail ?? "The data is no scan.");
        scan = scan with
        {
            EventId = scan.EventId ?? (a.Id is { Length: <= 200 } id ? id : null),
            Evidence = new Evidence(null, inside),
            Source = context.Source(scan.Source?.Sequence ?? Sequence(a)),
        };
        return DecodedItem.Of([scan], original, pointer);
    }

    // The envelope says what the data left out: when it happened, and in the subject which parcel (carrier/number).
    private static byte[] Complete(Attributes a, JsonPart data, FeedContext context)
    {
        var text = JsonMarshal.GetRawUtf8Value(data.Element);
        if (!data.IsObject) return text.ToArray();
        var added = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(added))
        {
            json.WriteStartObject();
            var parts = a.Subject?.Split('/', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
            if (Absent("trackingNumber"u8))
            {
                if (data.Text("number"u8) is { } number) json.WriteString("trackingNumber", number);
                else if (parts.Length > 0) json.WriteString("trackingNumber", parts[^1]);
            }
            if (Absent("carrier"u8))
            {
                if (context.Carrier is { } configured) json.WriteString("carrier", configured);
                else if (parts.Length > 1) json.WriteString("carrier", parts[^2]);
            }
            if (Absent("occurredAt"u8) && Absent("occurred"u8) && a.Time is { } time) json.WriteString("occurredAt", time);
            json.WriteEndObject();
        }
        // The data stays as it was written; what was left out goes behind it.
        if (added.WrittenCount <= 2) return text.ToArray();
        var empty = text[1..^1].Trim(" \t\r\n"u8).IsEmpty;
        return [.. text[..^1], .. empty ? default : ","u8, .. added.WrittenSpan[1..]];

        bool Absent(ReadOnlySpan<byte> name) => data[name].Kind == JsonValueKind.Undefined;
    }

    private static bool LooksLikeScan(ReadOnlyMemory<byte> data)
    {
        var json = new Utf8JsonReader(data.Span, new JsonReaderOptions { MaxDepth = 64 });
        var number = false;
        var ours = false;
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return false;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                number |= json.ValueTextEquals("trackingNumber"u8);
                ours |= json.ValueTextEquals("occurredAt"u8) || json.ValueTextEquals("occurred"u8) || json.ValueTextEquals("status"u8);
                json.Skip();
            }
            return number && ours;
        }
        catch (JsonException) { return false; }
    }

    // "https://example.com/schemas/x12-214", "com.example.carrier.ups.v1", "/carriers/ups/track-alert": a word of it is a format's name.
    private static FeedDecoder? FindDecoder(string? attribute)
    {
        if (attribute is null || attribute.Length > 500) return null;
        foreach (var word in attribute.Split(['/', '.', ':', '#', '?', '=', '&'], StringSplitOptions.RemoveEmptyEntries))
            if (FeedDecoders.Find(word) is { } decoder && decoder is not CloudEventsDecoder and not StandardWebhooksDecoder and not ScanDecoder)
                return decoder;
        return null;
    }

    private static bool IsJson(string? contentType)
        => contentType is null || contentType.Contains("/json", StringComparison.OrdinalIgnoreCase) || contentType.Contains("+json", StringComparison.OrdinalIgnoreCase);

    private static string Join(string outer, string? inner) => string.IsNullOrEmpty(inner) ? outer : inner[0] == '/' ? outer + inner : outer.Length == 0 ? inner : $"{outer} {inner}";

    // A string of any length, as bytes; broken letters inside it are the inner format's business.
    private static byte[] WholeText(JsonPart part)
    {
        try { return Encoding.UTF8.GetBytes(part.Element.GetString() ?? ""); }
        catch (InvalidOperationException) { return JsonMarshal.GetRawUtf8Value(part.Element)[1..^1].ToArray(); }
    }

    private static string? Sequence(Attributes a) => a.Id is null ? null : Cut(a.Source is null ? a.Id : $"{a.Source}#{a.Id}", 200);

    private static string Cut(string text, int most = 80) => ScanLimits.Start(text, most);
}
