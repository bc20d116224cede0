using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Telemetry;
using Tracking.Journal;

namespace Tracking.Grains.Shipments;

/// <summary>
/// Brings a shipment into memory: its newest head and the appends above it. The journal batches the reads of many activations into one query;
/// a head of another format counts as absent, and then all appends are read.
/// </summary>
public sealed class ShipmentLoader(IEventJournal journal, TrackingMetrics metrics)
{
    public async ValueTask<Shipment> LoadAsync(ShipmentKey key, CancellationToken cancel = default)
    {
        var stream = ShipmentStream.Of(key);
        var state = await journal.LoadAsync(stream, cancel);
        metrics.ShipmentsActivated.Add(1);

        if (state.Head is { } head)
        {
            // As of what was decided last, never as of now: a future scan that fell due since then is news that still has to be told.
            if (ShipmentSnapshot.Read(key, head.Snapshot.Span, head.RecordedAt) is { } started && started.Version == head.Version)
                return Fold(started, state.Tail);
            return await FromTheBeginningAsync(key, stream, cancel);
        }
        return Fold(Shipment.Unseen(key), state.Tail);
    }

    private async ValueTask<Shipment> FromTheBeginningAsync(ShipmentKey key, string stream, CancellationToken cancel)
    {
        var replay = new ShipmentReplay(Shipment.Unseen(key));
        await foreach (var row in journal.ReadAsync(stream, cancel)) replay.Add(ShipmentJson.Read(row.Open.Span));
        return replay.End();
    }

    private static Shipment Fold(Shipment shipment, IReadOnlyList<JournalRow> rows)
    {
        if (rows.Count == 0) return shipment;
        var replay = new ShipmentReplay(shipment);
        foreach (var row in rows)
            if (row.Version > replay.Version)
                replay.Add(ShipmentJson.Read(row.Open.Span));
        return replay.End();
    }
}
