using System.Runtime.CompilerServices;

namespace Tracking.Journal.Sqlite;

internal sealed partial class SqliteStore : IEventJournal
{
    private const int PageRows = 500;
    private const string RowColumns = "id, stream, version, recorded_at, marked, open, sealed";

    public ValueTask AppendAsync(JournalAppend append, CancellationToken cancel = default)
    {
        if (cancel.IsCancellationRequested) return ValueTask.FromCanceled(cancel);
        AppendCheck.Check(append);
        if (_writer is null) throw new JournalUnavailableException("The database was opened for reading only.");
        var request = _requests.Rent();
        request.Fill(append, _keys);
        if (_writer.TryQueue(request)) return request.Task;
        _metrics.Unavailable(1);
        throw new JournalUnavailableException("Too many appends are waiting, or the journal is closing.");
    }

    public ValueTask<StreamState> LoadAsync(string stream, CancellationToken cancel = default)
    {
        var stamp = _keys.Stamp;
        return ReadAsync(session =>
        {
            _metrics.Loaded(1);
            var head = ReadHead(session, stream);
            if (head is not null && !(head.Snapshot.Length > 0 && _options.KnowsSnapshot(StreamName.Kind(stream), head.Snapshot.Span[0]))) head = null;
            var tail = new List<JournalRow>();
            var rows = session[$"SELECT {RowColumns} FROM journal WHERE stream = ? AND version > ? ORDER BY version"].Bind(stream).Bind(head?.Version ?? 0);
            while (rows.Step()) tail.Add(Row(rows, null));
            rows.Reset();
            var key = session["SELECT key_id, secret FROM stream_keys WHERE stream = ? LIMIT 1"].Bind(stream);
            if (key.Step()) _keys.Add(stream, new(key.Long(0), key.Bytes(1)), stamp);
            key.Reset();
            return new StreamState(head, tail);
        }, cancel);
    }

    public async IAsyncEnumerable<JournalRow> ReadAsync(string stream, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var version = 0;
        while (true)
        {
            var after = version;
            var page = await ReadAsync(session =>
            {
                var keys = KeysOf(session, stream);
                var rows = session[$"SELECT {RowColumns} FROM journal WHERE stream = ? AND version > ? ORDER BY version LIMIT {PageRows}"].Bind(stream).Bind(after);
                return Rows(rows, _ => keys);
            }, cancel);
            foreach (var row in page) yield return row;
            if (page.Count < PageRows) yield break;
            version = page[^1].Version;
        }
    }

    public IAsyncEnumerable<JournalRow> ReadAllAsync(CancellationToken cancel = default) => ReadPartitionsAsync(0, Partitions.Count, personal: true, cancel);

    public IAsyncEnumerable<JournalRow> ReadOpenAsync(int from, int to, CancellationToken cancel = default) => ReadPartitionsAsync(from, to, personal: false, cancel);

    private async IAsyncEnumerable<JournalRow> ReadPartitionsAsync(int from, int to, bool personal, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (var partition = from; partition < to; partition++)
        {
            var id = 0L;
            while (true)
            {
                var (at, after) = (partition, id);
                var page = await ReadAsync(session =>
                {
                    var rows = session[$"SELECT {RowColumns} FROM journal WHERE partition = ? AND id > ? ORDER BY id LIMIT {PageRows}"].Bind(at).Bind(after);
                    if (!personal) return Rows(rows, null);
                    var keys = new Dictionary<string, Dictionary<long, byte[]>>();
                    return Rows(rows, stream => keys.TryGetValue(stream, out var known) ? known : keys[stream] = KeysOf(session, stream));
                }, cancel);
                foreach (var row in page) yield return row;
                if (page.Count < PageRows) break;
                id = page[^1].Position.Row;
            }
        }
    }

