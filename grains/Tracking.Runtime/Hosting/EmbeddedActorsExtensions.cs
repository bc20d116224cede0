using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Tracking.Runtime;

public static class EmbeddedActorsExtensions
{
    /// <summary>
    /// Adds one embedded silo: <see cref="IGrainFactory"/>, <see cref="IClusterClient"/> and the hosted service that starts reminders and, when the host stops,
    /// deactivates everything. Takes its clock from a registered <see cref="TimeProvider"/>, its reminders from an <see cref="IReminderTable"/> and its storage
    /// from keyed <see cref="IGrainStorage"/> services; where none is registered, memory.
    /// </summary>
    public static IServiceCollection AddEmbeddedActors(this IServiceCollection services, Action<EmbeddedActorsOptions> configure)
    {
        var options = new EmbeddedActorsOptions();
        configure(options);
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IReminderTable, MemoryReminderTable>();
        services.TryAddKeyedSingleton<IGrainStorage, MemoryGrainStorage>("Default");
        services.AddSingleton(options);
        services.AddSingleton<EmbeddedSilo>();
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<EmbeddedSilo>());
        services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<EmbeddedSilo>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<EmbeddedSilo>());
        services.AddTransient<IGrainContext>(_ => Activation.Current ?? throw new InvalidOperationException("There is no grain here: IGrainContext belongs to the turn of a grain."));
        return services;
    }
}
