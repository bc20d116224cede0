using Tracking.Domain.Estimates;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>A fact that we decided and stored. Each one says enough to answer "why" years later.</summary>
public abstract record ShipmentEvent;

/// <summary>A life of the number was found. Its public id is minted from the ordinal and never changes, whatever scans still arrive.</summary>
/// <param name="Anchor">The scan it was found by: whichever use holds this scan later is this use.</param>
public sealed record UseOpened(int Ordinal, string? UniqueId, DedupKey Anchor) : ShipmentEvent;

/// <summary>The parcel is somewhere else now, for the scans known at that moment.</summary>
/// <param name="At">When it happened, as far as its place in the order tells.</param>
/// <param name="Cause">The scan that speaks.</param>
public sealed record MilestoneReached(int Use, Milestone From, Milestone To, Modifiers Modifiers, Reason Reason, DateTimeOffset At, DedupKey Cause) : ShipmentEvent;

/// <summary>What we believed about the delivery, from which snapshot and facts.</summary>
public sealed record EstimateIssued(int Use, DeliveryEstimate Estimate, JourneyStage Stage, DateTimeOffset StageEnteredAt) : ShipmentEvent;

/// <summary>The window that pages show from now on, and the plain reason for the change.</summary>
public sealed record WindowShown(int Use, ShownWindow Window) : ShipmentEvent;

/// <summary>Nothing was heard for so long that silence itself became improbable.</summary>
public sealed record WentSilent(int Use, DateTimeOffset LastScanAt, DateTimeOffset ExpectedBy, DateTimeOffset SilentAfter) : ShipmentEvent;

/// <summary>A tracking link of an audience was made valid (generation as given) or every earlier one revoked.</summary>
public sealed record LinkIssued(int Use, string Audience, int Generation) : ShipmentEvent;

/// <summary>A scan with the instant it reached us.</summary>
public readonly record struct RecordedScan(Scan Scan, DateTimeOffset ReceivedAt);

/// <summary>
/// One append: the scans that were new, and what they led us to decide, under one recorded time. This is the unit of the journal; folding appends
/// in order gives the shipment at any past moment.
/// </summary>
public sealed record ShipmentAppend(DateTimeOffset RecordedAt, ImmutableArray<RecordedScan> Scans, ImmutableArray<ShipmentEvent> Events)
{
    /// <summary>
    /// True when somebody besides the shipment must hear of it: the partition reader looks at marked appends only. A scan out of the ordinary is one even if
    /// the milestone stays: a delivery told late, behind newer damage, is a contradiction that an order must see at once and not when it happens to look.
    /// </summary>
    public bool HasReaction
    {
        get
        {
            foreach (var happened in Events)
                if (happened is MilestoneReached or WindowShown or WentSilent)
                    return true;
            foreach (var recorded in Scans)
                if (IsTelling(recorded.Scan))
                    return true;
            return false;
        }
    }

    private const Modifiers Telling = Modifiers.Delayed | Modifiers.Damaged | Modifiers.Contradiction | Modifiers.Rescheduled | Modifiers.Redirected | Modifiers.Customs | Modifiers.Held | Modifiers.ActionRequired;

    private static bool IsTelling(Scan scan)
        => scan.Kind is not (ScanKind.Scan or ScanKind.Information) || scan.Status > Milestone.InTransit || scan.Reason != Reason.None || (scan.Modifiers & Telling) != 0;
}
