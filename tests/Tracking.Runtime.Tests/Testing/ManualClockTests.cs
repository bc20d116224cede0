using Tracking.Testing;

namespace Tracking.Runtime.Tests.Testing;

public sealed class ManualClockTests
{
    private readonly ManualClock _clock = new();
    private readonly List<string> _fired = [];

    private ITimer Timer(string name, double due, double period = -1) => _clock.CreateTimer(
        _ => _fired.Add($"{name} at {(_clock.GetUtcNow() - _start).TotalSeconds}"), null, Seconds(due), period < 0 ? Timeout.InfiniteTimeSpan : Seconds(period));

    private readonly DateTimeOffset _start = new ManualClock().GetUtcNow();

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void Time_stands_still_until_it_is_moved()
    {
        _clock.GetUtcNow().ShouldBe(_start);

        _clock.Advance(Seconds(90));

        (_clock.GetUtcNow() - _start).ShouldBe(Seconds(90));
        _clock.GetElapsedTime(_start.UtcTicks).ShouldBe(Seconds(90));
    }

    [Fact]
    public void Timers_fire_in_the_order_they_fall_due_and_see_their_own_time()
    {
        Timer("late", 3);
        Timer("early", 1);
        Timer("every", 1, period: 1);

        _clock.Advance(Seconds(3));

        _fired.ShouldBe(["early at 1", "every at 1", "every at 2", "late at 3", "every at 3"]);
    }

    [Fact]
    public void A_timer_set_by_another_fires_if_it_falls_due_on_the_way()
    {
        _clock.CreateTimer(_ => Timer("second", 1), null, Seconds(1), Timeout.InfiniteTimeSpan);

        _clock.Advance(Seconds(5));

        _fired.ShouldBe(["second at 2"]);
    }

    [Fact]
    public void A_changed_timer_forgets_its_old_time_and_a_disposed_one_both()
    {
        Timer("moved", 1).Change(Seconds(4), Timeout.InfiniteTimeSpan);
        Timer("gone", 1).Dispose();

        _clock.Advance(Seconds(3));
        _fired.ShouldBeEmpty();
        _clock.Advance(Seconds(1));
        _fired.ShouldBe(["moved at 4"]);
    }

    [Fact]
    public void The_clock_can_step_from_timer_to_timer()
    {
        Timer("one", 5);

        _clock.NextTimer.ShouldBe(_start + Seconds(5));
        _clock.AdvanceToNextTimer().ShouldBeTrue();
        _clock.AdvanceToNextTimer().ShouldBeFalse();

        _fired.ShouldBe(["one at 5"]);
    }

    [Fact]
    public async Task Delays_and_timeouts_of_the_framework_follow_it()
    {
        var delay = Task.Delay(Seconds(10), _clock);
        using var timeout = new CancellationTokenSource(Seconds(5), _clock);

        _clock.Advance(Seconds(7));
        timeout.IsCancellationRequested.ShouldBeTrue();
        delay.IsCompleted.ShouldBeFalse();

        _clock.Advance(Seconds(3));
        await delay;
    }
}
