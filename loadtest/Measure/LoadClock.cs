using System.Diagnostics;

namespace Tracking.LoadTest.Measure;

/// <summary>Time as the open model sees it: microseconds since the run began, and waiting until such an instant.</summary>
public interface ILoadClock
{
    long Micros { get; }

    /// <summary>Completes at <paramref name="micros"/> or as soon after it as the clock can; at once when that has passed.</summary>
    ValueTask UntilAsync(long micros, CancellationToken stop);
}

/// <summary>
/// The machine's clock. Waiting blocks the calling thread: the pacer owns a thread of its own, so that a busy thread pool cannot make it late.
/// </summary>
public sealed class MachineClock : ILoadClock
{
    private readonly long _start = Stopwatch.GetTimestamp();

    public long Micros => (long)Stopwatch.GetElapsedTime(_start).TotalMicroseconds;

    public ValueTask UntilAsync(long micros, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var left = micros - Micros;
            if (left <= 0) break;
            // Linux wakes a sleeper up to a tenth of a millisecond late; sleeping in short steps keeps Ctrl-C quick.
            Thread.Sleep(left > 50_000 ? 50 : (int)Math.Max(1, left / 1000));
        }
        return ValueTask.CompletedTask;
    }
}
