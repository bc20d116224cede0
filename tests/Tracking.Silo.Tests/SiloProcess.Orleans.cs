using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Tracking.Testing;

namespace Tracking.Silo.Tests;

internal sealed partial class SiloProcess
{
    private const string LinkKey = "dGhlIGxpbmsga2V5IG9mIHRoZXNlIHRlc3RzLCBubyBzZWNyZXQ=";

    private static readonly ConcurrentDictionary<string, Task<string>> Databases = new();

    /// <summary>What no Orleans node starts without, where the test itself does not say otherwise on the command line: a database for each folder, a link key, a port for the other nodes.</summary>
    private static async Task ConfigureAsync(ProcessStartInfo start, string folder)
    {
        var settings = new Dictionary<string, string>();
        start.Environment["Storage__Postgres"] = await SettingsAsync(folder, settings);
        foreach (var (name, value) in settings) start.Environment[name] = value;
    }

    /// <summary>The same for a silo that another tool starts: adds what it needs to the settings and answers its PostgreSQL.</summary>
    public static async Task<string?> SettingsAsync(string folder, Dictionary<string, string> settings)
    {
        settings["Security__LinkKey"] = LinkKey;
        settings["Orleans__SiloPort"] = FreePort().ToString(CultureInfo.InvariantCulture);
        return await Databases.GetOrAdd(folder, static async _ => await (await PrivatePostgres.OrSkipAsync()).CreateDatabaseAsync());
    }
}
