using System.Collections.Frozen;

namespace Tracking.Domain.Estimates;

/// <summary>
/// One finished wait: the parcel of these facts came into a stage and, later, to the end that the stage counts to (hand-over for
/// <see cref="JourneyStage.Handling"/>, the door for every other).
/// </summary>
/// <param name="Journey">The same number for every stage of one journey (a hash of its key); 0 when unknown: then nothing is scored.</param>
[GenerateSerializer, Immutable, Alias("tracking.closed-stage")]
public readonly record struct ClosedStage(
    [property: Id(0)] JourneyFacts Facts,
    [property: Id(1)] JourneyStage Stage,
    [property: Id(2)] DateTimeOffset EnteredAt,
    [property: Id(3)] DateTimeOffset EndedAt,
    [property: Id(4)] ulong Journey = 0);

/// <summary>
/// A dated notice of storm, strike or peak: what the world says before deliveries do. Used only after <paramref name="PublishedAt"/>.
/// </summary>
/// <param name="Carrier">Slug; null for every carrier.</param>
/// <param name="Country">Destination country.</param>
/// <param name="Region">Destination region; null for the whole country.</param>
/// <param name="Pace">Announced speed against usual, 0.3 to 1.6: half the deliveries is 0.5.</param>
/// <param name="Kind">What it is about; shoppers are told.</param>
/// <param name="Id">Names it, so that it can be posted twice and taken back; null for one that never is.</param>
[GenerateSerializer, Immutable, Alias("tracking.route-notice")]
public sealed record RouteNotice(
    [property: Id(0)] string? Carrier,
    [property: Id(1)] string Country,
    [property: Id(2)] string? Region,
    [property: Id(3)] DateTimeOffset From,
    [property: Id(4)] DateTimeOffset To,
    [property: Id(5)] DateTimeOffset PublishedAt,
    [property: Id(6)] double Pace,
    [property: Id(7)] NoticeKind Kind = NoticeKind.Other,
    [property: Id(8)] string? Id = null);

/// <summary>What a notice is about. The numbers are stored; none is reused.</summary>
[GenerateSerializer, Alias("tracking.notice-kind")]
public enum NoticeKind : byte { None = 0, Storm = 1, Strike = 2, Peak = 3, Closure = 4, Other = 5 }

/// <summary>
/// Learns from what happens and publishes snapshots. Told, in the order in which things became known: journeys that begin
/// (<see cref="Begin"/>), waits that end (<see cref="Learn"/>), and time itself (<see cref="Advance"/>). One writer; not safe for several threads.
/// The same calls in the same order give the same snapshots, bit for bit.
/// </summary>
public sealed partial class EddLearner
{
    /// <summary>Journeys under way that are remembered; beyond it new ones are learned from but not scored or expected.</summary>
    public const int MostOpen = 2_000_000;
    private const int ForgetAfterDays = 60, MostNotices = 1_000, SpeaksFrom = 200, MostRegions = 100_000;

    private readonly Dictionary<ulong, RatioHistogram> _histograms = [];
    private readonly Dictionary<ulong, RatioShape> _shapes = [];
    private readonly Dictionary<ulong, Fleet> _fleets = [];
    private readonly Dictionary<ulong, FleetView> _views = [];
    private readonly Dictionary<ulong, PaceTrack> _paces = [];
    private readonly Dictionary<ulong, OpenWay> _open = [];
    private readonly List<(RouteNotice Notice, ulong Carrier)> _notices = [];
    private readonly Dictionary<ulong, Announcement> _announced = [];
    private readonly Dictionary<ulong, string> _regions = [];
    private readonly ClockShelf _clocks = new();
    private readonly EddTables _tables;
    private StatTable _means;
    private FrozenDictionary<ulong, string>? _frozenRegions;
    private DateTimeOffset _now = DateTimeOffset.MinValue, _publishedAt = DateTimeOffset.UnixEpoch;
    private long _published;

    /// <param name="sharing">True: all deliveries feed the same books (replays of one set of recordings). False: only those of retailers in <see cref="Share"/>.</param>
    public EddLearner(bool sharing = true) : this(new StatTable(), sharing ? Sharing.Everybody : Sharing.Nobody) { }

    private EddLearner(StatTable means, Sharing sharing)
        => _tables = new EddTables(_means = means, _shapes, _views, _paces, _clocks, _announced, _regions, sharing);

