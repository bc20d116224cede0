using Npgsql;

namespace Tracking.Journal.Postgres.Shards;

/// <summary>
/// Moves partitions from one database to another while everything runs. Appends to them stop (they are answered as unavailable), what is stored is copied, the map is changed, appends go on in the new place. Broken off
/// at any point, the same command finishes it; nothing is deleted before the copy counts.
/// </summary>
public static class ShardMove
{
    private const string Guard = "moved_away";

    /// <summary>Long enough for every node to have written the heads it holds (it gathers them for <see cref="JournalOptions.HeadGather"/>), and bounded.</summary>
    private static readonly TimeSpan HeadsWithin = TimeSpan.FromSeconds(30);

    /// <summary>Which partitions live where: one line per database.</summary>
    public static async Task<IReadOnlyList<(string Shard, string Partitions)>> ListAsync(StorageOptions options, CancellationToken cancel = default)
    {
        await using var home = Server(options, ShardMap.Home);
        try
        {
            await using var connection = await home.OpenOwnAsync(cancel);
            var map = await ShardMap.ReadAsync(connection, cancel);
            return [.. Enumerable.Range(0, Partitions.Count).GroupBy(partition => map.GetValueOrDefault(partition, ShardMap.Home)).OrderBy(static group => group.Key, StringComparer.Ordinal)
                .Select(static group => (group.Key, PartitionRanges.Format(group)))];
        }
        catch (PostgresException unmade) when (unmade.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            throw new StorageStartException("The home database has no tables of this release yet; start a node once.", unmade);
        }
        catch (Exception failed) when (PostgresErrors.IsTrouble(failed))
        {
            throw new StorageStartException($"The map of shards cannot be read: {PostgresErrors.Say(failed)}", failed);
        }
    }

    /// <param name="ranges">Such as <c>128-191</c>.</param>
    /// <param name="target">A name of <see cref="StorageOptions.Shards"/>, or <c>home</c>.</param>
    /// <param name="keep">Leaves the rows in the old place. They are not read any more.</param>
    /// <param name="say">Told what is being done, a line each.</param>
    /// <exception cref="StorageStartException">It cannot be done; one line says why. What was begun is finished by the same command.</exception>
    public static async Task MoveAsync(StorageOptions options, string ranges, string target, bool keep, Action<string> say, CancellationToken cancel = default)
    {
        if (options.Problems() is { Count: > 0 } problems) throw new StorageStartException(string.Join(" ", problems));
        if (options.Shards.Count == 0) throw new StorageStartException("Storage:Shards names no database to move to or from.");
        if (target != ShardMap.Home && !options.Shards.ContainsKey(target)) throw new StorageStartException($"Storage:Shards names no '{target}'; it names {string.Join(", ", options.Shards.Keys)}.");
        if (!PartitionRanges.TryParse(ranges, out var wanted, out var wrong) || wanted.Count == 0) throw new StorageStartException(wrong.Length > 0 ? $"{wrong}." : "Name the partitions to move, such as 128-191.");
        try
        {
            await using var home = Server(options, ShardMap.Home);
            await using var map = await home.OpenOwnAsync(cancel);
            await using (var one = new NpgsqlCommand("SELECT pg_try_advisory_lock(1953653611, hashtext('shards move ' || current_schema()))", map))
            {
                if (!(bool)(await one.ExecuteScalarAsync(cancel))!) throw new StorageStartException("Another move is under way; wait for it to end.");
            }
            var system = await ShardMap.SystemAsync(map, home.Place, readOnly: false, cancel);
            var lives = await ShardMap.ReadAsync(map, cancel);
            foreach (var source in wanted.GroupBy(partition => lives.GetValueOrDefault(partition, ShardMap.Home)).ToList())
            {
                if (source.Key == target) continue;
                if (source.Key != ShardMap.Home && !options.Shards.ContainsKey(source.Key)) throw new StorageStartException($"Partitions {PartitionRanges.Format(source)} live on shard '{source.Key}', which Storage:Shards does not name.");
                await MoveAsync(options, map, system, [.. source], source.Key, target, say, cancel);
            }
            if (!keep) await CleanAsync(options, map, [.. wanted], target, say, cancel);
            say($"partitions {PartitionRanges.Format(wanted)} live on {target}");
        }
        catch (PostgresException unmade) when (unmade.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            throw new StorageStartException("One of the databases has no tables of this release yet; start the nodes with it under Storage:Shards first.", unmade);
        }
        catch (Exception failed) when (PostgresErrors.IsTrouble(failed))
        {
            throw new StorageStartException($"The move was broken off: {PostgresErrors.Say(failed)} Give the same command again.", failed);
        }
    }

