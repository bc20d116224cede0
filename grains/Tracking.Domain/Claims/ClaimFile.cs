using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tracking.Domain.Claims;

/// <summary>
/// A claim file: everything that was stored about a parcel and its claims, in the order in which it became known, as lines of canonical JSON. Each line names the digest of the line
/// before it and its own; the last one says how many there are. Of personal parts only the digest of the sealed bytes is in it, which stays when they are erased.
/// <code>{"n":3,"prev":"…","type":"parcel","at":"…","data":{…},"sealed":"…","hash":"…"}</code>
/// The digest of a line is SHA-256 over its canonical text without <c>hash</c>. Canonical: members in ordinal order, no space, numbers as stored, text escaped as little as JSON allows.
/// Whoever rewrites a whole file can compute a new chain: give the digest that the engine answered with the claim (<c>fileHash</c>) to the verifier. That line keeps its digest for good,
/// because what was known when a claim was weighed stands before it, and what came later after it.
/// </summary>
public sealed class ClaimFile
{
    public const string Format = "tracking-claim-file-1";
    private static readonly string Start = new('0', 64);
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private string _last = Start;

    /// <summary>Lines written so far.</summary>
    public int Lines { get; private set; }

    /// <summary>Digest of the newest line.</summary>
    public string Hash => _last;

    public string Header(string retailer, string shipment) => Add("header", null, null, json =>
    {
        json.WriteString("format", Format);
        json.WriteString("retailer", retailer);
        json.WriteString("shipment", shipment);
    });

    /// <param name="type"><c>parcel</c> for an append of the shipment, <c>case</c> for one of its case.</param>
    /// <param name="open">The stored JSON.</param>
    /// <param name="sealedBytes">The sealed part as stored; empty when there is none.</param>
    public string Append(string type, int version, DateTimeOffset at, ReadOnlySpan<byte> open, ReadOnlySpan<byte> sealedBytes)
    {
        using var stored = JsonDocument.Parse(open.ToArray());
        var digest = sealedBytes.IsEmpty ? null : Convert.ToHexStringLower(SHA256.HashData(sealedBytes));
        return Add(type, at, digest, json =>
        {
            json.WriteNumber("version", version);
            json.WritePropertyName("stored");
            stored.RootElement.WriteTo(json);
        });
    }

    public string End()
    {
        var lines = Lines + 1;
        return Add("end", null, null, json => json.WriteNumber("lines", lines));
    }

    private string Add(string type, DateTimeOffset? at, string? sealedDigest, Action<Utf8JsonWriter> data)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(output, Plain))
        {
            json.WriteStartObject();
            json.WriteNumber("n", ++Lines);
            json.WriteString("prev", _last);
            json.WriteString("type", type);
            if (at is { } when) json.WriteString("at", when.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture));
            json.WriteStartObject("data");
            data(json);
            json.WriteEndObject();
            if (sealedDigest is not null) json.WriteString("sealed", sealedDigest);
            json.WriteEndObject();
        }
        using var line = JsonDocument.Parse(output.WrittenMemory);
        var canonical = Canonical(line.RootElement, null);
        _last = Digest(canonical);
        return canonical[..^1] + $",\"hash\":\"{_last}\"}}";
    }

    // ---- verifying -------------------------------------------------------------------------------------------------------

    /// <summary>Checks a file without anything but the file. Reads line by line; null when it is whole, otherwise the first line that is not, and why.</summary>
    /// <param name="expectedHash">A digest that one of the lines must have; null: none.</param>
    public static ClaimFileFault? Verify(IEnumerable<string> lines, string? expectedHash = null)
    {
        var (n, last, ended, met) = (0, Start, false, expectedHash is null);
        foreach (var line in lines)
        {
            n++;
            if (ended) return new(n, "stands after the end of the file; it was appended later.");
            JsonDocument document;
            try { document = JsonDocument.Parse(line); }
            catch (JsonException) { return new(n, "is no JSON."); }
            using (document)
            {
                var root = document.RootElement;
                if (root.ValueKind != JsonValueKind.Object) return new(n, "is no JSON object.");
                if (Text(root, "hash") is not { } hash) return new(n, "has no 'hash'.");
                string canonical;
                try { canonical = Canonical(root, "hash"); }
                catch (FormatException twice) { return new(n, twice.Message); }
                catch (InvalidOperationException) { return new(n, "holds text that is no Unicode."); }
                if (line != canonical[..^1] + $",\"hash\":\"{hash}\"}}") return new(n, "is not written canonically; its text was changed, if only in spaces.");
                if (Digest(canonical) != hash) return new(n, "does not have the digest it names; its content was changed.");
                if (!root.TryGetProperty("n", out var number) || number.ValueKind != JsonValueKind.Number || !number.TryGetInt32(out var said) || said != n) return new(n, $"says that it is line {(root.TryGetProperty("n", out var other) ? other.ToString() : "none")}; lines were removed, added or moved.");
                if (Text(root, "prev") != last) return new(n, "does not follow the line before it; lines were removed, added or moved.");
                var type = Text(root, "type");
                if (n == 1 && (type != "header" || !root.TryGetProperty("data", out var data) || Text(data, "format") != Format)) return new(n, $"is no header of the format {Format}.");
                if (type == "end")
                {
                    ended = true;
                    if (!root.TryGetProperty("data", out var end) || !end.TryGetProperty("lines", out var count) || !count.TryGetInt32(out var total) || total != n) return new(n, "counts other lines than there are.");
                }
                last = hash;
                met |= string.Equals(hash, expectedHash?.Trim(), StringComparison.OrdinalIgnoreCase);
            }
        }
        if (n == 0) return new(1, "is missing: the file is empty.");
        if (!ended) return new(n + 1, "is missing: the file was cut short.");
        return met ? null : new(n, $"is the end, and no line has the digest {expectedHash!.Trim()}: it is another file, or all of it was written anew.");
    }

    private static string Digest(string canonical) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));

    private static string? Text(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String) return null;
        try { return value.GetString(); }
        catch (InvalidOperationException) { return null; }   // half a character
    }

    private static string Canonical(JsonElement element, string? without)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(output, Plain)) Write(json, element, without);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, JsonElement element, string? without)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                string? before = null;
                foreach (var member in element.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    if (member.Name == before) throw new FormatException($"says '{member.Name}' twice.");
                    before = member.Name;
                    if (member.Name == without) continue;
                    json.WritePropertyName(member.Name);
                    Write(json, member.Value, null);
                }
                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in element.EnumerateArray()) Write(json, item, null);
                json.WriteEndArray();
                break;
            case JsonValueKind.Number: json.WriteRawValue(element.GetRawText()); break;
            case JsonValueKind.String: json.WriteStringValue(element.GetString()); break;
            default: element.WriteTo(json); break;
        }
    }
}

/// <param name="Line">Counted from 1.</param>
/// <param name="Why">Goes on after "line 7 …".</param>
public sealed record ClaimFileFault(int Line, string Why)
{
    public override string ToString() => $"line {Line} {Why}";
}
