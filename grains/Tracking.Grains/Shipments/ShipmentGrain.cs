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
    /// <summary>Counts appends begun and appends doubted: a load that one of them overtook may be of before.</summary>
    private int _writes;
    /// <summary>Timestamp of when <see cref="_shipment"/> was last known to be what is stored.</summary>
    private long _confirmedAt;

    /// <summary>While a page is open and nobody writes, what is stored is looked up this often: an append may have landed after its sender gave up, or another activation may have written.</summary>
    private static readonly TimeSpan ConfirmEvery = TimeSpan.FromSeconds(4);

    private ShipmentKey Key => ShipmentKey.Parse(this.GetPrimaryKeyString());

    public async Task<ScanReceipt> RecordScans(ScanBatch batch)
    {
        using var span = TrackingMetrics.Activities.StartActivity("shipment.record");
        span?.SetTag("scans", batch.Scans.Length);
        for (var again = true; ; again = false)
        {
            try
            {
                var shipment = _shipment ?? await LoadAsync();                                               // head + tail, batched with other grains
                var decided = shipment.Record(batch.Scans, batch.ReceivedAt, clock.GetUtcNow(), edd.Current);   // pure, tested without a silo
                if (decided.Append is not null) await StoreAsync(shipment, decided, batch.Originals);
                Count(batch, decided.Outcomes);
                return new ScanReceipt(decided.Outcomes, decided.Next.Version, null);
            }
            catch (JournalFencedException) when (again)
            {
                // Another activation wrote: a node left, and this one began before the last append there. Nothing of ours is stored, so decide once more over what is.
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
        }

        ScanReceipt Unanimous(ScanOutcome outcome, string problem) => new([.. Enumerable.Repeat(outcome, batch.Scans.Length)], _shipment?.Version ?? 0, problem);
    }

    public async Task<LinkWithdrawal> WithdrawLinks(int generation)
    {
        try
        {
            var shipment = await LoadAsync();   // anew: by an old state nothing would be withdrawn, silently
            var decided = shipment.WithdrawLinks(generation, clock.GetUtcNow(), edd.Current);
            if (decided.Append is not null)
            {
                await StoreAsync(shipment, decided, []);
                LogLinksWithdrawn(log, Key, decided.Next.LinkGeneration);
            }
            return new LinkWithdrawal(decided.Next.Version > 0, decided.Next.LinkGeneration, null);
        }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException or JournalRejectedException)
        {
            LogNotStored(log, Key, refused.Message);
            return new LinkWithdrawal(true, 0, refused.Message);
        }
    }

    public async Task Wake()
    {
        try
        {
            var shipment = _shipment ?? await LoadAsync();
            var decided = shipment.Wake(clock.GetUtcNow(), edd.Current);
            metrics.Woken.Add(1);
            if (decided.Append is not null) await StoreAsync(shipment, decided, []);
            else
            {
                _shipment = decided.Next;
                heads.Offer(new ShipmentHead(decided.Next, ShipmentStream.Of(this.GetPrimaryKeyString()), edd, clock));   // nothing new to store, but a new time to be woken
            }
        }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException)
        {
            LogNotStored(log, Key, refused.Message);
            // The caller must know: whoever was to be woken because its head was lost has none yet. Only framework exceptions cross a call.
            throw new TimeoutException($"{Key} could not be woken now: {refused.Message}");
        }
        catch (JournalRejectedException refused)
        {
            LogNotStored(log, Key, refused.Message);
        }
    }

    public async Task<ShipmentView?> Watch(IWatchNode node, TimeSpan lease, int knownVersion)
    {
        // Interleaves with everything, so after each await somebody else may have read, written or failed.
        if ((_shipment ?? await LoadAsync()).Version == 0) return null;
        DelayDeactivation(lease);   // a page is open: stay
        var watched = _watched ??= new WatchedShipment(journal, ShipmentStream.Of(Key));
        watched.Renew(node, clock.GetUtcNow() + lease);
        if (_shipment is not { } known || known.Version < knownVersion || clock.GetElapsedTime(_confirmedAt) >= ConfirmEvery) await LoadAsync();
        while (_shipment is null || !watched.IsWhole)
        {
            if (_shipment is null) await LoadAsync();
            await watched.ReadAsync();
        }
        return _shipment.Version > knownVersion ? views.Live(_shipment, watched, edd.Current, clock.GetUtcNow()) : null;
    }

    /// <summary>Reads what is stored, unless somebody who interleaves knows it better by then.</summary>
    private async ValueTask<Shipment> LoadAsync()
    {
        while (true)
        {
            var writes = _writes;
            var loaded = await loader.LoadAsync(Key);
            if (writes != _writes)
            {
                if (_shipment is { } written) return written;
                continue;   // an append began and failed meanwhile: what was read may be of before it landed
            }
            _confirmedAt = clock.GetTimestamp();
            if (_shipment is { } known && known.Version >= loaded.Version) return known;
            if (_shipment is not null) _watched?.Doubt();   // another activation wrote
            return _shipment = loaded;
        }
    }

    private async Task StoreAsync(Shipment before, ShipmentDecision decided, ImmutableArray<Original> originals)
    {
        var append = decided.Append!;
        using var span = TrackingMetrics.Activities.StartActivity("journal.append");
        var stream = ShipmentStream.Of(this.GetPrimaryKeyString());
        var needsHead = ShipmentClock.NeedsHead(before, decided.Next, append, edd.Current, append.RecordedAt);
        _writes++;
        try { await journal.AppendAsync(AppendCodec.Encode(stream, before.Version + 1, append, originals, views.LinksOf(before, decided.Next)) with { Marked = needsHead }); }
        catch (Exception refused)
        {
            if (refused is JournalFencedException) metrics.Fenced.Add(1);
            _shipment = null;   // fenced, or outcome unknown: read again
            _watched?.Doubt();
            _writes++;
            throw;
        }
        _shipment = decided.Next;   // only then believe it
        _confirmedAt = clock.GetTimestamp();
        if (needsHead || decided.Next.Version % LongestTail == 0) heads.Offer(new ShipmentHead(decided.Next, stream, edd, clock));
        Announce(before, decided.Next, append);
    }

    private void Announce(Shipment before, Shipment shipment, ShipmentAppend append)
    {
        if (_watched is { } watched)
        {
            watched.Remember(append, shipment.Version);
            using var span = TrackingMetrics.Activities.StartActivity("live.push");
            if (watched.Nodes(clock.GetUtcNow()) is not { Count: > 0 } nodes) _watched = null;
            else if (watched.IsWhole) live.Offer(views.Live(shipment, watched, edd.Current, clock.GetUtcNow()), nodes);   // lossy, versioned, never awaited
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
