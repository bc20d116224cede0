using Microsoft.Extensions.Logging;
using Tracking.Journal.Postgres;
using Tracking.Journal.Postgres.Shards;
using Tracking.Journal.Sqlite;

namespace Tracking.Journal;

public static class JournalFactory
{
    /// <summary>
    /// Opens the database the options name: checks it, takes the lock, applies missing migrations. Throws <see cref="StorageStartException"/> with one clear line when the options are wrong, the
    /// database cannot be reached, does not flush, asks for newer code, or is held by another process.
    /// </summary>
    public static async Task<JournalStore> OpenAsync(StorageOptions options, TimeProvider clock, ILogger log, CancellationToken cancel = default)
    {
        if (options.Problems() is { Count: > 0 } problems) throw new StorageStartException(string.Join(" ", problems));
        if (options.Shards.Count > 0) return await ShardedStore.OpenAsync(options, clock, log, cancel);
        if (!string.IsNullOrWhiteSpace(options.Postgres)) return await PostgresStore.OpenAsync(options, clock, log, cancel);
        return await SqliteStore.OpenAsync(options, clock, log);
    }
}
