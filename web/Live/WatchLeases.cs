using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Live;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Pages;

namespace Tracking.Web.Live;

/// <summary>
/// Keeps this node's leases alive while pages are open: the first page of a shipment takes one at once, all are renewed every few seconds, and what a push
/// missed comes back with the renewal. Also sweeps: slow readers, links withdrawn, sockets that never said what they want.
/// </summary>
public sealed partial class WatchLeases(
    LivePages pages, IShipmentWatch watch, PageVisits visits, HubConnections connections, LiveMetrics metrics, TimeProvider clock,
    IOptions<LiveOptions> options, IHostApplicationLifetime lifetime, ILogger<WatchLeases> log) : BackgroundService
{
    /// <summary>Renewals under way at once.</summary>
    public const int Parallel = 64;

    /// <summary>How many times in a renewal time it is looked what is due.</summary>
    private const int Steps = 10;

    private readonly LiveOptions _options = options.Value;

    /// <summary>Takes the lease of a shipment that was just opened. A failure is left to the next renewal: the page is not made to wait for it.</summary>
    public async Task BeginAsync(ShipmentKey key, int knownVersion, CancellationToken cancel)
    {
        if (pages.IsLeased(key)) return;   // many pages of one parcel, or many coming back at once: one lease is enough
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        try { await RenewAsync(key, knownVersion, patience.Token).ConfigureAwait(false); }
        catch (Exception trouble) when (!cancel.IsCancellationRequested) { LogLeaseFailed(log, key.ToString(), trouble); }
        catch (OperationCanceledException) { }
    }

    /// <summary>
    /// Renews what is due. Pages were opened at different moments and stay that far apart, instead of a thousand leases at one instant every five seconds.
    /// </summary>
    private async Task RenewDueAsync(CancellationToken cancel)
    {
        var failed = 0;
        await System.Threading.Tasks.Parallel.ForEachAsync(
            pages.Watching().Where(watched => pages.Ask(watched.Key)), new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancel },
            async (watched, stop) =>
            {
                try { await RenewAsync(watched.Key, watched.Version, stop).ConfigureAwait(false); }
                catch (Exception) when (!stop.IsCancellationRequested) { Interlocked.Increment(ref failed); }
            }).ConfigureAwait(false);
        if (failed > 0) LogRenewalsFailed(log, failed);
    }

    private async Task SweepAsync(CancellationToken cancel)
    {
        pages.CutSlow();
        connections.CutSilent();
        foreach (var (slot, generation) in pages.Doubtful())
        {
            try
            {
                if (await visits.FindAsync(slot.Token, cancel).ConfigureAwait(false) is { } target && target.Generation >= generation)
                {
                    slot.Generation = generation;
                    continue;
                }
            }
            catch (Exception) when (!cancel.IsCancellationRequested) { continue; }   // storage is away: asked again in the next round
            pages.Close(slot);
            metrics.Refused("withdrawn");
            try { await slot.Connection.SendGoneAsync().WaitAsync(TimeSpan.FromSeconds(1), clock, cancel).ConfigureAwait(false); }
            catch (Exception) when (!cancel.IsCancellationRequested) { }
            slot.Connection.Abort();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var draining = lifetime.ApplicationStopping.Register(Drain);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(_options.RenewSeconds) / Steps, clock);
        try
        {
            for (var step = 1; await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false); step++)
            {
                try
                {
                    await RenewDueAsync(stoppingToken).ConfigureAwait(false);
                    if (step % Steps == 0) await SweepAsync(stoppingToken).ConfigureAwait(false);
                }
                catch (Exception trouble) when (!stoppingToken.IsCancellationRequested) { LogRoundFailed(log, trouble); }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { }
    }

    private async Task RenewAsync(ShipmentKey key, int knownVersion, CancellationToken cancel)
    {
        if (await watch.WatchAsync(key, knownVersion, TimeSpan.FromSeconds(_options.LeaseSeconds), cancel).ConfigureAwait(false) is { } newer)
            pages.Publish(newer);
        pages.Leased(key);
    }

    // Each page is told when to come back, so that they do not all come at once. Runs before connections are closed; never holds up the stop for long.
    private void Drain()
    {
        var sends = new List<Task>();
        foreach (var slot in pages.Slots())
            sends.Add(slot.Connection.SendLaterAsync(Random.Shared.Next(200, _options.DrainSpreadSeconds * 1_000)));
        if (sends.Count == 0) return;
        try { Task.WhenAll(sends).Wait(TimeSpan.FromSeconds(1)); }
        catch (AggregateException) { }   // whoever is gone already needs no farewell
        Thread.Sleep(300);               // a send ends in the connection's buffer; closing right now would throw that away
        LogDrained(log, sends.Count);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The lease of {Shipment} could not be taken; the next renewal tries again.")]
    private static partial void LogLeaseFailed(ILogger log, string shipment, Exception trouble);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} leases of open pages could not be renewed; their pages may be late until the next renewal.")]
    private static partial void LogRenewalsFailed(ILogger log, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "A round of lease renewals failed.")]
    private static partial void LogRoundFailed(ILogger log, Exception trouble);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} open pages were asked to come back in a moment.")]
    private static partial void LogDrained(ILogger log, int count);
}
