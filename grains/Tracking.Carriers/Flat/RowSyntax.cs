using System.Text;

namespace Tracking.Carriers.Flat;

/// <summary>How rows and fields are told apart in a delimited file. <see cref="Separator"/> 0: the whole row is one text (fixed width).</summary>
/// <param name="Quote">The quote character, or 0 for none. It quotes only where a field begins with it; elsewhere it is a letter.</param>
/// <param name="Backslash">A quote inside quotes is escaped by a backslash instead of being doubled.</param>
public sealed record RowSyntax(char Separator, char Quote = '"', bool Backslash = false, string? Charset = null)
{
    /// <summary>Splits one row into its fields, quotes removed, everything else as it stands.</summary>
    public List<string> Split(string row)
    {
        var fields = new List<string>();
        if (Separator == 0) { fields.Add(row); return fields; }
        var at = 0;
        while (true)
        {
            if (Quote != 0 && at < row.Length && row[at] == Quote && Quoted(row, at, out var end) is { } quoted)
            {
                fields.Add(quoted);
                at = end;
            }
            else
            {
                var next = row.IndexOf(Separator, at);
                if (next < 0) next = row.Length;
                fields.Add(row[at..next]);
                at = next;
            }
            if (at >= row.Length) return fields;
            at++;   // the separator
            if (at == row.Length) { fields.Add(""); return fields; }
        }
    }

    // A quoted field ends at a quote that a separator or the end follows. Null when none does: then the first quote was a letter.
    private string? Quoted(string row, int start, out int end)
    {
        var text = new StringBuilder();
        for (var i = start + 1; i < row.Length; i++)
        {
            var c = row[i];
            if (Backslash && c == '\\' && i + 1 < row.Length) { text.Append(row[++i]); continue; }
            if (c != Quote) { text.Append(c); continue; }
            if (!Backslash && i + 1 < row.Length && row[i + 1] == Quote) { text.Append(Quote); i++; continue; }
            var rest = i + 1;
            while (rest < row.Length && row[rest] == ' ' && Separator != ' ') rest++;
            if (rest < row.Length && row[rest] != Separator) { text.Append(c); continue; }
            end = rest;
            return text.ToString();
        }
        end = start;
        return null;
    }
}

/// <summary>Cuts bytes into rows: CRLF, LF or CR ends one, except inside quotes; NUL padding at the end is none. Bounded: a quote that is never closed costs its own row.</summary>
internal sealed class RowCutter(RowSyntax syntax)
{
    /// <summary>A longer row is handed out as it is, and will be refused.</summary>
    public const int MaxRow = 256 * 1024;
    private const int MaxQuoted = 16 * 1024;

    public int Line { get; private set; } = 1;

    /// <summary>
    /// The next row from <paramref name="at"/>, which moves behind it. False when the bytes end before the row does and more may come (<paramref name="last"/> false).
    /// </summary>
    public bool TryNext(ReadOnlySpan<byte> bytes, ref int at, bool last, out int start, out int length, out int line)
    {
        start = at; length = 0; line = Line;
        if (at >= bytes.Length) return false;
        var rest = bytes[at..];
        var end = RowEnd(rest, last, out var terminator, out var lines);
        if (end < 0) return false;
        length = end;
        at += end + terminator;
        Line += lines;
        while (length > 0 && bytes[start + length - 1] == 0) length--;
        return true;
    }

    private int RowEnd(ReadOnlySpan<byte> rest, bool last, out int terminator, out int lines)
    {
        lines = 1;
        var plain = PlainEnd(rest, last, out terminator);
        if (syntax.Quote == 0 || syntax.Separator == 0 || plain < 0 && rest.Length > MaxRow) return plain;
        var quote = (byte)syntax.Quote;
        // No quote opens in this row: the usual case.
        var until = plain < 0 ? rest : rest[..plain];
        if (!until.Contains(quote)) return plain;

        var i = 0;
        var breaks = 0;
        while (i < rest.Length)
        {
            if (rest[i] == quote)   // at the start of a field
            {
                var close = Close(rest, i, quote, out var inside);
                if (close == -2) return plain;      // never closed within reason: the quote was a letter
                if (close == -1) { if (last) return plain; terminator = 0; return rest.Length > MaxRow ? plain : -1; }
                breaks += inside;
                i = close;
            }
            // on to the next separator or the end of the row
            var next = rest[i..].IndexOfAny((byte)syntax.Separator, (byte)'\n', (byte)'\r');
            if (next < 0)
            {
                if (!last) { terminator = 0; return -1; }
                terminator = 0;
                lines = breaks + 1;
                return rest.Length;
            }
            i += next;
            if (rest[i] == (byte)syntax.Separator) { i++; continue; }
            if (rest[i] == '\r' && i + 1 == rest.Length && !last) { terminator = 0; return -1; }
            terminator = rest[i] == '\r' && i + 1 < rest.Length && rest[i + 1] == '\n' ? 2 : 1;
            lines = breaks + 1;
            return i;
        }
        terminator = 0;
        lines = breaks + 1;
        return last ? rest.Length : -1;
    }

    // Behind the closing quote; -1 when the bytes end first, -2 when it is too far away.
    private int Close(ReadOnlySpan<byte> rest, int open, byte quote, out int breaks)
    {
        breaks = 0;
        for (var i = open + 1; i < rest.Length; i++)
        {
            if (i - open > MaxQuoted) return -2;
            var c = rest[i];
            if (c == '\n') breaks++;
            else if (syntax.Backslash && c == '\\') i++;
            else if (c == quote)
            {
                if (!syntax.Backslash && i + 1 < rest.Length && rest[i + 1] == quote) { i++; continue; }
                if (i + 1 == rest.Length || rest[i + 1] == (byte)syntax.Separator || rest[i + 1] is (byte)'\n' or (byte)'\r' or (byte)' ') return i + 1;
            }
        }
        return -1;
    }

    private static int PlainEnd(ReadOnlySpan<byte> rest, bool last, out int terminator)
    {
        terminator = 0;
        var end = rest.IndexOfAny((byte)'\n', (byte)'\r');
        if (end < 0) return last || rest.Length > MaxRow ? rest.Length : -1;
        if (rest[end] == '\r' && end + 1 == rest.Length && !last) return -1;
        terminator = rest[end] == '\r' && end + 1 < rest.Length && rest[end + 1] == '\n' ? 2 : 1;
        return end;
    }
}
