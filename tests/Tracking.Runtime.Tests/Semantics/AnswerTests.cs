using Orleans;
using Orleans.Runtime;
using Tracking.Testing;

namespace Tracking.Runtime.Tests.Semantics;

/// <summary>What comes back from a call: a failure, nothing in time, or a cancellation.</summary>
public sealed class AnswerTests : IAsyncLifetime
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);
    private readonly Stage _stage = new();
    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await Silos.StartAsync(_stage, options => options.ResponseTimeout = Timeout);
    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task A_failure_comes_to_the_caller_as_what_it_is()
    {
        var grain = _silo.Grains.GetGrain<ILifeGrain>("one");

        (await Should.ThrowAsync<ArgumentException>(grain.Fail("no such parcel"))).Message.ShouldBe("no such parcel");
        (await Should.ThrowAsync<InvalidOperationException>(grain.FailBeforeAnyTask())).Message.ShouldBe("thrown, not returned");
        (await grain.WhichLife()).ShouldBe(1, "a failure is no reason to lose the activation");
    }

    [Fact]
    public async Task A_call_that_takes_too_long_ends_in_a_timeout_while_its_turn_goes_on()
    {
        var grain = _silo.Grains.GetGrain<IWorkGrain>("one");
        var work = grain.Work("slow");
        await _stage.Seen("slow begins");

        await _silo.Elapse(Timeout * 2);
        await Should.ThrowAsync<TimeoutException>(work);

        _stage.Open("slow");
        await _stage.Seen("slow ends");
        (await grain.Count()).ShouldBe(2);
    }

    [Fact]
    public async Task A_call_that_timed_out_while_it_waited_is_never_run()
    {
        var grain = _silo.Grains.GetGrain<IWorkGrain>("one");
        var first = grain.Work("first");
        await _stage.Seen("first begins");
        var second = grain.Work("second");

        await _silo.Elapse(Timeout * 2);
        await Should.ThrowAsync<TimeoutException>(first);
        await Should.ThrowAsync<TimeoutException>(second);
        _stage.Open("first");
        await _stage.Seen("first ends");

        (await grain.Count()).ShouldBe(2);
        _stage.Marks.ShouldNotContain("second begins");
    }

    [Fact]
    public async Task Grains_that_call_each_other_in_a_circle_end_in_a_timeout()
    {
        var call = _silo.Grains.GetGrain<ICycleGrain>("a").CallEachOther("b", 2);

        await _silo.Elapse(Timeout * 2);

        await Should.ThrowAsync<TimeoutException>(call);
    }

    [Fact]
    public async Task A_caller_that_cancels_is_free_at_once_and_the_grain_hears_of_it()
    {
        var grain = _silo.Grains.GetGrain<ICancelGrain>("one");
        using var cancel = new CancellationTokenSource();
        var call = grain.WaitFor("gate", cancel.Token);
        await _stage.Seen("gate begins");

        await cancel.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(call);
        await _stage.Seen("gate cancelled");
    }

    [Fact]
    public async Task A_call_cancelled_before_its_turn_frees_its_caller_and_runs_with_a_cancelled_token()
    {
        var grain = _silo.Grains.GetGrain<ICancelGrain>("one");
        using var cancel = new CancellationTokenSource();
        var first = grain.WaitFor("first", default);
        await _stage.Seen("first begins");
        var second = grain.WaitFor("second", cancel.Token);

        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(second);
        _stage.Open("first");
        await first;

        await _stage.Seen("second cancelled");
    }

    [Fact]
    public async Task A_call_whose_token_is_cancelled_already_is_not_sent()
    {
        var grain = _silo.Grains.GetGrain<ICancelGrain>("one");

        await Should.ThrowAsync<OperationCanceledException>(async () => await grain.WaitFor("late", new CancellationToken(canceled: true)));
        _stage.Open("next");
        await grain.WaitFor("next", default);

        _stage.Marks.ShouldBe(["next begins"]);
    }

    [Fact]
    public async Task Request_context_travels_with_calls_and_not_back()
    {
        var grain = _silo.Grains.GetGrain<IContextGrain>("one");

        RequestContext.Set("trace", "t-1");
        (await grain.Hear()).ShouldBe("t-1");
        (await grain.HearThrough("two")).ShouldBe("t-1");
        await grain.SetAndReturn();
        RequestContext.Get("trace").ShouldBe("t-1");

        RequestContext.Clear();
        (await grain.Hear()).ShouldBeNull();
    }
}
