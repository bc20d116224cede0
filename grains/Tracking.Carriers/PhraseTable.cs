using System.Buffers;
using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Tracking.Carriers;

/// <summary>
/// What a carrier's sentences say, for messages whose code is missing or too coarse. Rows of a <see cref="CodeTable"/> are tried in their order; the last key
/// column is a phrase the text must contain, without regard to case, and a column before it the code the phrase may refine (<c>*</c>: any).
/// Text is never identity, and never speaks against a code.
/// </summary>
public sealed class PhraseTable
{
    private readonly Rows _all;
    private readonly FrozenDictionary<string, Rows> _byCode;

    private PhraseTable(ImmutableArray<CodeRow> rows)
    {
        _all = new Rows(rows);
        _byCode = rows.GroupBy(r => r.Key[0], StringComparer.OrdinalIgnoreCase).ToFrozenDictionary(g => g.Key, g => new Rows(g), StringComparer.OrdinalIgnoreCase);
    }

    public static PhraseTable Load(string resource) => new(CodeTable.Load(resource).Rows);

    /// <summary>The first row whose phrase the text contains, or null.</summary>
    public CodeMeaning? Find(string? text) => _all.Find(text);

    /// <summary>The first row of exactly this code (or of <c>*</c>, if that is asked for) whose phrase the text contains, or null.</summary>
    public CodeMeaning? FindOf(string? text, string? code) => text is not null && code is not null && _byCode.TryGetValue(code, out var rows) ? rows.Find(text) : null;

    // Most sentences hold no phrase at all: one pass over the text says so for all of them.
    private sealed class Rows(IEnumerable<CodeRow> rows)
    {
        private readonly (string Phrase, CodeMeaning Meaning)[] _rows = [.. rows.Select(r => (r.Key[^1], r.Meaning))];
        private readonly SearchValues<string> _any = SearchValues.Create([.. rows.Select(r => r.Key[^1])], StringComparison.OrdinalIgnoreCase);

        public CodeMeaning? Find(string? text)
        {
            if (string.IsNullOrEmpty(text) || !text.AsSpan().ContainsAny(_any)) return null;
            foreach (var (phrase, meaning) in _rows)
                if (text.Contains(phrase, StringComparison.OrdinalIgnoreCase))
                    return meaning;
            return null;
        }
    }
}
