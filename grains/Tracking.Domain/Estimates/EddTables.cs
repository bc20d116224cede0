using System.Collections.Frozen;
using System.Runtime.CompilerServices;

namespace Tracking.Domain.Estimates;

/// <summary>What a fleet (one carrier in one destination country) has in common: its week, its trust in evidence, the correction of its bounds.</summary>
internal sealed record FleetView(ImmutableArray<double> Profile, double[] HandlingWeights, double[] WayWeights, Levels HandlingLevels, Levels WayLevels)
{
    public static readonly FleetView Unknown = new(WeekProfile.Default, new double[Evidence.Count], new double[Evidence.Count], Levels.AsStated, Levels.AsStated);
}

/// <summary>
/// Whose deliveries feed what everybody reads. A retailer that did not opt in has books of its own: they start from the shared figures and give nothing back.
/// </summary>
internal sealed record Sharing(bool All, FrozenSet<ulong> Retailers)
{
    public static readonly Sharing Everybody = new(true, FrozenSet<ulong>.Empty), Nobody = new(false, FrozenSet<ulong>.Empty);

    /// <summary>Whose books a parcel is in; 0 for the shared ones.</summary>
    public ulong Owner(string? retailer)
    {
        if (All) return 0;
        var owner = Hash64.Retailer(retailer);
        return Retailers.Contains(owner) ? 0 : owner;
    }
}

/// <summary>A posted notice that holds now: the announced speed against usual, and what it is about (<see cref="NoticeKind"/>).</summary>
internal readonly record struct Announcement(double Pace, NoticeKind Kind, PaceTrack Track)
{
    public static Announcement Of(double pace, NoticeKind kind) => new(pace, kind, new PaceTrack(0, [], [0], 0, Math.Log(pace), 0));
}