    /// <summary>From here on the deliveries of these retailers, and only theirs, feed the shared books. What was learned before stays where it is.</summary>
    /// <returns>True when that is a change.</returns>
    public bool Share(IEnumerable<string> retailers)
    {
        var owners = retailers.Select(Hash64.Retailer).ToFrozenSet();
        if (!_tables.Sharing.All && _tables.Sharing.Retailers.SetEquals(owners)) return false;
        _tables.Sharing = new Sharing(false, owners);
        return true;
    }

    /// <summary>True when the retailer's deliveries feed the shared books.</summary>
    public bool Shares(string? retailer) => _tables.Sharing.Owner(retailer) == 0;

    /// <summary>Waits learned so far.</summary>
    public long Learned { get; private set; }
    /// <summary>Waits refused so far, because their end lies before their beginning or more than a year after it.</summary>
    public long Refused { get; private set; }
    /// <summary>Journeys under way that are remembered.</summary>
    public int Open => _open.Count;

    /// <summary>Time passes: days that ended are closed (pace, level, calibration). Going back does nothing.</summary>
    public void Advance(DateTimeOffset now)
    {
        if (now <= _now) return;
        _now = now;
        if (_notices.Count > 0) Announce();
        var closed = false;
        foreach (var fleet in _fleets.Values)
        {
            var today = (int)CarrierClock.LocalDays(fleet.Offsets.ToLocal(now.UtcTicks));
            if (fleet.Today < 0) fleet.Today = today;
            if (today - fleet.Today > ForgetAfterDays) fleet.Today = today - ForgetAfterDays;   // after a long pause the far past is not replayed day by day
            for (; fleet.Today < today; fleet.Today++)
            {
                CloseDay(fleet, fleet.Today);
                closed = true;
            }
        }
        if (closed) RefreshShapes();
    }

    /// <summary>A journey begins a stage (<see cref="JourneyStage.Handling"/> at the order, <see cref="JourneyStage.Transit"/> at hand-over; others are not followed).</summary>
    public void Begin(ulong journey, in JourneyFacts facts)
    {
        if (journey == 0 || facts.Stage > JourneyStage.Transit || _open.Count >= MostOpen) return;
        var carried = facts.Stage == JourneyStage.Transit;
        var key = OpenKey(journey, carried);
        if (_open.ContainsKey(key)) return;
        var zone = Zone(Keys(facts, facts.Stage), facts);
        if (!_tables.TryExpect(facts, facts.StageEnteredAt.UtcTicks, out var expectation)) return;
        var way = new OpenWay(key, zone, carried, expectation, expectation.Ahead(0));
        _open.Add(key, way);
        zone.Fleet.Open.Add(way);
    }

    /// <summary>A journey ended without a delivery (returned, cancelled, lost): nothing is learned from it.</summary>
    public void Drop(ulong journey)
    {
        Remove(journey, carried: false);
        Remove(journey, carried: true);
    }

    /// <summary>Learns one finished wait; false (and counted) when its times are impossible.</summary>
    public bool Learn(in ClosedStage closed)
    {
        if (closed.Stage >= JourneyStage.Over || closed.EndedAt < closed.EnteredAt || closed.EndedAt - closed.EnteredAt > TimeSpan.FromDays(366))
        {
            Refused++;
            return false;
        }
        var facts = closed.Facts with { Stage = closed.Stage, StageEnteredAt = closed.EnteredAt };
        var shared = new LaneKeys(facts, closed.Stage);
        var owner = _tables.Sharing.Owner(facts.Retailer);
        var keys = shared.OwnedBy(owner);
        var zone = Zone(keys, facts);
        if (!_tables.TryExpect(facts, closed.EndedAt.UtcTicks, out var expected)) return false;
        LearnRegion(facts.DestinationCountry, facts.DestinationPostalCode, facts.DestinationRegion);
        LearnRegion(facts.OriginCountry, facts.OriginPostalCode, facts.OriginRegion);

        var handling = closed.Stage == JourneyStage.Handling;
        var days = Math.Max(expected.Elapsed, 1.0 / 48);
        var decay = handling ? EddTables.HandlingDecay : EddTables.Decay;
        var prior = _tables.Prior(shared, facts, closed.Stage, owner, expected.Now);
        var correction = Math.Log(days / prior.MedianDays);
        if (closed.Stage == JourneyStage.Transit) LearnDelivery(closed, facts, keys, prior, zone, expected, days);
        else if (!handling) LearnShape(keys, days / expected.Days, expected.Now, prior);

        if (keys.Depot != 0)
        {
            var onLane = _tables.ExpectedOnLane(keys, closed.Stage, prior, expected.Track.LogLevel, expected.Now);
            _means.Add(keys.Depot, Math.Log(days / onLane), 1, expected.Now, decay);
        }
        _means.Add(keys[0], handling ? correction : correction - expected.Track.LogLevel, 1, expected.Now, decay);
        for (var level = 1; level < LaneKeys.Levels; level++)
            if (keys[level] != 0) _means.Add(keys[level], correction, 1, expected.Now, decay);
        Learned++;
        return true;
    }

