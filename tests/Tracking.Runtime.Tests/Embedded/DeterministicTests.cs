using Orleans;
using Orleans.Runtime;
using Tracking.Runtime.Tests.Semantics;

namespace Tracking.Runtime.Tests.Embedded;

public interface IGossipGrain : IGrainWithStringKey
{
    Task<int> Spread(int hops, int breadth);
}

/// <summary>Calls others, waits for time and for turns; enough to interleave in many ways.</summary>
public sealed class GossipGrain(Stage stage, TimeProvider clock) : Grain, IGossipGrain
{
    private int _calls;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(() =>
        {
            stage.Mark($"{this.GetPrimaryKeyString()} ticks");
            return Task.CompletedTask;
        }, TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(7));
        return Task.CompletedTask;
    }

    public async Task<int> Spread(int hops, int breadth)
    {
        stage.Mark($"{this.GetPrimaryKeyString()} {hops} {++_calls}");
        if (hops == 0) return 1;
        await Task.Yield();
        await Task.Delay(TimeSpan.FromMilliseconds(hops), clock);
        var reached = await Task.WhenAll(Enumerable.Range(0, breadth).Select(i =>
            GrainFactory.GetGrain<IGossipGrain>($"{hops - 1}-{(_calls + i) % 4}").Spread(hops - 1, breadth)));
        stage.Mark($"{this.GetPrimaryKeyString()} {hops} done");
        return reached.Sum();
    }
}

public sealed class DeterministicTests
{
    [Fact]
    public void Two_runs_with_one_seed_interleave_identically()
    {
        var first = Gossip(seed: 7);
        var second = Gossip(seed: 7);

        second.Steps.ShouldBe(first.Steps);
        second.Marks.ShouldBe(first.Marks);
        first.Steps.Count.ShouldBeGreaterThan(500);
    }

    [Fact]
    public void Another_seed_interleaves_otherwise() =>
        Gossip(seed: 8).Steps.ShouldNotBe(Gossip(seed: 7).Steps);

    [Fact]
    public void Time_passes_only_as_far_as_somebody_waits_for_it()
    {
        using var world = new World(1);
        var start = world.Clock.GetUtcNow();

        world.Run(() => world.Grains.GetGrain<IGossipGrain>("top").Spread(0, 1)).ShouldBe(1);

        world.Clock.GetUtcNow().ShouldBe(start);
    }

    [Fact]
    public void A_lost_reply_ends_in_a_timeout_although_the_call_has_run()
    {
        using var world = new World(1, new LoseReplies("IWorkGrain.Work"));
        world.Stage.Open("work");
        var grain = world.Grains.GetGrain<IWorkGrain>("one");

        Should.Throw<TimeoutException>(() => world.Run(() => grain.Work("work")));

        world.Stage.Marks.ShouldBe(["work begins", "work ends"]);
        world.Run(grain.Count).ShouldBe(2);
    }

    [Fact]
    public void Two_activations_of_one_grain_know_nothing_of_each_other()
    {
        using var world = new World(1, new TakeTurns());
        var grain = world.Grains.GetGrain<IWorkGrain>("one");
        world.Stage.Open("work");
        world.Run(() => grain.Work("work"));

        world.Silo.ActivateAgain(grain.GetGrainId());

        var counts = new[] { world.Run(grain.Count), world.Run(grain.Count) };
        counts.Order().ShouldBe([0, 2]);
    }

    [Fact]
    public void A_silo_killed_between_two_awaits_runs_nothing_of_the_turn_any_more()
    {
        using var world = new World(1);
        var call = world.Scheduler.Start(() => world.Grains.GetGrain<IWorkGrain>("one").Work("work"));
        world.Scheduler.RunUntilIdle();
        world.Stage.Marks.ShouldBe(["work begins"]);

        world.Stage.Open("work");
        world.Silo.Kill();
        world.Scheduler.RunUntilIdle();

        Should.Throw<SiloUnavailableException>(() => call.GetAwaiter().GetResult());
        world.Stage.Marks.ShouldBe(["work begins"]);
    }

    [Fact]
    public void A_timeout_names_the_circle_of_calls()
    {
        using var world = new World(1);

        var timeout = Should.Throw<TimeoutException>(() => world.Run(() => world.Grains.GetGrain<ICycleGrain>("a").CallEachOther("b", 2)));

        timeout.Message.ShouldContain("cycle/a -> cycle/b -> cycle/a");
        world.Clock.GetUtcNow().ShouldBeGreaterThanOrEqualTo(new Tracking.Testing.ManualClock().GetUtcNow() + TimeSpan.FromSeconds(30));
    }

    private sealed record Run(List<string> Steps, IReadOnlyList<string> Marks);

    private static Run Gossip(ulong seed)
    {
        using var world = new World(seed);
        world.Run(async () =>
        {
            var all = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => world.Grains.GetGrain<IGossipGrain>($"top{i}").Spread(4, 3)));
            all.ShouldBe([81, 81, 81]);
        });
        world.Scheduler.FromOtherThreads.ShouldBe(0);
        return new Run(world.Trace, world.Stage.Marks);
    }

    private sealed class LoseReplies(string method) : SiloFaults
    {
        public override bool DropReply(CallInfo call) => call.Method == method;
    }

    private sealed class TakeTurns : SiloFaults
    {
        private int _calls;

        public override int ChooseActivation(GrainId grain, int count) => _calls++ % count;
    }
}
