using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Tracking.Web.Tests.Live;

/// <summary>Speaks SignalR's JSON protocol over a bare socket, as the page's script does.</summary>
internal sealed class HubSocket : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly Queue<JsonElement> _ready = new();
    private string _rest = "";

    public static async Task<HubSocket> OpenAsync(string address, CancellationToken cancel, string? origin = null)
    {
        var hub = new HubSocket();
        if (origin is not null) hub._socket.Options.SetRequestHeader("Origin", origin);
        await hub._socket.ConnectAsync(new Uri(address.Replace("http", "ws") + "/hubs/tracking"), cancel);
        await hub.SendAsync("{\"protocol\":\"json\",\"version\":1}", cancel);
        (await hub.NextAsync(cancel)).EnumerateObject().ShouldBeEmpty();
        return hub;
    }

    public Task SendAsync(string json, CancellationToken cancel) => _socket.SendAsync(Encoding.UTF8.GetBytes(json + "\u001e"), WebSocketMessageType.Text, true, cancel);

    public Task WatchAsync(string token, int version, string? language, CancellationToken cancel)
        => SendAsync(JsonSerializer.Serialize(new { type = 1, invocationId = "1", target = "Watch", arguments = new object?[] { token, version, language } }), cancel);

    /// <summary>The next message that is no ping.</summary>
    /// <exception cref="WebSocketException">The server cut the connection.</exception>
    public async Task<JsonElement> NextAsync(CancellationToken cancel)
    {
        var buffer = new byte[8_192];
        while (true)
        {
            while (_ready.TryDequeue(out var message))
                if (!(message.TryGetProperty("type", out var type) && type.GetInt32() == 6))
                    return message;
            var read = await _socket.ReceiveAsync(buffer, cancel);
            if (read.MessageType == WebSocketMessageType.Close) throw new WebSocketException("closed");
            _rest += Encoding.UTF8.GetString(buffer, 0, read.Count);
            var parts = _rest.Split('\u001e');
            _rest = parts[^1];
            foreach (var part in parts[..^1]) _ready.Enqueue(JsonDocument.Parse(part).RootElement);
        }
    }

    /// <summary>The next snapshot pushed.</summary>
    public async Task<JsonElement> UpdateAsync(CancellationToken cancel)
    {
        while (true)
        {
            var message = await NextAsync(cancel);
            if (message.GetProperty("type").GetInt32() == 1 && message.GetProperty("target").GetString() == "Update") return message.GetProperty("arguments")[0];
        }
    }

    /// <summary>The answer to Watch: its error, or null.</summary>
    public async Task<string?> AnswerAsync(CancellationToken cancel)
    {
        while (true)
        {
            var message = await NextAsync(cancel);
            if (message.GetProperty("type").GetInt32() == 3) return message.TryGetProperty("error", out var error) ? error.GetString() : null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        _socket.Dispose();
        await Task.CompletedTask;
    }
}
