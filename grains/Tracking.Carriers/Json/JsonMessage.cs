using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Tracking.Carriers.Json;

/// <summary>
/// One JSON document of a message and its own bytes. A body is usually one document; a recorded file may hold a line per document or an array of
/// them, and then each is right or wrong alone. Dispose it when its items have been made: their originals are slices of the message and outlive it.
/// </summary>
public sealed class JsonMessage : IDisposable
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };
    private readonly JsonDocument? _document;

    private JsonMessage(JsonDocument? document, ReadOnlyMemory<byte> bytes, string pointer, DecodeProblem? problem)
    {
        _document = document;
        Bytes = bytes;
        Pointer = pointer;
        Problem = problem;
    }

    public ReadOnlyMemory<byte> Bytes { get; }
    /// <summary>Where the document lies: empty for the whole body, <c>line 7</c> in a file of lines. JSON pointers continue it.</summary>
    public string Pointer { get; }
    /// <summary>Why these bytes are no JSON document; then <see cref="Root"/> is absent.</summary>
    public DecodeProblem? Problem { get; }
    public JsonPart Root => _document is null ? default : new JsonPart(_document.RootElement);

    public void Dispose() => _document?.Dispose();

    /// <summary>The bytes of one part, as a slice of the message.</summary>
    public ReadOnlyMemory<byte> Slice(JsonPart part)
    {
        if (!part.Exists) return Bytes;
        var raw = JsonMarshal.GetRawUtf8Value(part.Element);
        return Bytes.Span.Overlaps(raw, out var offset) ? Bytes.Slice(offset, raw.Length) : Bytes;
    }

    /// <summary>An item for the whole document when it cannot be read.</summary>
    public DecodedItem Unreadable(string code, string detail) => DecodedItem.Unreadable(Bytes, Pointer, code, detail);

    /// <summary>
    /// The documents of a message, in order. UTF-8 with or without byte order mark, UTF-16 with one. When the bytes are not one document but their first line
    /// is, every line is read alone. Empty or blank bytes give one document with the problem <c>message.empty</c>.
    /// </summary>
    public static IEnumerable<JsonMessage> Read(ReadOnlyMemory<byte> message)
    {
        message = AsUtf8(message);
        if (message.Span.Trim(" \t\r\n\0"u8).IsEmpty)
        {
            yield return new JsonMessage(null, message, "", new DecodeProblem("message.empty", "The message is empty."));
            yield break;
        }
        var whole = Parse(message, "");
        var lines = whole.Problem is not null && message.Span.IndexOf((byte)'\n') is var end and >= 0 ? FirstLineIsDocument(message[..end]) : false;
        if (!lines) { yield return whole; yield break; }

        var number = 0;
        for (var rest = message; !rest.IsEmpty;)
        {
            number++;
            var length = rest.Span.IndexOf((byte)'\n');
            var line = length < 0 ? rest : rest[..length];
            rest = length < 0 ? default : rest[(length + 1)..];
            if (line.Span.Trim(" \t\r\n\0"u8).IsEmpty) continue;
            yield return Parse(line, $"line {number}");
        }
    }

    /// <summary>True where a message holds a document a line: its first line is one.</summary>
    internal static bool FirstLineIsDocument(ReadOnlyMemory<byte> line)
    {
        if (line.Span.StartsWith("\ufeff"u8)) line = line[3..];
        if (line.Span.IndexOf((byte)'\n') is var end and >= 0) line = line[..end];
        if (line.Span.Trim(" \t\r"u8).IsEmpty) return false;
        using var first = Parse(line, "");
        return first.Problem is null && first.Root.IsObject;
    }

    private static JsonMessage Parse(ReadOnlyMemory<byte> bytes, string pointer)
    {
        // NUL padding at the end is common in files that were moved by FTP.
        var text = bytes;
        while (!text.IsEmpty && text.Span[^1] == 0) text = text[..^1];
        try { return new JsonMessage(JsonDocument.Parse(text, Options), bytes, pointer, null); }
        catch (JsonException e)
        {
            return new JsonMessage(null, bytes, pointer,
                new DecodeProblem("json.syntax", $"Not a JSON document: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."));
        }
    }

    private static ReadOnlyMemory<byte> AsUtf8(ReadOnlyMemory<byte> message)
    {
        var span = message.Span;
        if (span.StartsWith("\ufeff"u8)) return message[3..];
        if (span.Length >= 2 && ((span[0] == 0xFF && span[1] == 0xFE) || (span[0] == 0xFE && span[1] == 0xFF)))
            return Encoding.UTF8.GetBytes(CarrierText.Decode(span));
        return message;
    }
}

