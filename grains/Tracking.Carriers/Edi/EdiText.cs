using System.Text;

namespace Tracking.Carriers.Edi;

/// <summary>
/// Turns element bytes into text. Senders declare one character set and write another, so text is read by what its bytes can be: pure ASCII,
/// else UTF-8 when the bytes form whole characters, else the fallback page. Never fails.
/// </summary>
internal static class EdiText
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Windows-1252: Latin-1 with letters where Latin-1 has control characters. What files are when they are not what they say.</summary>
    public static readonly Encoding Windows1252 = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    public static string Decode(ReadOnlySpan<byte> bytes, Encoding fallback)
    {
        if (bytes.IsEmpty) return "";
        if (Ascii.IsValid(bytes)) return Encoding.ASCII.GetString(bytes);
        return IsUtf8(bytes) ? StrictUtf8.GetString(bytes) : fallback.GetString(bytes);
    }

    public static bool IsUtf8(ReadOnlySpan<byte> bytes) => System.Text.Unicode.Utf8.IsValid(bytes);

    /// <summary>One set or message with the segments of its interchange before it.</summary>
    public static ReadOnlyMemory<byte> WithHead(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> bytes)
    {
        if (head.IsEmpty) return bytes;
        var whole = new byte[head.Length + bytes.Length];
        head.CopyTo(whole);
        bytes.CopyTo(whole.AsMemory(head.Length));
        return whole;
    }

    /// <summary>Without the blanks and line breaks that padding leaves at both ends.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> bytes)
    {
        var start = 0;
        while (start < bytes.Length && bytes[start] <= (byte)' ') start++;
        var end = bytes.Length;
        while (end > start && bytes[end - 1] <= (byte)' ') end--;
        return bytes[start..end];
    }

    /// <summary>The value of an element made of digits only, however many zeros stand before it; -1 for anything else or more than nine digits.</summary>
    public static int Digits(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 9) bytes = bytes.TrimStart((byte)'0');
        if (bytes.Length is 0 or > 9) return -1;
        var value = 0;
        foreach (var b in bytes)
        {
            var digit = b - '0';
            if ((uint)digit > 9) return -1;
            value = value * 10 + digit;
        }
        return value;
    }
}

/// <summary>
/// Remembers the short texts a file repeats (codes, cities, carriers), so that a hundred thousand events do not hold a hundred thousand copies of
/// "Erie". One per run, never shared: direct-mapped, bounded, no locks.
/// </summary>
internal sealed class TextPool
{
    private const int Slots = 1024, LongestKept = 32;
    private readonly string?[] _texts = new string?[Slots];

    /// <summary>The text of an element; null when it is empty.</summary>
    public string? Get(ReadOnlySpan<byte> bytes, Encoding fallback)
    {
        bytes = EdiText.Trim(bytes);
        if (bytes.IsEmpty) return null;
        if (bytes.Length > LongestKept) return EdiText.Decode(bytes, fallback);
        uint hash = 2166136261;
        foreach (var b in bytes) hash = (hash ^ b) * 16777619;
        ref var slot = ref _texts[(hash ^ (hash >> 15)) & (Slots - 1)];
        if (slot is not null && slot.Length == bytes.Length && Ascii.Equals(bytes, slot)) return slot;
        var text = EdiText.Decode(bytes, fallback);
        slot = text;
        return text;
    }
}
