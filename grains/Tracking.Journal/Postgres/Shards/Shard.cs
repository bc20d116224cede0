using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Tracking.Journal.Postgres.Shards;

/// <summary>One further database. While it cannot be reached its partitions answer that they are unavailable, and it is tried again every other second; everything else goes on.</summary>
internal sealed partial class Shard : IAsyncDisposable
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(2);

    private readonly StorageOptions _options;
    private readonly string _system;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Meter _absent;
    private Task _opening = Task.CompletedTask;
    private volatile PostgresStore? _store;
    private volatile string _problem = "not opened yet";

    private Shard(string name, StorageOptions options, string system, TimeProvider clock, ILogger log)
    {
        (Name, _options, _system, _clock, _log) = (name, options, system, clock, log);
        // Until the store is there and says so itself.
        _absent = new Meter(new MeterOptions(JournalMetrics.MeterName) { Tags = [new("store", name)] });
        _absent.CreateObservableGauge("tracking.journal.reachable", static () => 0, "{database}", "1 while the database answers its pulse every ten seconds, else 0.");
    }

    public string Name { get; }

    /// <summary>Called when the store was opened, whenever that is.</summary>
    public Action<PostgresStore>? Opened { get; set; }

    public PostgresStore? Store => _store;

    /// <summary>The open store; throws <see cref="JournalUnavailableException"/>, by name, while there is none.</summary>
    public PostgresStore Reach() => _store ?? throw new JournalUnavailableException($"Shard '{Name}' cannot be reached: {_problem}");

    /// <summary>Opens it, or keeps trying when it cannot be reached now. What is wrong with a server that answers is a <see cref="StorageStartException"/> that names the shard.</summary>
    public static async Task<Shard> OpenAsync(string name, StorageOptions options, string system, TimeProvider clock, ILogger log, CancellationToken cancel)
    {
        var shard = new Shard(name, options, system, clock, log);
        try
        {
            await shard.TryOpenAsync(cancel);
        }
        catch (StorageStartException away) when (IsAway(away) && options.Access != StorageAccess.ReadOnly)
        {
            shard._problem = away.Message;
            LogAway(log, name, away.Message);
            shard._opening = shard.KeepTryingAsync();
        }
        catch (StorageStartException refused)
        {
            await shard.DisposeAsync();
            throw new StorageStartException($"Shard '{name}': {refused.Message}", refused) { NotMadeYet = refused.NotMadeYet };
        }
        return shard;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _opening;
        if (_store is { } open) await open.DisposeAsync();
        _absent.Dispose();
        _stopping.Dispose();
    }

    private async Task TryOpenAsync(CancellationToken cancel)
    {
        var store = await PostgresStore.OpenAsync(_options, _clock, _log, cancel);
        try
        {
            await using var connection = await store.ConnectAsync(cancel);
            await ShardMap.IdentifyAsync(connection, Name, _system, store.Place, _options.Access == StorageAccess.ReadOnly, cancel);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
        _store = store;
        _absent.Dispose();
        Opened?.Invoke(store);
    }

    private async Task KeepTryingAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(TryAgain, _clock, _stopping.Token);
                try
                {
                    await TryOpenAsync(_stopping.Token);
                    LogBack(_log, Name);
                    return;
                }
                catch (Exception still) when (still is StorageStartException || PostgresErrors.IsTrouble(still))
                {
                    if (still.Message != _problem) LogAway(_log, Name, still.Message);
                    _problem = still.Message;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // stopping
        }
    }

    // Nobody answers, or somebody who says "not now"; anything else is wrong and stays so.
    private static bool IsAway(StorageStartException refused) => refused.InnerException switch
    {
        PostgresException said => said.SqlState.StartsWith("57", StringComparison.Ordinal) || said.SqlState.StartsWith("53", StringComparison.Ordinal),
        NpgsqlException or System.Net.Sockets.SocketException or TimeoutException or IOException => true,
        _ => false,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard '{Shard}' cannot be reached; its partitions answer 'failed' until it can: {Problem}")]
    private static partial void LogAway(ILogger log, string shard, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Shard '{Shard}' is there again.")]
    private static partial void LogBack(ILogger log, string shard);
}
