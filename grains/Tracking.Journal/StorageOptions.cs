using Microsoft.Extensions.Configuration;
using Tracking.Journal.Postgres.Shards;

namespace Tracking.Journal;

/// <summary>Who else may use the same database while this process does.</summary>
public enum StorageAccess
{
    /// <summary>Nobody: the embedded runtime keeps every grain in one process. A second process is refused.</summary>
    Exclusive,

    /// <summary>Other processes that also say <c>Shared</c>: an Orleans cluster on PostgreSQL. Refused while an embedded process holds the database.</summary>
    Shared,

    /// <summary>Only looks: no lock, no migration, every write answers <see cref="JournalUnavailableException"/>. For <c>export</c> beside a running server.</summary>
    ReadOnly,
}

/// <summary>Where the truth is stored (section <c>Storage</c>) and how it is written (section <c>Journal</c>).</summary>
public sealed class StorageOptions
{
    /// <summary>An Npgsql connection string. Default: none. Set, it wins over <see cref="Sqlite"/>.</summary>
    public string? Postgres { get; set; }

    /// <summary>
    /// Further PostgreSQL databases by name, each with the partitions that live there from the beginning. Default none: everything is in <see cref="Postgres"/>, which stays the home of the rest. Partitions that hold
    /// something are moved by the command <c>shards move</c>.
    /// </summary>
    public Dictionary<string, ShardOptions> Shards { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Path of the SQLite database file; its folder is made when missing. Default <c>data/tracking.db</c>: the one-command start needs no server.</summary>
    public string Sqlite { get; set; } = "data/tracking.db";

    /// <summary>Accepts a PostgreSQL with <c>fsync</c>, <c>full_page_writes</c> or <c>synchronous_commit</c> off. Default false: an ack means flushed. For benchmarks of everything but the disk.</summary>
    public bool AllowUnsafe { get; set; }

    /// <summary>How far this machine's clock may be from PostgreSQL's when it starts, in seconds. Default 5: lateness of scans and signs of life of nodes are judged by these clocks.</summary>
    public double MaxClockSkewSeconds { get; set; } = 5;

    /// <summary>Who else may use the database. Default <see cref="StorageAccess.Exclusive"/>: two embedded processes would each believe they own every shipment.</summary>
    public StorageAccess Access { get; set; } = StorageAccess.Exclusive;

    /// <summary>What this database is called in metrics and messages. Default <c>postgres</c>; a shard's own name where there are several.</summary>
    internal string Name { get; set; } = Alone;

    internal const string Alone = "postgres";

    public JournalOptions Journal { get; set; } = new();

    /// <summary>
    /// Says whether this code can read a head's snapshot, by the stream's kind (its first letter) and the snapshot's first byte. A head it cannot read counts as
    /// absent, and the whole stream is read instead. Default: every format is known.
    /// </summary>
    public Func<char, byte, bool> KnowsSnapshot { get; set; } = static (_, _) => true;

    /// <summary>Kinds of stream (first letters) whose owner offers heads. Default <c>skom</c>: shipments and their cases, orders, messages to promotion systems. Rows of other kinds are never taken for a lost head.</summary>
    public string KindsWithHeads { get; set; } = "skom";

    /// <summary>
    /// Of those, the kinds whose unmarked rows may stay above their head: what they change no list and no sweep looks at, and an activation reads them from the tail. Only a
    /// marked row above the head means a lost head. Default <c>s</c>, shipments: a head is dearer to write than the row it follows.
    /// </summary>
    public string KindsWithTails { get; set; } = "s";

    /// <summary>Reads the sections <c>Storage</c> and <c>Journal</c>.</summary>
    public static StorageOptions From(IConfiguration configuration)
    {
        var options = new StorageOptions();
        configuration.GetSection("Storage").Bind(options);
        configuration.GetSection("Journal").Bind(options.Journal);
        return options;
    }

    /// <summary>The connection strings of every PostgreSQL these options name.</summary>
    public IEnumerable<string> Databases() => Shards.Values.Select(static shard => shard.Postgres).Prepend(Postgres).OfType<string>().Where(static database => !string.IsNullOrWhiteSpace(database));

    /// <summary>The same options for one of several databases.</summary>
    internal StorageOptions For(string name, string postgres) => new()
    {
        Name = name, Postgres = postgres, AllowUnsafe = AllowUnsafe, MaxClockSkewSeconds = MaxClockSkewSeconds, Access = Access, Journal = Journal, KnowsSnapshot = KnowsSnapshot, KindsWithHeads = KindsWithHeads,
    };

    /// <summary>Everything wrong with the options, one sentence each; empty when they are usable.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(Postgres) && string.IsNullOrWhiteSpace(Sqlite)) problems.Add("Storage:Postgres and Storage:Sqlite are both empty; name one of them.");
        if (string.IsNullOrWhiteSpace(Postgres) && Access == StorageAccess.Shared) problems.Add("Several processes cannot share a SQLite file; set Storage:Postgres.");
        if (MaxClockSkewSeconds is not (>= 0.5 and <= 600)) problems.Add("Storage:MaxClockSkewSeconds must be between 0.5 and 600.");
        var placed = new Dictionary<int, string>();
        foreach (var (name, shard) in Shards)
        {
            if (name == ShardMap.Home || name.Length > 40 || !name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')) problems.Add($"Storage:Shards:{name}: a name is 1 to 40 of a-z, 0-9 and hyphen, and not 'home'.");
            if (string.IsNullOrWhiteSpace(shard.Postgres)) problems.Add($"Storage:Shards:{name}:Postgres is empty; it is the shard's connection string.");
            if (!PartitionRanges.TryParse(shard.Partitions, out var partitions, out var wrong)) problems.Add($"Storage:Shards:{name}:Partitions: {wrong}.");
            foreach (var twice in partitions.Where(partition => !placed.TryAdd(partition, name)).GroupBy(partition => placed[partition])) problems.Add($"Storage:Shards:{name}:Partitions names {PartitionRanges.Format(twice)}, which {twice.Key} has too.");
        }
        if (Shards.Count > 0 && string.IsNullOrWhiteSpace(Postgres)) problems.Add("Storage:Shards needs Storage:Postgres: the home of the map, of quarantine, and of every other partition.");
        foreach (var same in Databases().GroupBy(static database => database).Where(static same => same.Count() > 1)) problems.Add("Storage:Shards names one database twice.");
        Range("MaxBatch", Journal.MaxBatch, 1, 10_000);
        Range("Writers", Journal.Writers, 1, 64);
        Range("QueueLimit", Journal.QueueLimit, 1, 1_000_000);
        Range("MaxLoadBatch", Journal.MaxLoadBatch, 1, 10_000);
        Range("Loaders", Journal.Loaders, 1, 64);
        Range("HeadBuffer", Journal.HeadBuffer, 1, 10_000_000);
        Range("MaxHeadBatch", Journal.MaxHeadBatch, 1, 10_000);
        Range("KeyCache", Journal.KeyCache, 0, 10_000_000);
        if (Journal.AnswerWithin < TimeSpan.FromMilliseconds(100) || Journal.AnswerWithin > TimeSpan.FromMinutes(1)) problems.Add("Journal:AnswerWithin must be between 00:00:00.1 and 00:01:00.");
        if (Journal.HeadFlushEvery < TimeSpan.FromMilliseconds(1) || Journal.HeadFlushEvery > TimeSpan.FromMinutes(1)) problems.Add("Journal:HeadFlushEvery must be between 00:00:00.001 and 00:01:00.");
        if (Journal.HeadGather < TimeSpan.Zero || Journal.HeadGather > TimeSpan.FromMinutes(1)) problems.Add("Journal:HeadGather must be between 00:00:00 and 00:01:00.");
        return problems;

        void Range(string name, int value, int from, int to)
        {
            if (value < from || value > to) problems.Add($"Journal:{name} is {value}; it must be between {from} and {to}.");
        }
    }
}

/// <summary>One further database. Section <c>Storage:Shards:{name}</c>.</summary>
public sealed class ShardOptions
{
    /// <summary>Its Npgsql connection string. An empty database becomes the shard of this name at the first start, and is refused under any other.</summary>
    public string? Postgres { get; set; }

