using Npgsql;
using NpgsqlTypes;

namespace Tracking.Journal.Postgres;

/// <summary>One stream somebody wants to activate.</summary>
internal sealed class LoadRequest(string stream)
{
    private bool _again;
    private readonly TaskCompletionSource<StreamState> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Stream { get; } = stream;
    public StreamHead? Head { get; set; }
    public List<JournalRow> Tail { get; private set; } = [];

    /// <summary>Once more, on another connection. False the second time.</summary>
    public bool Again()
    {
        if (_again) return false;
        _again = true;
        Head = null;
        Tail = [];
        return true;
    }

    public Task<StreamState> Task => _answer.Task;
    public void Loaded() => _answer.TrySetResult(new(Head, Tail));
    public void Failed(Exception exception) => _answer.TrySetException(exception);
}

/// <summary>
/// Reads streams for activation, many in one round trip: their heads, the rows above them and a key each, pipelined in one snapshot. Most scans of a peak hit a parcel nobody has touched for hours, so this is a hot path.
/// </summary>
internal sealed class PostgresLoader(PostgresServer server, StorageOptions options, JournalMetrics metrics, KeyCache keys, Func<long> epoch)
    : PostgresLoop<LoadRequest>(server, options.Journal.MaxLoadBatch, Math.Max(1, options.Journal.QueueLimit / options.Journal.Loaders), options.Journal.AnswerWithin)
{
    // Head, key and tail of each stream in one statement, so that they are of one moment; OFFSET 0 keeps each look-up a look-up: without statistics the planner would rather read whole tables.
    // As three statements it was one more look-up per stream (the tail asked for the head's version again) and three answers to wait for.
    private const string Streams = $"""
        SELECT w.n, {PostgresStore.HeadColumns}, k.key_id, k.secret, j.id, j.xid, j.version, j.recorded_at, j.marked, j.open
        FROM unnest($1::smallint[], $2::text[]) WITH ORDINALITY AS w (partition, stream, n)
        LEFT JOIN LATERAL (SELECT * FROM heads h WHERE h.partition = w.partition AND h.stream = w.stream OFFSET 0) h ON true
        LEFT JOIN LATERAL (SELECT * FROM stream_keys k WHERE k.partition = w.partition AND k.stream = w.stream LIMIT 1) k ON true
        LEFT JOIN LATERAL (
            SELECT * FROM journal j WHERE j.partition = w.partition AND j.stream = w.stream AND j.version > coalesce(h.version, 0) ORDER BY j.version OFFSET 0) j ON true
        """;
    private const int KeyColumn = 9, RowColumn = 11;

    private const string WholeStreams = """
        SELECT w.n, j.id, j.xid, j.version, j.recorded_at, j.marked, j.open FROM unnest($1::smallint[], $2::text[]) WITH ORDINALITY AS w (partition, stream, n)
        CROSS JOIN LATERAL (SELECT * FROM journal j WHERE j.partition = w.partition AND j.stream = w.stream ORDER BY j.version OFFSET 0) j
        """;

    private List<short> _partitions = [];
    private List<string> _streams = [];
    private NpgsqlCommand? _load;
    private NpgsqlCommand? _whole;
    private NpgsqlConnection? _connection;

    protected override async Task PrepareAsync(NpgsqlConnection connection)
    {
        await using (var settings = new NpgsqlCommand("SET default_transaction_isolation = 'repeatable read'; SET default_transaction_read_only = on", connection))
        {
            await settings.ExecuteNonQueryAsync();
        }
        // Lists of their own: a statement that was given up may still be reading the old ones.
        (_partitions, _streams) = ([], []);
        _connection = connection;
        _load = new NpgsqlCommand(Streams, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<List<short>> { TypedValue = _partitions, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint },
                new NpgsqlParameter<List<string>> { TypedValue = _streams, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
            },
        };
        _whole = new NpgsqlCommand(WholeStreams, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<List<short>> { TypedValue = _partitions, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint },
                new NpgsqlParameter<List<string>> { TypedValue = _streams, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
            },
        };
        await _load.PrepareAsync();
        await _whole.PrepareAsync();
    }

    protected override void Refuse(LoadRequest request, JournalUnavailableException why) => request.Failed(why);

    protected override async Task<bool> RunAsync(ArraySegment<LoadRequest> batch)
    {
        var loading = LoadAsync(batch);
        try
        {
            await loading.WaitAsync(AnswerWithin);
        }
        catch (TimeoutException timeout) when (!loading.IsCompleted)
        {
            Unfinished = loading;
            Fail(batch, timeout);
            return false;
        }
        catch (Exception failed)
        {
            var open = failed is PostgresException said && !PostgresErrors.EndsConnection(said) && _connection!.FullState == System.Data.ConnectionState.Open;
            if (open) Fail(batch, failed);
            else Retry(batch, failed);
            return open;
        }
        metrics.Loaded(batch.Count);
        foreach (var request in batch) request.Loaded();
        return true;
    }

    private async Task LoadAsync(ArraySegment<LoadRequest> batch)
    {
        Fill(batch);
        var stamp = keys.Stamp;
        var whole = new List<LoadRequest>();
        await using (var reader = await _load!.ExecuteReaderAsync())
        {
            var life = epoch();
            while (await reader.ReadAsync())
            {
                var request = batch[(int)reader.GetInt64(0) - 1];
                // A stream with a tail of several rows repeats its head and key with each.
                if (request.Tail.Count == 0)
                {
                    if (!reader.IsDBNull(1))
                    {
                        var head = PostgresStore.Head(reader, 1);
                        if (head.Snapshot.Length > 0 && options.KnowsSnapshot(StreamName.Kind(head.Stream), head.Snapshot.Span[0])) request.Head = head;
                        else whole.Add(request);
                    }
                    if (!reader.IsDBNull(KeyColumn)) keys.Add(request.Stream, new(reader.GetInt64(KeyColumn), reader.GetFieldValue<byte[]>(KeyColumn + 1)), stamp);
                }
                if (!reader.IsDBNull(RowColumn)) request.Tail.Add(Row(reader, request, life, RowColumn));
            }
            InOrder(batch);
        }
        if (whole.Count == 0) return;

        foreach (var request in whole) request.Tail.Clear();
        Fill(whole.ToArray());
        await using (var reader = await _whole!.ExecuteReaderAsync()) await ReadRowsAsync(reader, whole.ToArray());
    }

    private async Task ReadRowsAsync(NpgsqlDataReader reader, ArraySegment<LoadRequest> batch)
    {
        var life = epoch();
        while (await reader.ReadAsync())
        {
            var request = batch[(int)reader.GetInt64(0) - 1];
            request.Tail.Add(Row(reader, request, life, 1));
        }
        InOrder(batch);
    }

    private static JournalRow Row(NpgsqlDataReader reader, LoadRequest request, long life, int from) => new(
        request.Stream, reader.GetInt32(from + 2), new(life, (long)reader.GetFieldValue<ulong>(from + 1), reader.GetInt64(from)), new(reader.GetDateTime(from + 3)),
        reader.GetFieldValue<byte[]>(from + 5), default, reader.GetBoolean(from + 4), false);

    // The plan yields them in order; should another plan ever not, this is where it would matter.
    private static void InOrder(ArraySegment<LoadRequest> batch)
    {
        foreach (var request in batch)
        {
            for (var i = 1; i < request.Tail.Count; i++)
            {
                if (request.Tail[i - 1].Version <= request.Tail[i].Version) continue;
                request.Tail.Sort(static (left, right) => left.Version.CompareTo(right.Version));
                break;
            }
        }
    }

    private void Fill(ArraySegment<LoadRequest> batch)
    {
        _partitions.Clear();
        _streams.Clear();
        foreach (var request in batch)
        {
            _partitions.Add((short)Partitions.Of(request.Stream));
            _streams.Add(request.Stream);
        }
    }

    /// <summary>The connection had died; reading twice harms nobody, so those who wait are read on the next one, if there is a next one.</summary>
    private void Retry(ArraySegment<LoadRequest> batch, Exception failed)
    {
        var why = new JournalUnavailableException(PostgresErrors.Say(failed), failed);
        foreach (var request in batch)
        {
            if (!request.Again() || !TryQueue(request)) request.Failed(why);
        }
    }

    private static void Fail(ArraySegment<LoadRequest> batch, Exception failed)
    {
        var why = new JournalUnavailableException(PostgresErrors.Say(failed), failed);
        foreach (var request in batch) request.Failed(why);
    }
}
