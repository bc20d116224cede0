using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Tracking.Journal;

/// <summary>
/// Heads on their way to the table: the newest per stream, made and written every now and then in batches. A failed flush gives the heads back; nothing here ever blocks the one who offers.
/// A quiet server writes them at once; a busy one gathers for seconds, because only then are several scans of one parcel one write (40,000 parcels at 15,000 scans/s: 13 µs of PostgreSQL a scan less).
/// </summary>
internal sealed partial class HeadWriter : IAsyncDisposable
{
    private const int Busy = 1_000;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _flushing = new(1);
    private readonly SemaphoreSlim _urgent = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly JournalOptions _options;
    private readonly Func<IReadOnlyList<StreamHead>, CancellationToken, Task> _write;
    private readonly JournalMetrics _metrics;
    private readonly ILogger _log;
    private readonly Task _loop;
    private Dictionary<string, IHeadSource> _waiting = new(StringComparer.Ordinal);
    private int _inFlight;
    private long _oldestOfferedAt;

    public HeadWriter(JournalOptions options, Func<IReadOnlyList<StreamHead>, CancellationToken, Task> write, JournalMetrics metrics, ILogger log)
    {
        _options = options;
        _write = write;
        _metrics = metrics;
        _log = log;
        _loop = Task.Run(LoopAsync);
    }

    public int Waiting
    {
        get { lock (_gate) return _waiting.Count + _inFlight; }
    }

    public double LagSeconds
    {
        get { lock (_gate) return _waiting.Count == 0 ? 0 : Stopwatch.GetElapsedTime(_oldestOfferedAt).TotalSeconds; }
    }

    public void Offer(IHeadSource head)
    {
        bool urgent;
        lock (_gate)
        {
            if (_waiting.TryGetValue(head.Stream, out var known))
            {
                if (known.Version <= head.Version) _waiting[head.Stream] = head;
                return;
            }
            if (_waiting.Count + _inFlight >= 8L * _options.HeadBuffer)
            {
                _metrics.HeadsDropped(1);
                return;
            }
            if (_waiting.Count == 0) _oldestOfferedAt = Stopwatch.GetTimestamp();
            _waiting.Add(head.Stream, head);
            urgent = _waiting.Count == _options.HeadBuffer;
        }
        if (urgent && _urgent.CurrentCount == 0) SignalUrgent();
    }

    /// <summary>Writes what was offered up to now; throws what the store threw, and keeps the heads.</summary>
    public async Task FlushAsync(CancellationToken cancel)
    {
        await _flushing.WaitAsync(cancel);
        try
        {
            Dictionary<string, IHeadSource> taken;
            lock (_gate)
            {
                if (_waiting.Count == 0) return;
                taken = _waiting;
                _inFlight = taken.Count;
                _waiting = new(StringComparer.Ordinal);
            }
            var started = Stopwatch.GetTimestamp();
            var heads = new List<IHeadSource>(taken.Values);
            // Neighbours in the table are written together.
            heads.Sort(static (a, b) => Partitions.Of(a.Stream).CompareTo(Partitions.Of(b.Stream)) is var n and not 0 ? n : string.CompareOrdinal(a.Stream, b.Stream));
            var written = 0;
            try
            {
                while (written < heads.Count)
                {
                    var batch = new StreamHead[Math.Min(_options.MaxHeadBatch, heads.Count - written)];
                    for (var i = 0; i < batch.Length; i++) batch[i] = heads[written + i].Make();
                    await _write(batch, cancel);
                    written += batch.Length;
                }
            }
            finally
            {
                Finish(heads, written);
                if (written > 0) _metrics.HeadsWritten(written, Stopwatch.GetElapsedTime(started).TotalSeconds);
            }
        }
        finally
        {
            _flushing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync();
        await _loop;
        try
        {
            await FlushAsync(CancellationToken.None);
        }
        catch (Exception lost) when (lost is JournalUnavailableException or JournalOutcomeUnknownException)
        {
            LogHeadsLeft(_log, Waiting, lost.Message);
        }
    }

    private async Task LoopAsync()
    {
        var pause = _options.HeadFlushEvery;
        var failing = false;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _urgent.WaitAsync(pause, _stopping.Token);
                var busy = Waiting >= Busy;
                await FlushAsync(_stopping.Token);
                pause = busy && _options.HeadGather > _options.HeadFlushEvery ? _options.HeadGather : _options.HeadFlushEvery;
                failing = false;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed)
            {
                if (!failing) LogFlushFailed(_log, Waiting, failed.Message);
                failing = true;
                pause = TimeSpan.FromMilliseconds(Math.Clamp(2 * pause.TotalMilliseconds, 200, 2_000));
            }
        }
    }

    /// <summary>Takes back what was not written; a failing database must not make the buffer grow round by round.</summary>
    private void Finish(List<IHeadSource> heads, int from)
    {
        lock (_gate)
        {
            _inFlight = 0;
            for (var i = from; i < heads.Count; i++)
            {
                if (!_waiting.TryGetValue(heads[i].Stream, out var newer) || newer.Version < heads[i].Version) _waiting[heads[i].Stream] = heads[i];
            }
        }
    }

    private void SignalUrgent()
    {
        try
        {
            _urgent.Release();
        }
        catch (SemaphoreFullException)
        {
            // Two offers crossed the line together; one signal is enough.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Waiting} heads could not be written and wait: {Reason}")]
    private static partial void LogFlushFailed(ILogger log, int waiting, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stopped with {Waiting} heads not written ({Reason}); the journal has their rows and the next start finds them.")]
    private static partial void LogHeadsLeft(ILogger log, int waiting, string reason);
}
