using Microsoft.Extensions.DependencyInjection;
using Tracking.Testing;

namespace Tracking.Runtime.Tests.Semantics;

public sealed class TurnTests : IAsyncLifetime
{
    private readonly Stage _stage = new();
    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await Silos.StartAsync(_stage);
    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task A_call_waits_until_the_one_before_it_has_ended()
    {
        var grain = _silo.Grains.GetGrain<IWorkGrain>("one");

        var first = grain.Work("first");
        await _stage.Seen("first begins");
        var second = grain.Work("second");
        _stage.Open("second");
        _stage.Open("first");
        await first;
        await second;

        _stage.Marks.ShouldBe(["first begins", "first ends", "second begins", "second ends"]);
    }

    [Fact]
    public async Task A_call_that_always_interleaves_runs_while_another_waits()
    {
        var grain = _silo.Grains.GetGrain<IWorkGrain>("one");

        var first = grain.Work("first");
        await _stage.Seen("first begins");
        _stage.Open("beside");
        await grain.WorkBeside("beside");
        _stage.Open("first");
        await first;

        _stage.Marks.ShouldBe(["first begins", "beside begins", "beside ends", "first ends"]);
    }

    [Fact]
    public async Task An_ordinary_call_runs_while_an_always_interleaving_one_waits()
    {
        var grain = _silo.Grains.GetGrain<IWorkGrain>("one");

        var beside = grain.WorkBeside("beside");
        await _stage.Seen("beside begins");
        _stage.Open("ordinary");
        await grain.Work("ordinary");
        _stage.Open("beside");
        await beside;
    }

    [Fact]
    public async Task Calls_of_a_reentrant_grain_run_while_others_wait()
    {
        var grain = _silo.Grains.GetGrain<IReentrantWorkGrain>("one");

        var first = grain.Work("first");
        await _stage.Seen("first begins");
        _stage.Open("second");
        await grain.Work("second");
        _stage.Open("first");
        await first;

        _stage.Marks.ShouldBe(["first begins", "second begins", "second ends", "first ends"]);
    }

    [Fact]
    public async Task Read_only_calls_run_beside_each_other_and_not_beside_a_writing_one()
    {
        var grain = _silo.Grains.GetGrain<IWorkGrain>("one");

        var look = grain.Look("look");
        await _stage.Seen("look begins");
        var write = grain.Work("write");
        var lookToo = grain.Look("look too");
        await _stage.Seen("look too begins");
        _stage.Marks.ShouldNotContain("write begins");

        _stage.Open("look");
        _stage.Open("look too");
        _stage.Open("write");
        await Task.WhenAll(look, lookToo, write);
    }

    [Fact]
    public async Task A_one_way_call_ends_for_its_caller_before_it_has_begun_to_end()
    {
        var grain = _silo.Grains.GetGrain<IWorkGrain>("one");

        await grain.Drop("drop");

        await _stage.Seen("drop begins");
        _stage.Marks.ShouldNotContain("drop ends");
        _stage.Open("drop");
        await _stage.Seen("drop ends");
    }

    [Fact]
    public async Task Ten_thousand_interleaved_steps_never_run_at_the_same_time()
    {
        var grain = _silo.Grains.GetGrain<ICounterGrain>("one");

        await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => Task.Run(() => grain.AddSlowly(20))));

        (await grain.Total()).ShouldBe(10_000);
    }

    [Fact]
    public async Task What_is_awaited_in_a_turn_continues_in_a_turn_of_the_same_grain()
    {
        var grain = _silo.Grains.GetGrain<ICounterGrain>("one");

        (await grain.StaysInItsTurn()).ShouldBeTrue();
    }
}
