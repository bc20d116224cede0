using Tracking.Silo.Hosting;

namespace Tracking.Silo.Hosting;

/// <summary>The usual .NET sources, in the usual order: appsettings beside the program, the data folder's retailers, environment, command line.</summary>
internal static class SiloConfiguration
{
    /// <summary>Where state lies unless said otherwise: below the folder the program is started in.</summary>
    public const string DefaultDataFolder = "data";

    public static string DataFolder(IConfiguration configuration) => configuration["Data:Folder"] is { Length: > 0 } folder ? folder : DefaultDataFolder;

    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory, ApplicationName = typeof(SiloConfiguration).Assembly.GetName().Name });
        builder.WebHost.UseKestrelHttpsConfiguration();
        var folder = DataFolder(builder.Configuration);
        // Before the environment and the command line, so that those win.
        builder.Configuration.Sources.Insert(Math.Max(0, builder.Configuration.Sources.Count - 2), new RetailerFilesSource(Path.Combine(folder, "retailers")));
        if (string.IsNullOrEmpty(builder.Configuration["Storage:Sqlite"])) builder.Configuration["Storage:Sqlite"] = Path.Combine(folder, "tracking.db");
        return builder;
    }
}