    public ValueTask<PartitionPage> ReadMarkedAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default)
    {
        var from = RowAfter(after);
        return ReadAsync(session =>
        {
            var newest = Count(session, "SELECT coalesce(max(id), 0) FROM journal");    // before the rows: what comes between is read, never skipped
            var rows = session[$"SELECT {RowColumns} FROM journal WHERE partition = ? AND id > ? AND marked = 1 ORDER BY id LIMIT ?"].Bind(partition).Bind(from).Bind(limit);
            var keys = new Dictionary<string, Dictionary<long, byte[]>>();
            var page = Rows(rows, stream => keys.TryGetValue(stream, out var known) ? known : keys[stream] = KeysOf(session, stream));
            var last = page.Count > 0 ? page[^1].Position.Row : from;
            return new PartitionPage(page, At(page.Count == limit ? last : Math.Max(last, newest)));
        }, cancel);
    }

    public ValueTask<ReaderCursor> LoadCursorAsync(string reader, int partition, CancellationToken cancel = default) => ReadAsync(session =>
    {
        var row = session["SELECT epoch, at_transaction, at_row, recorded_at, revision, state FROM cursors WHERE reader = ? AND partition = ?"].Bind(reader).Bind(partition);
        if (!row.Step())
        {
            row.Reset();
            return new ReaderCursor(reader, partition, JournalPosition.Start, DateTimeOffset.UnixEpoch, 0);
        }
        var cursor = new ReaderCursor(reader, partition, new(row.Long(0), row.Long(1), row.Long(2)), Micros.From(row.Long(3)), row.Long(4), row.Bytes(5));
        row.Reset();
        return cursor.Position == JournalPosition.Start || cursor.Position.Epoch == _epoch ? cursor : cursor with { Position = ResumePosition(session, cursor) };
    }, cancel);

    public async ValueTask<bool> SaveCursorAsync(ReaderCursor cursor, CancellationToken cancel = default) => await WriteAsync(session =>
    {
        var at = cursor.Position;
        if (cursor.Revision == 0)
        {
            session["INSERT OR IGNORE INTO cursors (reader, partition, epoch, at_transaction, at_row, recorded_at, revision, state) VALUES (?,?,?,?,?,?,1,?)"]
                .Bind(cursor.Reader).Bind(cursor.Partition).Bind(at.Epoch).Bind(at.Transaction).Bind(at.Row).Bind(Micros.Of(cursor.RecordedAt)).Bind(cursor.State.Span).Run();
        }
        else
        {
            session["UPDATE cursors SET epoch = ?, at_transaction = ?, at_row = ?, recorded_at = ?, revision = revision + 1, state = ? WHERE reader = ? AND partition = ? AND revision = ?"]
                .Bind(at.Epoch).Bind(at.Transaction).Bind(at.Row).Bind(Micros.Of(cursor.RecordedAt)).Bind(cursor.State.Span)
                .Bind(cursor.Reader).Bind(cursor.Partition).Bind(cursor.Revision).Run();
        }
        return session.Changes == 1;
    });

    public async ValueTask EraseAsync(string stream, CancellationToken cancel = default)
    {
        var quarantined = await ReadAsync(session => QuarantinedAbout(session, stream), cancel);
        var now = Micros.Of(_clock.GetUtcNow());
        await WriteAsync(session =>
        {
            Destroy(session, stream, now);
            foreach (var item in quarantined) Destroy(session, item, now);
            return true;
        });
        _keys.Forget(stream);
        _writer!.CheckpointSoon();
    }

    private static void Destroy(SqliteSession session, string stream, long at)
    {
        session["DELETE FROM stream_keys WHERE stream = ?"].Bind(stream).Run();
        session["INSERT OR IGNORE INTO erasures (stream, erased_at) VALUES (?,?)"].Bind(stream).Bind(at).Run();
    }

    private JournalPosition ResumePosition(SqliteSession session, ReaderCursor cursor)
    {
        var row = session["SELECT coalesce((SELECT min(id) - 1 FROM journal WHERE partition = ?1 AND recorded_at >= ?2), (SELECT max(id) FROM journal WHERE partition = ?1), 0)"]
            .Bind(cursor.Partition).Bind(Micros.Of(cursor.RecordedAt - TimeSpan.FromHours(1)));
        row.Step();
        var position = At(row.Long(0));
        row.Reset();
        return position;
    }

    private List<JournalRow> Rows(SqliteStatement rows, Func<string, IReadOnlyDictionary<long, byte[]>>? keys)
    {
        var page = new List<JournalRow>();
        while (rows.Step()) page.Add(Row(rows, keys));
        rows.Reset();
        return page;
    }

    /// <summary>Reads one row of <see cref="RowColumns"/>; without keys the personal part stays closed.</summary>
    private JournalRow Row(SqliteStatement rows, Func<string, IReadOnlyDictionary<long, byte[]>>? keys)
    {
        var (stream, version) = (rows.Text(1), (int)rows.Long(2));
        var sealedBytes = keys is null || rows.IsNull(6) ? null : rows.Bytes(6);
        var (personal, erased) = sealedBytes is null ? (default, false) : PersonalSeal.OpenIfKept(keys!(stream), stream, version, sealedBytes);
        return new(stream, version, At(rows.Long(0)), Micros.From(rows.Long(3)), rows.Bytes(5), personal, rows.Long(4) != 0, erased) { Sealed = sealedBytes };
    }

    private static Dictionary<long, byte[]> KeysOf(SqliteSession session, string stream)
    {
        var keys = new Dictionary<long, byte[]>();
        var rows = session["SELECT key_id, secret FROM stream_keys WHERE stream = ?"].Bind(stream);
        while (rows.Step()) keys.Add(rows.Long(0), rows.Bytes(1));
        rows.Reset();
        return keys;
    }

    private JournalPosition At(long row) => new(_epoch, 0, row);

    private long RowAfter(JournalPosition after) =>
        after == JournalPosition.Start || after.Epoch == _epoch ? after.Row
        : throw new InvalidOperationException("The position is of another life of this database; load the cursor again.");
}
