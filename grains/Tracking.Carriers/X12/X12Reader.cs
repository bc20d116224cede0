using System.Collections.Immutable;

namespace Tracking.Carriers.X12;

/// <summary>Where the separators of one interchange lie; read from its ISA, never assumed.</summary>
internal readonly record struct X12Separators(byte Element, byte Component, byte Segment);

/// <summary>One transaction set from ST to SE with what the envelope around it says. Segment numbers count from 1 over the whole message.</summary>
internal readonly record struct X12Set(
    ReadOnlyMemory<byte> Bytes, long FirstSegment, int Segments, X12Separators Separators, string? Sender, string? Interchange, string? Group, DateTime? PublishedLocal)
{
    /// <summary>The ISA and GS that the set stands in, with their terminators: what the set needs beside itself to be read again. Empty for a set that came alone.</summary>
    public ReadOnlyMemory<byte> Head { get; init; }
    /// <summary>Segments in <see cref="Head"/>.</summary>
    public int HeadSegments { get; init; }
}

/// <summary>
/// Cuts a file of X12 interchanges into transaction sets, in one pass, from any number of bytes at a time. Checks the envelope's counts and control
/// numbers: what does not add up is reported and the events are kept; only a set without its SE is no set, because its last event may be half an event.
/// </summary>
internal sealed class X12Reader(Func<X12Set, DecodedItem> decodeSet)
{
    /// <summary>Junk between interchanges is handed out in pieces of this many bytes, so that a long decoy needs no long memory.</summary>
    private const int JunkPiece = 64 * 1024;

    private bool _open;                  // between ISA and IEA
    private X12Separators _separators;
    private string? _sender, _isaControl, _gsControl;
    private DateTime? _published;        // GS04 and GS05, the sender's own clock
    private bool _inGroup;
    private int _groups, _setsInGroup;
    private long _segments;              // read so far; the next one is _segments + 1
    private int _setStart = -1;          // offset of an open set's ST, or of a run of segments outside any set
    private bool _orphans;               // the open run began without ST
    private long _setFirst;
    private byte[] _isa = [], _head = [];  // kept for the sets: the interchange's first segments
    private int _headSegments;
    private bool _anything, _ended;
    private bool _bare;                  // a lone transaction set, as quarantine keeps them: no envelope to miss

    /// <summary>Offset below which the caller may forget bytes; everything else is still needed.</summary>
    public int Keep(int at) => _setStart >= 0 ? _setStart : at;

    /// <summary>Tells the reader that the caller has moved its buffer down by so many bytes.</summary>
    public void Moved(int by) { if (_setStart >= 0) _setStart -= by; }

    /// <summary>Reads on from <paramref name="at"/>. Null: more bytes are needed or, when <paramref name="final"/>, nothing is left.</summary>
    public DecodedItem? Next(ReadOnlyMemory<byte> buffer, ref int at, bool final)
    {
        while (true)
        {
            if (!_open)
            {
                var item = Open(buffer, ref at, final, out var opened);
                if (item is not null || !opened) return item ?? (final ? Finish(buffer, ref at) : null);
                continue;
            }

            var span = buffer.Span;
            while (at < span.Length && (span[at] is (byte)'\r' or (byte)'\n' or (byte)' ' or (byte)'\t' or 0 || span[at] == _separators.Segment)) at++;
            var rest = span[at..];
            var length = rest.IndexOf(_separators.Segment);
            int after;
            if (length >= 0) after = at + length + 1;
            else
            {
                if (!final || rest.IsEmpty) return final ? Finish(buffer, ref at) : null;
                length = rest.Length;
                after = span.Length;
                // The last segment lost its terminator: an IEA or a full SE is believed, anything else is half of something.
                if (!Is(rest, "IEA"u8) && !(Is(rest, "SE"u8) && IsWholeSe(buffer, rest))) { at = after; _segments++; return Finish(buffer, ref at); }
            }
            var segment = rest[..length];

            if (segment[0] is (byte)'S')
            {
                if (Is(segment, "SE"u8) && _setStart >= 0 && !_orphans)
                {
                    _segments++;
                    var set = new X12Set(buffer[_setStart..after], _setFirst, (int)(_segments - _setFirst + 1), _separators, _sender, _isaControl, _gsControl, _published) { Head = _head, HeadSegments = _headSegments };
                    _setStart = -1;
                    _setsInGroup++;
                    _anything = true;
                    at = after;
                    return decodeSet(set);
                }
                if (Is(segment, "ST"u8))
                {
                    var left = Leave(buffer, at);
                    _setStart = at;
                    _setFirst = ++_segments;
                    _orphans = false;
                    at = after;
                    if (left is not null) return left;
                    continue;
                }
            }
            else if (segment[0] is (byte)'G' or (byte)'I')
            {
                if (Is(segment, "ISA"u8))
                {
                    // The interchange before this one never ended. An open set is reported first, then this segment is read again.
                    if (Leave(buffer, at) is { } left) return left;
                    if (!_bare) return Unended(buffer.Slice(at, 0));
                    _open = false;
                    continue;
                }
                if (Is(segment, "GS"u8) || Is(segment, "GE"u8) || Is(segment, "IEA"u8))
                {
                    if (Leave(buffer, at) is { } left) return left;   // this segment is read again, with no set open
                    _segments++;
                    var bytes = buffer[at..after];
                    at = after;
                    if (Envelope(segment, bytes) is { } noted) return noted;
                    continue;
                }
            }

            _segments++;
            if (_setStart < 0)
            {
                _setStart = at;
                _setFirst = _segments;
                _orphans = true;
            }
            at = after;
        }
    }