    /// <summary>Learns how long it was from one scan to the next within a stage. False when the times are impossible.</summary>
    public bool LearnGap(in JourneyFacts facts, DateTimeOffset from, DateTimeOffset to)
    {
        if (facts.Stage >= JourneyStage.Over || to < from || to - from > TimeSpan.FromDays(366)) return false;
        var shared = new LaneKeys(facts, facts.Stage).OfGaps();
        var owner = _tables.Sharing.Owner(facts.Retailer);
        var keys = shared.OwnedBy(owner);
        var zone = ZoneOffsets.Of(facts.DestinationZone, facts.DestinationCountry);
        var clock = _tables.Clock(keys, shared, facts, out _);
        var now = CarrierClock.LocalDays(zone.ToLocal(to.UtcTicks));
        var days = Math.Max(clock.At(now) - clock.At(CarrierClock.LocalDays(zone.ToLocal(from.UtcTicks))), 1.0 / 144);
        var prior = _tables.GapPrior(shared, facts.Stage, owner, now);
        LearnShape(keys, days / _tables.Expected(keys, JourneyStage.Transit, prior, 0, now), now, prior);
        for (var level = 0; level < LaneKeys.Levels; level++)
            if (keys[level] != 0) _means.Add(keys[level], Math.Log(days / prior.MedianDays), 1, now, EddTables.Decay);
        return true;
    }

    /// <summary>
    /// Posts a notice; false when it is out of bounds or too many are known. It counts from its publication, and never against what deliveries say. One with an id
    /// that is known replaces it.
    /// </summary>
    public bool Post(RouteNotice notice)
    {
        ArgumentNullException.ThrowIfNull(notice);
        if (notice.To <= notice.From || notice.Pace is < 0.3 or > 1.6) return false;
        if (notice.Id is not null) _notices.RemoveAll(n => n.Notice.Id == notice.Id);
        if (_notices.Count >= MostNotices) _notices.RemoveAll(n => n.Notice.To < _now.AddDays(-1));
        if (_notices.Count >= MostNotices) return false;
        _notices.Add((notice, Hash64.Text(notice.Carrier)));
        if (_now > DateTimeOffset.MinValue) Announce();
        return true;
    }

    /// <summary>Takes a notice back: from here on it counts no more.</summary>
    public bool Retract(string id)
    {
        var known = _notices.RemoveAll(n => n.Notice.Id == id) > 0;
        if (known && _now > DateTimeOffset.MinValue) Announce();
        return known;
    }

    // Which notices hold now. A change reaches the paces at once: nobody waits for midnight to hear of a storm.
    private void Announce()
    {
        if (!Hold()) return;
        foreach (var fleet in _fleets.Values)
        {
            if (fleet.Today < 0) continue;
            fleet.Pace.Reprice(fleet, zone => Announced(fleet, zone, _now));
            foreach (var (key, zone) in fleet.Zones) _paces[key] = zone.Track;
        }
    }

    private bool Hold()
    {
        var held = new Dictionary<ulong, (double Pace, NoticeKind Kind)>();
        foreach (var (notice, carrier) in _notices)
        {
            if (notice.PublishedAt > _now || _now < notice.From || _now > notice.To) continue;
            var place = EddTables.PlaceKey(carrier, Hash64.Text(notice.Country), Hash64.Text(notice.Region));
            if (!held.TryGetValue(place, out var known) || notice.Pace < known.Pace) held[place] = (notice.Pace, notice.Kind);
        }
        if (held.Count == _announced.Count && held.All(h => _announced.TryGetValue(h.Key, out var known) && known.Pace == h.Value.Pace && known.Kind == h.Value.Kind)) return false;
        _announced.Clear();
        foreach (var (place, (pace, kind)) in held) _announced.Add(place, Announcement.Of(pace, kind));
        return true;
    }

