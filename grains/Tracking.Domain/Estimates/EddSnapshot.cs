using System.Collections.Frozen;

namespace Tracking.Domain.Estimates;

/// <summary>
/// Everything learned up to one moment, frozen: the one argument beside a parcel's facts and the time that an estimate depends on. Asking is pure, takes
/// one or two microseconds and allocates nothing (the first question about a clock builds its tables). Safe from any thread.
/// </summary>
public sealed partial class EddSnapshot
{
    /// <summary>The mass a shown run of days holds at least.</summary>
    public const double WantedMass = 0.8;
    /// <summary>A single day is shown only if it holds this much.</summary>
    public const double SingleDayMass = 0.75;
    /// <summary>A run longer than this is not a date any more: such a parcel is overdue.</summary>
    public const int LongestRun = 90;

    internal EddSnapshot(long id, DateTimeOffset asOf, EddTables tables) => (Id, AsOf, Tables) = (id, asOf, tables);

    /// <summary>What a brand-new installation knows: carriers' published transit days, holidays, a default week.</summary>
    public static EddSnapshot ColdStart { get; } = new(0, DateTimeOffset.UnixEpoch, new EddTables(new StatTable(), FrozenDictionary<ulong, RatioShape>.Empty,
        FrozenDictionary<ulong, FleetView>.Empty, FrozenDictionary<ulong, PaceTrack>.Empty, new ClockShelf(),
        FrozenDictionary<ulong, Announcement>.Empty, FrozenDictionary<ulong, string>.Empty, Sharing.Nobody));

    /// <summary>Grows by one with every publication; 0 is the cold start.</summary>
    public long Id { get; }

    /// <summary>Nothing that happened after this moment was learned.</summary>
    public DateTimeOffset AsOf { get; }

    internal EddTables Tables { get; }

    /// <summary>
    /// The estimate at this moment; null when there is nothing to estimate (the journey is over). <paramref name="now"/> may lie before the facts' own
    /// times (a carrier's clock jump): such times count as now.
    /// </summary>
    public DeliveryEstimate? Estimate(in JourneyFacts facts, DateTimeOffset now)
        => Tables.TryExpect(facts, now.UtcTicks, out var expectation) ? new Outlook(expectation, now.UtcTicks).Estimate(Id) : null;

    /// <summary>The probability, as believed now, that the parcel arrives on one of these local days (both included); 0 when the journey is over.</summary>
    public double MassOf(in JourneyFacts facts, DateTimeOffset now, DateOnly from, DateOnly to)
        => Tables.TryExpect(facts, now.UtcTicks, out var expectation) ? new Outlook(expectation, now.UtcTicks).MassOf(from, to) : 0;

    /// <summary>The instant by which the parcel arrives with that probability (0.01 to 0.99); null when the journey is over.</summary>
    public DateTimeOffset? Quantile(in JourneyFacts facts, DateTimeOffset now, double probability)
        => Tables.TryExpect(facts, now.UtcTicks, out var expectation) ? new Outlook(expectation, now.UtcTicks).Quantile(Math.Clamp(probability, 0.01, 0.99)) : null;

    /// <summary>The probability, as believed now, of an arrival before that instant.</summary>
    public double MassBefore(in JourneyFacts facts, DateTimeOffset now, DateTimeOffset instant)
        => Tables.TryExpect(facts, now.UtcTicks, out var expectation) ? new Outlook(expectation, now.UtcTicks).MassBefore(instant) : 0;

    /// <summary>The shortest run of whole local days that holds at least the wanted mass (0.5 to 0.97), with its true mass; null when the journey is over or no run is short enough.</summary>
    public (DateOnly From, DateOnly To, double Mass)? Window(in JourneyFacts facts, DateTimeOffset now, double wanted)
        => Tables.TryExpect(facts, now.UtcTicks, out var expectation) && new Outlook(expectation, now.UtcTicks).Run(Math.Clamp(wanted, 0.5, 0.97), out var from, out var to, out var mass)
            ? (from, to, mass) : null;

