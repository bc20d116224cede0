using System.Text;

namespace Tracking.Journal;

/// <summary>
/// How erasure reaches quarantine: what could not be read has no stream yet, so each body is sealed with a key of its own (<c>q/{retailer}/{id}</c>), and erasing a stream also destroys the
/// keys of that retailer's bodies which mention its number, however it is spaced or cased there.
/// </summary>
internal static class QuarantineSearch
{
    /// <summary>Shorter names would match by chance.</summary>
    private const int ShortestName = 5;

    public static string KeyStream(string retailer, string id) => $"q/{retailer}/{id}";

    /// <summary>What to look for when a stream is erased, or null when nothing can be found by its name.</summary>
    public static byte[]? Needle(string stream)
    {
        var letters = Letters(Encoding.UTF8.GetBytes(StreamName.Last(stream)));
        return letters.Length < ShortestName ? null : letters;
    }

    public static bool Mentions(ReadOnlySpan<byte> body, byte[] needle) => Letters(body).AsSpan().IndexOf(needle) >= 0;

    private static byte[] Letters(ReadOnlySpan<byte> text)
    {
        var letters = new byte[text.Length];
        var length = 0;
        foreach (var one in text)
        {
            if (char.IsAsciiLetterOrDigit((char)one)) letters[length++] = one is >= (byte)'a' and <= (byte)'z' ? (byte)(one - 32) : one;
        }
        return letters[..length];
    }
}
