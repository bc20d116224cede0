namespace Tracking.Carriers.Polling;

/// <summary>
/// How many requests an account may still make: a bucket that fills evenly and holds ten seconds' worth, a daily count, and a pause the carrier asked for. Not
/// thread-safe: its poller is the only one that asks.
/// </summary>
public sealed class RequestBudget
{
    private readonly double _perSecond;
    private readonly double _capacity;
    private readonly int _perDay;
    private double _tokens;
    private DateTimeOffset _filledAt;
    private DateTimeOffset _pausedUntil;
    private DateOnly _day;
    private int _today;

    public RequestBudget(int perMinute, int perDay, DateTimeOffset now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perMinute, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(perDay);
        _perSecond = perMinute / 60.0;
        _capacity = Math.Max(1, perMinute / 6.0);
        _perDay = perDay;
        _tokens = _capacity;
        _filledAt = now;
    }

    /// <summary>The earliest instant a request may be made.</summary>
    public DateTimeOffset ReadyAt(DateTimeOffset now)
    {
        Fill(now);
        var ready = _pausedUntil > now ? _pausedUntil : now;
        if (_perDay > 0 && _today >= _perDay && DateOnly.FromDateTime(ready.UtcDateTime) == _day)
            ready = new DateTimeOffset(_day.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        if (_tokens >= 1) return ready;
        // Rounded up, or the next attempt could come a tick too early for ever.
        var filled = now + TimeSpan.FromTicks((long)Math.Ceiling((1 - _tokens) / _perSecond * TimeSpan.TicksPerSecond) + 1);
        return filled > ready ? filled : ready;
    }

    /// <summary>Takes one request; false when it is not time yet.</summary>
    public bool TryTake(DateTimeOffset now)
    {
        if (ReadyAt(now) > now) return false;
        _tokens -= 1;
        _today++;
        return true;
    }

    /// <summary>The carrier said to wait. A shorter wait never cuts a longer one.</summary>
    public void PauseUntil(DateTimeOffset until)
    {
        if (until > _pausedUntil) _pausedUntil = until;
    }

    private void Fill(DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (today > _day) (_day, _today) = (today, 0);
        if (now <= _filledAt) return;
        _tokens = Math.Min(_capacity, _tokens + (now - _filledAt).TotalSeconds * _perSecond);
        _filledAt = now;
    }
}