/// <summary>
/// The learned numbers and the one way to read them; the learner reads its own while it writes them, a snapshot reads a frozen copy.
/// </summary>
internal sealed class EddTables(
    StatTable means, IReadOnlyDictionary<ulong, RatioShape> shapes, IReadOnlyDictionary<ulong, FleetView> fleets, IReadOnlyDictionary<ulong, PaceTrack> paces, ClockShelf clocks,
    IReadOnlyDictionary<ulong, Announcement> announced, IReadOnlyDictionary<ulong, string> regions, Sharing sharing)
{
    public const double HalfLifeDays = 60, PseudoCount = 8;
    public const double HandlingHalfLifeDays = 45, HandlingPseudoCount = 4;
    public static readonly double Decay = Math.Log(2) / HalfLifeDays, HandlingDecay = Math.Log(2) / HandlingHalfLifeDays;

    private static readonly ImmutableArray<RatioShape> ColdShapes = [.. TransitDays.Spreads.Select(s => RatioShape.Of(RatioShape.LogNormal(s)))];

    public StatTable Means => means;
    public IReadOnlyDictionary<ulong, RatioShape> Shapes => shapes;
    public IReadOnlyDictionary<ulong, FleetView> Fleets => fleets;
    public IReadOnlyDictionary<ulong, PaceTrack> Paces => paces;
    public ClockShelf Clocks => clocks;
    /// <summary>Notices that hold now, by <see cref="PlaceKey"/>.</summary>
    public IReadOnlyDictionary<ulong, Announcement> Announced => announced;
    /// <summary>Which region a postcode's first three characters lie in, as parcels told it.</summary>
    public IReadOnlyDictionary<ulong, string> Regions => regions;
    public Sharing Sharing { get; set; } = sharing;

    public PaceTrack Pace(in LaneKeys keys, in Announcement notice)
        => paces.TryGetValue(keys.Zone, out var track) || paces.TryGetValue(keys.Fleet, out track) ? track : notice.Track ?? PaceTrack.Usual;

    /// <summary>The week of a fleet; a retailer's own fleet speaks only once it has seen enough, until then the shared one does.</summary>
    public CarrierClock Clock(in LaneKeys keys, in LaneKeys shared, in JourneyFacts facts, out FleetView fleet)
    {
        var key = keys.Fleet;
        if (!fleets.TryGetValue(key, out var found) && !fleets.TryGetValue(key = shared.Fleet, out found)) found = FleetView.Unknown;
        fleet = found;
        return clocks.Of(key, found.Profile, facts.DestinationCountry, facts.DestinationRegion);
    }

    /// <summary>A country or a region of it, for one carrier (hash) or for all (0).</summary>
    public static ulong PlaceKey(ulong carrier, ulong country, ulong region) => Hash64.Key(Hash64.Mix(carrier, country), Hash64.Mix(region, 0x57032));

    /// <summary>The notice that holds for a parcel's destination now: the slowest of those that fit.</summary>
    public Announcement NoticeFor(ulong carrier, string? country, string? region)
    {
        Announcement notice = default;
        if (announced.Count == 0 || country is null) return notice;
        var (land, state) = (Hash64.Text(country), Hash64.Text(region));
        Slower(ref notice, PlaceKey(0, land, 0));
        if (carrier != 0) Slower(ref notice, PlaceKey(carrier, land, 0));
        if (state == 0) return notice;
        Slower(ref notice, PlaceKey(0, land, state));
        if (carrier != 0) Slower(ref notice, PlaceKey(carrier, land, state));
        return notice;
    }

    private void Slower(ref Announcement known, ulong place)
    {
        if (announced.TryGetValue(place, out var here) && (known.Kind == NoticeKind.None || here.Pace < known.Pace)) known = here;
    }

    public static ulong PostcodeKey(string? country, string? postcode)
        => Hash64.Text(postcode, 3) is var first and not 0 && Hash64.Text(country) is var land and not 0 ? Hash64.Key(Hash64.Mix(land, first), 0x21B) : 0;

    /// <summary>
    /// Where a stage's statistics start: for shared books the published days; for a retailer's own books what the shared ones expect, in plain days.
    /// </summary>
    public TransitDays Prior(in LaneKeys shared, in JourneyFacts facts, JourneyStage stage, ulong owner, double now)
    {
        var published = TransitDays.Of(stage, shared.Carrier, shared.Service, facts.OriginCountry, facts.DestinationCountry);
        if (owner == 0) return published;
        var track = Pace(shared, default);
        var days = Expected(shared, stage, published, track.LogLevel, now);
        return published with { MedianDays = stage == JourneyStage.Handling ? days : days / track.Level };
    }

    /// <summary>The same for the gap between two scans.</summary>
    public TransitDays GapPrior(in LaneKeys sharedGaps, JourneyStage stage, ulong owner, double now)
    {
        var cold = ScanGaps.Prior(stage);
        return owner == 0 ? cold : cold with { MedianDays = Expected(sharedGaps, JourneyStage.Transit, cold, 0, now) };
    }

    /// <summary>
    /// Expected days of the stage, in paced time (of handling: in plain clock time), before evidence. Lanes below the fleet are kept relative to the
    /// paced time itself, which has no zero: an unknown lane starts at the fleet's present level.
    /// </summary>
    public double Expected(in LaneKeys keys, JourneyStage stage, TransitDays prior, double logLevel, double now)
    {
        var days = ExpectedOnLane(keys, stage, prior, logLevel, now);
        return keys.Depot == 0 ? days : days * Math.Exp(means.Shrunk(keys.Depot, 0, PseudoCount, now, Decay));
    }

    /// <summary>The same before the depot's own share is added.</summary>
    public double ExpectedOnLane(in LaneKeys keys, JourneyStage stage, TransitDays prior, double logLevel, double now)
    {
        var handling = stage == JourneyStage.Handling;
        var (decay, pseudo) = handling ? (HandlingDecay, HandlingPseudoCount) : (Decay, PseudoCount);
        var correction = means.Shrunk(keys[0], 0, pseudo, now, decay);   // logarithm of actual / published
        if (!handling) correction += logLevel;
        for (var level = 1; level < LaneKeys.Levels; level++)
            if (keys[level] != 0) correction = means.Shrunk(keys[level], correction, pseudo, now, decay);
        return prior.MedianDays * Math.Exp(correction);
    }

    /// <summary>The finest shape known; <paramref name="shared"/> speaks where a retailer's own books have none.</summary>
    public RatioShape Shape(in LaneKeys keys, in LaneKeys shared, TransitDays prior)
        => shapes.TryGetValue(keys.Group, out var shape) || shapes.TryGetValue(keys.GroupParent, out shape)
            || shapes.TryGetValue(shared.Group, out shape) || shapes.TryGetValue(shared.GroupParent, out shape) || shapes.TryGetValue(shared[0], out shape)
            ? shape : ColdShapes[prior.Spread];

    /// <summary>All that an estimate needs of one parcel. False when the journey is over.</summary>
    public bool TryExpect(in JourneyFacts facts, long nowTicks, out Expectation expectation)
    {
        Unsafe.SkipInit(out expectation);
        if (facts.Stage >= JourneyStage.Over) return false;

        var zone = ZoneOffsets.Of(facts.DestinationZone, facts.DestinationCountry);
        var enteredTicks = facts.StageEnteredAt == default ? nowTicks : Math.Min(facts.StageEnteredAt.UtcTicks, nowTicks);
        var now = CarrierClock.LocalDays(zone.ToLocal(nowTicks));
        var entered = CarrierClock.LocalDays(zone.ToLocal(enteredTicks));

        var handling = facts.Stage == JourneyStage.Handling;
        var owner = Sharing.Owner(facts.Retailer);
        var shared = new LaneKeys(facts, facts.Stage);
        var keys = shared.OwnedBy(owner);
        var notice = NoticeFor(shared.Carrier, facts.DestinationCountry, facts.DestinationRegion);
        var clock = Clock(keys, shared, facts, out var fleet);
        var track = Pace(keys, notice);
        var prior = Prior(shared, facts, facts.Stage, owner, now);
        var packing = 0.0;
        var expected = Expected(keys, facts.Stage, prior, track.LogLevel, now);
        if (handling)
        {
            // The stages are added by their expected days and share one shape of the whole remaining way: adding quantiles would claim too wide a band.
            packing = expected;
            var sharedWay = new LaneKeys(facts, JourneyStage.Transit);
            var way = sharedWay.OwnedBy(owner);
            prior = Prior(sharedWay, facts, JourneyStage.Transit, owner, now);
            expected += Expected(way, JourneyStage.Transit, prior, track.LogLevel, now);
            keys = keys.WithGroupOf(way);
            shared = shared.WithGroupOf(sharedWay);
        }

        Span<double> x = stackalloc double[Evidence.Count];
        var enteredClock = clock.At(entered);
        Evidence.Features(facts, clock, enteredClock, Math.Log(expected) - (handling ? 0 : track.LogLevel), x);
        var told = facts.Stage <= JourneyStage.Transit ? Math.Exp(Evidence.Apply(handling ? fleet.HandlingWeights : fleet.WayWeights, x)) : 1;
        var carried = (expected - packing) / track.Level;   // in plain days, at the usual level
        var share = carried / (packing + carried);
        expectation = new Expectation(clock, zone, track, Shape(keys, shared, prior), expected * told, packing * told, share, enteredClock,
            handling ? clock.At(now) - enteredClock : track.At(clock, now) - track.At(clock, entered), now, facts.Stage,
            handling ? fleet.HandlingLevels : facts.Stage == JourneyStage.Transit ? fleet.WayLevels : Levels.AsStated, expected, x[1], x[2], notice.Kind);
        return true;
    }

    /// <summary>The finest level of which something was really seen.</summary>
    public EstimateBasis BasisOf(in JourneyFacts facts, double now)
    {
        var stage = facts.Stage == JourneyStage.Handling ? JourneyStage.Transit : facts.Stage;
        var shared = new LaneKeys(facts, stage);
        var owner = Sharing.Owner(facts.Retailer);
        var own = shared.OwnedBy(owner);
        for (var level = LaneKeys.Levels - 1; level >= 0; level--)
            if (shared[level] != 0 && (Seen(shared[level], now) || owner != 0 && Seen(own[level], now)))
                return (EstimateBasis)(level + 1);
        return EstimateBasis.Published;
    }

    private bool Seen(ulong key, double now) => means.Weight(key, now, Decay) >= PseudoCount / 2;
}

