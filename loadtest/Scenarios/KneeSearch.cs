namespace Tracking.LoadTest.Scenarios;

/// <summary>One rate that was tried. <paramref name="Generator"/>: the generator was the slow one, so the step says nothing about the server.</summary>
public sealed record KneeStep(double Rate, bool Held, bool Generator, double Served, double AckP50, double AckP99, double ErrorShare);

/// <summary>One search: the highest rate that held, and whether the generator ended it.</summary>
public sealed record KneeFound(double Rate, bool GeneratorLimited, IReadOnlyList<KneeStep> Steps);

/// <summary>
/// The highest steady rate that meets the goal: doubled until it does not, then halved between the last that held and the first that did not, until
/// they are within ±5 %.
/// </summary>
public static class KneeSearch
{
    public static async Task<KneeFound> FindAsync(double start, double most, Func<double, Task<KneeStep>> tryRate, double precision = 0.05)
    {
        var steps = new List<KneeStep>();
        double held = 0, broke = 0;
        for (var rate = Math.Min(start, most); broke == 0;)
        {
            var step = await TryAsync(rate);
            if (step.Generator) return new KneeFound(held, true, steps);
            if (step.Held) held = rate;
            else broke = rate;
            if (step.Held && rate >= most) return new KneeFound(held, false, steps);       // the fence, not the server
            rate = Math.Min(rate * 2, most);
        }
        // Too much from the start: walk down until something holds, ten halvings at most.
        for (var down = 0; held == 0 && down < 10; down++)
        {
            var step = await TryAsync(broke / 2);
            if (step.Generator) return new KneeFound(held, true, steps);
            if (step.Held) held = step.Rate;
            else broke = step.Rate;
        }
        while (held > 0 && (broke - held) / (broke + held) > precision)
        {
            var step = await TryAsync((held + broke) / 2);
            if (step.Generator) return new KneeFound(held, true, steps);
            if (step.Held) held = step.Rate;
            else broke = step.Rate;
        }
        return new KneeFound(held, false, steps);

        async Task<KneeStep> TryAsync(double rate)
        {
            // A generator that was late once may have been disturbed by something else: it gets two more tries.
            for (var tries = 1; ; tries++)
            {
                var step = await tryRate(rate);
                steps.Add(step);
                if (!step.Generator || tries == 3) return step;
            }
        }
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? 0 : sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
    }
}
