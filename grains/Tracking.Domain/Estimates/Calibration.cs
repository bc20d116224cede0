namespace Tracking.Domain.Estimates;

/// <summary>
/// Keeps the stated share honest: rolling-window conformal correction of the bounds, never of the median. For every issued distribution the level at which
/// the parcel really arrived is kept; the level that 90 % of the last ones stayed below is used for "90 %". Scored when the deadline passes, so late parcels are not
/// missing from the sample: a parcel still out at its 97 % bound counts as beyond it then, not when it arrives.
/// Base scores only (no feedback), so there is no step to tune and nothing to overshoot.
/// </summary>
internal sealed class Calibration
{
    public const int Window = 1_000;
    /// <summary>A parcel not there at this level of its first distribution is scored as late.</summary>
    public const double Deadline = 0.97;
    private const double Pseudo = 200;
    /// <summary>Narrowing follows the window only this far: too wide is a smaller sin than too narrow.</summary>
    private const double Narrowing = 0.5;

    private readonly double[] _levels = new double[Window];
    private int _next;
    private long _count;
    private double _ended, _unheard;

    public void Score(double level)
    {
        _levels[_next] = level;
        _next = (_next + 1) % Window;
        _count++;
    }

    /// <summary>
    /// How a followed journey ended: heard of, or forgotten without a word. Carriers lose last scans; what share they lose is taken off the late ones
    /// again, else a carrier that loses 15 % would get bounds that 96 % keep.
    /// </summary>
    public void Ended(bool heardOf)
    {
        if (_ended > 4_000) (_ended, _unheard) = (_ended / 2, _unheard / 2);
        _ended++;
        if (!heardOf) _unheard++;
    }

    /// <summary>Share of followed journeys whose end is heard of.</summary>
    public double HeardOf => 1 - _unheard / (_ended + 50);

    public void Write(BinaryWriter to)
    {
        to.Write(_next);
        to.Write(_count);
        to.Write(_ended);
        to.Write(_unheard);
        for (var i = 0; i < Math.Min(_count, Window); i++) to.Write(_levels[i]);
    }

    public static Calibration Read(BinaryReader from)
    {
        var read = new Calibration { _next = from.ReadInt32(), _count = from.ReadInt64(), _ended = from.ReadDouble(), _unheard = from.ReadDouble() };
        if (read._next is < 0 or >= Window || read._count < 0) throw new InvalidDataException("A calibration window is not ours.");
        for (var i = 0; i < Math.Min(read._count, Window); i++) read._levels[i] = from.ReadDouble();
        return read;
    }

    public Levels Corrected()
    {
        var known = (int)Math.Min(_count, Window);
        if (known < 200) return Levels.AsStated;
        var sorted = _levels[..known];
        Array.Sort(sorted);
        var late = 0;
        while (late < sorted.Length && sorted[^(late + 1)] >= 1) late++;
        sorted = sorted[..^Math.Min(late, (int)(known * (1 - HeardOf)))];
        var trust = known / (known + Pseudo);
        return new Levels(Low(sorted, 0.05, trust), Low(sorted, 0.1, trust), High(sorted, 0.9, trust), High(sorted, 0.95, trust));
    }

    private static double Low(double[] sorted, double stated, double trust)
    {
        var off = sorted[(int)(stated * sorted.Length)] - stated;
        return Math.Clamp(stated + off * trust * (off > 0 ? Narrowing : 1), stated * 0.3, stated * 2);
    }

    private static double High(double[] sorted, double stated, double trust)
    {
        var off = sorted[(int)(stated * sorted.Length)] - stated;
        return Math.Clamp(stated + off * trust * (off < 0 ? Narrowing : 1), 1 - (1 - stated) * 2, 1 - (1 - stated) * 0.3);
    }
}

/// <summary>Which level of the learned distribution to use for a stated one: a broken line through 0, the four corrected bounds, the untouched median and 1.</summary>
internal readonly record struct Levels(double P05, double P10, double P90, double P95)
{
    public static readonly Levels AsStated = new(0.05, 0.1, 0.9, 0.95);

    public double Of(double stated) => stated switch
    {
        <= 0.05 => stated / 0.05 * P05,
        <= 0.1 => P05 + (stated - 0.05) / 0.05 * (P10 - P05),
        <= 0.5 => P10 + (stated - 0.1) / 0.4 * (0.5 - P10),
        <= 0.9 => 0.5 + (stated - 0.5) / 0.4 * (P90 - 0.5),
        <= 0.95 => P90 + (stated - 0.9) / 0.05 * (P95 - P90),
        _ => P95 + (stated - 0.95) / 0.05 * (1 - P95),
    };

    /// <summary>The inverse of <see cref="Of"/>.</summary>
    public double Stated(double level) =>
        level <= P05 ? level / P05 * 0.05
        : level <= P10 ? 0.05 + (level - P05) / (P10 - P05) * 0.05
        : level <= 0.5 ? 0.1 + (level - P10) / (0.5 - P10) * 0.4
        : level <= P90 ? 0.5 + (level - 0.5) / (P90 - 0.5) * 0.4
        : level <= P95 ? 0.9 + (level - P90) / (P95 - P90) * 0.05
        : 0.95 + (level - P95) / (1 - P95) * 0.05;
}
