using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Tracking.Backtest;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Estimates;
using Tracking.Journal;
using Tracking.Silo.Hosting;
using Tracking.Web.Retailers;

namespace Tracking.Silo.Commands;

/// <summary>
/// <c>silo -- learn &lt;file&gt;</c>: a retailer's own finished deliveries into the journal, from where the estimates learn. The file's digest names the import: broken off, the same command goes on where it
/// stopped; done, it does nothing.
/// </summary>
public static class LearnCommand
{
    /// <summary>Moments in one append.</summary>
    private const int Chunk = 500, MostProblems = 100;

    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "CSV (also .gz) with the columns handedOverAt, deliveredAt and, where known, orderedAt, carrier, service, originCountry, originRegion, originPostalCode, country, region, postalCode, promisedDate, distanceKm, id." };
        var retailer = new Option<string?>("--retailer") { Description = "Whose deliveries; not needed where only one retailer is configured." };
        var zone = new Option<string?>("--zone") { Description = "IANA zone of times without an offset." };
        var command = new Command("learn", "Imports a retailer's own delivery history, so that its estimates do not start cold. Stop an embedded silo first.") { file, retailer, zone };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(file)!.FullName, parsed.GetValue(retailer), parsed.GetValue(zone), [.. parsed.UnmatchedTokens], cancel));
        return command;
    }

    private static async Task<int> RunAsync(string file, string? retailer, string? zoneName, string[] settings, CancellationToken cancel)
    {
        if (!File.Exists(file)) return await Terminal.RefuseAsync($"{file} does not exist.");
        TimeZoneInfo? zone = null;
        if (zoneName is not null && !TimeZoneInfo.TryFindSystemTimeZoneById(zoneName, out zone)) return await Terminal.RefuseAsync($"--zone is '{zoneName}', which is no IANA zone.");
        var builder = SiloConfiguration.CreateBuilder(settings);
        var known = builder.Configuration.GetSection("Retailers").GetChildren().Select(r => r.Key).DefaultIfEmpty("demo").ToList();
        retailer ??= known.Count == 1 ? known[0] : null;
        if (retailer is null) return await Terminal.RefuseAsync($"Several retailers are configured; say --retailer and one of {string.Join(", ", known)}.");
        if (!RetailerDirectory.IsId(retailer) || !known.Contains(retailer, StringComparer.Ordinal)) return await Terminal.RefuseAsync($"There is no retailer '{retailer}'; known: {string.Join(", ", known)}.");

        try
        {
            var problems = 0;
            var (steps, rows) = HistoryFile.Read(file, retailer, zone, said =>
            {
                if (++problems <= MostProblems) Console.Error.WriteLine(said);
                else if (problems == MostProblems + 1) Console.Error.WriteLine("more lines cannot be used; they are counted only");
            }, Terminal.Bar("reading"), cancel);
            if (steps.Count == 0) return await Terminal.RefuseAsync($"None of the {rows} lines can be used.");

            var import = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{retailer}|{zoneName}|{await DigestAsync(file, cancel)}")))[..16];
            var stream = HistoryCodec.Stream(retailer, import);
            await using var store = await JournalFactory.OpenAsync(Configured.Storage(builder.Configuration), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, cancel);
            var (done, recordedAt) = (0, DateTimeOffset.UnixEpoch);
            await foreach (var row in store.Journal.ReadAsync(stream, cancel)) (done, recordedAt) = (row.Version, row.RecordedAt);
            var chunks = (steps.Count + Chunk - 1) / Chunk;
            if (done > 0 && done < chunks) Console.WriteLine($"going on after {done} of {chunks} parts that are stored already");

            var bar = Terminal.Bar("storing");
            for (var part = done; part < chunks; part++)
            {
                recordedAt = RecordedTime.Next(TimeProvider.System.GetUtcNow(), recordedAt);
                await store.Journal.AppendAsync(new JournalAppend(stream, part + 1, recordedAt, HistoryCodec.Write([.. steps.Skip(part * Chunk).Take(Chunk)]), Marked: true), cancel);
                bar?.Invoke((part + 1.0) / chunks);
            }
            Console.WriteLine(done >= chunks ? $"{retailer}: this file was imported before; nothing was changed" : $"{retailer}: {steps.Count} moments of {rows - problems} deliveries are stored; the silo learns them within a minute of running");
            if (problems > 0) Console.WriteLine($"{problems} lines could not be used or were remarked on");
            return problems > 0 ? 1 : 0;
        }
        catch (FormatException wrong) { return await Terminal.RefuseAsync(wrong.Message); }
        catch (StorageStartException refused) { return await Terminal.RefuseAsync(refused.Message); }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return await Terminal.RefuseAsync("Stopped; the same command goes on from here.", 130); }
        catch (Exception refused) when (refused is IOException or InvalidDataException or UnauthorizedAccessException or JournalUnavailableException or JournalFencedException or JournalOutcomeUnknownException or CsvHelper.CsvHelperException)
        {
            return await Terminal.RefuseAsync($"{refused.Message.ReplaceLineEndings(" ")} The same command goes on from what is stored.", 1);
        }
    }

    private static async Task<string> DigestAsync(string file, CancellationToken cancel)
    {
        await using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancel));
    }
}
