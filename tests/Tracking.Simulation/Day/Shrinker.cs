using System.Globalization;
using System.Text;
using Tracking.Simulation.Model;

namespace Tracking.Simulation.Day;

/// <summary>Leaves out operations as long as the run still breaks, until a history is left that somebody can read.</summary>
internal static class Shrinker
{
    public static (IReadOnlyList<Op> Ops, Outcome Outcome) Shrink(Plan plan, Outcome broken, PlantedFault planted = PlantedFault.None, int mostRuns = 400, int mostSeconds = 40)
    {
        var ops = plan.Ops.ToList();
        var runs = 0;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (var size = ops.Count / 2; size >= 1 && runs < mostRuns && watch.Elapsed.TotalSeconds < mostSeconds; size = size == 1 ? 0 : size / 2)
        {
            for (var from = ops.Count - size; from >= 0 && runs < mostRuns && watch.Elapsed.TotalSeconds < mostSeconds; from -= size)
            {
                var fewer = ops.Take(from).Concat(ops.Skip(from + size)).ToList();
                runs++;
                var outcome = World.Run(plan, fewer, planted);
                if (outcome.Broken is null || Kind(outcome.Broken) != Kind(broken.Broken!)) continue;
                (ops, broken) = (fewer, outcome);
                from = Math.Min(from, ops.Count);
            }
        }
        return (ops, broken);

        static string Kind(string broken) => broken[..Math.Min(3, broken.Length)];
    }

    /// <summary><c>3,17-19</c>.</summary>
    public static string Keep(IReadOnlyList<Op> ops)
    {
        var text = new StringBuilder();
        for (var i = 0; i < ops.Count; i++)
        {
            var from = i;
            while (i + 1 < ops.Count && ops[i + 1].Number == ops[i].Number + 1) i++;
            if (text.Length > 0) text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"{ops[from].Number}");
            if (i > from) text.Append(CultureInfo.InvariantCulture, $"-{ops[i].Number}");
        }
        return text.ToString();
    }

    public static IReadOnlyList<Op> Kept(Plan plan, string keep)
        => [.. keep.Split(',', StringSplitOptions.RemoveEmptyEntries).SelectMany(part =>
        {
            var ends = part.Split('-');
            var from = int.Parse(ends[0], CultureInfo.InvariantCulture);
            return plan.Ops.Skip(from).Take(int.Parse(ends[^1], CultureInfo.InvariantCulture) - from + 1);
        })];

    /// <summary>One line to repeat it, then the history.</summary>
    public static string Describe(Plan plan, Outcome broken)
    {
        var (ops, outcome) = Shrink(plan, broken);
        var operations = plan.Ops.Count == Seeds.Operations ? "" : $" --operations {plan.Ops.Count}";
        return $"""
            Seed {plan.Seed}: {outcome.Broken}
            Again: dotnet run --project tests/Tracking.Simulation -- --seed {plan.Seed}{operations} --keep {Keep(ops)}
            {string.Join('\n', ops.Take(60))}
            """;
    }
}
