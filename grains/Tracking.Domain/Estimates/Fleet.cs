namespace Tracking.Domain.Estimates;

/// <summary>A fleet while it learns: its week, its level and pace, its zones, and the parcels it has under way.</summary>
internal sealed class Fleet(ulong key, string? country, ZoneOffsets offsets)
{
    private const double ProfilePseudo = 300, ProfileMost = 60_000;

    private readonly double[] _deliveries = new double[WeekProfile.Hours];
    private double _total;

    public ulong Key { get; } = key;
    public string? Country { get; } = country;
    /// <summary>Whose midnight closes the fleet's day.</summary>
    public ZoneOffsets Offsets { get; } = offsets;
    public int Today { get; set; } = -1;

    public Dictionary<ulong, FleetZone> Zones { get; } = [];
    public List<OpenWay> Open { get; } = [];
    public PaceKeeper Pace { get; } = new();
    public Evidence HandlingEvidence { get; } = new();
    public Evidence WayEvidence { get; } = new();
    public Calibration HandlingBounds { get; } = new();
    public Calibration WayBounds { get; } = new();
    public ImmutableArray<double> Profile { get; private set; } = WeekProfile.Default;

    /// <summary>A delivery at a local time; those of holidays do not count, the clock runs them as Sundays.</summary>
    public void CountDelivery(double localDays, string? region)
    {
        var day = (int)localDays;
        if (day < 0 || Holidays.Contains(Country, region, CarrierClock.Epoch.AddDays(day))) return;
        if (_total > ProfileMost)
        {
            for (var hour = 0; hour < _deliveries.Length; hour++) _deliveries[hour] /= 2;
            _total /= 2;
        }
        _deliveries[(day + 3) % 7 * 24 + Math.Min((int)((localDays - day) * 24), 23)]++;
        _total++;
    }

    /// <summary>The learned week, shrunk to the default one. Every hour keeps some rate, so that the clock can be turned back.</summary>
    public void LearnProfile()
    {
        if (_total < 50) return;
        double usual = 0, total = 0;
        foreach (var rate in WeekProfile.Default) usual += rate;
        var rates = new double[WeekProfile.Hours];
        for (var hour = 0; hour < rates.Length; hour++) total += rates[hour] = _deliveries[hour] + ProfilePseudo * WeekProfile.Default[hour] / usual;
        for (var hour = 0; hour < rates.Length; hour++) rates[hour] = Math.Max(rates[hour] / total * 7, 0.002);
        Profile = [.. rates];
    }
}

/// <summary>The part of a fleet that serves one region, with its own pace.</summary>
internal sealed class FleetZone(ulong key, Fleet fleet, string? region, CarrierClock clock)
{
    public ulong Key { get; } = key;
    public Fleet Fleet { get; } = fleet;
    public string? Region { get; } = region;
    public CarrierClock Clock { get; set; } = clock;
    public PaceTrack Track { get; set; } = PaceTrack.Usual;
    /// <summary>Deliveries seen and expected, forgotten by half in <see cref="PaceKeeper.HalfLifeDays"/>.</summary>
    public double Seen, Expected;
    public double SeenToday, ExpectedToday;
}

/// <summary>A parcel under way and what was believed when it was issued; for scoring, and for the deliveries expected today.</summary>
internal sealed class OpenWay(ulong key, FleetZone zone, bool carried, in Expectation expectation, PaceAhead ahead)
{
    public ulong Key { get; } = key;
    public FleetZone Zone { get; } = zone;
    /// <summary>In the carrier's hands, so that its delivery may be expected; false while it is still packed.</summary>
    public bool Carried { get; } = carried;
    /// <summary>Local days at the door.</summary>
    public double Entered { get; } = expectation.Now;
    public double Days { get; } = expectation.Days;
    public RatioShape Shape { get; } = expectation.Shape;
    public double Deadline { get; } = expectation.Clock.When(expectation.EnteredClock + ahead.Until(expectation.Shape.Quantile(Calibration.Deadline) * expectation.Days));
    public bool Scored { get; set; }
    public bool Gone { get; set; }