    /// <summary>The open set is larger than the caller can hold: gives it up, with what is there of it, and goes on behind the bytes seen.</summary>
    public DecodedItem GiveUp(ReadOnlyMemory<byte> buffer, ref int at, string code, string detail)
    {
        var from = Keep(at);
        var item = DecodedItem.Unreadable(buffer[from..Math.Min(buffer.Length, from + 4096)], Pointer(_setStart >= 0 ? _setFirst : _segments + 1), code, detail);
        _setStart = -1;
        at = buffer.Length;
        return item;
    }

    // Between interchanges: finds the next ISA. What stands before it is no X12 and is reported.
    private DecodedItem? Open(ReadOnlyMemory<byte> buffer, ref int at, bool final, out bool opened)
    {
        opened = false;
        var span = buffer.Span;
        if (!_anything && at == 0)
        {
            if (span.Length < 3 && !final) return null;
            if (span.StartsWith("\ufeff"u8)) at = 3;
        }
        while (at < span.Length && span[at] is (byte)'\r' or (byte)'\n' or (byte)' ' or (byte)'\t' or 0 or 0x1A) at++;
        var rest = span[at..];
        if (rest.IsEmpty) return null;
        if (rest.Length < 4 && !final) return null;
        if (rest.StartsWith("ISA"u8) && rest.Length > 3 && !char.IsAsciiLetterOrDigit((char)rest[3]))
        {
            // Fixed width says 106 characters, but some senders trim ISA06 and ISA08: what counts is the sixteenth separator.
            var separator = rest[3];
            var end = 3;
            var seen = 1;
            while (seen < 16)
            {
                var next = rest[(end + 1)..].IndexOf(separator);
                if (next < 0 || end + next > 1024) break;
                end += next + 1;
                seen++;
            }
            if (seen == 16 && end + 2 < rest.Length)
            {
                _separators = new X12Separators(separator, rest[end + 1], rest[end + 2]);
                var isa = new X12Elements(rest[..(end + 2)], separator, stackalloc int[X12Elements.Max]);
                _sender = Text(isa[6]);
                _isaControl = Text(isa[13]);
                _gsControl = null;
                _inGroup = false;
                _groups = 0;
                _head = _isa = rest[..(end + 3)].ToArray();
                _headSegments = 1;
                _segments++;
                _bare = false;
                _open = _anything = opened = true;
                at += end + 3;
                return null;
            }
            if (!final && rest.Length < 4096) return null;
        }
        if (BareSet(rest) is { } bare)
        {
            _separators = bare;
            _sender = _isaControl = _gsControl = null;
            _published = null;
            _head = _isa = [];
            _headSegments = 0;
            _inGroup = false;
            _open = _anything = opened = _bare = true;
            return null;
        }
        var junk = rest.Length < 2 ? -1 : rest[1..].IndexOf("ISA"u8);
        if (junk < 0 && !final && rest.Length < JunkPiece) return null;
        var length = junk >= 0 ? junk + 1 : final ? rest.Length : rest.Length - 3;
        var bytes = buffer.Slice(at, length);
        _anything = true;
        at += length;
        return DecodedItem.Unreadable(bytes, Pointer(_segments + 1), "x12.no-interchange", "These bytes do not start with an ISA segment, so they are no X12 interchange.");
    }

