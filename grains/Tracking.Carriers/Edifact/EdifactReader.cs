using System.Collections.Immutable;
using Tracking.Carriers.Edi;

namespace Tracking.Carriers.Edifact;

/// <summary>The service characters of one interchange: from its UNA, else the standard's defaults. A blank release character releases nothing.</summary>
internal readonly record struct EdifactSeparators(byte Component, byte Element, byte Decimal, byte Release, byte Segment)
{
    public static readonly EdifactSeparators Default = new((byte)':', (byte)'+', (byte)'.', (byte)'?', (byte)'\'');

    /// <summary>Offset of the terminator of the segment at the start of these bytes; -1 when it is not there yet.</summary>
    public int EndOf(ReadOnlySpan<byte> bytes) => IndexOf(bytes, Segment);

    /// <summary>Offset of the first such character that no release character protects.</summary>
    public int IndexOf(ReadOnlySpan<byte> bytes, byte character)
    {
        var at = 0;
        while (true)
        {
            var found = bytes[at..].IndexOf(character);
            if (found < 0) return -1;
            found += at;
            if (Release == (byte)' ') return found;
            var releases = 0;
            while (found - releases - 1 >= 0 && bytes[found - releases - 1] == Release) releases++;
            if ((releases & 1) == 0) return found;
            at = found + 1;
        }
    }
}

/// <summary>One message from UNH to UNT with what the envelope around it says. Segment numbers count from 1 over the whole file, UNA not counted.</summary>
internal readonly record struct EdifactMessage(
    ReadOnlyMemory<byte> Bytes, long FirstSegment, int Segments, EdifactSeparators Separators, string? Charset, string? Sender, string? Interchange)
{
    /// <summary>The UNA and UNB that the message stands in: what it needs beside itself to be read again. Empty for a message that came alone.</summary>
    public ReadOnlyMemory<byte> Head { get; init; }
}

/// <summary>
/// Cuts a file of EDIFACT interchanges into messages, in one pass, from any number of bytes at a time. Counts and references that do not add up are
/// reported and the messages kept; only a message without its UNT is none.
/// </summary>
internal sealed class EdifactReader(Func<EdifactMessage, DecodedItem> decodeMessage)
{
    private const int JunkPiece = 64 * 1024;

    private bool _open, _bare;
    private EdifactSeparators _separators;
    private string? _charset, _sender, _reference, _group;
    private int _messages, _groups, _messagesInGroup;
    private long _segments;
    private byte[] _head = [];           // UNA and UNB of the interchange, kept for its messages
    private int _start = -1;             // offset of an open message's UNH, or of a run of segments outside any message
    private bool _orphans;
    private long _first;
    private bool _anything, _ended;

    public int Keep(int at) => _start >= 0 ? _start : at;

    public void Moved(int by) { if (_start >= 0) _start -= by; }

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
            while (at < span.Length && (IsBlank(span[at]) || span[at] == _separators.Segment)) at++;
            var rest = span[at..];
            if (rest.StartsWith("UNA"u8) && _start < 0)
            {
                _open = false;
                if (!_bare) return Unended(buffer.Slice(at, 0));
                continue;
            }
            var length = _separators.EndOf(rest);
            int after;
            if (length >= 0) after = at + length + 1;
            else
            {
                if (!final || rest.IsEmpty) return final ? Finish(buffer, ref at) : null;
                length = rest.Length;
                after = span.Length;
                // The last segment lost its terminator: a UNZ is believed, anything else may be half of something.
                if (!Is(rest, "UNZ"u8) && !(Is(rest, "UNT"u8) && IsWholeUnt(buffer, rest))) { at = after; _segments++; return Finish(buffer, ref at); }
            }
            var segment = EdiText.Trim(rest[..length]);

            if (segment.Length >= 3 && segment[0] == (byte)'U' && segment[1] == (byte)'N')
            {
                if (Is(segment, "UNT"u8) && _start >= 0 && !_orphans)
                {
                    _segments++;
                    var message = new EdifactMessage(buffer[_start..after], _first, (int)(_segments - _first + 1), _separators, _charset, _sender, _reference) { Head = _head };
                    _start = -1;
                    _messages++;
                    _messagesInGroup++;
                    _anything = true;
                    at = after;
                    return decodeMessage(message);
                }
                if (Is(segment, "UNH"u8))
                {
                    var left = Leave(buffer, at);
                    _start = at;
                    _first = ++_segments;
                    _orphans = false;
                    at = after;
                    if (left is not null) return left;
                    continue;
                }
                if (Is(segment, "UNB"u8))
                {
                    if (Leave(buffer, at) is { } left) return left;
                    if (!_bare) return Unended(buffer.Slice(at, 0));
                    _open = false;
                    continue;
                }
                if (Is(segment, "UNG"u8) || Is(segment, "UNE"u8) || Is(segment, "UNZ"u8))
                {
                    if (Leave(buffer, at) is { } left) return left;
                    _segments++;
                    var bytes = buffer[at..after];
                    at = after;
                    if (Envelope(segment, bytes) is { } noted) return noted;
                    continue;
                }
            }

