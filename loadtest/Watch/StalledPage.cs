using System.Net.Sockets;
using System.Net.WebSockets;

namespace Tracking.LoadTest.Watch;

/// <summary>A page on a phone that lost its network without saying so: it asks to watch a shipment and then takes nothing off the wire, until told to.</summary>
public sealed class StalledPage : IDisposable
{
    private readonly ClientWebSocket _socket = new();

    /// <summary>Versions it was told since it reads again.</summary>
    public int Told { get; private set; }

    private StalledPage() => _socket.Options.KeepAliveInterval = TimeSpan.Zero;

    /// <param name="version">What it shows already.</param>
    public static async Task<StalledPage> OpenAsync(Uri target, string token, long version, CancellationToken stop)
    {
        // A small window, so that it is the server who has to wait and not the kernel who keeps.
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = static async (context, cancel) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 4_096 };
                await socket.ConnectAsync(context.DnsEndPoint, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        var page = new StalledPage();
        using var browser = new HttpMessageInvoker(handler, disposeHandler: false);
        await page._socket.ConnectAsync(new UriBuilder(target) { Scheme = "ws", Path = HubProtocol.Path }.Uri, browser, stop);
        await page._socket.SendAsync(HubProtocol.Handshake, WebSocketMessageType.Text, true, stop);
        await page._socket.SendAsync(HubProtocol.Watch(token, version), WebSocketMessageType.Text, true, stop);
        return page;
    }

    /// <summary>Reads again, up to <paramref name="version"/>. The newest version it was told; lower when it was cut or the time was over.</summary>
    public async Task<long> CatchUpAsync(long version, CancellationToken patience)
    {
        var (buffer, kept, newest) = (new byte[64 * 1024], 0, 0L);
        try
        {
            while (newest < version && kept < buffer.Length)
            {
                var received = await _socket.ReceiveAsync(buffer.AsMemory(kept), patience);
                if (received.MessageType == WebSocketMessageType.Close) break;
                var (end, from) = (kept + received.Count, 0);
                while (buffer.AsSpan(from, end - from).IndexOf(HubProtocol.RecordEnd) is >= 0 and var length)
                {
                    if (HubProtocol.Read(buffer.AsSpan(from, length), out var told) is HubMessage.Update or HubMessage.WatchAnswer && told >= 0) (newest, Told) = (Math.Max(newest, told), Told + 1);
                    from += length + 1;
                }
                buffer.AsSpan(from, end - from).CopyTo(buffer);
                kept = end - from;
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
        {
            // it was cut, or it took too long
        }
        return newest;
    }

    public void Dispose() => _socket.Dispose();
}
