using System.ComponentModel.DataAnnotations;
using Tracking.Carriers.Mapping;
using Tracking.Grains.Claims;
using Tracking.Grains.Estimates;
using Tracking.Grains.Partitions;
using Tracking.Journal;
using Tracking.Web.Notifications;
using Tracking.Web.Changes;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Silo.Hosting;

/// <summary>What the configuration says, and everything that is wrong with it.</summary>
internal static class Configured
{
    public static StorageOptions Storage(IConfiguration configuration)
    {
        var options = StorageOptions.From(configuration);
        options.Access = ActorHost.Access;
        options.KnowsSnapshot = static (kind, format) => kind != 's' || format == Tracking.Domain.Shipments.ShipmentSnapshot.Format;
        return options;
    }

    /// <summary>One sentence per problem; empty when the silo could start, as far as can be told without trying.</summary>
    public static IReadOnlyList<string> Problems(IConfiguration configuration)
    {
        var problems = new List<string>();
        problems.AddRange(RetailerFilesProvider.Problems);
        problems.AddRange(RetailerDirectory.Check(configuration));
        problems.AddRange(RetailerWebhook.Check(configuration));
        problems.AddRange(CareRules.Check(configuration));
        try { problems.AddRange(Storage(configuration).Problems()); }
        catch (InvalidOperationException wrong) { problems.Add(wrong.InnerException?.Message ?? wrong.Message); }
        problems.AddRange(ActorHost.Problems(configuration));
        foreach (var (file, wrong) in MappedFormats.Load(Path.Combine(SiloConfiguration.DataFolder(configuration), "formats")).Problems) problems.Add($"formats/{file}: {wrong}");
        Validate<IngestOptions>(configuration, "Ingest", problems);
        Validate<PartitionOptions>(configuration, "Partitions", problems);
        Validate<NotificationOptions>(configuration, "Notifications", problems);
        Validate<Telemetry.TelemetryOptions>(configuration, "Telemetry", problems);
        Validate<LearningOptions>(configuration, "Learning", problems);
        problems.AddRange(Doors.Check(configuration, !configuration.GetSection("Retailers").GetChildren().Any()));
        return problems;
    }

    private static void Validate<T>(IConfiguration configuration, string section, List<string> problems) where T : class, new()
    {
        try
        {
            var options = configuration.GetSection(section).Get<T>() ?? new T();
            var found = new List<ValidationResult>();
            Validator.TryValidateObject(options, new ValidationContext(options), found, validateAllProperties: true);
            problems.AddRange(found.Select(f => $"{section}: {f.ErrorMessage}"));
        }
        catch (InvalidOperationException wrong) { problems.Add($"{section}: {wrong.InnerException?.Message ?? wrong.Message}"); }
    }
}
