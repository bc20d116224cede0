using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Tracking.Contracts.Ports;

namespace Tracking.Journal.Postgres;

/// <summary>The journal in PostgreSQL: batched across all streams, on connections of its own for what is hot, on a small pool for the rest.</summary>
internal sealed partial class PostgresStore : JournalStore
{
    /// <summary>What every connection says first. Every query of ours has its index; a plan made while a table was empty must not read all of it when it is not.</summary>
    private const string Settings = "SET jit = off; SET enable_seqscan = off; SET idle_in_transaction_session_timeout = 0";

    /// <summary>And unless told otherwise: a commit is a flush. <c>remote_apply</c> is stricter than <c>on</c> and stays.</summary>
    private const string Flushed = Settings + "; SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)";

    private static readonly TimeSpan PulseEvery = TimeSpan.FromSeconds(10);

    private readonly PostgresServer _server;
    private readonly StorageOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly ExclusiveLock? _lock;
    private readonly JournalMetrics _metrics;
    private readonly AppendRequestPool _requests;
    private readonly KeyCache _keys;
    private readonly PostgresWriter[] _writers = [];
    private readonly PostgresLoader[] _loaders;
    private readonly HeadWriter? _heads;
    private readonly CancellationTokenSource _stopping = new();
    private Task _pulse = Task.CompletedTask;
    private readonly string _version;
    private long _epoch;
    private double _horizonAgeSeconds;
    private ServerUse _use = ServerUse.Unknown;
    private int _nextLoader, _disposed;

    private PostgresStore(PostgresServer server, StorageOptions options, TimeProvider clock, ILogger log, ExclusiveLock? held, string version, long epoch)
    {
        _server = server;
        _options = options;
        _clock = clock;
        _log = log;
        _lock = held;
        _version = version;
        _epoch = epoch;
        var journal = options.Journal;
        _keys = new(journal.KeyCache);
        _requests = new(journal.QueueLimit);
        _metrics = new(options.Name, journal, () => _writers.Sum(static writer => writer.Queued), () => _heads?.Waiting ?? 0, () => _heads?.LagSeconds ?? 0, () => Volatile.Read(ref _horizonAgeSeconds), () => Volatile.Read(ref _use),
            () => _loaders?.Sum(static loader => loader.Queued) ?? 0);
        _loaders = [.. Enumerable.Range(0, journal.Loaders).Select(_ => new PostgresLoader(server, options, _metrics, _keys, () => Volatile.Read(ref _epoch)))];
        if (options.Access == StorageAccess.ReadOnly) return;
        _writers = [.. Enumerable.Range(0, journal.Writers).Select(_ => new PostgresWriter(server, journal, _metrics, _keys))];
        _heads = new(journal, WriteHeadsAsync, _metrics, log);
    }

    private async Task StartAsync()
    {
        await Task.WhenAll([.. _loaders.Select(static loader => loader.StartAsync()), .. _writers.Select(static writer => writer.StartAsync())]);
        if (_writers.Length > 0) _pulse = Task.Run(PulseAsync);
    }

    public override IEventJournal Journal => this;
    public override IHeadStore Heads => this;
    public override IQuarantine Quarantine => this;
    public override IGrainStateStore GrainState => this;
    public override CancellationToken LockLost => _lock?.Lost ?? CancellationToken.None;
    /// <summary>Host and database, without credentials.</summary>
    internal string Place => _server.Place;

    internal long Epoch => Volatile.Read(ref _epoch);

    internal Task<NpgsqlConnection> ConnectAsync(CancellationToken cancel) => _server.OpenOwnAsync(cancel);

    internal async Task<NpgsqlConnection> PooledAsync(CancellationToken cancel) => await _server.Pool.OpenConnectionAsync(cancel);

    public override string Description => $"PostgreSQL {_version} at {_server.Place}";

