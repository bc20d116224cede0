using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.AspNetCore.Hosting;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Watch;

namespace Tracking.LoadTest.Tests.Watch;

/// <summary>Our client of the hub protocol against SignalR's own server.</summary>
public sealed class WatcherTests
{
    public sealed class TrackingHub : Hub
    {
        public async Task<object?> Watch(string token, int version, string? language)
        {
            if (token == "revoked") throw new HubException("This link is no longer valid.");
            await Groups.AddToGroupAsync(Context.ConnectionId, token);
            return new { v = 3, status = "IN_TRANSIT" };
        }
    }

    // Between real sockets there is no clock to move: look again until it holds, or give up.
    private static async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds()) await Task.Delay(2, patience.Token);
    }

    private static async Task<WebApplication> HubServerAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSignalR();
        var app = builder.Build();
        app.UseWebSockets();
        app.MapHub<TrackingHub>(HubProtocol.Path, options => options.Transports = HttpTransportType.WebSockets);
        await app.StartAsync();
        return app;
    }

    [Fact]
    public async Task A_page_opens_shows_what_it_is_sent_and_leaves()
    {
        await using var server = await HubServerAsync();
        var (glass, counts, clock) = (new Glass(), new CrowdCounts(), new MachineClock());
        using var leave = new CancellationTokenSource();
        var page = new Watcher(new Uri(server.Urls.First()), "token", 1, glass, clock, counts, 1);
        var stay = page.StayAsync(leave.Token);
        await UntilAsync(() => page.Shown == 3);

        glass.Acked(1, 4, clock.Micros);
        await server.Services.GetRequiredService<IHubContext<TrackingHub>>().Clients.Group("token").SendAsync("Update", new { v = 4, text = new string('x', 9_000) });
        await UntilAsync(() => page.Shown == 4);
        glass.Latency.Count.ShouldBe(1);
        counts.Connected.ShouldBe(1);
        glass.Stale().ShouldBe(0);

        await leave.CancelAsync();
        await stay;
        counts.Connected.ShouldBe(0);
        counts.Cut.ShouldBe(0);
    }

    [Fact]
    public async Task A_page_whose_link_is_refused_never_counts_as_connected()
    {
        await using var server = await HubServerAsync();
        var counts = new CrowdCounts();
        using var leave = new CancellationTokenSource();
        var stay = new Watcher(new Uri(server.Urls.First()), "revoked", 1, new Glass(), new MachineClock(), counts, 1).StayAsync(leave.Token);
        await UntilAsync(() => counts.Refused > 0);
        await leave.CancelAsync();
        await stay;

        counts.Connects.ShouldBe(0);
    }
}
