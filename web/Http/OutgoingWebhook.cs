using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Tracking.Carriers.StandardWebhooks;

namespace Tracking.Web.Http;

/// <summary>
/// What every message to a shop's server has in common: Standard Webhooks headers, https on port 443 or 8443, no redirects, no way into a private network, a bounded answer within a bounded time.
/// </summary>
internal static class OutgoingWebhook
{
    private const string SecretPrefix = "whsec_";

    public static HttpClient Client(HttpMessageHandler handler) => new(handler) { Timeout = TimeSpan.FromSeconds(60), MaxResponseContentBufferSize = 16 * 1024 };

    /// <summary>Sends once; the answer's headers only. Throws as <see cref="HttpClient"/> does.</summary>
    public static async Task<HttpResponseMessage> SendAsync(HttpClient client, string url, string secret, string id, DateTimeOffset at, ReadOnlyMemory<byte> body, int timeoutSeconds, CancellationToken cancel)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ReadOnlyMemoryContent(body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in StandardWebhook.Sign(id, at, body.Span, secret)) message.Headers.Add(name, value);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(Math.Clamp(timeoutSeconds, 1, 60)));
        return await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
    }

    /// <summary>Everything wrong with an address and its secret, a sentence each.</summary>
    public static IEnumerable<string> Problems(string section, string url, string? secret)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps || address.Port is not (443 or 8443) || address.UserInfo.Length > 0)
            yield return $"{section}:Url is no https address on port 443 or 8443.";
        if (!IsSecret(secret)) yield return $"{section}:Secret is no Standard Webhooks secret (whsec_ and base64 of at least 24 bytes).";
    }

    /// <summary><c>whsec_</c> and base64 of 24 to 256 bytes.</summary>
    public static bool IsSecret([NotNullWhen(true)] string? secret)
    {
        if (secret is null || !secret.StartsWith(SecretPrefix, StringComparison.Ordinal)) return false;
        Span<byte> bytes = stackalloc byte[256];
        return Convert.TryFromBase64String(secret[SecretPrefix.Length..], bytes, out var length) && length >= 24;
    }

    // Resolved once, checked, and connected to exactly that address, so that no name can change its mind in between. No redirects, no proxy.
    public static SocketsHttpHandler Guarded() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectCallback = async (context, cancel) =>
        {
            foreach (var address in await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancel).ConfigureAwait(false))
            {
                if (!IsPublic(address)) continue;
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(new IPEndPoint(address, context.DnsEndPoint.Port), cancel).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
            throw new HttpRequestException("The shop's address leads into a private network; nothing was sent.");
        },
    };

    /// <summary>False for every address that is not out on the internet: this machine, private and shared networks, link-local, multicast, metadata services.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        var b = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return !(b[0] is 0 or 10 or 127 or >= 224
                || b[0] == 100 && b[1] is >= 64 and <= 127
                || b[0] == 169 && b[1] == 254
                || b[0] == 172 && b[1] is >= 16 and <= 31
                || b[0] == 192 && (b[1] == 168 || b[1] == 0 && b[2] is 0 or 2 || b[1] == 88 && b[2] == 99)
                || b[0] == 198 && (b[1] is 18 or 19 || b[1] == 51 && b[2] == 100)
                || b[0] == 203 && b[1] == 0 && b[2] == 113);
        // Only 2000::/3 is given out; of it not documentation, Teredo, 6to4, and not NAT64's 64:ff9b (which is outside anyway).
        return (b[0] & 0xE0) == 0x20 && !(b[0] == 0x20 && b[1] == 0x01 && (b[2] == 0x0D && b[3] == 0xB8 || b[2] == 0 && b[3] == 0)) && !(b[0] == 0x20 && b[1] == 0x02) && !(b[0] == 0x3F && b[1] == 0xFF);
    }
}
