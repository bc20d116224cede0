using System.CommandLine;
using Tracking.Journal;
using Tracking.Journal.Postgres.Shards;
using Tracking.Silo.Hosting;

namespace Tracking.Silo.Commands;

/// <summary>Says which database has which partitions, and moves them while everything runs.</summary>
internal static class ShardsCommand
{
    public static Command Create()
    {
        var ranges = new Argument<string>("partitions") { Description = "Partitions to move, such as 128-191 or 7,9." };
        var target = new Argument<string>("to") { Description = "A name of Storage:Shards, or home." };
        var keep = new Option<bool>("--keep") { Description = "Leaves the rows in the old place; nobody reads them there any more." };
        var move = new Command("move", "Moves partitions to another database while nodes run; their scans answer 'failed' meanwhile. Broken off, the same command finishes it.") { ranges, target, keep };
        move.TreatUnmatchedTokensAsErrors = false;
        move.SetAction((parsed, cancel) => RunAsync([.. parsed.UnmatchedTokens], storage =>
            ShardMove.MoveAsync(storage, parsed.GetValue(ranges)!, parsed.GetValue(target)!, parsed.GetValue(keep), Console.WriteLine, cancel)));
        var command = new Command("shards", "Prints which database has which partitions.") { move };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancel) => RunAsync([.. parsed.UnmatchedTokens], async storage =>
        {
            if (string.IsNullOrWhiteSpace(storage.Postgres)) throw new StorageStartException("Storage:Postgres is not set; only PostgreSQL has shards.");
            foreach (var (shard, partitions) in await ShardMove.ListAsync(storage, cancel)) Console.WriteLine($"{shard}: {partitions}");
        }));
        return command;
    }

    private static async Task<int> RunAsync(string[] settings, Func<StorageOptions, Task> work)
    {
        try
        {
            await work(Configured.Storage(SiloConfiguration.CreateBuilder(settings).Configuration));
            return 0;
        }
        catch (StorageStartException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
        catch (InvalidOperationException unreadable)
        {
            await Console.Error.WriteLineAsync(unreadable.InnerException?.Message ?? unreadable.Message);
            return 1;
        }
    }
}
