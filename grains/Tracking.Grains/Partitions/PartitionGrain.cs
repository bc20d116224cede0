using Orleans.Runtime;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Shipments;
using Tracking.Grains.Telemetry;
using Tracking.Journal;

namespace Tracking.Grains.Partitions;

/// <summary>
/// Everything that happens behind the journal for one partition: heads that a crash lost are made again, what is due is woken, what must be heard of is
/// heard of. Its positions are saved by compare-and-set, so two activations only repeat work, and every piece of that work may be repeated.
/// </summary>
[GrainType("partition")]
public sealed partial class PartitionGrain(
    IEventJournal journal, IHeadStore heads, IEnumerable<IReaction> reactions, IEnumerable<IStreamWaker> wakers, IOptions<PartitionOptions> options,
    TrackingMetrics metrics, TimeProvider clock, ILogger<PartitionGrain> log) : Grain, IPartitionGrain
{
    private const string HeadsReader = "heads";
    private const int PageSize = 500;

    private readonly IReaction[] _reactions = [.. reactions];
    private readonly IStreamWaker[] _wakers = [.. wakers];
    private IGrainTimer? _timer, _reading;
    private ReactionReader _reader = null!;
    private TimeSpan _pause, _readPause;
    private bool _headsCaughtUp;

    private int Partition => (int)this.GetPrimaryKeyLong();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _pause = _readPause = TimeSpan.FromSeconds(options.Value.BusySeconds);
        _reader = new ReactionReader(Partition, journal, _reactions, options.Value, metrics, clock, log);
        // Spread over a second, so that 256 partitions do not ask at one instant. Reactions beside the sweep: a slow one must not hold back what is due.
        var first = TimeSpan.FromMilliseconds(Partition * 4);
        _timer = this.RegisterGrainTimer(LookAsync, new GrainTimerCreationOptions(first, Timeout.InfiniteTimeSpan) { KeepAlive = true });
        if (_reactions.Length > 0)
            _reading = this.RegisterGrainTimer(ReadAsync, new GrainTimerCreationOptions(first, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _reader.Forget();
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
        _pause = busy ? Shortest : Longer(_pause);
        _timer!.Change(_pause, Timeout.InfiniteTimeSpan);
    }

    private async Task ReadAsync(CancellationToken cancel)
    {
        var rows = 0;
        try { rows = await _reader.ReadAsync(cancel); }
        catch (Exception refused) when (refused is JournalUnavailableException or JournalOutcomeUnknownException or TimeoutException)
        {
            LogLater(log, Partition, refused.Message);
        }
        finally
        {
            _readPause = rows == options.Value.ReactionPage ? TimeSpan.FromMilliseconds(1) : rows > 0 ? Shortest : Longer(_readPause);
            _reading!.Change(_readPause, Timeout.InfiniteTimeSpan);
        }
    }

    private TimeSpan Shortest => TimeSpan.FromSeconds(options.Value.BusySeconds);

    private TimeSpan Longer(TimeSpan pause) => TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, TimeSpan.FromSeconds(options.Value.QuietSeconds).Ticks));

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
            foreach (var waker in _wakers)
                if (waker.Kind == stream[0])
                    waking.Add(waker.WakeAsync(stream));
        await Task.WhenAll(waking);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partition {Partition} could not be read and will be looked at again: {Problem}")]
    private static partial void LogLater(ILogger log, int partition, string problem);
}
