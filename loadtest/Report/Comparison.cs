using System.Globalization;
using System.Text.Json;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Report;

/// <summary>One figure in two results. <see cref="Worse"/>: moved the wrong way by more than noise explains.</summary>
public sealed record ComparedFigure(string Name, double? Before, double? After, bool Worse)
{
    public double? Change => Before is { } b && After is { } a && b != 0 ? (a - b) / b : null;
}

/// <summary>
/// Two result files side by side. A rate is worse when it fell by more than 5 %, a time when it grew by more than 10 % and 1 ms, memory when it grew by
/// more than 10 %; losses, duplicates and pages that went backwards are worse when there are more, and errors when they grew by a thousandth.
/// </summary>
public static class Comparison
{
    private enum Kind { Rate, Time, Memory, Count, Share }

    private static readonly (string Name, string Path, Kind Kind)[] Figures =
    [
        ("served", "metrics/served", Kind.Rate), ("ack.p50", "metrics/ack.p50", Kind.Time), ("ack.p99", "metrics/ack.p99", Kind.Time),
        ("ack.p999", "metrics/ack.p999", Kind.Time), ("page_update.p50", "metrics/page_update.p50", Kind.Time), ("page_update.p99", "metrics/page_update.p99", Kind.Time),
        ("errors", "metrics/errors", Kind.Share), ("lost", "metrics/lost", Kind.Count), ("duplicates", "metrics/duplicates", Kind.Count),
        ("backwards", "metrics/backwards", Kind.Count), ("stale", "metrics/stale", Kind.Count), ("recovery", "metrics/recovery", Kind.Time),
        ("memory_growth", "metrics/memory_growth", Kind.Memory),
        ("knee", "knee", Kind.Rate),
        ("warm scans/s", "warm/scansPerSecond", Kind.Rate), ("warm ack p99", "warm/ackP99Ms", Kind.Time), ("cold scans/s", "cold/scansPerSecond", Kind.Rate),
        ("cold ack p99", "cold/ackP99Ms", Kind.Time), ("warm / per-scan writes", "ratios/warmToPerScanWrites", Kind.Rate),
        ("warm / raw inserts", "ratios/warmToRawInserts", Kind.Rate), ("bytes per shipment", "bytesPerShipment", Kind.Memory),
        ("lost (throughput)", "lost", Kind.Count), ("duplicates (throughput)", "duplicates", Kind.Count),
    ];

    /// <summary>Figures that at least one of the two has. Throws <see cref="SetUpException"/> for what is no result file.</summary>
    public static (IReadOnlyList<ComparedFigure> Figures, IReadOnlyList<string> Notes) Of(string before, string after)
    {
        using var a = Parse(before);
        using var b = Parse(after);
        var figures = new List<ComparedFigure>();
        foreach (var (name, path, kind) in Figures)
        {
            var (was, now) = (Number(a.RootElement, path), Number(b.RootElement, path));
            if (was is null && now is null) continue;
            figures.Add(new ComparedFigure(name, was, now, was is { } w && now is { } n && kind switch
            {
                Kind.Rate => n < w * 0.95,
                Kind.Time => n > w * 1.10 && n > w + 1,
                Kind.Memory => n > w * 1.10,
                Kind.Count => n > w,
                _ => n > w + 0.001,
            }));
        }
        if (figures.Count == 0) throw new SetUpException("Neither file holds a figure that can be compared.");
        var notes = new List<string>();
        foreach (var (path, what) in new[] { ("scenario", "scenarios"), ("seed", "seeds"), ("machine/cpuModel", "processors"), ("machine/cores", "numbers of cores"), ("verdict", "verdicts") })
        {
            var (was, now) = (Word(a.RootElement, path), Word(b.RootElement, path));
            if (was != now) notes.Add($"The {what} differ: {was ?? "none"} and {now ?? "none"}.");
        }
        return (figures, notes);
    }

    private static JsonDocument Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw new SetUpException($"Not a result file: {e.Message}");
        }
    }

    private static JsonElement? Find(JsonElement element, string path)
    {
        foreach (var part in path.Split('/'))
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(part, out element))
                return null;
        return element;
    }

    private static double? Number(JsonElement root, string path) => Find(root, path) is { ValueKind: JsonValueKind.Number } e ? e.GetDouble() : null;
    private static string? Word(JsonElement root, string path) => Find(root, path) is { ValueKind: not (JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null) } e
        ? Convert.ToString(e.ToString(), CultureInfo.InvariantCulture) : null;
}
