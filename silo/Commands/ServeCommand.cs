using System.CommandLine;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Console;
using Tracking.Contracts.Claims;
using Tracking.Contracts.Estimates;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Grains.Changes;
using Tracking.Grains.Claims;
using Tracking.Grains.Estimates;
using Tracking.Grains.Live;
using Tracking.Grains.Orders;
using Tracking.Grains.Partitions;
using Tracking.Grains.Recovery;
using Tracking.Grains.Shipments;
using Tracking.Grains.Telemetry;
using Tracking.Grains.Visits;
using Tracking.Journal;
using Tracking.Silo.Demo;
using Tracking.Silo.Files;
using Tracking.Silo.Hosting;
using Tracking.Silo.Polling;
using Tracking.Silo.Telemetry;
using Tracking.Web.Changes;
using Tracking.Web.Claims;
using Tracking.Web.Customers;
using Tracking.Web.Events;
using Tracking.Web.Live;
using Tracking.Web.Offers;
using Tracking.Web.Orders;
using Tracking.Web.Notifications;
using Tracking.Web.Estimates;
using Tracking.Web.Promises;
using Tracking.Web.Promotions;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;
using Tracking.Web.Shipments;
using Tracking.Web.Pages;

namespace Tracking.Silo.Commands;

/// <summary>Serves: composes storage, grains, doors and telemetry. The only place that knows everybody.</summary>
internal static class ServeCommand
{
    public static void AddTo(RootCommand root)
    {
        var demo = new Option<bool>("--demo") { Description = "Adds a demo retailer, a seeded feed and a page that moves." };
        root.Options.Add(demo);
        root.SetAction((parsed, cancel) => RunAsync([.. parsed.UnmatchedTokens], parsed.GetValue(demo), cancel));
    }

    public static async Task<int> RunAsync(string[] settings, bool demo, CancellationToken cancel)
    {
        LogOutput.Install();
        try
        {
            // Settings look like --Name=value or --Name value; a bare first word is a command that does not exist.
            if (settings.Length > 0 && !settings[0].StartsWith('-')) throw new StartException($"'{settings[0]}' is no command; --help lists them.");
            var builder = SiloConfiguration.CreateBuilder(settings);
            var problems = Configured.Problems(builder.Configuration);
            if (problems.Count > 0) throw new StartException(problems.Count == 1 ? problems[0] : $"{problems[0]} (and {problems.Count - 1} more; `check` prints all)");

            using var startLog = LoggerFactory.Create(log => log.AddConfiguration(builder.Configuration.GetSection("Logging")).AddSimpleConsole(o => o.SingleLine = true));
            var storage = Configured.Storage(builder.Configuration);
            foreach (var database in storage.Databases())
                if (await DatabaseClock.ProblemAsync(database, storage.MaxClockSkewSeconds, TimeProvider.System, cancel) is { } apart) throw new StartException(apart);
            await using var store = await JournalFactory.OpenAsync(storage, TimeProvider.System, startLog.CreateLogger("Tracking.Journal"), cancel);
            await using var app = Compose(builder, store, demo);
            using var lost = store.LockLost.Register(() => app.Lifetime.StopApplication());
            await app.StartAsync(cancel);
            Announce(app, store);
            await app.WaitForShutdownAsync(cancel);
            return 0;
        }
        catch (Exception refused) when (refused is StartException or StorageStartException)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
        catch (IOException taken) when (taken.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException || taken.Message.Contains("address", StringComparison.OrdinalIgnoreCase))
        {
            await Console.Error.WriteLineAsync($"{taken.Message} Choose another with --Urls=http://localhost:5081.");
            return 1;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return 0; }
    }

