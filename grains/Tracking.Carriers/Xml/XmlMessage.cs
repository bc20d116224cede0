using System.Text;
using System.Xml;

namespace Tracking.Carriers.Xml;

/// <summary>
/// An XML document as a tree of <see cref="XmlPart"/>s that know their bytes. No DTD, no entities beside the five built-in ones, at most 64 levels. A document that breaks
/// in the middle keeps the elements that were complete before the break (<see cref="XmlPart.IsComplete"/>) beside its <see cref="Problem"/>.
/// </summary>
public sealed class XmlMessage
{
    private const int MaxDepth = 64;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly string _text;
    private readonly bool _sameOffsets;
    private readonly Encoding _encoding;
    private int _knownChar, _knownByte;   // originals are asked for in document order: count on from the last one

    private XmlMessage(ReadOnlyMemory<byte> bytes)
    {
        _bytes = bytes;
        var span = bytes.Span;
        var mark = span.StartsWith("\ufeff"u8) ? 3 : span.Length >= 2 && ((span[0] == 0xFF && span[1] == 0xFE) || (span[0] == 0xFE && span[1] == 0xFF)) ? 2 : 0;
        var declared = mark == 0 ? DeclaredCharset(span) : null;
        _text = CarrierText.Decode(span, declared).TrimEnd('\0');
        _encoding = mark == 3 ? Encoding.UTF8
            : mark == 2 ? span[0] == 0xFF ? Encoding.Unicode : Encoding.BigEndianUnicode
            : (declared is null ? null : CarrierText.FindEncoding(declared)) ?? (System.Text.Unicode.Utf8.IsValid(span) ? Encoding.UTF8 : CarrierText.Windows1252);
        _knownByte = mark;
        _sameOffsets = mark == 0 && (_encoding.IsSingleByte || Ascii.IsValid(span));
    }

    /// <summary>The document element; null when not even that was readable.</summary>
    public XmlPart? Root { get; private set; }
    /// <summary>Why the document is not well-formed, or null.</summary>
    public DecodeProblem? Problem { get; private set; }

    public static XmlMessage Read(ReadOnlyMemory<byte> message)
    {
        // Blanks before the declaration are a common slip and harmless.
        var blanks = message.Length - message.Span.TrimStart(" \t\r\n"u8).Length;
        var xml = new XmlMessage(message[blanks..]);
        xml.Parse();
        return xml;
    }

    /// <summary>Looks like XML: its first visible byte is <c>&lt;</c>, in any encoding read here.</summary>
    public static bool LooksLike(ReadOnlySpan<byte> message)
    {
        if (message.StartsWith("\ufeff"u8)) message = message[3..];
        message = message.TrimStart(" \t\r\n"u8);
        return message.Length > 0 && (message[0] == (byte)'<'
            || (message.Length > 3 && ((message[0] == 0xFF && message[1] == 0xFE && message[2] == (byte)'<') || (message[0] == 0xFE && message[1] == 0xFF && message[3] == (byte)'<'))));
    }

    /// <summary>The bytes of one element with its tags, as a slice of the message.</summary>
    public ReadOnlyMemory<byte> Slice(XmlPart part)
    {
        var from = ByteAt(part.Start);
        return _bytes[from..Math.Max(from, ByteAt(part.End))];
    }

    /// <summary>
    /// What to keep of one element so that it can be read again: its slice, or an <see cref="Excerpt"/> where the slice alone would not do, because it uses a namespace prefix that only the
    /// elements around it declare, or is in an encoding that only the document tells.
    /// </summary>
    public ReadOnlyMemory<byte> Original(XmlPart part)
    {
        var slice = Slice(part);
        return UsesPrefix(slice.Span) || !(_encoding is UTF8Encoding || _sameOffsets && Ascii.IsValid(slice.Span)) ? Excerpt(part) : slice;
    }

