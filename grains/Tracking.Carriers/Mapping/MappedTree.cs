using System.Buffers;
using System.Text.Json;
using Tracking.Carriers.Json;
using Tracking.Carriers.Xml;

namespace Tracking.Carriers.Mapping;

/// <summary>
/// A JSON or XML format that a mapping describes. <c>items</c> is the way to the repeating element; paths of fields start at it, <c>../</c> goes up one step
/// of that way, <c>/</c> starts at the document, <c>@name</c> is an attribute and <c>.</c> the element's own text. A list on the way of a field means its first element.
/// </summary>
internal sealed class MappedTree(FeedMapping mapping) : FeedDecoder
{
    private const int MaxItems = 1_000_000;

    public override string Format => mapping.Format;
    public override string Description => mapping.Description;

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
        => mapping.Form == MappingForm.Xml ? DecodeXml(message, context) : DecodeJson(message, context);

    // ---- JSON ------------------------------------------------------------------------------------------------------------

    private IEnumerable<DecodedItem> DecodeJson(ReadOnlyMemory<byte> message, FeedContext context)
    {
        foreach (var document in JsonMessage.Read(message))
        {
            using (document)
            {
                if (document.Problem is { } problem) { yield return document.Unreadable(problem.Code, problem.Detail); continue; }
                var any = false;
                var trail = new List<JsonPart> { document.Root };
                foreach (var (pointer, steps) in JsonItems(document.Root, 0, document.Pointer, trail))
                {
                    any = true;
                    var item = Item(new JsonItem(steps), pointer, context);
                    yield return item with { Original = Excerpt(steps, item.Scans.IsEmpty && item.Problem is null), RootInOriginal = "/" + string.Join('/', mapping.Items.Select(JsonPointer.Escape)) };
                }
                if (!any && !ReachesAList(document.Root)) yield return document.Unreadable("mapping.no-items", $"There is nothing at {string.Join('.', mapping.Items)}: this message does not match the mapping '{mapping.Format}'.");
            }
        }
    }

    // Depth-first along the way; the trail holds the element of every step, so that fields can go up. A list at the top counts for its elements.
    private IEnumerable<(string Pointer, List<JsonPart> Trail)> JsonItems(JsonPart part, int step, string pointer, List<JsonPart> trail)
    {
        if (part.IsArray)
        {
            var index = 0;
            foreach (var element in part.Items())
            {
                if (index >= MaxItems) yield break;
                trail[step] = element;
                foreach (var item in JsonItems(element, step, $"{pointer}/{index}", trail)) yield return item;
                index++;
            }
            yield break;
        }
        if (step == mapping.Items.Length)
        {
            if (part.IsObject) yield return (pointer, trail);
            yield break;
        }
        var next = part[mapping.Items[step]];
        if (!next.Exists) yield break;
        if (trail.Count == step + 1) trail.Add(next); else trail[step + 1] = next;
        foreach (var item in JsonItems(next, step + 1, $"{pointer}/{JsonPointer.Escape(mapping.Items[step])}", trail)) yield return item;
    }

    // A small document of one item: the objects around it with their short members, and of every list on the way this one element. So an event of a message of
    // thousands is kept, and read again, alone.
    private ReadOnlyMemory<byte> Excerpt(List<JsonPart> trail, bool saysNothing)
    {
        if (saysNothing) return default;
        var json = new ArrayBufferWriter<byte>(1024);
        var room = MaxBeside;
        for (var step = 0; step < trail.Count; step++)
        {
            var part = trail[step];
            if (step == trail.Count - 1 || !part.IsObject)
            {
                json.Write(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(part.Element));
                break;
            }
            json.Write("{"u8);
            foreach (var member in part.Element.EnumerateObject())
            {
                // The name is what stands between the object's quotes: as it was written, whatever letters are in it.
                var name = System.Runtime.InteropServices.JsonMarshal.GetRawUtf8PropertyName(member);
                var value = System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(member.Value);
                if (name.Length + value.Length > room || name.SequenceEqual(JsonEncodedText.Encode(mapping.Items[step]).EncodedUtf8Bytes)) continue;
                room -= name.Length + value.Length;
                json.Write("\""u8);
                json.Write(name);
                json.Write("\":"u8);
                json.Write(value);
                json.Write(","u8);
            }
            json.Write("\""u8);
            json.Write(JsonEncodedText.Encode(mapping.Items[step]).EncodedUtf8Bytes);
            json.Write("\":"u8);
        }
        for (var step = 0; step < trail.Count - 1; step++) json.Write("}"u8);
        return json.WrittenMemory;
    }

    private const int MaxBeside = 8 * 1024;

    // An empty list of events is a polite nothing; a document without the way is another format.
    private bool ReachesAList(JsonPart root)
    {
        var part = root;
        foreach (var step in mapping.Items)
        {
            if (part.IsArray) { if (part.Count == 0) return true; part = part[0]; }
            part = part[step];
            if (!part.Exists) return false;
        }
        return true;
    }

