using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using Tracking.Runtime.Tests.Semantics;

namespace Tracking.Runtime.Tests.Embedded;

public sealed class SiloTests
{
    [Fact]
    public async Task A_host_starts_a_silo_and_stops_it_with_its_grains()
    {
        var stage = new Stage();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(stage);
        builder.Services.AddEmbeddedActors(options => options.GrainAssemblies.Add(typeof(SiloTests).Assembly));
        using var host = builder.Build();
        await host.StartAsync();

        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ILifeGrain>("one");
        (await grain.WhichLife()).ShouldBe(1);
        host.Services.GetRequiredService<IClusterClient>().ServiceProvider.ShouldNotBeNull();
        await host.StopAsync();

        stage.Marks.ShouldContain("deactivated: ShuttingDown");
        await Should.ThrowAsync<SiloUnavailableException>(grain.WhichLife());
    }

    /// <summary>Orleans' in-process test cluster says goodbye to grains even when it kills a silo, so only this runtime can show it.</summary>
    [Fact]
    public async Task A_silo_that_is_killed_tells_its_grains_nothing()
    {
        var stage = new Stage();
        await using var silo = await Silos.StartAsync(stage);
        await silo.Grains.GetGrain<ILifeGrain>("one").WhichLife();

        await silo.KillAsync();
        await silo.RestartAsync();

        (await silo.Grains.GetGrain<ILifeGrain>("one").WhichLife()).ShouldBe(2);
        stage.Marks.ShouldBe(["activated", "activated"]);
    }

    [Fact]
    public void Stopping_does_not_wait_longer_than_it_may()
    {
        using var world = new World(1, configure: options => options.StopTimeout = TimeSpan.FromSeconds(5));
        var grain = world.Grains.GetGrain<IWorkGrain>("one");
        var call = world.Scheduler.Start(() => grain.Work("never opened"));
        world.Scheduler.RunUntilIdle();
        var start = world.Clock.GetUtcNow();

        world.Run(() => world.Silo.StopAsync(CancellationToken.None));

        (world.Clock.GetUtcNow() - start).ShouldBe(TimeSpan.FromSeconds(5));
        Should.Throw<SiloUnavailableException>(() => world.Run(() => call));
    }

    [Fact]
    public void Several_silos_in_one_process_know_nothing_of_each_other()
    {
        using var here = new World(1);
        using var there = new World(2);
        here.Stage.Open("work");

        here.Run(() => here.Grains.GetGrain<IWorkGrain>("one").Work("work"));

        there.Run(there.Grains.GetGrain<IWorkGrain>("one").Count).ShouldBe(0);
    }

    [Fact]
    public void More_calls_than_may_wait_are_refused_and_not_run()
    {
        using var world = new World(1, configure: options => options.MaxWaitingCalls = 2);
        var grain = world.Grains.GetGrain<IWorkGrain>("one");
        var calls = new[] { "a", "b", "c", "d" }.Select(name =>
        {
            var call = world.Scheduler.Start(() => grain.Work(name));
            world.Scheduler.RunUntilIdle();
            return call;
        }).ToArray();

        world.Silo.GetStatistics().CallsWaiting.ShouldBe(2);
        world.Silo.GetStatistics().LongestQueue.ShouldBe(2);
        Should.Throw<LimitExceededException>(() => world.Run(() => calls[3]));
        foreach (var name in new[] { "a", "b", "c" }) world.Stage.Open(name);
        world.Run(() => Task.WhenAll(calls[..3]));
        world.Stage.Marks.ShouldNotContain("d begins");
    }

    [Fact]
    public void Statistics_count_activations_and_calls()
    {
        using var world = new World(1);
        world.Stage.Open("work");
        world.Run(() => Task.WhenAll(Enumerable.Range(0, 5).Select(i => world.Grains.GetGrain<IWorkGrain>($"g{i}").Work("work"))));

        world.Silo.GetStatistics().ShouldBe(new SiloStatistics(Activations: 5, CallsSent: 5, CallsStarted: 5, AnswersAwaited: 0, CallsWaiting: 0, LongestQueue: 0));

        world.Silo.CollectNow().ShouldBe(5);
        world.Scheduler.RunUntilIdle();
        world.Silo.GetStatistics().Activations.ShouldBe(0);
    }

    [Fact]
    public void Workers_that_nobody_calls_are_collected()
    {
        using var world = new World(1);
        world.Stage.Open("work");
        var grain = world.Grains.GetGrain<IWorkerGrain>(0);
        world.Run(() => Task.WhenAll(grain.Work("work"), grain.Work("work"), grain.Work("work")));
        world.Silo.GetStatistics().Activations.ShouldBe(2);

        world.Run(() => Task.Delay(TimeSpan.FromMinutes(20), world.Clock));

        world.Silo.GetStatistics().Activations.ShouldBe(0);
        world.Silo.DirectorySize.ShouldBe(0);
        world.Run(() => grain.Work("work"));
    }

