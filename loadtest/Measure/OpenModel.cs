using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Measure;

/// <summary>When the n-th send is due, whatever the server does.</summary>
public enum Arrivals
{
    /// <summary>Evenly spaced along the curve.</summary>
    Even,
    /// <summary>At random along the curve, as independent senders would (seeded).</summary>
    Random,
}

/// <param name="InFlight">Sends that may be under way at once. Further ones wait here, and their latency grows all the same. Default 128.</param>
/// <param name="Waiting">Sends that may wait for a free slot; beyond it they are dropped and counted as errors. Default 20,000.</param>
/// <param name="LateMicros">A send that the generator itself starts later than this is late. Default 5 ms.</param>
public sealed record OpenModelOptions(int InFlight = 128, int Waiting = 20_000, long LateMicros = 5_000, Arrivals Arrivals = Arrivals.Even, ulong Seed = 1);

/// <summary>One send that is due.</summary>
/// <param name="IntendedMicros">When the curve says it is due: latency is counted from here.</param>
/// <param name="StartedMicros">When it left.</param>
public readonly record struct Send(long Number, long IntendedMicros, long StartedMicros);

/// <summary>What the generator did, apart from what the server did.</summary>
public sealed record OpenModelOutcome(long Due, long Sent, long Dropped, long Late, long LatestMicros, bool Stopped);

/// <summary>
/// Sends on a schedule that does not wait for answers. A closed loop waits for the slow server and so hides the stall it should report
/// (coordinated omission); here the clock decides, and latency runs from the instant a send was due. Lateness that is the generator's own
/// (the pacer woke late, or a slot was free and the send still did not leave) is counted apart, because a late generator has no verdict to give.
/// </summary>
public sealed class OpenModel(ILoadClock clock, OpenModelOptions options)
{
    private readonly record struct Ticket(long Number, long Intended, long Paced, bool SlotWasFree);

    private readonly Lock _gate = new();
    private readonly Queue<Ticket> _line = new();
    private readonly TaskCompletionSource _allBack = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _busy;
    private bool _paced;
    private long _due, _sent, _dropped, _late, _latest;

    /// <summary>Sends due and not yet answered, waiting ones included.</summary>
    public long Outstanding
    {
        get { lock (_gate) return _line.Count + _busy; }
    }

    public long Due => Volatile.Read(ref _due);
    public long Late => Volatile.Read(ref _late);
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>
    /// Runs the curve to its end, or until <paramref name="stop"/>; returns when every send that left has come back. <paramref name="send"/> must not
    /// throw for a failed request: what failed is its business to count. An exception of it ends the run and is thrown from here.
    /// </summary>
    public async Task<OpenModelOutcome> RunAsync(RateCurve curve, Func<Send, Task> send, CancellationToken stop = default)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            await PaceAsync(curve, send, ended);
        }
        finally
        {
            lock (_gate)
            {
                _paced = true;
                if (_busy == 0) _allBack.TrySetResult();
            }
        }
        await _allBack.Task;
        return new OpenModelOutcome(_due, _sent, _dropped, _late, _latest, stop.IsCancellationRequested);
    }

    private async Task PaceAsync(RateCurve curve, Func<Send, Task> send, CancellationTokenSource ended)
    {
        var start = clock.Micros;
        var dice = Dice.For(options.Seed, 0x70616365);
        var random = options.Arrivals == Arrivals.Random;
        var area = random ? dice.Exponential() : 0;
        for (long number = 0; random || area < curve.Total; number++)
        {
            if (curve.WhenMicros(area) is not { } due) return;
            var intended = start + due;
            if (clock.Micros < intended) await clock.UntilAsync(intended, ended.Token);
            if (ended.IsCancellationRequested) return;

            Volatile.Write(ref _due, _due + 1);
            bool free;
            lock (_gate)
            {
                free = _busy < options.InFlight;
                if (free) _busy++;
                else if (_line.Count < options.Waiting) _line.Enqueue(new Ticket(number, intended, clock.Micros, SlotWasFree: false));
                else Volatile.Write(ref _dropped, _dropped + 1);
            }
            // Begun here and now, on the pacer's own thread: handed to the pool it would wait behind the answers of a thousand pages.
            if (free) _ = SendFromAsync(new Ticket(number, intended, clock.Micros, SlotWasFree: true), send, ended);
            area += random ? dice.Exponential() : 1;
        }
    }

    // One slot: the send it was taken for, and then whatever waits.
    private async Task SendFromAsync(Ticket ticket, Func<Send, Task> send, CancellationTokenSource ended)
    {
        try
        {
            while (true)
            {
                if (!ended.IsCancellationRequested)        // what waits when the run stops is never sent
                {
                    var started = clock.Micros;
                    // With every slot taken the wait is the server's doing and belongs to its latency; otherwise it is ours.
                    var own = (ticket.SlotWasFree ? started : ticket.Paced) - ticket.Intended;
                    if (own > options.LateMicros) Interlocked.Increment(ref _late);
                    if (own > Volatile.Read(ref _latest)) Interlocked.Exchange(ref _latest, own);
                    Interlocked.Increment(ref _sent);
                    await send(new Send(ticket.Number, ticket.Intended, started));
                }
                lock (_gate)
                {
                    if (_line.TryDequeue(out ticket)) continue;
                    _busy--;
                    if (_paced && _busy == 0) _allBack.TrySetResult();
                    return;
                }
            }
        }
        catch (Exception broken)
        {
            _allBack.TrySetException(broken);
            ended.Cancel();
        }
    }
}
