using Microsoft.Extensions.DependencyInjection;
using Tracking.Testing;

namespace Tracking.Runtime.Tests.Semantics;

internal static class Silos
{
    /// <summary>A silo with the grains of these tests, which find <paramref name="stage"/> in their constructors.</summary>
    internal static Task<TestSilo> StartAsync(Stage stage, Action<TestSiloOptions>? configure = null) => TestSilo.StartAsync(options =>
    {
        options.GrainAssemblies.Add(typeof(Silos).Assembly);
        options.Services = services => services.AddSingleton(stage);
        configure?.Invoke(options);
    });
}
