using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Shipments;

namespace Tracking.Grains.Partitions;

/// <summary>
/// Keeps every partition read: on each node, at start and every half minute, all 256 are called. Whichever node has them answers; after a node is lost the
/// next call makes them active elsewhere.
/// </summary>
public sealed partial class PartitionKeeper(IGrainFactory grains, IOptions<PartitionOptions> options, TimeProvider clock, ILogger<PartitionKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        if (!options.Value.Enabled) return;
        try
        {
            while (true)
            {
                try
                {
                    await Task.WhenAll(Enumerable.Range(0, Journal.Partitions.Count).Select(p => grains.GetGrain<IPartitionGrain>(p).Keep()));
                }
                catch (Exception refused) when (refused is not OperationCanceledException)
                {
                    LogNotKept(log, refused.Message);   // the next round tries again
                }
                await Task.Delay(Period, clock, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }   // a stop is no fault
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not every partition answered; they are called again in half a minute: {Problem}")]
    private static partial void LogNotKept(ILogger log, string problem);
}