    private sealed class JsonItem(List<JsonPart> trail) : IMappedItem
    {
        public string? Value(string path)
        {
            var (up, fromRoot, rest) = Parse(path);
            var part = fromRoot ? trail[0] : trail[Math.Max(0, trail.Count - 1 - up)];
            if (rest is not ".")
            {
                foreach (var step in MappingReader.Steps(rest))
                {
                    if (part.IsArray) part = part[0];
                    part = int.TryParse(step, System.Globalization.NumberStyles.None, null, out var index) && part.IsArray ? part[index] : part[step];
                }
            }
            return part.IsArray ? part[0].Text() : part.Text();
        }
    }

    // ---- XML -------------------------------------------------------------------------------------------------------------

    private IEnumerable<DecodedItem> DecodeXml(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var xml = XmlMessage.Read(message);
        var any = false;
        if (xml.Root is { } root)
        {
            foreach (var element in XmlItems(root))
            {
                any = true;
                // Fields may lie above the item, so it is kept inside the tags around it.
                if (!element.IsComplete) continue;
                var item = Item(new XmlItem(element), element.Pointer, context);
                yield return item with { Original = item.Scans.IsEmpty && item.Problem is null ? default : xml.Excerpt(element) };
            }
        }
        if (xml.Problem is { } problem) yield return DecodedItem.Unreadable(message, xml.Root?.Pointer ?? "", problem.Code, problem.Detail);
        else if (!any && !ReachesTheList(xml.Root!)) yield return DecodedItem.Unreadable(message, xml.Root!.Pointer, "mapping.no-items", $"There is nothing at {string.Join('/', mapping.Items)}: this message does not match the mapping '{mapping.Format}'.");
    }

    private IEnumerable<XmlPart> XmlItems(XmlPart root)
    {
        IEnumerable<XmlPart> found = [root];
        var steps = Way(root);
        foreach (var step in steps) found = found.SelectMany(f => f.All(step));
        return found.Take(MaxItems);
    }

    // The way may begin with the document element or below it.
    private ReadOnlySpan<string> WaySpan(XmlPart root)
        => mapping.Items.Length > 0 && mapping.Items[0].Equals(root.Name, StringComparison.OrdinalIgnoreCase) ? mapping.Items.AsSpan()[1..] : mapping.Items.AsSpan();

    private string[] Way(XmlPart root) => WaySpan(root).ToArray();

    private bool ReachesTheList(XmlPart root)
    {
        var way = Way(root);
        if (way.Length == 0) return true;
        IEnumerable<XmlPart> found = [root];
        foreach (var step in way[..^1]) found = found.SelectMany(f => f.All(step));
        return (way.Length > 1 || mapping.Items.Length > way.Length) && found.Any();
    }

    private sealed class XmlItem(XmlPart element) : IMappedItem
    {
        public string? Value(string path)
        {
            var (up, fromRoot, rest) = Parse(path);
            var part = element;
            if (fromRoot) while (part.Parent is { } parent) part = parent;
            else for (; up > 0 && part.Parent is { } parent; up--) part = parent;
            if (rest is ".") return part.Text();
            var steps = MappingReader.Steps(rest).ToList();
            for (var i = 0; i < steps.Count; i++)
            {
                if (steps[i].StartsWith('@')) return part.Attribute(steps[i][1..]);
                if (fromRoot && i == 0 && steps[0].Equals(part.Name, StringComparison.OrdinalIgnoreCase)) continue;
                if (part[steps[i]] is not { } next) return null;
                part = next;
            }
            return part.Text();
        }
    }

    // ---- shared ----------------------------------------------------------------------------------------------------------

    private DecodedItem Item(IMappedItem item, string pointer, FeedContext context)
    {
        if (mapping.Only is { } only && !only.Values.Contains(MappedScan.Get(only.Field, item) ?? "")) return DecodedItem.Of([], default, pointer);
        foreach (var (field, values) in mapping.Ignore)
            if (values.Contains(MappedScan.Get(field, item) ?? ""))
                return DecodedItem.Of([], default, pointer);
        var scan = MappedScan.Read(mapping, item, pointer, context, out var problem, out var note);
        if (scan is null) return DecodedItem.Unreadable(default, pointer, problem!.Code, problem.Detail);
        return note is null ? DecodedItem.Of([scan], default, pointer) : DecodedItem.Of([scan], default, pointer, note);
    }

    private static (int Up, bool FromRoot, string Below) Parse(string path)
    {
        if (path.StartsWith('/')) return (0, true, path[1..]);
        var up = 0;
        while (path.StartsWith("../", StringComparison.Ordinal)) { up++; path = path[3..]; }
        if (path == "..") return (up + 1, false, ".");
        return (up, false, path);
    }
}
