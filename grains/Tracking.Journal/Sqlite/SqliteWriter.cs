using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Tracking.Journal.Sqlite;

/// <summary>
/// The one thread that writes. It takes whatever is queued, appends and small works alike, and commits it together: one flush for all of them. Whoever makes a batch fail is found by
/// halving and fails alone.
/// </summary>
internal sealed class SqliteWriter
{
    private readonly SqliteSession _session;
    private readonly JournalOptions _options;
    private readonly JournalMetrics _metrics;
    private readonly KeyCache _keys;
    private readonly Channel<object> _queue;
    private readonly Thread _thread;
    private bool _checkpoint;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SqliteWriter(SqliteSession session, JournalOptions options, JournalMetrics metrics, KeyCache keys)
    {
        _session = session;
        _options = options;
        _metrics = metrics;
        _keys = keys;
        _queue = Channel.CreateBounded<object>(new BoundedChannelOptions(options.QueueLimit) { SingleReader = true });
        _thread = new Thread(Loop) { IsBackground = true, Name = "journal writer" };
        _thread.Start();
    }

    public int Queued => _queue.Reader.Count;

    public bool TryQueue(AppendRequest append) => _queue.Writer.TryWrite(append);

    /// <summary>Runs <paramref name="work"/> on the writer's connection, committed and flushed together with its neighbours. It may run twice when a neighbour fails.</summary>
    public Task<T> RunAsync<T>(Func<SqliteSession, T> work)
    {
        var queued = new Work<T>(work);
        return _queue.Writer.TryWrite(queued) ? queued.Answer : throw new JournalUnavailableException("Too much is waiting to be written, or the journal is closing.");
    }

    /// <summary>Before the next batch, writes the log back into the file and empties it: a destroyed key must not live on in an old page of the log.</summary>
    public void CheckpointSoon()
    {
        Volatile.Write(ref _checkpoint, true);
        _queue.Writer.TryWrite(new Work<bool>(static _ => true));   // somebody has to turn the loop
    }

    public async ValueTask StopAsync()
    {
        _queue.Writer.TryComplete();
        await _ended.Task;
    }