    public static async Task<PostgresStore> OpenAsync(StorageOptions options, TimeProvider clock, ILogger log, CancellationToken cancel)
    {
        var readOnly = options.Access == StorageAccess.ReadOnly;
        var server = PostgresServer.At(options.Postgres!, options.AllowUnsafe ? Settings : Flushed);
        ExclusiveLock? held = null;
        PostgresStore? opened = null;
        try
        {
            var version = await CheckAsync(options, cancel);
            if (!readOnly) held = await PostgresLock.TakeAsync(server, options.Access == StorageAccess.Shared, cancel);
            await using var connection = await server.OpenOwnAsync(cancel);
            var epoch = await MigrateAsync(connection, server.Place, readOnly, clock, cancel);
            if (options.Name == StorageOptions.Alone) await Shards.ShardMap.CheckAloneAsync(connection, server.Place, cancel);
            var store = new PostgresStore(server, options, clock, log, held, version, epoch);
            opened = store;
            await store.StartAsync();
            return store;
        }
        catch (Exception failed)
        {
            if (opened is not null) await opened.DisposeAsync();
            if (held is not null) await held.DisposeAsync();
            await server.DisposeAsync();
            if (failed is StorageStartException or OperationCanceledException) throw;
            throw new StorageStartException($"PostgreSQL at {server.Place} cannot be used: {PostgresErrors.Say(failed)}", failed);
        }
    }

    /// <summary>Looks at the server as it is, before our own settings: the version, and whether it flushes.</summary>
    private static async Task<string> CheckAsync(StorageOptions options, CancellationToken cancel)
    {
        await using var server = PostgresServer.At(options.Postgres!, null);
        await using var connection = await server.OpenOwnAsync(cancel);
        if (connection.PostgreSqlVersion.Major < 14) throw new StorageStartException($"PostgreSQL at {server.Place} is version {connection.PostgreSqlVersion}; 14 or later is needed.");
        await using var command = new NpgsqlCommand("SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name", connection);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        var off = new List<string>();
        while (await reader.ReadAsync(cancel)) off.Add(reader.GetString(0));
        if (off.Count > 0 && !options.AllowUnsafe)
        {
            throw new StorageStartException($"PostgreSQL at {server.Place} has {string.Join(" and ", off)} off, so an acked scan could be lost; turn it on, or set Storage:AllowUnsafe=true and never keep real parcels there.");
        }
        return connection.PostgreSqlVersion.ToString();
    }

