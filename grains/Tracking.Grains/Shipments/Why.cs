using System.Globalization;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Grains.Shipments;

/// <summary>The reason of a decision in one sentence, for histories and support.</summary>
public static class Why
{
    public static string Of(ShipmentEvent happened) => happened switch
    {
        UseOpened { UniqueId: { } id } => $"The carrier names this parcel {id}.",
        UseOpened { Ordinal: 0 } => "The first scan of this number was recorded.",
        UseOpened => "A label or pick-up came at least 90 days after the number's last journey ended, so it is another parcel.",
        MilestoneReached e => Invariant($"Scan {e.Cause} of {e.At:u} speaks for the parcel: {e.From.Name()} became {e.To.Name()}{(e.Reason > Reason.Unknown ? $" ({e.Reason.Name()})" : "")}."),
        EstimateIssued { Estimate.IsOverdue: true } e => Invariant($"Longer in stage {e.Stage} (since {e.StageEnteredAt:u}) than almost any parcel before, by snapshot {e.Estimate.SnapshotId}."),
        EstimateIssued e => Invariant($"In stage {e.Stage} since {e.StageEnteredAt:u}, snapshot {e.Estimate.SnapshotId} expects delivery by {e.Estimate.P50:u} (10 % by {e.Estimate.P10:u}, 90 % by {e.Estimate.P90:u})."),
        WindowShown { Window: { From: { } from, To: { } to } w } => Invariant($"Pages show {from:yyyy-MM-dd} to {to:yyyy-MM-dd} ({w.Confidence:P0}): {WindowPolicy.Say(w.Reason)}."),
        WindowShown { Window: var w } => $"Pages show no date: {WindowPolicy.Say(w.Reason)}.",
        WentSilent e => Invariant($"Nothing since {e.LastScanAt:u}; a scan was expected by {e.ExpectedBy:u} and silence became improbable at {e.SilentAfter:u}."),
        LinkIssued e => Invariant($"Links of audience {e.Audience} are valid from generation {e.Generation} on."),
        _ => "",
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
