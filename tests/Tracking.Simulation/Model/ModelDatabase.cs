using Tracking.Journal;

namespace Tracking.Simulation.Model;

/// <summary>
/// A database server in a few lists, after PostgreSQL: transactions have numbers, begin and commit in different orders, land after their client was told
/// that nobody knows, and are seen by readers only up to the oldest one still open. It outlives every process that uses it.
/// </summary>
internal sealed class ModelDatabase
{
    private readonly Dictionary<string, List<StoredRow>> _streams = new(StringComparer.Ordinal);
    private readonly List<StoredRow>[] _partitions = [.. Enumerable.Range(0, Partitions.Count).Select(static _ => new List<StoredRow>())];
    private readonly Dictionary<string, StreamHead> _heads = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LinkRow> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Reader, int Partition), ReaderCursor> _cursors = [];
    private readonly SortedSet<long> _open = [];
    private long _transactions, _rows;

    /// <summary>What is wrong with the database itself; only the planted faults set it.</summary>
    public PlantedFault Planted { get; init; }

    /// <summary>Told of each row as it commits.</summary>
    public Action<StoredRow> Committed { get; set; } = static _ => { };

    /// <summary>Told of each head that was written, with the one it replaces.</summary>
    public Action<StreamHead?, StreamHead> HeadWritten { get; set; } = static (_, _) => { };

    public IReadOnlyDictionary<string, List<StoredRow>> Streams => _streams;
    public IReadOnlyDictionary<string, StreamHead> Heads => _heads;
    public IEnumerable<StoredRow> Rows => _partitions.SelectMany(static rows => rows);

    public int VersionOf(string stream) => _streams.TryGetValue(stream, out var rows) ? rows[^1].Version : 0;

    // ---- transactions ----------------------------------------------------------------------------------------------------

    /// <summary>Begins a transaction: from now on readers stop before it.</summary>
    public long Begin()
    {
        _open.Add(++_transactions);
        return _transactions;
    }

    public void Abort(long transaction) => _open.Remove(transaction);

    /// <summary>Commits one row. False: the stream has the version already, and nothing was stored.</summary>
    public bool Commit(long transaction, JournalAppend append)
    {
        _open.Remove(transaction);
        if (!_streams.TryGetValue(append.Stream, out var rows)) _streams[append.Stream] = rows = [];
        var newest = rows.Count == 0 ? 0 : rows[^1].Version;
        if (append.Version <= newest && Planted != PlantedFault.NoUniqueIndex)
        {
            if (rows.Count == 0) _streams.Remove(append.Stream);
            return false;
        }
        var row = new StoredRow(append.Stream, append.Version, transaction, ++_rows, append.RecordedAt, append.Open.ToArray(), append.Personal.ToArray(), append.Marked);
        rows.Add(row);
        var partition = _partitions[Partitions.Of(append.Stream)];
        var at = partition.Count;
        while (at > 0 && partition[at - 1].Position > row.Position) at--;
        partition.Insert(at, row);
        foreach (var link in append.Links ?? []) _links.TryAdd(Convert.ToHexString(link.TokenHash.Span), link);
        Committed(row);
        return true;
    }

    // Nothing at or above the oldest open transaction is shown to a reader in order.
    private long Horizon => Planted == PlantedFault.CursorSkipsLateCommits || _open.Count == 0 ? _transactions + 1 : _open.Min;

    // ---- reading ---------------------------------------------------------------------------------------------------------

    public StreamState Load(string stream)
    {
        var head = _heads.GetValueOrDefault(stream);
        if (head is { Snapshot.IsEmpty: true }) head = null;   // nothing to start from: all rows are read
        var rows = _streams.GetValueOrDefault(stream);
        if (rows is null) return new StreamState(head, []);
        var tail = new List<JournalRow>();
        foreach (var row in rows)
            if (row.Version > (head?.Version ?? 0))
                tail.Add(row.Read(closed: true));
        return new StreamState(head, tail);
    }

    public List<JournalRow> Read(string stream) => _streams.TryGetValue(stream, out var rows) ? rows.ConvertAll(static row => row.Read(closed: false)) : [];

    public PartitionPage ReadMarked(int partition, JournalPosition after, int limit)
    {
        var page = new List<JournalRow>();
        var horizon = Horizon;
        for (var i = After(partition, after); i < _partitions[partition].Count; i++)
        {
            var row = _partitions[partition][i];
            if (!row.Marked) continue;
            if (row.Transaction >= horizon || page.Count == limit) break;
            page.Add(row.Read(closed: false));
        }
        var upTo = page.Count == limit ? page[^1].Position : Max(after, new JournalPosition(1, horizon - 1, long.MaxValue));
        return new PartitionPage(page, upTo);
    }

    public LaggingHeads Lagging(int partition, JournalPosition after, int limit)
    {
        var horizon = Horizon;
        var streams = new List<string>();
        var upTo = Max(after, new JournalPosition(1, horizon - 1, long.MaxValue));
        for (var i = After(partition, after); i < _partitions[partition].Count; i++)
        {
            var row = _partitions[partition][i];
            if (row.Stream[0] is not ('s' or 'o') || (row.Stream[0] == 's' && !row.Marked) || (_heads.GetValueOrDefault(row.Stream)?.Version ?? 0) >= row.Version) continue;
            if (row.Transaction >= horizon) break;
            if (streams.Contains(row.Stream)) continue;
            if (streams.Count == limit)
            {
                upTo = new JournalPosition(1, row.Transaction, row.Id - 1);
                break;
            }
            streams.Add(row.Stream);
        }
        return new LaggingHeads(streams, upTo);
    }

    public IReadOnlyList<DueStream> Due(int partition, DateTimeOffset now, int limit)
    {
        var due = new List<DueStream>();
        foreach (var head in _heads.Values)
            if (head.DueAt <= now && Partitions.Of(head.Stream) == partition)
                due.Add(new DueStream(head.Stream, head.Version, head.DueAt!.Value));
        due.Sort(static (a, b) => a.DueAt != b.DueAt ? a.DueAt.CompareTo(b.DueAt) : string.CompareOrdinal(a.Stream, b.Stream));
        return due.Count > limit ? due.GetRange(0, limit) : due;
    }

    public LinkRow? Link(ReadOnlyMemory<byte> hash) => _links.GetValueOrDefault(Convert.ToHexString(hash.Span));

    private int After(int partition, JournalPosition after)
    {
        var rows = _partitions[partition];
        var at = rows.Count;
        while (at > 0 && rows[at - 1].Position > after) at--;
        return at;
    }

    // ---- heads and cursors -----------------------------------------------------------------------------------------------

    public void WriteHead(StreamHead head)
    {
        var known = _heads.GetValueOrDefault(head.Stream);
        if (Planted != PlantedFault.VersionCheckDropped && known?.Version > head.Version) return;
        _heads[head.Stream] = head;
        HeadWritten(known, head);
    }

    public ReaderCursor Cursor(string reader, int partition)
        => _cursors.GetValueOrDefault((reader, partition)) ?? new ReaderCursor(reader, partition, JournalPosition.Start, DateTimeOffset.UnixEpoch, 0);

    public bool SaveCursor(ReaderCursor cursor)
    {
        if (Cursor(cursor.Reader, cursor.Partition).Revision != cursor.Revision) return false;
        _cursors[(cursor.Reader, cursor.Partition)] = cursor with { Revision = cursor.Revision + 1, State = cursor.State.ToArray() };
        return true;
    }

    private static JournalPosition Max(JournalPosition a, JournalPosition b) => a > b ? a : b;
}

/// <summary>A row as it lies on the disk.</summary>
internal sealed record StoredRow(string Stream, int Version, long Transaction, long Id, DateTimeOffset RecordedAt, byte[] Open, byte[] Personal, bool Marked)
{
    public JournalPosition Position => new(1, Transaction, Id);

    public JournalRow Read(bool closed) => new(Stream, Version, Position, RecordedAt, Open, closed ? default : Personal, Marked, false);
}
