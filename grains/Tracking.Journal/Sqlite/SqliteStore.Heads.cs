namespace Tracking.Journal.Sqlite;

internal sealed partial class SqliteStore : IHeadStore
{
    private const string VerifiedReader = "heads verified";
    private static readonly TimeSpan VerifyEvery = TimeSpan.FromSeconds(30);

    private long _verified = -1;

    private const string HeadColumns = "stream, version, recorded_at, status, flags, due_at, snapshot, summary";

    public void Offer(StreamHead head) => _heads?.Offer(head);

    public void Offer(IHeadSource head) => _heads?.Offer(head);

    public async ValueTask FlushAsync(CancellationToken cancel = default)
    {
        if (_heads is not null) await _heads.FlushAsync(cancel);
    }

    public ValueTask<IReadOnlyList<DueStream>> DueAsync(int partition, DateTimeOffset now, int limit, CancellationToken cancel = default) => ReadAsync<IReadOnlyList<DueStream>>(session =>
    {
        var due = new List<DueStream>();
        var rows = session["SELECT stream, version, due_at FROM heads WHERE partition = ? AND due_at <= ? AND due_at IS NOT NULL ORDER BY due_at, stream LIMIT ?"]
            .Bind(partition).Bind(Micros.Of(now)).Bind(limit);
        while (rows.Step()) due.Add(new(rows.Text(0), (int)rows.Long(1), Micros.From(rows.Long(2))));
        rows.Reset();
        return due;
    }, cancel);