    /// <summary>Freezes what was learned up to this moment under the next id.</summary>
    public EddSnapshot Publish(DateTimeOffset asOf)
    {
        Advance(asOf);
        RefreshShapes();
        _published++;
        _publishedAt = asOf;
        return Frozen();
    }

    /// <summary>The snapshot as it was last published, when nothing was learned since; of a learner that was read back, the one it was written with.</summary>
    public EddSnapshot Frozen() => new(_published, _publishedAt, new EddTables(_means.Copy(), _shapes.ToFrozenDictionary(), _views.ToFrozenDictionary(), _paces.ToFrozenDictionary(), _clocks,
        _announced.ToFrozenDictionary(), _frozenRegions ??= _regions.ToFrozenDictionary(), _tables.Sharing));

    /// <summary>Id of the newest snapshot; 0 before the first.</summary>
    public long Published => _published;

    /// <summary>What the newest snapshot is as of.</summary>
    public DateTimeOffset PublishedAt => _publishedAt;

    /// <summary>Snapshots up to this id were given out by somebody before: the next one is above it.</summary>
    public void GoOnAfter(long id) => _published = Math.Max(_published, id);

    /// <summary>Parcels under way that are past the instant by which 97 of 100 like them had arrived.</summary>
    public int PastDeadline
    {
        get
        {
            var late = 0;
            foreach (var way in _open.Values)
                if (way.Scored) late++;
            return late;
        }
    }

    /// <summary>Up to when time has passed.</summary>
    public DateTimeOffset Now => _now;

    private LaneKeys Keys(in JourneyFacts facts, JourneyStage stage) => new LaneKeys(facts, stage).OwnedBy(_tables.Sharing.Owner(facts.Retailer));

    private void LearnRegion(string? country, string? postcode, string? region)
    {
        if (region is null or { Length: 0 or > 10 } || EddTables.PostcodeKey(country, postcode) is not (var key and not 0)) return;
        if (_regions.TryGetValue(key, out var known) ? known == region : _regions.Count >= MostRegions) return;
        _regions[key] = region;
        _frozenRegions = null;
    }

    private void LearnDelivery(in ClosedStage closed, in JourneyFacts facts, in LaneKeys keys, TransitDays prior, FleetZone zone, in Expectation expected, double days)
    {
        var fleet = zone.Fleet;
        if (Remove(closed.Journey, carried: true) is { } way)
        {
            // A delivery of last week that is only told now says nothing about the pace of today.
            if ((int)way.Entered < (int)expected.Now && (int)expected.Now >= fleet.Today - 1) zone.SeenToday++;
            fleet.WayBounds.Ended(heardOf: true);
            if (!way.Scored) fleet.WayBounds.Score(way.LevelOf(days));
        }
        fleet.CountDelivery(expected.Now, zone.Region);
        LearnShape(keys, days / expected.Days, expected.Now, prior);
        fleet.WayEvidence.Add([1, expected.Date, expected.Distance], Math.Log(days / expected.Untold), expected.Now);

        var packed = Remove(closed.Journey, carried: false);
        if (facts.OrderedAt is not { } ordered || ordered > closed.EnteredAt) return;

        // The whole way from the order, judged as it would be today: packing in plain clock days, the carrier's part in paced ones.
        var order = facts with { Stage = JourneyStage.Handling, StageEnteredAt = ordered };
        if (!_tables.TryExpect(order, closed.EndedAt.UtcTicks, out var whole)) return;
        var wholeDays = Math.Max(expected.EnteredClock - whole.EnteredClock + days, 1.0 / 48);
        if (packed is not null)
        {
            fleet.HandlingBounds.Ended(heardOf: true);
            if (!packed.Scored) fleet.HandlingBounds.Score(packed.LevelOf(wholeDays));
        }
        LearnShape(Keys(order, JourneyStage.Handling).WithGroupOf(keys), wholeDays / whole.Days, whole.Now, prior);
        fleet.HandlingEvidence.Add([1, whole.Date, whole.Distance], Math.Log(wholeDays / whole.Untold), whole.Now);
    }

