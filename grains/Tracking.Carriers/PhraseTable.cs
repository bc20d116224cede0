using System.Collections.Immutable;

namespace Tracking.Carriers;

/// <summary>
/// What a carrier's sentences say, for messages whose code is missing or too coarse. Rows of a <see cref="CodeTable"/> are tried in their order; the last key
/// column is a phrase the text must contain, without regard to case, and a column before it the code the phrase may refine (<c>*</c>: any).
/// Text is never identity, and never speaks against a code.
/// </summary>
public sealed class PhraseTable
{
    private readonly ImmutableArray<CodeRow> _rows;

    private PhraseTable(ImmutableArray<CodeRow> rows) => _rows = rows;

    public static PhraseTable Load(string resource) => new(CodeTable.Load(resource).Rows);

    /// <summary>The first row whose phrase the text contains, or null.</summary>
    public CodeMeaning? Find(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        foreach (var row in _rows)
            if (text.Contains(row.Key[^1], StringComparison.OrdinalIgnoreCase))
                return row.Meaning;
        return null;
    }

    /// <summary>The first row of exactly this code (or of <c>*</c>, if that is asked for) whose phrase the text contains, or null.</summary>
    public CodeMeaning? FindOf(string? text, string? code)
    {
        if (string.IsNullOrEmpty(text)) return null;
        foreach (var row in _rows)
            if (row.Key[0].Equals(code, StringComparison.OrdinalIgnoreCase) && text.Contains(row.Key[^1], StringComparison.OrdinalIgnoreCase))
                return row.Meaning;
        return null;
    }
}
