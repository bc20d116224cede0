using Npgsql;
using NpgsqlTypes;
using Tracking.Contracts.Ports;

namespace Tracking.Journal.Postgres;

internal sealed partial class PostgresStore : IQuarantine
{
    private const string QuarantineColumns = "id, retailer, format, feed, received_at, code, detail, pointer, replayed_at";

    public async ValueTask AddAsync(IReadOnlyList<QuarantinedItem> items, CancellationToken cancel = default)
    {
        if (items.Count == 0) return;
        var rows = items.Select(QuarantineRow.Seal).OrderBy(static row => row.KeyStream, StringComparer.Ordinal).ToList();
        await UseAsync(async connection =>
        {
            await using var command = Command(connection, """
                WITH stored AS (
                    INSERT INTO quarantine (retailer, id, format, feed, received_at, code, detail, pointer, body)
                    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::bytea[])
                    ON CONFLICT DO NOTHING RETURNING retailer, id, body)
                INSERT INTO stream_keys (partition, stream, key_id, secret)
                SELECT k.partition, k.stream, k.key_id, k.secret
                FROM unnest($1::text[], $2::text[], $9::bytea[], $10::smallint[], $11::text[], $12::bigint[], $13::bytea[]) AS k (retailer, id, body, partition, stream, key_id, secret)
                JOIN stored s ON s.retailer = k.retailer AND s.id = k.id AND s.body = k.body
                ON CONFLICT DO NOTHING
                """);
            Add(static row => row.Item.Retailer, NpgsqlDbType.Text);
            Add(static row => row.Item.Id, NpgsqlDbType.Text);
            Add(static row => row.Item.Format, NpgsqlDbType.Text);
            Add(static row => row.Item.Feed, NpgsqlDbType.Text);
            Add(static row => Micros.Truncate(row.Item.ReceivedAt), NpgsqlDbType.TimestampTz);
            Add(static row => row.Item.Code, NpgsqlDbType.Text);
            Add(static row => row.Item.Detail, NpgsqlDbType.Text);
            Add(static row => row.Item.Pointer, NpgsqlDbType.Text);
            Add(static row => row.Body, NpgsqlDbType.Bytea);
            Add(static row => (short)Partitions.Of(row.KeyStream), NpgsqlDbType.Smallint);
            Add(static row => row.KeyStream, NpgsqlDbType.Text);
            Add(static row => row.Key.Id, NpgsqlDbType.Bigint);
            Add(static row => row.Key.Secret, NpgsqlDbType.Bytea);
            return await command.ExecuteNonQueryAsync();

            void Add<T>(Func<QuarantineRow, T> column, NpgsqlDbType element) =>
                command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = [.. rows.Select(column)], NpgsqlDbType = NpgsqlDbType.Array | element });
        }, writes: true, cancel);
    }

    public async ValueTask<IReadOnlyList<QuarantinedItem>> ListAsync(string retailer, DateTimeOffset? before, int limit, bool includeReplayed, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        await using var command = Command(connection, $"""
            SELECT {QuarantineColumns} FROM quarantine
            WHERE retailer = $1 AND ($2::timestamptz IS NULL OR received_at < $2) AND ($3 OR replayed_at IS NULL) ORDER BY received_at DESC, id COLLATE "C" LIMIT $4
            """, retailer, OrNull(before?.UtcDateTime, NpgsqlDbType.TimestampTz), includeReplayed, limit);
        await using var reader = await command.ExecuteReaderAsync();
        var items = new List<QuarantinedItem>();
        while (await reader.ReadAsync()) items.Add(Item(reader, default));
        return items;
    }, writes: false, cancel);

    public async ValueTask<QuarantinedItem?> FindAsync(string retailer, string id, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        var stream = QuarantineSearch.KeyStream(retailer, id);
        if (StreamName.Problem(stream) is not null) return null;
        QuarantinedItem item;
        byte[] body;
        await using (var command = Command(connection, $"SELECT {QuarantineColumns}, body FROM quarantine WHERE retailer = $1 AND id = $2", retailer, id))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            if (!await reader.ReadAsync()) return null;
            item = Item(reader, default);
            body = reader.GetFieldValue<byte[]>(9);
        }
        var keys = new Dictionary<string, Dictionary<long, byte[]>>();
        await using var find = Command(connection, "SELECT stream, key_id, secret FROM stream_keys WHERE partition = $1 AND stream = $2", (short)Partitions.Of(stream), stream);
        await ReadKeysAsync(find, keys);
        return item with { Body = PersonalSeal.OpenIfKept(keys.GetValueOrDefault(stream, NoKeys), stream, 0, body).Personal };
    }, writes: false, cancel);

    public async ValueTask<bool> MarkReplayedAsync(string retailer, string id, DateTimeOffset at, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        await using var command = Command(connection, "UPDATE quarantine SET replayed_at = $1 WHERE retailer = $2 AND id = $3 AND replayed_at IS NULL", Micros.Truncate(at), retailer, id);
        return await command.ExecuteNonQueryAsync() == 1;
    }, writes: true, cancel);

    /// <summary>Key streams of quarantined bodies that mention a number. Reads and opens all of a retailer's: erasure is rare and must find them.</summary>
    private async Task<List<string>> QuarantinedAboutAsync(string retailer, byte[] needle, CancellationToken cancel)
    {
        const int page = 200;
        var found = new List<string>();
        for (var last = ""; ;)
        {
            var after = last;
            var bodies = await UseAsync(async connection =>
            {
                await using var command = Command(connection, $"SELECT id, body FROM quarantine WHERE retailer = $1 AND id > $2 ORDER BY id LIMIT {page}", retailer, after);
                var rows = new List<(string Id, byte[] Body)>();
                await using (var reader = await command.ExecuteReaderAsync())
                {
                    while (await reader.ReadAsync()) rows.Add((reader.GetString(0), reader.GetFieldValue<byte[]>(1)));
                }
                return await OpenAsync(connection, rows.ConvertAll(row => new RawRow(QuarantineSearch.KeyStream(retailer, row.Id), 0, default, default, [], row.Body, false)));
            }, writes: false, cancel);
            found.AddRange(bodies.Where(body => QuarantineSearch.Mentions(body.Personal.Span, needle)).Select(static body => body.Stream));
            if (bodies.Count < page) return found;
            last = bodies[^1].Stream[QuarantineSearch.KeyStream(retailer, "").Length..];
        }
    }

    private static QuarantinedItem Item(NpgsqlDataReader row, ReadOnlyMemory<byte> body) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), new(row.GetDateTime(4)),
        row.GetString(5), row.GetString(6), row.GetString(7), body, row.IsDBNull(8) ? null : new DateTimeOffset(row.GetDateTime(8)));
}
