using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Limits;

/// <summary>A body that was written before the clock started. One that was refused may be sent again; one that was acked never is.</summary>
public sealed record PreparedBody(byte[] Bytes, long FirstEvent, int Scans);

/// <summary>What came back for a prepared body. <paramref name="Micros"/> runs from the moment it left.</summary>
public readonly record struct Replied(int Status, int Accepted, bool SaysWhen, long Micros)
{
    public bool Refused => Status is 429 or 503;
}

/// <summary>
/// Bodies made beforehand, so that offering three times what a server takes costs the generator no more than sending them: a generator that writes JSON on
/// the same cores would measure itself.
/// </summary>
public sealed class PreparedBodies(Payloads payloads, AckLedger ledger, long firstParcel, int parcels, int run, int batch, long now)
{
    private readonly ConcurrentQueue<PreparedBody> _ready = new();
    private long _made;

    public int Batch => batch;

    public void Make(int bodies)
    {
        for (var i = 0; i < bodies; i++) _ready.Enqueue(One());
    }

    public PreparedBody Take() => _ready.TryDequeue(out var body) ? body : One();

    public void GiveBack(PreparedBody body) => _ready.Enqueue(body);

    private PreparedBody One()
    {
        var body = new Body(batch * 330);
        var first = ledger.Take(batch);
        var number = Interlocked.Add(ref _made, batch) - batch;
        for (var i = 0; i < batch; i++)
        {
            var id = firstParcel + (number + i) % parcels;
            var carrying = (Carrying)(id % 4);
            var parcel = new Parcel(id, carrying, Format.Scans, ParcelBook.NumberOf(carrying, run, id), []);
            payloads.ScanLine(body, ScanFeed.Endless(parcel, (int)((number + i) / parcels), now) with { Event = first + i });
            ledger.MarkSent(first + i);
        }
        return new PreparedBody(body.Written.ToArray(), first, batch);
    }
}

/// <summary>Sends prepared bodies with one retailer's key.</summary>
public sealed class PreparedSender : IDisposable
{
    private static readonly MediaTypeHeaderValue Ndjson = new("application/x-ndjson");

    private readonly HttpClient _http;
    private readonly AckLedger _ledger;
    private readonly ILoadClock _clock;

    public PreparedSender(Uri target, string key, int connections, AckLedger ledger, ILoadClock clock)
    {
        (_ledger, _clock) = (ledger, clock);
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false, UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = target, Timeout = TimeSpan.FromSeconds(30),
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public async Task<Replied> SendAsync(PreparedBody body)
    {
        var left = _clock.Micros;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/scans") { Content = new ReadOnlyMemoryContent(body.Bytes) };
            request.Content.Headers.ContentType = Ndjson;
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead).ConfigureAwait(false);
            var micros = _clock.Micros - left;
            var status = (int)response.StatusCode;
            if (!response.IsSuccessStatusCode) return new Replied(status, 0, response.Headers.RetryAfter is not null, micros);
            var outcomes = new Outcome[body.Scans];
            var answered = ScanAnswers.Read(await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false), outcomes, null);
            var accepted = 0;
            for (var i = 0; i < answered; i++)
            {
                _ledger.MarkAnswer(body.FirstEvent + i, outcomes[i]);
                if (outcomes[i] == Outcome.Accepted) accepted++;
            }
            return new Replied(status, accepted, false, micros);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException)
        {
            return new Replied(0, 0, false, _clock.Micros - left);
        }
    }

    public void Dispose() => _http.Dispose();
}
