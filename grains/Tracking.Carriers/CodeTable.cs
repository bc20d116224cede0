using System.Collections.Frozen;
using System.Collections.Immutable;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers;

/// <summary>What a carrier's code says in our words. <see cref="Status"/> is empty where the code moves nothing.</summary>
public sealed record CodeMeaning(
    Milestone? Status,
    string? SubStatus = null,
    Modifiers Modifiers = Modifiers.None,
    Reason Reason = Reason.None,
    ScanKind Kind = ScanKind.Scan,
    string? Meaning = null)
{
    /// <summary>What a code means that nobody mapped: nothing, and that is counted. Its raw code stays in the scan.</summary>
    public static readonly CodeMeaning Unmapped = new(null, Modifiers: Modifiers.Unmapped);

    public bool IsMapped => (Modifiers & Modifiers.Unmapped) == 0;
}

/// <summary>One row of a code table: its key columns, what they mean, and the document that says so.</summary>
public sealed record CodeRow(ImmutableArray<string> Key, CodeMeaning Meaning, string Source, int Line);

/// <summary>
/// The codes of one format, from an embedded CSV: the columns before <c>status</c> are the key, because a code is unique only inside its own
/// column set; then <c>status,subStatus,modifiers,reason,kind,meaning,source</c>. Modifiers are separated by <c>|</c>; <c>*</c> in a key column stands for every
/// value and yields to an exact row; an empty key cell means the column was absent. Codes compare without case. Loading throws
/// <see cref="FormatException"/>, naming file and line, for a key mapped twice, an unknown word or a row without its source document.
/// </summary>
public sealed class CodeTable
{
    private const int MaxKeys = 3;
    private readonly FrozenDictionary<Key, CodeMeaning> _rows;
    private readonly bool _hasWildcards;

    private CodeTable(string name, ImmutableArray<string> keyColumns, ImmutableArray<CodeRow> rows)
    {
        Name = name;
        KeyColumns = keyColumns;
        Rows = rows;
        var map = new Dictionary<Key, CodeMeaning>(KeyComparer.Instance);
        foreach (var row in rows)
        {
            var key = new Key(row.Key[0], row.Key.Length > 1 ? row.Key[1] : "", row.Key.Length > 2 ? row.Key[2] : "");
            if (!map.TryAdd(key, row.Meaning)) throw new FormatException($"{name}, line {row.Line}: {string.Join('/', row.Key)} is mapped twice.");
            _hasWildcards |= row.Key.Contains("*");
        }
        _rows = map.ToFrozenDictionary(KeyComparer.Instance);
    }

    /// <summary>The resource's name: <c>Ups/ups-codes.csv</c>.</summary>
    public string Name { get; }
    public ImmutableArray<string> KeyColumns { get; }
    public ImmutableArray<CodeRow> Rows { get; }

