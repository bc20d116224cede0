using System.Net;
using System.Text.Json;
using Tracking.Carriers.Json;

namespace Tracking.Carriers.Polling;

/// <summary>One account's OAuth token, fetched when first needed and again a minute before it ends. Several questions may ask for it at once; one request fetches it.</summary>
internal sealed class AccessTokens(HttpMessageInvoker http, CarrierApi api, PollAccount account, TimeProvider clock)
{
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);
    private const int MaxBytes = 64 * 1024;
    private readonly SemaphoreSlim _fetching = new(1, 1);
    private string? _token;
    private DateTimeOffset _until;

    /// <summary>The token, empty for an API without one. Throws <see cref="PollRefusal"/> when the carrier gives none.</summary>
    public async Task<string> GetAsync(CancellationToken cancel)
    {
        await _fetching.WaitAsync(cancel);
        try { return await FetchAsync(cancel); }
        finally { _fetching.Release(); }
    }

    private async Task<string> FetchAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (_token is not null && now < _until) return _token;
        using var request = api.TokenRequest(account);
        if (request is null) return _token = "";

        using var answer = await http.SendAsync(request, cancel);
        var body = await PollBody.ReadAsync(answer, MaxBytes, cancel);
        // An account that is refused stays refused until somebody looks; a server that is ill may be well in a minute.
        if (!answer.IsSuccessStatusCode) throw new PollRefusal(answer.StatusCode, PollBody.RetryAfter(answer, now), credentials: (int)answer.StatusCode is >= 400 and < 500 and not 408 and not 429);

        foreach (var json in JsonMessage.Read(body))
        {
            using (json)
            {
                if (json.Root.Text("access_token"u8) is not { } token) break;
                // UPS writes expires_in as text; an answer without one is used for this question and a few after it.
                var seconds = Math.Clamp(json.Root.Number("expires_in"u8) ?? 120, 0, 86_400);
                _until = now + TimeSpan.FromSeconds(seconds) - Margin;
                return _token = token;
            }
        }
        throw new PollRefusal(HttpStatusCode.BadGateway, null, credentials: false);
    }

    /// <summary>The carrier no longer takes the token: the next question fetches another.</summary>
    public void Forget(string token) => Interlocked.CompareExchange(ref _token, null, token);
}

/// <summary>The carrier did not answer the question.</summary>
internal sealed class PollRefusal(HttpStatusCode status, DateTimeOffset? retryAt, bool credentials) : Exception($"The carrier answers {(int)status}.")
{
    public HttpStatusCode Status { get; } = status;
    public DateTimeOffset? RetryAt { get; } = retryAt;
    /// <summary>The account itself is refused: asking again changes nothing.</summary>
    public bool Credentials { get; } = credentials;
}

internal static class PollBody
{
    /// <summary>Reads a body up to a limit; throws <see cref="HttpRequestException"/> beyond it.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage answer, int limit, CancellationToken cancel)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(cancel);
        using var bytes = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(chunk, cancel)) > 0)
        {
            bytes.Write(chunk, 0, read);
            if (bytes.Length > limit) throw new HttpRequestException($"The answer is longer than {limit:N0} bytes.");
        }
        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    public static DateTimeOffset? RetryAfter(HttpResponseMessage answer, DateTimeOffset now)
        => answer.Headers.RetryAfter is not { } header ? null : header.Date ?? (header.Delta is { } delta ? now + delta : null);
}
