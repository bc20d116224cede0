using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;

namespace Tracking.Journal.Postgres;

internal sealed partial class PostgresStore : IEventJournal
{
    private const int PageRows = 500;
    private const string RowColumns = "j.id, j.xid, j.stream, j.version, j.recorded_at, j.marked, j.open, j.sealed";
    private const string OpenColumns = "j.id, j.xid, j.stream, j.version, j.recorded_at, j.marked, j.open, NULL::bytea";

    public ValueTask AppendAsync(JournalAppend append, CancellationToken cancel = default)
    {
        if (cancel.IsCancellationRequested) return ValueTask.FromCanceled(cancel);
        AppendCheck.Check(append);
        if (_writers.Length == 0) throw new JournalUnavailableException("The database was opened for reading only.");
        var request = _requests.Rent();
        request.Fill(append, _keys);
        if (_writers[request.Partition % _writers.Length].TryQueue(request)) return request.Task;
        _metrics.Unavailable(1);
        throw new JournalUnavailableException("Too many appends are waiting, or the journal is closing.");
    }

    public ValueTask<StreamState> LoadAsync(string stream, CancellationToken cancel = default)
    {
        var request = new LoadRequest(stream);
        // Any loader will do: two of them keep the server busy while one digests.
        var loader = _loaders[(uint)Interlocked.Increment(ref _nextLoader) / 64 % (uint)_loaders.Length];
        if (!loader.TryQueue(request)) throw new JournalUnavailableException("Too many streams are waiting to be read, or the journal is closing.");
        return new(cancel.CanBeCanceled ? request.Task.WaitAsync(cancel) : request.Task);
    }

    public async IAsyncEnumerable<JournalRow> ReadAsync(string stream, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var version = 0;
        while (true)
        {
            var after = version;
            var page = await UseAsync(async connection =>
            {
                await using var command = Command(connection, $"SELECT {RowColumns} FROM journal j WHERE j.partition = $1 AND j.stream = $2 AND j.version > $3 ORDER BY j.version LIMIT {PageRows}",
                    (short)Partitions.Of(stream), stream, after);
                return await OpenAsync(connection, await RawAsync(command));
            }, writes: false, cancel);
            foreach (var row in page) yield return row;
            if (page.Count < PageRows) yield break;
            version = page[^1].Version;
        }
    }

    public IAsyncEnumerable<JournalRow> ReadAllAsync(CancellationToken cancel = default) => ReadPartitionsAsync(0, Partitions.Count, personal: true, cancel);

    public IAsyncEnumerable<JournalRow> ReadOpenAsync(int from, int to, CancellationToken cancel = default) => ReadPartitionsAsync(from, to, personal: false, cancel);

