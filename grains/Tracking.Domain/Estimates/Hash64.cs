namespace Tracking.Domain.Estimates;

/// <summary>
/// Names of statistics as 64-bit numbers: stable over processes and machines (string.GetHashCode is neither), no allocation. Two of a million keys
/// share a number with probability 3e-8; they would then share a statistic, nothing worse.
/// </summary>
internal static class Hash64
{
    private const ulong Prime = 0x9E3779B97F4A7C15;

    /// <summary>A text by its letters and digits; case, spaces and punctuation do not count ("sao paulo" is "Sao-Paulo"). Null and empty are 0.</summary>
    public static ulong Text(string? text, int most = int.MaxValue)
    {
        if (text is null) return 0;
        var hash = 0xCBF29CE484222325UL;
        var taken = 0;
        foreach (var c in text)
        {
            if (taken == most) break;
            var folded = c is >= 'a' and <= 'z' ? c - 32 : c;
            if (folded is (< 'A' or > 'Z') and (< '0' or > '9') and < 128) continue;
            hash = (hash ^ (uint)folded) * 0x100000001B3UL;
            taken++;
        }
        return taken == 0 ? 0 : hash;
    }

    /// <summary>A retailer's id exactly as it is written, up to a slash (<c>shop/leipzig</c> is <c>shop</c>'s). Null and empty are 0.</summary>
    public static ulong Retailer(string? text)
    {
        if (text is null) return 0;
        var hash = 0xCBF29CE484222325UL;
        var taken = 0;
        for (; taken < text.Length && text[taken] != '/'; taken++) hash = (hash ^ text[taken]) * 0x100000001B3UL;
        return taken == 0 ? 0 : hash | 1;
    }

    public static ulong Mix(ulong left, ulong right)
    {
        var x = (left ^ right * Prime) * 0xFF51AFD7ED558CCD;
        x ^= x >> 32;
        x *= 0xC4CEB9FE1A85EC53;
        return x ^ x >> 29;
    }

    /// <summary>Never 0, which means "no key" in the tables.</summary>
    public static ulong Key(ulong left, ulong right) => Mix(left, right) | 1;
}
