using System.Net.WebSockets;
using System.Text.Json;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Watch;

/// <summary>Counts over a whole crowd.</summary>
public sealed class CrowdCounts
{
    public long Connected, Connects, Refused, Cut, Updates, Bytes;
}

/// <summary>
/// One open page: connects over WebSocket without negotiation, shakes hands, watches one shipment, answers pings, and after a cut comes back with full
/// jitter from 0 to 1 s, doubling to 30 s, for ever, as the real page does.
/// </summary>
public sealed class Watcher(Uri target, string token, long parcel, Glass glass, ILoadClock clock, CrowdCounts counts, ulong seed)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public long Parcel { get; } = parcel;
    /// <summary>The version the page shows; 0 before the first.</summary>
    public long Shown { get; internal set; }
    public bool Connected { get; private set; }
    private bool _gone;
    private long _comeBackMillis = -1;
    internal long Counted;

    /// <summary>Stays until <paramref name="leave"/>. Never throws for what the network or the server does.</summary>
    public async Task StayAsync(CancellationToken leave)
    {
        var dice = Dice.For(seed, (ulong)Parcel);
        var patience = 1_000.0;
        while (!leave.IsCancellationRequested)
        {
            var began = clock.Micros;
            try
            {
                await WatchOnceAsync(leave);
            }
            catch (Exception e) when (e is WebSocketException or HttpRequestException or IOException or JsonException or OperationCanceledException or System.Net.Sockets.SocketException)
            {
                if (!Connected && !leave.IsCancellationRequested) Interlocked.Increment(ref counts.Refused);
            }
            Disconnected(cut: !leave.IsCancellationRequested);
            if (leave.IsCancellationRequested || _gone) break;
            patience = clock.Micros - began > 30_000_000 ? 1_000 : patience;      // it had been good for a while
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(_comeBackMillis >= 0 ? _comeBackMillis : dice.Unit() * patience), leave);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            patience = _comeBackMillis >= 0 ? patience : Math.Min(30_000, patience * 2);
            _comeBackMillis = -1;
        }
        glass.Close(this);
    }

    private async Task WatchOnceAsync(CancellationToken leave)
    {
        using var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.Zero;       // SignalR has pings of its own
        socket.Options.Proxy = null;
        socket.Options.SetBuffer(1024, 1024);
        var address = new UriBuilder(target) { Scheme = target.Scheme == "https" ? "wss" : "ws", Path = HubProtocol.Path, Query = "" }.Uri;
        using (var connecting = CancellationTokenSource.CreateLinkedTokenSource(leave))
        {
            connecting.CancelAfter(TimeSpan.FromSeconds(15));
            await socket.ConnectAsync(address, connecting.Token);
            await SendAsync(socket, HubProtocol.Handshake, connecting.Token);
        }
        var lastPing = clock.Micros;
        var buffer = new byte[4096];
        var (kept, watching) = (0, false);
        while (true)
        {
            if (kept == buffer.Length)
            {
                if (buffer.Length >= 1 << 20) throw new JsonException("A message of more than a megabyte.");
                Array.Resize(ref buffer, buffer.Length * 2);
            }
            var received = await socket.ReceiveAsync(buffer.AsMemory(kept), leave);
            if (received.MessageType == WebSocketMessageType.Close) return;
            Interlocked.Add(ref counts.Bytes, received.Count);
            var end = kept + received.Count;
            var from = 0;
            while (buffer.AsSpan(from, end - from).IndexOf(HubProtocol.RecordEnd) is >= 0 and var length)
            {
                var what = HubProtocol.Read(buffer.AsSpan(from, length), out var version);
                from += length + 1;
                switch (what)
                {
                    case HubMessage.Handshake when !watching:
                        watching = true;
                        await SendAsync(socket, HubProtocol.Watch(token, Shown), leave);
                        break;
                    case HubMessage.WatchAnswer or HubMessage.Update:
                        Opened();
                        if (version >= 0) glass.Shown(this, version, clock.Micros, asked: what == HubMessage.WatchAnswer);
                        if (what == HubMessage.Update) Interlocked.Increment(ref counts.Updates);
                        break;
                    case HubMessage.WatchRefused:
                        Interlocked.Increment(ref counts.Refused);
                        return;
                    case HubMessage.Close:
                        return;
                    case HubMessage.Gone:
                        _gone = true;
                        return;
                    case HubMessage.Later:
                        _comeBackMillis = Math.Clamp(version, 0, 60_000);
                        return;
                }
            }
            buffer.AsSpan(from, end - from).CopyTo(buffer);
            kept = end - from;
            // The server pings every 15 s, so this comes round often enough to ping back within its 30 s.
            if (clock.Micros - lastPing > KeepAlive.TotalMicroseconds / 2)
            {
                await SendAsync(socket, HubProtocol.Ping, leave);
                lastPing = clock.Micros;
            }
        }
    }

    private void Opened()
    {
        if (Connected) return;
        Connected = true;
        Interlocked.Increment(ref counts.Connected);
        Interlocked.Increment(ref counts.Connects);
        glass.Open(this);
    }

    private void Disconnected(bool cut)
    {
        if (!Connected) return;
        Connected = false;
        Interlocked.Decrement(ref counts.Connected);
        if (cut) Interlocked.Increment(ref counts.Cut);
    }

    private static ValueTask SendAsync(ClientWebSocket socket, ReadOnlyMemory<byte> record, CancellationToken leave) =>
        socket.SendAsync(record, WebSocketMessageType.Text, endOfMessage: true, leave);
}
