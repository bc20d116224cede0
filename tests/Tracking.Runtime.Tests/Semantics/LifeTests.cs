using Orleans;
using Orleans.Runtime;
using Tracking.Testing;

namespace Tracking.Runtime.Tests.Semantics;

public sealed class LifeTests : IAsyncLifetime
{
    private readonly Stage _stage = new();
    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await Silos.StartAsync(_stage, options =>
    {
        options.CollectionAge = TimeSpan.FromSeconds(3);
        options.CollectionQuantum = TimeSpan.FromSeconds(1);
    });

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task A_grain_is_activated_by_its_first_call_and_stays()
    {
        var grain = _silo.Grains.GetGrain<ILifeGrain>("one");
        _stage.Marks.ShouldBeEmpty();

        (await grain.WhichLife()).ShouldBe(1);
        (await grain.WhichLife()).ShouldBe(1);
    }

    [Fact]
    public async Task A_grain_that_asks_to_leave_is_gone_and_the_next_call_makes_a_new_one()
    {
        var grain = _silo.Grains.GetGrain<ILifeGrain>("one");
        await grain.WhichLife();

        await grain.Leave();
        await _stage.Seen("deactivated: ApplicationRequested");

        (await grain.WhichLife()).ShouldBe(2);
    }

    [Fact]
    public async Task A_leaving_grain_finishes_the_call_it_is_in_and_those_that_wait_go_to_the_next_activation()
    {
        var grain = _silo.Grains.GetGrain<ILifeGrain>("one");

        var inside = grain.LeaveAndWork("inside");
        await _stage.Seen("leaving");
        var waiting = grain.WhichLife();
        _stage.Marks.ShouldNotContain("deactivated: ApplicationRequested");
        _stage.Open("inside");

        await inside;
        (await waiting).ShouldBe(2);
    }

    [Fact]
    public async Task Whoever_waits_for_a_failed_activation_hears_why_and_the_next_call_tries_again()
    {
        var grain = _silo.Grains.GetGrain<ILifeGrain>("weak");

        var failure = await Should.ThrowAsync<InvalidOperationException>(grain.WhichLife());
        failure.Message.ShouldContain("not strong enough yet");

        (await grain.WhichLife()).ShouldBe(2);
        _stage.Marks.ShouldNotContain(mark => mark.StartsWith("deactivated"), "what was never active is not deactivated");
    }

    [Fact]
    public async Task A_grain_nobody_calls_is_collected()
    {
        var grain = _silo.Grains.GetGrain<ILifeGrain>("one");
        await grain.WhichLife();

        await _silo.Elapse(TimeSpan.FromSeconds(6));
        await _stage.Seen("deactivated: ActivationIdle");

        (await grain.WhichLife()).ShouldBe(2);
    }

    [Fact]
    public async Task A_grain_that_delays_its_deactivation_is_not_collected_meanwhile()
    {
        var grain = _silo.Grains.GetGrain<ILifeGrain>("one");
        await grain.Stay(TimeSpan.FromMinutes(10));

        await _silo.Elapse(TimeSpan.FromSeconds(6));

        (await grain.WhichLife()).ShouldBe(1);
    }

    [Fact]
    public async Task A_grain_in_the_middle_of_a_call_is_not_collected()
    {
        var grain = _silo.Grains.GetGrain<ILifeGrain>("one");
        var work = grain.Work("long");
        await _stage.Seen("long begins");

        await _silo.Elapse(TimeSpan.FromSeconds(6));
        _stage.Open("long");
        await work;

        (await grain.WhichLife()).ShouldBe(1);
    }

    [Fact]
    public async Task A_silo_that_stops_deactivates_its_grains()
    {
        await _silo.Grains.GetGrain<ILifeGrain>("one").WhichLife();

        await _silo.RestartAsync();

        _stage.Marks.ShouldContain("deactivated: ShuttingDown");
        (await _silo.Grains.GetGrain<ILifeGrain>("one").WhichLife()).ShouldBe(2);
    }

    [Fact]
    public async Task A_grain_knows_its_key()
    {
        (await _silo.Grains.GetGrain<INumberedGrain>(-42).Number()).ShouldBe(-42);
        await _silo.Grains.GetGrain<INumberedGrain>(7).Nothing();
        _silo.Grains.GetGrain<INumberedGrain>(255).GetGrainId().ToString().ShouldBe("numbered-thing/FF");
        _silo.Grains.GetGrain<ILifeGrain>("a/b").GetGrainId().ToString().ShouldBe("life/a/b");
        _silo.Grains.GetGrain<ILifeGrain>("a/b").GetPrimaryKeyString().ShouldBe("a/b");
        _silo.Grains.GetGrain<INumberedGrain>(long.MinValue).GetPrimaryKeyLong().ShouldBe(long.MinValue);
    }

    [Fact]
    public async Task References_of_one_grain_are_equal()
    {
        var grain = _silo.Grains.GetGrain<ILifeGrain>("one");
        await grain.WhichLife();

        grain.ShouldBe(_silo.Grains.GetGrain<ILifeGrain>("one"));
        grain.ShouldNotBe(_silo.Grains.GetGrain<ILifeGrain>("two"));
        (await _silo.Grains.GetGrain<ILifeGrain>(grain.GetGrainId()).WhichLife()).ShouldBe(1);
    }

    [Fact]
    public void An_interface_nobody_implements_has_no_grains() =>
        Should.Throw<ArgumentException>(() => _silo.Grains.GetGrain<INobodyGrain>("one"));

    public interface INobodyGrain : IGrainWithStringKey
    {
        Task Nothing();
    }
}
