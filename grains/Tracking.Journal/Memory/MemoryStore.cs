using System.Runtime.CompilerServices;
using Tracking.Contracts.Ports;

namespace Tracking.Journal.Memory;

/// <summary>
/// The journal as a few dictionaries: for tests and the simulator. Every call completes before it returns, nothing is random, and the same promises hold as on disk, erasure and
/// fencing included. The object outlives the silo that uses it, so a test can "restart" on it.
/// </summary>
public sealed class MemoryStore : JournalStore, IEventJournal, IHeadStore, IQuarantine, IGrainStateStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Stored>> _streams = new(StringComparer.Ordinal);
    private readonly List<Stored>[] _partitions = [.. Enumerable.Range(0, Partitions.Count).Select(static _ => new List<Stored>())];
    private readonly Dictionary<string, StreamHead> _heads = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StreamHead> _offered = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LinkRow> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Reader, int Partition), ReaderCursor> _cursors = [];
    private readonly Dictionary<(string Retailer, string Id), QuarantinedItem> _quarantine = [];
    private readonly Dictionary<(string Type, string Key), GrainStateRow> _states = [];
    private readonly Func<char, byte, bool> _knowsSnapshot;
    private long _epoch = 1, _rows;

    public MemoryStore(Func<char, byte, bool>? knowsSnapshot = null) => _knowsSnapshot = knowsSnapshot ?? (static (_, _) => true);

    /// <summary>False: an offered head is stored only by <see cref="FlushAsync"/>, and <see cref="LoseOfferedHeads"/> forgets it, as a crash would. Default true.</summary>
    public bool WritesHeadsAtOnce { get; set; } = true;

    /// <summary>As <see cref="StorageOptions.KindsWithHeads"/>.</summary>
    public string KindsWithHeads { get; set; } = new StorageOptions().KindsWithHeads;
    /// <summary>As <see cref="StorageOptions.KindsWithTails"/>.</summary>
    public string KindsWithTails { get; set; } = new StorageOptions().KindsWithTails;

    public override IEventJournal Journal => this;
    public override IHeadStore Heads => this;
    public override IQuarantine Quarantine => this;
    public override IGrainStateStore GrainState => this;
    public override string Description => "memory (nothing survives this process)";
    public override CancellationToken LockLost => CancellationToken.None;
    public override ValueTask<string?> PingAsync(CancellationToken cancel = default) => new((string?)null);
    public override ValueTask DisposeAsync() => FlushAsync();

    public override ValueTask RenewEpochAsync(CancellationToken cancel = default)
    {
        lock (_gate) _epoch++;
        return default;
    }

    /// <summary>What a crash does to heads that were offered and not yet written.</summary>
    public void LoseOfferedHeads()
    {
        lock (_gate) _offered.Clear();
    }

    public ValueTask AppendAsync(JournalAppend append, CancellationToken cancel = default)
    {
        if (cancel.IsCancellationRequested) return ValueTask.FromCanceled(cancel);
        AppendCheck.Check(append);
        lock (_gate)
        {
            if (!_streams.TryGetValue(append.Stream, out var rows)) _streams[append.Stream] = rows = [];
            var newest = rows.Count == 0 ? 0 : rows[^1].Version;
            if (append.Version <= newest) throw new JournalFencedException(append.Stream, append.Version);
            if (append.Version > newest + 1) throw new JournalRejectedException($"{append.Stream} has version {newest}; {append.Version} would leave a gap, so the caller has lost count.");
            var row = new Stored(append.Stream, append.Version, ++_rows, Micros.TruncateOffset(append.RecordedAt), append.Open.ToArray(), append.Personal.ToArray(), append.Marked);
            rows.Add(row);
            _partitions[Partitions.Of(append.Stream)].Add(row);
            foreach (var link in append.Links ?? []) _links.TryAdd(Convert.ToHexString(link.TokenHash.Span), link with { TokenHash = link.TokenHash.ToArray() });
        }
        return default;
    }

    public ValueTask<StreamState> LoadAsync(string stream, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            var head = _heads.GetValueOrDefault(stream);
            if (head is not null && !(head.Snapshot.Length > 0 && _knowsSnapshot(StreamName.Kind(stream), head.Snapshot.Span[0]))) head = null;
            var tail = _streams.GetValueOrDefault(stream, []).Where(row => row.Version > (head?.Version ?? 0)).Select(row => row.Closed(_epoch));
            return new(new StreamState(head, [.. tail]));
        }
    }

    public async IAsyncEnumerable<JournalRow> ReadAsync(string stream, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await ValueTask.CompletedTask;
        foreach (var row in Snapshot(() => _streams.GetValueOrDefault(stream, []))) yield return row;
    }

    public async IAsyncEnumerable<JournalRow> ReadAllAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        await ValueTask.CompletedTask;
        foreach (var partition in _partitions)
        {
            foreach (var row in Snapshot(() => partition)) yield return row;
        }
    }

    public ValueTask<PartitionPage> ReadMarkedAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            var from = RowAfter(after);
            var page = _partitions[partition].Where(row => row.Id > from && row.Marked).Take(limit).Select(row => row.Opened(_epoch)).ToList();
            return new(new PartitionPage(page, At(page.Count == limit ? page[^1].Position.Row : Math.Max(from, _rows))));
        }
    }

    public ValueTask<ReaderCursor> LoadCursorAsync(string reader, int partition, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            var cursor = _cursors.GetValueOrDefault((reader, partition)) ?? new(reader, partition, JournalPosition.Start, DateTimeOffset.UnixEpoch, 0);
            if (cursor.Position == JournalPosition.Start || cursor.Position.Epoch == _epoch) return new(cursor);
            var since = cursor.RecordedAt - TimeSpan.FromHours(1);
            var rows = _partitions[partition];
            var first = rows.FindIndex(row => row.RecordedAt >= since);
            return new(cursor with { Position = At(first >= 0 ? rows[first].Id - 1 : rows.Count > 0 ? rows[^1].Id : 0) });
        }
    }

    public ValueTask<bool> SaveCursorAsync(ReaderCursor cursor, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            if ((_cursors.GetValueOrDefault((cursor.Reader, cursor.Partition))?.Revision ?? 0) != cursor.Revision) return new(false);
            _cursors[(cursor.Reader, cursor.Partition)] = cursor with
            {
                Revision = cursor.Revision + 1,
                RecordedAt = Micros.TruncateOffset(cursor.RecordedAt),
                State = cursor.State.ToArray(),
            };
            return new(true);
        }
    }

    public ValueTask EraseAsync(string stream, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            foreach (var row in _streams.GetValueOrDefault(stream, [])) row.Erase();
            if (QuarantineSearch.Needle(stream) is not { } needle) return default;
            foreach (var (at, item) in _quarantine.Where(one => one.Key.Retailer == StreamName.Retailer(stream) && QuarantineSearch.Mentions(one.Value.Body.Span, needle)).ToList())
            {
                _quarantine[at] = item with { Body = default };
            }
        }
        return default;
    }

    public void Offer(StreamHead head)
    {
        var kept = head with
        {
            RecordedAt = Micros.TruncateOffset(head.RecordedAt),
            DueAt = head.DueAt is { } due ? Micros.TruncateOffset(due) : null,
            Snapshot = head.Snapshot.ToArray(),
            Summary = head.Summary.ToArray(),
        };
        lock (_gate) KeepNewest(WritesHeadsAtOnce ? _heads : _offered, kept);
    }

    public ValueTask FlushAsync(CancellationToken cancel = default)
    {
        lock (_gate)
        {
            foreach (var head in _offered.Values) KeepNewest(_heads, head);
            _offered.Clear();
        }
        return default;
    }

    public ValueTask<IReadOnlyList<DueStream>> DueAsync(int partition, DateTimeOffset now, int limit, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            var due = _heads.Values.Where(head => head.DueAt <= now && Partitions.Of(head.Stream) == partition)
                .OrderBy(head => head.DueAt).ThenBy(head => head.Stream, StringComparer.Ordinal).Take(limit).Select(head => new DueStream(head.Stream, head.Version, head.DueAt!.Value));
            return new([.. due]);
        }
    }

    public ValueTask<LaggingHeads> LaggingAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            foreach (var head in _offered.Values) KeepNewest(_heads, head);
            _offered.Clear();
            var from = RowAfter(after);
            var upTo = Math.Max(from, _rows);
            var streams = new HashSet<string>(StringComparer.Ordinal);
            foreach (var row in _partitions[partition].Where(row => row.Id > from && KindsWithHeads.Contains(StreamName.Kind(row.Stream)) && (row.Marked || !KindsWithTails.Contains(StreamName.Kind(row.Stream))) && (_heads.GetValueOrDefault(row.Stream)?.Version ?? 0) < row.Version))
            {
                if (streams.Count == limit && !streams.Contains(row.Stream))
                {
                    upTo = row.Id - 1;
                    break;
                }
                streams.Add(row.Stream);
            }
            return new(new LaggingHeads([.. streams], At(upTo)));
        }
    }

    public ValueTask<IReadOnlyList<StreamHead>> ListAsync(HeadQuery query, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            var heads = _heads.Values
                .Where(head => StreamName.Kind(head.Stream) == query.Kind && StreamName.Retailer(head.Stream) == query.Retailer)
                .Where(head => query.Statuses.Count == 0 || query.Statuses.Contains(head.Status))
                .Where(head => query.FlagsAny == 0 || (head.Flags & query.FlagsAny) != 0)
                .Where(head => query.Before is not { } before || head.RecordedAt < before)
                .Where(head => string.IsNullOrEmpty(query.StreamContains) || head.Stream.Contains(query.StreamContains, StringComparison.Ordinal))
                .OrderByDescending(head => head.RecordedAt).ThenBy(head => head.Stream, StringComparer.Ordinal).Take(query.Limit);
            return new([.. heads]);
        }
    }

    public ValueTask<LinkRow?> FindLinkAsync(ReadOnlyMemory<byte> tokenHash, CancellationToken cancel = default)
    {
        lock (_gate) return new(_links.GetValueOrDefault(Convert.ToHexString(tokenHash.Span)));
    }

    public ValueTask AddAsync(IReadOnlyList<QuarantinedItem> items, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            foreach (var item in items)
            {
                var clean = QuarantineRow.Clean(item);
                _quarantine.TryAdd((item.Retailer, item.Id), clean with { ReceivedAt = Micros.TruncateOffset(item.ReceivedAt), ReplayedAt = null, Body = item.Body.ToArray() });
            }
        }
        return default;
    }

    public ValueTask<IReadOnlyList<QuarantinedItem>> ListAsync(string retailer, DateTimeOffset? before, int limit, bool includeReplayed, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            var items = _quarantine.Values.Where(item => item.Retailer == retailer && (before is not { } at || item.ReceivedAt < at) && (includeReplayed || item.ReplayedAt is null))
                .OrderByDescending(item => item.ReceivedAt).ThenBy(item => item.Id, StringComparer.Ordinal).Take(limit).Select(item => item with { Body = default });
            return new([.. items]);
        }
    }

    public ValueTask<QuarantinedItem?> FindAsync(string retailer, string id, CancellationToken cancel = default)
    {
        lock (_gate) return new(_quarantine.GetValueOrDefault((retailer, id)));
    }

    public ValueTask<bool> MarkReplayedAsync(string retailer, string id, DateTimeOffset at, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            if (!_quarantine.TryGetValue((retailer, id), out var item) || item.ReplayedAt is not null) return new(false);
            _quarantine[(retailer, id)] = item with { ReplayedAt = Micros.TruncateOffset(at) };
            return new(true);
        }
    }

    public ValueTask<GrainStateRow?> GetAsync(string type, string key, CancellationToken cancel = default)
    {
        lock (_gate) return new(_states.GetValueOrDefault((type, key)));
    }

    public ValueTask<long?> PutAsync(string type, string key, ReadOnlyMemory<byte> data, long etag, CancellationToken cancel = default)
    {
        lock (_gate)
        {
            if ((_states.GetValueOrDefault((type, key))?.Etag ?? 0) != etag) return new((long?)null);
            _states[(type, key)] = new(etag + 1, data.ToArray());
            return new(etag + 1);
        }
    }

    public ValueTask<bool> DeleteAsync(string type, string key, long etag, CancellationToken cancel = default)
    {
        lock (_gate) return new(_states.GetValueOrDefault((type, key))?.Etag == etag && _states.Remove((type, key)));
    }

    private static void KeepNewest(Dictionary<string, StreamHead> heads, StreamHead head)
    {
        if (!heads.TryGetValue(head.Stream, out var known) || known.Version <= head.Version) heads[head.Stream] = head;
    }

    private List<JournalRow> Snapshot(Func<List<Stored>> rows)
    {
        lock (_gate) return [.. rows().Select(row => row.Opened(_epoch))];
    }

    private JournalPosition At(long row) => new(_epoch, 0, row);

    private long RowAfter(JournalPosition after) =>
        after == JournalPosition.Start || after.Epoch == _epoch ? after.Row
        : throw new InvalidOperationException("The position is of another life of this database; load the cursor again.");

    private sealed class Stored(string stream, int version, long id, DateTimeOffset recordedAt, byte[] open, byte[] personal, bool marked)
    {
        private byte[] _personal = personal;
        private byte[]? _sealed;
        private bool _erased;

        public string Stream => stream;
        public int Version => version;
        public long Id => id;
        public DateTimeOffset RecordedAt => recordedAt;
        public bool Marked => marked;

        public void Erase()
        {
            _erased |= _personal.Length > 0;
            _ = Sealed;
            _personal = [];
        }

        // Nothing is sealed here; a digest stands in for the bytes that a database keeps.
        private byte[] Sealed => _sealed ??= _personal.Length == 0 ? [] : System.Security.Cryptography.SHA256.HashData(_personal);

        public JournalRow Opened(long epoch) => new(stream, version, new(epoch, 0, id), recordedAt, open, _personal, marked, _erased) { Sealed = Sealed };

        public JournalRow Closed(long epoch) => new(stream, version, new(epoch, 0, id), recordedAt, open, default, marked, false);
    }
}