    // Something ended or began while a set was open.
    private DecodedItem? Leave(ReadOnlyMemory<byte> buffer, int at)
    {
        if (_setStart < 0) return null;
        _anything = true;
        var bytes = buffer[_setStart..at];
        _setStart = -1;
        return _orphans
            ? DecodedItem.Unreadable(bytes, Pointer(_setFirst), "x12.outside-set", "These segments stand outside any transaction set (no ST before them).")
            : DecodedItem.Unreadable(bytes, Pointer(_setFirst), "x12.set-unclosed", "The transaction set has no SE: it is truncated, and its last event may be half an event.");
    }

    // A set without its interchange: the separators are what stands after ST and before B10 (or SE).
    private static X12Separators? BareSet(ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 12 || !rest.StartsWith("ST"u8) || char.IsAsciiLetterOrDigit((char)rest[2]) || rest[2] <= (byte)' ') return null;
        Span<byte> next = stackalloc byte[4];
        "B10"u8.CopyTo(next);
        next[3] = rest[2];
        var head = rest[..Math.Min(rest.Length, 200)];
        var at = head.IndexOf(next);
        if (at < 0)
        {
            "SE"u8.CopyTo(next);
            next[2] = rest[2];
            at = rest.IndexOf(next[..3]);
        }
        if (at < 4) return null;
        var end = at - 1;
        while (end > 3 && rest[end] is (byte)'\r' or (byte)'\n' or (byte)' ') end--;
        // Nothing but a line break between the segments: the line break is the terminator.
        if (char.IsAsciiLetterOrDigit((char)rest[end])) end++;
        return end < at ? new X12Separators(rest[2], (byte)'>', rest[end]) : null;
    }

    private DecodedItem? Envelope(ReadOnlySpan<byte> segment, ReadOnlyMemory<byte> bytes)
    {
        var elements = new X12Elements(segment, _separators.Element, stackalloc int[X12Elements.Max]);
        if (Is(segment, "GS"u8))
        {
            var note = _inGroup ? new DecodeProblem("x12.group-unclosed", $"Group {_gsControl} has no GE; the file may be incomplete.") : null;
            _gsControl = Text(elements[6]);
            _published = X12Times.TryRead(elements[4], elements[5], out var told) == X12Times.Problem.None ? told.Local : null;
            _inGroup = true;
            _setsInGroup = 0;
            if (_isa.Length > 0) (_head, _headSegments) = ([.. _isa, .. bytes.Span], 2);
            return note is null ? null : DecodedItem.Of([], bytes, Pointer(_segments), note);
        }

        var notes = ImmutableArray.CreateBuilder<DecodeProblem>();
        if (Is(segment, "GE"u8))
        {
            if (!_inGroup) notes.Add(new DecodeProblem("x12.group-unopened", "GE without a GS before it."));
            else
            {
                if (Edi.EdiText.Digits(Edi.EdiText.Trim(elements[1])) != _setsInGroup)
                    notes.Add(new DecodeProblem("x12.group-count", $"GE01 says {Text(elements[1]) ?? "nothing"}; the group holds {_setsInGroup} transaction sets."));
                if (!Same(Text(elements[2]), _gsControl))
                    notes.Add(new DecodeProblem("x12.group-control", $"GE02 {Text(elements[2])} is not the group's control number {_gsControl}."));
                _groups++;
            }
            _inGroup = false;
        }
        else
        {
            if (_inGroup)
            {
                notes.Add(new DecodeProblem("x12.group-unclosed", $"Group {_gsControl} has no GE; the file may be incomplete."));
                _groups++;
                _inGroup = false;
            }
            if (Edi.EdiText.Digits(Edi.EdiText.Trim(elements[1])) != _groups)
                notes.Add(new DecodeProblem("x12.interchange-count", $"IEA01 says {Text(elements[1]) ?? "nothing"}; the interchange holds {_groups} groups."));
            if (!Same(Text(elements[2]), _isaControl))
                notes.Add(new DecodeProblem("x12.interchange-control", $"IEA02 {Text(elements[2])} is not the interchange's control number {_isaControl}."));
            _open = false;
        }
        return notes.Count == 0 ? null : new DecodedItem([], bytes, Pointer(_segments), null, notes.ToImmutable());
    }

    private DecodedItem? Finish(ReadOnlyMemory<byte> buffer, ref int at)
    {
        if (Leave(buffer, buffer.Length) is { } half) { at = buffer.Length; return half; }
        if (_ended) return null;
        _ended = true;
        var end = buffer[buffer.Length..];
        if (_open && !_bare) return Unended(end);
        return _anything ? null : DecodedItem.Unreadable(end, "", "message.empty", "The message is empty.");
    }

    private DecodedItem Unended(ReadOnlyMemory<byte> bytes)
    {
        var missing = _inGroup ? "GE and IEA" : "IEA";
        _open = _inGroup = false;
        return DecodedItem.Of([], bytes, Pointer(_segments + 1),
            new DecodeProblem("x12.truncated", $"Interchange {_isaControl} ends without {missing}: the file is truncated; complete transaction sets were kept."));
    }

    // A set's last line without terminator is believed when both its numbers agree with the set.
    private bool IsWholeSe(ReadOnlyMemory<byte> buffer, ReadOnlySpan<byte> segment)
    {
        if (_setStart < 0 || _orphans) return false;
        var se = new X12Elements(segment, _separators.Element, stackalloc int[X12Elements.Max]);
        var st = buffer.Span[_setStart..];
        st = st[..Math.Max(0, st.IndexOf(_separators.Segment))];
        var opened = new X12Elements(st, _separators.Element, stackalloc int[X12Elements.Max]);
        return Edi.EdiText.Digits(Edi.EdiText.Trim(se[1])) == _segments + 1 - _setFirst + 1
            && Edi.EdiText.Trim(se[2]).SequenceEqual(Edi.EdiText.Trim(opened[2]));
    }

    private bool Is(ReadOnlySpan<byte> segment, ReadOnlySpan<byte> name)
        => segment.StartsWith(name) && (segment.Length == name.Length || segment[name.Length] == _separators.Element
            || (name.Length == 3 && name[0] == 'I' && name[1] == 'S' && !char.IsAsciiLetterOrDigit((char)segment[3])));

    // Control numbers are zero-padded on one side and not on the other.
    private static bool Same(string? left, string? right)
        => (left ?? "").TrimStart('0').Equals((right ?? "").TrimStart('0'), StringComparison.Ordinal);

    private static string? Text(ReadOnlySpan<byte> element)
    {
        element = Edi.EdiText.Trim(element);
        return element.IsEmpty ? null : Edi.EdiText.Decode(element[..Math.Min(element.Length, 80)], CarrierText.Windows1252);
    }

    internal static string Pointer(long segment) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"segment {segment}");
}

/// <summary>The elements of one segment, counted as the standard counts them: 0 is the segment's name. Absent elements are empty.</summary>
internal readonly ref struct X12Elements
{
    public const int Max = 26;
    private readonly ReadOnlySpan<byte> _segment;
    private readonly ReadOnlySpan<int> _starts;   // start of each element; one more entry tells where the last ends

    public X12Elements(ReadOnlySpan<byte> segment, byte separator, Span<int> room)
    {
        _segment = segment;
        room[0] = 0;
        var count = 1;
        var at = 0;
        while (count < Max - 1)
        {
            var next = segment[at..].IndexOf(separator);
            if (next < 0) break;
            at += next + 1;
            room[count++] = at;
        }
        room[count] = segment.Length + 1;
        _starts = room[..(count + 1)];
    }

    public int Count => _starts.Length - 1;

    public ReadOnlySpan<byte> this[int index] => index < Count ? _segment[_starts[index]..(_starts[index + 1] - 1)] : default;
}
