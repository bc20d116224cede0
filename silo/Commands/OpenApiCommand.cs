using System.CommandLine;

namespace Tracking.Silo.Commands;

/// <summary>Prints the OpenAPI document of this build, from a silo in memory. <c>web/openapi.v1.json</c> is its output.</summary>
internal static class OpenApiCommand
{
    public static Command Create()
    {
        var command = new Command("openapi", "Prints the OpenAPI document of this build.");
        command.SetAction(async (_, cancel) =>
        {
            var folder = Directory.CreateTempSubdirectory("tracking-openapi-");
            try
            {
                var builder = Hosting.SiloConfiguration.CreateBuilder(["--Urls=http://127.0.0.1:0", $"--Data:Folder={folder.FullName}", $"--Storage:Sqlite={Path.Combine(folder.FullName, "t.db")}"]);
                builder.Logging.ClearProviders();
                await using var store = await Tracking.Journal.JournalFactory.OpenAsync(Hosting.Configured.Storage(builder.Configuration), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, cancel);
                await using var app = ServeCommand.Compose(builder, store, demo: false);
                await app.StartAsync(cancel);
                using var client = new HttpClient();
                Console.Out.Write(await client.GetStringAsync(new Uri(app.Urls.First() + "/openapi/v1.json"), cancel));
                await app.StopAsync(cancel);
                return 0;
            }
            finally { folder.Delete(recursive: true); }
        });
        return command;
    }
}
