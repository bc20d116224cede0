using System.Globalization;
using System.Text.Json.Nodes;
using Tracking.Domain.Estimates;

namespace Tracking.Backtest;

/// <summary>
/// The Cargo 2000 layout (<c>milestones.csv</c>, <c>milestones.csv.gz</c>: case, leg, seq, milestone, place, planned_min, effective_min): durations without
/// a clock, so no calendar, but the one recorded set with many scans a journey. Each leg's remaining hours are estimated at its start and again at every
/// milestone, from the legs before it in the file. Each milestone has its own expected duration (how far a plan is to be believed is learned too,
/// then milestone and airport correct it, shrunk), and the sum shares one shape of the remaining way, as the live engine does with its stages.
/// </summary>
public static class Cargo2000Replay
{
    private const double PseudoCount = 3, Fade = 0.0005;   // a leg counts as a day; half is forgotten in some 1,400 legs
    private const double Grace = 30;                       // minutes added to every duration, so that the zeros of the file have a logarithm

    private sealed record Step(string Milestone, string Place, double Planned, double Effective);

    public static string? File(string folder)
        => Directory.EnumerateFiles(folder).Where(f => Path.GetFileName(f) is "milestones.csv" or "milestones.csv.gz").Order(StringComparer.Ordinal).FirstOrDefault();

    /// <summary>Judges the last <paramref name="share"/> of the cases.</summary>
    public static Cargo2000Report Run(string folder, double share = 0.3, CancellationToken cancel = default)
    {
        var legs = Read(File(folder) ?? throw new FileNotFoundException("No milestones.csv or milestones.csv.gz in " + folder));
        var judgedFrom = (int)(legs.Max(l => l.Case) * (1 - share));
        var means = new StatTable();
        var plans = new Dictionary<string, PlanTrust>();
        var shapes = new Dictionary<string, RatioHistogram>();
        var (atStart, atScans, plan, planAtScans) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var now = 0.0;

        foreach (var (number, steps) in legs)
        {
            cancel.ThrowIfCancellationRequested();
            now++;
            var expected = new double[steps.Count];
            for (var i = 0; i < steps.Count; i++)
                expected[i] = Math.Exp(Trust(steps[i]).Expected(steps[i].Planned) + Correction(steps[i]));

            for (double i = 0, remaining = expected.Sum(), truth = steps.Sum(s => s.Effective), planned = steps.Sum(s => s.Planned); i < steps.Count; i++)
            {
                var step = steps[(int)i];
                if (number > judgedFrom)
                {
                    var error = Math.Abs(remaining * Median(step.Milestone) - truth) / 60;
                    (i == 0 ? atStart : atScans).Add(error);
                    (i == 0 ? plan : planAtScans).Add(Math.Abs(planned - truth) / 60);
                }
                remaining -= expected[(int)i];
                truth -= step.Effective;
                planned -= step.Planned;
            }
            Learn(steps, expected);
        }
        return new Cargo2000Report(atStart.Count, plan.Average(), atStart.Average(), atScans.Average(), planAtScans.Average(), atStart.Concat(atScans).Average());

        PlanTrust Trust(Step step) => plans.TryGetValue(step.Milestone, out var trust) ? trust : plans[step.Milestone] = new PlanTrust();

        double Correction(Step step) => means.Shrunk(KeyOf(step.Milestone, step.Place), means.Shrunk(KeyOf(step.Milestone, ""), 0, PseudoCount, now, Fade), PseudoCount, now, Fade);

        double Median(string milestone) => shapes.TryGetValue(milestone, out var shape) ? shape.Shrunk(RatioShape.Of(RatioShape.LogNormal(0.55))).Quantile(0.5) : 1;

        void Learn(List<Step> steps, double[] expected)
        {
            double remaining = 0, truth = 0;
            for (var i = steps.Count - 1; i >= 0; i--)
            {
                remaining += expected[i];
                truth += steps[i].Effective;
                if (!shapes.TryGetValue(steps[i].Milestone, out var shape)) shapes.Add(steps[i].Milestone, shape = new RatioHistogram(0, 0));
                shape.Add(Math.Max(truth, 1) / remaining, now / 60);
            }
            foreach (var step in steps)
            {
                var unexplained = Math.Log(step.Effective + Grace) - Trust(step).Expected(step.Planned);
                Trust(step).Add(step.Planned, step.Effective);
                means.Add(KeyOf(step.Milestone, ""), unexplained, 1, now, Fade);
                means.Add(KeyOf(step.Milestone, step.Place), unexplained, 1, now, Fade);
            }
        }
    }

