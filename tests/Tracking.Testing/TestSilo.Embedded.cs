using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Storage;
using Tracking.Runtime;

namespace Tracking.Testing;

/// <summary>
/// One silo for one test. This is the embedded one: it starts in milliseconds, its time is a <see cref="ManualClock"/>, and every argument and result passes
/// the codec. The other is TestSilo.Orleans.cs, with the same public surface.
/// </summary>
public sealed class TestSilo : IAsyncDisposable
{
    private readonly TestSiloOptions _options;
    private readonly SettlingScheduler _turns = new();
    private readonly MemoryReminderTable _reminders = new();
    private readonly MemoryGrainStorage _storage = new();
    private ServiceProvider _services = null!;
    private EmbeddedSilo _silo = null!;

    private TestSilo(TestSiloOptions options) => (_options, Clock) = (options, new(options.Start));

    /// <summary>Whether the time of this build's silos is a clock that a test moves.</summary>
    public static bool TimeIsManual => true;

    public ManualClock Clock { get; }

    public IGrainFactory Grains => _silo;

    public IServiceProvider Services => _services;

    public static Task<TestSilo> StartAsync(params Assembly[] grainAssemblies) => StartAsync(options =>
    {
        foreach (var assembly in grainAssemblies) options.GrainAssemblies.Add(assembly);
    });

    public static async Task<TestSilo> StartAsync(Action<TestSiloOptions> configure)
    {
        var options = new TestSiloOptions();
        configure(options);
        var silo = new TestSilo(options);
        await silo.StartAsync();
        return silo;
    }

    /// <summary>
    /// Lets the silo's time pass. Whatever falls due meanwhile happens at its time, and what the grains do about it is done before time goes on. Waits for the
    /// turns of grains only: work that a grain gave to other threads is not waited for.
    /// </summary>
    public async Task Elapse(TimeSpan time)
    {
        var target = Clock.GetUtcNow() + time;
        await _turns.Settled();
        while (Clock.NextTimer is { } next && next <= target)
        {
            Clock.AdvanceToNextTimer();
            await _turns.Settled();
        }
        Clock.MoveTo(target);
    }

    /// <summary>Ends the silo as a killed process would end: no grain is told. Reminders and stored states stay.</summary>
    public Task KillAsync()
    {
        _silo.Kill();
        return Task.CompletedTask;
    }

    /// <summary>Stops the silo in order (unless it was killed) and starts another one over the same reminders and stored states.</summary>
    public async Task RestartAsync()
    {
        await _silo.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _silo.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    private async Task StartAsync()
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Clock);
        services.AddSingleton<IReminderTable>(_reminders);
        services.AddKeyedSingleton<IGrainStorage>("Default", _storage);
        services.AddEmbeddedActors(options =>
        {
            foreach (var assembly in _options.GrainAssemblies) options.GrainAssemblies.Add(assembly);
            options.ResponseTimeout = _options.ResponseTimeout;
            options.CollectionAge = _options.CollectionAge;
            options.CollectionQuantum = _options.CollectionQuantum;
            options.MinimumReminderPeriod = _options.MinimumReminderPeriod;
            options.CheckArguments = true;
            options.Scheduler = _turns;
        });
        _options.Services(services);
        _services = services.BuildServiceProvider();
        _silo = _services.GetRequiredService<EmbeddedSilo>();
        foreach (var hosted in _services.GetServices<IHostedService>()) await hosted.StartAsync(CancellationToken.None);
    }

    /// <summary>The thread pool, and a way to wait until no grain has anything to run.</summary>
    private sealed class SettlingScheduler : ITurnScheduler
    {
        private readonly Lock _gate = new();
        private TaskCompletionSource? _settled;
        private int _runnable;

        public void Schedule(ITurns turns)
        {
            lock (_gate) _runnable++;
            ThreadPool.UnsafeQueueUserWorkItem(new Run(this, turns), preferLocal: false);
        }

        internal Task Settled()
        {
            lock (_gate) return _runnable == 0 ? Task.CompletedTask : (_settled ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        private void Ran()
        {
            lock (_gate)
            {
                if (--_runnable > 0) return;
                _settled?.SetResult();
                _settled = null;
            }
        }

        private sealed class Run(SettlingScheduler scheduler, ITurns turns) : IThreadPoolWorkItem
        {
            public void Execute()
            {
                while (turns.RunOne()) { }
                scheduler.Ran();
            }
        }
    }
}