    /// <summary>Partitions (0 to 255) that live here from the beginning, such as <c>128-191,200</c>. Default none: <c>shards move</c> brings some.</summary>
    public string Partitions { get; set; } = "";
}

/// <summary>How appends, loads and heads are batched. The defaults were measured on the 2-core build machine (README.md).</summary>
public sealed class JournalOptions
{
    /// <summary>Appends per statement, at most. Default 500: beyond it the rate no longer grows and the wait does. 1 is the reference "one statement per scan".</summary>
    public int MaxBatch { get; set; } = 500;

    /// <summary>Writer loops (PostgreSQL connections). Default 2: one fills while the other flushes; a third only makes the batches smaller. SQLite has one.</summary>
    public int Writers { get; set; } = 2;

    /// <summary>Appends waiting over all writers, at most. Default 20,000: about 10 MB, well under a second of work. A full queue answers at once with <see cref="JournalUnavailableException"/>.</summary>
    public int QueueLimit { get; set; } = 20_000;

    /// <summary>
    /// How long one statement or connect may take before its callers are answered that the store is unavailable or the outcome unknown. Default 1.5 s: an answer while
    /// PostgreSQL hangs must come within 2 s.
    /// </summary>
    public TimeSpan AnswerWithin { get; set; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Streams read for activation per query, at most. Default 256.</summary>
    public int MaxLoadBatch { get; set; } = 256;

    /// <summary>Loops that read streams for activation. Default 2.</summary>
    public int Loaders { get; set; } = 2;

    /// <summary>Pause between two flushes of heads. Default 200 ms: heads of busy shipments are conflated meanwhile; lists and sweeps can wait that long.</summary>
    public TimeSpan HeadFlushEvery { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Pause after a flush of a thousand heads or more. Default 5 s: several scans of a parcel become one write; a crash costs the same rows again, from the journal. No shorter than <see cref="HeadFlushEvery"/>.</summary>
    public TimeSpan HeadGather { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Heads that wait to be written before a flush is urgent. Default 60,000: they are made when written, so waiting costs about 100 bytes each. At eight times as many, heads of further streams are dropped and counted: the journal still has them.</summary>
    public int HeadBuffer { get; set; } = 60_000;

    /// <summary>Heads per statement, at most. Default 500.</summary>
    public int MaxHeadBatch { get; set; } = 500;

    /// <summary>Stream keys kept in memory, at most. Default 200,000: about 25 MB. A miss costs nothing but a second key for the stream.</summary>
    public int KeyCache { get; set; } = 200_000;
}
