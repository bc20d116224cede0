using System.Runtime.CompilerServices;
using System.Text;
using Tracking.Carriers.Files;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Flat;

/// <summary>
/// A format made of rows. Files of any length are read with flat memory; every row is right or wrong alone, and one that is wrong keeps its own
/// text with the header above it, so that it can be read again by itself.
/// </summary>
public abstract class RowDecoder : FeedDecoder
{
    private const int Chunk = 256 * 1024;

    /// <summary>The syntax of a file that begins with these bytes.</summary>
    protected abstract RowSyntax SyntaxOf(ReadOnlySpan<byte> start);

    /// <summary>What reads the rows of one file, in order.</summary>
    protected abstract RowSession Begin(RowSyntax syntax, FeedContext context);

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
    {
        message = AsBytes(message);
        if (Decoy.Refuse(message.Span[..Math.Min(message.Length, 4096)], context.FileName) is { } refused)
        {
            yield return DecodedItem.Unreadable(message, context.FileName ?? "", refused.Code, refused.Detail);
            yield break;
        }
        var rows = new Rows(this, message.Span, context);
        var at = 0;
        while (rows.TryNext(message, ref at, last: true, out var item))
        {
            if (item is not null) yield return item;
            if (rows.Stopped) { yield return DecodedItem.Unreadable(message, context.FileName ?? "", rows.Refusal!.Code, rows.Refusal.Detail); yield break; }
        }
    }

    public override async IAsyncEnumerable<DecodedItem> DecodeAsync(Stream stream, FeedContext context, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var start = new byte[4096];
        var held = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancel);
        if (Decoy.Refuse(start.AsSpan(0, held), context.FileName) is { } refused)
        {
            yield return DecodedItem.Unreadable(start.AsMemory(0, held), context.FileName ?? "", refused.Code, refused.Detail);
            yield break;
        }
        Encoding? wide = start is [0xFF, 0xFE, ..] ? Encoding.Unicode : start is [0xFE, 0xFF, ..] ? Encoding.BigEndianUnicode : null;
        Stream source = new Joined(start.AsMemory(0, held), stream);
        if (wide is not null) source = Encoding.CreateTranscodingStream(source, wide, Encoding.UTF8);

        Rows? rows = null;
        ReadOnlyMemory<byte> rest = default;
        var ended = false;
        while (!ended)
        {
            // Items keep slices of what they were read from: every round has its own buffer.
            var buffer = new byte[rest.Length + Chunk];
            rest.CopyTo(buffer);
            var read = await source.ReadAtLeastAsync(buffer.AsMemory(rest.Length), Chunk, throwOnEndOfStream: false, cancel);
            ended = read < Chunk;
            var bytes = (ReadOnlyMemory<byte>)buffer.AsMemory(0, rest.Length + read);
            if (rows is null)
            {
                if (bytes.Span.StartsWith("\ufeff"u8)) bytes = bytes[3..];
                rows = new Rows(this, bytes.Span, context);
            }
            var at = 0;
            while (rows.TryNext(bytes, ref at, ended, out var item))
            {
                if (item is not null) yield return item;
                if (rows.Stopped) { yield return DecodedItem.Unreadable(start.AsMemory(0, held), context.FileName ?? "", rows.Refusal!.Code, rows.Refusal.Detail); yield break; }
            }
            rest = bytes[at..];
        }
    }

    private static ReadOnlyMemory<byte> AsBytes(ReadOnlyMemory<byte> message)
    {
        var span = message.Span;
        if (span.StartsWith("\ufeff"u8)) return message[3..];
        return span is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] ? Encoding.UTF8.GetBytes(CarrierText.Decode(span)) : message;
    }

    private sealed class Rows
    {
        private readonly RowSyntax _syntax;
        private readonly RowCutter _cutter;
        private readonly RowSession _session;
        private readonly FeedContext _context;

        public Rows(RowDecoder decoder, ReadOnlySpan<byte> start, FeedContext context)
        {
            _syntax = decoder.SyntaxOf(start[..Math.Min(start.Length, 4096)]);
            _cutter = new RowCutter(_syntax);
            _session = decoder.Begin(_syntax, context);
            _context = context;
        }

        public bool Stopped => Refusal is not null;
        public DecodeProblem? Refusal { get; private set; }

        // True when a row was taken; it may have made no item (a header, an empty row).
        public bool TryNext(ReadOnlyMemory<byte> bytes, ref int at, bool last, out DecodedItem? item)
        {
            item = null;
            if (!_cutter.TryNext(bytes.Span, ref at, last, out var start, out var length, out var line)) return false;
            var original = bytes.Slice(start, length);
            if (original.Span.Trim(" \t"u8).IsEmpty) return true;
            var pointer = _context.FileName is { } file ? $"{file}:{line}" : $"line {line}";
            if (length > RowCutter.MaxRow) { item = DecodedItem.Unreadable(original, pointer, "row.too-long", $"The row is longer than {RowCutter.MaxRow:N0} bytes."); return true; }
            item = _session.Read(CarrierText.Decode(original.Span, _syntax.Charset), original, pointer);
            Refusal = _session.Refusal;
            if (Stopped) item = null;
            return true;
        }
    }
}

/// <summary>Reads the rows of one file.</summary>
public abstract class RowSession
{
    /// <summary>Set when the file as a whole does not match: nothing of it is read on, and all of it goes to quarantine.</summary>
    public DecodeProblem? Refusal { get; protected set; }

    /// <summary>One row; null where it is no event (a header, a trailer, a row the profile ignores).</summary>
    public abstract DecodedItem? Read(string row, ReadOnlyMemory<byte> original, string pointer);

    /// <summary>A row that was read, kept under its header: together they are a file of one row, which a better table reads again.</summary>
    protected static DecodedItem Readable(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> original, string pointer, Scan scan, DecodeProblem? note)
        => new([scan], Under(header, original), pointer, null, note is null ? [] : [note]) { RootInOriginal = header.IsEmpty ? "line 1" : "line 2" };

    /// <summary>A row that cannot be read, under its header likewise.</summary>
    protected static DecodedItem Unreadable(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> original, string pointer, DecodeProblem problem)
        => DecodedItem.Unreadable(Under(header, original), pointer, problem.Code, problem.Detail);

    private static ReadOnlyMemory<byte> Under(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> original)
    {
        if (header.IsEmpty) return original;
        var both = new byte[header.Length + 1 + original.Length];
        header.CopyTo(both);
        both[header.Length] = (byte)'\n';
        original.CopyTo(both.AsMemory(header.Length + 1));
        return both;
    }
}