            _segments++;
            if (_start < 0)
            {
                _start = at;
                _first = _segments;
                _orphans = true;
            }
            at = after;
        }
    }

    public DecodedItem GiveUp(ReadOnlyMemory<byte> buffer, ref int at, string code, string detail)
    {
        var from = Keep(at);
        var item = DecodedItem.Unreadable(buffer[from..Math.Min(buffer.Length, from + 4096)], Pointer(_start >= 0 ? _first : _segments + 1), code, detail);
        _start = -1;
        at = buffer.Length;
        return item;
    }

    private DecodedItem? Open(ReadOnlyMemory<byte> buffer, ref int at, bool final, out bool opened)
    {
        opened = false;
        var span = buffer.Span;
        if (!_anything && at == 0)
        {
            if (span.Length < 3 && !final) return null;
            if (span.StartsWith("\ufeff"u8)) at = 3;
        }
        while (at < span.Length && (IsBlank(span[at]) || span[at] == 0x1A)) at++;
        var rest = span[at..];
        if (rest.IsEmpty || (rest.Length < 4 && !final)) return null;

        var separators = EdifactSeparators.Default;
        var skip = 0;
        var advised = false;
        if (rest.StartsWith("UNA"u8))
        {
            if (rest.Length < 9 && !final) return null;
            if (rest.Length >= 9)
            {
                separators = new EdifactSeparators(rest[3], rest[4], rest[5], rest[6], rest[8]);
                advised = true;
                skip = 9;
                while (skip < rest.Length && IsBlank(rest[skip])) skip++;
                if (rest.Length - skip < 4 && !final) return null;
            }
        }
        var head = rest[skip..];
        if (head.Length > 3 && (head.StartsWith("UNB"u8) || head.StartsWith("UNH"u8) || head.StartsWith("UNG"u8)) && !char.IsAsciiLetterOrDigit((char)head[3]))
        {
            if (!advised) separators = separators with { Element = head[3] };
            if (head[3] == separators.Element)
            {
                _separators = separators;
                _charset = _sender = _reference = _group = null;
                _messages = _groups = _messagesInGroup = 0;
                _head = [];
                _bare = !head.StartsWith("UNB"u8);
                if (!_bare)
                {
                    var length = separators.EndOf(head);
                    if (length < 0 && !final && head.Length < 4096) return null;
                    if (length >= 0)
                    {
                        var unb = new EdifactElements(head[..length], separators, stackalloc int[EdifactElements.Max]);
                        _charset = Text(unb.Component(1, 0))?.ToUpperInvariant();
                        _sender = Text(unb.Component(2, 0));
                        _reference = Text(unb.Component(5, 0));
                        _segments++;
                        skip += length + 1;
                        _head = rest[..skip].ToArray();
                    }
                    else _bare = true;
                }
                if (!_bare || !head.StartsWith("UNB"u8))
                {
                    _open = _anything = opened = true;
                    at += skip;
                    return null;
                }
            }
        }
        var junk = NextStart(rest);
        if (junk < 0 && !final && rest.Length < JunkPiece) return null;
        var junkLength = junk > 0 ? junk : final ? rest.Length : rest.Length - 4;
        var bytes = buffer.Slice(at, junkLength);
        _anything = true;
        at += junkLength;
        return DecodedItem.Unreadable(bytes, Pointer(_segments + 1), "edifact.no-interchange", "These bytes do not start with UNA or UNB, so they are no EDIFACT interchange.");
    }

    private static int NextStart(ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 2) return -1;
        var una = rest[1..].IndexOf("UNA"u8);
        var unb = rest[1..].IndexOf("UNB+"u8);
        return una < 0 ? (unb < 0 ? -1 : unb + 1) : unb < 0 ? una + 1 : Math.Min(una, unb) + 1;
    }

    private DecodedItem? Leave(ReadOnlyMemory<byte> buffer, int at)
    {
        if (_start < 0) return null;
        _anything = true;
        var bytes = buffer[_start..at];
        _start = -1;
        return _orphans
            ? DecodedItem.Unreadable(bytes, Pointer(_first), "edifact.outside-message", "These segments stand outside any message (no UNH before them).")
            : DecodedItem.Unreadable(bytes, Pointer(_first), "edifact.message-unclosed", "The message has no UNT: it is truncated, and its last event may be half an event.");
    }

    private DecodedItem? Envelope(ReadOnlySpan<byte> segment, ReadOnlyMemory<byte> bytes)
    {
        var elements = new EdifactElements(segment, _separators, stackalloc int[EdifactElements.Max]);
        if (Is(segment, "UNG"u8))
        {
            _group = Text(elements.Component(5, 0));
            _messagesInGroup = 0;
            _groups++;
            return null;
        }
        var notes = ImmutableArray.CreateBuilder<DecodeProblem>();
        if (Is(segment, "UNE"u8))
        {
            if (EdiText.Digits(EdiText.Trim(elements.Component(1, 0))) != _messagesInGroup)
                notes.Add(new DecodeProblem("edifact.group-count", $"UNE says {Text(elements.Component(1, 0)) ?? "nothing"}; the group holds {_messagesInGroup} messages."));
            if (_group is not null && !Same(Text(elements.Component(2, 0)), _group))
                notes.Add(new DecodeProblem("edifact.group-reference", $"UNE names {Text(elements.Component(2, 0))}; the group is {_group}."));
        }
        else
        {
            var count = EdiText.Digits(EdiText.Trim(elements.Component(1, 0)));
            if (count != (_groups > 0 ? _groups : _messages))
                notes.Add(new DecodeProblem("edifact.interchange-count", $"UNZ says {Text(elements.Component(1, 0)) ?? "nothing"}; the interchange holds {(_groups > 0 ? $"{_groups} groups" : $"{_messages} messages")}."));
            if (_reference is not null && !Same(Text(elements.Component(2, 0)), _reference))
                notes.Add(new DecodeProblem("edifact.interchange-reference", $"UNZ names {Text(elements.Component(2, 0))}; the interchange is {_reference}."));
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
        _open = false;
        return DecodedItem.Of([], bytes, Pointer(_segments + 1),
            new DecodeProblem("edifact.truncated", $"Interchange {_reference} ends without UNZ: the file is truncated; complete messages were kept."));
    }

    private bool IsWholeUnt(ReadOnlyMemory<byte> buffer, ReadOnlySpan<byte> segment)
    {
        if (_start < 0 || _orphans) return false;
        var unt = new EdifactElements(segment, _separators, stackalloc int[EdifactElements.Max]);
        var unh = buffer.Span[_start..];
        unh = unh[..Math.Max(0, _separators.EndOf(unh))];
        var opened = new EdifactElements(unh, _separators, stackalloc int[EdifactElements.Max]);
        return EdiText.Digits(EdiText.Trim(unt.Component(1, 0))) == _segments + 1 - _first + 1
            && EdiText.Trim(unt[2]).SequenceEqual(EdiText.Trim(opened[1]));
    }

    private bool Is(ReadOnlySpan<byte> segment, ReadOnlySpan<byte> name)
        => segment.StartsWith(name) && (segment.Length == name.Length || segment[name.Length] == _separators.Element);

    private static bool IsBlank(byte b) => b is (byte)'\r' or (byte)'\n' or (byte)' ' or (byte)'\t' or 0;

    private static bool Same(string? left, string? right)
        => (left ?? "").TrimStart('0').Equals((right ?? "").TrimStart('0'), StringComparison.Ordinal);

    private static string? Text(ReadOnlySpan<byte> element)
    {
        element = EdiText.Trim(element);
        return element.IsEmpty ? null : EdiText.Decode(element[..Math.Min(element.Length, 80)], CarrierText.Windows1252);
    }

    internal static string Pointer(long segment) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"segment {segment}");
}

