using System.Text;
using Tracking.Silo.Tests;
using Tracking.Testing;

namespace Tracking.Deploy.Tests;

/// <summary>A silo on PostgreSQL that has taken scans, refused some, quarantined some and opened pages: what it exports then is what dashboards may ask for.</summary>
public sealed class RunningSilo : IAsyncLifetime
{
    private readonly Scratch _scratch = new();
    private SiloProcess? _silo;

    /// <summary>Null on a machine without PostgreSQL.</summary>
    internal string? Scrape { get; private set; }

    /// <summary>The scrape, or the calling test does not run.</summary>
    internal string ScrapeOrSkip([System.Runtime.CompilerServices.CallerMemberName] string test = "", [System.Runtime.CompilerServices.CallerFilePath] string file = "")
    {
        Requires.Part("PostgreSQL", Scrape is not null, "apt-get install postgresql", test, file);
        return Scrape!;
    }

    public async ValueTask InitializeAsync()
    {
        if (!PrivatePostgres.CanStart) return;
        var database = await (await PrivatePostgres.OrSkipAsync()).CreateDatabaseAsync();
        _silo = await SiloProcess.StartAsync(_scratch.Folder, $"--Storage:Postgres={database}");
        const string good = """{"carrier":"ups","trackingNumber":"METRIC1","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z"}""";
        foreach (var body in new[] { good, good, "[{}]", good.Replace("IN_TRANSIT", "DELIVERED", StringComparison.Ordinal).Replace("\"ups\"", "\"couriers-of-nowhere\"", StringComparison.Ordinal) })
        {
            using var posted = await _silo.Client.PostAsync(new Uri("/v1/scans", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));
        }
        using var feed = await _silo.Client.PostAsync(new Uri("/v1/feeds/scan", UriKind.Relative), new StringContent("{\"carrier\":\"ups\"\n", Encoding.UTF8, "text/plain"));
        using var nothing = await _silo.Client.GetAsync(new Uri("/t/AAAAAAAAAAAAAAAAAAAAAA", UriKind.Relative));
        Scrape = await _silo.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
    }

    public async ValueTask DisposeAsync()
    {
        if (_silo is not null) await _silo.DisposeAsync();
        _scratch.Dispose();
    }
}
