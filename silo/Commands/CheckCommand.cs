using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Tracking.Journal;
using Tracking.Silo.Hosting;

namespace Tracking.Silo.Commands;

/// <summary>Prints every problem at once: of the configuration, of settings nobody reads, of every database. Writes nothing; runs beside a silo too.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var command = new Command("check", "Checks configuration, retailers, addresses and databases; prints every problem at once.") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction((parsed, cancel) => RunAsync([.. parsed.UnmatchedTokens], cancel));
        return command;
    }

    private static async Task<int> RunAsync(string[] settings, CancellationToken cancel)
    {
        var builder = SiloConfiguration.CreateBuilder(settings);
        var problems = Configured.Problems(builder.Configuration).Concat(Configured.Unknown(builder.Configuration)).ToList();
        await LookAtDatabaseAsync(builder.Configuration, problems, cancel);
        foreach (var url in Doors.Urls(builder.Configuration).Concat(Doors.AdminUrls(builder.Configuration)))
            if (Taken(url)) Console.WriteLine($"address:  {url} is taken, as it is while a silo serves there");
        foreach (var note in Tracking.Web.Retailers.RetailerDirectory.Notes(builder.Configuration).Concat(Tracking.Web.Pages.ConfiguredBrands.Notes(builder.Configuration))) Console.WriteLine($"note: {note}");
        foreach (var problem in problems) Console.WriteLine($"problem: {problem}");
        Console.WriteLine(problems.Count == 0 ? "no problems found" : $"{problems.Count} problem{(problems.Count == 1 ? "" : "s")} found");
        return problems.Count == 0 ? 0 : 1;
    }

    // Whatever else is wrong: as soon as the section can be read, the database is tried.
    private static async Task LookAtDatabaseAsync(IConfiguration configuration, List<string> problems, CancellationToken cancel)
    {
        StorageOptions storage;
        try { storage = Configured.Storage(configuration); }
        catch (InvalidOperationException) { return; }   // said already
        storage.Access = StorageAccess.ReadOnly;
        if (storage.Problems().Count > 0) return;
        try
        {
            if (!storage.Databases().Any() && !File.Exists(storage.Sqlite)) Console.WriteLine($"database: {storage.Sqlite} will be made at the first start");
            else
            {
                await using var store = await JournalFactory.OpenAsync(storage, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, cancel);
                Console.WriteLine($"database: {store.Description}");
            }
        }
        catch (StorageStartException fresh) when (fresh.NotMadeYet) { Console.WriteLine("database: its tables will be made at the first start"); }
        catch (StorageStartException refused) { problems.Add(refused.Message); }
        foreach (var database in storage.Databases())
            if (await DatabaseClock.ProblemAsync(database, storage.MaxClockSkewSeconds, TimeProvider.System, cancel) is { } apart) problems.Add(apart);
    }

    private static bool Taken(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            if (address.Port == 0) return false;
            var at = address.Host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(address.Host.Trim('[', ']'), out var given) ? given : IPAddress.Any;
            using var listener = new TcpListener(at, address.Port);
            listener.Start();
            return false;
        }
        catch (SocketException) { return true; }
        catch (FormatException) { return false; }   // said already
    }
}
