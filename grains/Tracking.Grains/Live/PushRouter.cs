using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tracking.Contracts.Live;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Telemetry;

namespace Tracking.Grains.Live;

/// <summary>
/// Carries views of watched shipments from this node's grains to the nodes with open pages: per node the newest version of each shipment, flushed every
/// few milliseconds, one send in flight. Nothing queues without bound; what is lost here comes with the next lease renewal.
/// </summary>
public sealed partial class PushRouter(TrackingMetrics metrics, TimeProvider clock, ILogger<PushRouter> log) : BackgroundService
{
    /// <summary>How long views gather before a flush. Short beside the 100 ms from scan to page, long beside a burst of one message's scans.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(10);
    /// <summary>Shipments waiting for one node; beyond it the newest push is dropped and the renewal brings it.</summary>
    private const int MaxWaiting = TrackingMetrics.PushesWaitingLimit;

    private readonly Dictionary<IWatchNode, Outbox> _outboxes = [];
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private sealed class Outbox
    {
        public Dictionary<ShipmentKey, ShipmentView> Waiting = [];
        public bool Sending;
    }

    /// <summary>Takes a view for some nodes. Never waits, never throws.</summary>
    public void Offer(ShipmentView view, IReadOnlyList<IWatchNode> nodes)
    {
        lock (_outboxes)
        {
            foreach (var node in nodes)
            {
                if (!_outboxes.TryGetValue(node, out var outbox)) _outboxes.Add(node, outbox = new Outbox());
                if (outbox.Waiting.TryGetValue(view.Key, out var older))
                {
                    if (older.Version >= view.Version) continue;
                    metrics.PushesConflated.Add(1);
                }
                else if (outbox.Waiting.Count >= MaxWaiting) continue;
                outbox.Waiting[view.Key] = view;
            }
        }
        _signal.Writer.TryWrite(true);
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            while (await _signal.Reader.WaitToReadAsync(stopping))
            {
                await Task.Delay(Gather, clock, stopping);
                _signal.Reader.TryRead(out _);
                Flush();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }   // a stop is no fault
    }

    private void Flush()
    {
        List<(IWatchNode Node, Outbox Outbox, ImmutableArray<ShipmentView> Views)> due = [];
        var most = 0;
        lock (_outboxes)
        {
            foreach (var (node, outbox) in _outboxes)
            {
                if (outbox.Sending || outbox.Waiting.Count == 0)
                {
                    most = Math.Max(most, outbox.Waiting.Count);
                    continue;
                }
                most = Math.Max(most, outbox.Waiting.Count);
                due.Add((node, outbox, [.. outbox.Waiting.Values]));
                outbox.Waiting = [];
                outbox.Sending = true;
            }
        }
        metrics.PushesWait(most);
        foreach (var (node, outbox, views) in due) _ = SendAsync(node, outbox, views);
    }

    private async Task SendAsync(IWatchNode node, Outbox outbox, ImmutableArray<ShipmentView> views)
    {
        try
        {
            await node.Push(views);
            metrics.PushesSent.Add(views.Length);
        }
        catch (Exception gone) when (gone is not OutOfMemoryException)
        {
            LogNodeGone(log, gone.Message);   // lossy by contract
        }
        lock (_outboxes)
        {
            outbox.Sending = false;
            if (outbox.Waiting.Count == 0) _outboxes.Remove(node);
            else _signal.Writer.TryWrite(true);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A push to a watching node was lost; its next renewal repairs it: {Problem}")]
    private static partial void LogNodeGone(ILogger log, string problem);
}
