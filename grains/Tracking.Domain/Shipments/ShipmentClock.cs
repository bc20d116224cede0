using Tracking.Domain.Estimates;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>What scans and the passing of time mean for a shipment's date: the estimate, the window pages show, silence, and when to look again.</summary>
public static class ShipmentClock
{
    internal static void Decide(
        Shipment before, Shipment next, int use, bool heard, bool moved, DateTimeOffset now, EddSnapshot edd, ImmutableArray<ShipmentEvent>.Builder events)
    {
        var current = next.Current!;
        var facts = Facts(next, current, now);
        if (facts.Stage == JourneyStage.Over) return;

        // A new use starts with a clean page: the old parcel's window is not this one's.
        var shown = before.Current is { } old && old.UniqueId == current.UniqueId && before.Standings.Length == next.Standings.Length ? next.Shown : null;
        var window = WindowPolicy.Next(edd, facts, now, shown, Trigger(before, current, facts, heard, moved, now), out var believed);
        var changed = window is not null && !ReferenceEquals(window, next.Shown);
        if ((heard || changed) && believed is { } estimate && estimate != next.Estimate)
            events.Add(new EstimateIssued(use, estimate, facts.Stage, facts.StageEnteredAt));
        if (changed) events.Add(new WindowShown(use, window!));

        if (!heard && next.SilentSince is null && facts.LastScanAt is { } last
            && edd.NextScanExpectedBy(facts, now) is { } expectation && expectation.SilentAfter <= now)
            events.Add(new WentSilent(use, last, expectation.ExpectedBy, expectation.SilentAfter));
    }

    private static WindowTrigger Trigger(Shipment before, UseStanding current, in JourneyFacts facts, bool heard, bool moved, DateTimeOffset now)
    {
        if (!heard) return WindowTrigger.Clock;
        if (!moved || before.Current is not { } old) return WindowTrigger.Scan;
        if (current.Status is Milestone.Exception or Milestone.AttemptFailed
            || ((current.Modifiers & ~old.Modifiers) & (Modifiers.Delayed | Modifiers.Held | Modifiers.Customs | Modifiers.Damaged)) != 0) return WindowTrigger.Disruption;
        return JourneyStages.Of(old.Status, old.Modifiers) != facts.Stage ? WindowTrigger.Stage : WindowTrigger.Scan;
    }

    /// <summary>
    /// When the shipment wants to be woken: a future scan falls due, the shown days end, silence becomes improbable. Null: never, until the next scan.
    /// </summary>
    public static DateTimeOffset? DueAt(Shipment shipment, EddSnapshot edd, DateTimeOffset now)
    {
        if (shipment.Current is not { } current) return null;
        // Still ahead when it was folded, behind us by now: nobody has decided it yet. A clock that ran ahead while the head was made must not put it off.
        if (current.NextFuture is { } fallen && fallen <= now) return fallen;
        var due = current.NextFuture;
        var facts = Facts(shipment, current, now);
        if (facts.Stage == JourneyStage.Over) return due;

        if (shipment.Shown?.To is { } lastDay)
        {
            var zone = ZoneOffsets.Of(facts.DestinationZone, facts.DestinationCountry);
            Earlier(ref due, new DateTimeOffset(zone.ToUtc(lastDay.AddDays(1).ToDateTime(TimeOnly.MinValue).Ticks), TimeSpan.Zero));
        }
        if (shipment.SilentSince is null && edd.NextScanExpectedBy(facts, now) is { } expectation) Earlier(ref due, expectation.SilentAfter);

        // Whatever has already passed was decided just now; asking again at once would decide the same.
        return due is { } at && at <= now ? now.AddHours(1) : due;
    }

    /// <summary>
    /// True when the row of <paramref name="next"/> must be followed by a head: lists or sweeps would otherwise go by what is no longer so. An ordinary scan only moves the
    /// next waking later, and being woken once too early costs one look.
    /// </summary>
    public static bool NeedsHead(Shipment before, Shipment next, ShipmentAppend append, EddSnapshot edd, DateTimeOffset now)
        => before.Version == 0 || append.HasReaction || before.SilentSince is not null || before.Milestone.IsTerminal()   // a parcel that is over and still scanned
        || DueAt(next, edd, now) is { } due && !(DueAt(before, edd, now) <= due);

    private static void Earlier(ref DateTimeOffset? due, DateTimeOffset candidate)
    {
        if (due is null || candidate < due) due = candidate;
    }

    /// <summary>The next scan's expected instant, for "next scan expected by 18:40"; null when there is nothing to wait for.</summary>
    public static ScanExpectation? Expectation(Shipment shipment, EddSnapshot edd, DateTimeOffset now)
        => shipment.Current is { } current && Facts(shipment, current, now) is { Stage: not JourneyStage.Over } facts ? edd.NextScanExpectedBy(facts, now) : null;

    /// <summary>What the estimate may know of a shipment: open facts only.</summary>
    public static JourneyFacts Facts(Shipment shipment, UseStanding use, DateTimeOffset now)
    {
        DateTimeOffset? handedOver = null, last = null, first = null;
        foreach (var placed in use.History)
        {
            if (placed.Retracted || (placed.Flags & Modifiers.Future) != 0 || placed.At <= 0) continue;   // no time was told (a placeholder), and none follows from its place
            var at = new DateTimeOffset(placed.At, TimeSpan.Zero);
            first ??= at;
            var status = shipment.Marks[placed.Mark].Status;
            if (status >= Milestone.Accepted && handedOver is null) handedOver = at;
            if (status != Milestone.Unknown) last = at;
        }
        var journey = shipment.Journey;
        return new JourneyFacts
        {
            Carrier = shipment.Key.Carrier,
            Service = journey.Service,
            Retailer = shipment.Key.Retailer,
            OriginCountry = journey.OriginCountry,
            OriginRegion = journey.OriginRegion,
            OriginPostalCode = journey.OriginPostalCode,
            DestinationCountry = journey.DestinationCountry,
            DestinationRegion = journey.DestinationRegion,
            DestinationPostalCode = journey.DestinationPostalCode,
            Stage = JourneyStages.Of(use.Status, use.Modifiers),
            StageEnteredAt = use is { Speaking: >= 0, SpeakingAt: > 0 } ? new DateTimeOffset(use.SpeakingAt, TimeSpan.Zero) : first ?? shipment.LastHeardAt ?? now,
            OrderedAt = first,
            HandedOverAt = handedOver,
            LastScanAt = last,
            Milestone = use.Status,
            Modifiers = use.Modifiers,
            CarrierDate = shipment.CarrierDate,
        };
    }
}
