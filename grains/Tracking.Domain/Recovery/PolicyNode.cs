using System.Text.Json;

namespace Tracking.Domain.Recovery;

/// <summary>A JSON value that knows its line, so that whoever wrote the file is told where to look.</summary>
internal sealed class PolicyNode
{
    private const int MaxDepth = 16;

    private readonly List<(string Name, PolicyNode Value)> _members = [];
    private readonly List<PolicyNode> _items = [];

    private PolicyNode(int line) => Line = line;

    public int Line { get; }
    public bool IsObject { get; private set; }
    public bool IsArray { get; private set; }
    public string? Text { get; private set; }
    public double? Number { get; private set; }
    public bool? Flag { get; private set; }
    public IReadOnlyList<(string Name, PolicyNode Value)> Members => _members;
    public IReadOnlyList<PolicyNode> Items => _items;

    public PolicyNode? this[string name]
    {
        get
        {
            foreach (var (known, value) in _members)
                if (known == name)
                    return value;
            return null;
        }
    }

    public static bool TryParse(ReadOnlySpan<byte> json, out PolicyNode root, out PolicyProblem? problem)
    {
        root = new PolicyNode(1);
        problem = null;
        if (json.StartsWith("\uFEFF"u8)) json = json[3..];
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = MaxDepth });
        try
        {
            reader.Read();
            root = Value(ref reader, json, 1, 0, out problem);
            if (problem is not null) return false;
            while (reader.Read()) { }
            return true;
        }
        catch (JsonException unreadable)
        {
            problem = new PolicyProblem((int)(unreadable.LineNumber ?? 0) + 1, "This is no JSON.", "Look for a missing comma, quotation mark or brace here or just before.");
            return false;
        }
    }

    private static PolicyNode Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, int line, long at, out PolicyProblem? problem)
    {
        problem = null;
        line += json[(int)at..(int)reader.TokenStartIndex].Count((byte)'\n');
        at = reader.TokenStartIndex;
        var node = new PolicyNode(line);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                node.IsObject = true;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    var nameLine = line + json[(int)at..(int)reader.TokenStartIndex].Count((byte)'\n');
                    if (node[name] is not null) { problem = new PolicyProblem(nameLine, $"'{name}' stands twice.", "Remove one of them."); return node; }
                    reader.Read();
                    node._members.Add((name, Value(ref reader, json, line, at, out problem)));
                    if (problem is not null) return node;
                }
                break;
            case JsonTokenType.StartArray:
                node.IsArray = true;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    node._items.Add(Value(ref reader, json, line, at, out problem));
                    if (problem is not null) return node;
                }
                break;
            case JsonTokenType.String: node.Text = reader.GetString(); break;
            case JsonTokenType.Number: node.Number = reader.GetDouble(); break;
            case JsonTokenType.True or JsonTokenType.False: node.Flag = reader.GetBoolean(); break;
        }
        return node;
    }
}
