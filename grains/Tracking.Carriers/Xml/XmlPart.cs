namespace Tracking.Carriers.Xml;

/// <summary>
/// One XML element: local name (namespaces differ between versions of a carrier's schema and say nothing here), attributes, children, text. Missing
/// children read as absent, so that a decoder reads a path without asking at each step. Names match without case.
/// </summary>
public sealed class XmlPart
{
    private static readonly IReadOnlyList<XmlPart> None = [];
    private List<XmlPart>? _children;
    private List<(string Name, string Value)>? _attributes;
    private string? _text;
    private int _index;   // among siblings of the same name, from 1; 0 until somebody asks

    internal XmlPart(string name, XmlPart? parent, int start)
    {
        Name = name;
        Parent = parent;
        Start = start;
    }

    public string Name { get; }
    public XmlPart? Parent { get; }
    public IReadOnlyList<XmlPart> Children => _children ?? None;
    /// <summary>False for an element whose end tag the document does not reach.</summary>
    public bool IsComplete { get; private set; }

    internal int Start { get; }
    internal int End { get; private set; }

    /// <summary>The first child of that name, or null.</summary>
    public XmlPart? this[string name]
    {
        get
        {
            if (_children is null) return null;
            foreach (var child in _children)
                if (child.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                    return child;
            return null;
        }
    }

    /// <summary>The first element along <c>A/B/C</c>, taking the first child of each name; null when a step is missing.</summary>
    public XmlPart? At(string path)
    {
        XmlPart? part = this;
        foreach (var step in path.Split('/'))
            if ((part = part![step]) is null)
                return null;
        return part;
    }

    /// <summary>All children of that name.</summary>
    public IEnumerable<XmlPart> All(string name) => Children.Where(c => c.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>This element and everything below it, in document order, that has the name.</summary>
    public IEnumerable<XmlPart> Find(string name)
    {
        var open = new Stack<XmlPart>();
        open.Push(this);
        while (open.TryPop(out var part))
        {
            if (part.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) yield return part;
            for (var i = part.Children.Count - 1; i >= 0; i--) open.Push(part.Children[i]);
        }
    }

    /// <summary>The element's own text without the blanks around it; null when there is none.</summary>
    public string? Text() => CarrierText.Value(_text);
    /// <summary>The text of the first element along a path (<c>A/B</c>).</summary>
    public string? Text(string path) => path.Contains('/', StringComparison.Ordinal) ? At(path)?.Text() : this[path]?.Text();

    /// <summary>The element's own text exactly as received (see <see cref="CarrierText.AsReceived"/>).</summary>
    public string? AsReceived() => CarrierText.AsReceived(_text);
    public string? AsReceived(string path) => At(path)?.AsReceived();

    /// <summary>An attribute's value by local name; null when absent or blank.</summary>
    public string? Attribute(string name)
    {
        if (_attributes is null) return null;
        foreach (var (key, value) in _attributes)
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                return CarrierText.Value(value);
        return null;
    }

    /// <summary>Where the element lies, as an XPath of local names: <c>/TrackResponse/Shipment[1]/Package[2]</c>. The document element has no index.</summary>
    public string Pointer
    {
        get
        {
            if (Parent is null) return $"/{Name}";
            if (_index == 0) Parent.NumberChildren();
            return $"{Parent.Pointer}/{Name}[{_index}]";
        }
    }

    private void NumberChildren()
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var child in Children) child._index = seen[child.Name] = seen.GetValueOrDefault(child.Name) + 1;
    }

    internal void Add(XmlPart child) => (_children ??= []).Add(child);
    internal void AddAttribute(string name, string value) => (_attributes ??= []).Add((name, value));

    // One run of text is the rule. Runs around children or CDATA are joined up to what any field here holds, so that thousands of them cost nothing.
    internal void Append(string text)
        => _text = _text is null ? text : _text.Length < CarrierText.MaxText ? _text + text : _text;

    internal void Close(int end)
    {
        End = end;
        IsComplete = true;
    }

    internal void LeaveOpen(int end) => End = end;
}