    private void LearnShape(in LaneKeys keys, double ratio, double now, TransitDays prior)
    {
        Histogram(keys[0], 0, prior).Add(ratio, now);
        if (keys.GroupParent != keys[0]) Histogram(keys.GroupParent, keys[0], prior).Add(ratio, now);
        if (keys.Group != 0 && keys.Group != keys.GroupParent) Histogram(keys.Group, keys.GroupParent, prior).Add(ratio, now);
    }

    private RatioHistogram Histogram(ulong key, ulong parent, TransitDays prior)
    {
        if (!_histograms.TryGetValue(key, out var histogram)) _histograms.Add(key, histogram = new RatioHistogram(parent, prior.Spread));
        return histogram;
    }

    private void RefreshShapes()
    {
        _shapes.Clear();
        foreach (var key in _histograms.Keys) Shape(key);
    }

    private RatioShape Shape(ulong key)
    {
        if (_shapes.TryGetValue(key, out var shape)) return shape;
        var histogram = _histograms[key];
        var parent = histogram.Parent == 0 ? RatioShape.Of(RatioShape.LogNormal(TransitDays.Spreads[histogram.Spread])) : Shape(histogram.Parent);
        _shapes.Add(key, shape = histogram.Shrunk(parent));
        return shape;
    }

    private FleetZone Zone(in LaneKeys keys, in JourneyFacts facts)
    {
        if (!_fleets.TryGetValue(keys.Fleet, out var fleet))
        {
            _fleets.Add(keys.Fleet, fleet = new Fleet(keys.Fleet, keys.Carrier, _tables.Sharing.Owner(facts.Retailer) != 0, facts.DestinationCountry, ZoneOffsets.Of(null, facts.DestinationCountry)));
            if (_now > DateTimeOffset.MinValue) fleet.Today = (int)CarrierClock.LocalDays(fleet.Offsets.ToLocal(_now.UtcTicks));
            AddZone(fleet, keys.Fleet, null);   // where parcels without a region are, and whose pace unknown regions take
        }
        return fleet.Zones.TryGetValue(keys.Zone, out var zone) ? zone : AddZone(fleet, keys.Zone, facts.DestinationRegion);
    }

    private FleetZone AddZone(Fleet fleet, ulong key, string? region)
    {
        var zone = new FleetZone(key, fleet, region, _clocks.Of(fleet.Key, fleet.Profile, fleet.Country, region));
        if (fleet.Zones.TryGetValue(fleet.Key, out var whole)) zone.Track = new PaceTrack(0, [], [0], whole.Track.LogLevel, whole.Track.LogPace, whole.Track.Doubt);
        fleet.Zones.Add(key, zone);
        _paces[key] = zone.Track;
        return zone;
    }

    private OpenWay? Remove(ulong journey, bool carried)
    {
        if (journey == 0 || !_open.Remove(OpenKey(journey, carried), out var way)) return null;
        way.Gone = true;   // its fleet's list drops it when the day closes
        return way;
    }

    private static ulong OpenKey(ulong journey, bool carried) => Hash64.Key(journey, carried ? 2UL : 1UL);

    private void CloseDay(Fleet fleet, int day)
    {
        var level = Math.Exp(fleet.Pace.LogLevel);
        foreach (var way in fleet.Open)   // with those that ended during the day: at its beginning they were still out
        {
            if (!way.Scored && !way.Gone && way.Deadline < day + 1)
            {
                way.Scored = true;
                (way.Carried ? fleet.WayBounds : fleet.HandlingBounds).Score(1);
            }
            if (way.Carried && way.Entered < day) Expect(way, day, level);
            if (day - way.Entered > ForgetAfterDays && _open.Remove(way.Key))
            {
                way.Gone = true;
                (way.Carried ? fleet.WayBounds : fleet.HandlingBounds).Ended(heardOf: false);
            }
        }
        fleet.Open.RemoveAll(static way => way.Gone);
        var midnight = new DateTimeOffset(fleet.Offsets.ToUtc(CarrierClock.LocalTicks(day + 1)), TimeSpan.Zero);
        fleet.Pace.Close(fleet, day, zone => Announced(fleet, zone, midnight));
        if (day % 7 == 0)
        {
            fleet.LearnProfile();
            foreach (var zone in fleet.Zones.Values)
            {
                zone.Clock = _clocks.Of(fleet.Key, fleet.Profile, fleet.Country, zone.Region);
                zone.Track = zone.Track.On(zone.Clock);
            }
        }
        foreach (var (key, zone) in fleet.Zones) _paces[key] = zone.Track;
        if (!fleet.IsOwned || fleet.Deliveries >= SpeaksFrom)
            _views[fleet.Key] = new FleetView(fleet.Profile, fleet.HandlingEvidence.Weights(), fleet.WayEvidence.Weights(), fleet.HandlingBounds.Corrected(), fleet.WayBounds.Corrected());
    }