    private static ulong KeyOf(string milestone, string place) => Journeys.Number(milestone + "@" + place);

    private static List<(int Case, List<Step> Steps)> Read(string file)
    {
        var legs = new List<(int Case, string Leg, List<Step> Steps)>();
        using var csv = OlistLayout.Open(file);
        csv.Read();
        csv.ReadHeader();
        while (csv.Read())
        {
            var (number, leg) = (int.Parse(csv["case"]!, CultureInfo.InvariantCulture), csv["leg"]!);
            if (legs.Count == 0 || legs[^1].Case != number || legs[^1].Leg != leg) legs.Add((number, leg, []));
            legs[^1].Steps.Add(new Step(csv["milestone"]!, csv["place"] ?? "", Minutes(csv["planned_min"]), Minutes(csv["effective_min"])));
        }
        // Receipt happens where the first flight leaves, delivery where the last one landed.
        foreach (var (_, _, steps) in legs)
            for (var i = 0; i < steps.Count; i++)
                if (steps[i].Place.Length == 0)
                    steps[i] = steps[i] with { Place = (i == 0 ? steps.Skip(1) : steps.Take(i).Reverse()).FirstOrDefault(s => s.Place.Length > 0)?.Place ?? "" };
        return [.. legs.Select(l => (l.Case, l.Steps))];
    }

    private static double Minutes(string? text) => double.TryParse(text, CultureInfo.InvariantCulture, out var minutes) && minutes >= 0 ? minutes : 0;

    /// <summary>How far a milestone's plan is to be believed: the logarithm of the effective minutes on that of the planned ones, decayed.</summary>
    private sealed class PlanTrust
    {
        private double _n, _x, _y, _xy, _xx;

        public double Expected(double planned)
        {
            var x = Math.Log(planned + Grace);
            if (_n < 20) return x;
            var (meanX, meanY) = (_x / _n, _y / _n);
            return meanY + (_xy - _n * meanX * meanY) / (_xx - _n * meanX * meanX + 50) * (x - meanX);
        }

        public void Add(double planned, double effective)
        {
            var (x, y) = (Math.Log(planned + Grace), Math.Log(effective + Grace));
            var kept = 1 - Fade;
            (_n, _x, _y, _xy, _xx) = (_n * kept + 1, _x * kept + x, _y * kept + y, _xy * kept + x * y, _xx * kept + x * x);
        }
    }
}

/// <summary>Hours of mean absolute error over the judged legs.</summary>
/// <param name="Legs">Legs judged.</param>
/// <param name="Plan">The plan's own error at the start of a leg.</param>
/// <param name="AtStart">Ours at the start.</param>
/// <param name="AtScans">Ours over all later milestones, recomputed at each.</param>
/// <param name="PlanAtScans">The plan's there.</param>
/// <param name="Recomputed">Ours over all moments, start and milestones.</param>
public sealed record Cargo2000Report(int Legs, double Plan, double AtStart, double AtScans, double PlanAtScans, double Recomputed)
{
    public void WriteText(TextWriter to) => to.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{Legs} legs (the last cases of the file), mean absolute error in hours\n  plan at the start {Plan:F1}, estimate at the start {AtStart:F1}\n  plan at later milestones {PlanAtScans:F1}, estimate recomputed there {AtScans:F1}\n  all moments together {Recomputed:F1}"));

    public JsonObject ToJson() => new()
    {
        ["layout"] = "cargo2000", ["units"] = "hours", ["n"] = Legs, ["planMae"] = Plan, ["mae"] = Recomputed, ["maeAtStart"] = AtStart, ["maeAtScans"] = AtScans, ["planMaeAtScans"] = PlanAtScans,
    };
}
