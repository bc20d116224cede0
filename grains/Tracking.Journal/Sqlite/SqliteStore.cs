using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Tracking.Contracts.Ports;

namespace Tracking.Journal.Sqlite;

/// <summary>The journal in one SQLite file: what the one-command start uses. One writer with group commit, a handful of readers, WAL, every commit flushed.</summary>
internal sealed partial class SqliteStore : JournalStore
{
    private const int Readers = 8;

    private readonly string _path;
    private readonly StorageOptions _options;
    private readonly TimeProvider _clock;
    private readonly ExclusiveLock? _lock;
    private readonly JournalMetrics _metrics;
    private readonly AppendRequestPool _requests;
    private readonly KeyCache _keys;
    private readonly SqliteSession? _writing;
    private readonly SqliteWriter? _writer;
    private readonly HeadWriter? _heads;
    private readonly ConcurrentBag<SqliteSession> _idle = [];
    private readonly SemaphoreSlim _readers = new(Readers);
    private long _epoch;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _verifying = Task.CompletedTask;
    private int _disposed;

    private SqliteStore(string path, StorageOptions options, TimeProvider clock, ILogger log, ExclusiveLock? held, SqliteSession? writing, long epoch)
    {
        _path = path;
        _options = options;
        _clock = clock;
        _lock = held;
        _epoch = epoch;
        _keys = new(options.Journal.KeyCache);
        _requests = new(options.Journal.QueueLimit);
        _metrics = new("sqlite", options.Journal, () => _writer?.Queued ?? 0, () => _heads?.Waiting ?? 0, () => _heads?.LagSeconds ?? 0, static () => 0);
        if (writing is null) return;
        _writing = writing;
        _writer = new(writing, options.Journal, _metrics, _keys);
        _heads = new(options.Journal, WriteHeadsAsync, _metrics, log);
        _verifying = Task.Run(VerifyAsync);
    }

    public override IEventJournal Journal => this;
    public override IHeadStore Heads => this;
    public override IQuarantine Quarantine => this;
    public override IGrainStateStore GrainState => this;
    public override CancellationToken LockLost => _lock?.Lost ?? CancellationToken.None;
    public override string Description => $"SQLite {SQLitePCL.raw.sqlite3_libversion().utf8_to_string()} at {_path}";

    public static async Task<SqliteStore> OpenAsync(StorageOptions options, TimeProvider clock, ILogger log)
    {
        var path = options.Sqlite;
        var readOnly = options.Access == StorageAccess.ReadOnly;
        ExclusiveLock? held = null;
        SqliteSession? session = null;
        try
        {
            if (readOnly && !File.Exists(path)) throw new StorageStartException($"There is no database at {path}.");
            if (!readOnly && Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
            held = readOnly ? null : ExclusiveLock.OnFile(path);
            session = new SqliteSession(path, readOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate);
            var epoch = Migrate(session, path, readOnly, clock);
            if (!readOnly) return new(path, options, clock, log, held, session, epoch);
            session.Dispose();
            return new(path, options, clock, log, null, null, epoch);
        }
        catch (Exception failed)
        {
            session?.Dispose();
            if (held is not null) await held.DisposeAsync();
            throw failed switch
            {
                StorageStartException => failed,
                SqliteException refused => new StorageStartException($"{path} cannot be opened: {refused.Message}", refused),
                IOException or UnauthorizedAccessException => new StorageStartException($"{path} cannot be opened: {failed.Message}", failed),
                _ => new StorageStartException($"{path} cannot be opened: {failed.Message}", failed),
            };
        }
    }

    private static long Migrate(SqliteSession session, string path, bool readOnly, TimeProvider clock)
    {
        if (readOnly)
        {
            if (Count(session, "SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'") == 0) throw new StorageStartException($"{path} is not a tracking database.");
        }
        else
        {
            session.Execute("BEGIN IMMEDIATE");
            session.Execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL, oldest_compatible_code INTEGER NOT NULL)");
            session.Execute("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL)");
        }
        var applied = new Dictionary<int, string>();
        var rows = session["SELECT version, checksum FROM migrations"];
        while (rows.Step()) applied.Add((int)rows.Long(0), rows.Text(1));
        rows.Reset();
        var missing = Migration.Missing(Migration.In("Sqlite"), applied, (int)Count(session, "SELECT coalesce(max(oldest_compatible_code), 1) FROM schema_version"), path);
        if (readOnly)
        {
            if (missing.Count > 0) throw new StorageStartException($"{path} was set up by older code; start the server once to bring it up to date.");
            return Count(session, "SELECT epoch FROM database_epoch");
        }
        foreach (var script in missing)
        {
            session.Execute(script.Sql);
            session["INSERT INTO migrations VALUES (?,?,?,?)"].Bind(script.Version).Bind(script.Name).Bind(script.Checksum).Bind(Micros.Of(clock.GetUtcNow())).Run();
        }
        if (applied.Count == 0)
        {
            session["INSERT INTO schema_version VALUES (?, 1)"].Bind(Migration.Code).Run();
            session["INSERT INTO database_epoch VALUES (?, ?)"].Bind(NewEpoch()).Bind(Micros.Of(clock.GetUtcNow())).Run();
        }
        else if (missing.Count > 0)
        {
            session["UPDATE schema_version SET version = ? WHERE version < ?1"].Bind(Migration.Code).Run();
        }
        var epoch = Count(session, "SELECT epoch FROM database_epoch");
        session.Execute("COMMIT");
        return epoch;
    }

