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

    public static void AddActorRuntime(this WebApplicationBuilder builder)
        => builder.Services.AddEmbeddedActors(options =>
        {
            options.GrainAssemblies.Add(typeof(ShipmentGrain).Assembly);
            // A scan's shipment is rarely scanned again within minutes; a page that is open keeps its shipment itself.
            options.CollectionAge = TimeSpan.FromMinutes(builder.Configuration.GetValue("Runtime:CollectionMinutes", 5.0));
        });
}