    /// <summary>Builds the whole application over an open store. Tests build the same one.</summary>
    internal static WebApplication Compose(WebApplicationBuilder builder, JournalStore store, bool demo)
    {
        var services = builder.Services;
        var configuration = builder.Configuration;
        builder.WebHost.UseUrls([.. Doors.Urls(configuration).Concat(Doors.AdminUrls(configuration))]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;   // every door has its own limit, and NDJSON streams for as long as it likes
            kestrel.Limits.MaxConcurrentUpgradedConnections = 20_000;
        });
        builder.Logging.AddSimpleConsole(o => o.SingleLine = true);
        // A log that nobody takes must not hold up the work: beyond 2,500 waiting lines new ones are left out, and the log says how many.
        services.Configure<ConsoleLoggerOptions>(console => console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite);
        // A sender who never ends is waited for that long; then nodes still hand over, which a busy machine does in two seconds. Gone within 25.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(22));

        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(store);
        services.AddSingleton(store.Journal);
        services.AddSingleton(store.Heads);
        services.AddSingleton<IQuarantine>(store.Quarantine);
        var linkKey = LinkKey.Load(configuration, SiloConfiguration.DataFolder(configuration));
        services.AddSingleton(new LinkTokens(linkKey));
        // A key of its own, so that no token can ever be taken for a proof.
        services.AddSingleton(provider => new PageSeal(HMACSHA256.HashData(linkKey, "pages"u8), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ShipmentRecipients>();
        services.AddSingleton<IRecipients, OrderRecipients>();
        services.AddSingleton<IReaction, ChangeReaction>();
        if (demo) services.AddSingleton<ICarrierIntercept, SandboxCarrier>();
        else services.AddSingleton<ICarrierIntercept, RetailerWebhook>();

        services.AddSingleton<TrackingMetrics>();
        services.AddSingleton<EddBook>();
        services.AddSingleton<LearningMetrics>();
        services.AddSingleton<IEstimates>(provider => provider.GetRequiredService<EddBook>());
        services.AddOptions<LearningOptions>().BindConfiguration("Learning");
        services.AddSingleton<ShipmentLoader>();
        services.AddSingleton<ShipmentViews>();
        services.AddSingleton<IShipmentReader, ShipmentReader>();
        services.AddSingleton<PushRouter>();
        services.AddSingleton<IStreamWaker, ShipmentWaker>();
        services.AddCases();
        services.AddSingleton(new OfferCodes(linkKey));
        services.AddSingleton<IPromotionChannel, PromotionWebhook>();
        services.AddOrders();
        services.AddHostedService<CodeFiles>();
        services.AddHostedService(provider => new PolicyFiles(PolicyFiles.Folder(configuration), provider.GetRequiredService<PolicyBook>(), provider.GetRequiredService<RetailerDirectory>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<PolicyFiles>>()));
        services.AddOptions<PartitionOptions>().BindConfiguration("Partitions");
        builder.AddActorRuntime();
        services.AddHostedService(provider => provider.GetRequiredService<PushRouter>());
        services.AddHostedService<PartitionKeeper>();
        services.AddHostedService<EddKeeper>();

        services.AddSingleton<RetailerDirectory>();
        services.AddSingleton<IDeliverySharing>(provider => provider.GetRequiredService<RetailerDirectory>());
        services.AddOptions<IngestOptions>().BindConfiguration("Ingest");
        services.AddSingleton<IngestGate>();
        services.AddSingleton<IngestMetrics>();
        services.AddSingleton<ScanIntake>();
        services.AddSingleton(provider => new FeedFormats(Path.Combine(SiloConfiguration.DataFolder(configuration), "formats"), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<FeedFormats>>()));
        services.AddSingleton<FeedIntake>();
        services.AddSingleton<PollMetrics>();
        services.AddHostedService<PollService>();
        services.AddPromises();
        services.AddAreaNotices();
        services.AddOptions<DropFolderOptions>().BindConfiguration("Feeds");
        services.AddSingleton<FileMetrics>();
        services.AddHostedService<DropFolderService>();
        services.AddTrackingPages();
        services.AddLivePages();
        services.AddSingleton<GrainCaseBooks>();
        services.AddSingleton<ICaseBooks>(provider => provider.GetRequiredService<GrainCaseBooks>());
        services.AddHostedService(provider => provider.GetRequiredService<GrainCaseBooks>());
        services.AddMailbox(configuration, SiloConfiguration.DataFolder(configuration));
        services.AddTelemetry(configuration);
        services.AddOpenApi("v1", OpenApiDocument.Describe);
        services.AddSingleton<Readiness>();
        if (demo) services.AddHostedService<DemoEvening>();

        var app = builder.Build();
        app.UseAdminDoor();
        app.UseServerTrouble();
        app.MapScans();
        app.MapFeeds();
        app.MapQuarantine();
        app.MapShipments();
        app.MapClaims();
        app.MapSignatures();
        app.MapPromises();
        app.MapAreaNotices();
        app.MapCalibration();
        app.MapOrders();
        app.MapOffers();
        app.MapPromotions();
        app.MapCustomers();
        app.MapEvents();
        app.MapReports();
        app.MapManualStatus();
        app.MapTrackingPages();
        app.MapChanges();
        app.MapCareForms();
        app.MapLivePages();
        if (demo || app.Environment.IsDevelopment() || configuration.GetValue<bool>("Notifications:ShowMailbox")) app.MapMailbox();
        app.MapHealth();
        app.MapMetrics();
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapGet("/", () => Results.Text("Tracking.Actors is running. The README says what can be asked: /v1/scans, /v1/shipments/{carrier}/{number}, /t/{token}, /health/ready, /metrics, /openapi/v1.json.\n"))
            .ExcludeFromDescription();
        return app;
    }

    private static void Announce(WebApplication app, JournalStore store)
    {
        Console.WriteLine($"Tracking.Actors {VersionCommand.Version} ({ActorHost.Name} runtime) serves on {string.Join(", ", app.Urls)}");
        Console.WriteLine($"  stored in     {store.Description}");
        if (app.Services.GetRequiredService<RetailerDirectory>().IsDemoOnly) Console.WriteLine("  retailer      demo, key demo (nothing is configured; only this machine can connect)");
    }
}
