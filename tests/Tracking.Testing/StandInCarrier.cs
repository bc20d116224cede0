using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tracking.Testing;

/// <summary>A carrier's API on this machine: gives tokens, answers questions with whatever the test put up, and remembers who asked what.</summary>
public sealed class StandInCarrier : IDisposable
{
    public sealed record Asked(string Method, string Path, string Body, Func<string, string?> Header);

    private readonly HttpListener _listener;
    private readonly Task _loop;

    public StandInCarrier()
    {
        // Another process may take the port between the look and the start: look again.
        for (var tries = 0; ; tries++)
        {
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                Address = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
            }
            _listener = new HttpListener { Prefixes = { Address.AbsoluteUri } };
            try { _listener.Start(); break; }
            catch (HttpListenerException) when (tries < 10) { }
        }
        _loop = LoopAsync();
    }

    public Uri Address { get; }
    public ConcurrentQueue<Asked> Questions { get; } = new();
    public ConcurrentQueue<Asked> TokenRequests { get; } = new();
    /// <summary>How to answer a question: status, body, and Retry-After in seconds.</summary>
    public Func<Asked, (int Status, string Body, int? RetryAfter)> Answer { get; set; } = _ => (200, "{}", null);
    public Func<Asked, (int Status, string Body, int? RetryAfter)> Token { get; set; } = _ => (200, """{"access_token":"tok-1","expires_in":"3600"}""", null);

    private async Task LoopAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try { context = await _listener.GetContextAsync(); }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException) { return; }
            var request = context.Request;
            using var reader = new StreamReader(request.InputStream, Encoding.UTF8);
            var headers = request.Headers;
            var asked = new Asked(request.HttpMethod, request.RawUrl!, await reader.ReadToEndAsync(), name => headers[name]);
            var forToken = asked.Path.Contains("token", StringComparison.Ordinal);
            (forToken ? TokenRequests : Questions).Enqueue(asked);
            var (status, body, retryAfter) = (forToken ? Token : Answer)(asked);
            context.Response.StatusCode = status;
            if (retryAfter is { } seconds) context.Response.AddHeader("Retry-After", seconds.ToString(System.Globalization.CultureInfo.InvariantCulture));
            var bytes = Encoding.UTF8.GetBytes(body);
            context.Response.ContentLength64 = bytes.Length;
            await context.Response.OutputStream.WriteAsync(bytes);
            context.Response.Close();
        }
    }

    public void Dispose()
    {
        _listener.Close();
        _loop.Wait(TimeSpan.FromSeconds(5));
    }
}
