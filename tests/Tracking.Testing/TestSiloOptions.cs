using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Tracking.Testing;

/// <summary>What a test wants of its silo. Times are the silo's; see <see cref="TestSilo.Elapse"/> for how they pass.</summary>
public sealed class TestSiloOptions
{
    /// <summary>Assemblies whose grain classes run. The Orleans build finds them by what the test references, and ignores this.</summary>
    public IList<Assembly> GrainAssemblies { get; } = [];

    /// <summary>Adds what the grains take in their constructors. Runs again at every restart; objects that must survive one are made outside of it.</summary>
    public Action<IServiceCollection> Services { get; set; } = _ => { };

    /// <summary>
    /// When the silo's clock begins. Default: 2 March 2026, 09:00 UTC, on the embedded runtime, and now on Orleans, whose reminders follow the wall clock and must not be years away from
    /// what grains call now. A test that tells of a certain day says so here; a manual clock never goes back.
    /// </summary>
    public DateTimeOffset? Start { get; set; }

    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle activations are looked for; shorter than the age.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);
}
