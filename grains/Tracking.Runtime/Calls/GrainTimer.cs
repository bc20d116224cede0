using Orleans.Runtime;

namespace Tracking.Runtime;

/// <summary>A timer of one activation. It only ever has one tick on the way: the next is set when the last has ended.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly GrainTimerCreationOptions _options;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private TimeSpan _due, _period;
    private bool _ticking, _changed;

    internal GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _callback = callback;
        _options = options;
        Check(options.DueTime, options.Period);
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
        {
            _timer = activation.Silo.Clock.CreateTimer(static state => ((GrainTimer)state!).Due(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, period);
        lock (_gate)
        {
            _due = dueTime;
            _period = period;
            _changed = true;
            if (!_ticking && !_stopping.IsCancellationRequested) _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        Stop();
        _activation.Forget(this);
    }

    internal void Stop()
    {
        _stopping.Cancel();
        _timer.Dispose();
    }

    private void Due()
    {
        lock (_gate)
        {
            if (_ticking || _stopping.IsCancellationRequested) return;
            _ticking = true;
        }
        _activation.TryReceive(new Tick(this) { Target = _activation.GrainId });
    }

    private void Ticked()
    {
        lock (_gate)
        {
            _ticking = false;
            if (!_stopping.IsCancellationRequested) _timer.Change(_changed ? _due : _period, Timeout.InfiniteTimeSpan);
        }
    }

    private static void Check(TimeSpan dueTime, TimeSpan period)
    {
        const uint most = 0xfffffffe;   // what System.Threading.Timer takes, in milliseconds
        foreach (var (time, name) in new[] { (dueTime, nameof(dueTime)), (period, nameof(period)) })
        {
            var milliseconds = (long)time.TotalMilliseconds;
            ArgumentOutOfRangeException.ThrowIfLessThan(milliseconds, -1, name);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(milliseconds, most, name);
        }
    }

    private sealed class Tick(GrainTimer timer) : RuntimeCall
    {
        internal override string Name => "timer";
        internal override bool AlwaysInterleave => timer._options.Interleave;
        internal override bool KeepsAlive => timer._options.KeepAlive;

        protected override async void Invoke(object target, Activation on)
        {
            Exception? failure = null;
            try
            {
                lock (timer._gate) timer._changed = false;
                if (!timer._stopping.IsCancellationRequested) await timer._callback(timer._stopping.Token);
            }
            catch (Exception thrown)
            {
                failure = thrown;
            }
            timer.Ticked();
            on.Completed(this, failure);
        }
    }
}
