using Tracking.Carriers.Flat;

namespace Tracking.Carriers.Mapping;

/// <summary>A delimited or fixed-width format that a mapping describes.</summary>
internal sealed class MappedRows(FeedMapping mapping) : RowDecoder
{
    public override string Format => mapping.Format;
    public override string Description => mapping.Description;

    protected override RowSyntax SyntaxOf(ReadOnlySpan<byte> start) => mapping.Syntax;

    protected override RowSession Begin(RowSyntax syntax, FeedContext context) => new Session(mapping, context);

    private sealed class Session : RowSession
    {
        private readonly FeedMapping _mapping;
        private readonly FeedContext _context;
        private readonly Row _row = new();
        private Dictionary<string, int>? _columns;
        private ReadOnlyMemory<byte> _header;
        private string _headerText = "";
        private int _skip;

        public Session(FeedMapping mapping, FeedContext context)
        {
            _mapping = mapping;
            _context = context;
            _skip = mapping.SkipLines;
            if (mapping.Form == MappingForm.Fixed) Name(mapping.Positions.Select(p => p.Name));
            else if (!mapping.HasHeader) Name(mapping.Columns);
        }

        public override DecodedItem? Read(string row, ReadOnlyMemory<byte> original, string pointer)
        {
            if (_skip > 0) { _skip--; return null; }
            if (_columns is null) { Header(row, original); return null; }
            if (_mapping.HasHeader && (row == _headerText || _header.IsEmpty && IsHeader(row))) return null;

            _row.Fields = _mapping.Form == MappingForm.Fixed ? Cut(row) : _mapping.Syntax.Split(row);
            if (_mapping.Only is { } only && !only.Values.Contains(MappedScan.Get(only.Field, _row) ?? "")) return null;
            foreach (var (field, values) in _mapping.Ignore)
                if (values.Contains(MappedScan.Get(field, _row) ?? ""))
                    return null;

            if (_mapping.Form == MappingForm.Delimited && _row.Fields.Count > _columns.Count && _columns.Count > 0 && _row.Fields.Skip(_columns.Count).Any(f => !string.IsNullOrWhiteSpace(f)))
                return Unreadable(_header, original, pointer, new DecodeProblem("row.columns", $"{_row.Fields.Count} columns instead of {_columns.Count}: a separator inside a field, or another kind of row."));
            var scan = MappedScan.Read(_mapping, _row, pointer, _context, out var problem, out var note);
            if (scan is null) return Unreadable(_header, original, pointer, problem!);
            return Readable(_header, original, pointer, scan, note);
        }

        private void Header(string row, ReadOnlyMemory<byte> original)
        {
            Name(_mapping.Syntax.Split(row));
            _header = original;
            _headerText = row;
            var missing = Required().Where(f => f.Constant is null && !f.Paths.Any(Known)).Select(f => string.Join(" or ", f.Paths)).Distinct().ToList();
            if (missing.Count > 0) Refusal = new DecodeProblem("flat.header", $"The header has no column {string.Join(", ", missing.Take(5))}: this file does not match the mapping '{_mapping.Format}'.");
        }

        // What a row cannot do without: its number, its codes and its time. Anything else may be missing in a version of the file.
        private IEnumerable<MappedField> Required()
        {
            yield return _mapping.Number;
            if (!_mapping.Code.IsEmpty) yield return _mapping.Code[0];
            if (_mapping.Date is { } date) yield return date.Columns[0];
        }

        private bool Known(string path) => path.StartsWith('#') || _columns!.ContainsKey(path);

        private bool IsHeader(string row) => _mapping.Form == MappingForm.Delimited && _mapping.Syntax.Split(row) is var names && names.Count > 1 && names.All(n => n.Length == 0 || _columns!.ContainsKey(n.Trim()));

        private void Name(IEnumerable<string> names)
        {
            _columns = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
            var index = 0;
            foreach (var name in names)
            {
                // An unnamed column (a separator at the end) still counts; of two with one name the first is meant.
                var key = name.Trim();
                if (key.Length == 0) key = $"\0{index}";
                if (!_columns.TryAdd(key, index)) _columns[$"\0{index}"] = index;
                index++;
            }
            _row.Columns = _columns;
        }

        private List<string> Cut(string row)
        {
            var fields = new List<string>(_mapping.Positions.Length);
            foreach (var (_, start, length) in _mapping.Positions)
                fields.Add(start >= row.Length ? "" : row.Substring(start, Math.Min(length, row.Length - start)));
            return fields;
        }
    }

    private sealed class Row : IMappedItem
    {
        public Dictionary<string, int> Columns { get; set; } = [];
        public List<string> Fields { get; set; } = [];

        public string? Value(string path)
        {
            int index;
            if (path.Length > 1 && path[0] == '#' && int.TryParse(path.AsSpan(1), System.Globalization.NumberStyles.None, null, out var number)) index = number - 1;
            else if (!Columns.TryGetValue(path, out index)) return null;
            return index >= 0 && index < Fields.Count ? CarrierText.Value(Fields[index]) : null;
        }
    }
}
