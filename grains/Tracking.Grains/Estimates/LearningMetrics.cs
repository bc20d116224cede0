using System.Diagnostics.Metrics;

namespace Tracking.Grains.Estimates;

/// <summary>What learning tells operators.</summary>
public sealed class LearningMetrics : IDisposable
{
    private readonly Meter _meter = new("Tracking.Learning");

    public LearningMetrics(EddBook book)
    {
        SnapshotsPublished = _meter.CreateCounter<long>("tracking.snapshots_published", description: "Estimate snapshots published by this node's learning grain.");
        SnapshotsRefused = _meter.CreateCounter<long>("tracking.snapshots_refused", description: "Estimate snapshots or learned states that could not be read; the last good one stayed in use.");
        Rows = _meter.CreateCounter<long>("tracking.learning_rows", description: "Journal rows that the learning grain looked at.");
        Unreadable = _meter.CreateCounter<long>("tracking.learning_unreadable", description: "Journal rows that could not be learned from.");
        SnapshotBytes = _meter.CreateHistogram<long>("tracking.snapshot_bytes", "By", "Size of a published estimate snapshot.");
        PublishSeconds = _meter.CreateHistogram<double>("tracking.snapshot_publish_seconds", "s", "From freezing a snapshot to having its state stored.");
        _meter.CreateObservableGauge("tracking.snapshot_in_use", () => book.Current.Id, description: "Id of the estimate snapshot that this node uses; 0 before anything was learned.");
        _meter.CreateObservableGauge("tracking.calibration_alarms", () => book.Book?.Cells.Count(static c => c.Drifts && c.Lane.Length > 0) ?? 0, description: "Lanes and stages whose 80 % bands kept less than 75 or more than 85 % of their last 200 or more parcels.");
    }

    public Counter<long> SnapshotsPublished { get; }
    public Counter<long> SnapshotsRefused { get; }
    public Counter<long> Rows { get; }
    public Counter<long> Unreadable { get; }
    public Histogram<long> SnapshotBytes { get; }
    public Histogram<double> PublishSeconds { get; }

    public void Dispose() => _meter.Dispose();
}