    // The chance that a parcel still out at the day's beginning is delivered during the day, at the fleet's usual level.
    private static void Expect(OpenWay way, int day, double level)
    {
        const double Lost = 0.98;
        var (clock, track) = (way.Zone.Clock, way.Zone.Track);
        var elapsed = track.At(clock, day) - track.At(clock, way.Entered);
        var before = way.Shape.Mass(elapsed / way.Days);
        if (before >= Lost) return;
        var after = way.Shape.Mass((elapsed + (clock.AtMidnight(day + 1) - clock.AtMidnight(day)) * level) / way.Days);
        way.Zone.ExpectedToday += (after - before) / (1 - before) * way.Zone.Fleet.WayBounds.HeardOf;
    }

    private double Announced(Fleet fleet, FleetZone zone, DateTimeOffset at)
    {
        var pace = 1.0;
        foreach (var (notice, carrier) in _notices)
        {
            if (notice.PublishedAt > at || at < notice.From || at > notice.To) continue;
            if ((carrier == 0 || carrier == fleet.Carrier) && string.Equals(notice.Country, fleet.Country, StringComparison.OrdinalIgnoreCase)
                && (notice.Region is null || Hash64.Text(notice.Region) == Hash64.Text(zone.Region))) pace = pace == 1 ? notice.Pace : Math.Min(pace, notice.Pace);
        }
        return pace;
    }
}

/// <summary>A decayed histogram of ratios that is still learning.</summary>
internal sealed class RatioHistogram(ulong parent, int spread)
{
    internal const double HalfLifeDays = 45;
    private const double PseudoCount = 40;

    private readonly double[] _mass = new double[RatioBins.Size];
    private double _scale = 1;   // newer observations weigh more, instead of fading 65 older ones each time
    private double _at;

    public ulong Parent { get; } = parent;
    public int Spread { get; } = spread;

    public void Write(BinaryWriter to)
    {
        to.Write(Parent);
        to.Write(Spread);
        to.Write(_scale);
        to.Write(_at);
        foreach (var mass in _mass) to.Write(mass);
    }

    public static RatioHistogram Read(BinaryReader from)
    {
        var (parent, spread) = (from.ReadUInt64(), from.ReadInt32());
        if (spread < 0 || spread >= TransitDays.Spreads.Length) throw new InvalidDataException("A histogram has a spread that is not ours.");
        var histogram = new RatioHistogram(parent, spread) { _scale = from.ReadDouble(), _at = from.ReadDouble() };
        for (var bin = 0; bin < RatioBins.Size; bin++) histogram._mass[bin] = from.ReadDouble();
        return histogram;
    }

    public void Add(double ratio, double now)
    {
        if (_at == 0) _at = now;
        if (now > _at)
        {
            _scale *= Math.Exp(Math.Log(2) / HalfLifeDays * (now - _at));
            _at = now;
        }
        if (_scale > 1e6)
        {
            for (var bin = 0; bin < _mass.Length; bin++) _mass[bin] /= _scale;
            _scale = 1;
        }
        _mass[(int)RatioBins.Position(ratio)] += _scale;
    }

    public RatioShape Shrunk(RatioShape parent)
    {
        var below = parent.Below;
        Span<double> mass = stackalloc double[RatioBins.Size];
        for (var bin = 0; bin < RatioBins.Size; bin++) mass[bin] = _mass[bin] / _scale + PseudoCount * (below[bin + 1] - below[bin]);
        return RatioShape.Of(mass);
    }
}
