using System.Diagnostics.Metrics;
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
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, (string Kind, string Help)> _known = new(StringComparer.Ordinal);
    private readonly MeterListener _instruments;

    /// <param name="isOurs">Whether instruments of a meter are exported.</param>
    public PrometheusText(Func<string, bool> isOurs)
    {
        // What has counted nothing yet is named as well: a dashboard or an alert can then be checked against a silo that has just started.
        _instruments = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (!isOurs(instrument.Meter.Name)) return;
                var (kind, isSum) = KindOf(instrument.GetType());
                _known.TryAdd(NameOf(instrument.Name, instrument.Unit, isSum), (kind, instrument.Description is { Length: > 0 } text ? text : instrument.Name));
            },
        };
        _instruments.Start();
    }

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
        foreach (var (name, (kind, help)) in _known)
            if (!families.ContainsKey(name))
                Head(name, kind, help);
        foreach (var (name, family) in families) Write(name, family);
        return ExportResult.Success;
    }

    private void Write(string name, List<Metric> family)
    {
        var type = family[0].MetricType;
        var kind = type.IsHistogram() ? "histogram" : type.IsSum() && !IsUpDown(type) ? "counter" : "gauge";
        var help = family[0].Description is { Length: > 0 } text ? text : family[0].Name;
        Head(name, kind, help);
        foreach (var metric in family)
        {
            if (metric.MetricType != type) continue;
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                var labels = Labels(point.Tags, metric.MeterTags);
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

    private void Head(string name, string kind, string help)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
    }

    private static (string Kind, bool IsSum) KindOf(Type instrument) => instrument.Name[..instrument.Name.IndexOf('`', StringComparison.Ordinal)] switch
    {
        "Counter" or "ObservableCounter" => ("counter", true),
        "Histogram" => ("histogram", false),
        _ => ("gauge", false),
    };

    protected override void Dispose(bool disposing)
    {
        if (disposing) _instruments.Dispose();
        base.Dispose(disposing);
    }

    private static bool IsUpDown(MetricType type) => type is MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic;

    private static string Number(double value) => double.IsNaN(value) ? "NaN" : double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Labels(ReadOnlyTagCollection tags, IEnumerable<KeyValuePair<string, object?>>? ofMeter)
    {
        var text = new StringBuilder();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tag in tags) Add(tag);
        foreach (var tag in ofMeter ?? []) Add(tag);   // which database a meter speaks of, where there are several
        return text.ToString();

        void Add(KeyValuePair<string, object?> tag)
        {
            var key = Legal(tag.Key);
            if (!seen.Add(key)) return;
            if (text.Length > 0) text.Append(',');
            var value = Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "";
            text.Append(key).Append("=\"").Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
        }
    }

    // tracking.scan_lateness_seconds -> tracking_scan_lateness_seconds; http.server.request.duration (s) -> http_server_request_duration_seconds
    internal static string NameOf(Metric metric) => NameOf(metric.Name, metric.Unit, metric.MetricType.IsSum() && !IsUpDown(metric.MetricType));

    internal static string NameOf(string instrument, string? unitOf, bool isSum)
    {
        var name = Legal(instrument);
        var unit = unitOf switch { "s" => "seconds", "ms" => "milliseconds", "By" => "bytes", _ => null };
        if (unit is not null && !name.EndsWith("_" + unit, StringComparison.Ordinal)) name += "_" + unit;
        if (isSum && !name.EndsWith("_total", StringComparison.Ordinal)) name += "_total";
        return name;
    }

    private static string Legal(string name)
    {
        Span<char> legal = stackalloc char[name.Length];
        for (var i = 0; i < name.Length; i++) legal[i] = char.IsAsciiLetterOrDigit(name[i]) ? name[i] : '_';
        return char.IsAsciiDigit(legal[0]) ? "_" + legal.ToString() : legal.ToString();
    }
}
