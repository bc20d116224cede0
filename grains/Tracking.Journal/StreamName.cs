namespace Tracking.Journal;

/// <summary>A stream's name, taken apart: <c>s/{retailer}/{carrier}/{number}</c> has the kind <c>s</c> and the retailer after it.</summary>
public static class StreamName
{
    /// <summary>UTF-16 units; a PostgreSQL index entry holds about 2,700 bytes and no real name comes near.</summary>
    public const int MaxLength = 500;

    public static char Kind(string stream) => stream.Length == 0 ? '\0' : stream[0];

    /// <summary>What stands between the first and the second slash; empty when there is none.</summary>
    public static string Retailer(string stream)
    {
        var from = stream.IndexOf('/') + 1;
        if (from == 0) return "";
        var to = stream.IndexOf('/', from);
        return to < 0 ? stream[from..] : stream[from..to];
    }

    /// <summary>What follows the last slash: a tracking number, an order number.</summary>
    public static string Last(string stream) => stream[(stream.LastIndexOf('/') + 1)..];

    /// <summary>What makes the name impossible to store, or null. Checked here, so that a bad name never costs its batch a retry.</summary>
    public static string? Problem(string? stream) =>
        string.IsNullOrEmpty(stream) ? "A stream needs a name."
        : stream.Length > MaxLength ? $"A stream's name has at most {MaxLength} characters; this one has {stream.Length}."
        : stream.Contains('\0') ? "A stream's name cannot contain U+0000."
        : stream.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') && !IsWellFormed(stream) ? "A stream's name cannot contain half a surrogate pair."
        : null;

    /// <summary>Text as every database accepts it: without U+0000 and without half surrogate pairs, which become U+FFFD.</summary>
    public static string Storable(string text) =>
        !text.Contains('\0') && (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') || IsWellFormed(text)) ? text
        : string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\uFFFD" : rune.ToString()));

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }
        return true;
    }
}
