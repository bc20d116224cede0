using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Retailers;

namespace Tracking.Web.Scans;

/// <summary>One scan on its way in, and what became of it.</summary>
public struct Incoming
{
    public Scan? Scan;
    public Original? Original;
    public ScanOutcome Outcome;
    public int Version;
    /// <summary>For what was rejected, quarantined or failed: a stable code and a sentence.</summary>
    public string? ProblemCode;
    public string? ProblemDetail;
}

/// <summary>
/// Brings scans to their shipments: one grain call per shipment per batch, all at once, and an outcome for every scan in its own place.
/// </summary>
public sealed partial class ScanIntake(IGrainFactory grains, IngestGate gate, IngestMetrics metrics, TimeProvider clock, ILogger<ScanIntake> log)
{
    private static readonly ActivitySource Activities = new("Tracking.Web");

    /// <summary>
    /// How long to wait before asking a shipment again whose node went away under the call. A node that leaves in order is gone from everybody's view within a second; recording scans again
    /// is safe, because a scan has its identity, so the sender need not hear of it.
    /// </summary>
    private static readonly TimeSpan[] AskAgainAfter = [TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(750), TimeSpan.FromSeconds(2)];

    /// <summary>Records every entry that has a scan. Never throws for a shipment that fails: its entries say <see cref="ScanOutcome.Failed"/>.</summary>
    public async Task RecordAsync(Retailer retailer, Incoming[] batch, int count)
    {
        using var span = Activities.StartActivity("scans.record");
        var groups = Group(batch, count);
        span?.SetTag("scans", count).SetTag("shipments", groups.Count);
        gate.Enter(retailer, count);
        var began = clock.GetTimestamp();
        try
        {
            var receivedAt = clock.GetUtcNow();
            var calls = new Task[groups.Count];
            var n = 0;
            foreach (var (key, members) in groups) calls[n++] = CallAsync(retailer, key, batch, members, receivedAt);
            await Task.WhenAll(calls);
        }
        finally { gate.Leave(count, clock.GetElapsedTime(began)); }
        metrics.Answered(batch.AsSpan(0, count));
    }

    private static Dictionary<(string Carrier, string Number), List<int>> Group(Incoming[] batch, int count)
    {
        var groups = new Dictionary<(string, string), List<int>>(count);
        for (var i = 0; i < count; i++)
        {
            if (batch[i].Scan is not { } scan) continue;
            ref var members = ref CollectionsMarshal.GetValueRefOrAddDefault(groups, (scan.Carrier, scan.TrackingNumber), out _);
            (members ??= new List<int>(1)).Add(i);
        }
        return groups;
    }

    private async Task CallAsync(Retailer retailer, (string Carrier, string Number) name, Incoming[] batch, List<int> members, DateTimeOffset receivedAt)
    {
        var key = new ShipmentKey(retailer.Id, name.Carrier, name.Number);
        var scans = ImmutableArray.CreateBuilder<Scan>(members.Count);
        ImmutableArray<Original>.Builder? originals = null;
        foreach (var i in members)
        {
            scans.Add(batch[i].Scan!);
            if (batch[i].Original is { } original && (originals ??= ImmutableArray.CreateBuilder<Original>(1)).All(o => o.PayloadId != original.PayloadId)) originals.Add(original);
        }
        var (shipment, sent) = (grains.GetGrain<IShipmentGrain>(key.ToString()), new ScanBatch(scans.MoveToImmutable(), receivedAt, originals?.ToImmutable() ?? []));
        try
        {
            ScanReceipt receipt;
            for (var turn = 0; ; turn++)
            {
                try
                {
                    receipt = await shipment.RecordScans(sent);
                    break;
                }
                catch (OrleansMessageRejectionException) when (turn < AskAgainAfter.Length) { await Task.Delay(AskAgainAfter[turn], clock); }
            }
            for (var n = 0; n < members.Count; n++)
            {
                ref var entry = ref batch[members[n]];
                entry.Outcome = receipt.Outcomes[n];
                entry.Version = receipt.Version;
                if (entry.Outcome == ScanOutcome.Failed) (entry.ProblemCode, entry.ProblemDetail) = ("not-stored", "The scan is not known to be stored. Send it again.");
                if (entry.Outcome == ScanOutcome.Rejected) (entry.ProblemCode, entry.ProblemDetail) = ("not-storable", receipt.Problem ?? "The scan cannot be stored.");
            }
        }
        catch (Exception broken) when (broken is not OutOfMemoryException)
        {
            LogFailed(log, key, broken.GetType().Name, broken.Message);
            foreach (var i in members)
            {
                batch[i].Outcome = ScanOutcome.Failed;
                (batch[i].ProblemCode, batch[i].ProblemDetail) = ("not-stored", "The scan is not known to be stored. Send it again.");
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Shipment} did not answer ({Error}: {Problem}); its scans were answered 'failed'.")]
    private static partial void LogFailed(ILogger log, ShipmentKey shipment, string error, string problem);
}
