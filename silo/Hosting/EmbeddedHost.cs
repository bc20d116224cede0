using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Runtime;

namespace Tracking.Silo.Hosting;

/// <summary>What runs the grains in this build: our own single-process runtime.</summary>
internal static class ActorHost
{
    public const string Name = "embedded";

    /// <summary>One process owns the database; a second one is refused.</summary>
    public const StorageAccess Access = StorageAccess.Exclusive;

    /// <summary>Nothing beyond what every build needs.</summary>
    public static IEnumerable<string> Problems(IConfiguration configuration) => [];

    /// <summary>Sections of settings that only this build has.</summary>
    public static IEnumerable<(string Section, Type Options)> Sections => [];

    public static void AddActorRuntime(this WebApplicationBuilder builder)
        => builder.Services.AddEmbeddedActors(options =>
        {
            options.GrainAssemblies.Add(typeof(ShipmentGrain).Assembly);
            options.CollectionAge = RuntimeOptions.CollectionAge(builder.Configuration);
        });
}
