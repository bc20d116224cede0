using Npgsql;

namespace Tracking.Journal.Postgres;

/// <summary>
/// A session advisory lock on the schema: exclusive for an embedded process, shared for the nodes of a cluster. It lives on a connection of its own; when that breaks (the server was restarted) it is
/// taken again as soon as possible, and <see cref="Lost"/> says so if somebody else was quicker.
/// </summary>
internal sealed class PostgresLock : ExclusiveLock
{
    private const int Ours = 0x7472_636B;
    /// <summary>How long a start waits for a lock that a killed process left. Three seconds were too few where ten kills ran on a machine with thirty programs to a core.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);

    /// <summary>After a broken network the server may still believe in our old session for the half minute its keep-alive takes; that one is not a rival.</summary>
    private static readonly TimeSpan OwnGhost = TimeSpan.FromSeconds(45);

    private readonly PostgresServer _server;
    private readonly bool _shared;
    private readonly CancellationTokenSource _stopping = new(), _lost = new();
    private readonly Task _watch;

    private PostgresLock(PostgresServer server, bool shared, NpgsqlConnection held)
    {
        _server = server;
        _shared = shared;
        _watch = Task.Run(() => WatchAsync(held));
    }

    public override CancellationToken Lost => _lost.Token;

    /// <summary>Takes the lock. A process that was just killed may hold it for a moment, until the server notices; hence a little patience.</summary>
    public static async Task<PostgresLock> TakeAsync(PostgresServer server, bool shared, CancellationToken cancel)
    {
        var giveUp = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (true)
        {
            if (await TryAsync(server, shared, cancel) is { } held) return new(server, shared, held);
            if (Environment.TickCount64 >= giveUp)
            {
                throw new StorageStartException(shared
                    ? $"{server.Place} is held by an embedded (single-process) server; stop it before a cluster uses this database."
                    : $"{server.Place} is in use by another process (an embedded server holds it, or a cluster); stop it first, or give this one a database of its own.");
            }
            await Task.Delay(100, cancel);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync();
        await _watch;
    }

    private static async Task<NpgsqlConnection?> TryAsync(PostgresServer server, bool shared, CancellationToken cancel)
    {
        var connection = await server.OpenOwnAsync(cancel);
        try
        {
            // Should this machine vanish, the server notices within half a minute and lets the next one in.
            await using var command = new NpgsqlCommand($"""
                SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET idle_session_timeout = 0;
                SELECT pg_try_advisory_lock{(shared ? "_shared" : "")}({Ours}, hashtext(current_schema()))
                """, connection);
            if ((bool)(await command.ExecuteScalarAsync(cancel))!) return connection;
            await connection.DisposeAsync();
            return null;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task WatchAsync(NpgsqlConnection held)
    {
        NpgsqlConnection? connection = held;
        long? refusedSince = null;
        try
        {
            while (true)
            {
                await Task.Delay(connection is null ? Beat / 10 : Beat, _stopping.Token);
                try
                {
                    if (connection is null)
                    {
                        connection = await TryAsync(_server, _shared, _stopping.Token);
                        refusedSince = connection is not null ? null : refusedSince ?? Environment.TickCount64;
                        if (refusedSince is not { } since || Environment.TickCount64 - since < OwnGhost.TotalMilliseconds) continue;
                        await _lost.CancelAsync();
                        return;
                    }
                    await using var beat = new NpgsqlCommand("SELECT 1", connection);
                    await beat.ExecuteNonQueryAsync(_stopping.Token);
                }
                catch (Exception failed) when (PostgresErrors.IsTrouble(failed))
                {
                    if (connection is not null) await connection.DisposeAsync();
                    connection = null;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // stopping
        }
        finally
        {
            if (connection is not null) await connection.DisposeAsync();
        }
    }
}
