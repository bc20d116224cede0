using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tracking.Backtest;

/// <summary>The figures of one stage. Errors and widths in days, shares and coverages from 0 to 1.</summary>
public sealed record StageFigures(
    string Stage, int Count, double Mae, double P50, double P90, double Bias, double Cover80, double Width80, double Cover90, double Width90, double LaterThanP90,
    double Pinball, double RevisionsPerParcel, double FlipShare)
{
    public static StageFigures Of(string stage, IReadOnlyList<Issued> issued, IReadOnlyList<Shown> shown)
    {
        if (issued.Count == 0) return new StageFigures(stage, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        var errors = issued.Select(i => Math.Abs(i.Error)).Order().ToArray();
        return new StageFigures(stage, issued.Count, errors.Average(), errors[errors.Length / 2], errors[errors.Length * 9 / 10], issued.Average(i => i.Error),
            Share(issued, i => i.In80), issued.Average(i => i.Width80), Share(issued, i => i.In90), issued.Average(i => i.Width90), Share(issued, i => i.Late),
            issued.Average(i => i.Pinball), shown.Count == 0 ? 0 : shown.Average(s => s.Revisions), shown.Count == 0 ? 0 : shown.Count(s => s.Flips > 0) / (double)shown.Count);
    }

    public static double Share<T>(IReadOnlyCollection<T> of, Func<T, bool> which) => of.Count == 0 ? 0 : of.Count(which) / (double)of.Count;
}

/// <summary>One line of a table beside the two stages: a region, a week of the strike, k days after hand-over.</summary>
public sealed record Slice(string Name, int Count, double Mae, double Cover80, double Width80, double LaterThanP90)
{
    public static Slice Of(string name, IReadOnlyList<Issued> issued) => issued.Count == 0 ? new Slice(name, 0, 0, 0, 0, 0)
        : new Slice(name, issued.Count, issued.Average(i => Math.Abs(i.Error)), StageFigures.Share(issued, i => i.In80), issued.Average(i => i.Width80), StageFigures.Share(issued, i => i.Late));
}

/// <summary>A point of the reliability curve: what was said, what happened, and a 95 % Wilson interval around it.</summary>
public sealed record Reliability(double Stated, double Kept, double Low, double High)
{
    public static Reliability Of(double stated, IReadOnlyCollection<Issued> issued)
    {
        double n = issued.Count, kept = issued.Count(i => i.Level <= stated) / Math.Max(n, 1);
        const double z = 1.96;
        var middle = (kept + z * z / (2 * n)) / (1 + z * z / n);
        var half = z / (1 + z * z / n) * Math.Sqrt(kept * (1 - kept) / n + z * z / (4 * n * n));
        return n == 0 ? new Reliability(stated, 0, 0, 1) : new Reliability(stated, kept, middle - half, middle + half);
    }
}

/// <summary>Everything a backtest of the Olist layout says.</summary>
public sealed class BacktestReport
{
    private static readonly Dictionary<string, string> Regions = new (string Name, string States)[]
    {
        ("N", "AC AM AP PA RO RR TO"), ("NE", "AL BA CE MA PB PE PI RN SE"), ("CO", "DF GO MT MS"), ("SE", "ES MG RJ"), ("SP", "SP"), ("S", "PR RS SC"),
    }.SelectMany(r => r.States.Split(' ').Select(state => (State: state, r.Name))).ToDictionary(r => r.State, r => r.Name);

    public BacktestReport(OlistOutcome outcome, DateOnly from, DateOnly to)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        (From, To) = (from, to);
        Stages = [StageFigures.Of("purchase", outcome.AtPurchase, outcome.ShownFromPurchase), StageFigures.Of("handover", outcome.AtHandOver, outcome.ShownFromHandOver)];
        ByRegion = [.. outcome.AtHandOver.GroupBy(i => Regions.GetValueOrDefault(i.Of.DestinationRegion, "other")).OrderByDescending(g => g.Count()).Select(g => Slice.Of(g.Key, [.. g]))];
        StillOut = [.. outcome.StillOut.Where(s => s.Value.Count > 0).Select(s => (s.Key, Slice.Of("never recomputed", [.. s.Value.Select(v => v.Stored)]), Slice.Of("recomputed", [.. s.Value.Select(v => v.Now)])))];
        Strike = [.. StrikeWeeks.Select(w => Slice.Of(w.Name, [.. outcome.AtHandOver.Where(i => i.Of.HandOverDay >= w.From && i.Of.HandOverDay <= w.To)])).Where(s => s.Count > 0)];
        if (outcome.StrikeRecomputed.Count > 0) Strike = Strike.Add(Slice.Of("05-21 to 05-23, still out, recomputed at the end of 05-25", outcome.StrikeRecomputed));
        Curves = [.. new[] { outcome.AtPurchase, outcome.AtHandOver }.Select(i => Enumerable.Range(1, 19).Select(p => Reliability.Of(p / 20.0, i)).ToArray())];
        (MicrosecondsPerEstimate, Learned, Snapshots) = (outcome.MicrosecondsPerEstimate, outcome.Learned, outcome.Snapshots);
    }

    private static readonly (string Name, DateOnly From, DateOnly To)[] StrikeWeeks =
    [
        ("05-01 to 05-09", new(2018, 5, 1), new(2018, 5, 9)), ("05-10 to 05-20", new(2018, 5, 10), new(2018, 5, 20)),
        ("05-21 to 05-23", new(2018, 5, 21), new(2018, 5, 23)), ("05-24 to 05-30", new(2018, 5, 24), new(2018, 5, 30)),
        ("05-31 to 06-14", new(2018, 5, 31), new(2018, 6, 14)), ("06-15 to 06-30", new(2018, 6, 15), new(2018, 6, 30)),
        ("07", new(2018, 7, 1), new(2018, 7, 31)), ("08 on", new(2018, 8, 1), new(2018, 12, 31)),
    ];

    public DateOnly From { get; }
    public DateOnly To { get; }
    public IReadOnlyList<StageFigures> Stages { get; }
    public IReadOnlyList<Slice> ByRegion { get; }
    public IReadOnlyList<(int Days, Slice Stored, Slice Recomputed)> StillOut { get; }
    public System.Collections.Immutable.ImmutableArray<Slice> Strike { get; } = [];
    /// <summary>Reliability at purchase and at hand-over, 5 % to 95 %.</summary>
    public IReadOnlyList<Reliability[]> Curves { get; }
    public double MicrosecondsPerEstimate { get; }
    public long Learned { get; }
    public int Snapshots { get; }

    public void WriteText(TextWriter to)
    {
        var culture = CultureInfo.InvariantCulture;
        to.WriteLine(string.Create(culture, $"Purchases {From:yyyy-MM-dd} to {To:yyyy-MM-dd}, {Learned} waits learned, {Snapshots} snapshots, {MicrosecondsPerEstimate:F2} us per estimate"));
        to.WriteLine();
        to.WriteLine("stage          n    MAE    P50    P90   bias | 80 %: cover  width | 90 %: cover  width | later than P90  pinball | revisions  flips");
        foreach (var s in Stages)
            to.WriteLine(string.Create(culture, $"{s.Stage,-10} {s.Count,5} {s.Mae,6:F2} {s.P50,6:F2} {s.P90,6:F2} {s.Bias,6:F2} | {s.Cover80,11:P1} {s.Width80,6:F1} | {s.Cover90,11:P1} {s.Width90,6:F1} | {s.LaterThanP90,14:P1} {s.Pinball,8:F2} | {s.RevisionsPerParcel,9:F2} {s.FlipShare,6:P1}"));
        Table(to, "Destination region, at hand-over", ByRegion);
        if (StillOut.Count > 0)
        {
            to.WriteLine();
            to.WriteLine("Hand-over + k days, still out      n | never recomputed: MAE  cover  later | recomputed: MAE  cover  later");
            foreach (var (days, stored, now) in StillOut)
                to.WriteLine(string.Create(culture, $"{days,24} {now.Count,12} | {stored.Mae,21:F2} {stored.Cover80,6:P1} {stored.LaterThanP90,6:P1} | {now.Mae,15:F2} {now.Cover80,6:P1} {now.LaterThanP90,6:P1}"));
        }
        if (Strike.Length > 0) Table(to, "By hand-over, around the strike of May 2018", Strike);
    }

    private static void Table(TextWriter to, string title, IReadOnlyList<Slice> slices)
    {
        to.WriteLine();
        to.WriteLine($"{title,-60} {"n",6} {"MAE",6} {"cover",7} {"width",6} {"later than P90",15}");
        foreach (var s in slices)
            to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{s.Name,-60} {s.Count,6} {s.Mae,6:F2} {s.Cover80,7:P1} {s.Width80,6:F1} {s.LaterThanP90,15:P1}"));
    }

    /// <summary>The machine's form: days for errors and widths, 0 to 1 for coverages and shares.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["layout"] = "olist", ["from"] = From.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), ["to"] = To.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ["units"] = "days for mae, p50, p90, bias, widths and pinball; 0 to 1 for cover and share",
            ["microsecondsPerEstimate"] = MicrosecondsPerEstimate,
        };
        for (var i = 0; i < Stages.Count; i++)
        {
            var s = Stages[i];
            json[s.Stage] = new JsonObject
            {
                ["n"] = s.Count, ["mae"] = s.Mae, ["p50"] = s.P50, ["p90"] = s.P90, ["bias"] = s.Bias, ["cover80"] = s.Cover80, ["width80"] = s.Width80,
                ["cover90"] = s.Cover90, ["width90"] = s.Width90, ["laterThanP90"] = s.LaterThanP90, ["pinball"] = s.Pinball,
                ["revisionsPerParcel"] = s.RevisionsPerParcel, ["flipShare"] = s.FlipShare, ["microsecondsPerEstimate"] = MicrosecondsPerEstimate,
                ["reliability"] = new JsonArray([.. Curves[i].Select(r => (JsonNode)new JsonObject { ["stated"] = r.Stated, ["kept"] = r.Kept, ["low"] = r.Low, ["high"] = r.High })]),
            };
        }
        json["regions"] = List(ByRegion);
        json["stillOut"] = new JsonArray([.. StillOut.Select(s => (JsonNode)new JsonObject { ["days"] = s.Days, ["stored"] = One(s.Stored), ["recomputed"] = One(s.Recomputed) })]);
        json["strike"] = List(Strike);
        return json;
    }

    private static JsonArray List(IEnumerable<Slice> slices) => [.. slices.Select(s => (JsonNode)One(s))];

    private static JsonObject One(Slice s) => new()
    {
        ["name"] = s.Name, ["n"] = s.Count, ["mae"] = s.Mae, ["cover80"] = s.Cover80, ["width80"] = s.Width80, ["laterThanP90"] = s.LaterThanP90,
    };

    internal static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
}