    public async ValueTask<LaggingHeads> LaggingAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default)
    {
        await FlushAsync(cancel);
        var from = Math.Max(RowAfter(after), await VerifiedAsync(cancel));
        return await ReadAsync(session =>
        {
            var upTo = Math.Max(from, Count(session, "SELECT coalesce(max(id), 0) FROM journal"));
            var streams = new HashSet<string>(StringComparer.Ordinal);
            var rows = session["SELECT j.id, j.stream FROM journal j LEFT JOIN heads h ON h.stream = j.stream WHERE j.partition = ? AND j.id > ? AND instr(?, substr(j.stream, 1, 1)) > 0 AND (j.marked OR instr(?, substr(j.stream, 1, 1)) = 0) AND (h.version IS NULL OR h.version < j.version) ORDER BY j.id"]
                .Bind(partition).Bind(from).Bind(_options.KindsWithHeads).Bind(_options.KindsWithTails);
            while (rows.Step())
            {
                var stream = rows.Text(1);
                if (streams.Count == limit && !streams.Contains(stream))
                {
                    upTo = rows.Long(0) - 1;
                    break;
                }
                streams.Add(stream);
            }
            rows.Reset();
            return new LaggingHeads([.. streams], At(upTo));
        }, cancel);
    }

    public ValueTask<IReadOnlyList<StreamHead>> ListAsync(HeadQuery query, CancellationToken cancel = default) => ReadAsync<IReadOnlyList<StreamHead>>(session =>
    {
        var statuses = query.Statuses.Aggregate(0L, static (bits, status) => bits | 1L << status);
        var heads = new List<StreamHead>();
        var rows = session[$"""
            SELECT {HeadColumns} FROM heads
            WHERE kind = ?1 AND retailer = ?2 AND recorded_at < ?3 AND (?4 = 0 OR (?4 >> status) & 1) AND (?5 = 0 OR flags & ?5) AND (?6 IS NULL OR instr(stream, ?6) > 0)
            ORDER BY recorded_at DESC, stream LIMIT ?7
            """]
            .Bind(query.Kind.ToString()).Bind(query.Retailer).Bind(query.Before is { } before ? Micros.Of(before) : long.MaxValue).Bind(statuses).Bind(query.FlagsAny)
            .Bind(string.IsNullOrEmpty(query.StreamContains) ? null : query.StreamContains).Bind(query.Limit);
        while (rows.Step()) heads.Add(Head(rows));
        rows.Reset();
        return heads;
    }, cancel);

    public ValueTask<LinkRow?> FindLinkAsync(ReadOnlyMemory<byte> tokenHash, CancellationToken cancel = default) => ReadAsync(session =>
    {
        var row = session["SELECT stream, audience, generation FROM links WHERE token_hash = ?"].Bind(tokenHash.Span);
        var link = row.Step() ? new LinkRow(tokenHash.ToArray(), row.Text(0), row.Text(1), (int)row.Long(2)) : null;
        row.Reset();
        return link;
    }, cancel);

    /// <summary>Up to which row every head is known to be written; every partition's search begins here at the earliest.</summary>
    internal async ValueTask<long> VerifiedAsync(CancellationToken cancel)
    {
        if (Volatile.Read(ref _verified) is >= 0 and var known) return known;
        var cursor = await LoadCursorAsync(VerifiedReader, 0, cancel);
        var verified = cursor.Position.Epoch == Volatile.Read(ref _epoch) ? cursor.Position.Row : 0;
        Interlocked.CompareExchange(ref _verified, verified, -1);
        return Volatile.Read(ref _verified);
    }

    /// <summary>Moves that mark up to the first row whose head is not written yet. Otherwise a crash after a month would have a month to search.</summary>
    internal async Task VerifyHeadsAsync(CancellationToken cancel)
    {
        var from = await VerifiedAsync(cancel);
        var upTo = await ReadAsync(session =>
        {
            var newest = Count(session, "SELECT coalesce(max(id), 0) FROM journal");
            var rows = session["SELECT j.id FROM journal j LEFT JOIN heads h ON h.stream = j.stream WHERE j.id > ? AND instr(?, substr(j.stream, 1, 1)) > 0 AND (j.marked OR instr(?, substr(j.stream, 1, 1)) = 0) AND (h.version IS NULL OR h.version < j.version) ORDER BY j.id LIMIT 1"]
                .Bind(from).Bind(_options.KindsWithHeads).Bind(_options.KindsWithTails);
            var first = rows.Step() ? rows.Long(0) - 1 : newest;
            rows.Reset();
            return first;
        }, cancel);
        if (upTo <= from) return;
        var cursor = await LoadCursorAsync(VerifiedReader, 0, cancel);
        if (await SaveCursorAsync(cursor with { Position = At(upTo), RecordedAt = _clock.GetUtcNow() }, cancel)) Volatile.Write(ref _verified, upTo);
    }

    private async Task VerifyAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(VerifyEvery, _stopping.Token);
                try
                {
                    await VerifyHeadsAsync(_stopping.Token);
                }
                catch (Exception later) when (later is JournalUnavailableException or JournalOutcomeUnknownException)
                {
                    // the next round looks again
                }
            }
        }
        catch (OperationCanceledException)
        {
            // stopping
        }
    }

    private Task WriteHeadsAsync(IReadOnlyList<StreamHead> heads, CancellationToken cancel) => WriteAsync(session =>
    {
        foreach (var head in heads)
        {
            session["""
                INSERT INTO heads (stream, partition, kind, retailer, version, recorded_at, status, flags, due_at, snapshot, summary) VALUES (?,?,?,?,?,?,?,?,?,?,?)
                ON CONFLICT (stream) DO UPDATE SET version = excluded.version, recorded_at = excluded.recorded_at, status = excluded.status, flags = excluded.flags,
                    due_at = excluded.due_at, snapshot = excluded.snapshot, summary = excluded.summary
                WHERE heads.version < excluded.version
                    OR heads.version = excluded.version AND (heads.due_at IS NOT excluded.due_at OR heads.status <> excluded.status OR heads.flags <> excluded.flags)
                """]
                .Bind(head.Stream).Bind(Partitions.Of(head.Stream)).Bind(StreamName.Kind(head.Stream).ToString()).Bind(StreamName.Retailer(head.Stream)).Bind(head.Version)
                .Bind(Micros.Of(head.RecordedAt)).Bind(head.Status).Bind(head.Flags).Bind(head.DueAt is { } due ? Micros.Of(due) : null)
                .Bind(head.Snapshot.Span).Bind(head.Summary.Span).Run();
        }
        return true;
    });

    private static StreamHead? ReadHead(SqliteSession session, string stream)
    {
        var row = session[$"SELECT {HeadColumns} FROM heads WHERE stream = ?"].Bind(stream);
        var head = row.Step() ? Head(row) : null;
        row.Reset();
        return head;
    }

    private static StreamHead Head(SqliteStatement row) => new(row.Text(0), (int)row.Long(1), Micros.From(row.Long(2)), (byte)row.Long(3), (int)row.Long(4),
        row.LongOrNull(5) is { } due ? Micros.From(due) : null, row.Bytes(6), row.Bytes(7));
}
