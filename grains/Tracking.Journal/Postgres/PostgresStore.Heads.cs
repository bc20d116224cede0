using Npgsql;
using NpgsqlTypes;

namespace Tracking.Journal.Postgres;

internal sealed partial class PostgresStore : IHeadStore
{
    public const string HeadColumns = "h.stream, h.version, h.recorded_at, h.status, h.flags, h.due_at, h.snapshot, h.summary";

    private LagScans? _lagScans;

    public void Offer(StreamHead head) => _heads?.Offer(head);

    public void Offer(IHeadSource head) => _heads?.Offer(head);

    public async ValueTask FlushAsync(CancellationToken cancel = default)
    {
        if (_heads is not null) await _heads.FlushAsync(cancel);
    }

    public async ValueTask<IReadOnlyList<DueStream>> DueAsync(int partition, DateTimeOffset now, int limit, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        await using var command = Command(connection, "SELECT stream, version, due_at FROM heads WHERE partition = $1 AND due_at IS NOT NULL AND due_at <= $2 ORDER BY due_at, stream LIMIT $3",
            (short)partition, now.UtcDateTime, limit);
        await using var reader = await command.ExecuteReaderAsync();
        var due = new List<DueStream>();
        while (await reader.ReadAsync()) due.Add(new(reader.GetString(0), reader.GetInt32(1), new(reader.GetDateTime(2))));
        return due;
    }, writes: false, cancel);

    public ValueTask<LaggingHeads> LaggingAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default)
    {
        Check(after);
        var scans = _lagScans ?? Interlocked.CompareExchange(ref _lagScans, new(this), null) ?? _lagScans!;
        return scans.AskAsync(partition, after, limit, cancel);
    }

    public async ValueTask<IReadOnlyList<StreamHead>> ListAsync(HeadQuery query, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        await using var command = Command(connection, $"""
            SELECT {HeadColumns} FROM heads h
            WHERE h.kind = $1 AND h.retailer = $2 AND ($3::timestamptz IS NULL OR h.recorded_at < $3) AND (cardinality($4::smallint[]) = 0 OR h.status = ANY ($4)) AND ($5 = 0 OR h.flags & $5 <> 0)
                AND ($6::text IS NULL OR strpos(h.stream, $6) > 0)
            ORDER BY h.recorded_at DESC, h.stream LIMIT $7
            """, query.Kind.ToString(), query.Retailer, OrNull(query.Before?.UtcDateTime, NpgsqlDbType.TimestampTz), query.Statuses.Select(static status => (short)status).ToArray(), query.FlagsAny,
            OrNull(string.IsNullOrEmpty(query.StreamContains) ? null : StreamName.Storable(query.StreamContains), NpgsqlDbType.Text), query.Limit);
        await using var reader = await command.ExecuteReaderAsync();
        var heads = new List<StreamHead>();
        while (await reader.ReadAsync()) heads.Add(Head(reader, 0));
        return heads;
    }, writes: false, cancel);

    public async ValueTask<LinkRow?> FindLinkAsync(ReadOnlyMemory<byte> tokenHash, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        await using var command = Command(connection, "SELECT stream, audience, generation FROM links WHERE token_hash = $1", tokenHash);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? new LinkRow(tokenHash.ToArray(), reader.GetString(0), reader.GetString(1), reader.GetInt32(2)) : null;
    }, writes: false, cancel);

    /// <summary>Reads <see cref="HeadColumns"/> from a column on.</summary>
    internal static StreamHead Head(NpgsqlDataReader reader, int from) => new(reader.GetString(from), reader.GetInt32(from + 1), new(reader.GetDateTime(from + 2)), (byte)reader.GetInt16(from + 3),
        reader.GetInt32(from + 4), reader.IsDBNull(from + 5) ? null : new(reader.GetDateTime(from + 5)), reader.GetFieldValue<byte[]>(from + 6), reader.GetFieldValue<byte[]>(from + 7));

    private Task WriteHeadsAsync(IReadOnlyList<StreamHead> heads, CancellationToken cancel) => UseAsync(async connection =>
    {
        // Sorted, so that two nodes never wait for each other in a circle.
        await using var command = Command(connection, """
            INSERT INTO heads (partition, stream, kind, retailer, version, recorded_at, status, flags, due_at, snapshot, summary)
            SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::timestamptz[], $7::smallint[], $8::integer[], $9::timestamptz[], $10::bytea[], $11::bytea[])
                AS n (partition, stream, kind, retailer, version, recorded_at, status, flags, due_at, snapshot, summary)
            ORDER BY n.partition, n.stream COLLATE "C"
            ON CONFLICT (partition, stream) DO UPDATE SET version = excluded.version, recorded_at = excluded.recorded_at, status = excluded.status, flags = excluded.flags,
                due_at = excluded.due_at, snapshot = excluded.snapshot, summary = excluded.summary
            WHERE heads.version < excluded.version
                OR heads.version = excluded.version AND (heads.due_at, heads.status, heads.flags) IS DISTINCT FROM (excluded.due_at, excluded.status, excluded.flags)
            """);
        Add(static head => (short)Partitions.Of(head.Stream), NpgsqlDbType.Smallint);
        Add(static head => head.Stream, NpgsqlDbType.Text);
        Add(static head => StreamName.Kind(head.Stream).ToString(), NpgsqlDbType.Text);
        Add(static head => StreamName.Retailer(head.Stream), NpgsqlDbType.Text);
        Add(static head => head.Version, NpgsqlDbType.Integer);
        Add(static head => Micros.Truncate(head.RecordedAt), NpgsqlDbType.TimestampTz);
        Add(static head => (short)head.Status, NpgsqlDbType.Smallint);
        Add(static head => head.Flags, NpgsqlDbType.Integer);
        Add(static head => head.DueAt is { } due ? Micros.Truncate(due) : (DateTime?)null, NpgsqlDbType.TimestampTz);
        Add(static head => head.Snapshot, NpgsqlDbType.Bytea);
        Add(static head => head.Summary, NpgsqlDbType.Bytea);
        return await command.ExecuteNonQueryAsync();

        void Add<T>(Func<StreamHead, T> column, NpgsqlDbType element)
        {
            var values = new T[heads.Count];
            for (var i = 0; i < values.Length; i++) values[i] = column(heads[i]);
            command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | element });
        }
    }, writes: true, cancel);
}
