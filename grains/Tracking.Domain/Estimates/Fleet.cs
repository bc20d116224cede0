namespace Tracking.Domain.Estimates;

/// <summary>A fleet while it learns: its week, its level and pace, its zones, and the parcels it has under way.</summary>
internal sealed class Fleet(ulong key, ulong carrier, bool owned, string? country, ZoneOffsets offsets)
{
    private const double ProfilePseudo = 300, ProfileMost = 60_000;

    private readonly double[] _deliveries = new double[WeekProfile.Hours];
    private double _total;

    public ulong Key { get; } = key;
    /// <summary>Hash of the carrier's slug; 0 for parcels without one.</summary>
    public ulong Carrier { get; } = carrier;
    /// <summary>In the books of one retailer that does not share.</summary>
    public bool IsOwned { get; } = owned;
    /// <summary>Deliveries counted, fading by halves far above what decides anything.</summary>
    public double Deliveries => _total;
    public string? Country { get; } = country;
    /// <summary>Whose midnight closes the fleet's day.</summary>
    public ZoneOffsets Offsets { get; } = offsets;
    public int Today { get; set; } = -1;

    public Dictionary<ulong, FleetZone> Zones { get; } = [];
    public List<OpenWay> Open { get; } = [];
    public PaceKeeper Pace { get; private set; } = new();
    public Evidence HandlingEvidence { get; private set; } = new();
    public Evidence WayEvidence { get; private set; } = new();
    public Calibration HandlingBounds { get; private set; } = new();
    public Calibration WayBounds { get; private set; } = new();
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

    public void Write(BinaryWriter to, ShapeList shapes)
    {
        to.Write(Carrier);
        to.Write(IsOwned);
        SnapshotCodec.Text(to, Country);
        to.Write(Today);
        to.Write(_total);
        foreach (var count in _deliveries) to.Write(count);
        SnapshotCodec.Profile(to, Profile);
        Pace.Write(to);
        HandlingEvidence.Write(to);
        WayEvidence.Write(to);
        HandlingBounds.Write(to);
        WayBounds.Write(to);
        to.Write(Zones.Count);
        foreach (var zone in Zones.Values)   // in the order in which they came: sums over them keep their last bit
        {
            to.Write(zone.Key);
            SnapshotCodec.Text(to, zone.Region);
            to.Write(zone.Seen);
            to.Write(zone.Expected);
            to.Write(zone.SeenToday);
            to.Write(zone.ExpectedToday);
            zone.Track.Write(to);
        }
        to.Write(Open.Count);
        foreach (var way in Open) way.Write(to, shapes);
    }