    /// <summary>
    /// The level of the issued shape at which an arrival lies, in time as it was really paced: what a disruption did is the pace's business, and
    /// scoring it here too kept the bands a fifth too wide for a month after the strike of May 2018.
    /// </summary>
    public double LevelOf(double pacedDays) => Shape.Mass(pacedDays / Days);
}

/// <summary>
/// Deliveries seen against deliveries expected (the sum of the hazards of all parcels under way): the pace of a fleet and its zones, its slow level, and
/// the alarm that makes it forget faster. One fleet-wide level follows drift in some three weeks; deviations from it are disruptions and fade.
/// What did not work (a two-state Kalman filter, an anchored pace, shocks per zone) is in the README of this folder.
/// </summary>
internal sealed class PaceKeeper
{
    public const double HalfLifeDays = 4;
    private const double Pseudo = 40, LevelGain = 0.05, LevelStep = 0.25, Slowest = 0.3, Fastest = 1.6;
    /// <summary>Standard deviations at which the last two days contradict the memory; it is then cut to <see cref="Kept"/>.</summary>
    private const double Alarm = 1.5, Kept = 0.4, DayNoise = 0.02, DoubtKept = 0.8;
    /// <summary>The level is relative, so it may wander for years (a carrier that loses last scans pulls it down); this far no number loses its digits.</summary>
    private const double Furthest = 100;

    private double _seen, _expected, _recentSeen, _recentExpected, _doubt;

    /// <summary>Logarithm of the level, in paced time.</summary>
    public double LogLevel { get; private set; }

    /// <summary>Closes a day: the pace of every zone is new afterwards. <paramref name="prior"/>: the pace that a posted notice announces, 1 without one.</summary>
    public void Close(Fleet fleet, int day, Func<FleetZone, double> prior)
    {
        var fade = Math.Pow(0.5, 1 / HalfLifeDays);
        double seen = 0, expected = 0;
        foreach (var zone in fleet.Zones.Values)
        {
            zone.Seen = zone.Seen * fade + zone.SeenToday;
            zone.Expected = zone.Expected * fade + zone.ExpectedToday;
            seen += zone.SeenToday;
            expected += zone.ExpectedToday;
            (zone.SeenToday, zone.ExpectedToday) = (0, 0);
        }
        _recentSeen = _recentSeen / 2 + seen;
        _recentExpected = _recentExpected / 2 + expected;
        var likely = (_seen * fade + Pseudo) / (_expected * fade + Pseudo) * _recentExpected;
        _doubt *= DoubtKept;
        if (Math.Abs(_recentSeen - likely) > Alarm * Math.Sqrt(likely + DayNoise * likely * likely + 1))
        {
            _doubt = Math.Max(_doubt, Math.Log((likely + 1) / (_recentSeen + 1)));
            (_seen, _expected) = (_seen * Kept, _expected * Kept);
            foreach (var zone in fleet.Zones.Values) (zone.Seen, zone.Expected) = (zone.Seen * Kept, zone.Expected * Kept);
        }
        _seen = _seen * fade + seen;
        _expected = _expected * fade + expected;

        var common = (_seen + Pseudo) / (_expected + Pseudo);
        var level = LogLevel;
        LogLevel = Math.Clamp(LogLevel + LevelGain * Math.Clamp(Math.Log(common), -LevelStep, LevelStep), -Furthest, Furthest);
        foreach (var zone in fleet.Zones.Values)
        {
            var pace = Math.Clamp((zone.Seen + Pseudo * common * prior(zone)) / (zone.Expected + Pseudo), Slowest, Fastest) * Math.Exp(level);
            zone.Track = zone.Track.Close(zone.Clock, day, pace, LogLevel, Math.Log(pace), _doubt);
        }
    }
}
