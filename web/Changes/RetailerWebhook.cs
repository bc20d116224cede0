using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Tracking.Contracts.Ports;
using Tracking.Domain.Changes;

namespace Tracking.Web.Changes;

/// <summary>
/// Brings recipients' requests to the shop as Standard Webhooks (<c>webhook-id</c> is the request's id, so a repeat is recognised). The shop answers later by
/// <c>POST /v1/shipments/{carrier}/{number}/changes/{id}</c>. Without an address the request stays asked until the shop reads it.
/// </summary>
public sealed class RetailerWebhook : ICarrierIntercept, IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly TimeProvider _clock;
    private readonly HttpClient _client;

    public RetailerWebhook(IConfiguration configuration, TimeProvider clock) : this(configuration, clock, Guarded()) { }

    internal RetailerWebhook(IConfiguration configuration, TimeProvider clock, HttpMessageHandler handler)
    {
        (_configuration, _clock) = (configuration, clock);
        _client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(60), MaxResponseContentBufferSize = 16 * 1024 };
    }

    public async ValueTask<InterceptAnswer> AskAsync(InterceptRequest request, CancellationToken cancel = default)
    {
        var options = Of(_configuration, request.Shipment.Retailer);
        if (options.Url is not { Length: > 0 } url || SecretOf(options.Secret) is not { } secret) return new InterceptAnswer(ChangeState.Asked);

        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            type = "delivery.change.asked",
            timestamp = request.AskedAt.ToString("O", CultureInfo.InvariantCulture),
            data = new { id = request.Id, carrier = request.Shipment.Carrier, trackingNumber = request.Shipment.Number, kind = request.Kind.Name(), day = request.Day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), words = request.Words },
        });
        var stamp = _clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var message = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        message.Headers.Add("webhook-id", request.Id);
        message.Headers.Add("webhook-timestamp", stamp);
        message.Headers.Add("webhook-signature", "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, (byte[])[.. Encoding.ASCII.GetBytes($"{request.Id}.{stamp}."), .. body])));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(Math.Clamp(options.TimeoutSeconds, 1, 60)));
        using var answer = await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
        // Gone: the shop takes no requests any more. Anything else that is no success is tried again.
        if (answer.StatusCode == HttpStatusCode.Gone) return new InterceptAnswer(ChangeState.Refused);
        if (!answer.IsSuccessStatusCode) throw new HttpRequestException($"The shop's address answered {(int)answer.StatusCode}.");
        return new InterceptAnswer(ChangeState.Asked);
    }

    public void Dispose() => _client.Dispose();

    internal static ChangeOptions Of(IConfiguration configuration, string retailer)
        => configuration.GetSection("Retailers").GetSection(retailer).GetSection("Changes").Get<ChangeOptions>() ?? new ChangeOptions();

    /// <summary>Everything wrong with where requests go, a sentence each.</summary>
    public static IReadOnlyList<string> Check(IConfiguration configuration)
    {
        var problems = new List<string>();
        foreach (var retailer in configuration.GetSection("Retailers").GetChildren())
        {
            var options = Of(configuration, retailer.Key);
            if (options.Url is not { Length: > 0 } url) continue;
            if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps || address.Port is not (443 or 8443) || address.UserInfo.Length > 0)
                problems.Add($"Retailers:{retailer.Key}:Changes:Url is no https address on port 443 or 8443.");
            if (SecretOf(options.Secret) is null) problems.Add($"Retailers:{retailer.Key}:Changes:Secret is no Standard Webhooks secret (whsec_ and base64 of at least 24 bytes).");
        }
        return problems;
    }

    private static byte[]? SecretOf(string? secret)
    {
        if (secret is null || !secret.StartsWith("whsec_", StringComparison.Ordinal)) return null;
        Span<byte> bytes = stackalloc byte[256];
        return Convert.TryFromBase64String(secret[6..], bytes, out var length) && length >= 24 ? bytes[..length].ToArray() : null;
    }

    // Resolved once, checked, and connected to exactly that address, so that no name can change its mind in between. No redirects, no proxy.
    private static SocketsHttpHandler Guarded() => new()
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
