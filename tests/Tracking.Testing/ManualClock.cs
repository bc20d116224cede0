namespace Tracking.Testing;

/// <summary>
/// A clock that stands still until a test moves it. Timers that fall due on the way fire in order of their time, those of one instant in the order they were
/// set, on the thread that moves the clock; a timer set by a callback still fires if it falls due before the target.
/// </summary>
public sealed class ManualClock(DateTimeOffset? start = null) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly SortedSet<ManualTimer> _timers = new(ManualTimer.ByDue);
    private DateTimeOffset _now = start ?? new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private long _sequence;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    /// <summary>When the next timer falls due; null when none is set.</summary>
    public DateTimeOffset? NextTimer
    {
        get { lock (_gate) return _timers.Min?.Due; }
    }

    /// <summary>How many timers are set.</summary>
    public int TimersSet
    {
        get { lock (_gate) return _timers.Count; }
    }

    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        MoveTo(GetUtcNow() + by);
    }

    /// <summary>Moves to an instant. An instant in the past changes nothing.</summary>
    public void MoveTo(DateTimeOffset target)
    {
        while (true)
        {
            ManualTimer? due;
            lock (_gate)
            {
                due = _timers.Min;
                if (due is null || due.Due > target)
                {
                    if (target > _now) _now = target;
                    return;
                }
                if (due.Due > _now) _now = due.Due;
                _timers.Remove(due);
                due.Reset(_now, ++_sequence);
                if (due.IsSet) _timers.Add(due);
            }
            due.Fire();
        }
    }

    /// <summary>Moves to the next timer and fires it, and whatever else falls due at that instant.</summary>
    /// <returns>False when no timer is set.</returns>
    public bool AdvanceToNextTimer()
    {
        if (NextTimer is not { } next) return false;
        MoveTo(next > GetUtcNow() ? next : GetUtcNow());
        return true;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ManualTimer(ManualClock clock, TimerCallback callback, object? state) : ITimer
    {
        internal static readonly IComparer<ManualTimer> ByDue = Comparer<ManualTimer>.Create(
            static (a, b) => a.Due != b.Due ? a.Due.CompareTo(b.Due) : a._sequence.CompareTo(b._sequence));

        private TimeSpan _period;
        private long _sequence;
        private bool _disposed;

        internal DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;
        internal bool IsSet => Due != DateTimeOffset.MaxValue;

        internal void Fire() => callback(state);

        /// <summary>After it fell due: to the next period, or to never.</summary>
        internal void Reset(DateTimeOffset now, long sequence)
        {
            Due = _period > TimeSpan.Zero ? now + _period : DateTimeOffset.MaxValue;
            _sequence = sequence;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                if (_disposed) return false;
                if (IsSet) clock._timers.Remove(this);
                _period = period;
                _sequence = ++clock._sequence;
                Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : clock._now + dueTime;
                if (IsSet) clock._timers.Add(this);
                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                _disposed = true;
                if (IsSet) clock._timers.Remove(this);
                Due = DateTimeOffset.MaxValue;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
