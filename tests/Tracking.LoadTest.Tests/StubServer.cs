using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Tracking.LoadTest.Tests;

/// <summary>A server that speaks as much of the public surface as the tool needs, and can be told to misbehave.</summary>
public sealed class StubServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, int> _versions = new();

    private StubServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    /// <summary>What is stored, as export lines.</summary>
    public ConcurrentQueue<string> Stored { get; } = new();

    /// <summary>Paths with methods, in the order they were asked.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Event ids that are acked and not stored.</summary>
    public Func<string, bool> Loses { get; set; } = _ => false;

    /// <summary>Event ids that are stored twice.</summary>
    public Func<string, bool> Doubles { get; set; } = _ => false;

    /// <summary>Answers everything with this status and nothing stored, when set.</summary>
    public int? Refuses { get; set; }

    /// <summary>Ends the connection after this many result lines, when set.</summary>
    public int? CutsAfter { get; set; }

    /// <summary>Further routes (the hub, say).</summary>
    public static async Task<StubServer> StartAsync(Action<WebApplication>? more = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.UseWebSockets();
        var stub = new StubServer(app);
        app.MapPost("/v1/scans", stub.TakeScansAsync);
        app.MapGet("/v1/shipments/{carrier}/{number}", stub.Shipment);
        app.MapGet("/health/ready", () => Results.Ok());
        more?.Invoke(app);
        await app.StartAsync();
        return stub;
    }

    public Stream Export() => new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', Stored) + "\n"));

    private async Task TakeScansAsync(HttpContext http)
    {
        Asked.Enqueue("POST /v1/scans");
        if (Refuses is { } status) { http.Response.StatusCode = status; return; }
        using var reader = new StreamReader(http.Request.Body);
        http.Response.ContentType = "application/x-ndjson";
        var index = 0;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.Length == 0) continue;
            if (index == CutsAfter) { await http.Response.Body.FlushAsync(); http.Abort(); return; }
            var scan = JsonDocument.Parse(line).RootElement;
            var eventId = scan.GetProperty("eventId").GetString()!;
            var key = $"{scan.GetProperty("carrier").GetString()}/{scan.GetProperty("trackingNumber").GetString()}";
            var stored = $$"""{"retailer":"demo","carrier":"{{scan.GetProperty("carrier").GetString()}}","trackingNumber":"{{scan.GetProperty("trackingNumber").GetString()}}","eventId":"{{eventId}}"}""";
            var known = !Loses(eventId) && Stored.Contains(stored);
            if (!known && !Loses(eventId)) Stored.Enqueue(stored);
            if (Doubles(eventId)) Stored.Enqueue(stored);
            var version = known ? _versions[key] : _versions.AddOrUpdate(key, 1, (_, v) => v + 1);
            await http.Response.WriteAsync($$"""{"index":{{index++}},"outcome":"{{(known ? "duplicate" : "accepted")}}","shipment":"{{key}}","version":{{version}}}""" + "\n");
        }
    }

    private IResult Shipment(string carrier, string number)
    {
        var key = $"{carrier}/{number}";
        return _versions.TryGetValue(key, out var version)
            ? Results.Text($$"""{"status":"IN_TRANSIT","version":{{version}},"trackingUrl":"{{Address}}t/token-{{carrier}}-{{number}}"}""", "application/json")
            : Results.NotFound();
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