/// <summary>One parcel's lane in numbers at one moment.</summary>
/// <param name="Days">Expected days of the whole remaining way, counted from the stage's beginning.</param>
/// <param name="Packing">The part of them before hand-over.</param>
/// <param name="WayShare">The other part's share of the time.</param>
/// <param name="Elapsed">Days gone by since the stage began, paced where the carrier has the parcel.</param>
/// <param name="Now">Local days at the door.</param>
/// <param name="Untold">The days before evidence; <paramref name="Date"/> and <paramref name="Distance"/> are its features.</param>
/// <param name="Notice">What an operator announced for the destination, if anything holds now.</param>
internal readonly record struct Expectation(
    CarrierClock Clock, ZoneOffsets Zone, PaceTrack Track, RatioShape Shape, double Days, double Packing, double WayShare, double EnteredClock,
    double Elapsed, double Now, JourneyStage Stage, Levels Levels,
    double Untold, double Date, double Distance, NoticeKind Notice)
{
    /// <summary>Progress ahead. <paramref name="recovered"/> as in <see cref="PaceAhead.Of"/>.</summary>
    public PaceAhead Ahead(double recovered)
    {
        var ahead = PaceAhead.Of(Track, recovered);
        return Stage == JourneyStage.Handling ? ahead.After(Math.Max(Packing - Elapsed, 0), WayShare) : ahead;
    }
}

/// <summary>What an estimate rests on, coarse to fine. "Published" is the carrier's own word and nothing seen.</summary>
public enum EstimateBasis : byte
{
    Published = 0,
    /// <summary>Parcels of every carrier.</summary>
    AllParcels = 1,
    Carrier = 2,
    Service = 3,
    /// <summary>This service between these two countries.</summary>
    CountryPair = 4,
    DestinationRegion = 5,
    /// <summary>Origin region to destination region.</summary>
    Lane = 6,
    /// <summary>That lane, and the first three characters of the destination's postcode.</summary>
    Postcode = 7,
}
