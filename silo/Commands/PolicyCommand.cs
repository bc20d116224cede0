using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Customers;
using Tracking.Grains.Estimates;
using Tracking.Grains.Orders;
using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Silo.Hosting;
using Tracking.Web.Retailers;

namespace Tracking.Silo.Commands;

/// <summary>
/// <c>silo -- policy check &lt;file&gt;</c> says what is wrong with a recovery policy, line by line; <c>silo -- policy try &lt;file&gt;</c> says what it would have done with everything that is recorded. Reads
/// only, also beside a running silo: nothing is offered, reserved or told.
/// </summary>
internal static class PolicyCommand
{
    private const int Wrong = 1;

    public static Command Create()
    {
        var check = new Command("check", "Checks a policy file; prints every problem with its line and what would make it right.");
        var (checkFile, checkRetailer) = (File(), Retailer());
        check.Add(checkFile);
        check.Add(checkRetailer);
        check.TreatUnmatchedTokensAsErrors = false;
        check.SetAction((parsed, _) => CheckAsync(parsed.GetValue(checkFile)!.FullName, parsed.GetValue(checkRetailer), [.. parsed.UnmatchedTokens]));

        var trial = new Command("try", "Says what a policy would have offered over recorded history, by cause and remedy. Changes nothing.");
        var (file, retailer) = (File(), Retailer());
        var from = new Option<DateTimeOffset?>("--from") { Description = "Only disruptions from this day or instant on (2026-11-01). Default: all." };
        var to = new Option<DateTimeOffset?>("--to") { Description = "Only what was known up to this day or instant. Default: now." };
        var json = new Option<FileInfo?>("--json") { Description = "Writes the report as JSON too." };
        trial.Add(file);
        trial.Add(retailer);
        trial.Add(from);
        trial.Add(to);
        trial.Add(json);
        trial.TreatUnmatchedTokensAsErrors = false;
        trial.SetAction((parsed, cancel) => TryAsync(parsed.GetValue(file)!.FullName, parsed.GetValue(retailer), parsed.GetValue(from), parsed.GetValue(to), parsed.GetValue(json)?.FullName, [.. parsed.UnmatchedTokens], cancel));
        return new Command("policy", "Checks recovery policies and tries them on recorded history.") { check, trial };

        static Argument<FileInfo> File() => new("file") { Description = "A policy as it stands in data/policies/{retailer}.json." };
        static Option<string?> Retailer() => new("--retailer") { Description = "Whose policy; not needed where the file is named after one, or only one is configured." };
    }

    private static async Task<int> CheckAsync(string file, string? named, string[] settings)
    {
        var (policy, _, code) = await ReadAsync(file, named, SiloConfiguration.CreateBuilder(settings).Configuration);
        if (policy is null) return code;
        Console.WriteLine($"no problems found: version {policy.Version}, {Count(policy.Rules.Length, "rule")}, {Count(policy.Campaigns.Length, "campaign")}, {new Money(policy.BudgetPerDay, policy.Currency)} a day");
        foreach (var pool in policy.Pools) Console.WriteLine($"draws codes from pool {pool}");
        return 0;
    }