    private void Loop()
    {
        var batch = new List<object>(_options.MaxBatch);
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (batch.Count < _options.MaxBatch && _queue.Reader.TryRead(out var item)) batch.Add(item);
            Commit(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batch));
            batch.Clear();
            if (!Volatile.Read(ref _checkpoint)) continue;
            Volatile.Write(ref _checkpoint, false);
            try
            {
                _session["PRAGMA wal_checkpoint(TRUNCATE)"].Run();
            }
            catch (SqliteException)
            {
                // Nothing is lost: the log is written back at the next chance, by size or when the file is closed.
            }
        }
        _ended.SetResult();
    }

    private void Commit(ReadOnlySpan<object> batch)
    {
        var started = Stopwatch.GetTimestamp();
        var stamp = _keys.Stamp;
        try
        {
            _session.Execute("BEGIN IMMEDIATE");
            foreach (var item in batch)
            {
                if (item is AppendRequest append) Insert(append);
                else ((Work)item).Run(_session);
            }
        }
        catch (Exception failed)
        {
            _session.RollbackQuietly();
            if (failed is SqliteException unavailable && IsUnavailable(unavailable))
            {
                Fail(batch, new JournalUnavailableException($"SQLite cannot write: {unavailable.Message}", unavailable));
            }
            else if (batch.Length == 1)
            {
                Fail(batch, failed is SqliteException refused ? new JournalRejectedException($"SQLite refuses this row: {refused.Message}", refused) : failed);
            }
            else
            {
                Commit(batch[..(batch.Length / 2)]);
                Commit(batch[(batch.Length / 2)..]);
            }
            return;
        }
        try
        {
            _session.Execute("COMMIT");
        }
        catch (SqliteException failed)
        {
            _session.RollbackQuietly();
            // A full disk is found before the commit mark is written. Any other error here may leave the mark in the log, to be believed at the next start.
            Fail(batch, failed.SqliteErrorCode is SQLitePCL.raw.SQLITE_FULL or SQLitePCL.raw.SQLITE_BUSY
                ? new JournalUnavailableException($"SQLite cannot write: {failed.Message}", failed)
                : new JournalOutcomeUnknownException($"SQLite failed to flush: {failed.Message}", failed));
            return;
        }
        Answer(batch, started, stamp);
    }

    private void Answer(ReadOnlySpan<object> batch, long started, long stamp)
    {
        int stored = 0, fenced = 0;
        var oldest = long.MaxValue;
        foreach (var item in batch)
        {
            if (item is not AppendRequest append)
            {
                ((Work)item).Done();
                continue;
            }
            if (append.IsFenced)
            {
                fenced++;
                append.Failed(new JournalFencedException(append.Stream, append.Version));
                continue;
            }
            stored++;
            oldest = Math.Min(oldest, append.QueuedAt);
            if (append.NewKey is { } key) _keys.Add(append.Stream, key, stamp);
            append.Stored();
        }
        if (stored > 0) _metrics.Committed(stored, Stopwatch.GetElapsedTime(started).TotalSeconds, Stopwatch.GetElapsedTime(oldest).TotalSeconds);
        if (fenced > 0) _metrics.Fenced(fenced);
    }

    private void Insert(AppendRequest append)
    {
        _session["INSERT OR IGNORE INTO journal (partition, stream, version, recorded_at, marked, open, sealed) VALUES (?,?,?,?,?,?,?)"]
            .Bind(append.Partition).Bind(append.Stream).Bind(append.Version).Bind(Micros.Of(append.RecordedAt)).Bind(append.Marked ? 1 : 0)
            .Bind(append.Open.Span).BindNullIfEmpty(append.Sealed.Span).Run();
        append.IsFenced = _session.Changes == 0;
        if (append.IsFenced) return;

        if (append.NewKey is { } key) InsertKey(_session, append.Stream, key);
        for (var i = 0; i < append.Links.Count; i++)
        {
            var link = append.Links[i];
            _session["INSERT OR IGNORE INTO links (token_hash, stream, audience, generation) VALUES (?,?,?,?)"]
                .Bind(link.TokenHash.Span).Bind(link.Stream).Bind(link.Audience).Bind(link.Generation).Run();
        }
    }

    public static void InsertKey(SqliteSession session, string stream, StreamKey key) =>
        session["INSERT OR IGNORE INTO stream_keys (stream, key_id, secret) VALUES (?,?,?)"].Bind(stream).Bind(key.Id).Bind(key.Secret).Run();

    private void Fail(ReadOnlySpan<object> batch, Exception failed)
    {
        foreach (var item in batch)
        {
            if (item is not AppendRequest append)
            {
                ((Work)item).Failed(failed);
                continue;
            }
            append.Failed(failed);
            if (failed is JournalUnavailableException) _metrics.Unavailable(1);
            else if (failed is JournalOutcomeUnknownException) _metrics.Unknown(1);
            else _metrics.Rejected(1);
        }
    }

    private static bool IsUnavailable(SqliteException failed) => failed.SqliteErrorCode is
        SQLitePCL.raw.SQLITE_FULL or SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_IOERR or SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_BUSY
        or SQLitePCL.raw.SQLITE_LOCKED or SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_NOMEM or SQLitePCL.raw.SQLITE_PERM;

    private abstract class Work
    {
        public abstract void Run(SqliteSession session);
        public abstract void Done();
        public abstract void Failed(Exception exception);
    }

    private sealed class Work<T>(Func<SqliteSession, T> work) : Work
    {
        private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Answer => _answer.Task;
        public override void Run(SqliteSession session) => _result = work(session);
        public override void Done() => _answer.SetResult(_result);
        public override void Failed(Exception exception) => _answer.SetException(exception);
    }
}