    /// <summary>The first local day by whose end the parcel is there with that probability (0.01 to 0.99), and the true mass by then.</summary>
    public (DateOnly Day, double Mass)? ArrivesBy(in JourneyFacts facts, DateTimeOffset now, double probability)
    {
        if (!Tables.TryExpect(facts, now.UtcTicks, out var expectation)) return null;
        var outlook = new Outlook(expectation, now.UtcTicks);
        var day = outlook.DayOf(outlook.Quantile(Math.Clamp(probability, 0.01, 0.99)));
        return (day, outlook.MassOf(outlook.Today, day));
    }

    /// <summary>An instant as the clock at the door shows it.</summary>
    public DateTimeOffset LocalTime(in JourneyFacts facts, DateTimeOffset instant)
        => instant.ToOffset(TimeSpan.FromTicks(ZoneOffsets.Of(facts.DestinationZone, facts.DestinationCountry).OffsetTicks(instant.UtcTicks) / TimeSpan.TicksPerMinute * TimeSpan.TicksPerMinute));

    /// <summary>Which level of the statistics an estimate for these facts rests on at this moment.</summary>
    public EstimateBasis BasisOf(in JourneyFacts facts, DateTimeOffset now) => Tables.BasisOf(facts, CarrierClock.LocalDays(now.UtcTicks));

    /// <summary>The region a postcode lies in, as parcels told it; null for one never seen.</summary>
    public string? RegionOf(string? country, string? postcode)
        => EddTables.PostcodeKey(country, postcode) is var key and not 0 && Tables.Regions.TryGetValue(key, out var region) ? region : null;

    /// <summary>What an operator announced for a destination and still holds; null for nothing.</summary>
    public NoticeKind NoticeAt(string? carrier, string? country, string? region) => Tables.NoticeFor(Hash64.Text(carrier), country, region).Kind;

    /// <summary>
    /// When the next scan should have come, judged from the last one (or, without one, from the stage's beginning). Null when the journey is over.
    /// <paramref name="falseAlarmRate"/>: share of healthy parcels that may stay silent beyond <see cref="ScanExpectation.SilentAfter"/> (0.0001 to 0.5).
    /// </summary>
    public ScanExpectation? NextScanExpectedBy(in JourneyFacts facts, DateTimeOffset now, double falseAlarmRate = 0.01)
    {
        if (facts.Stage >= JourneyStage.Over) return null;
        var shared = new LaneKeys(facts, facts.Stage).OfGaps();
        var owner = Tables.Sharing.Owner(facts.Retailer);
        var keys = shared.OwnedBy(owner);
        var clock = Tables.Clock(keys, shared, facts, out _);
        var zone = ZoneOffsets.Of(facts.DestinationZone, facts.DestinationCountry);
        var last = Math.Min((facts.LastScanAt ?? facts.StageEnteredAt).UtcTicks, now.UtcTicks);
        var lastLocal = CarrierClock.LocalDays(zone.ToLocal(last));
        var prior = Tables.GapPrior(shared, facts.Stage, owner, lastLocal);
        var expected = Tables.Expected(keys, JourneyStage.Transit, prior, 0, lastLocal);
        var shape = Tables.Shape(keys, shared, prior);
        var alarm = Math.Clamp(falseAlarmRate, 0.0001, 0.5);
        return new ScanExpectation(At(0.8), At(1 - alarm), Id);

        DateTimeOffset At(double mass)
        {
            var ticks = zone.ToUtc(CarrierClock.LocalTicks(clock.When(clock.At(lastLocal) + shape.Quantile(mass) * expected)));
            return new DateTimeOffset(ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
        }
    }
}

/// <summary>How long it usually is from one scan to the next, in days of the carrier clock, before anything was learned.</summary>
internal static class ScanGaps
{
    public static TransitDays Prior(JourneyStage stage) => stage switch
    {
        JourneyStage.Handling => new(1.3, 3),
        JourneyStage.OutForDelivery => new(0.35, 3),
        JourneyStage.Customs or JourneyStage.Held or JourneyStage.ReadyForPickup => new(2, 3),
        _ => new(0.9, 3),
    };
}