    private static async Task MoveAsync(StorageOptions options, NpgsqlConnection map, string system, int[] partitions, string source, string target, Action<string> say, CancellationToken cancel)
    {
        // Made as a store would make it: checked, migrated, and known by its name. The lock is the nodes' business.
        await using var from = Server(options, source);
        await using var to = Server(options, target);
        await using var reading = await from.OpenOwnAsync(cancel);
        await using var writing = await to.OpenOwnAsync(cancel);
        if (target != ShardMap.Home) await ShardMap.IdentifyAsync(writing, target, system, to.Place, readOnly: false, cancel);

        say($"{PartitionRanges.Format(partitions)}: no appends any more on {source}");
        await ShardMap.BeginMovingAsync(map, partitions, cancel);
        await Task.Delay(2_000, cancel);   // nodes look every second; from then on they answer without asking the database
        await GuardAsync(reading, partitions, away: true, cancel);
        await HeadsWrittenAsync(reading, partitions, options, say, cancel);

        // It may have been moved away from there once. A transaction of its own: the copy must not hold this lock. What a node wrote there meanwhile, it could not: the partitions are moving.
        if (await GuardedAsync(writing, null, cancel) is { Count: > 0 } guarded && guarded.Overlaps(partitions)) await GuardAsync(writing, partitions, away: false, cancel);
        var rows = await CopyAsync(reading, writing, partitions, cancel);
        say($"{PartitionRanges.Format(partitions)}: {rows} rows copied to {target}");
        await ShardMap.PlaceAsync(map, partitions, target, cancel);
        say($"{PartitionRanges.Format(partitions)}: appends go on on {target}");
    }

