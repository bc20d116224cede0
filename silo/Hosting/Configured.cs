using System.ComponentModel.DataAnnotations;
using Tracking.Carriers.Mapping;
using Tracking.Grains.Claims;
using Tracking.Grains.Estimates;
using Tracking.Grains.Partitions;
using Tracking.Grains.Recovery;
using Tracking.Journal;
using Tracking.Silo.Files;
using Tracking.Web.Notifications;
using Tracking.Web.Changes;
using Tracking.Web.Promotions;
using Tracking.Web.Live;
using Tracking.Web.Pages;
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
        problems.AddRange(PromotionWebhook.Check(configuration));
        problems.AddRange(CareRules.Check(configuration));
        problems.AddRange(ConfiguredBrands.Problems(configuration));
        try { problems.AddRange(Storage(configuration).Problems()); }
        catch (InvalidOperationException wrong) { problems.Add(wrong.InnerException?.Message ?? wrong.Message); }
        problems.AddRange(ActorHost.Problems(configuration));
        if (LinkKey.Problem(configuration) is { } key) problems.Add(key);
        foreach (var (file, wrong) in MappedFormats.Load(Path.Combine(SiloConfiguration.DataFolder(configuration), "formats")).Problems) problems.Add($"formats/{file}: {wrong}");
        foreach (var (section, options) in Sections)
            if (options != typeof(StorageOptions) && options != typeof(JournalOptions)) Validate(configuration, section, options, problems);
        using (var retailers = new RetailerDirectory(configuration, Microsoft.Extensions.Logging.Abstractions.NullLogger<RetailerDirectory>.Instance))
        {
            problems.AddRange(PolicyFiles.Check(PolicyFiles.Folder(configuration), id => retailers.Find(id)?.Options.Currency));
            problems.AddRange(CodeFiles.Check(configuration));
        }
        problems.AddRange(new DropFolderOptions { DropFolder = configuration["Feeds:DropFolder"] }.Problems());
        problems.AddRange(Doors.Check(configuration, !configuration.GetSection("Retailers").GetChildren().Any()));
        return problems;
    }

    /// <summary>Settings that nobody reads, mostly misspelt: said by <c>check</c>, but no reason not to start, because an older release must run with the settings of a newer one.</summary>
    public static IEnumerable<string> Unknown(IConfiguration configuration)
    {
        foreach (var (section, options) in Sections)
        {
            var known = options.GetProperties().Where(static p => p.CanWrite).Select(static p => p.Name).ToList();
            foreach (var setting in configuration.GetSection(section).GetChildren())
            {
                if (known.Contains(setting.Key, StringComparer.OrdinalIgnoreCase)) continue;
                var meant = known.MinBy(name => Distance(name.ToUpperInvariant(), setting.Key.ToUpperInvariant()));
                var near = meant is not null && Distance(meant.ToUpperInvariant(), setting.Key.ToUpperInvariant()) <= 1 + setting.Key.Length / 4;
                yield return $"{section}:{setting.Key} is no setting{(near ? $"; did you mean {section}:{meant}?" : $" of this release; {section} has {string.Join(", ", known)}.")}";
            }
        }
    }

    /// <summary>Every section that has a class of options.</summary>
    private static IEnumerable<(string Section, Type Options)> Sections =>
    [
        ("Storage", typeof(StorageOptions)), ("Journal", typeof(JournalOptions)), ("Ingest", typeof(IngestOptions)), ("Feeds", typeof(DropFolderOptions)), ("Live", typeof(LiveOptions)), ("Partitions", typeof(PartitionOptions)), ("Recovery", typeof(RecoveryOptions)),
        ("Learning", typeof(LearningOptions)), ("Notifications", typeof(NotificationOptions)), ("Telemetry", typeof(Telemetry.TelemetryOptions)), ("Runtime", typeof(RuntimeOptions)), .. ActorHost.Sections,
    ];

    private static void Validate(IConfiguration configuration, string section, Type type, List<string> problems)
    {
        try
        {
            var options = configuration.GetSection(section).Get(type) ?? Activator.CreateInstance(type)!;
            var found = new List<ValidationResult>();
            Validator.TryValidateObject(options, new ValidationContext(options), found, validateAllProperties: true);
            problems.AddRange(found.Select(f => $"{section}: {f.ErrorMessage}"));
        }
        catch (InvalidOperationException wrong) { problems.Add($"{section}: {wrong.InnerException?.Message ?? wrong.Message}"); }
    }

    // How many letters must change to make one word of the other.
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var corner = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
                (corner, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, corner + (left[i - 1] == right[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}

/// <summary>How long grains stay in memory. Section <c>Runtime</c>.</summary>
internal sealed class RuntimeOptions
{
    /// <summary>Minutes an idle shipment stays in memory. Default 5: a scan's shipment is rarely scanned again within minutes, and a page that is open keeps its shipment itself.</summary>
    [Range(0.05, 1_440)] public double CollectionMinutes { get; set; } = 5;

    public static TimeSpan CollectionAge(IConfiguration configuration) => TimeSpan.FromMinutes((configuration.GetSection("Runtime").Get<RuntimeOptions>() ?? new()).CollectionMinutes);
}
