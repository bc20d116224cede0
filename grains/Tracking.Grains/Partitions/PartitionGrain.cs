using Orleans.Runtime;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Shipments;
using Tracking.Grains.Shipments;
using Tracking.Grains.Telemetry;
using Tracking.Journal;

namespace Tracking.Grains.Partitions;

/// <summary>
/// Everything that happens behind the journal for one partition: heads that a crash lost are made again, what is due is woken. Its
/// positions are saved by compare-and-set, so two activations only repeat work, and every piece of that work may be repeated.
/// </summary>
[GrainType("partition")]
public sealed partial class PartitionGrain(
    IEventJournal journal, IHeadStore heads, IOptions<PartitionOptions> options, TrackingMetrics metrics, TimeProvider clock,
    ILogger<PartitionGrain> log) : Grain, IPartitionGrain
{
    private const string HeadsReader = "heads";
    private const int PageSize = 500;

    private IGrainTimer? _timer;
    private TimeSpan _pause;
    private bool _headsCaughtUp;

    private int Partition => (int)this.GetPrimaryKeyLong();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _pause = TimeSpan.FromSeconds(options.Value.BusySeconds);
        // Spread over a second, so that 256 partitions do not ask at one instant.
        _timer = this.RegisterGrainTimer(LookAsync, new GrainTimerCreationOptions(TimeSpan.FromMilliseconds(Partition * 4), Timeout.InfiniteTimeSpan) { KeepAlive = true });
        return Task.CompletedTask;
    }

    public Task Keep() => Task.CompletedTask;   // being called is being active, and being active is reading

    private async Task LookAsync(CancellationToken cancel)
    {
        var busy = false;
        try
        {
            if (!_headsCaughtUp) _headsCaughtUp = await CatchUpHeadsAsync(cancel);
            if (_headsCaughtUp) busy |= await SweepAsync(cancel);   // never sweep behind a lost head: its due_at is not there
        }
        catch (Exception refused) when (refused is JournalUnavailableException or JournalOutcomeUnknownException or TimeoutException)
        {
            LogLater(log, Partition, refused.Message);
        }
        var (shortest, longest) = (TimeSpan.FromSeconds(options.Value.BusySeconds), TimeSpan.FromSeconds(options.Value.QuietSeconds));
        _pause = busy ? shortest : TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, longest.Ticks));
        _timer!.Change(_pause, Timeout.InfiniteTimeSpan);
    }

    // After a crash or a hand-over: streams whose journal is ahead of their head are woken, which offers the head again.
    private async Task<bool> CatchUpHeadsAsync(CancellationToken cancel)
    {
        var cursor = await journal.LoadCursorAsync(HeadsReader, Partition, cancel);
        var lagging = await heads.LaggingAsync(Partition, cursor.Position, PageSize, cancel);
        await WakeAsync(lagging.Streams);
        if (lagging.Streams.Count > 0) await heads.FlushAsync(cancel);
        await journal.SaveCursorAsync(cursor with { Position = lagging.CheckedUpTo, RecordedAt = clock.GetUtcNow() }, cancel);
        return lagging.Streams.Count < PageSize;
    }

    private async Task<bool> SweepAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var due = await heads.DueAsync(Partition, now, options.Value.WakeLimit, cancel);
        foreach (var stream in due) metrics.SweepLag.Record((now - stream.DueAt).TotalSeconds);
        await WakeAsync([.. due.Select(d => d.Stream)]);
        return due.Count > 0;
    }

    private async Task WakeAsync(IReadOnlyList<string> streams)
    {
        var waking = new List<Task>(streams.Count);
        foreach (var stream in streams)
            if (ShipmentStream.KeyOf(stream) is { } key)
                waking.Add(GrainFactory.GetGrain<IShipmentGrain>(key.ToString()).Wake());
        await Task.WhenAll(waking);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partition {Partition} could not be read and will be looked at again: {Problem}")]
    private static partial void LogLater(ILogger log, int partition, string problem);
}