    // The check is a database's own memory that partitions are not its any more: whatever a node believes, their rows are refused. Adding it waits for appends under way, so none lands after.
    private static async Task GuardAsync(NpgsqlConnection connection, int[] partitions, bool away, CancellationToken cancel)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await RunAsync(connection, transaction, "SET LOCAL lock_timeout = '10s'", cancel);
        await RunAsync(connection, transaction, "LOCK TABLE journal IN ACCESS EXCLUSIVE MODE", cancel);
        var guarded = await GuardedAsync(connection, transaction, cancel);
        if (away) guarded.UnionWith(partitions);
        else guarded.ExceptWith(partitions);
        await RunAsync(connection, transaction, $"ALTER TABLE journal DROP CONSTRAINT IF EXISTS {Guard}", cancel);
        if (guarded.Count > 0)
        {
            // Not validated: the rows that are there are being moved.
            var check = string.Join(" AND ", PartitionRanges.Ranges(guarded).Select(static range => FormattableString.Invariant($"partition NOT BETWEEN {range.From} AND {range.To}")));
            await RunAsync(connection, transaction, $"ALTER TABLE journal ADD CONSTRAINT {Guard} CHECK ({check}) NOT VALID; COMMENT ON CONSTRAINT {Guard} ON journal IS '{PartitionRanges.Format(guarded)}'", cancel);
        }
        await transaction.CommitAsync(cancel);
    }

    /// <summary>The partitions a database refuses.</summary>
    private static async Task<SortedSet<int>> GuardedAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancel)
    {
        await using var read = new NpgsqlCommand("SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = 'journal'::regclass AND conname = $1", connection, transaction) { Parameters = { new NpgsqlParameter { Value = Guard } } };
        return await read.ExecuteScalarAsync(cancel) is string text && PartitionRanges.TryParse(text, out var known, out _) ? known : [];
    }

    /// <summary>Nodes still hold heads in memory; no newer ones come, so they are soon all written.</summary>
    private static async Task HeadsWrittenAsync(NpgsqlConnection connection, int[] partitions, StorageOptions options, Action<string> say, CancellationToken cancel)
    {
        for (var waited = TimeSpan.Zero; ; waited += TimeSpan.FromSeconds(1))
        {
            await using var command = new NpgsqlCommand("""
                SELECT count(*) FROM (SELECT partition, stream, max(version) AS version FROM journal WHERE partition = ANY ($1) AND strpos($2, left(stream, 1)) > 0 GROUP BY partition, stream) j
                LEFT JOIN heads h ON h.partition = j.partition AND h.stream = j.stream WHERE h.version IS NULL OR h.version < j.version
                """, connection) { CommandTimeout = 0, Parameters = { Shorts(partitions), new NpgsqlParameter { Value = options.KindsWithHeads } } };
            var late = (long)(await command.ExecuteScalarAsync(cancel))!;
            if (late == 0) return;
            if (waited >= HeadsWithin)
            {
                say($"{late} heads are behind their rows; the search for lost heads in the new place makes them again");
                return;
            }
            await Task.Delay(1_000, cancel);
        }
    }

    private static async Task<long> CopyAsync(NpgsqlConnection from, NpgsqlConnection to, int[] partitions, CancellationToken cancel)
    {
        await using var snapshot = await from.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancel);
        await using var transaction = await to.BeginTransactionAsync(cancel);
        await DeleteAsync(to, transaction, partitions, cancel);   // what a broken copy left
        var set = $"({string.Join(',', partitions)})";
        // Rows get ids and the transaction of the new place, in their old order. Cursors keep the old place's epoch, which is not the new one's: so their readers resume an hour back.
        await CopyTableAsync(from, to, "recorded_at, version, partition, marked, stream, open, sealed", "journal", $"SELECT recorded_at, version, partition, marked, stream, open, sealed FROM journal WHERE partition IN {set} ORDER BY xid, id", cancel);
        await CopyTableAsync(from, to, "key_id, partition, stream, secret", "stream_keys", $"SELECT key_id, partition, stream, secret FROM stream_keys WHERE partition IN {set} AND stream NOT LIKE 'q/%'", cancel);
        const string heads = "recorded_at, due_at, version, flags, partition, status, kind, retailer, stream, snapshot, summary";
        await CopyTableAsync(from, to, heads, "heads", $"SELECT {heads} FROM heads WHERE partition IN {set}", cancel);
        const string cursors = "reader, partition, epoch, at_transaction, at_row, recorded_at, revision, state";
        await CopyTableAsync(from, to, cursors, "cursors", $"SELECT {cursors} FROM cursors WHERE partition IN {set} AND reader <> 'heads verified'", cancel);
        // These may be there already, from an earlier move there and back.
        await RunAsync(to, transaction, "CREATE TEMP TABLE moving_links (LIKE links) ON COMMIT DROP; CREATE TEMP TABLE moving_erasures (LIKE erasures) ON COMMIT DROP", cancel);
        await CopyTableAsync(from, to, "generation, token_hash, stream, audience", "moving_links", $"SELECT generation, token_hash, stream, audience FROM links l WHERE EXISTS (SELECT FROM journal j WHERE j.partition IN {set} AND j.stream = l.stream)", cancel);
        await CopyTableAsync(from, to, "stream, erased_at", "moving_erasures", "SELECT stream, erased_at FROM erasures", cancel);
        await RunAsync(to, transaction, "INSERT INTO links SELECT * FROM moving_links ON CONFLICT DO NOTHING; INSERT INTO erasures SELECT * FROM moving_erasures ON CONFLICT DO NOTHING", cancel);
        await using var count = new NpgsqlCommand("SELECT count(*) FROM journal WHERE partition = ANY ($1)", to, transaction) { CommandTimeout = 0, Parameters = { Shorts(partitions) } };
        var copied = (long)(await count.ExecuteScalarAsync(cancel))!;
        await using var all = new NpgsqlCommand("SELECT count(*) FROM journal WHERE partition = ANY ($1)", from, snapshot) { CommandTimeout = 0, Parameters = { Shorts(partitions) } };
        var there = (long)(await all.ExecuteScalarAsync(cancel))!;
        if (copied != there) throw new StorageStartException($"{there} rows were to be copied and {copied} arrived; nothing was changed. Give the same command again.");
        await transaction.CommitAsync(cancel);
        return copied;
    }

    private static async Task CopyTableAsync(NpgsqlConnection from, NpgsqlConnection to, string columns, string table, string query, CancellationToken cancel)
    {
        await using var reading = await from.BeginRawBinaryCopyAsync($"COPY ({query}) TO STDOUT (FORMAT BINARY)", cancel);
        await using var writing = await to.BeginRawBinaryCopyAsync($"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)", cancel);
        await reading.CopyToAsync(writing, 128 * 1024, cancel);
    }

    /// <summary>Empties the old places. Nodes have looked at the map by then.</summary>
    private static async Task CleanAsync(StorageOptions options, NpgsqlConnection map, int[] partitions, string target, Action<string> say, CancellationToken cancel)
    {
        await Task.Delay(3_000, cancel);
        foreach (var place in options.Shards.Keys.Append(ShardMap.Home).Where(name => name != target))
        {
            await using var server = Server(options, place);
            await using var connection = await server.OpenOwnAsync(cancel);
            var lives = await ShardMap.ReadAsync(map, cancel);
            var gone = partitions.Where(partition => lives.GetValueOrDefault(partition, ShardMap.Home) == target).ToArray();
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            var deleted = await DeleteAsync(connection, transaction, gone, cancel);
            await transaction.CommitAsync(cancel);
            if (deleted > 0) say($"{PartitionRanges.Format(gone)}: {deleted} rows deleted on {place}");
        }
    }

    private static async Task<int> DeleteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, int[] partitions, CancellationToken cancel)
    {
        await using (var links = Command("DELETE FROM links l WHERE EXISTS (SELECT FROM journal j WHERE j.partition = ANY ($1) AND j.stream = l.stream)")) await links.ExecuteNonQueryAsync(cancel);
        foreach (var rest in (string[])["stream_keys WHERE stream NOT LIKE 'q/%' AND", "heads WHERE", "cursors WHERE reader <> 'heads verified' AND"])
        {
            await using var command = Command($"DELETE FROM {rest} partition = ANY ($1)");
            await command.ExecuteNonQueryAsync(cancel);
        }
        await using var rows = Command("DELETE FROM journal WHERE partition = ANY ($1)");
        return await rows.ExecuteNonQueryAsync(cancel);

        NpgsqlCommand Command(string sql) => new(sql, connection, transaction) { CommandTimeout = 0, Parameters = { Shorts(partitions) } };
    }

    private static PostgresServer Server(StorageOptions options, string name) => PostgresServer.At(name == ShardMap.Home ? options.Postgres! : options.Shards[name].Postgres!, "SET jit = off; SET idle_in_transaction_session_timeout = 0");

    private static NpgsqlParameter Shorts(int[] partitions) => new() { Value = Array.ConvertAll(partitions, static partition => (short)partition) };

    private static async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancel);
    }
}
