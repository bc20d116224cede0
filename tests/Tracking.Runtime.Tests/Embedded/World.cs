using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Tracking.Testing;

namespace Tracking.Runtime.Tests.Embedded;

/// <summary>A silo under one seed: one thread, a clock that stands still, and a list of every step.</summary>
internal sealed class World : IDisposable
{
    private readonly ServiceProvider _services;

    internal World(ulong seed, SiloFaults? faults = null, Semantics.Stage? stage = null, IReminderTable? reminders = null, Action<EmbeddedActorsOptions>? configure = null)
    {
        Scheduler = new DeterministicScheduler(seed);
        Scheduler.BeforeStep = Trace.Add;
        Stage = stage ?? new Semantics.Stage();
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Clock);
        services.AddSingleton(Stage);
        if (reminders is not null) services.AddSingleton(reminders);
        services.AddEmbeddedActors(options =>
        {
            options.GrainAssemblies.Add(typeof(World).Assembly);
            options.Scheduler = Scheduler;
            options.Faults = faults;
            options.CheckArguments = true;
            configure?.Invoke(options);
        });
        _services = services.BuildServiceProvider();
        Silo = _services.GetRequiredService<EmbeddedSilo>();
    }

    internal DeterministicScheduler Scheduler { get; }
    internal ManualClock Clock { get; } = new();
    internal EmbeddedSilo Silo { get; }
    internal IGrainFactory Grains => Silo;
    internal Semantics.Stage Stage { get; }
    internal List<string> Trace { get; } = [];

    /// <summary>Runs something outside of the grains to its end, moving the clock whenever nothing else is left to do.</summary>
    internal T Run<T>(Func<Task<T>> outside)
    {
        var task = Scheduler.Start(outside);
        while (true)
        {
            Scheduler.RunUntilIdle();
            if (task.IsCompleted) return task.GetAwaiter().GetResult();
            if (!Clock.AdvanceToNextTimer()) throw new InvalidOperationException("Nothing is left that could happen, and it has not ended.");
        }
    }

    internal void Run(Func<Task> outside) => Run(async () =>
    {
        await outside();
        return true;
    });

    public void Dispose()
    {
        Silo.Dispose();
        _services.Dispose();
    }
}

