using System.Net;
using Tracking.Web.Retailers;

namespace Tracking.Silo.Hosting;

/// <summary>Where the silo listens, and what may be seen from where.</summary>
internal static class Doors
{
    public const string DefaultUrl = "http://localhost:5080";

    public static IReadOnlyList<string> Urls(IConfiguration configuration)
        => (configuration["Urls"] is { Length: > 0 } urls ? urls : DefaultUrl).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public static IReadOnlyList<string> AdminUrls(IConfiguration configuration)
        => (configuration["Admin:Urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public static bool IsLoopback(string url)
    {
        if (!BindingAddress.TryParse(url, out var host)) return false;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
    }

    /// <summary>Everything wrong with the addresses, one sentence each.</summary>
    public static IReadOnlyList<string> Check(IConfiguration configuration, bool demoOnly)
    {
        var problems = new List<string>();
        foreach (var url in Urls(configuration).Concat(AdminUrls(configuration)))
            if (!BindingAddress.TryParse(url, out _))
                problems.Add($"Urls: '{url}' is no address such as http://localhost:5080.");
        if (demoOnly && Urls(configuration).Any(u => !IsLoopback(u)))
            problems.Add("Urls: listening beyond this machine needs configured retailers; the demo retailer's key is known to everyone. Make one with `retailer add <id>`.");
        return problems;
    }

    /// <summary>Beyond loopback, operators' addresses answer only where <c>Admin:Urls</c> listens.</summary>
    public static void UseAdminDoor(this WebApplication app)
    {
        if (Urls(app.Configuration).All(IsLoopback)) return;
        var ports = AdminUrls(app.Configuration).Select(u => BindingAddress.Port(u)).ToHashSet();
        app.Use(async (http, next) =>
        {
            var path = http.Request.Path;
            var admin = path.StartsWithSegments("/metrics") || path.StartsWithSegments("/ops") || path.StartsWithSegments("/dev");
            if (admin != ports.Contains(http.Connection.LocalPort) && (admin || !path.StartsWithSegments("/health")))
            {
                http.Response.StatusCode = 404;
                return;
            }
            await next(http);
        });
    }

    private static class BindingAddress
    {
        public static bool TryParse(string url, out string host)
        {
            host = "";
            try { host = Microsoft.AspNetCore.Http.BindingAddress.Parse(url).Host; return host.Length > 0; }
            catch (FormatException) { return false; }
        }

        public static int Port(string url) => Microsoft.AspNetCore.Http.BindingAddress.Parse(url).Port;
    }
}
