using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Workload;

/// <summary>Orders told beside the scans, and what goes wrong with each.</summary>
/// <param name="Count">Orders of the run.</param>
/// <param name="PerSecond">How fast they are told.</param>
public sealed record OrderShape(int Count, double PerSecond = 100);

/// <param name="Eligible">Orders that are known to be stored, and whose parcel's delay is: each of them is owed one offer.</param>
/// <param name="Offered">Eligible orders that have one.</param>
/// <param name="Twice">Offers beyond the first of one order and cause. Must be 0.</param>
public sealed record OfferVerification(long Eligible, long Offered, long Twice)
{
    public long Missing => Eligible - Offered;
}

/// <summary>
/// Orders of one parcel each, which the carrier then reports delayed: under the tool's own policy each is owed exactly one offer, however often the server dies meanwhile. A shop sends again what was
/// not confirmed, and so does this.
/// </summary>
public sealed class OrderLoad(HttpClient http, int run, OrderShape shape, AckLedger ledger, Payloads payloads, long nowUtcSeconds)
{
    /// <summary>Parcels beyond any other of the run.</summary>
    private const long FirstParcel = 80_000_000;
    private static readonly MediaTypeHeaderValue Json = new("application/json"), Ndjson = new("application/x-ndjson");

    private readonly ConcurrentDictionary<long, byte> _eligible = new();
    private readonly Dictionary<(long Order, string Cause), int> _made = [];
    private readonly HashSet<long> _offered = [];
    private long _firstEvent;

    /// <summary>A purse that is never empty, decisions at once, and one remedy. Shipments without an order are left alone, as the run's other parcels are.</summary>
    public const string Policy = """
        {
          "version": 1, "settleMinutes": 0, "spacingDays": 0, "budget": { "perDay": 9000000000 },
          "rules": [ { "id": "late", "causes": ["carrier-delay"], "who": { "withoutOrder": false }, "remedies": [ { "kind": "discount", "cost": 500, "percent": 10 } ] } ]
        }
        """;

    public long Eligible => _eligible.Count;

    public string IdOf(long order) => string.Create(CultureInfo.InvariantCulture, $"L{run:D6}-{order:D6}");

    /// <summary>Tells every order and its parcel's delay, each until it is confirmed. Ends early when asked to; orders that were not confirmed by then are owed nothing.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        _firstEvent = ledger.TakeFromTheEnd(shape.Count);
        using var slots = new SemaphoreSlim(32);
        var underWay = new List<Task>();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        try
        {
            for (var order = 0; order < shape.Count; order++)
            {
                var wait = TimeSpan.FromSeconds(order / shape.PerSecond) - clock.Elapsed;
                if (wait > TimeSpan.FromMilliseconds(5)) await Task.Delay(wait, stop);
                await slots.WaitAsync(stop);
                var number = order;
                underWay.Add(Task.Run(async () =>
                {
                    try { await OneAsync(number, stop); }
                    finally { slots.Release(); }
                }, CancellationToken.None));
            }
        }
        catch (OperationCanceledException)
        {
            // the run ends before all of them were told
        }
        await Task.WhenAll(underWay);
    }

    /// <summary>Asks the server after every order it owes an offer, each until it has been made; for whoever waits before the store is read. Gives up quietly when <paramref name="patience"/> is over.</summary>
    public async Task OffersComeAsync(CancellationToken patience)
    {
        try
        {
            await Parallel.ForEachAsync(_eligible.Keys.Order(), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = patience }, async (order, stop) =>
            {
                while (!await HasOfferAsync(order, stop)) await Task.Delay(250, stop);
            });
        }
        catch (OperationCanceledException)
        {
            // what is missing now is counted when the store is read
        }
    }

    // Decided is not made: purse and ledger are asked in between.
    private async Task<bool> HasOfferAsync(long order, CancellationToken stop)
    {
        try { return (await http.GetStringAsync($"/v1/orders/{IdOf(order)}", stop)).Contains("\"state\":\"open\"", StringComparison.Ordinal); }
        catch (HttpRequestException) { return false; }
    }

    /// <summary>An offer that was made, as the store tells it.</summary>
    public void Found(ReadOnlySpan<byte> order, ReadOnlySpan<byte> cause)
    {
        var id = Encoding.ASCII.GetString(order);
        if (!id.StartsWith(IdOf(0)[..8], StringComparison.Ordinal) || !long.TryParse(id.AsSpan(8), CultureInfo.InvariantCulture, out var number)) return;
        var key = (number, Encoding.ASCII.GetString(cause));
        _made[key] = _made.GetValueOrDefault(key) + 1;
        _offered.Add(number);
    }

    /// <summary>Some of the orders that are owed an offer and have none, for whoever looks into the store.</summary>
    public IReadOnlyList<string> Missing(int atMost) => [.. _eligible.Keys.Where(order => !_offered.Contains(order)).Order().Take(atMost).Select(IdOf)];

    public OfferVerification Verify() => new(_eligible.Count, _eligible.Keys.Count(_offered.Contains), _made.Values.Sum(static times => times - 1L));

    private async Task OneAsync(int order, CancellationToken stop)
    {
        var parcel = new Parcel(FirstParcel + order, Carrying.Ups, Format.Scans, ParcelBook.NumberOf(Carrying.Ups, run, FirstParcel + order), []);
        var told = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $$"""{"id":"{{IdOf(order)}}","value":{"minor":12990,"currency":"EUR"},"country":"US","lines":[{"id":"1","quantity":1}],"shipments":[{"carrier":"ups","trackingNumber":"{{parcel.TrackingNumber}}","lines":[{"line":"1","quantity":1}]}]}"""));
        var delay = new Statement(_firstEvent + order, parcel, 0, Happening.WeatherDelay, Places.Hubs[order % Places.Hubs.Count], nowUtcSeconds - 3_600);
        var body = new Body(512);
        payloads.ScanLine(body, delay);
        ledger.MarkSent(delay.Event);
        if (!await UntilTakenAsync("/v1/orders", told, Json, static _ => true, stop)) return;
        if (!await UntilTakenAsync("/v1/scans", body.Written, Ndjson, static answer =>
            {
                var outcome = new Outcome[1];
                return ScanAnswers.Read(answer, outcome) == 1 && outcome[0] is Outcome.Accepted or Outcome.Duplicate;
            }, stop)) return;
        ledger.MarkAnswer(delay.Event, Outcome.Accepted);
        _eligible[order] = 0;
    }

    private async Task<bool> UntilTakenAsync(string path, ReadOnlyMemory<byte> body, MediaTypeHeaderValue type, Func<byte[], bool> taken, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ReadOnlyMemoryContent(body) };
                request.Content.Headers.ContentType = type;
                using var response = await http.SendAsync(request, CancellationToken.None);
                var answer = await response.Content.ReadAsByteArrayAsync(CancellationToken.None);
                if (response.IsSuccessStatusCode && taken(answer)) return true;
                if ((int)response.StatusCode is >= 400 and < 500 and not 429) throw new Silo.SetUpException($"{path} was refused for good: HTTP {(int)response.StatusCode} {Encoding.UTF8.GetString(answer)}");
            }
            catch (Exception gone) when (gone is HttpRequestException or IOException or TaskCanceledException)
            {
                // the server is away: told again in a moment
            }
            try { await Task.Delay(250, stop); }
            catch (OperationCanceledException) { }
        }
        return false;
    }
}
