using System.CommandLine;
using Tracking.Journal;
using Tracking.Silo.Hosting;

namespace Tracking.Silo.Commands;

/// <summary>Prints every problem of the configuration at once, and tries the database.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var command = new Command("check", "Checks configuration, retailers, addresses and the database; prints every problem at once.") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction((parsed, cancel) => RunAsync([.. parsed.UnmatchedTokens], cancel));
        return command;
    }

    private static async Task<int> RunAsync(string[] settings, CancellationToken cancel)
    {
        var builder = SiloConfiguration.CreateBuilder(settings);
        var problems = Configured.Problems(builder.Configuration).ToList();
        if (problems.Count == 0)
        {
            var storage = Configured.Storage(builder.Configuration);
            storage.Access = StorageAccess.ReadOnly;   // beside a running silo too
            var known = storage.Postgres is { Length: > 0 } || File.Exists(storage.Sqlite);
            try
            {
                if (known)
                {
                    await using var store = await JournalFactory.OpenAsync(storage, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, cancel);
                    Console.WriteLine($"database: {store.Description}");
                }
                else Console.WriteLine($"database: {storage.Sqlite} will be made at the first start");
            }
            catch (StorageStartException fresh) when (fresh.NotMadeYet) { Console.WriteLine("database: its tables will be made at the first start"); }
            catch (StorageStartException refused) { problems.Add(refused.Message); }
        }
        foreach (var note in Tracking.Web.Retailers.RetailerDirectory.Notes(builder.Configuration)) Console.WriteLine($"note: {note}");
        foreach (var problem in problems) Console.WriteLine($"problem: {problem}");
        Console.WriteLine(problems.Count == 0 ? "no problems found" : $"{problems.Count} problem{(problems.Count == 1 ? "" : "s")} found");
        return problems.Count == 0 ? 0 : 1;
    }
}
