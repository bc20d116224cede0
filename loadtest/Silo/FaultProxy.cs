using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tracking.LoadTest.Silo;

/// <summary>
/// Stands between a silo and its database as a network that got worse: bytes come later, not at all for a while, or every connection breaks. Loopback only,
/// on a free port. What was told once stays told: faults are set from any thread and count from the next piece on.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int PieceBytes = 64 * 1024;

    private readonly TcpListener _door = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, byte> _sockets = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;
    private TaskCompletionSource? _held;
    private long _delayTicks, _stallTicks, _pieces;
    private int _stallEvery;
    private volatile bool _refuses;

    /// <param name="host">Where the database is.</param>
    /// <param name="port">Its port.</param>
    public FaultProxy(string host, int port)
    {
        (_host, _port) = (host, port);
        _door.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where the silo connects instead.</summary>
    public int Port => ((IPEndPoint)_door.LocalEndpoint).Port;

    /// <summary>Pieces that went towards the database so far: about one for each statement or batch.</summary>
    public long Pieces => Interlocked.Read(ref _pieces);

    /// <summary>Each piece reaches the database this much later. Default none.</summary>
    public TimeSpan Delay
    {
        get => new(Interlocked.Read(ref _delayTicks));
        set => Interlocked.Exchange(ref _delayTicks, value.Ticks);
    }

    /// <summary>Every <paramref name="every"/>-th piece stands still for <paramref name="length"/> before it reaches the database; 0 ends that.</summary>
    public void Stall(int every, TimeSpan length)
    {
        Interlocked.Exchange(ref _stallTicks, length.Ticks);
        Volatile.Write(ref _stallEvery, every);
    }

    /// <summary>From now on nothing passes, in neither direction; connections stay open. <see cref="Release"/> ends it.</summary>
    public void Hold() => Interlocked.CompareExchange(ref _held, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);

    public void Release() => Interlocked.Exchange(ref _held, null)?.TrySetResult();

    /// <summary>Breaks every connection and refuses new ones, as a machine does that is gone. <see cref="Mend"/> ends it.</summary>
    public void Cut()
    {
        _refuses = true;
        foreach (var socket in _sockets.Keys) Break(socket);
    }

    public void Mend() => _refuses = false;

    /// <summary>No delay, no stall, nothing held, nothing cut.</summary>
    public void Heal()
    {
        Delay = TimeSpan.Zero;
        Stall(0, TimeSpan.Zero);
        Mend();
        Release();
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _door.Stop();
        Cut();
        Release();
        await _accepting;
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                var client = await _door.AcceptSocketAsync(_closing.Token);
                if (_refuses) Break(client);
                else _ = CarryAsync(client);
            }
            catch (Exception ended) when (ended is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // a connection that was given up before it was taken, or the end
            }
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            _sockets[client] = _sockets[server] = 0;
            try
            {
                await server.ConnectAsync(_host, _port, _closing.Token);
                await Task.WhenAny(PassAsync(client, server, towardsDatabase: true), PassAsync(server, client, towardsDatabase: false));
            }
            catch (Exception gone) when (gone is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // the database is not there: neither is this connection
            }
            finally
            {
                _sockets.TryRemove(client, out _);
                _sockets.TryRemove(server, out _);
                Break(client);
                Break(server);
            }
        }
    }

    private async Task PassAsync(Socket from, Socket to, bool towardsDatabase)
    {
        var piece = new byte[PieceBytes];
        try
        {
            while (await from.ReceiveAsync(piece, _closing.Token) is > 0 and var length)
            {
                if (towardsDatabase)
                {
                    var number = Interlocked.Increment(ref _pieces);
                    if (Delay is { Ticks: > 0 } delay) await Task.Delay(delay, _closing.Token);
                    if (Volatile.Read(ref _stallEvery) is > 0 and var every && number % every == 0) await Task.Delay(new TimeSpan(Interlocked.Read(ref _stallTicks)), _closing.Token);
                }
                while (Volatile.Read(ref _held) is { } held) await held.Task.WaitAsync(_closing.Token);
                for (var sent = 0; sent < length;) sent += await to.SendAsync(piece.AsMemory(sent, length - sent), _closing.Token);
            }
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // one side has left; so does the other
        }
    }

    private static void Break(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);   // a reset, not a polite goodbye
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // it is broken already
        }
        socket.Dispose();
    }
}
