using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Configuration;
using Tracking.Contracts.Ports;
using Tracking.Web.Http;

namespace Tracking.Web.Promotions;

/// <summary>
/// Tells a shop's promotion system of offers as Standard Webhooks. A shop whose server does not answer is left alone for a while, longer each time up to a minute, and then asked by one message only:
/// however many wait, a dead server costs one connection at a time, and other shops nothing.
/// </summary>
public sealed class PromotionWebhook : IPromotionChannel, IDisposable
{
    private const int MostAtOnce = 8;
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    private readonly IConfiguration _configuration;
    private readonly TimeProvider _clock;
    private readonly HttpClient _client;
    private readonly ConcurrentDictionary<string, Line> _lines = new(StringComparer.Ordinal);

    public PromotionWebhook(IConfiguration configuration, TimeProvider clock) : this(configuration, clock, OutgoingWebhook.Guarded()) { }

    internal PromotionWebhook(IConfiguration configuration, TimeProvider clock, HttpMessageHandler handler)
    {
        (_configuration, _clock) = (configuration, clock);
        _client = OutgoingWebhook.Client(handler);
    }

    public bool IsOpen(string retailer) => Of(_configuration, retailer) is { Url.Length: > 0 } options && OutgoingWebhook.IsSecret(options.Secret);

    public async ValueTask<PromotionAnswer> SendAsync(string retailer, string id, ReadOnlyMemory<byte> body, CancellationToken cancel = default)
    {
        var options = Of(_configuration, retailer);
        if (options.Url is not { Length: > 0 } url || !OutgoingWebhook.IsSecret(options.Secret)) return new PromotionAnswer(false, Problem: "no address is configured");
        var line = _lines.GetOrAdd(retailer, static _ => new Line());
        if (!line.TryTake(_clock.GetUtcNow(), TimeSpan.FromSeconds(Math.Clamp(options.TimeoutSeconds, 1, 60)), out var wait)) return new PromotionAnswer(false, Problem: line.Problem ?? "others are being sent", RetryAfter: wait);
        PromotionAnswer answer;
        try
        {
            using var told = await OutgoingWebhook.SendAsync(_client, url, options.Secret, id, _clock.GetUtcNow(), body, options.TimeoutSeconds, cancel).ConfigureAwait(false);
            answer = told.IsSuccessStatusCode ? PromotionAnswer.Ok
                : new PromotionAnswer(false, told.StatusCode == HttpStatusCode.Gone, $"answered {(int)told.StatusCode}", told.Headers.RetryAfter?.Delta ?? told.Headers.RetryAfter?.Date - _clock.GetUtcNow());
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { answer = new PromotionAnswer(false, Problem: "did not answer in time"); }
        catch (OperationCanceledException) { answer = new PromotionAnswer(false, Problem: "this node stops"); }
        catch (HttpRequestException refused) { answer = new PromotionAnswer(false, Problem: refused.HttpRequestError == HttpRequestError.Unknown ? "could not be reached" : $"could not be reached ({refused.HttpRequestError})"); }
        catch (IOException) { answer = new PromotionAnswer(false, Problem: "the connection broke"); }
        line.Ended(_clock.GetUtcNow(), answer);
        return answer;
    }

    public void Dispose() => _client.Dispose();

    internal static PromotionOptions Of(IConfiguration configuration, string retailer)
        => configuration.GetSection("Retailers").GetSection(retailer).GetSection("Promotions").Get<PromotionOptions>() ?? new PromotionOptions();

    /// <summary>Everything wrong with where promotion systems are told, a sentence each.</summary>
    public static IReadOnlyList<string> Check(IConfiguration configuration)
    {
        var problems = new List<string>();
        foreach (var retailer in configuration.GetSection("Retailers").GetChildren())
        {
            PromotionOptions options;
            try { options = Of(configuration, retailer.Key); }
            catch (InvalidOperationException wrong) { problems.Add($"Retailers:{retailer.Key}:Promotions: {wrong.InnerException?.Message ?? wrong.Message}"); continue; }
            if (options.Url is { Length: > 0 } url) problems.AddRange(OutgoingWebhook.Problems($"Retailers:{retailer.Key}:Promotions", url, options.Secret));
            if (options.TimeoutSeconds is < 1 or > 60) problems.Add($"Retailers:{retailer.Key}:Promotions:TimeoutSeconds is {options.TimeoutSeconds}; it is 1 to 60.");
        }
        return problems;
    }

    // One shop's server, as we found it last.
    private sealed class Line
    {
        private readonly Lock _gate = new();
        private int _atOnce, _failures;
        private DateTimeOffset _restsUntil;

        public string? Problem { get; private set; }

        public bool TryTake(DateTimeOffset now, TimeSpan timeout, out TimeSpan wait)
        {
            lock (_gate)
            {
                wait = _restsUntil > now ? _restsUntil - now : TimeSpan.FromSeconds(1);
                if (_restsUntil > now || _atOnce >= MostAtOnce) return false;
                if (_failures > 0) _restsUntil = now + timeout;   // one asks whether it is back; the others wait for its answer
                _atOnce++;
                return true;
            }
        }

        public void Ended(DateTimeOffset now, PromotionAnswer answer)
        {
            lock (_gate)
            {
                _atOnce--;
                // What one message is answered says nothing of the others, unless the server has trouble of its own.
                var well = answer.Taken || answer.Gone || answer.Problem is { } said && said.StartsWith("answered 4", StringComparison.Ordinal) && said is not "answered 429";
                (_failures, Problem) = well ? (0, null) : (Math.Min(_failures + 1, 10), answer.Problem);
                var rest = TimeSpan.FromSeconds(Math.Min(1 << _failures, (int)LongestRest.TotalSeconds));
                _restsUntil = well ? default : now + (answer.RetryAfter > rest && answer.RetryAfter < TimeSpan.FromHours(1) ? answer.RetryAfter.Value : rest);
            }
        }
    }
}
