using System.Text.Json;
using Tracking.Journal;
using Tracking.Web.Http;

namespace Tracking.Silo.Hosting;

/// <summary>Whether this node should get traffic: not while it stops, not while its database does not take appends.</summary>
internal sealed class Readiness(JournalStore store, IHostApplicationLifetime lifetime)
{
    public async ValueTask<string?> ProblemAsync(CancellationToken cancel)
        => lifetime.ApplicationStopping.IsCancellationRequested ? "The silo is stopping."
            : await store.PingAsync(cancel) is { } problem ? $"The database ({store.Description.Split(' ')[0]}) does not take what is to be stored: {problem}" : null;
}

internal static class HealthEndpoints
{
    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/health/live", () => Results.Text("live\n")).WithName("Live").WithTags("Operations").WithSummary("The process answers.").Produces(200, contentType: "text/plain");
        app.MapGet("/health/ready", async (Readiness readiness, HttpContext http)
                => await readiness.ProblemAsync(http.RequestAborted) is { } problem ? Problems.Of(503, "not-ready", problem, 1) : Results.Text("ready\n"))
            .WithName("Ready").WithTags("Operations").WithSummary("The silo takes traffic; if not, the problem document names what fails.").Produces(200, contentType: "text/plain").ProducesProblem(503);
    }

    /// <summary>Storage that is away is a 503 with a time to come back, wherever it shows; anything else unexpected is a plain 500 without insides.</summary>
    public static void UseServerTrouble(this WebApplication app) => app.Use(async (http, next) =>
    {
        try { await next(http); }
        catch (BadHttpRequestException bad) when (!http.Response.HasStarted) { await Problems.Of(bad.StatusCode, "bad-request", bad.Message).ExecuteAsync(http); }
        catch (Exception away) when (!http.Response.HasStarted && away is JournalUnavailableException or JournalOutcomeUnknownException or TimeoutException)
        {
            await Problems.Of(503, "storage-away", "The database cannot be reached now. Try again.", 1).ExecuteAsync(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested) { http.Response.StatusCode = 499; }   // the client left
        catch (Exception broken) when (!http.Response.HasStarted)
        {
            Log.Broken(http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Tracking.Web"), broken, http.Request.Method, http.Request.Path.HasValue && http.Request.Path.StartsWithSegments("/t") ? "/t/…" : http.Request.Path);
            await Problems.Of(500, "internal", "Something went wrong here. It was logged; trying again may help.").ExecuteAsync(http);
        }
    });
}

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed unexpectedly.")]
    public static partial void Broken(ILogger log, Exception broken, string method, string path);
}
