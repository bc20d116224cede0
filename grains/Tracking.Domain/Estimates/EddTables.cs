using System.Runtime.CompilerServices;

namespace Tracking.Domain.Estimates;

/// <summary>What a fleet (one carrier in one destination country) has in common: its week, its trust in evidence, the correction of its bounds.</summary>
internal sealed record FleetView(ImmutableArray<double> Profile, double[] HandlingWeights, double[] WayWeights, Levels HandlingLevels, Levels WayLevels)
{
    public static readonly FleetView Unknown = new(WeekProfile.Default, new double[Evidence.Count], new double[Evidence.Count], Levels.AsStated, Levels.AsStated);
}

/// <summary>
/// The learned numbers and the one way to read them; the learner reads its own while it writes them, a snapshot reads a frozen copy.
/// </summary>
internal sealed class EddTables(StatTable means, IReadOnlyDictionary<ulong, RatioShape> shapes, IReadOnlyDictionary<ulong, FleetView> fleets, IReadOnlyDictionary<ulong, PaceTrack> paces, ClockShelf clocks)
{
    public const double HalfLifeDays = 60, PseudoCount = 8;
    public const double HandlingHalfLifeDays = 45, HandlingPseudoCount = 4;
    public static readonly double Decay = Math.Log(2) / HalfLifeDays, HandlingDecay = Math.Log(2) / HandlingHalfLifeDays;

    private static readonly ImmutableArray<RatioShape> ColdShapes = [.. TransitDays.Spreads.Select(s => RatioShape.Of(RatioShape.LogNormal(s)))];

    public StatTable Means => means;
    public IReadOnlyDictionary<ulong, RatioShape> Shapes => shapes;
    public IReadOnlyDictionary<ulong, FleetView> Fleets => fleets;
    public IReadOnlyDictionary<ulong, PaceTrack> Paces => paces;

    public FleetView Fleet(in LaneKeys keys) => fleets.TryGetValue(keys.Fleet, out var fleet) ? fleet : FleetView.Unknown;

    public PaceTrack Pace(in LaneKeys keys)
        => paces.TryGetValue(keys.Zone, out var track) || paces.TryGetValue(keys.Fleet, out track) ? track : PaceTrack.Usual;

    public CarrierClock Clock(in LaneKeys keys, in JourneyFacts facts) => clocks.Of(keys.Fleet, Fleet(keys).Profile, facts.DestinationCountry, facts.DestinationRegion);

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

    public RatioShape Shape(in LaneKeys keys, TransitDays prior)
        => shapes.TryGetValue(keys.Group, out var shape) || shapes.TryGetValue(keys.GroupParent, out shape) || shapes.TryGetValue(keys[0], out shape)
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
        var keys = new LaneKeys(facts, facts.Stage);
        var fleet = Fleet(keys);
        var track = Pace(keys);
        var clock = clocks.Of(keys.Fleet, fleet.Profile, facts.DestinationCountry, facts.DestinationRegion);
        var prior = TransitDays.Of(facts.Stage, keys.Carrier, keys.Service, facts.OriginCountry, facts.DestinationCountry);
        var packing = 0.0;
        var expected = Expected(keys, facts.Stage, prior, track.LogLevel, now);
        if (handling)
        {
            // The stages are added by their expected days and share one shape of the whole remaining way: adding quantiles would claim too wide a band.
            packing = expected;
            var way = new LaneKeys(facts, JourneyStage.Transit);
            prior = TransitDays.Of(JourneyStage.Transit, way.Carrier, way.Service, facts.OriginCountry, facts.DestinationCountry);
            expected += Expected(way, JourneyStage.Transit, prior, track.LogLevel, now);
            keys = keys.WithGroupOf(way);
        }

        Span<double> x = stackalloc double[Evidence.Count];
        var enteredClock = clock.At(entered);
        Evidence.Features(facts, clock, enteredClock, Math.Log(expected) - (handling ? 0 : track.LogLevel), x);
        var told = facts.Stage <= JourneyStage.Transit ? Math.Exp(Evidence.Apply(handling ? fleet.HandlingWeights : fleet.WayWeights, x)) : 1;
        var carried = (expected - packing) / track.Level;   // in plain days, at the usual level
        var share = carried / (packing + carried);
        expectation = new Expectation(clock, zone, track, Shape(keys, prior), expected * told, packing * told, share, enteredClock,
            handling ? clock.At(now) - enteredClock : track.At(clock, now) - track.At(clock, entered), now, facts.Stage,
            handling ? fleet.HandlingLevels : facts.Stage == JourneyStage.Transit ? fleet.WayLevels : Levels.AsStated, expected, x[1], x[2]);
        return true;
    }
}

/// <summary>One parcel's lane in numbers at one moment.</summary>
/// <param name="Days">Expected days of the whole remaining way, counted from the stage's beginning.</param>
/// <param name="Packing">The part of them before hand-over.</param>
/// <param name="WayShare">The other part's share of the time.</param>
/// <param name="Elapsed">Days gone by since the stage began, paced where the carrier has the parcel.</param>
/// <param name="Now">Local days at the door.</param>
/// <param name="Untold">The days before evidence; <paramref name="Date"/> and <paramref name="Distance"/> are its features.</param>
internal readonly record struct Expectation(
    CarrierClock Clock, ZoneOffsets Zone, PaceTrack Track, RatioShape Shape, double Days, double Packing, double WayShare, double EnteredClock,
    double Elapsed, double Now, JourneyStage Stage, Levels Levels,
    double Untold, double Date, double Distance)
{
    /// <summary>Progress ahead. <paramref name="recovered"/> as in <see cref="PaceAhead.Of"/>.</summary>
    public PaceAhead Ahead(double recovered)
    {
        var ahead = PaceAhead.Of(Track, recovered);
        return Stage == JourneyStage.Handling ? ahead.After(Math.Max(Packing - Elapsed, 0), WayShare) : ahead;
    }
}
