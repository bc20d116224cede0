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
    private readonly MemoryReminderTable _reminders = new();
    private readonly MemoryGrainStorage _storage = new();
    private ServiceProvider _services = null!;
    private EmbeddedSilo _silo = null!;

    private TestSilo(TestSiloOptions options) => _options = options;

    /// <summary>Whether the time of this build's silos is a clock that a test moves.</summary>
    public static bool TimeIsManual => true;

    public ManualClock Clock { get; } = new();

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

    /// <summary>Lets the silo's time pass, and whatever falls due meanwhile happen.</summary>
    public Task Elapse(TimeSpan time)
    {
        Clock.Advance(time);
        return Task.CompletedTask;
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
        });
        _options.Services(services);
        _services = services.BuildServiceProvider();
        _silo = _services.GetRequiredService<EmbeddedSilo>();
        foreach (var hosted in _services.GetServices<IHostedService>()) await hosted.StartAsync(CancellationToken.None);
    }
}
