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
    private static readonly TimeSpan HeadsCheckedEvery = TimeSpan.FromMinutes(1);

    private readonly IReaction[] _reactions = [.. reactions];
    private readonly IStreamWaker[] _wakers = [.. wakers];
    private IGrainTimer? _timer, _reading;
    private ReactionReader _reader = null!;
    private TimeSpan _pause, _readPause, _headsCheckedIn;
    private long _headsCheckedAt;
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
            // Again now and then: a node that died took heads with it that it had not written, and a full head buffer drops some.
            if (!_headsCaughtUp || clock.GetElapsedTime(_headsCheckedAt) >= _headsCheckedIn)
            {
                // Partitions begin together and then keep their own second of the minute: else all 256 ask in the same one.
                _headsCheckedIn = _headsCaughtUp ? HeadsCheckedEvery : HeadsCheckedEvery * ((Partition + 1.0) / Journal.Partitions.Count);
                _headsCaughtUp = await CatchUpHeadsAsync(cancel);
                _headsCheckedAt = clock.GetTimestamp();
                busy |= !_headsCaughtUp;
            }
            busy |= await SweepAsync(cancel);
        }
        catch (Exception refused) when (!cancel.IsCancellationRequested)
        {
            LogLater(log, Partition, refused.Message);   // whatever it is: a partition that looks no more loses everything that falls due in it
        }
        finally
        {
            _pause = busy ? Shortest : Longer(_pause);
            _timer!.Change(_pause, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task ReadAsync(CancellationToken cancel)
    {
        var rows = 0;
        try { rows = await _reader.ReadAsync(cancel); }
        catch (Exception refused) when (!cancel.IsCancellationRequested)
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

    // After a crash or a hand-over: streams whose journal is ahead of their head are woken, which offers the head again. The position moves on only when
    // every head was made: a stream that nobody can reach now is asked again, one that nobody can read is left to a person.
    private async Task<bool> CatchUpHeadsAsync(CancellationToken cancel)
    {
        await heads.FlushAsync(Partition, cancel);   // what only waits to be written is not lost
        var cursor = await journal.LoadCursorAsync(HeadsReader, Partition, cancel);
        var lagging = await heads.LaggingAsync(Partition, cursor.Position, PageSize, cancel);
        if ((await WakeAsync(lagging.Streams)).Unreached > 0) return false;
        if (lagging.Streams.Count > 0) await heads.FlushAsync(Partition, cancel);
        if (lagging.CheckedUpTo != cursor.Position)
            await journal.SaveCursorAsync(cursor with { Position = lagging.CheckedUpTo, RecordedAt = clock.GetUtcNow() }, cancel);
        return lagging.Streams.Count < PageSize;
    }

    private async Task<bool> SweepAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var due = await heads.DueAsync(Partition, now, options.Value.WakeLimit, cancel);
        foreach (var stream in due) metrics.SweepLag.Record((now - stream.DueAt).TotalSeconds);
        var (woken, _) = await WakeAsync([.. due.Select(d => d.Stream)]);
        return woken > 0;   // what cannot be woken now is no reason to hurry
    }

    /// <summary>Wakes streams side by side; one that fails holds up no other. Unreached are those that may well answer later.</summary>
    private async Task<(int Woken, int Unreached)> WakeAsync(IReadOnlyList<string> streams)
    {
        var (woken, unreached) = (0, 0);
        var waking = new List<Task>(streams.Count);
        foreach (var stream in streams)
            foreach (var waker in _wakers)
                if (waker.Kind == stream[0])
                    waking.Add(OneAsync(waker, stream));
        await Task.WhenAll(waking);
        return (woken, unreached);

        async Task OneAsync(IStreamWaker waker, string stream)
        {
            try
            {
                await waker.WakeAsync(stream);
                woken++;
            }
            catch (Exception failed)
            {
                metrics.WakesFailed.Add(1);
                LogNotWoken(log, stream, failed.Message);
                if (failed is TimeoutException or OrleansException or JournalUnavailableException or JournalOutcomeUnknownException) unreached++;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Stream} could not be woken: {Problem}")]
    private static partial void LogNotWoken(ILogger log, string stream, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partition {Partition} could not be read and will be looked at again: {Problem}")]
    private static partial void LogLater(ILogger log, int partition, string problem);
}
