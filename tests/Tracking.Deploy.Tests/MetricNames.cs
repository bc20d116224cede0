using System.Text.RegularExpressions;

namespace Tracking.Deploy.Tests;

/// <summary>Finds the metrics a PromQL expression names. Not a parser: whatever is no function, keyword, label or number is a metric.</summary>
internal static partial class MetricNames
{
    private static readonly HashSet<string> Words = new(StringComparer.OrdinalIgnoreCase) { "and", "or", "unless", "bool", "offset", "inf", "nan", "sum", "max", "min", "avg", "count", "topk", "bottomk", "quantile" };

    public static IReadOnlySet<string> In(string expression)
    {
        var text = Strings().Replace(expression, "\"\"");
        text = Selectors().Replace(text, " ");          // {label="value"}
        text = Ranges().Replace(text, " ");             // [5m], [$__rate_interval]
        text = Grouping().Replace(text, " ");           // by (carrier), on (instance)
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (Match word in Identifiers().Matches(text))
        {
            var rest = text.AsSpan(word.Index + word.Length).TrimStart();
            if (rest.Length > 0 && rest[0] == '(' || Words.Contains(word.Value)) continue;
            found.Add(word.Value);
        }
        return found;
    }

    /// <summary>The metric families of a scrape, by name, with their types.</summary>
    public static IReadOnlyDictionary<string, string> Families(string scrape)
        => scrape.Split('\n').Where(static line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(static line => line.Split(' ')).ToDictionary(static parts => parts[2], static parts => parts[3], StringComparer.Ordinal);

    /// <summary>Whether one of the families makes series of that name.</summary>
    public static bool IsMadeBy(string name, IReadOnlyDictionary<string, string> families)
        => families.TryGetValue(name, out var kind) && kind != "histogram"
            || HistogramParts.Any(part => name.EndsWith(part, StringComparison.Ordinal) && families.GetValueOrDefault(name[..^part.Length]) == "histogram");

    private static readonly string[] HistogramParts = ["_bucket", "_sum", "_count"];

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'")] private static partial Regex Strings();
    [GeneratedRegex(@"\{[^}]*\}")] private static partial Regex Selectors();
    [GeneratedRegex(@"\[[^\]]*\]")] private static partial Regex Ranges();
    [GeneratedRegex(@"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")] private static partial Regex Grouping();
    [GeneratedRegex(@"(?<![\w.])[A-Za-z_:][\w:]*")] private static partial Regex Identifiers();
}
