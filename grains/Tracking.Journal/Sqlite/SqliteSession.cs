using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Tracking.Journal.Sqlite;

/// <summary>
/// One connection with its prepared statements, used by one thread at a time. Statements are run through SQLite's own interface: the ADO.NET layer costs more than the insert does.
/// </summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteStatement> _statements = [];

    public SqliteSession(string path, SqliteOpenMode mode)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 1 }.ToString());
        try
        {
            _connection.Open();
            Execute("PRAGMA busy_timeout=1000");
            Execute("PRAGMA cache_size=-32768");
            Execute("PRAGMA temp_store=MEMORY");
            Execute("PRAGMA synchronous=FULL");
            if (OperatingSystem.IsMacOS())
            {
                Execute("PRAGMA fullfsync=ON");             // fsync there leaves the bytes in the drive's cache
                Execute("PRAGMA checkpoint_fullfsync=ON");
            }
            if (mode == SqliteOpenMode.ReadWriteCreate)
            {
                Execute("PRAGMA journal_mode=WAL");
                Execute("PRAGMA secure_delete=ON");         // a destroyed key leaves no bytes behind in its page
                Execute("PRAGMA wal_autocheckpoint=4000");  // 16 MB: fewer checkpoints than the default 4 MB, recovery still takes a blink
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The prepared statement for a text, reset and without values. Texts are constants, so the cache is bounded by the code.</summary>
    public SqliteStatement this[string sql]
    {
        get
        {
            if (_statements.TryGetValue(sql, out var statement))
            {
                statement.Reset();
                return statement;
            }
            SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v3(_connection.Handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle), _connection.Handle);
            return _statements[sql] = new(_connection.Handle!, handle);
        }
    }

    public int Changes => raw.sqlite3_changes(_connection.Handle);

    public void Execute(string sql) => SqliteException.ThrowExceptionForRC(raw.sqlite3_exec(_connection.Handle, sql), _connection.Handle);

    public void RollbackQuietly()
    {
        foreach (var statement in _statements.Values) statement.Reset();
        raw.sqlite3_exec(_connection.Handle, "ROLLBACK");   // SQLite may have rolled back by itself; then this says so, and that is fine
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        _statements.Clear();
        _connection.Dispose();
    }
}

/// <summary>A prepared statement. Values are bound in order from 1; columns are read from 0.</summary>
internal sealed class SqliteStatement(sqlite3 connection, sqlite3_stmt statement) : IDisposable
{
    private int _bound;

    public SqliteStatement Bind(long value)
    {
        raw.sqlite3_bind_int64(statement, ++_bound, value);
        return this;
    }

    public SqliteStatement Bind(long? value)
    {
        if (value is { } known) return Bind(known);
        raw.sqlite3_bind_null(statement, ++_bound);
        return this;
    }

    public SqliteStatement Bind(string? value)
    {
        if (value is null) raw.sqlite3_bind_null(statement, ++_bound);
        else raw.sqlite3_bind_text(statement, ++_bound, value);
        return this;
    }

    public SqliteStatement Bind(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) raw.sqlite3_bind_zeroblob(statement, ++_bound, 0);
        else raw.sqlite3_bind_blob(statement, ++_bound, value);
        return this;
    }

    public SqliteStatement BindNullIfEmpty(ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty) return Bind(value);
        raw.sqlite3_bind_null(statement, ++_bound);
        return this;
    }

    /// <summary>True while there is a row.</summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(statement);
        if (result == raw.SQLITE_ROW) return true;
        if (result == raw.SQLITE_DONE) return false;
        SqliteException.ThrowExceptionForRC(result, connection);
        return false;
    }

    /// <summary>Runs to the end and is ready for the next use.</summary>
    public void Run()
    {
        while (Step())
        {
        }
        Reset();
    }

    public long Long(int column) => raw.sqlite3_column_int64(statement, column);

    public long? LongOrNull(int column) => IsNull(column) ? null : Long(column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[] Bytes(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public void Reset()
    {
        _bound = 0;
        raw.sqlite3_reset(statement);
        raw.sqlite3_clear_bindings(statement);
    }

    public void Dispose() => statement.Dispose();
}