/// <summary>
/// A forgiving view of a JSON value: what is missing, null or of another type is simply absent, so that a decoder reads a path without asking at each
/// step. No member throws for what a sender wrote.
/// </summary>
public readonly struct JsonPart(JsonElement element)
{
    private readonly JsonElement _element = element;

    public JsonElement Element => _element;
    public JsonValueKind Kind => _element.ValueKind;
    /// <summary>Present and not null.</summary>
    public bool Exists => _element.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);
    public bool IsObject => _element.ValueKind == JsonValueKind.Object;
    public bool IsArray => _element.ValueKind == JsonValueKind.Array;

    /// <summary>A member by name; the last one where a sender wrote the name twice.</summary>
    public JsonPart this[ReadOnlySpan<byte> name]
    {
        get
        {
            if (_element.ValueKind != JsonValueKind.Object) return default;
            // A sibling's name with half a surrogate pair in it makes the search throw; then nothing of this object can be found by name.
            try { return _element.TryGetProperty(name, out var value) ? new JsonPart(value) : default; }
            catch (InvalidOperationException) { return default; }
        }
    }

    public JsonPart this[string name]
    {
        get
        {
            if (_element.ValueKind != JsonValueKind.Object) return default;
            try { return _element.TryGetProperty(name, out var value) ? new JsonPart(value) : default; }
            catch (InvalidOperationException) { return default; }
        }
    }

    public JsonPart this[int index]
        => _element.ValueKind == JsonValueKind.Array && index >= 0 && index < _element.GetArrayLength() ? new JsonPart(_element[index]) : default;

    /// <summary>Elements of an array; an object or a value where an array was expected counts as an array of one; absent as empty.</summary>
    public int Count => IsArray ? _element.GetArrayLength() : Exists ? 1 : 0;

    /// <summary>Walks the elements without allocating; see <see cref="Count"/> for what counts as an array.</summary>
    public ItemEnumerator Items() => new(this);

    /// <summary>A string, number or boolean as text without the blanks around it; null when absent, blank, or an object or array.</summary>
    public string? Text() => CarrierText.Value(Read());
    public string? Text(ReadOnlySpan<byte> name) => this[name].Text();
    public string? Text(string name) => this[name].Text();

    /// <summary>A string exactly as received (see <see cref="CarrierText.AsReceived"/>).</summary>
    public string? AsReceived() => CarrierText.AsReceived(Read());
    public string? AsReceived(ReadOnlySpan<byte> name) => this[name].AsReceived();
    public string? AsReceived(string name) => this[name].AsReceived();

    /// <summary><c>true</c>, <c>"true"</c>, <c>"Y"</c>, <c>1</c> and their opposites; null for anything else.</summary>
    public bool? Bool() => _element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String or JsonValueKind.Number => Text()?.ToUpperInvariant() switch
        {
            "TRUE" or "Y" or "YES" or "1" => true,
            "FALSE" or "N" or "NO" or "0" => false,
            _ => null,
        },
        _ => null,
    };
    public bool? Bool(ReadOnlySpan<byte> name) => this[name].Bool();

    /// <summary>A finite number, also when written as a string with a decimal point or comma; null for anything else.</summary>
    public double? Number()
    {
        if (_element.ValueKind == JsonValueKind.Number) return _element.TryGetDouble(out var number) && double.IsFinite(number) ? number : null;
        if (_element.ValueKind != JsonValueKind.String || Text() is not { Length: <= 40 } text) return null;
        return double.TryParse(text.Replace(',', '.'), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var value)
            && double.IsFinite(value) ? value : null;
    }
    public double? Number(ReadOnlySpan<byte> name) => this[name].Number();

    public int? Int(ReadOnlySpan<byte> name) => Number(name) is { } n && n == Math.Floor(n) && Math.Abs(n) <= int.MaxValue ? (int)n : null;

    private string? Read()
    {
        switch (_element.ValueKind)
        {
            case JsonValueKind.String:
                // Half a surrogate pair or broken UTF-8 inside a string is one bad letter, not a bad message.
                try { return _element.GetString(); }
                catch (InvalidOperationException) { return Lenient(JsonMarshal.GetRawUtf8Value(_element)); }
            case JsonValueKind.Number: return _element.GetRawText();
            case JsonValueKind.True: return "true";
            case JsonValueKind.False: return "false";
            default: return null;
        }
    }

    private static string Lenient(ReadOnlySpan<byte> quoted)
    {
        var text = Encoding.UTF8.GetString(quoted[1..^1]);
        if (!text.Contains('\\', StringComparison.Ordinal)) return text;
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 >= text.Length) { result.Append(text[i]); continue; }
            var c = text[++i];
            if (c == 'u' && i + 4 < text.Length && ushort.TryParse(text.AsSpan(i + 1, 4), System.Globalization.NumberStyles.HexNumber, null, out var unit))
            {
                result.Append((char)unit);
                i += 4;
            }
            else result.Append(c switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', _ => c });
        }
        for (var i = 0; i < result.Length; i++)
        {
            if (char.IsHighSurrogate(result[i]) && i + 1 < result.Length && char.IsLowSurrogate(result[i + 1])) i++;
            else if (char.IsSurrogate(result[i])) result[i] = '\ufffd';
        }
        return result.ToString();
    }

    /// <summary>See <see cref="Items"/>.</summary>
    public struct ItemEnumerator
    {
        private readonly JsonPart _single;
        private JsonElement.ArrayEnumerator _array;
        private readonly bool _isArray;
        private bool _done;

        internal ItemEnumerator(JsonPart part)
        {
            _isArray = part.IsArray;
            if (_isArray) _array = part._element.EnumerateArray();
            else { _single = part; _done = !part.Exists; }
        }

        public readonly ItemEnumerator GetEnumerator() => this;
        public readonly JsonPart Current => _isArray ? new JsonPart(_array.Current) : _single;

        public bool MoveNext()
        {
            if (_isArray) return _array.MoveNext();
            if (_done) return false;
            return _done = true;
        }
    }
}

/// <summary>Spells JSON pointers (RFC 6901).</summary>
public static class JsonPointer
{
    /// <summary>A member's name as a token; <c>?</c> for a name whose bytes are no text.</summary>
    public static string Name(JsonProperty member)
    {
        try { return Escape(member.Name); }
        catch (InvalidOperationException) { return "?"; }
    }

    public static string Escape(string token)
        => token.Contains('~', StringComparison.Ordinal) || token.Contains('/', StringComparison.Ordinal)
            ? token.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)
            : token;
}
