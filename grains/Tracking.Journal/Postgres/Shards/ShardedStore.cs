using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Npgsql;
using Tracking.Contracts.Ports;

namespace Tracking.Journal.Postgres.Shards;

/// <summary>
/// The journal over several databases: each partition lives in one of them, with its rows, keys, links, heads and cursors. Quarantine, state of grains, and the map of who has what are at home. The map is
/// looked at every second; that two nodes may disagree for that long does no harm, because a database refuses rows of partitions that were moved away from it.
/// </summary>
internal sealed partial class ShardedStore : JournalStore, IEventJournal, IHeadStore
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly PostgresStore _home;
    private readonly Dictionary<string, Shard> _shards;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new(), _lost = new();
    private readonly List<CancellationTokenRegistration> _losing = [];
    private Task _looking = Task.CompletedTask;

    /// <summary>By partition; null is home.</summary>
    private volatile Shard?[] _map;
    private volatile HashSet<int> _moving;

    private ShardedStore(PostgresStore home, Dictionary<string, Shard> shards, Shard?[] map, HashSet<int> moving, TimeProvider clock, ILogger log)
    {
        (_home, _shards, _map, _moving, _clock, _log) = (home, shards, map, moving, clock, log);
        Listen(home);
        foreach (var shard in shards.Values)
        {
            shard.Opened = Listen;
            if (shard.Store is { } open) Listen(open);
        }
    }

    public override IEventJournal Journal => this;
    public override IHeadStore Heads => this;
    public override IQuarantine Quarantine => _home.Quarantine;
    public override IGrainStateStore GrainState => _home.GrainState;
    public override CancellationToken LockLost => _lost.Token;
    public override string Description => $"{_home.Description} and {string.Join(", ", _shards.Values.Select(static shard => $"{shard.Name} ({(shard.Store is { } open ? open.Description : "not reachable")})"))}";

    public static async Task<ShardedStore> OpenAsync(StorageOptions options, TimeProvider clock, ILogger log, CancellationToken cancel)
    {
        var readOnly = options.Access == StorageAccess.ReadOnly;
        var home = await PostgresStore.OpenAsync(options.For(ShardMap.Home, options.Postgres!), clock, log, cancel);
        var shards = new Dictionary<string, Shard>(StringComparer.Ordinal);
        try
        {
            await using var connection = await home.ConnectAsync(cancel);
            var system = await ShardMap.SystemAsync(connection, home.Place, readOnly, cancel);
            await ShardMap.IdentifyAsync(connection, ShardMap.Home, system, home.Place, readOnly, cancel);
            foreach (var (name, shard) in options.Shards) shards.Add(name, await Shard.OpenAsync(name, options.For(name, shard.Postgres!), system, clock, log, cancel));
            var map = await PlaceAsync(options, connection, readOnly, cancel);
            var store = new ShardedStore(home, shards, Resolve(map, shards), await ShardMap.MovingAsync(connection, cancel), clock, log);
            store._looking = store.LookAsync();
            return store;
        }
        catch (Exception failed)
        {
            foreach (var shard in shards.Values) await shard.DisposeAsync();
            await home.DisposeAsync();
            if (failed is StorageStartException or OperationCanceledException) throw;
            throw new StorageStartException($"The map of shards at {home.Place} cannot be read: {PostgresErrors.Say(failed)}", failed);
        }
    }

    // The database's word counts; the configuration speaks for partitions that hold nothing yet.
    private static async Task<Dictionary<int, string>> PlaceAsync(StorageOptions options, NpgsqlConnection home, bool readOnly, CancellationToken cancel)
    {
        var map = await ShardMap.ReadAsync(home, cancel);
        foreach (var (name, shard) in options.Shards)
        {
            _ = PartitionRanges.TryParse(shard.Partitions, out var wanted, out _);
            var fresh = wanted.Where(partition => !map.ContainsKey(partition)).ToArray();
            if (fresh.Length == 0) continue;
            var taken = new List<int>();
            await using (var command = new NpgsqlCommand("SELECT p FROM unnest($1) AS p WHERE EXISTS (SELECT FROM journal j WHERE j.partition = p) ORDER BY p", home) { Parameters = { new NpgsqlParameter { Value = fresh.Select(static p => (short)p).ToArray() } } })
            await using (var reader = await command.ExecuteReaderAsync(cancel))
            {
                while (await reader.ReadAsync(cancel)) taken.Add(reader.GetInt16(0));
            }
            if (taken.Count > 0)
            {
                throw new StorageStartException($"Storage:Shards:{name}:Partitions names {PartitionRanges.Format(taken)}, which hold shipments at home; move them by `shards move {PartitionRanges.Format(taken)} {name}`, or leave them out.");
            }
            if (readOnly) continue;
            await ShardMap.PlaceAsync(home, fresh, name, cancel);
            foreach (var partition in fresh) map[partition] = name;
        }
        return map;
    }

    private static Shard?[] Resolve(Dictionary<int, string> map, Dictionary<string, Shard> shards)
    {
        var missing = map.Where(entry => !shards.ContainsKey(entry.Value)).GroupBy(static entry => entry.Value, static entry => entry.Key).FirstOrDefault();
        if (missing is not null) throw new StorageStartException($"Partitions {PartitionRanges.Format(missing)} live on shard '{missing.Key}', which Storage:Shards does not name.");
        var resolved = new Shard?[Partitions.Count];
        foreach (var (partition, name) in map) resolved[partition] = shards[name];
        return resolved;
    }

    private async Task LookAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(LookAgain, _clock, _stopping.Token);
                try
                {
                    await using var connection = await _home.PooledAsync(_stopping.Token);
                    _map = Resolve(await ShardMap.ReadAsync(connection, _stopping.Token), _shards);
                    _moving = await ShardMap.MovingAsync(connection, _stopping.Token);
                }
                catch (Exception away) when (PostgresErrors.IsTrouble(away) || away is StorageStartException)
                {
                    LogMapKept(_log, away.Message);   // the last map is right, or its database refuses
                }
            }
        }
        catch (OperationCanceledException)
        {
            // stopping
        }
    }

    private void Listen(PostgresStore store) => _losing.Add(store.LockLost.Register(() => _lost.Cancel()));

    private PostgresStore Of(int partition) => _map[partition] is { } shard ? shard.Reach() : _home;

    private PostgresStore Of(string stream) => Of(Partitions.Of(stream));

    /// <summary>Every database that can be reached, with the shard it is (null: home).</summary>
    private IEnumerable<(Shard? Shard, PostgresStore Store)> Reachable() => _shards.Values.Where(static shard => shard.Store is not null).Select(static shard => ((Shard?)shard, shard.Store!)).Prepend((null, _home));

    // ---- the journal -----------------------------------------------------------------------------------------------------

    public ValueTask AppendAsync(JournalAppend append, CancellationToken cancel = default)
    {
        AppendCheck.Check(append);
        var partition = Partitions.Of(append.Stream);
        if (_moving.Contains(partition)) throw new JournalUnavailableException($"Partition {partition} is being moved to another database.");
        return Of(partition).AppendAsync(append, cancel);
    }

    public ValueTask<StreamState> LoadAsync(string stream, CancellationToken cancel = default) => Of(stream).LoadAsync(stream, cancel);

    public IAsyncEnumerable<JournalRow> ReadAsync(string stream, CancellationToken cancel = default) => Of(stream).ReadAsync(stream, cancel);

    public IAsyncEnumerable<JournalRow> ReadAllAsync(CancellationToken cancel = default) => ReadPartitionsAsync(0, Partitions.Count, personal: true, cancel);

    public IAsyncEnumerable<JournalRow> ReadOpenAsync(int from, int to, CancellationToken cancel = default) => ReadPartitionsAsync(from, to, personal: false, cancel);

    private async IAsyncEnumerable<JournalRow> ReadPartitionsAsync(int first, int end, bool personal, [EnumeratorCancellation] CancellationToken cancel)
    {
        var map = _map;
        for (var from = first; from < end;)
        {
            var to = from + 1;
            while (to < end && map[to] == map[from]) to++;
            await foreach (var row in (map[from] is { } shard ? shard.Reach() : _home).ReadPartitionsAsync(from, to, personal, cancel)) yield return row;
            from = to;
        }
    }

    public ValueTask<PartitionPage> ReadMarkedAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default) => Of(partition).ReadMarkedAsync(partition, Known(partition, after), limit, cancel);

    public ValueTask<ReaderCursor> LoadCursorAsync(string reader, int partition, CancellationToken cancel = default) => Of(partition).LoadCursorAsync(reader, partition, cancel);

    public ValueTask<bool> SaveCursorAsync(ReaderCursor cursor, CancellationToken cancel = default) => Of(cursor.Partition).SaveCursorAsync(cursor with { Position = Known(cursor.Partition, cursor.Position) }, cancel);

    public async ValueTask EraseAsync(string stream, CancellationToken cancel = default)
    {
        var store = Of(stream);
        await _home.EraseAsync(stream, cancel);   // quarantined bodies that mention it, and the list of erasures
        if (store != _home) await store.EraseAsync(stream, cancel);
    }

    // A position of another database: the partition was moved since. Its cursor, loaded again, resumes an hour back.
    private JournalPosition Known(int partition, JournalPosition position)
    {
        var here = Of(partition);
        if (position.Epoch == here.Epoch || !Reachable().Any(one => one.Store != here && one.Store.Epoch == position.Epoch)) return position;
        throw new JournalUnavailableException($"Partition {partition} was moved to another database; load the cursor again.");
    }

    // ---- heads -----------------------------------------------------------------------------------------------------------

    public void Offer(StreamHead head) => (_map[Partitions.Of(head.Stream)] is { } shard ? shard.Store : _home)?.Offer(head);

    public void Offer(IHeadSource head) => (_map[Partitions.Of(head.Stream)] is { } shard ? shard.Store : _home)?.Offer(head);

    public async ValueTask FlushAsync(CancellationToken cancel = default) => await Task.WhenAll(Reachable().Select(one => one.Store.FlushAsync(cancel).AsTask()));

    public ValueTask FlushAsync(int partition, CancellationToken cancel = default) => Of(partition).FlushAsync(cancel);

    public ValueTask<IReadOnlyList<DueStream>> DueAsync(int partition, DateTimeOffset now, int limit, CancellationToken cancel = default) => Of(partition).DueAsync(partition, now, limit, cancel);

    public ValueTask<LaggingHeads> LaggingAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default) => Of(partition).LaggingAsync(partition, Known(partition, after), limit, cancel);

    public async ValueTask<IReadOnlyList<StreamHead>> ListAsync(HeadQuery query, CancellationToken cancel = default)
    {
        var map = _map;
        var lists = await Task.WhenAll(Reachable().Select(async one =>
        {
            try { return (await one.Store.ListAsync(query, cancel)).Where(head => map[Partitions.Of(head.Stream)] == one.Shard); }   // what a move left behind is not its any more
            catch (JournalUnavailableException) when (one.Shard is not null) { return []; }   // a list of what can be reached
        }));
        return [.. lists.SelectMany(static heads => heads).OrderByDescending(static head => head.RecordedAt).ThenBy(static head => head.Stream, StringComparer.Ordinal).Take(query.Limit)];
    }

    public async ValueTask<LinkRow?> FindLinkAsync(ReadOnlyMemory<byte> tokenHash, CancellationToken cancel = default)
    {
        // A token does not say where its stream lives; all are asked.
        JournalUnavailableException? away = null;
        var found = await Task.WhenAll(_shards.Values.Select(static shard => shard.Store).Prepend(_home).Select(async store =>
        {
            try { return store is null ? throw new JournalUnavailableException("A shard cannot be reached.") : await store.FindLinkAsync(tokenHash, cancel); }
            catch (JournalUnavailableException refused) { away = refused; return null; }
        }));
        return found.FirstOrDefault(static link => link is not null) ?? (away is null ? null : throw away);
    }

    // ---- the whole -------------------------------------------------------------------------------------------------------

    /// <summary>The home database's answer: a shard that is away hurts its own partitions, and is no reason to send traffic to another node, which would not reach it either.</summary>
    public override ValueTask<string?> PingAsync(CancellationToken cancel = default) => _home.PingAsync(cancel);

    public override async ValueTask RenewEpochAsync(CancellationToken cancel = default)
    {
        foreach (var (_, store) in Reachable()) await store.RenewEpochAsync(cancel);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync();
        await _looking;
        foreach (var losing in _losing) await losing.DisposeAsync();
        foreach (var shard in _shards.Values) await shard.DisposeAsync();
        await _home.DisposeAsync();
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The map of shards could not be read and stays as it was: {Problem}")]
    private static partial void LogMapKept(ILogger log, string problem);
}