    [Fact]
    public void A_method_with_its_own_response_timeout_is_waited_for_that_long()
    {
        using var world = new World(1);
        var start = world.Clock.GetUtcNow();

        Should.Throw<TimeoutException>(() => world.Run(() => world.Grains.GetGrain<IPatientGrain>("one").Never()));

        (world.Clock.GetUtcNow() - start).ShouldBe(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public void A_class_of_another_base_gets_its_context_in_the_constructor()
    {
        using var world = new World(1);

        world.Run(() => world.Grains.GetGrain<IPlainGrain>("me").Name()).ShouldBe("plain/me");
    }

    [Fact]
    public void A_method_that_answers_null_instead_of_a_task_fails_its_call()
    {
        using var world = new World(1);
        var grain = world.Grains.GetGrain<IAbsentGrain>("one");

        Should.Throw<InvalidOperationException>(() => world.Run(grain.Nothing)).Message.ShouldContain("answered null");
        Should.Throw<InvalidOperationException>(() => world.Run(grain.NoValue)).Message.ShouldContain("answered null");
        world.Run(grain.Something).ShouldBe("still here");
    }

    [Fact]
    public void A_reference_with_the_wrong_interface_fails_its_call()
    {
        using var world = new World(1);
        var id = world.Grains.GetGrain<IWorkGrain>("one").GetGrainId();

        Should.Throw<InvalidCastException>(() => world.Run(() => world.Grains.GetGrain<IPlainGrain>(id).Name()));
    }

    [Fact]
    public void Reminders_and_timeouts_happen_under_the_seed_too_and_survive_a_kill()
    {
        var table = new MemoryReminderTable();
        using (var before = new World(1, reminders: table))
        {
            before.Run(() => before.Silo.StartAsync(CancellationToken.None));
            before.Run(() => before.Grains.GetGrain<IReminderGrain>("one").Remind("wake", TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(1)));
            before.Silo.Kill();
            before.Clock.Advance(TimeSpan.FromHours(1));
            before.Stage.Marks.ShouldBeEmpty();
        }

        using var after = new World(1, reminders: table);
        after.Run(() => after.Silo.StartAsync(CancellationToken.None));
        after.Run(() => Task.Delay(TimeSpan.FromMinutes(7.5), after.Clock));

        after.Stage.Marks.ShouldBe(["wake", "wake", "wake"]);
        after.Scheduler.FromOtherThreads.ShouldBe(0);
    }

    [Fact]
    public void A_missing_service_is_named_to_the_caller()
    {
        using var world = new World(1);

        Should.Throw<InvalidOperationException>(() => world.Run(() => world.Grains.GetGrain<INeedyGrain>("one").Nothing())).Message.ShouldContain(nameof(SiloTests));
    }

    [Fact]
    public void An_interface_that_cannot_be_called_from_afar_says_why()
    {
        Should.Throw<NotSupportedException>(() => Proxies.Check(typeof(IBadAnswer))).Message.ShouldContain("answers System.Int32");
        Should.Throw<NotSupportedException>(() => Proxies.Check(typeof(IBadParameter))).Message.ShouldContain("ref or out");
        Should.Throw<NotSupportedException>(() => Proxies.Check(typeof(IBadGeneric))).Message.ShouldContain("generic");
    }

    private interface IBadAnswer : IGrainWithStringKey { int Now(); }
    private interface IBadParameter : IGrainWithStringKey { Task Out(out int value); }
    private interface IBadGeneric : IGrainWithStringKey { Task Of<T>(T value); }
}

public interface IAbsentGrain : IGrainWithStringKey
{
    Task Nothing();
    Task<int> NoValue();
    Task<string> Something();
}

public sealed class AbsentGrain : Grain, IAbsentGrain
{
    public Task Nothing() => null!;
    public Task<int> NoValue() => null!;
    public Task<string> Something() => Task.FromResult("still here");
}

public interface IPatientGrain : IGrainWithStringKey
{
    [ResponseTimeout("00:02:00")]
    Task Never();
}

public sealed class PatientGrain : Grain, IPatientGrain
{
    public Task Never() => new TaskCompletionSource().Task;
}

public interface IPlainGrain : IGrainWithStringKey
{
    Task<string> Name();
}

/// <summary>A grain class that does not derive from Grain.</summary>
public sealed class PlainGrain(IGrainContext context) : IGrainBase, IPlainGrain
{
    public IGrainContext GrainContext => context;
    public Task<string> Name() => Task.FromResult(context.GrainId.ToString());
}

public interface INeedyGrain : IGrainWithStringKey
{
    Task Nothing();
}

public sealed class NeedyGrain(SiloTests nobodyRegistersThis) : Grain, INeedyGrain
{
    public Task Nothing() => Task.FromResult(nobodyRegistersThis);
}
