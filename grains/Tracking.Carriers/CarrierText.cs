using System.Text;

namespace Tracking.Carriers;

/// <summary>Text as carriers write it: what is kept, what is trimmed, and which bytes are which letters.</summary>
public static class CarrierText
{
    /// <summary>Free text longer than this is cut; the stored original has all of it.</summary>
    public const int MaxText = 4000;

    /// <summary>
    /// Free text exactly as received, for <c>raw.text</c>: control and direction marks stay (a page strips them when it shows the text), only U+0000
    /// goes, because no database column holds it. Null for nothing or blanks.
    /// </summary>
    public static string? AsReceived(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        text = Storable(text);
        if (text.Length > MaxText) text = text[..(char.IsHighSurrogate(text[MaxText - 1]) ? MaxText - 1 : MaxText)];
        return string.IsNullOrWhiteSpace(text) ? null : text;
    }

    /// <summary>A code, city, name or number: as received without the blanks and NULs around it. Null for nothing.</summary>
    public static string? Value(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        text = Storable(text).Trim();
        return text.Length == 0 ? null : text.Length > MaxText ? AsReceived(text) : text;
    }

    // U+0000 is in no database's alphabet, and half a surrogate pair in no UTF-8.
    private static string Storable(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal)) text = text.Replace("\0", "", StringComparison.Ordinal);
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff')) return text;
        var letters = text.ToCharArray();
        for (var i = 0; i < letters.Length; i++)
        {
            if (char.IsHighSurrogate(letters[i]) && i + 1 < letters.Length && char.IsLowSurrogate(letters[i + 1])) i++;
            else if (char.IsSurrogate(letters[i])) letters[i] = '\ufffd';
        }
        return new string(letters);
    }

    /// <summary>
    /// Decodes bytes: by byte order mark, else by <paramref name="charset"/> if one is configured or declared, else UTF-8 where the bytes are valid UTF-8, else
    /// Windows-1252, which reads every byte. Never throws; an unknown charset name counts as none.
    /// </summary>
    public static string Decode(ReadOnlySpan<byte> bytes, string? charset = null)
    {
        if (bytes.StartsWith("\ufeff"u8)) return Encoding.UTF8.GetString(bytes[3..]);
        if (bytes.Length >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFE) return Encoding.Unicode.GetString(bytes[2..]);
        if (bytes.Length >= 2 && bytes[0] == 0xFE && bytes[1] == 0xFF) return Encoding.BigEndianUnicode.GetString(bytes[2..]);
        if (charset is not null && FindEncoding(charset) is { } configured) return configured.GetString(bytes);
        if (System.Text.Unicode.Utf8.IsValid(bytes)) return Encoding.UTF8.GetString(bytes);
        return Windows1252.GetString(bytes);
    }

    public static Encoding Windows1252 { get; } = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    /// <summary>An encoding by any name files and mapping profiles use; null when there is none of that name. Of UTF-7 and its like nothing is offered.</summary>
    public static Encoding? FindEncoding(string name)
    {
        name = name.Trim();
        // What calls itself Latin-1 is Windows-1252 in practice, and the two agree on every printable Latin-1 letter.
        if (name.Equals("iso-8859-1", StringComparison.OrdinalIgnoreCase) || name.Equals("latin1", StringComparison.OrdinalIgnoreCase)
            || name.Equals("us-ascii", StringComparison.OrdinalIgnoreCase)) return Windows1252;
        try { return CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name); }
        catch (ArgumentException) { return null; }
    }
}