/// <summary>The elements of one segment and their components, still as bytes with their release characters. Absent ones are empty; 0 is the segment's name.</summary>
internal readonly ref struct EdifactElements
{
    public const int Max = 34;
    private readonly ReadOnlySpan<byte> _segment;
    private readonly ReadOnlySpan<int> _starts;
    private readonly EdifactSeparators _separators;

    public EdifactElements(ReadOnlySpan<byte> segment, EdifactSeparators separators, Span<int> room)
    {
        _segment = segment;
        _separators = separators;
        room[0] = 0;
        var count = 1;
        var at = 0;
        while (count < Max - 1)
        {
            var next = separators.IndexOf(segment[at..], separators.Element);
            if (next < 0) break;
            at += next + 1;
            room[count++] = at;
        }
        room[count] = segment.Length + 1;
        _starts = room[..(count + 1)];
    }

    public int Count => _starts.Length - 1;

    public ReadOnlySpan<byte> this[int index] => index < Count ? _segment[_starts[index]..(_starts[index + 1] - 1)] : default;

    public ReadOnlySpan<byte> Component(int element, int component)
    {
        var rest = this[element];
        while (true)
        {
            var end = _separators.IndexOf(rest, _separators.Component);
            if (component == 0) return end < 0 ? rest : rest[..end];
            if (end < 0) return default;
            rest = rest[(end + 1)..];
            component--;
        }
    }
}
