using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace Tracking.Domain.Estimates;

/// <summary>
/// Everything learned up to one moment, frozen: the one argument beside a parcel's facts and the time that an estimate depends on. Asking is pure, takes
/// about a microsecond and allocates nothing (the first question about a clock builds its tables). Safe from any thread.
/// </summary>
public sealed class EddSnapshot
{
    /// <summary>The mass a shown run of days holds at least.</summary>
    public const double WantedMass = 0.8;
    /// <summary>A single day is shown only if it holds this much.</summary>
    public const double SingleDayMass = 0.75;
    /// <summary>A run longer than this is not a date any more: such a parcel is overdue.</summary>
    public const int LongestRun = 90;

    internal const double HalfLifeDays = 30, PseudoCount = 8;
    internal const double HandlingHalfLifeDays = 45, HandlingPseudoCount = 4;

    private static readonly ImmutableArray<RatioShape> ColdShapes = [.. TransitDays.Spreads.Select(s => RatioShape.Of(RatioShape.LogNormal(s)))];

    private readonly StatTable _means;
    private readonly FrozenDictionary<ulong, RatioShape> _shapes;
    private readonly FrozenDictionary<ulong, ImmutableArray<double>> _profiles;
    private readonly ConcurrentDictionary<ulong, CarrierClock> _clocks = new();

    internal EddSnapshot(long id, DateTimeOffset asOf, StatTable means, FrozenDictionary<ulong, RatioShape> shapes, FrozenDictionary<ulong, ImmutableArray<double>> profiles)
        => (Id, AsOf, _means, _shapes, _profiles) = (id, asOf, means, shapes, profiles);

    /// <summary>What a brand-new installation knows: carriers' published transit days, holidays, a default week.</summary>
    public static EddSnapshot ColdStart { get; } = new(0, DateTimeOffset.UnixEpoch, new StatTable(),
        FrozenDictionary<ulong, RatioShape>.Empty, FrozenDictionary<ulong, ImmutableArray<double>>.Empty);

    /// <summary>Grows by one with every publication; 0 is the cold start.</summary>
    public long Id { get; }

    /// <summary>Nothing that happened after this moment was learned.</summary>
    public DateTimeOffset AsOf { get; }

    /// <summary>
    /// The estimate at this moment; null when there is nothing to estimate (the journey is over). <paramref name="now"/> may lie before the facts' own
    /// times (a carrier's clock jump): such times count as now.
    /// </summary>
    public DeliveryEstimate? Estimate(in JourneyFacts facts, DateTimeOffset now) => TryLook(facts, now, out var outlook) ? outlook.Estimate() : null;

    /// <summary>The probability, as believed now, that the parcel arrives on one of these local days (both included); 0 when the journey is over.</summary>
    public double MassOf(in JourneyFacts facts, DateTimeOffset now, DateOnly from, DateOnly to)
        => TryLook(facts, now, out var outlook) ? outlook.MassOf(from, to) : 0;

    /// <summary>
    /// When the next scan should have come. Null when the journey is over. <paramref name="falseAlarmRate"/>: share of healthy parcels that may stay silent
    /// beyond <see cref="ScanExpectation.SilentAfter"/> (0.0001 to 0.5).
    /// </summary>
    public ScanExpectation? NextScanExpectedBy(in JourneyFacts facts, DateTimeOffset now, double falseAlarmRate = 0.01)
    {
        // Until gaps between scans are learned, silence is judged by the whole remaining way: late to call an alarm, never early.
        if (!TryLook(facts, now, out var outlook)) return null;
        var alarm = Math.Clamp(falseAlarmRate, 0.0001, 0.5);
        return new ScanExpectation(outlook.FromStageEntry(0.8), outlook.FromStageEntry(1 - alarm), Id);
    }

    internal bool TryLook(in JourneyFacts facts, DateTimeOffset now, out Outlook outlook)
    {
        outlook = default;
        if (facts.Stage >= JourneyStage.Over) return false;

        var keys = new LaneKeys(facts, facts.Stage);
        var days = CarrierClock.LocalDays(now.UtcTicks);
        var prior = TransitDays.Of(facts.Stage, keys.Carrier, keys.Service, facts.OriginCountry, facts.DestinationCountry);
        var expected = Expected(keys, facts.Stage, prior, days);
        if (facts.Stage == JourneyStage.Handling)
        {
            // The stages are added by their expected days and share one shape of the whole remaining way: adding quantiles would claim too wide a band.
            var way = new LaneKeys(facts, JourneyStage.Transit);
            prior = TransitDays.Of(JourneyStage.Transit, way.Carrier, way.Service, facts.OriginCountry, facts.DestinationCountry);
            expected += Expected(way, JourneyStage.Transit, prior, days);
            keys = new LaneKeys(facts, JourneyStage.Handling).WithGroupOf(way);
        }

        var zone = ZoneOffsets.Of(facts.DestinationZone, facts.DestinationCountry);
        outlook = new Outlook(Clock(keys.Carrier, facts.DestinationCountry, facts.DestinationRegion), zone, Shape(keys, prior), expected, facts, now, Id);
        return true;
    }

    private double Expected(in LaneKeys keys, JourneyStage stage, TransitDays prior, double now)
    {
        var (halfLife, pseudo) = stage == JourneyStage.Handling ? (HandlingHalfLifeDays, HandlingPseudoCount) : (HalfLifeDays, PseudoCount);
        var decay = Math.Log(2) / halfLife;
        double correction = 0;   // logarithm of actual / published
        for (var level = 0; level < LaneKeys.Levels; level++)
            if (keys[level] != 0) correction = _means.Shrunk(keys[level], correction, pseudo, now, decay);
        return prior.MedianDays * Math.Exp(correction);
    }

    private RatioShape Shape(in LaneKeys keys, TransitDays prior)
        => _shapes.TryGetValue(keys.Group, out var shape) || _shapes.TryGetValue(keys.GroupParent, out shape) || _shapes.TryGetValue(keys[0], out shape)
            ? shape : ColdShapes[prior.Spread];

    internal CarrierClock Clock(ulong carrier, string? country, string? region)
    {
        var (land, state) = (Hash64.Text(country), Hash64.Text(region));
        if (!Holidays.HasOwn(land, state)) state = 0;
        var key = Hash64.Key(Hash64.Mix(carrier, land), state);
        if (_clocks.TryGetValue(key, out var clock)) return clock;
        if (!_profiles.TryGetValue(Hash64.Key(carrier, land), out var rates) && !_profiles.TryGetValue(Hash64.Key(0, land), out rates)) rates = WeekProfile.Default;
        clock = new CarrierClock(rates.AsSpan(), country, state == 0 ? null : region);
        return _clocks.Count < 4_096 ? _clocks.GetOrAdd(key, clock) : clock;
    }
}
