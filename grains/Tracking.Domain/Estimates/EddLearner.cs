using System.Collections.Frozen;

namespace Tracking.Domain.Estimates;

/// <summary>
/// One finished wait: the parcel of these facts came into a stage and, later, to the end that the stage counts to (hand-over for
/// <see cref="JourneyStage.Handling"/>, the door for every other).
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.closed-stage")]
public readonly record struct ClosedStage(
    [property: Id(0)] JourneyFacts Facts,
    [property: Id(1)] JourneyStage Stage,
    [property: Id(2)] DateTimeOffset EnteredAt,
    [property: Id(3)] DateTimeOffset EndedAt);

/// <summary>
/// Learns from finished waits and publishes snapshots. One writer; not safe for several threads. The same waits in the same order give the same snapshots,
/// bit for bit.
/// </summary>
public sealed class EddLearner
{
    private static readonly double Decay = Math.Log(2) / EddSnapshot.HalfLifeDays, HandlingDecay = Math.Log(2) / EddSnapshot.HandlingHalfLifeDays;

    private readonly StatTable _means = new();
    private readonly Dictionary<ulong, RatioHistogram> _shapes = [];
    private long _published;
    private EddSnapshot _last = EddSnapshot.ColdStart;

    /// <summary>Waits learned so far.</summary>
    public long Learned { get; private set; }
    /// <summary>Waits refused so far, because their end lies before their beginning or more than a year after it.</summary>
    public long Refused { get; private set; }

    /// <summary>Learns one finished wait; false (and counted) when its times are impossible.</summary>
    public bool Learn(in ClosedStage closed)
    {
        if (closed.Stage >= JourneyStage.Over || closed.EndedAt < closed.EnteredAt || closed.EndedAt - closed.EnteredAt > TimeSpan.FromDays(366))
        {
            Refused++;
            return false;
        }
        var facts = closed.Facts with { Stage = closed.Stage, StageEnteredAt = closed.EnteredAt };
        var keys = new LaneKeys(facts, closed.Stage);
        var clock = _last.Clock(keys.Carrier, facts.DestinationCountry, facts.DestinationRegion);
        var zone = ZoneOffsets.Of(facts.DestinationZone, facts.DestinationCountry);
        var entered = clock.At(CarrierClock.LocalDays(zone.ToLocal(closed.EnteredAt.UtcTicks)));
        var ended = clock.At(CarrierClock.LocalDays(zone.ToLocal(closed.EndedAt.UtcTicks)));
        var days = Math.Max(ended - entered, 1.0 / 48);
        var now = CarrierClock.LocalDays(closed.EndedAt.UtcTicks);
        var prior = TransitDays.Of(closed.Stage, keys.Carrier, keys.Service, facts.OriginCountry, facts.DestinationCountry);
        var correction = Math.Log(days / prior.MedianDays);
        var decay = closed.Stage == JourneyStage.Handling ? HandlingDecay : Decay;

        if (closed.Stage != JourneyStage.Handling && _last.TryLook(facts, closed.EnteredAt, out var outlook)) LearnShape(keys, days / outlook.Expected, now, prior);
        for (var level = 0; level < LaneKeys.Levels; level++)
            if (keys[level] != 0) _means.Add(keys[level], correction, 1, now, decay);
        Learned++;
        return true;
    }

    private void LearnShape(in LaneKeys keys, double ratio, double now, TransitDays prior)
    {
        Histogram(keys[0], 0, prior).Add(ratio, now);
        if (keys.GroupParent != keys[0]) Histogram(keys.GroupParent, keys[0], prior).Add(ratio, now);
        if (keys.Group != 0 && keys.Group != keys.GroupParent) Histogram(keys.Group, keys.GroupParent, prior).Add(ratio, now);
    }

    private RatioHistogram Histogram(ulong key, ulong parent, TransitDays prior)
    {
        if (!_shapes.TryGetValue(key, out var histogram)) _shapes.Add(key, histogram = new RatioHistogram(parent, prior.Spread));
        return histogram;
    }

    /// <summary>Freezes what was learned up to this moment under the next id.</summary>
    public EddSnapshot Publish(DateTimeOffset asOf)
    {
        var shapes = new Dictionary<ulong, RatioShape>(_shapes.Count);
        foreach (var (key, _) in _shapes) Shape(key, shapes);
        return _last = new EddSnapshot(++_published, asOf, _means.Copy(), shapes.ToFrozenDictionary(), FrozenDictionary<ulong, ImmutableArray<double>>.Empty);
    }

    private RatioShape Shape(ulong key, Dictionary<ulong, RatioShape> shapes)
    {
        if (shapes.TryGetValue(key, out var shape)) return shape;
        var histogram = _shapes[key];
        var parent = histogram.Parent == 0 ? RatioShape.Of(RatioShape.LogNormal(TransitDays.Spreads[histogram.Spread])) : Shape(histogram.Parent, shapes);
        shapes.Add(key, shape = histogram.Shrunk(parent));
        return shape;
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
