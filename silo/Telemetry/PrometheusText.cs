using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Tracking.Silo.Telemetry;

/// <summary>
/// A pull exporter for Prometheus on the OpenTelemetry SDK's own reader: every scrape collects once and writes the text format 0.0.4. The SDK's exporter
/// package for this is not served by every registry; `promtool check metrics` in the tests keeps us honest.
/// </summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusText : BaseExporter<Metric>, IPullMetricExporter
{
    private readonly Lock _scrape = new();
    private readonly StringBuilder _text = new(64 * 1024);

    public Func<int, bool>? Collect { get; set; }

    /// <summary>The text of one scrape. Scrapes wait for each other: collecting is one pass over all instruments.</summary>
    public string Scrape()
    {
        lock (_scrape)
        {
            _text.Clear();
            Collect?.Invoke(5_000);
            return _text.ToString();
        }
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        // One block per name: two meters may have an instrument of one name, and the format forbids a second HELP.
        var families = new SortedDictionary<string, List<Metric>>(StringComparer.Ordinal);
        foreach (var metric in batch)
        {
            var name = NameOf(metric);
            if (!families.TryGetValue(name, out var family)) families.Add(name, family = []);
            family.Add(metric);
        }
        foreach (var (name, family) in families) Write(name, family);
        return ExportResult.Success;
    }

    private void Write(string name, List<Metric> family)
    {
        var type = family[0].MetricType;
        var kind = type.IsHistogram() ? "histogram" : type.IsSum() && !IsUpDown(type) ? "counter" : "gauge";
        var help = family[0].Description is { Length: > 0 } text ? text : family[0].Name;
        _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
        foreach (var metric in family)
        {
            if (metric.MetricType != type) continue;
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                var labels = Labels(point.Tags);
                if (kind == "histogram") WriteHistogram(name, labels, point);
                else
                {
                    var value = type switch
                    {
                        MetricType.LongSum or MetricType.LongSumNonMonotonic => point.GetSumLong(),
                        MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => point.GetSumDouble(),
                        MetricType.LongGauge => point.GetGaugeLastValueLong(),
                        _ => point.GetGaugeLastValueDouble(),
                    };
                    Sample(name, labels, value);
                }
            }
        }
    }

    private void WriteHistogram(string name, string labels, in MetricPoint point)
    {
        long cumulative = 0;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            cumulative += bucket.BucketCount;
            var bound = double.IsPositiveInfinity(bucket.ExplicitBound) ? "+Inf" : Number(bucket.ExplicitBound);
            Sample(name + "_bucket", labels.Length == 0 ? $"le=\"{bound}\"" : $"{labels},le=\"{bound}\"", cumulative);
        }
        Sample(name + "_sum", labels, point.GetHistogramSum());
        Sample(name + "_count", labels, point.GetHistogramCount());
    }

    private void Sample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0) _text.Append('{').Append(labels).Append('}');
        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static bool IsUpDown(MetricType type) => type is MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic;

    private static string Number(double value) => double.IsNaN(value) ? "NaN" : double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Labels(ReadOnlyTagCollection tags)
    {
        var text = new StringBuilder();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tag in tags)
        {
            var key = Legal(tag.Key);
            if (!seen.Add(key)) continue;
            if (text.Length > 0) text.Append(',');
            var value = Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "";
            text.Append(key).Append("=\"").Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
        }
        return text.ToString();
    }

    // tracking.scan_lateness_seconds -> tracking_scan_lateness_seconds; http.server.request.duration (s) -> http_server_request_duration_seconds
    internal static string NameOf(Metric metric)
    {
        var name = Legal(metric.Name);
        var unit = metric.Unit switch { "s" => "seconds", "ms" => "milliseconds", "By" => "bytes", _ => null };
        if (unit is not null && !name.EndsWith("_" + unit, StringComparison.Ordinal)) name += "_" + unit;
        if (metric.MetricType.IsSum() && !IsUpDown(metric.MetricType) && !name.EndsWith("_total", StringComparison.Ordinal)) name += "_total";
        return name;
    }

    private static string Legal(string name)
    {
        Span<char> legal = stackalloc char[name.Length];
        for (var i = 0; i < name.Length; i++) legal[i] = char.IsAsciiLetterOrDigit(name[i]) ? name[i] : '_';
        return char.IsAsciiDigit(legal[0]) ? "_" + legal.ToString() : legal.ToString();
    }
}
