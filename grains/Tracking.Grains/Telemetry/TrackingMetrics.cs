using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Tracking.Grains.Telemetry;

/// <summary>Every instrument of the grains, with its unit in its name. Labels are bounded: never a grain key, a parcel or a trace id.</summary>
public sealed class TrackingMetrics : IDisposable
{
    public const string MeterName = "Tracking.Grains";
    public static readonly ActivitySource Activities = new("Tracking.Grains");

    private readonly Meter _meter = new(MeterName);

    public TrackingMetrics()
    {
        ScansRecorded = _meter.CreateCounter<long>("tracking.scans_recorded", description: "Scans stored, once each.");
        ScansDuplicate = _meter.CreateCounter<long>("tracking.scans_duplicate", description: "Scans that were already known.");
        ScansFailed = _meter.CreateCounter<long>("tracking.scans_failed", description: "Scans answered 'failed': not known to be stored, to be sent again.");
        ScansUnmapped = _meter.CreateCounter<long>("tracking.scans_unmapped", description: "Scans whose code no table knows, by carrier.");
        MilestonesReached = _meter.CreateCounter<long>("tracking.milestones_reached", description: "Status changes, by status.");
        WindowsRevised = _meter.CreateCounter<long>("tracking.windows_revised", description: "Shown delivery windows that were replaced.");
        ShipmentsSilent = _meter.CreateCounter<long>("tracking.shipments_silent", description: "Shipments whose silence became improbable.");
        ShipmentsActivated = _meter.CreateCounter<long>("tracking.shipments_activated", description: "Shipments read into memory.");
        Fenced = _meter.CreateCounter<long>("tracking.shipments_fenced", description: "Appends refused because another activation had written.");
        Woken = _meter.CreateCounter<long>("tracking.shipments_woken", description: "Shipments woken because something came due.");
        ScanLateness = _meter.CreateHistogram<double>("tracking.scan_lateness_seconds", "s", "From when a scan happened to when it reached us, where both are known exactly.");
        PushesSent = _meter.CreateCounter<long>("tracking.pushes_sent", description: "Views handed to nodes with open pages.");
        PushesConflated = _meter.CreateCounter<long>("tracking.pushes_conflated", description: "Views replaced by a newer one before they were sent.");
        SweepLag = _meter.CreateHistogram<double>("tracking.sweep_lag_seconds", "s", "From when something was due to when it was woken.");
        ReactionsRun = _meter.CreateCounter<long>("tracking.reactions_run", description: "Stored rows whose reactions succeeded.");
        ReactionsFailed = _meter.CreateCounter<long>("tracking.reactions_failed", description: "Reactions that failed and are tried again, by reaction.");
        ReactionsSetAside = _meter.CreateUpDownCounter<long>("tracking.reactions_set_aside", description: "Stored rows whose reaction keeps failing now; each one holds back its own stream.");
        ReactionLag = _meter.CreateHistogram<double>("tracking.reaction_lag_seconds", "s", "From when a row was stored to when its reactions began.");
    }

    public Counter<long> ScansRecorded { get; }
    public Counter<long> ScansDuplicate { get; }
    public Counter<long> ScansFailed { get; }
    public Counter<long> ScansUnmapped { get; }
    public Counter<long> MilestonesReached { get; }
    public Counter<long> WindowsRevised { get; }
    public Counter<long> ShipmentsSilent { get; }
    public Counter<long> ShipmentsActivated { get; }
    public Counter<long> Fenced { get; }
    public Counter<long> Woken { get; }
    public Histogram<double> ScanLateness { get; }
    public Counter<long> PushesSent { get; }
    public Counter<long> PushesConflated { get; }
    public Histogram<double> SweepLag { get; }
    public Counter<long> ReactionsRun { get; }
    public Counter<long> ReactionsFailed { get; }
    public UpDownCounter<long> ReactionsSetAside { get; }
    public Histogram<double> ReactionLag { get; }

    public void Dispose() => _meter.Dispose();
}