    public override async ValueTask<string?> PingAsync(CancellationToken cancel = default)
    {
        try
        {
            if (_writer is null) return await ReadAsync(static session => Count(session, "SELECT 1"), cancel) == 1 ? null : "SQLite does not answer.";
            await _writer.RunAsync(static session =>
            {
                session["UPDATE schema_version SET version = version"].Run();
                return true;
            }).WaitAsync(_options.Journal.AnswerWithin, cancel);
            return null;
        }
        catch (Exception failed) when (failed is JournalUnavailableException or JournalOutcomeUnknownException or TimeoutException or SqliteException)
        {
            return failed is TimeoutException ? $"SQLite did not commit within {_options.Journal.AnswerWithin.TotalSeconds} s." : failed.Message;
        }
    }

    public override async ValueTask RenewEpochAsync(CancellationToken cancel = default)
    {
        var epoch = NewEpoch();
        var now = Micros.Of(_clock.GetUtcNow());
        await WriteAsync(session =>
        {
            session["UPDATE database_epoch SET epoch = ?, since = ?"].Bind(epoch).Bind(now).Run();
            return true;
        });
        Volatile.Write(ref _epoch, epoch);
        Volatile.Write(ref _verified, 0);
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stopping.CancelAsync();
        await _verifying;
        if (_heads is not null) await _heads.DisposeAsync();
        if (_writer is not null) await _writer.StopAsync();
        _writing?.Dispose();
        while (_idle.TryTake(out var session)) session.Dispose();
        _metrics.Dispose();
        if (_lock is not null) await _lock.DisposeAsync();
    }

    private Task<T> WriteAsync<T>(Func<SqliteSession, T> work) =>
        _writer is null ? throw new JournalUnavailableException("The database was opened for reading only.") : _writer.RunAsync(work);

    /// <summary>Reads on one of a few connections. A local read takes microseconds, so it runs where it is called.</summary>
    private async ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancel)
    {
        if (_disposed != 0) throw new JournalUnavailableException("The journal is closed.");
        await _readers.WaitAsync(cancel);
        SqliteSession? session = null;
        try
        {
            if (!_idle.TryTake(out session)) session = new SqliteSession(_path, SqliteOpenMode.ReadOnly);
            session.Execute("BEGIN");       // several statements, one snapshot
            var result = read(session);
            session.Execute("COMMIT");
            _idle.Add(session);
            return result;
        }
        catch (SqliteException failed)
        {
            session?.Dispose();
            throw new JournalUnavailableException($"SQLite cannot read: {failed.Message}", failed);
        }
        catch
        {
            session?.Dispose();
            throw;
        }
        finally
        {
            _readers.Release();
        }
    }

    private static long Count(SqliteSession session, string sql)
    {
        var statement = session[sql];
        var value = statement.Step() ? statement.Long(0) : 0;
        statement.Reset();
        return value;
    }

    private static long NewEpoch() => RandomNumberGenerator.GetInt32(1, int.MaxValue);
}
