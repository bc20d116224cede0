namespace Tracking.Domain.Vocabulary;

/// <summary>A tracking number as it is compared: without spaces and hyphens, in capitals. Leading zeros stay; it is never a quantity.</summary>
public static class TrackingNumber
{
    public const int MaxLength = 64;

    /// <summary>Normalises a number as people and carriers write it. False when nothing comparable is left, or it holds anything but letters, digits and <c>._:</c>.</summary>
    public static bool TryNormalize(string? written, out string number)
    {
        number = "";
        if (string.IsNullOrEmpty(written)) return false;
        if (IsNormal(written)) { number = written; return true; }
        if (written.Length > 4 * MaxLength) return false;

        Span<char> text = stackalloc char[written.Length];
        var length = 0;
        foreach (var c in written)
        {
            if (c is ' ' or '-' or '\t' or '\u00a0' or '\r' or '\n') continue;
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or ':')) return false;
            text[length++] = char.ToUpperInvariant(c);
        }
        if (length is 0 or > MaxLength) return false;
        number = new string(text[..length]);
        return true;
    }

    private static bool IsNormal(string text)
    {
        if (text.Length is 0 or > MaxLength) return false;
        foreach (var c in text)
            if (!char.IsAsciiDigit(c) && !char.IsAsciiLetterUpper(c))
                return false;
        return true;
    }
}
