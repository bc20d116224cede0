using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Estimates;

/// <summary>What a retailer's own history tells of one parcel, one moment at a time.</summary>
public enum HistoryMoment : byte { Ordered = 0, HandedOver = 1, Delivered = 2 }

/// <param name="Journey">The same number for all moments of one parcel, never 0.</param>
/// <param name="Facts">With <c>OrderedAt</c> and <c>HandedOverAt</c> as far as this moment knows them.</param>
public readonly record struct HistoryStep(HistoryMoment What, ulong Journey, DateTimeOffset At, JourneyFacts Facts);

/// <summary>
/// Turns what shipments decided into what the learner is told, and into the calibration book. Pure but for the two books it keeps: the live engine and the backtest are the same desk.
/// A parcel teaches once, at its first delivery; stages that were never reported are not invented; what never arrives teaches nothing.
/// </summary>
public sealed class LearningDesk(EddLearner learner, CalibrationBook book)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private bool _taken;

    public EddLearner Learner { get; } = learner;
    public CalibrationBook Book { get; } = book;

    /// <summary>True when an append holds something to learn from; the rest need not be shown.</summary>
    public static bool Asks(ShipmentAppend append)
    {
        ArgumentNullException.ThrowIfNull(append);
        foreach (var happened in append.Events)
            if (happened is MilestoneReached) return true;
        return false;
    }

    /// <summary>Takes the newest append of a shipment.</summary>
    /// <param name="shipment">Folded up to that append and no further: what came later must not be known.</param>
    /// <param name="appends">All appends of the shipment up to it, oldest first.</param>
    public void Take(Shipment shipment, IReadOnlyList<ShipmentAppend> appends)
    {
        ArgumentNullException.ThrowIfNull(shipment);
        ArgumentNullException.ThrowIfNull(appends);
        var newest = appends[^1];
        _taken = true;
        Learner.Advance(newest.RecordedAt);
        foreach (var happened in newest.Events)
            if (happened is MilestoneReached reached && shipment.Current is { } use && shipment.OrdinalOf(use) == reached.Use)
                Moved(shipment, use, appends, reached, newest.RecordedAt);
    }

    /// <summary>Takes one moment of a retailer's own history.</summary>
    public void Take(in HistoryStep step)
    {
        _taken = true;
        Learner.Advance(step.At);
        var facts = step.Facts;
        switch (step.What)
        {
            case HistoryMoment.Ordered:
                Learner.Begin(step.Journey, facts with { Stage = JourneyStage.Handling, StageEnteredAt = step.At });
                break;
            case HistoryMoment.HandedOver:
                if (facts.OrderedAt is { } ordered) Learner.Learn(new ClosedStage(facts, JourneyStage.Handling, ordered, step.At, step.Journey));
                Learner.Begin(step.Journey, facts with { Stage = JourneyStage.Transit, StageEnteredAt = step.At });
                break;
            case HistoryMoment.Delivered:
                if (facts.HandedOverAt is not { } handedOver || !Learner.Learn(new ClosedStage(facts, JourneyStage.Transit, handedOver, step.At, step.Journey))) Learner.Drop(step.Journey);
                break;
        }
    }

    /// <summary>The number of one use of a tracking number.</summary>
    public static ulong Journey(ShipmentKey key, int use)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var part in new[] { key.Retailer, key.Carrier, key.Number })
        {
            foreach (var c in part) hash = (hash ^ c) * 0x100000001B3UL;
            hash = (hash ^ '/') * 0x100000001B3UL;
        }
        return Hash64.Key(hash, (ulong)use + 1);
    }

    /// <summary>
    /// Whether a snapshot is due at a moment of the grid: something was taken since the last one, or an hour began (days end, notices come and go). Asked by the live engine and by the
    /// backtest alike, so that both make theirs at the same moments.
    /// </summary>
    public bool IsDue(DateTimeOffset at, TimeSpan grid)
        => at >= Learner.Now && (_taken || Learner.Published > 0 && at - Learner.PublishedAt >= (grid > Hour ? grid : Hour));   // before the first scan there is nothing to say, and a history may still be imported as if it were lived

    /// <summary>Publishes what was learned up to this moment.</summary>
    public EddSnapshot Publish(DateTimeOffset at)
    {
        _taken = false;
        return Learner.Publish(at);
    }

    /// <summary>The next moment of the grid after this one.</summary>
    public static DateTimeOffset NextOnGrid(DateTimeOffset after, TimeSpan grid) => new((after.UtcTicks / grid.Ticks + 1) * grid.Ticks, TimeSpan.Zero);

    /// <summary>A notice was posted or taken back, or who shares changed.</summary>
    public void Touch() => _taken = true;

    private void Moved(Shipment shipment, UseStanding use, IReadOnlyList<ShipmentAppend> appends, MilestoneReached reached, DateTimeOffset now)
    {
        var journey = Journey(shipment.Key, reached.Use);
        var wasHandedOver = false;
        for (var i = 0; i < appends.Count; i++)
            foreach (var happened in appends[i].Events)
            {
                if (ReferenceEquals(happened, reached)) continue;
                if (happened is not MilestoneReached before || before.Use != reached.Use) continue;
                if (before.To == Milestone.Delivered) return;   // taught already; a delivery that was taken back does not unteach
                wasHandedOver |= before.To >= Milestone.Accepted;
            }

        var facts = ShipmentClock.Facts(shipment, use, now);
        if (!WasPacked(shipment, use)) facts = facts with { OrderedAt = null };
        if (reached.To == Milestone.Delivered)
        {
            Delivered(shipment, use, appends, facts, reached, journey);
            return;
        }
        var stage = JourneyStages.Of(reached.To, reached.Modifiers);
        if (stage == JourneyStage.Over) Learner.Drop(journey);
        else if (stage == JourneyStage.Handling) Learner.Begin(journey, facts with { OrderedAt = facts.StageEnteredAt });
        else if (!wasHandedOver && IsTheCarriersWay(stage) && facts.HandedOverAt is { } handedOver)
        {
            if (facts.OrderedAt is { } ordered) Learner.Learn(new ClosedStage(facts with { CarrierDate = DateKnownAt(appends, ordered) }, JourneyStage.Handling, ordered, handedOver, journey));
            Learner.Begin(journey, facts with { Stage = JourneyStage.Transit, StageEnteredAt = handedOver });
        }
    }

    private void Delivered(Shipment shipment, UseStanding use, IReadOnlyList<ShipmentAppend> appends, in JourneyFacts facts, MilestoneReached reached, ulong journey)
    {
        var delivered = reached.At;
        Span<DateTimeOffset> entered = stackalloc DateTimeOffset[JourneyStages.Count];
        JourneyStage? current = null;
        DateTimeOffset last = default;
        foreach (var placed in use.History)
        {
            ref readonly var mark = ref shipment.Marks.ItemRef(placed.Mark);
            if (placed.Retracted || (placed.Flags & Modifiers.Future) != 0 || mark.Status == Milestone.Unknown || placed.At <= 0) continue;
            var at = new DateTimeOffset(placed.At, TimeSpan.Zero);
            if (current is { } waited) Learner.LearnGap(facts with { Stage = waited }, last, at);
            if (mark.Status == Milestone.Delivered) break;
            var stage = JourneyStages.Of(mark.Status, mark.Modifiers);
            if (stage == JourneyStage.Over) continue;
            if (stage != current && entered[(int)stage] == default) entered[(int)stage] = at;
            (current, last) = (stage, at);
        }

        // Every stage learns the whole remaining way to the door; the carrier's way first, because it takes the parcel off the list of those under way.
        if (HandOver(entered) is not { } handedOver || !Learner.Learn(new ClosedStage(facts with { CarrierDate = DateKnownAt(appends, handedOver) }, JourneyStage.Transit, handedOver, delivered, journey)))
            Learner.Drop(journey);
        for (var stage = JourneyStage.DestinationHub; stage < JourneyStage.Over; stage++)
            if (entered[(int)stage] is var from && from != default)
                Learner.Learn(new ClosedStage(facts, stage, from, delivered));
        Score(shipment, appends, facts, reached.Use, delivered);
    }

    // Where a carrier's first word is the last mile, nobody knows since when it had the parcel.
    private static DateTimeOffset? HandOver(ReadOnlySpan<DateTimeOffset> entered)
    {
        DateTimeOffset? first = null;
        var door = DateTimeOffset.MaxValue;
        for (var stage = JourneyStage.Transit; stage < JourneyStage.Over; stage++)
        {
            if (entered[(int)stage] is var at && at == default) continue;
            if (!IsTheCarriersWay(stage)) door = at < door ? at : door;
            else if (first is null || at < first) first = at;
        }
        return first <= door ? first : null;
    }

    private static bool IsTheCarriersWay(JourneyStage stage) => stage is JourneyStage.Transit or JourneyStage.DestinationHub or JourneyStage.Customs or JourneyStage.Held;

    private void Score(Shipment shipment, IReadOnlyList<ShipmentAppend> appends, in JourneyFacts facts, int use, DateTimeOffset delivered)
    {
        var zone = ZoneOffsets.Of(facts.DestinationZone, facts.DestinationCountry);
        var day = DateOnly.FromDateTime(new DateTime(zone.ToLocal(delivered.UtcTicks)));
        var stages = new List<ScoredStage>(4);
        ShownWindow? shown = null;
        foreach (var append in appends)
        {
            foreach (var happened in append.Events)
            {
                if (happened is EstimateIssued issued && issued.Use == use && issued.Stage != JourneyStage.Over && append.RecordedAt < delivered && !Has(stages, issued.Stage))
                    stages.Add(new ScoredStage(issued.Stage, append.RecordedAt, issued.Estimate.P10, issued.Estimate.P50, issued.Estimate.P90, delivered, 0, false));
                else if (happened is WindowShown window && window.Use == use)
                {
                    shown = window.Window;
                    if (stages.Count == 0 || shown.From is not { } from || shown.To is not { } to || append.RecordedAt >= delivered || stages[^1].StatedMass > 0) continue;
                    stages[^1] = stages[^1] with { StatedMass = shown.Confidence, WindowKept = from <= day && day <= to };
                }
            }
        }
        Book.Score(shipment.Key.Retailer, Learner.Shares(shipment.Key.Retailer), shipment.Key.Carrier, Lane(facts), stages, shown?.Revisions ?? 0, shown?.Flips ?? 0);
    }

    // A parcel whose first scan is the carrier's has no beginning that we know.
    private static bool WasPacked(Shipment shipment, UseStanding use)
    {
        foreach (var placed in use.History)
            if (!placed.Retracted && (placed.Flags & Modifiers.Future) == 0 && shipment.Marks[placed.Mark].Status is var status and not Milestone.Unknown)
                return status == Milestone.LabelCreated;
        return false;
    }

    private static bool Has(List<ScoredStage> stages, JourneyStage stage)
    {
        foreach (var known in stages)
            if (known.Stage == stage) return true;
        return false;
    }

    /// <summary>How a lane is called on the calibration page: countries and regions, never a postcode.</summary>
    public static string Lane(in JourneyFacts facts)
    {
        return $"{Place(facts.OriginCountry, facts.OriginRegion)} to {Place(facts.DestinationCountry, facts.DestinationRegion)}";

        static string Place(string? country, string? region) => country is null ? "?" : region is null ? Cut(country) : $"{Cut(country)}-{Cut(region)}";
        static string Cut(string text) => text.Length <= 10 ? text : text[..10];
    }

    // The date the carrier had stated by then: a later statement must not pass for one that was known.
    private static CarrierDate? DateKnownAt(IReadOnlyList<ShipmentAppend> appends, DateTimeOffset moment)
    {
        CarrierDate? known = null;
        foreach (var append in appends)
            foreach (var (scan, receivedAt) in append.Scans)
                if (JourneyMerge.Of(known, scan, receivedAt) is { } told && told.StatedAt <= moment)
                    known = told;
        return known;
    }
}
