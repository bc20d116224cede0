using Orleans;
using Orleans.Runtime;
using Tracking.Testing;

namespace Tracking.Runtime.Tests.Semantics;

public interface ITimerGrain : IGrainWithStringKey
{
    Task Start(string name, TimeSpan due, TimeSpan period, bool interleave, bool keepAlive);
    Task StartGated(string name, TimeSpan due, TimeSpan period, bool interleave);
    Task StartFailing(TimeSpan due, TimeSpan period);
    Task Stop();
    Task Hold(string gate);
    Task Leave();
}

public sealed class TimerGrain(Stage stage) : Grain, ITimerGrain
{
    private IGrainTimer? _timer;

    public Task Start(string name, TimeSpan due, TimeSpan period, bool interleave, bool keepAlive)
    {
        _timer = this.RegisterGrainTimer(static (state, _) =>
        {
            state.stage.Mark(state.name);
            return Task.CompletedTask;
        }, (stage, name), new() { DueTime = due, Period = period, Interleave = interleave, KeepAlive = keepAlive });
        return Task.CompletedTask;
    }

    public Task StartGated(string name, TimeSpan due, TimeSpan period, bool interleave)
    {
        _timer = this.RegisterGrainTimer(async stopping =>
        {
            stage.Mark($"{name} begins");
            try
            {
                await stage.Gate(name).WaitAsync(stopping);
                stage.Mark($"{name} ends");
            }
            catch (OperationCanceledException)
            {
                stage.Mark($"{name} stopped");
            }
        }, new() { DueTime = due, Period = period, Interleave = interleave });
        return Task.CompletedTask;
    }

    public Task StartFailing(TimeSpan due, TimeSpan period)
    {
        _timer = this.RegisterGrainTimer(() =>
        {
            stage.Mark("fails");
            throw new InvalidOperationException("a tick that fails");
        }, due, period);
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }

    public async Task Hold(string gate)
    {
        stage.Mark($"{gate} begins");
        await stage.Gate(gate);
    }

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        stage.Mark("deactivated");
        return Task.CompletedTask;
    }
}

public sealed class TimerTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly Stage _stage = new();
    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await Silos.StartAsync(_stage, options =>
    {
        options.CollectionAge = TimeSpan.FromSeconds(3);
        options.CollectionQuantum = Second;
    });

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    private ITimerGrain Grain => _silo.Grains.GetGrain<ITimerGrain>("one");

    [Fact]
    public async Task A_timer_ticks_when_due_and_then_every_period()
    {
        await Grain.Start("tick", Second, Second, interleave: false, keepAlive: false);
        _stage.Marks.ShouldBeEmpty();

        await _silo.Elapse(3 * Second);

        await _stage.Seen("tick", times: 2);
    }

    [Fact]
    public async Task A_timer_without_a_period_ticks_once()
    {
        await Grain.Start("tick", Second / 2, Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false);

        await _silo.Elapse(2 * Second);

        _stage.Marks.Count(mark => mark == "tick").ShouldBe(1);
    }

    [Fact]
    public async Task Ticks_of_one_timer_never_overlap()
    {
        await Grain.StartGated("tick", TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(200), interleave: true);

        await _silo.Elapse(2 * Second);
        _stage.Marks.ShouldBe(["tick begins"]);

        _stage.Open("tick");
        await _stage.Seen("tick ends");
        await _silo.Elapse(Second);
        await _stage.Seen("tick begins", times: 2);
    }

    [Fact]
    public async Task A_tick_waits_for_the_call_that_runs_unless_it_interleaves()
    {
        await Grain.Start("polite", Second / 2, Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false);
        await Grain.Start("pushy", Second / 2, Timeout.InfiniteTimeSpan, interleave: true, keepAlive: false);
        var hold = Grain.Hold("gate");
        await _stage.Seen("gate begins");

        await _silo.Elapse(Second);
        await _stage.Seen("pushy");
        _stage.Marks.ShouldNotContain("polite");

        _stage.Open("gate");
        await hold;
        await _stage.Seen("polite");
    }

    [Fact]
    public async Task A_call_waits_for_the_tick_that_runs()
    {
        await Grain.StartGated("tick", Second / 2, Timeout.InfiniteTimeSpan, interleave: false);
        await _silo.Elapse(Second);
        await _stage.Seen("tick begins");

        var call = Grain.Hold("gate");
        _stage.Open("gate");
        _stage.Open("tick");
        await call;

        _stage.Marks.ShouldBe(["tick begins", "tick ends", "gate begins"]);
    }

    [Fact]
    public async Task A_tick_that_fails_does_not_end_its_timer()
    {
        await Grain.StartFailing(Second / 4, Second / 4);

        await _silo.Elapse(2 * Second);

        await _stage.Seen("fails", times: 2);
    }

    [Fact]
    public async Task A_disposed_timer_ticks_no_more()
    {
        await Grain.Start("tick", Second / 2, Second / 2, interleave: false, keepAlive: false);
        await _silo.Elapse(Second);
        await _stage.Seen("tick");

        await Grain.Stop();
        var ticked = _stage.Marks.Count;
        await _silo.Elapse(2 * Second);

        _stage.Marks.Count.ShouldBe(ticked);
    }

    [Fact]
    public async Task A_tick_is_told_when_its_timer_is_disposed()
    {
        await Grain.StartGated("tick", Second / 2, Second, interleave: true);
        await _silo.Elapse(Second);
        await _stage.Seen("tick begins");

        await Grain.Stop();

        await _stage.Seen("tick stopped");
    }

    [Fact]
    public async Task Timers_end_with_their_activation()
    {
        await Grain.Start("tick", Second / 2, Second / 2, interleave: false, keepAlive: false);
        await Grain.Leave();
        await _stage.Seen("deactivated");

        await _silo.Elapse(2 * Second);

        _stage.Marks.ShouldBe(["deactivated"]);
    }

    [Fact]
    public async Task A_timer_does_not_keep_its_grain_from_being_collected()
    {
        await Grain.Start("tick", Second / 2, Second / 2, interleave: false, keepAlive: false);

        await _silo.Elapse(7 * Second);

        await _stage.Seen("deactivated");
    }

    [Fact]
    public async Task A_timer_that_keeps_alive_does()
    {
        await Grain.Start("tick", Second / 2, Second / 2, interleave: false, keepAlive: true);

        await _silo.Elapse(7 * Second);

        _stage.Marks.ShouldNotContain("deactivated");
    }
}
