using System.Text;

namespace Tracking.Domain.Vocabulary;

/// <summary>
/// Short texts that come again and again (carriers, codes, cities, postal codes) as one string each, instead of a new one per scan. A small table per
/// thread in which a word may push out another, so it is bounded and needs no lock; a word that is not there is just made again.
/// </summary>
internal static class Words
{
    private const int Longest = 32, Slots = 1024;

    [ThreadStatic] private static string?[]? _mine;

    /// <summary>The word these bytes spell; false for what is no short ASCII text.</summary>
    public static bool TryFind(ReadOnlySpan<byte> ascii, out string? word)
    {
        word = null;
        if (ascii.Length is 0 or > Longest) return false;
        var hash = 2166136261u;
        foreach (var b in ascii)
        {
            if (b is 0 or >= 0x80) return false;
            hash = (hash ^ b) * 16777619u;
        }
        ref var slot = ref Slot(hash);
        if (slot is null || !Ascii.Equals(ascii, slot)) slot = Encoding.ASCII.GetString(ascii);
        word = slot;
        return true;
    }

    /// <summary>A string of these characters, the same one as often as the table remembers it.</summary>
    public static string Of(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > Longest) return text.ToString();
        var hash = 2166136261u;
        foreach (var c in text) hash = (hash ^ c) * 16777619u;
        ref var slot = ref Slot(hash);
        if (slot is null || !text.SequenceEqual(slot)) slot = text.ToString();
        return slot;
    }

    private static ref string? Slot(uint hash) => ref (_mine ??= new string?[Slots])[(hash ^ (hash >> 15)) & (Slots - 1)];
}