    /// <param name="from">The first partition.</param>
    /// <param name="to">The one after the last.</param>
    /// <param name="personal">False leaves personal parts, and their keys, where they are.</param>
    internal async IAsyncEnumerable<JournalRow> ReadPartitionsAsync(int from, int to, bool personal, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await using var connection = await _server.OpenOwnAsync(cancel);
        for (var partition = from; partition < to; partition++)
        {
            // Keys and rows of one snapshot: a key made meanwhile must not make its row look erased.
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancel);
            var keys = new Dictionary<string, Dictionary<long, byte[]>>(StringComparer.Ordinal);
            if (personal)
            {
                await using var command = Command(connection, "SELECT stream, key_id, secret FROM stream_keys WHERE partition = $1", (short)partition);
                await ReadKeysAsync(command, keys);
            }
            await using (var command = Command(connection, $"SELECT {(personal ? RowColumns : OpenColumns)} FROM journal j WHERE j.partition = $1 ORDER BY j.xid, j.id", (short)partition))
            {
                command.CommandTimeout = 0;
                await using var reader = await command.ExecuteReaderAsync(cancel);
                while (await reader.ReadAsync(cancel)) yield return Opened(Raw(reader), keys);
            }
            await transaction.CommitAsync(cancel);
        }
    }

    public async ValueTask<PartitionPage> ReadMarkedAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default)
    {
        Check(after);
        return await UseAsync(async connection =>
        {
            // Transactions below the horizon have all ended, and what they wrote is visible: a row that commits late is above it, and waits.
            await using var command = Command(connection, $"""
                WITH horizon AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid)
                SELECT {RowColumns}, h.xid FROM horizon h
                LEFT JOIN LATERAL (
                    SELECT * FROM journal j WHERE j.partition = $1 AND j.marked AND (j.xid, j.id) > ($2, $3) AND j.xid < h.xid ORDER BY j.xid, j.id LIMIT $4) j ON true
                """, (short)partition, Xid(after.Transaction), after.Row, limit);
            var raw = new List<RawRow>();
            ulong horizon = 0;
            await using (var reader = await command.ExecuteReaderAsync())
            {
                while (await reader.ReadAsync())
                {
                    horizon = reader.GetFieldValue<ulong>(8);
                    if (!reader.IsDBNull(0)) raw.Add(Raw(reader));
                }
            }
            var rows = await OpenAsync(connection, raw);
            var seen = rows.Count > 0 ? rows[^1].Position : after;
            return new PartitionPage(rows, rows.Count >= limit ? seen : Later(seen, Below(horizon)));
        }, writes: false, cancel);
    }

    public async ValueTask<ReaderCursor> LoadCursorAsync(string reader, int partition, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        ReaderCursor cursor;
        await using (var command = Command(connection, "SELECT epoch, at_transaction, at_row, recorded_at, revision, state FROM cursors WHERE reader = $1 AND partition = $2", reader, (short)partition))
        await using (var row = await command.ExecuteReaderAsync())
        {
            if (!await row.ReadAsync()) return new ReaderCursor(reader, partition, JournalPosition.Start, DateTimeOffset.UnixEpoch, 0);
            cursor = new(reader, partition, new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), new(row.GetDateTime(3)), row.GetInt64(4), row.GetFieldValue<byte[]>(5));
        }
        if (cursor.Position == JournalPosition.Start || cursor.Position.Epoch == Volatile.Read(ref _epoch)) return cursor;
        await using var resume = Command(connection, """
            (SELECT xid, id - 1 FROM journal WHERE partition = $1 AND recorded_at >= $2 ORDER BY xid, id LIMIT 1)
            UNION ALL (SELECT xid, id FROM journal WHERE partition = $1 ORDER BY xid DESC, id DESC LIMIT 1) LIMIT 1
            """, (short)partition, (cursor.RecordedAt - TimeSpan.FromHours(1)).UtcDateTime);
        resume.CommandTimeout = 0;
        await using var found = await resume.ExecuteReaderAsync();
        return cursor with { Position = await found.ReadAsync() ? At(found.GetFieldValue<ulong>(0), found.GetInt64(1)) : At(0, 0) };
    }, writes: false, cancel);

    public async ValueTask<bool> SaveCursorAsync(ReaderCursor cursor, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        var at = cursor.Position;
        await using var command = Command(connection, cursor.Revision == 0
            ? "INSERT INTO cursors (reader, partition, epoch, at_transaction, at_row, recorded_at, state, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8 + 1) ON CONFLICT DO NOTHING"
            : "UPDATE cursors SET epoch = $3, at_transaction = $4, at_row = $5, recorded_at = $6, state = $7, revision = revision + 1 WHERE reader = $1 AND partition = $2 AND revision = $8",
            cursor.Reader, (short)cursor.Partition, at.Epoch, at.Transaction, at.Row, Micros.Truncate(cursor.RecordedAt), cursor.State, cursor.Revision);
        return await command.ExecuteNonQueryAsync() == 1;
    }, writes: true, cancel);

    public async ValueTask EraseAsync(string stream, CancellationToken cancel = default)
    {
        var streams = new List<string> { stream };
        if (QuarantineSearch.Needle(stream) is { } needle) streams.AddRange(await QuarantinedAboutAsync(StreamName.Retailer(stream), needle, cancel));
        try
        {
            await UseAsync(async connection =>
            {
                await using var command = Command(connection, """
                    WITH s AS (SELECT * FROM unnest($1::smallint[], $2::text[]) AS s (partition, stream)),
                    gone AS (DELETE FROM stream_keys k USING s WHERE k.partition = s.partition AND k.stream = s.stream)
                    INSERT INTO erasures (stream, erased_at) SELECT s.stream, $3 FROM s ON CONFLICT DO NOTHING
                    """, streams.ConvertAll(static name => (short)Partitions.Of(name)).ToArray(), streams.ToArray(), _clock.GetUtcNow().UtcDateTime);
                return await command.ExecuteNonQueryAsync();
            }, writes: true, cancel);
        }
        finally
        {
            _keys.Forget(stream);   // even when nobody can tell: better a second key than a row sealed with none
        }
    }

    private readonly record struct RawRow(string Stream, int Version, JournalPosition Position, DateTimeOffset RecordedAt, byte[] Open, byte[]? Sealed, bool Marked);

    private async Task<List<RawRow>> RawAsync(NpgsqlCommand command)
    {
        var rows = new List<RawRow>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) rows.Add(Raw(reader));
        return rows;
    }

    private RawRow Raw(NpgsqlDataReader reader) => new(reader.GetString(2), reader.GetInt32(3), At(reader.GetFieldValue<ulong>(1), reader.GetInt64(0)), new(reader.GetDateTime(4)),
        reader.GetFieldValue<byte[]>(6), reader.IsDBNull(7) ? null : reader.GetFieldValue<byte[]>(7), reader.GetBoolean(5));

    /// <summary>Opens personal parts. Keys are read after the rows: a key that is gone by then is gone.</summary>
    private static async Task<List<JournalRow>> OpenAsync(NpgsqlConnection connection, List<RawRow> rows)
    {
        var keys = new Dictionary<string, Dictionary<long, byte[]>>(StringComparer.Ordinal);
        var sealedStreams = rows.Where(static row => row.Sealed is not null).Select(static row => row.Stream).Distinct(StringComparer.Ordinal).ToArray();
        if (sealedStreams.Length > 0)
        {
            await using var command = Command(connection, """
                SELECT k.stream, k.key_id, k.secret FROM unnest($1::smallint[], $2::text[]) AS w (partition, stream)
                CROSS JOIN LATERAL (SELECT * FROM stream_keys k WHERE k.partition = w.partition AND k.stream = w.stream OFFSET 0) k
                """, Array.ConvertAll(sealedStreams, static name => (short)Partitions.Of(name)), sealedStreams);
            await ReadKeysAsync(command, keys);
        }
        return rows.ConvertAll(row => Opened(row, keys));
    }

    private static async Task ReadKeysAsync(NpgsqlCommand command, Dictionary<string, Dictionary<long, byte[]>> keys)
    {
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var stream = reader.GetString(0);
            if (!keys.TryGetValue(stream, out var known)) keys.Add(stream, known = []);
            known[reader.GetInt64(1)] = reader.GetFieldValue<byte[]>(2);
        }
    }

    private static readonly Dictionary<long, byte[]> NoKeys = [];

    private static JournalRow Opened(RawRow row, Dictionary<string, Dictionary<long, byte[]>> keys)
    {
        var (personal, erased) = PersonalSeal.OpenIfKept(keys.GetValueOrDefault(row.Stream, NoKeys), row.Stream, row.Version, row.Sealed);
        return new(row.Stream, row.Version, row.Position, row.RecordedAt, row.Open, personal, row.Marked, erased) { Sealed = row.Sealed };
    }

    private static NpgsqlParameter Xid(long transaction) => new() { Value = (ulong)transaction, NpgsqlDbType = NpgsqlDbType.Xid8 };

    private JournalPosition At(ulong transaction, long row) => new(Volatile.Read(ref _epoch), (long)transaction, row);

    /// <summary>Everything of every transaction below a horizon.</summary>
    private JournalPosition Below(ulong horizon) => At(horizon - 1, long.MaxValue);

    private static JournalPosition Later(JournalPosition left, JournalPosition right) =>
        (left.Transaction, left.Row).CompareTo((right.Transaction, right.Row)) >= 0 ? left : right;

    private void Check(JournalPosition after)
    {
        if (after == JournalPosition.Start || after.Epoch == Volatile.Read(ref _epoch)) return;
        throw new InvalidOperationException("The position is of another life of this database; load the cursor again.");
    }
}
