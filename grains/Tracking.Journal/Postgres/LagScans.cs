using Npgsql;

namespace Tracking.Journal.Postgres;

/// <summary>
/// Finds streams whose head was lost on the way, for all partitions at once. Partitions ask one by one, but the rows since a position lie side by side in the table whatever their partition: one scan of them
/// serves every partition once, and saves the index that would otherwise make every insert dearer.
/// </summary>
internal sealed class LagScans(PostgresStore store)
{
    private const int MostRows = 200_000;

    private readonly SemaphoreSlim _scanning = new(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<int, Found> _found = [];

    /// <summary>What the last scan found in a partition: first lagging row per stream, in order, and how far it is complete.</summary>
    private sealed record Found(JournalPosition From, List<(JournalPosition At, string Stream)> Lagging, JournalPosition UpTo);

    public async ValueTask<LaggingHeads> AskAsync(int partition, JournalPosition after, int limit, CancellationToken cancel)
    {
        if (Take(partition, after, limit) is { } known) return known;
        await _scanning.WaitAsync(cancel);
        try
        {
            // Somebody may have scanned for us while we waited for our turn.
            if (Take(partition, after, limit) is { } scanned) return scanned;
            await store.FlushAsync(cancel);
            var from = Later(after, await store.VerifiedAsync(cancel));
            var (rows, upTo) = await store.ScanLaggingAsync(from, MostRows, cancel);
            lock (_gate)
            {
                _found.Clear();
                for (var each = 0; each < Partitions.Count; each++) _found[each] = new(after, [], upTo);
                var seen = new HashSet<string>(StringComparer.Ordinal);
                foreach (var (at, of, stream) in rows)
                {
                    if (seen.Add(stream)) _found[of].Lagging.Add((at, stream));
                }
            }
            return Take(partition, after, limit)!.Value;
        }
        finally
        {
            _scanning.Release();
        }
    }

    /// <summary>Serves a partition from the last scan, once: what it has been told it is not told again without looking again.</summary>
    private LaggingHeads? Take(int partition, JournalPosition after, int limit)
    {
        lock (_gate)
        {
            if (!_found.TryGetValue(partition, out var found) || Compare(after, found.From) < 0) return null;
            var streams = new List<string>();
            foreach (var (at, stream) in found.Lagging)
            {
                if (Compare(at, after) <= 0) continue;
                if (streams.Count == limit)
                {
                    var before = at with { Row = at.Row - 1 };
                    _found[partition] = found with { From = before };
                    return new(streams, Compare(before, found.UpTo) < 0 ? before : found.UpTo);
                }
                streams.Add(stream);
            }
            _found.Remove(partition);
            return new(streams, Compare(after, found.UpTo) > 0 ? after : found.UpTo);
        }
    }

    private static JournalPosition Later(JournalPosition left, JournalPosition right) => Compare(left, right) >= 0 ? left : right;

    private static int Compare(JournalPosition left, JournalPosition right) => (left.Transaction, left.Row).CompareTo((right.Transaction, right.Row));
}

internal sealed partial class PostgresStore
{
    private ReaderCursor? _verified;

    internal async Task<(List<(JournalPosition At, int Partition, string Stream)> Rows, JournalPosition UpTo)> ScanLaggingAsync(JournalPosition after, int most, CancellationToken cancel)
    {
        var rows = new List<(JournalPosition, int, string)>();
        try
        {
            await using var connection = await _server.OpenOwnAsync(cancel);
            await using (var settings = Command(connection, "SET enable_seqscan = on")) await settings.ExecuteNonQueryAsync(cancel);    // this one may well want all heads
            ulong horizon;
            long floor;
            // The horizon first: what is below it now is visible to any later statement.
            await using (var command = Command(connection, "SELECT pg_snapshot_xmin(pg_current_snapshot()), coalesce((SELECT max(id) FROM journal_marks WHERE next_xid <= $1), 0)", Xid(after.Transaction)))
            await using (var reader = await command.ExecuteReaderAsync(cancel))
            {
                await reader.ReadAsync(cancel);
                (horizon, floor) = (reader.GetFieldValue<ulong>(0), reader.GetInt64(1));
            }
            await using var scan = Command(connection, """
                SELECT j.xid, j.id, j.partition, j.stream FROM journal j LEFT JOIN heads h ON h.partition = j.partition AND h.stream = j.stream
                WHERE j.id > $1 AND (j.xid, j.id) > ($2, $3) AND strpos($5, left(j.stream, 1)) > 0 AND (j.marked OR strpos($6, left(j.stream, 1)) = 0) AND (h.version IS NULL OR h.version < j.version)
                ORDER BY j.xid, j.id LIMIT $4
                """, floor, Xid(after.Transaction), after.Row, most, _options.KindsWithHeads, _options.KindsWithTails);
            scan.CommandTimeout = 600;
            await using var found = await scan.ExecuteReaderAsync(cancel);
            while (await found.ReadAsync(cancel)) rows.Add((At(found.GetFieldValue<ulong>(0), found.GetInt64(1)), found.GetInt16(2), found.GetString(3)));
            var upTo = Below(horizon);
            return (rows, rows.Count < most || rows[^1].Item1 > upTo ? upTo : rows[^1].Item1 with { Row = rows[^1].Item1.Row - 1 });
        }
        catch (Exception failed) when (PostgresErrors.IsTrouble(failed))
        {
            throw new JournalUnavailableException(PostgresErrors.Say(failed), failed);
        }
    }

    /// <summary>Up to which position every head is known to be written; every partition's search begins here at the earliest.</summary>
    internal async ValueTask<JournalPosition> VerifiedAsync(CancellationToken cancel)
    {
        if (_verified is { } known && known.Position.Epoch == Volatile.Read(ref _epoch)) return known.Position;
        return (_verified = await FreshVerifiedAsync(cancel)).Position;
    }

    /// <summary>Moves that mark up to the first row whose head is not written yet. Otherwise a crash after a month would have a month to search. Nodes take turns: who finds the mark moved leaves it.</summary>
    internal async Task VerifyHeadsAsync(CancellationToken cancel)
    {
        var cursor = await FreshVerifiedAsync(cancel);
        var last = _verified;
        _verified = cursor;
        if (last is not null && last.Revision != cursor.Revision) return;
        var (rows, upTo) = await ScanLaggingAsync(cursor.Position, 1, cancel);
        if (rows.Count > 0 && rows[0].At <= upTo) upTo = rows[0].At with { Row = rows[0].At.Row - 1 };
        if (upTo > cursor.Position && await SaveCursorAsync(cursor with { Position = upTo, RecordedAt = _clock.GetUtcNow() }, cancel)) _verified = cursor with { Position = upTo, Revision = cursor.Revision + 1 };
    }

    private async Task<ReaderCursor> FreshVerifiedAsync(CancellationToken cancel)
    {
        var cursor = await LoadCursorAsync("heads verified", 0, cancel);
        return cursor.Revision > 0 ? cursor : cursor with { Position = At(0, 0) };
    }
}
