namespace Tracking.LoadTest.Measure;

/// <summary>One stretch of a curve: from one rate to another, in a straight line. Rates are per second.</summary>
public readonly record struct RateStep(double Seconds, double From, double To);

/// <summary>
/// Offered load over time, straight lines joined. The n-th send is due where the area under the curve reaches n, so the curve decides when
/// things happen and nothing the server does can move them: the open model.
/// </summary>
public sealed class RateCurve
{
    private readonly RateStep[] _steps;
    private readonly double[] _areaBefore;
    private readonly double[] _secondsBefore;

    public RateCurve(IEnumerable<RateStep> steps)
    {
        _steps = [.. steps];
        if (_steps.Length == 0) throw new ArgumentException("A curve needs at least one step.", nameof(steps));
        _areaBefore = new double[_steps.Length + 1];
        _secondsBefore = new double[_steps.Length + 1];
        for (var i = 0; i < _steps.Length; i++)
        {
            var step = _steps[i];
            if (!(step.Seconds > 0) || step.From < 0 || step.To < 0 || !double.IsFinite(step.Seconds + step.From + step.To))
                throw new ArgumentException($"Step {i} lasts {step.Seconds} s from {step.From}/s to {step.To}/s; it must last longer than 0 and not be negative.", nameof(steps));
            _areaBefore[i + 1] = _areaBefore[i] + step.Seconds * (step.From + step.To) / 2;
            _secondsBefore[i + 1] = _secondsBefore[i] + step.Seconds;
        }
    }

    public static RateCurve Steady(double perSecond, double seconds) => new([new RateStep(seconds, perSecond, perSecond)]);

    public double Seconds => _secondsBefore[^1];

    /// <summary>Everything the curve offers, in sends.</summary>
    public double Total => _areaBefore[^1];

    public double Highest => _steps.Max(s => Math.Max(s.From, s.To));

    /// <summary>The rate offered at an instant; 0 outside the curve.</summary>
    public double At(double seconds)
    {
        for (var i = 0; i < _steps.Length; i++)
            if (seconds >= _secondsBefore[i] && seconds < _secondsBefore[i + 1])
                return _steps[i].From + (_steps[i].To - _steps[i].From) * (seconds - _secondsBefore[i]) / _steps[i].Seconds;
        return 0;
    }

    /// <summary>When the area under the curve reaches <paramref name="area"/>, in microseconds; null beyond the end.</summary>
    public long? WhenMicros(double area)
    {
        if (area > Total) return null;
        var i = Array.BinarySearch(_areaBefore, area);
        if (i < 0) i = ~i - 1;
        i = Math.Clamp(i, 0, _steps.Length - 1);
        var step = _steps[i];
        var left = area - _areaBefore[i];
        var slope = (step.To - step.From) / step.Seconds;
        // Solves from*t + slope*t²/2 = left in the form that stays exact when the slope is almost nothing.
        var root = Math.Sqrt(Math.Max(0, step.From * step.From + 2 * slope * left));
        var seconds = step.From + root > 0 ? 2 * left / (step.From + root) : 0;
        return (long)((_secondsBefore[i] + Math.Min(seconds, step.Seconds)) * 1e6);
    }
}