    public static Fleet Read(BinaryReader from, ulong key, ClockShelf clocks, IReadOnlyList<RatioShape> shapes)
    {
        var (carrier, owned, country, today) = (from.ReadUInt64(), from.ReadBoolean(), SnapshotCodec.Text(from), from.ReadInt32());
        var fleet = new Fleet(key, carrier, owned, country, ZoneOffsets.Of(null, country)) { Today = today, _total = from.ReadDouble() };
        for (var hour = 0; hour < WeekProfile.Hours; hour++) fleet._deliveries[hour] = from.ReadDouble();
        fleet.Profile = SnapshotCodec.Profile(from);
        fleet.Pace = PaceKeeper.Read(from);
        (fleet.HandlingEvidence, fleet.WayEvidence) = (Evidence.Read(from), Evidence.Read(from));
        (fleet.HandlingBounds, fleet.WayBounds) = (Calibration.Read(from), Calibration.Read(from));
        for (var left = SnapshotCodec.Count(from); left > 0; left--)
        {
            var (zoneKey, region) = (from.ReadUInt64(), SnapshotCodec.Text(from));
            fleet.Zones.Add(zoneKey, new FleetZone(zoneKey, fleet, region, clocks.Of(key, fleet.Profile, country, region))
            {
                Seen = from.ReadDouble(), Expected = from.ReadDouble(), SeenToday = from.ReadDouble(), ExpectedToday = from.ReadDouble(), Track = PaceTrack.Read(from),
            });
        }
        for (var left = SnapshotCodec.Count(from); left > 0; left--) fleet.Open.Add(OpenWay.Read(from, fleet, shapes));
        return fleet;
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
/// <param name="carried">In the carrier's hands, so that its delivery may be expected; false while it is still packed.</param>
/// <param name="entered">Local days at the door.</param>
internal sealed class OpenWay(ulong key, FleetZone zone, bool carried, double entered, double days, RatioShape shape, double deadline)
{
    public OpenWay(ulong key, FleetZone zone, bool carried, in Expectation expectation, PaceAhead ahead)
        : this(key, zone, carried, expectation.Now, expectation.Days, expectation.Shape,
            expectation.Clock.When(expectation.EnteredClock + ahead.Until(expectation.Shape.Quantile(Calibration.Deadline) * expectation.Days))) { }

    public ulong Key { get; } = key;
    public FleetZone Zone { get; } = zone;
    public bool Carried { get; } = carried;
    public double Entered { get; } = entered;
    public double Days { get; } = days;
    public RatioShape Shape { get; } = shape;
    public double Deadline { get; } = deadline;
    public bool Scored { get; set; }
    public bool Gone { get; set; }

    /// <summary>
    /// The level of the issued shape at which an arrival lies, in time as it was really paced: what a disruption did is the pace's business, and
    /// scoring it here too kept the bands a fifth too wide for a month after the strike of May 2018.
    /// </summary>
    public double LevelOf(double pacedDays) => Shape.Mass(pacedDays / Days);

    public void Write(BinaryWriter to, ShapeList shapes)
    {
        to.Write(Key);
        to.Write(Zone.Key);
        to.Write((byte)((Carried ? 1 : 0) | (Scored ? 2 : 0) | (Gone ? 4 : 0)));
        to.Write(Entered);
        to.Write(Days);
        to.Write(Deadline);
        to.Write(shapes.Number(Shape));
    }

    public static OpenWay Read(BinaryReader from, Fleet fleet, IReadOnlyList<RatioShape> shapes)
    {
        var (key, zoneKey, flags, entered, days, deadline, shape) =
            (from.ReadUInt64(), from.ReadUInt64(), from.ReadByte(), from.ReadDouble(), from.ReadDouble(), from.ReadDouble(), from.ReadInt32());
        if (!fleet.Zones.TryGetValue(zoneKey, out var zone) || shape < 0 || shape >= shapes.Count) throw new InvalidDataException("A parcel under way names a zone or a shape that is not there.");
        return new OpenWay(key, zone, (flags & 1) != 0, entered, days, shapes[shape], deadline) { Scored = (flags & 2) != 0, Gone = (flags & 4) != 0 };
    }
}

/// <summary>Shapes numbered as they are first named, so that each is written once however many parcels were issued with it.</summary>
internal sealed class ShapeList
{
    private readonly Dictionary<double[], int> _numbers = new(ReferenceEqualityComparer.Instance);
    private readonly List<RatioShape> _shapes = [];

    public int Number(RatioShape shape)
    {
        if (_numbers.TryGetValue(shape.Table, out var number)) return number;
        _numbers.Add(shape.Table, number = _shapes.Count);
        _shapes.Add(shape);
        return number;
    }

    public IReadOnlyList<RatioShape> All => _shapes;
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

    private double _seen, _expected, _recentSeen, _recentExpected, _doubt, _level;

    /// <summary>Logarithm of the level, in paced time.</summary>
    public double LogLevel { get; private set; }

    public void Write(BinaryWriter to)
    {
        foreach (var value in new[] { _seen, _expected, _recentSeen, _recentExpected, _doubt, _level, LogLevel }) to.Write(value);
    }

    public static PaceKeeper Read(BinaryReader from) => new()
    {
        _seen = from.ReadDouble(), _expected = from.ReadDouble(), _recentSeen = from.ReadDouble(), _recentExpected = from.ReadDouble(), _doubt = from.ReadDouble(), _level = from.ReadDouble(),
        LogLevel = from.ReadDouble(),
    };

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

        var common = Common;
        _level = LogLevel;
        LogLevel = Math.Clamp(LogLevel + LevelGain * Math.Clamp(Math.Log(common), -LevelStep, LevelStep), -Furthest, Furthest);
        foreach (var zone in fleet.Zones.Values)
        {
            var pace = PaceOf(zone, common, prior(zone));
            zone.Track = zone.Track.Close(zone.Clock, day, pace, LogLevel, Math.Log(pace), _doubt);
        }
    }

    /// <summary>A notice came or went during the day: what lies ahead runs at the new pace, the closed days stay as they were.</summary>
    public void Reprice(Fleet fleet, Func<FleetZone, double> prior)
    {
        var common = Common;
        foreach (var zone in fleet.Zones.Values) zone.Track = zone.Track.From(Math.Log(PaceOf(zone, common, prior(zone))));
    }

    private double Common => (_seen + Pseudo) / (_expected + Pseudo);

    private double PaceOf(FleetZone zone, double common, double prior)
        => Math.Clamp((zone.Seen + Pseudo * common * prior) / (zone.Expected + Pseudo), Slowest, Fastest) * Math.Exp(_level);
}
