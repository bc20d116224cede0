using System.Diagnostics;
using System.Threading.Channels;
using Npgsql;

namespace Tracking.Journal.Postgres;

/// <summary>
/// A loop with a connection of its own that takes whatever is queued, up to a batch, and runs it as one round trip: nobody waits for a batch to fill. While there is no connection it keeps trying,
/// and answers those who wait that the store is unavailable; when the database is back so is the loop.
/// </summary>
internal abstract class PostgresLoop<TRequest>
    where TRequest : class
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20), LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly PostgresServer _server;
    private readonly int _maxBatch;
    private readonly Channel<TRequest> _queue;
    private readonly List<TRequest> _batch;
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;
    private string _trouble = "The connection to PostgreSQL was lost.";

    protected PostgresLoop(PostgresServer server, int maxBatch, int queueLimit, TimeSpan answerWithin)
    {
        _server = server;
        _maxBatch = maxBatch;
        _batch = new(Math.Min(maxBatch, 1024));
        AnswerWithin = answerWithin;
        _queue = Channel.CreateBounded<TRequest>(new BoundedChannelOptions(queueLimit) { SingleReader = true });
    }

    public int Queued => _queue.Reader.Count;

    protected TimeSpan AnswerWithin { get; }

    /// <summary>A statement that was given up and still runs; its connection is closed after it.</summary>
    protected Task Unfinished { get; set; } = Task.CompletedTask;

    public bool TryQueue(TRequest request) => _queue.Writer.TryWrite(request);

    /// <summary>Connects, patiently for this first time so that the first append need not wait or fail, and begins.</summary>
    public async Task StartAsync()
    {
        var connection = await OpenAsync();
        _loop = Task.Run(() => LoopAsync(connection));
    }

    /// <summary>Takes no more, finishes what is queued (or answers that it is unavailable) and closes the connection.</summary>
    public async ValueTask StopAsync()
    {
        _queue.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _loop;
    }

    /// <summary>Prepares a fresh connection for use.</summary>
    protected abstract Task PrepareAsync(NpgsqlConnection connection);

    /// <summary>Runs a batch and answers every request in it, whatever happens. False: the connection is of no more use and must not be touched again.</summary>
    protected abstract Task<bool> RunAsync(ArraySegment<TRequest> batch);

    protected abstract void Refuse(TRequest request, JournalUnavailableException why);

    private async Task LoopAsync(NpgsqlConnection? connection)
    {
        try
        {
            while (await _queue.Reader.WaitToReadAsync())
            {
                connection ??= await ConnectAsync();
                if (connection is null) continue;       // stopping, and the queue was refused
                while (_batch.Count < _maxBatch && _queue.Reader.TryRead(out var request)) _batch.Add(request);
                if (_batch.Count == 0) continue;
                var taken = _batch.ToArray();
                _batch.Clear();
                if (await RunAsync(taken)) continue;

                _trouble = "The connection to PostgreSQL was lost.";
                Forget(connection);
                connection = null;
            }
        }
        finally
        {
            if (connection is not null) Forget(connection);
        }
    }

    private async Task<NpgsqlConnection?> ConnectAsync()
    {
        for (var pause = FirstPause; ; pause = TimeSpan.FromMilliseconds(Math.Min(2 * pause.TotalMilliseconds, LongestPause.TotalMilliseconds)))
        {
            var connecting = OpenAsync();
            while (await Task.WhenAny(connecting, Task.Delay(AnswerWithin / 2)) != connecting) RefuseQueued();
            try
            {
                return await connecting;
            }
            catch (Exception failed) when (PostgresErrors.IsTrouble(failed))
            {
                _trouble = PostgresErrors.Say(failed);
            }
            RefuseQueued();
            if (_stopping.IsCancellationRequested) return null;
            try
            {
                await Task.Delay(pause, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                // one last try, so that a graceful stop loses nothing that could be stored
            }
        }
    }

    private async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = await _server.OpenOwnAsync();
        try
        {
            await PrepareAsync(connection);
            return connection;
        }
        catch
        {
            Forget(connection);
            throw;
        }
    }

    private void RefuseQueued()
    {
        var why = new JournalUnavailableException(_trouble);
        while (_queue.Reader.TryRead(out var request)) Refuse(request, why);
    }

    /// <summary>Closing may itself wait for a server that does not answer; nobody waits for that.</summary>
    private void Forget(NpgsqlConnection connection)
    {
        var unfinished = Unfinished;
        Unfinished = Task.CompletedTask;
        _ = Task.Run(async () =>
        {
            await unfinished.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await connection.DisposeAsync();
            }
            catch (Exception failed) when (PostgresErrors.IsTrouble(failed))
            {
                Debug.WriteLine(failed.Message);
            }
        });
    }
}
