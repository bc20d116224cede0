using System.Diagnostics;

namespace Tracking.Silo.Tests;

internal sealed partial class SiloProcess
{
    /// <summary>The embedded silo needs nothing: its database is a file in its folder.</summary>
    private static Task ConfigureAsync(ProcessStartInfo start, string folder) => Task.CompletedTask;

    /// <summary>The same for a silo that another tool starts: adds what it needs to the settings and answers its PostgreSQL, if it is to have one.</summary>
    public static Task<string?> SettingsAsync(string folder, Dictionary<string, string> settings) => Task.FromResult<string?>(null);
}
