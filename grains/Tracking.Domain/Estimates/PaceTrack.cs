namespace Tracking.Domain.Estimates;

/// <summary>
/// How fast a zone really moved, day by day, against its carrier clock, and how fast it moves now. Durations are measured in this paced time, so that a
/// week of strike does not pass for slow lanes afterwards; what lies ahead starts at the pace of today and returns to the level of the last weeks.
/// Measured on recorded deliveries (February to April 2018): 6.08 to 5.78 days at purchase, 5.50 to 5.18 at hand-over. Immutable.
/// </summary>
internal sealed class PaceTrack
{
    /// <summary>Clock days after which a deviation has faded to a third. Sealed by experiment between 5 and 20: flat.</summary>
    public const double FadeDays = 10;
    private const int Longest = 400;

    public static readonly PaceTrack Usual = new(0, [], [0], 0, 0, 0);

    private readonly int _firstDay;
    private readonly double[] _paces;     // per closed local day
    private readonly double[] _midnights; // paced time at the midnight that begins each of these days, and the one after them

    public PaceTrack(int firstDay, double[] paces, double[] midnights, double logLevel, double logPace, double doubt)
    {
        (_firstDay, _paces, _midnights, LogLevel, LogPace) = (firstDay, paces, midnights, logLevel, logPace);
        (Level, Now, Doubt) = (Math.Exp(logLevel), Math.Exp(logPace), doubt);
    }

    /// <summary>Logarithm of the level that a deviation returns to, and of today's pace.</summary>
    public double LogLevel { get; }
    public double LogPace { get; }
    public double Level { get; }
    public double Now { get; }
    /// <summary>How far the last days fell short of what was likely (logarithm, fading): a disruption that the pace has not caught up with yet.</summary>
    public double Doubt { get; }

    /// <summary>Paced time at a local time.</summary>
    public double At(CarrierClock clock, double localDays)
    {
        var day = (int)Math.Floor(localDays) - _firstDay;
        if (day < 0 || _paces.Length == 0) return clock.At(localDays);
        var pace = day < _paces.Length ? _paces[day] : Now;
        day = Math.Min(day, _paces.Length);
        return _midnights[day] + (clock.At(localDays) - clock.AtMidnight(_firstDay + day)) * pace;
    }

    /// <summary>The track with one more closed day, and the pace and level that hold from then on.</summary>
    public PaceTrack Close(CarrierClock clock, int day, double pace, double logLevel, double logPace, double doubt)
    {
        if (_paces.Length == 0) return new PaceTrack(day, [pace], [clock.AtMidnight(day), clock.AtMidnight(day) + Worked(clock, day) * pace], logLevel, logPace, doubt);
        var missing = day - _firstDay - _paces.Length;
        if (missing < 0) return new PaceTrack(_firstDay, _paces, _midnights, logLevel, logPace, doubt);
        double[] paces = [.. _paces, .. Enumerable.Repeat(1.0, missing), pace];
        var drop = Math.Max(paces.Length - Longest, 0);
        return Rebuilt(clock, _firstDay + drop, paces[drop..], logLevel, logPace, doubt);
    }

    /// <summary>The same closed days; from here on at another pace.</summary>
    public PaceTrack From(double logPace) => new(_firstDay, _paces, _midnights, LogLevel, logPace, Doubt);

    /// <summary>The same days on another clock: profiles are learned and change.</summary>
    public PaceTrack On(CarrierClock clock) => _paces.Length == 0 ? this : Rebuilt(clock, _firstDay, _paces, LogLevel, LogPace, Doubt);

    private static PaceTrack Rebuilt(CarrierClock clock, int firstDay, double[] paces, double logLevel, double logPace, double doubt)
    {
        var midnights = new double[paces.Length + 1];
        midnights[0] = clock.AtMidnight(firstDay);
        for (var i = 0; i < paces.Length; i++) midnights[i + 1] = midnights[i] + Worked(clock, firstDay + i) * paces[i];
        return new PaceTrack(firstDay, paces, midnights, logLevel, logPace, doubt);
    }

    private static double Worked(CarrierClock clock, int day) => clock.AtMidnight(day + 1) - clock.AtMidnight(day);

    public void Write(BinaryWriter to)
    {
        to.Write(_firstDay);
        to.Write(LogLevel);
        to.Write(LogPace);
        to.Write(Doubt);
        to.Write(_paces.Length);
        foreach (var pace in _paces) to.Write(pace);
        foreach (var midnight in _midnights) to.Write(midnight);
    }

    public static PaceTrack Read(BinaryReader from)
    {
        var (firstDay, level, pace, doubt, length) = (from.ReadInt32(), from.ReadDouble(), from.ReadDouble(), from.ReadDouble(), from.ReadInt32());
        if (length is < 0 or > Longest) throw new InvalidDataException($"A pace of {length} days is not ours.");
        var (paces, midnights) = (new double[length], new double[length + 1]);
        for (var i = 0; i < length; i++) paces[i] = from.ReadDouble();
        for (var i = 0; i <= length; i++) midnights[i] = from.ReadDouble();
        return new PaceTrack(firstDay, paces, midnights, level, pace, doubt);
    }
}

/// <summary>
/// Progress ahead: paced time gained in w days of the carrier clock, <c>A w - B T (1 - exp(-w / T))</c> with T = <see cref="PaceTrack.FadeDays"/>.
/// A is the pace in the long run, A - B the pace right now.
/// </summary>
internal readonly struct PaceAhead(double a, double b)
{
    private const double T = PaceTrack.FadeDays;

    /// <summary>From today's pace back to the level. <paramref name="recovered"/>: share of the deviation that is taken for over already.</summary>
    public static PaceAhead Of(PaceTrack track, double recovered) => new(track.Level, track.Level - Math.Exp(track.LogLevel + (track.LogPace - track.LogLevel) * (1 - recovered)));

    /// <summary>The same for a way whose first part (1 - <paramref name="share"/>, <paramref name="handling"/> days long) is not the carrier's and knows no pace.</summary>
    public PaceAhead After(double handling, double share) => new(1 - share + share * a, share * b * Math.Exp(-handling / T));

    public double Gained(double w) => b == 0 ? a * w : a * w - b * T * (1 - Math.Exp(-w / T));

    /// <summary>Days of the clock until that much is gained: Newton's steps on a smooth, rising curve; four are enough for a second.</summary>
    public double Until(double gained)
    {
        if (gained <= 0) return 0;
        if (b == 0) return gained / a;
        var w = gained / a;
        for (var step = 0; step < 6; step++)
        {
            var faded = Math.Exp(-w / T);
            var off = a * w - b * T * (1 - faded) - gained;
            w = Math.Max(w - off / (a - b * faded), 0);
            if (Math.Abs(off) < 1e-7) break;
        }
        return w;
    }

    public double LongRun => a;
    public double Shortfall => b;
}
