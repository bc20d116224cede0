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
        start.Environment["Storage__Postgres"] = await Databases.GetOrAdd(folder, static async _ => await (await PrivatePostgres.OrSkipAsync()).CreateDatabaseAsync());
        start.Environment["Security__LinkKey"] = LinkKey;
        start.Environment["Orleans__SiloPort"] = FreePort().ToString(CultureInfo.InvariantCulture);
    }
}
