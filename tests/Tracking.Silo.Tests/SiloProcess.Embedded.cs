using System.Diagnostics;

namespace Tracking.Silo.Tests;

internal sealed partial class SiloProcess
{
    /// <summary>The embedded silo needs nothing: its database is a file in its folder.</summary>
    private static Task ConfigureAsync(ProcessStartInfo start, string folder) => Task.CompletedTask;
}