    private static async Task<long> MigrateAsync(NpgsqlConnection connection, string place, bool readOnly, TimeProvider clock, CancellationToken cancel)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (readOnly)
        {
            if (await ScalarAsync<bool>("SELECT to_regclass('schema_version') IS NULL")) throw new StorageStartException($"There is no tracking database at {place} yet.") { NotMadeYet = true };
        }
        else
        {
            await RunAsync("SELECT pg_advisory_xact_lock(1953653611, hashtext('migrations ' || current_schema()))");
            await RunAsync("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL, oldest_compatible_code integer NOT NULL)");
            await RunAsync("CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL)");
        }
        var applied = new Dictionary<int, string>();
        await using (var command = new NpgsqlCommand("SELECT version, checksum FROM migrations", connection, transaction))
        await using (var reader = await command.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel)) applied.Add(reader.GetInt32(0), reader.GetString(1));
        }
        var missing = Migration.Missing(Migration.In("Postgres"), applied, await ScalarAsync<int>("SELECT coalesce(max(oldest_compatible_code), 1) FROM schema_version"), place);
        if (readOnly)
        {
            if (missing.Count > 0) throw new StorageStartException($"{place} was set up by older code; start the server once to bring it up to date.");
            return await ScalarAsync<long>("SELECT epoch FROM database_epoch");
        }
        foreach (var script in missing)
        {
            await RunAsync(script.Sql);
            await RunAsync("INSERT INTO migrations VALUES ($1, $2, $3, $4)", script.Version, script.Name, script.Checksum, clock.GetUtcNow().ToUniversalTime());
        }
        var (system, timeline) = await LifeAsync();
        if (applied.Count == 0)
        {
            await RunAsync("INSERT INTO schema_version VALUES ($1, 1)", Migration.Code);
            await RunAsync("INSERT INTO database_epoch VALUES ($1, $2, $3, $4)", NewEpoch(), clock.GetUtcNow().ToUniversalTime(), system, timeline);
        }
        else
        {
            if (missing.Count > 0) await RunAsync("UPDATE schema_version SET version = $1 WHERE version < $1", Migration.Code);
            var same = await ScalarAsync<bool>("SELECT system_identifier = $1 AND timeline = $2 FROM database_epoch", system, timeline);
            if (!same && system != 0) await RenewAsync(connection, transaction, clock, system, timeline, cancel);
        }
        var epoch = await ScalarAsync<long>("SELECT epoch FROM database_epoch");
        await transaction.CommitAsync(cancel);
        return epoch;

        async Task RunAsync(string sql, params object[] values)
        {
            await using var command = Command(sql, values);
            await command.ExecuteNonQueryAsync(cancel);
        }

        async Task<T> ScalarAsync<T>(string sql, params object[] values)
        {
            await using var command = Command(sql, values);
            return (T)(await command.ExecuteScalarAsync(cancel))!;
        }

        NpgsqlCommand Command(string sql, object[] values)
        {
            var command = new NpgsqlCommand(sql, connection, transaction);
            foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
            return command;
        }

        async Task<(long System, int Timeline)> LifeAsync()
        {
            await transaction.SaveAsync("life", cancel);
            try
            {
                await using var command = new NpgsqlCommand("SELECT system_identifier, timeline_id FROM pg_control_system(), pg_control_checkpoint()", connection, transaction);
                await using var reader = await command.ExecuteReaderAsync(cancel);
                await reader.ReadAsync(cancel);
                return (reader.GetInt64(0), reader.GetInt32(1));
            }
            catch (PostgresException notAllowed) when (notAllowed.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                await transaction.RollbackAsync("life", cancel);
                return (0, 0);      // then only the command begins a new life
            }
        }
    }

    /// <summary>Begins a new life. Rows of another server may carry transaction numbers ours has not reached; they become older than any of ours, in the order of their ids.</summary>
    private static async Task RenewAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, TimeProvider clock, long? system, int? timeline, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand("""
            UPDATE database_epoch SET epoch = $1, since = $2, system_identifier = coalesce($3, system_identifier), timeline = coalesce($4, timeline);
            """, connection, transaction)
        {
            Parameters =
            {
                new NpgsqlParameter { Value = NewEpoch() }, new NpgsqlParameter { Value = clock.GetUtcNow().ToUniversalTime() },
                new NpgsqlParameter { Value = (object?)system ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint }, new NpgsqlParameter { Value = (object?)timeline ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer },
            },
        };
        await command.ExecuteNonQueryAsync(cancel);
        await using var older = new NpgsqlCommand("""
            DELETE FROM journal_marks;
            UPDATE journal SET xid = '0' WHERE xid >= pg_current_xact_id();
            """, connection, transaction) { CommandTimeout = 0 };
        await older.ExecuteNonQueryAsync(cancel);
    }

    public override async ValueTask RenewEpochAsync(CancellationToken cancel = default)
    {
        await using var connection = await _server.OpenOwnAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await RenewAsync(connection, transaction, _clock, null, null, cancel);
        await using var read = new NpgsqlCommand("SELECT epoch FROM database_epoch", connection, transaction);
        var epoch = (long)(await read.ExecuteScalarAsync(cancel))!;
        await transaction.CommitAsync(cancel);
        Volatile.Write(ref _epoch, epoch);
        _verified = null;
    }

    public override async ValueTask<string?> PingAsync(CancellationToken cancel = default)
    {
        try
        {
            return await UseAsync(async connection =>
            {
                if (_options.Access == StorageAccess.ReadOnly) return await ScalarAsync(connection, "SELECT 1") is 1 ? null : "PostgreSQL answers nonsense.";
                // A write, because a standby or a full disk answers reads happily.
                await using var command = Command(connection, "UPDATE schema_version SET version = version");
                return await command.ExecuteNonQueryAsync() == 1 ? null : "The schema row is missing.";
            }, writes: false, cancel);
        }
        catch (JournalUnavailableException failed)
        {
            return failed.Message;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stopping.CancelAsync();
        await _pulse;
        await Task.WhenAll(_writers.Select(static writer => writer.StopAsync().AsTask()));
        if (_heads is not null) await _heads.DisposeAsync();
        await Task.WhenAll(_loaders.Select(static loader => loader.StopAsync().AsTask()));
        _metrics.Dispose();
        if (_lock is not null) await _lock.DisposeAsync();
        await _server.DisposeAsync();
    }

    /// <summary>
    /// Runs a short call on a pooled connection and answers in time even when the server does not. Troubles become <see cref="JournalUnavailableException"/>; for a write that was under way,
    /// <see cref="JournalOutcomeUnknownException"/>. A read on a connection that had died in the pool is done once more on a fresh one.
    /// </summary>
    private async Task<T> UseAsync<T>(Func<NpgsqlConnection, Task<T>> work, bool writes, CancellationToken cancel)
    {
        if (writes && _options.Access == StorageAccess.ReadOnly) throw new JournalUnavailableException("The database was opened for reading only.");
        for (var again = false; ; again = true)
        {
            var sent = false;
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                patience.CancelAfter(_options.Journal.AnswerWithin);
                return await RunAsync(patience.Token).WaitAsync(_options.Journal.AnswerWithin, cancel);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new JournalUnavailableException("PostgreSQL does not answer.");
            }
            catch (PostgresException said) when (!PostgresErrors.EndsConnection(said))
            {
                throw new JournalUnavailableException(PostgresErrors.Say(said), said);
            }
            catch (Exception failed) when (PostgresErrors.IsTrouble(failed) && failed is not InvalidOperationException)
            {
                var broken = failed is not TimeoutException && Volatile.Read(ref sent);
                if (broken) _server.Pool.Clear();       // what killed this one killed its neighbours
                if (broken && !writes && !again) continue;
                throw writes && Volatile.Read(ref sent) ? new JournalOutcomeUnknownException(PostgresErrors.Say(failed), failed) : new JournalUnavailableException(PostgresErrors.Say(failed), failed);
            }

            async Task<T> RunAsync(CancellationToken patience)
            {
                await using var connection = await _server.Pool.OpenConnectionAsync(patience);
                Volatile.Write(ref sent, true);
                return await work(connection);
            }
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });
        return command;
    }

    private static NpgsqlParameter OrNull(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Every few seconds: how far back the oldest open transaction holds readers, and where ids stand (so that the search for lost heads need not start at the beginning).</summary>
    private async Task PulseAsync()
    {
        long marked = -1;
        for (var beat = 1; ; beat++)
        {
            try
            {
                if (beat % 3 == 0) await VerifyHeadsAsync(_stopping.Token);
                var last = marked;
                var before = _clock.GetUtcNow();
                (marked, var age, var use) = await UseAsync(async connection =>
                {
                    await using var command = Command(connection, """
                        SELECT pg_snapshot_xmax(pg_current_snapshot()), (SELECT last_value FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = 'journal_id_seq'),
                            (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(xact_start)), 0)::float8 FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND datname = current_database() AND pid <> pg_backend_pid()),
                            (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint, pg_database_size(current_database()), (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend'),
                            current_setting('max_connections')::int, clock_timestamp()
                        """);
                    ulong next;
                    long id;
                    double seconds;
                    ServerUse now;
                    await using (var reader = await command.ExecuteReaderAsync())
                    {
                        await reader.ReadAsync();
                        (next, id, seconds) = (reader.GetFieldValue<ulong>(0), reader.IsDBNull(1) ? 0 : reader.GetInt64(1), reader.GetDouble(2));
                        var ours = before + (_clock.GetUtcNow() - before) / 2;
                        now = new(true, reader.GetInt64(3), reader.GetInt64(4), reader.GetInt32(5), reader.GetInt32(6), (ours - new DateTimeOffset(reader.GetDateTime(7))).TotalSeconds);
                    }
                    if (id != last)
                    {
                        // A transaction draws the id of its first row a moment before its number; the margin is far more than such a moment holds.
                        await using var mark = Command(connection, "INSERT INTO journal_marks (next_xid, id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                            new NpgsqlParameter { Value = next, NpgsqlDbType = NpgsqlDbType.Xid8 }, Math.Max(0, id - 1_000_000 / 10), _clock.GetUtcNow().ToUniversalTime());
                        await mark.ExecuteNonQueryAsync();
                        await using var prune = Command(connection, "DELETE FROM journal_marks WHERE at < $1", (_clock.GetUtcNow() - TimeSpan.FromDays(30)).ToUniversalTime());
                        await prune.ExecuteNonQueryAsync();
                    }
                    return (id, seconds, now);
                }, writes: true, _stopping.Token);
                Volatile.Write(ref _horizonAgeSeconds, age);
                Volatile.Write(ref _use, use);
            }
            catch (Exception failed) when (failed is JournalUnavailableException or JournalOutcomeUnknownException)
            {
                Volatile.Write(ref _use, _use with { Reachable = false });
                LogPulseMissed(_log, failed.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            try
            {
                await Task.Delay(PulseEvery, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static long NewEpoch() => RandomNumberGenerator.GetInt32(1, int.MaxValue);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The database did not answer the pulse: {Reason}")]
    private static partial void LogPulseMissed(ILogger log, string reason);
}