    /// <summary>
    /// A small document of one element: the tags around it as they were written, with what they hold beside it as far as that is short and none of its like, in UTF-8.
    /// </summary>
    public ReadOnlyMemory<byte> Excerpt(XmlPart part)
    {
        var around = new Stack<XmlPart>();
        for (var parent = part.Parent; parent is not null; parent = parent.Parent) around.Push(parent);
        var text = new StringBuilder();
        var room = MaxBeside;
        var names = new Stack<string>();
        while (around.TryPop(out var outer))
        {
            var inner = around.TryPeek(out var next) ? next : part;
            text.Append(_text, outer.Start, TagEnd(outer.Start) - outer.Start);
            names.Push(TagName(outer.Start));
            foreach (var beside in outer.Children)
            {
                var length = beside.End - beside.Start;
                if (ReferenceEquals(beside, inner) || !beside.IsComplete || length > room || beside.Name.Equals(inner.Name, StringComparison.OrdinalIgnoreCase)) continue;
                text.Append(_text, beside.Start, length);
                room -= length;
            }
        }
        text.Append(_text, part.Start, Math.Max(0, part.End - part.Start));
        while (names.TryPop(out var name)) text.Append("</").Append(name).Append('>');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    // What stands beside an element on its way down: a header, a depot, a date; never another list.
    private const int MaxBeside = 8 * 1024;

    private string TagName(int start)
    {
        var end = start + 1;
        while (end < _text.Length && _text[end] is not (' ' or '\t' or '\r' or '\n' or '/' or '>')) end++;
        return _text[(start + 1)..end];
    }

    // A colon in a tag before its first blank, or xsi: before an attribute's name. One too many keeps more than needed, never less.
    private static bool UsesPrefix(ReadOnlySpan<byte> xml)
    {
        if (xml.IndexOf("xsi:"u8) >= 0) return true;
        while (xml.IndexOf((byte)'<') is var open and >= 0)
        {
            xml = xml[(open + 1)..];
            var end = xml.IndexOfAny(" >/"u8);
            var name = end == 0 && xml[0] == '/' ? default : end < 0 ? xml : xml[..end];
            if (name.Contains((byte)':')) return true;
        }
        return false;
    }

    private int ByteAt(int character)
    {
        if (_sameOffsets) return Math.Min(character, _bytes.Length);
        if (character < _knownChar)
        {
            _knownChar = 0;
            _knownByte = _bytes.Span.StartsWith("\ufeff"u8) ? 3 : _encoding.GetByteCount("a") == 2 ? 2 : 0;
        }
        _knownByte += _encoding.GetByteCount(_text.AsSpan(_knownChar, character - _knownChar));
        _knownChar = character;
        return Math.Min(_knownByte, _bytes.Length);   // a replaced broken byte may count longer than it was
    }

    private void Parse()
    {
        if (string.IsNullOrWhiteSpace(_text)) { Problem = new DecodeProblem("message.empty", "The message is empty."); return; }
        var lines = LineStarts(_text);
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            CheckCharacters = false,
            MaxCharactersFromEntities = 1024,
        };
        var open = new Stack<XmlPart>();
        try
        {
            using var reader = XmlReader.Create(new StringReader(_text), settings);
            var position = (IXmlLineInfo)reader;
            while (reader.Read())
            {
                switch (reader.NodeType)
                {
                    case XmlNodeType.Element:
                        {
                            if (open.Count >= MaxDepth) { Problem = new DecodeProblem("xml.too-deep", $"Elements are nested more than {MaxDepth} deep."); return; }
                            var start = lines[position.LineNumber - 1] + position.LinePosition - 2;
                            var part = new XmlPart(reader.LocalName, open.TryPeek(out var parent) ? parent : null, start);
                            Root ??= part;
                            parent?.Add(part);
                            var empty = reader.IsEmptyElement;
                            while (reader.MoveToNextAttribute())
                                if (reader.Prefix != "xmlns" && reader.Name != "xmlns")
                                    part.AddAttribute(reader.LocalName, reader.Value);
                            if (empty) part.Close(TagEnd(start));
                            else open.Push(part);
                            break;
                        }
                    case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace:
                        if (open.TryPeek(out var holder)) holder.Append(reader.Value);
                        break;
                    case XmlNodeType.EndElement:
                        open.Pop().Close(TagEnd(lines[position.LineNumber - 1] + position.LinePosition - 3));
                        break;
                }
            }
            if (Root is null) Problem = new DecodeProblem("xml.syntax", "The message has no element.");
        }
        catch (XmlException e)
        {
            Problem = new DecodeProblem("xml.syntax", $"Not well-formed XML: line {e.LineNumber}, column {e.LinePosition}.");
        }
        while (open.TryPop(out var unclosed)) unclosed.LeaveOpen(_text.Length);
    }

    // From the '<' of a tag to behind its '>', looking past attribute values in quotes.
    private int TagEnd(int from)
    {
        var quote = '\0';
        for (var i = Math.Max(from, 0); i < _text.Length; i++)
        {
            var c = _text[i];
            if (quote != '\0') { if (c == quote) quote = '\0'; }
            else if (c is '"' or '\'') quote = c;
            else if (c == '>') return i + 1;
        }
        return _text.Length;
    }

    private static List<int> LineStarts(string text)
    {
        var starts = new List<int> { 0 };
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n') starts.Add(i + 1);
            else if (text[i] == '\r' && (i + 1 >= text.Length || text[i + 1] != '\n')) starts.Add(i + 1);
        }
        return starts;
    }

    private static string? DeclaredCharset(ReadOnlySpan<byte> message)
    {
        message = message.TrimStart(" \t\r\n"u8);
        if (!message.StartsWith("<?xml"u8)) return null;
        var end = message.IndexOf("?>"u8);
        if (end is < 0 or > 200) return null;
        var declaration = Encoding.Latin1.GetString(message[..end]);
        var at = declaration.IndexOf("encoding", StringComparison.OrdinalIgnoreCase);
        if (at < 0) return null;
        var value = declaration[(at + 8)..].Trim(' ', '=', '\t');
        if (value.Length < 2 || value[0] is not ('"' or '\'')) return null;
        var close = value.IndexOf(value[0], 1);
        var name = close < 0 ? null : value[1..close];
        // A file that says UTF-16 and was read by bytes this far is not UTF-16; one that says UTF-8 and is not valid UTF-8 is Windows-1252.
        return name is null || name.StartsWith("utf", StringComparison.OrdinalIgnoreCase) ? null : name;
    }
}
