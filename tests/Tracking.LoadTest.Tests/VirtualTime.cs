using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Tests;

/// <summary>
/// One thread, one queue, a clock that jumps: a hundred seconds of load in a few milliseconds, the same every time. Whatever is ready runs; when
/// nothing is, time moves to the next instant somebody waits for.
/// </summary>
public sealed class VirtualTime : SynchronizationContext, ILoadClock
{
    private readonly Queue<(SendOrPostCallback Call, object? State)> _ready = new();
    private readonly PriorityQueue<TaskCompletionSource, (long At, long Order)> _waiting = new();
    private long _order;

    public long Micros { get; private set; }

    /// <summary>Somebody computes for that long: time passes and nothing else runs.</summary>
    public void Burn(long micros) => Micros += micros;

    public ValueTask UntilAsync(long micros, CancellationToken stop)
    {
        if (micros <= Micros) return ValueTask.CompletedTask;
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue(reached, (micros, _order++));
        return new ValueTask(reached.Task);
    }

    public Task Delay(long micros) => UntilAsync(Micros + micros, CancellationToken.None).AsTask();

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_ready) _ready.Enqueue((d, state));
    }

    public override SynchronizationContext CreateCopy() => this;

    public static T Run<T>(Func<VirtualTime, Task<T>> story)
    {
        var time = new VirtualTime();
        var before = Current;
        SetSynchronizationContext(time);
        try
        {
            var told = story(time);
            while (!told.IsCompleted)
            {
                if (time._ready.TryDequeue(out var next)) next.Call(next.State);
                else if (time._waiting.TryDequeue(out var reached, out var due))
                {
                    time.Micros = Math.Max(time.Micros, due.At);
                    reached.SetResult();
                }
                else throw new InvalidOperationException("Everybody waits and nothing will happen.");
            }
            return told.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }
}