    /// <summary>Every embedded table (a resource whose name ends in <c>-codes.csv</c>), for the tests that check them all.</summary>
    public static IEnumerable<string> Resources
        => typeof(CodeTable).Assembly.GetManifestResourceNames().Where(n => n.EndsWith("-codes.csv", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>Loads an embedded table by its path below this project: <c>Ups/ups-codes.csv</c>.</summary>
    public static CodeTable Load(string resource)
    {
        using var stream = typeof(CodeTable).Assembly.GetManifestResourceStream(resource)
            ?? throw new FormatException($"There is no embedded code table {resource}.");
        using var reader = new StreamReader(stream);
        return Parse(resource, reader.ReadToEnd());
    }

    /// <summary>Reads a table from text; <paramref name="name"/> is for messages.</summary>
    public static CodeTable Parse(string name, string csv)
    {
        ImmutableArray<string> header = [];
        var keys = 0;
        var rows = ImmutableArray.CreateBuilder<CodeRow>();
        var number = 0;
        foreach (var line in csv.Split('\n'))
        {
            number++;
            var text = line.TrimEnd('\r').TrimStart('\ufeff');
            if (text.Length == 0 || text[0] == '#') continue;
            var cells = SplitCsv(text);
            if (header.IsEmpty)
            {
                header = [.. cells.Select(c => c.Trim())];
                keys = header.IndexOf("status");
                if (keys is < 1 or > MaxKeys || !header[keys..].SequenceEqual(["status", "subStatus", "modifiers", "reason", "kind", "meaning", "source"]))
                    throw new FormatException($"{name}, line {number}: the header must be one to {MaxKeys} key columns, then status,subStatus,modifiers,reason,kind,meaning,source.");
                continue;
            }
            if (cells.Count != header.Length) throw new FormatException($"{name}, line {number}: {cells.Count} columns instead of {header.Length}.");
            rows.Add(Row(name, number, keys, cells));
        }
        if (header.IsEmpty) throw new FormatException($"{name} is empty.");
        return new CodeTable(name, header[..keys], rows.ToImmutable());
    }

    /// <summary>What these codes mean, or null where nobody mapped them. Exact rows first, then rows with <c>*</c> from the last key column to the first.</summary>
    public CodeMeaning? Find(string? first, string? second = null, string? third = null)
    {
        first ??= ""; second ??= ""; third ??= "";
        if (_rows.TryGetValue(new Key(first, second, third), out var exact)) return exact;
        if (!_hasWildcards) return null;
        return KeyColumns.Length switch
        {
            1 => Get("*", "", ""),
            2 => Get(first, "*", "") ?? Get("*", second, "") ?? Get("*", "*", ""),
            _ => Get(first, second, "*") ?? Get(first, "*", third) ?? Get("*", second, third)
                ?? Get(first, "*", "*") ?? Get("*", second, "*") ?? Get("*", "*", third) ?? Get("*", "*", "*"),
        };
    }

    /// <summary>What these codes mean; <see cref="CodeMeaning.Unmapped"/> where nobody mapped them.</summary>
    public CodeMeaning Of(string? first, string? second = null, string? third = null) => Find(first, second, third) ?? CodeMeaning.Unmapped;

    private CodeMeaning? Get(string first, string second, string third) => _rows.GetValueOrDefault(new Key(first, second, third));

    private static CodeRow Row(string name, int line, int keys, List<string> cells)
    {
        FormatException Bad(string what) => new($"{name}, line {line}: {what}");

        var meaning = ReadMeaning(cells[keys], cells[keys + 1], cells[keys + 2], cells[keys + 3], cells[keys + 4], cells[keys + 5], out var problem);
        if (problem is not null) throw Bad(problem);
        if (string.IsNullOrWhiteSpace(cells[keys + 6])) throw Bad("the source document is missing.");
        return new CodeRow([.. cells.Take(keys).Select(c => c.Trim())], meaning!, cells[keys + 6].Trim(), line);
    }

    /// <summary>Reads the words of one row; also used for code maps in mapping files. Null and a problem when a word is unknown.</summary>
    internal static CodeMeaning? ReadMeaning(
        string? status, string? subStatus, string? modifiers, string? reason, string? kind, string? meaning, out string? problem)
    {
        problem = null;
        Milestone? milestone = null;
        if (!string.IsNullOrWhiteSpace(status))
        {
            if (!Milestones.TryParse(status.Trim(), out var found)) { problem = $"the status '{status}' is none of the thirteen."; return null; }
            if (found == Milestone.Unknown) { problem = "no code sets UNKNOWN; leave the status empty where a code says nothing."; return null; }
            milestone = found;
        }
        var flags = Modifiers.None;
        foreach (var word in (modifiers ?? "").Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!ModifierNames.TryParse(word, out var flag)) { problem = $"the modifier '{word}' is unknown."; return null; }
            flags |= flag;
        }
        var why = Reason.None;
        if (!string.IsNullOrWhiteSpace(reason) && !Reasons.TryParse(reason.Trim(), out why)) { problem = $"the reason '{reason}' is unknown."; return null; }
        var what = ScanKind.Scan;
        if (!string.IsNullOrWhiteSpace(kind) && !(Enum.TryParse(kind.Trim(), ignoreCase: true, out what) && Enum.IsDefined(what)))
        {
            problem = $"the kind '{kind}' is unknown.";
            return null;
        }
        return new CodeMeaning(milestone, Empty(subStatus), flags, why, what, Empty(meaning));
    }

    private static string? Empty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static List<string> SplitCsv(string line)
    {
        var cells = new List<string>();
        var cell = new System.Text.StringBuilder();
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (quoted)
            {
                if (c != '"') cell.Append(c);
                else if (i + 1 < line.Length && line[i + 1] == '"') { cell.Append('"'); i++; }
                else quoted = false;
            }
            else if (c == '"') quoted = true;
            else if (c == ',') { cells.Add(cell.ToString()); cell.Clear(); }
            else cell.Append(c);
        }
        cells.Add(cell.ToString());
        return cells;
    }

    private readonly record struct Key(string First, string Second, string Third);

    private sealed class KeyComparer : IEqualityComparer<Key>
    {
        public static readonly KeyComparer Instance = new();

        public bool Equals(Key x, Key y)
            => x.First.Equals(y.First, StringComparison.OrdinalIgnoreCase)
            && x.Second.Equals(y.Second, StringComparison.OrdinalIgnoreCase)
            && x.Third.Equals(y.Third, StringComparison.OrdinalIgnoreCase);

        public int GetHashCode(Key key) => HashCode.Combine(Fold(key.First), Fold(key.Second), Fold(key.Third));

        // Codes are a few ASCII letters; a cheap hash without case is enough, and allocates nothing.
        private static int Fold(string text)
        {
            var hash = 17;
            foreach (var c in text) hash = hash * 31 + (char.IsAscii(c) ? c | 0x20 : 0);
            return hash;
        }
    }
}
