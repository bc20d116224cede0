using System.Collections.Frozen;

namespace Tracking.Web.Language;

/// <summary>The languages the pages speak, and how a reader's is found.</summary>
public static class Languages
{
    public static readonly Texts English = Texts.Load("en", rightToLeft: false);

    /// <summary>In the order the page offers them.</summary>
    public static IReadOnlyList<Texts> All { get; } =
    [
        English,
        Texts.Load("de", rightToLeft: false),
        Texts.Load("fr", rightToLeft: false),
        Texts.Load("es", rightToLeft: false),
        Texts.Load("it", rightToLeft: false),
        Texts.Load("ar", rightToLeft: true),
    ];

    /// <summary>For tests and designers: not offered to readers.</summary>
    public static readonly Texts Pseudo = Texts.Pseudo(English);

    private static readonly FrozenDictionary<string, Texts> ByTag =
        All.Append(Pseudo).ToFrozenDictionary(t => t.Tag, StringComparer.OrdinalIgnoreCase);

    /// <summary>The texts of a tag or of its primary subtag (<c>de-AT</c>: German); null when we do not speak it.</summary>
    public static Texts? Find(ReadOnlySpan<char> tag)
    {
        tag = tag.Trim();
        if (tag.Length is 0 or > 35) return null;
        var byTag = ByTag.GetAlternateLookup<ReadOnlySpan<char>>();
        if (byTag.TryGetValue(tag, out var texts)) return texts;
        var dash = tag.IndexOf('-');
        return dash > 0 && byTag.TryGetValue(tag[..dash], out texts) ? texts : null;
    }

    /// <summary>What was asked for by name, else the best of <c>Accept-Language</c>, else the shop's own language, else English.</summary>
    public static Texts Choose(string? asked, string? acceptLanguage, string? shops)
        => Find(asked) ?? Accepted(acceptLanguage) ?? Find(shops) ?? English;

    private static Texts? Accepted(string? header)
    {
        if (string.IsNullOrEmpty(header) || header.Length > 500) return null;
        Texts? best = null;
        var bestWeight = 0.0;
        foreach (var range in header.AsSpan().Split(','))
        {
            var item = header.AsSpan(range).Trim();
            var semicolon = item.IndexOf(';');
            var weight = 1.0;
            if (semicolon >= 0)
            {
                var q = item[(semicolon + 1)..].Trim();
                if (!q.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
                    || !double.TryParse(q[2..], System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out weight)) continue;
                item = item[..semicolon];
            }
            if (weight <= bestWeight || Find(item) is not { } texts) continue;   // the first of equals: browsers list by preference
            (best, bestWeight) = (texts, weight);
        }
        return best;
    }
}
