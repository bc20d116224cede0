namespace Tracking.Journal.Sqlite;

internal sealed partial class SqliteStore : IGrainStateStore
{
    public ValueTask<GrainStateRow?> GetAsync(string type, string key, CancellationToken cancel = default) => ReadAsync(session =>
    {
        var row = session["SELECT etag, data FROM grain_state WHERE type = ? AND key = ?"].Bind(type).Bind(key);
        var state = row.Step() ? new GrainStateRow(row.Long(0), row.Bytes(1)) : null;
        row.Reset();
        return state;
    }, cancel);

    public async ValueTask<long?> PutAsync(string type, string key, ReadOnlyMemory<byte> data, long etag, CancellationToken cancel = default) => await WriteAsync<long?>(session =>
    {
        if (etag == 0) session["INSERT OR IGNORE INTO grain_state (type, key, etag, data) VALUES (?,?,1,?)"].Bind(type).Bind(key).Bind(data.Span).Run();
        else session["UPDATE grain_state SET data = ?, etag = etag + 1 WHERE type = ? AND key = ? AND etag = ?"].Bind(data.Span).Bind(type).Bind(key).Bind(etag).Run();
        return session.Changes == 1 ? etag + 1 : null;
    });

    public async ValueTask<bool> DeleteAsync(string type, string key, long etag, CancellationToken cancel = default) => await WriteAsync(session =>
    {
        session["DELETE FROM grain_state WHERE type = ? AND key = ? AND etag = ?"].Bind(type).Bind(key).Bind(etag).Run();
        return session.Changes == 1;
    });
}
