using System.Net;
using System.Net.Http.Headers;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Http;

/// <summary>What came back for one request. <paramref name="Status"/> is 0 when no answer came; <paramref name="Results"/> how many items were answered.</summary>
public readonly record struct Answer(int Status, int Results, string? Problem = null)
{
    public bool Ok => Status is >= 200 and < 300;
}

/// <summary>
/// The public ingest surface over a few keep-alive connections. Requests fail as values: a refused connection or a cut answer is a finding, not a crash.
/// </summary>
public sealed class ScanClient : IDisposable
{
    private static readonly MediaTypeHeaderValue Ndjson = new("application/x-ndjson");
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue Csv = new("text/csv");

    private readonly HttpClient _http;

    public ScanClient(Uri target, string key, int connections, TimeSpan timeout)
    {
        _http = new HttpClient(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = connections,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
            UseCookies = false,
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            EnableMultipleHttp2Connections = false,
        })
        { BaseAddress = target, Timeout = timeout };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("tracking-loadtest", "1"));
    }

    public HttpClient Http => _http;

    public Task<Answer> PostScansAsync(Body body, Outcome[] outcomes, int[]? versions, Body answer, CancellationToken cancel = default) =>
        PostAsync("/v1/scans", Ndjson, body, outcomes, versions, answer, cancel);

    public Task<Answer> PostFeedAsync(Format format, Body body, Outcome[] outcomes, Body answer, CancellationToken cancel = default) => format switch
    {
        Format.Ups => PostAsync("/v1/feeds/ups", Json, body, outcomes, null, answer, cancel),
        Format.EasyPost => PostAsync("/v1/feeds/easypost", Json, body, outcomes, null, answer, cancel),
        Format.Csv => PostAsync("/v1/feeds/dpd", Csv, body, outcomes, null, answer, cancel),
        _ => PostAsync("/v1/scans", Ndjson, body, outcomes, null, answer, cancel),
    };

    private async Task<Answer> PostAsync(string path, MediaTypeHeaderValue type, Body body, Outcome[] outcomes, int[]? versions, Body answer, CancellationToken cancel)
    {
        answer.Clear();
        var results = 0;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ReadOnlyMemoryContent(body.Written) };
            request.Content.Headers.ContentType = type;
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
            try
            {
                await using var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
                await answer.ReadAsync(stream, cancel).ConfigureAwait(false);
            }
            finally
            {
                // Even of an answer that was cut, the lines that came are acks.
                results = response.IsSuccessStatusCode ? ScanAnswers.Read(answer.Written.Span, outcomes, versions) : 0;
            }
            return new Answer((int)response.StatusCode, results, response.IsSuccessStatusCode ? null : Short(answer.ToString()));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException)
        {
            return new Answer(0, results, e is TaskCanceledException ? "no answer in time" : e.InnerException?.Message ?? e.Message);
        }
    }

    private static string Short(string text) => text.Length > 300 ? text[..300] + "…" : text;

    public void Dispose() => _http.Dispose();
}
