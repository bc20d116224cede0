using System.Diagnostics;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Tracking.Journal.Postgres;

/// <summary>
/// One writer: whatever appends of its streams are queued, from all grains, become one statement and one flush. A stream always comes to the same writer. A row that is not stored is fenced and
/// fails alone; a row the server refuses is found by halving and fails alone.
/// </summary>
internal sealed class PostgresWriter(PostgresServer server, JournalOptions options, JournalMetrics metrics, KeyCache keys)
    : PostgresLoop<AppendRequest>(server, options.MaxBatch, Math.Max(1, options.QueueLimit / options.Writers), options.AnswerWithin)
{
    private Statements? _statements;

    protected override async Task PrepareAsync(NpgsqlConnection connection)
    {
        var statements = new Statements(connection);
        await statements.PrepareAsync();
        _statements = statements;
    }

    protected override void Refuse(AppendRequest request, JournalUnavailableException why)
    {
        metrics.Unavailable(1);
        request.Failed(why);
    }

    protected override async Task<bool> RunAsync(ArraySegment<AppendRequest> batch)
    {
        var statements = _statements!;
        var started = Stopwatch.GetTimestamp();
        var stamp = keys.Stamp;
        HashSet<string>? landed = null;
        Task? running = null;
        var committed = false;
        try
        {
            var inserting = statements.InsertAsync(batch);
            running = inserting;
            var (stored, xid) = await inserting.WaitAsync(AnswerWithin);
            committed = true;
            if (stored < batch.Count)
            {
                var finding = statements.FindLandedAsync(batch, xid);
                running = finding;
                landed = await finding.WaitAsync(AnswerWithin);
            }
        }
        catch (TimeoutException) when (running is { IsCompleted: false })
        {
            Unfinished = running;
            Unknown(batch, new JournalOutcomeUnknownException($"PostgreSQL did not answer within {AnswerWithin.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s; the append may be stored or not."));
            return false;
        }
        catch (PostgresException said) when (statements.IsOpen && !committed)
        {
            return await RefusedAsync(batch, said);
        }
        catch (Exception failed)
        {
            Unknown(batch, new JournalOutcomeUnknownException($"The connection broke before the answer; the append may be stored or not. {PostgresErrors.Say(failed)}", failed));
            return false;
        }
        Answer(batch, landed, started, stamp);
        return true;
    }

    /// <summary>The server rolled back and said why; the connection is fine.</summary>
    private async Task<bool> RefusedAsync(ArraySegment<AppendRequest> batch, PostgresException said)
    {
        if (PostgresErrors.IsUnavailable(said) || (batch.Count == 1 && !PostgresErrors.IsRowsFault(said)))
        {
            var why = new JournalUnavailableException(PostgresErrors.Say(said), said);
            foreach (var append in batch) Refuse(append, why);
            return true;
        }
        if (batch.Count == 1)
        {
            metrics.Rejected(1);
            batch[0].Failed(new JournalRejectedException(PostgresErrors.Say(said), said));
            return true;
        }
        var half = batch.Count / 2;
        if (await RunAsync(batch[..half])) return await RunAsync(batch[half..]);
        var lost = new JournalUnavailableException("The connection to PostgreSQL was lost.");
        foreach (var append in batch[half..]) Refuse(append, lost);
        return false;
    }

    private void Answer(ArraySegment<AppendRequest> batch, HashSet<string>? landed, long started, long stamp)
    {
        int stored = 0, fenced = 0;
        var oldest = long.MaxValue;
        foreach (var append in batch)
        {
            if (landed is not null && !landed.Contains(Statements.Name(append)))
            {
                fenced++;
                append.Failed(new JournalFencedException(append.Stream, append.Version));
                continue;
            }
            stored++;
            oldest = Math.Min(oldest, append.QueuedAt);
            if (append.NewKey is { } key) keys.Add(append.Stream, key, stamp);
            append.Stored();
        }
        if (stored > 0) metrics.Committed(stored, Stopwatch.GetElapsedTime(started).TotalSeconds, Stopwatch.GetElapsedTime(oldest).TotalSeconds);
        if (fenced > 0) metrics.Fenced(fenced);
    }

    private void Unknown(ArraySegment<AppendRequest> batch, JournalOutcomeUnknownException why)
    {
        metrics.Unknown(batch.Count);
        foreach (var append in batch) append.Abandoned(why);
    }

    /// <summary>
    /// The prepared statements of one connection, with lists that are filled again for every batch. Keys, rows and links go in this order and each in key order, on every node, so that two writers
    /// never wait for each other in a circle; the pipeline is one transaction.
    /// </summary>
    private sealed class Statements
    {
        // One small row comes back instead of every name: the count says whether all landed, and the transaction finds those that did when not all have.
        private const string InsertRows = """
            WITH stored AS (
                INSERT INTO journal (partition, stream, version, recorded_at, marked, open, sealed)
                SELECT r.partition, r.stream, r.version, r.recorded_at, r.marked, r.open, nullif(r.sealed, '')
                FROM unnest($1::smallint[], $2::text[], $3::integer[], $4::timestamptz[], $5::boolean[], $6::bytea[], $7::bytea[])
                    WITH ORDINALITY AS r (partition, stream, version, recorded_at, marked, open, sealed, n)
                ORDER BY r.partition, r.stream COLLATE "C", r.version, r.n
                ON CONFLICT DO NOTHING
                RETURNING 1)
            SELECT count(*)::integer, pg_current_xact_id() FROM stored
            """;

        private const string InsertKeys = """
            INSERT INTO stream_keys (partition, stream, key_id, secret)
            SELECT k.partition, k.stream, k.key_id, k.secret FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::bytea[]) AS k (partition, stream, key_id, secret)
            ORDER BY k.partition, k.stream COLLATE "C", k.key_id
            ON CONFLICT DO NOTHING
            """;

        // Links of a fenced append must not become findable: only those whose row this transaction wrote.
        private const string InsertLinks = """
            INSERT INTO links (token_hash, stream, audience, generation)
            SELECT l.token_hash, l.stream, l.audience, l.generation
            FROM unnest($1::smallint[], $2::text[], $3::integer[], $4::bytea[], $5::text[], $6::text[], $7::integer[]) AS l (partition, owner, version, token_hash, stream, audience, generation)
            WHERE EXISTS (SELECT FROM journal j WHERE j.partition = l.partition AND j.stream = l.owner AND j.version = l.version AND j.xid = pg_current_xact_id())
            ORDER BY l.token_hash
            ON CONFLICT DO NOTHING
            """;

        private const string FindLanded = """
            SELECT j.stream, j.version FROM unnest($1::smallint[], $2::text[], $3::integer[]) AS r (partition, stream, version)
            CROSS JOIN LATERAL (SELECT * FROM journal j WHERE j.partition = r.partition AND j.stream = r.stream AND j.version = r.version AND j.xid = $4 OFFSET 0) j
            """;

        private readonly NpgsqlConnection _connection;
        private readonly NpgsqlBatch[] _inserts;
        private readonly NpgsqlCommand _findLanded;
        private readonly NpgsqlParameter<ulong> _xid = new() { NpgsqlDbType = NpgsqlDbType.Xid8 };

        private readonly List<short> _partitions = [];
        private readonly List<string> _streams = [];
        private readonly List<int> _versions = [];
        private readonly List<DateTime> _recordedAt = [];
        private readonly List<bool> _marked = [];
        private readonly List<ReadOnlyMemory<byte>> _open = [], _sealed = [];

        private readonly List<short> _keyPartitions = [];
        private readonly List<string> _keyStreams = [];
        private readonly List<long> _keyIds = [];
        private readonly List<byte[]> _secrets = [];

        private readonly List<short> _linkPartitions = [];
        private readonly List<string> _linkOwners = [], _linkStreams = [], _linkAudiences = [];
        private readonly List<int> _linkVersions = [], _linkGenerations = [];
        private readonly List<ReadOnlyMemory<byte>> _tokenHashes = [];

        public Statements(NpgsqlConnection connection)
        {
            _connection = connection;
            _inserts = [Insert(false, false), Insert(true, false), Insert(false, true), Insert(true, true)];
            _findLanded = new NpgsqlCommand(FindLanded, connection) { Parameters = { Many(_partitions, NpgsqlDbType.Smallint), Many(_streams, NpgsqlDbType.Text), Many(_versions, NpgsqlDbType.Integer), _xid } };
        }

        public bool IsOpen => _connection.FullState == System.Data.ConnectionState.Open;

        public async Task PrepareAsync()
        {
            foreach (var insert in _inserts) await insert.PrepareAsync();
            await _findLanded.PrepareAsync();
        }

        public async Task<(int Stored, ulong Transaction)> InsertAsync(ArraySegment<AppendRequest> batch)
        {
            Fill(batch);
            var insert = _inserts[(_keyIds.Count > 0 ? 1 : 0) + (_linkOwners.Count > 0 ? 2 : 0)];
            await using var reader = await insert.ExecuteReaderAsync();
            await reader.ReadAsync();
            var result = (reader.GetInt32(0), reader.GetFieldValue<ulong>(1));
            while (await reader.NextResultAsync())
            {
                // Until the server says it is ready for the next query nothing is committed.
            }
            return result;
        }

        public async Task<HashSet<string>> FindLandedAsync(ArraySegment<AppendRequest> batch, ulong transaction)
        {
            _xid.TypedValue = transaction;
            var landed = new HashSet<string>(batch.Count, StringComparer.Ordinal);
            await using var reader = await _findLanded.ExecuteReaderAsync();
            while (await reader.ReadAsync()) landed.Add(Name(reader.GetString(0), reader.GetInt32(1)));
            // Two of the batch may want the same version of one stream: the statement stores the first.
            var first = new HashSet<string>(batch.Count, StringComparer.Ordinal);
            foreach (var append in batch) append.IsFenced = !first.Add(Name(append));
            return landed;
        }

        public static string Name(AppendRequest append) => append.IsFenced ? "" : Name(append.Stream, append.Version);

        private static string Name(string stream, int version) => string.Create(CultureInfo.InvariantCulture, $"{version}|{stream}");

        private NpgsqlBatch Insert(bool withKeys, bool withLinks)
        {
            var batch = new NpgsqlBatch(_connection);
            if (withKeys)
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand(InsertKeys)
                {
                    Parameters = { Many(_keyPartitions, NpgsqlDbType.Smallint), Many(_keyStreams, NpgsqlDbType.Text), Many(_keyIds, NpgsqlDbType.Bigint), Many(_secrets, NpgsqlDbType.Bytea) },
                });
            }
            batch.BatchCommands.Add(new NpgsqlBatchCommand(InsertRows)
            {
                Parameters =
                {
                    Many(_partitions, NpgsqlDbType.Smallint), Many(_streams, NpgsqlDbType.Text), Many(_versions, NpgsqlDbType.Integer), Many(_recordedAt, NpgsqlDbType.TimestampTz),
                    Many(_marked, NpgsqlDbType.Boolean), Many(_open, NpgsqlDbType.Bytea), Many(_sealed, NpgsqlDbType.Bytea),
                },
            });
            if (withLinks)
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand(InsertLinks)
                {
                    Parameters =
                    {
                        Many(_linkPartitions, NpgsqlDbType.Smallint), Many(_linkOwners, NpgsqlDbType.Text), Many(_linkVersions, NpgsqlDbType.Integer), Many(_tokenHashes, NpgsqlDbType.Bytea),
                        Many(_linkStreams, NpgsqlDbType.Text), Many(_linkAudiences, NpgsqlDbType.Text), Many(_linkGenerations, NpgsqlDbType.Integer),
                    },
                });
            }
            return batch;
        }

        private void Fill(ArraySegment<AppendRequest> batch)
        {
            _partitions.Clear();
            _streams.Clear();
            _versions.Clear();
            _recordedAt.Clear();
            _marked.Clear();
            _open.Clear();
            _sealed.Clear();
            _keyPartitions.Clear();
            _keyStreams.Clear();
            _keyIds.Clear();
            _secrets.Clear();
            _linkPartitions.Clear();
            _linkOwners.Clear();
            _linkVersions.Clear();
            _tokenHashes.Clear();
            _linkStreams.Clear();
            _linkAudiences.Clear();
            _linkGenerations.Clear();
            foreach (var append in batch)
            {
                _partitions.Add((short)append.Partition);
                _streams.Add(append.Stream);
                _versions.Add(append.Version);
                _recordedAt.Add(append.RecordedAt);
                _marked.Add(append.Marked);
                _open.Add(append.Open);
                _sealed.Add(append.Sealed);
                if (append.NewKey is { } key)
                {
                    _keyPartitions.Add((short)append.Partition);
                    _keyStreams.Add(append.Stream);
                    _keyIds.Add(key.Id);
                    _secrets.Add(key.Secret);
                }
                for (var i = 0; i < append.Links.Count; i++)
                {
                    var link = append.Links[i];
                    _linkPartitions.Add((short)append.Partition);
                    _linkOwners.Add(append.Stream);
                    _linkVersions.Add(append.Version);
                    _tokenHashes.Add(link.TokenHash);
                    _linkStreams.Add(link.Stream);
                    _linkAudiences.Add(link.Audience);
                    _linkGenerations.Add(link.Generation);
                }
            }
        }

        private static NpgsqlParameter<List<T>> Many<T>(List<T> values, NpgsqlDbType element) => new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | element };
    }
}
