using System.Text;

namespace Tracking.Domain.Recovery;

/// <summary>
/// A shop's own codes, one a line in a file of its own; empty lines and lines that begin with <c>#</c> are nothing. Which of them were given to whom is not here.
/// </summary>
public sealed record CodePool(string Name, ImmutableArray<string> Codes)
{
    public const int MaxCodes = 1_000_000, MaxLength = 64;

    public static bool IsName(string name) => name.Length is > 0 and <= 40 && name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>Reads a pool. A line that is no code is told by its number and left out; a code that stands twice counts once.</summary>
    public static CodePool Read(string name, ReadOnlySpan<byte> text, ICollection<string>? problems = null)
    {
        var codes = ImmutableArray.CreateBuilder<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var number = 0;
        foreach (var range in text.Split((byte)'\n'))
        {
            number++;
            var line = text[range].Trim(" \t\r\uFEFF"u8);
            if (line.IsEmpty || line[0] == (byte)'#') continue;
            if (line.Length > MaxLength || line.ContainsAnyExceptInRange((byte)'!', (byte)'~')) problems?.Add($"line {number}: a code is 1 to {MaxLength} printable ASCII characters without a space.");
            else if (Encoding.ASCII.GetString(line) is var code && !seen.Add(code)) problems?.Add($"line {number}: the code stands in the pool already.");
            else if (codes.Count == MaxCodes) { problems?.Add($"line {number}: a pool has at most {MaxCodes:N0} codes; the rest is not used."); break; }
            else codes.Add(code);
        }
        return new CodePool(name, codes.ToImmutable());
    }
}
