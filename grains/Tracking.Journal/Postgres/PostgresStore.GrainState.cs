namespace Tracking.Journal.Postgres;

internal sealed partial class PostgresStore : IGrainStateStore
{
    public async ValueTask<GrainStateRow?> GetAsync(string type, string key, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        await using var command = Command(connection, "SELECT etag, data FROM grain_state WHERE type = $1 AND key = $2", type, key);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? new GrainStateRow(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)) : null;
    }, writes: false, cancel);

    public async ValueTask<long?> PutAsync(string type, string key, ReadOnlyMemory<byte> data, long etag, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        await using var command = Command(connection, etag == 0
            ? "INSERT INTO grain_state (type, key, etag, data) VALUES ($1, $2, $3 + 1, $4) ON CONFLICT DO NOTHING"
            : "UPDATE grain_state SET data = $4, etag = etag + 1 WHERE type = $1 AND key = $2 AND etag = $3", type, key, etag, data);
        return await command.ExecuteNonQueryAsync() == 1 ? etag + 1 : (long?)null;
    }, writes: true, cancel);

    public async ValueTask<bool> DeleteAsync(string type, string key, long etag, CancellationToken cancel = default) => await UseAsync(async connection =>
    {
        await using var command = Command(connection, "DELETE FROM grain_state WHERE type = $1 AND key = $2 AND etag = $3", type, key, etag);
        return await command.ExecuteNonQueryAsync() == 1;
    }, writes: true, cancel);
}
