using System.Buffers;
using Microsoft.Extensions.Logging;
using Tracking.Contracts.Live;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Estimates;
using Tracking.Grains.Live;
using Tracking.Grains.Telemetry;
using Tracking.Journal;

namespace Tracking.Grains.Shipments;

/// <summary>The one place in the cluster that may say where a parcel is.</summary>
[GrainType("shipment")]
public sealed partial class ShipmentGrain(
    IEventJournal journal, IHeadStore heads, ShipmentLoader loader, ShipmentViews views, EddBook edd, PushRouter live, TrackingMetrics metrics,
    TimeProvider clock, ILogger<ShipmentGrain> log) : Grain, IShipmentGrain
{
    // Rows that an activation may have to read above its head. Reading and folding one costs 5 µs, writing a head 30 and more, most of it PostgreSQL's.
    private const int LongestTail = 4;

    private Shipment? _shipment;
    private WatchedShipment? _watched;

    private ShipmentKey Key => ShipmentKey.Parse(this.GetPrimaryKeyString());

    public async Task<ScanReceipt> RecordScans(ScanBatch batch)
    {
        using var span = TrackingMetrics.Activities.StartActivity("shipment.record");
        span?.SetTag("scans", batch.Scans.Length);
        try
        {
            var shipment = _shipment ??= await loader.LoadAsync(Key);                                    // head + tail, batched with other grains
            var decided = shipment.Record(batch.Scans, batch.ReceivedAt, clock.GetUtcNow(), edd.Current);   // pure, tested without a silo
            if (decided.Append is not null) await StoreAsync(shipment, decided, batch.Originals);
            Count(batch, decided.Outcomes);
            return new ScanReceipt(decided.Outcomes, decided.Next.Version, null);
        }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException)
        {
            // Nobody may believe what is not known to be stored. Refusals are values: only framework exceptions cross a call.
            metrics.ScansFailed.Add(batch.Scans.Length);
            LogNotStored(log, Key, refused.Message);
            return Unanimous(ScanOutcome.Failed, refused.Message);
        }
        catch (JournalRejectedException refused)
        {
            // This append can never be stored; asking for it again would be a lie.
            LogNotStored(log, Key, refused.Message);
            return Unanimous(ScanOutcome.Rejected, refused.Message);
        }

        ScanReceipt Unanimous(ScanOutcome outcome, string problem) => new([.. Enumerable.Repeat(outcome, batch.Scans.Length)], _shipment?.Version ?? 0, problem);
    }

    public async Task Wake()
    {
        var shipment = _shipment ??= await loader.LoadAsync(Key);
        var decided = shipment.Wake(clock.GetUtcNow(), edd.Current);
        metrics.Woken.Add(1);
        if (decided.Append is null)
        {
            _shipment = decided.Next;
            heads.Offer(new ShipmentHead(decided.Next, ShipmentStream.Of(this.GetPrimaryKeyString()), edd, clock));   // nothing new to store, but a new time to be woken
            return;
        }
        try { await StoreAsync(shipment, decided, []); }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException or JournalRejectedException)
        {
            LogNotStored(log, Key, refused.Message);   // still due: the sweep comes back
        }
    }

    public async Task<ShipmentView?> Watch(IWatchNode node, TimeSpan lease, int knownVersion)
    {
        var shipment = _shipment ??= await loader.LoadAsync(Key);
        if (shipment.Version == 0) return null;
        _watched ??= await WatchedShipment.StartAsync(journal, shipment);
        _watched.Renew(node, clock.GetUtcNow() + lease);
        DelayDeactivation(lease);   // a page is open: stay
        return (_shipment ?? shipment) is { } newest && newest.Version > knownVersion ? views.Live(newest, _watched, edd.Current, clock.GetUtcNow()) : null;
    }

    private async Task StoreAsync(Shipment before, ShipmentDecision decided, ImmutableArray<Original> originals)
    {
        var append = decided.Append!;
        using var span = TrackingMetrics.Activities.StartActivity("journal.append");
        var stream = ShipmentStream.Of(this.GetPrimaryKeyString());
        var needsHead = ShipmentClock.NeedsHead(before, decided.Next, append, edd.Current, append.RecordedAt);
        try { await journal.AppendAsync(AppendCodec.Encode(stream, before.Version + 1, append, originals, views.LinksOf(before, decided.Next)) with { Marked = needsHead }); }
        catch (Exception refused)
        {
            if (refused is JournalFencedException) metrics.Fenced.Add(1);
            _shipment = null;   // fenced, or outcome unknown: read again
            _watched = null;
            throw;
        }
        _shipment = decided.Next;   // only then believe it
        if (needsHead || decided.Next.Version % LongestTail == 0) heads.Offer(new ShipmentHead(decided.Next, stream, edd, clock));
        Announce(before, decided.Next, append);
    }

    private void Announce(Shipment before, Shipment shipment, ShipmentAppend append)
    {
        if (_watched is { } watched)
        {
            watched.Remember(append);
            using var span = TrackingMetrics.Activities.StartActivity("live.push");
            if (watched.Nodes(clock.GetUtcNow()) is { Count: > 0 } nodes)
                live.Offer(views.Live(shipment, watched, edd.Current, clock.GetUtcNow()), nodes);   // lossy, versioned, never awaited
            else _watched = null;
        }
        if (shipment.Milestone != before.Milestone) LogMilestone(log, shipment.Key, shipment.Milestone, append.Scans.Length);
        foreach (var happened in append.Events)
        {
            if (happened is MilestoneReached reached) metrics.MilestonesReached.Add(1, new KeyValuePair<string, object?>("status", reached.To.Name()));
            if (happened is MilestoneReached { To: Milestone.Delivered } delivered) metrics.Delivered(shipment.Key.Carrier, before.Shown, delivered.At);
            else if (happened is WindowShown { Window: { Revisions: > 0 } window })
            {
                metrics.WindowsRevised.Add(1);
                if (window.MovedLater && before.Shown is { To: { } last } && DateOnly.FromDateTime(append.RecordedAt.UtcDateTime) <= last) metrics.DelaysForetold.Add(1);
            }
            else if (happened is WentSilent silent) { metrics.ShipmentsSilent.Add(1); LogSilent(log, shipment.Key, silent.LastScanAt); }
        }
    }

    private void Count(ScanBatch batch, ImmutableArray<ScanOutcome> outcomes)
    {
        var accepted = 0;
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i] != ScanOutcome.Accepted) continue;
            accepted++;
            var scan = batch.Scans[i];
            if ((scan.Modifiers & Modifiers.Unmapped) != 0) metrics.ScansUnmapped.Add(1, new KeyValuePair<string, object?>("carrier", Carrier.Label(scan.Carrier)));
            if (scan.Occurred.IsExact) metrics.ScanLateness.Record((batch.ReceivedAt - scan.Occurred.Utc!.Value).TotalSeconds);
        }
        if (accepted > 0) metrics.ScansRecorded.Add(accepted);
        if (accepted < outcomes.Length) metrics.ScansDuplicate.Add(outcomes.Length - accepted);
    }
}