    private static async Task<int> TryAsync(string file, string? named, DateTimeOffset? from, DateTimeOffset? to, string? jsonPath, string[] settings, CancellationToken cancel)
    {
        var configuration = SiloConfiguration.CreateBuilder(settings).Configuration;
        var (policy, retailer, code) = await ReadAsync(file, named, configuration);
        if (policy is null) return code;
        if (from >= to) return await Terminal.RefuseAsync("--from is not before --to.");
        var storage = Configured.Storage(configuration);
        storage.Access = StorageAccess.ReadOnly;
        try
        {
            await using var store = await JournalFactory.OpenAsync(storage, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, cancel);
            var edd = await StoredSnapshot.ReadAsync(store.Journal, cancel);
            var trial = new PolicyTrial(policy, edd, from ?? DateTimeOffset.MinValue, to ?? TimeProvider.System.GetUtcNow());
            await TakeAsync(store.Journal, retailer!, policy, trial, cancel);
            var report = trial.Run(Terminal.Bar("deciding"), cancel);
            Print(report, policy, edd.Id);
            if (jsonPath is not null) await System.IO.File.WriteAllTextAsync(jsonPath, Json(report), cancel);
            return 0;
        }
        catch (StorageStartException refused) { return await Terminal.RefuseAsync(refused.Message, Wrong); }
        catch (JsonException unreadable) { return await Terminal.RefuseAsync($"A stored append cannot be read: {unreadable.Message}", Wrong); }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or JournalUnavailableException) { return await Terminal.RefuseAsync(refused.Message.ReplaceLineEndings(" "), Wrong); }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return await Terminal.RefuseAsync("Stopped.", 130); }
    }

    // Names first, in one pass; then one order after the other with the parcels it has.
    private static async Task TakeAsync(IEventJournal journal, string retailer, RecoveryPolicy policy, PolicyTrial trial, CancellationToken cancel)
    {
        var (orders, troubled) = (new List<string>(), new HashSet<ShipmentKey>());
        var minds = policy.MindsStandIns;
        var (bar, rows) = (Terminal.Bar("reading"), 0L);
        await foreach (var row in journal.ReadAllAsync(cancel))
        {
            if (++rows % 4_096 == 0) bar?.Invoke(Math.Min(0.999, Partitions.Of(row.Stream) / (double)Partitions.Count));
            if (StreamName.Retailer(row.Stream) != retailer) continue;
            if (row.Version == 1 && OrderStreams.KeyOf(row.Stream) is { IsStandIn: false }) orders.Add(row.Stream);
            else if (row.Stream[0] == OrderStreams.CustomerKind) foreach (var wants in CustomerContacts.WishesIn(row)) trial.Take(row.Stream[(retailer.Length + 3)..], row.RecordedAt, wants);
            else if (minds && row.Marked && ShipmentStream.KeyOf(row.Stream) is { } key && ShipmentReaction.IsTrouble(ShipmentJson.Read(row.Open.Span))) troubled.Add(key);
        }
        bar?.Invoke(1);

        var loader = new OrderLoader(journal);
        bar = Terminal.Bar("looking ");
        var done = 0;
        foreach (var stream in orders)
        {
            var key = OrderStreams.KeyOf(stream)!.Value;
            var appends = new List<OrderAppend>();
            await foreach (var row in journal.ReadAsync(stream, cancel)) appends.Add(OrderJson.Read(row.Open.Span));
            var stories = new Dictionary<string, ShipmentStory>(StringComparer.Ordinal);
            foreach (var shipment in appends.Aggregate(Order.Unseen(key), static (order, append) => order.Apply(append)).Shipments)
            {
                stories[$"{shipment.Carrier}/{shipment.Number}"] = await loader.StoryAsync(shipment, shipment.KeyIn(retailer), cancel);
                troubled.Remove(shipment.KeyIn(retailer));
            }
            trial.Take(key, appends, stories);
            if (++done % 64 == 0) bar?.Invoke((double)done / (orders.Count + troubled.Count));
        }
        foreach (var shipment in troubled)
        {
            var key = OrderKey.StandIn(shipment, 0);
            var told = Order.Unseen(key).Shipments[0];
            trial.Take(key, [], new Dictionary<string, ShipmentStory>(StringComparer.Ordinal) { [$"{told.Carrier}/{told.Number}"] = await loader.StoryAsync(told, shipment, cancel) });
            if (++done % 64 == 0) bar?.Invoke((double)done / (orders.Count + troubled.Count));
        }
        bar?.Invoke(1);
    }

    private static void Print(TrialReport report, RecoveryPolicy policy, long snapshot)
    {
        Console.WriteLine(report.Sentence);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"over {report.Orders:N0} orders and parcels with {report.Disruptions:N0} disruptions, by version {policy.Version}; predictions by estimate snapshot {snapshot}; cost is what would have been reserved, so at most"));
        Table("cause", report.ByCause, report.Currency);
        Table("remedy, if everybody takes it", report.ByRemedy, report.Currency);
        if (!report.Withheld.IsEmpty) Console.WriteLine("\nwithheld: " + string.Join(", ", report.Withheld.Select(static w => string.Create(CultureInfo.InvariantCulture, $"{w.Why} {w.Count:N0}"))));
        foreach (var (purse, used, limit) in report.Purses.OrderByDescending(static p => p.Limit == 0 ? 0 : (double)p.Used / p.Limit).Take(5))
            Console.WriteLine($"purse {purse}: {new Money(used, report.Currency)} of {new Money(limit, report.Currency)}");
    }

    private static void Table(string what, IReadOnlyList<TrialLine> lines, string currency)
    {
        if (lines.Count == 0) return;
        Console.WriteLine($"\n{what,-30} {"offers",8} {"cost",18}");
        foreach (var line in lines) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{line.Name,-30} {line.Offers,8:N0} {new Money(line.Cost, currency),18}"));
    }

    private static string Json(TrialReport report) => JsonSerializer.Serialize(new
    {
        offers = report.Offers, costMinor = report.Cost, currency = report.Currency, orders = report.Orders, disruptions = report.Disruptions,
        byCause = report.ByCause.Select(static l => new { cause = l.Name, offers = l.Offers, costMinor = l.Cost }),
        byRemedy = report.ByRemedy.Select(static l => new { remedy = l.Name, offers = l.Offers, costMinor = l.Cost }),
        withheld = report.Withheld.ToDictionary(static w => w.Why, static w => w.Count),
        purses = report.Purses.Select(static p => new { purse = p.Purse, usedMinor = p.Used, limitMinor = p.Limit }),
    }, new JsonSerializerOptions { WriteIndented = true });

    private static async Task<(RecoveryPolicy? Policy, string? Retailer, int Code)> ReadAsync(string file, string? named, IConfiguration configuration)
    {
        if (!System.IO.File.Exists(file)) return (null, null, await Terminal.RefuseAsync($"{file} does not exist."));
        using var retailers = new RetailerDirectory(configuration, Microsoft.Extensions.Logging.Abstractions.NullLogger<RetailerDirectory>.Instance);
        var whose = named is not null ? retailers.Find(named) : retailers.Find(Path.GetFileNameWithoutExtension(file)) ?? (retailers.All.Take(2).Count() == 1 ? retailers.All.Single() : null);
        if (whose is null) return (null, null, await Terminal.RefuseAsync($"{(named is null ? "It is not clear whose policy this is; say --retailer and one of" : $"There is no retailer '{named}'; known:")} {string.Join(", ", retailers.All.Select(static r => r.Id).Order(StringComparer.Ordinal))}."));
        var policy = PolicyReader.Read(await System.IO.File.ReadAllBytesAsync(file), whose.Options.Currency, out var problems);
        foreach (var problem in problems) await Console.Error.WriteLineAsync($"{Path.GetFileName(file)}: {problem}");
        return (policy, whose.Id, problems.Count == 0 ? 0 : Wrong);
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
