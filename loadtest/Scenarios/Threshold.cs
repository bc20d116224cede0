using System.Globalization;
using System.Text.RegularExpressions;

namespace Tracking.LoadTest.Scenarios;

/// <summary>
/// One line of a scenario that a run must meet: <c>ack.p99 &lt; 250ms</c>, <c>errors &lt; 0.1%</c>, <c>lost == 0</c>. Durations are kept in milliseconds,
/// shares from 0 to 1. A figure that was not measured meets nothing.
/// </summary>
public sealed partial record Threshold(string Text, string Metric, string Operator, double Value)
{
    /// <summary>Figures a threshold may name, with their unit.</summary>
    public static readonly IReadOnlyDictionary<string, string> Metrics = new Dictionary<string, string>
    {
        ["ack.p50"] = "ms", ["ack.p90"] = "ms", ["ack.p99"] = "ms", ["ack.p999"] = "ms", ["ack.max"] = "ms",
        ["page_update.p50"] = "ms", ["page_update.p90"] = "ms", ["page_update.p99"] = "ms", ["page_update.p999"] = "ms", ["page_update.max"] = "ms",
        ["errors"] = "%", ["goodput"] = "%", ["dropped"] = "%", ["served"] = "", ["lost"] = "", ["duplicates"] = "", ["backwards"] = "", ["stale"] = "",
        ["quarantined"] = "", ["rejected"] = "", ["memory_growth"] = "MB", ["recovery"] = "ms",
        ["first_ack"] = "ms", ["eligible"] = "", ["offers_twice"] = "", ["offers_missing"] = "",
    };

    /// <summary>Whether the figure is a time or a rate that a late generator would have spoilt; what is counted afterwards is true whoever was late.</summary>
    public bool IsTimed => Metric.StartsWith("ack.", StringComparison.Ordinal) || Metric.StartsWith("page_update.", StringComparison.Ordinal) || Metric is "errors" or "goodput" or "dropped" or "served";

    /// <summary>Throws <see cref="FormatException"/> with the reason for what is no threshold.</summary>
    public static Threshold Parse(string text)
    {
        var match = Shape().Match(text);
        if (!match.Success) throw new FormatException($"\"{text}\" is no threshold; write it like \"ack.p99 < 250ms\".");
        var metric = match.Groups["metric"].Value;
        if (!Metrics.TryGetValue(metric, out var unit)) throw new FormatException($"\"{text}\": there is no figure {metric}; there are {string.Join(", ", Metrics.Keys)}.");
        var value = double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture);
        var given = match.Groups["unit"].Value;
        value = (unit, given) switch
        {
            ("ms", "ms") => value,
            ("ms", "s") => value * 1000,
            ("ms", "us") => value / 1000,
            ("%", "%") => value / 100,
            ("MB", "MB") => value,
            (_, "") when unit != "ms" || value == 0 => value,
            _ => throw new FormatException($"\"{text}\": {metric} is measured in {(unit.Length == 0 ? "plain numbers" : unit)}."),
        };
        return new Threshold(text.Trim(), metric, match.Groups["operator"].Value, value);
    }

    public bool Holds(double? measured) => measured is { } m && Operator switch
    {
        "<" => m < Value,
        "<=" => m <= Value,
        ">" => m > Value,
        ">=" => m >= Value,
        _ => m == Value,
    };

    [GeneratedRegex(@"^\s*(?<metric>[a-z_.0-9]+?)\s*(?<operator><=|>=|==|<|>)\s*(?<value>\d+(\.\d+)?)\s*(?<unit>ms|us|s|%|MB)?\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Shape();
}
