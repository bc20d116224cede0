using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Live;
using Tracking.Web.Pages;

namespace Tracking.Web.Live;

/// <summary>The live half of tracking pages: hub, event stream, and the leases behind them.</summary>
public static class LiveEndpoints
{
    public const string HubPath = "/hubs/tracking";

    /// <summary>Needs <see cref="TrackingEndpoints.AddTrackingPages"/>, an <c>IShipmentReader</c> and an <c>IGrainFactory</c> (or another <see cref="IShipmentWatch"/>).</summary>
    public static IServiceCollection AddLivePages(this IServiceCollection services)
    {
        services.AddOptions<LiveOptions>().BindConfiguration("Live").ValidateDataAnnotations().ValidateOnStart();
        services.AddMetrics();
        services.TryAddSingleton<LiveMetrics>();
        services.TryAddSingleton<LivePages>();
        services.TryAddSingleton<ILivePages>(s => s.GetRequiredService<LivePages>());
        services.TryAddSingleton<IShipmentWatch, GrainShipmentWatch>();
        services.TryAddSingleton<HubConnections>();
        services.TryAddSingleton<EventStream>();
        services.TryAddSingleton<WatchLeases>();
        services.AddHostedService(s => s.GetRequiredService<WatchLeases>());
        services.AddSignalR().AddHubOptions<TrackingHub>(hub =>
        {
            hub.MaximumReceiveMessageSize = 4 * 1024;
            hub.KeepAliveInterval = TimeSpan.FromSeconds(15);
            hub.ClientTimeoutInterval = TimeSpan.FromSeconds(30);
            hub.HandshakeTimeout = TimeSpan.FromSeconds(10);
            hub.MaximumParallelInvocationsPerClient = 1;
            hub.EnableDetailedErrors = false;
        });
        return services;
    }

    public static void MapLivePages(this IEndpointRouteBuilder app)
    {
        var live = app.ServiceProvider.GetRequiredService<IOptions<LiveOptions>>().Value;
        app.MapHub<TrackingHub>(HubPath, http =>
        {
            http.TransportSendTimeout = TimeSpan.FromSeconds(live.SlowSendSeconds + 5);   // CutSlow is first
            http.Transports = HttpTransportType.WebSockets;   // the others need sticky sessions
            http.TransportMaxBufferSize = 16 * 1024;
            http.ApplicationMaxBufferSize = 16 * 1024;
            http.WebSockets.CloseTimeout = TimeSpan.FromSeconds(5);
        }).Add(Guard);
        app.MapGet("/t/{token}/events", (HttpContext http, string token, EventStream stream) => stream.ServeAsync(http, token)).ExcludeFromDescription();
    }

    // In front of SignalR: where the page comes from, and how many its address may hold open.
    private static void Guard(EndpointBuilder endpoint)
    {
        var next = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = async http =>
        {
            PageHeaders.Apply(http.Response);
            var connections = http.RequestServices.GetRequiredService<HubConnections>();
            if (!connections.MayConnect(http.Request.Headers.Origin, http.Request.Scheme, http.Request.Host.Value ?? ""))
            {
                http.Response.StatusCode = StatusCodes.Status403Forbidden;
                return;
            }
            using var place = connections.TakePlace(http.Connection.RemoteIpAddress);
            if (place is null)
            {
                http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                http.Response.Headers.RetryAfter = "60";
                return;
            }
            // A page that is away is told the newest state when it comes back. What the kernel would keep for it instead is old versions, megabytes of them for each such page. Only here: a sender who
            // reads no answers before it has sent everything lives on that room.
            if (http.Features.Get<IConnectionSocketFeature>() is { } connection) connection.Socket.SendBufferSize = 32 * 1024;   // Linux doubles it
            // Kestrel would cut a page five seconds after it stops reading; how long one may take is CutSlow's to say.
            if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
            await next(http).ConfigureAwait(false);
        };
    }
}
