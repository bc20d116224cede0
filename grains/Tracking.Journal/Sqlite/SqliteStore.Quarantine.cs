using Tracking.Contracts.Ports;

namespace Tracking.Journal.Sqlite;

internal sealed partial class SqliteStore : IQuarantine
{
    private const string QuarantineColumns = "id, retailer, format, feed, received_at, code, detail, pointer, replayed_at";

    public async ValueTask AddAsync(IReadOnlyList<QuarantinedItem> items, CancellationToken cancel = default)
    {
        if (items.Count == 0) return;
        var prepared = items.Select(QuarantineRow.Seal).ToList();
        await WriteAsync(session =>
        {
            foreach (var (item, stream, key, body) in prepared)
            {
                session["INSERT OR IGNORE INTO quarantine (retailer, id, format, feed, received_at, code, detail, pointer, body) VALUES (?,?,?,?,?,?,?,?,?)"]
                    .Bind(item.Retailer).Bind(item.Id).Bind(item.Format).Bind(item.Feed).Bind(Micros.Of(item.ReceivedAt)).Bind(item.Code).Bind(item.Detail).Bind(item.Pointer).Bind(body).Run();
                if (session.Changes == 1) SqliteWriter.InsertKey(session, stream, key);
            }
            return true;
        });
    }

    public ValueTask<IReadOnlyList<QuarantinedItem>> ListAsync(string retailer, DateTimeOffset? before, int limit, bool includeReplayed, CancellationToken cancel = default) =>
        ReadAsync<IReadOnlyList<QuarantinedItem>>(session =>
        {
            var items = new List<QuarantinedItem>();
            var rows = session[$"SELECT {QuarantineColumns} FROM quarantine WHERE retailer = ? AND received_at < ? AND (? OR replayed_at IS NULL) ORDER BY received_at DESC, id LIMIT ?"]
                .Bind(retailer).Bind(before is { } at ? Micros.Of(at) : long.MaxValue).Bind(includeReplayed ? 1 : 0).Bind(limit);
            while (rows.Step()) items.Add(Item(rows, default));
            rows.Reset();
            return items;
        }, cancel);

    public ValueTask<QuarantinedItem?> FindAsync(string retailer, string id, CancellationToken cancel = default) => ReadAsync(session =>
    {
        var stream = QuarantineSearch.KeyStream(retailer, id);
        var keys = KeysOf(session, stream);
        var row = session[$"SELECT {QuarantineColumns}, body FROM quarantine WHERE retailer = ? AND id = ?"].Bind(retailer).Bind(id);
        var item = row.Step() ? Item(row, PersonalSeal.OpenIfKept(keys, stream, 0, row.Bytes(9)).Personal) : null;
        row.Reset();
        return item;
    }, cancel);

    public async ValueTask<bool> MarkReplayedAsync(string retailer, string id, DateTimeOffset at, CancellationToken cancel = default) => await WriteAsync(session =>
    {
        session["UPDATE quarantine SET replayed_at = ? WHERE retailer = ? AND id = ? AND replayed_at IS NULL"].Bind(Micros.Of(at)).Bind(retailer).Bind(id).Run();
        return session.Changes == 1;
    });

    /// <summary>Key streams of quarantined bodies that mention a stream's number.</summary>
    private static List<string> QuarantinedAbout(SqliteSession session, string stream)
    {
        var found = new List<string>();
        if (QuarantineSearch.Needle(stream) is not { } needle) return found;
        var rows = session["SELECT q.id, q.body, k.key_id, k.secret FROM quarantine q JOIN stream_keys k ON k.stream = 'q/' || q.retailer || '/' || q.id WHERE q.retailer = ?"].Bind(StreamName.Retailer(stream));
        while (rows.Step())
        {
            var about = QuarantineSearch.KeyStream(StreamName.Retailer(stream), rows.Text(0));
            var body = rows.Bytes(1);
            if (PersonalSeal.KeyId(body) == rows.Long(2) && QuarantineSearch.Mentions(PersonalSeal.Open(rows.Bytes(3), about, 0, body), needle)) found.Add(about);
        }
        rows.Reset();
        return found;
    }

    private static QuarantinedItem Item(SqliteStatement row, ReadOnlyMemory<byte> body) => new(row.Text(0), row.Text(1), row.Text(2), row.TextOrNull(3), Micros.From(row.Long(4)),
        row.Text(5), row.Text(6), row.Text(7), body, row.LongOrNull(8) is { } replayed ? Micros.From(replayed) : null);
}
