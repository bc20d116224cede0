using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Tracking.Silo.Tests.Faults;

/// <summary>
/// Senders that go on whatever happens: every message leaves at its time, whether those before it were answered or not, and every answer is written down. What was not acked is sent
/// again at the end, as a carrier would. Five scans a message, two hundred parcels in turn.
/// </summary>
internal sealed class Senders : IAsyncDisposable
{
    public const int ScansPerMessage = 5;

    /// <param name="Sent">When it left, after the beginning.</param>
    /// <param name="Took">Until the answer was read; a connection that broke counts as an answer with status 0.</param>
    /// <param name="SaysWhen">Whether a refusal said when to come back.</param>
    /// <param name="Acked">How many of its scans were answered accepted or duplicate.</param>
    internal sealed record Answer(int Message, TimeSpan Sent, TimeSpan Took, int Status, bool SaysWhen, int Acked)
    {
        public TimeSpan Came => Sent + Took;
    }

    private readonly Func<HttpClient> _to;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ConcurrentQueue<Answer> _answers = new();
    private readonly ConcurrentDictionary<string, byte> _acked = new();
    private readonly ConcurrentBag<Task> _underWay = [];
    private readonly CancellationTokenSource _enough = new();
    private readonly Task _pace;
    private int _messages;

    /// <param name="to">Where to, asked anew for every message: the silo may be another process by then.</param>
    public Senders(Func<HttpClient> to, int messagesPerSecond)
    {
        _to = to;
        _pace = Task.Run(() => PaceAsync(TimeSpan.FromSeconds(1.0 / messagesPerSecond)));
    }

    public TimeSpan Now => _clock.Elapsed;
    public IReadOnlyCollection<Answer> Answers => _answers;
    public int Sent => Volatile.Read(ref _messages) * ScansPerMessage;
    public ICollection<string> Acked => _acked.Keys;

    /// <summary>The first answers like this that were sent from then on; a minute and a half is forever here.</summary>
    public async Task<IReadOnlyList<Answer>> UntilAsync(int count, Func<Answer, bool> wanted, TimeSpan? sentFrom = null)
    {
        var from = sentFrom ?? Now;
        var patience = Stopwatch.StartNew();
        while (true)
        {
            var found = _answers.Where(a => a.Sent >= from && wanted(a)).OrderBy(a => a.Came).Take(count).ToList();
            if (found.Count == count) return found;
            if (patience.Elapsed > TimeSpan.FromSeconds(90))
                throw new TimeoutException($"Only {found.Count} of {count} such answers came; the last ones were {string.Join(", ", _answers.TakeLast(8))}.");
            await Task.Delay(10);   // the answers are the only witness
        }
    }

    public Task<IReadOnlyList<Answer>> AckedAsync(int count, TimeSpan? sentFrom = null) => UntilAsync(count, static a => a.Acked == ScansPerMessage, sentFrom);

    public Task<IReadOnlyList<Answer>> RefusedAsync(int count, TimeSpan? sentFrom = null) => UntilAsync(count, static a => a.Acked == 0, sentFrom);

    /// <summary>No new messages; waits for the answers of those under way.</summary>
    public async Task StopAsync()
    {
        await _enough.CancelAsync();
        await _pace;
        await Task.WhenAll(_underWay);
    }

    /// <summary>Sends again what is not known to be stored, until everything is.</summary>
    public async Task ResendAsync()
    {
        var patience = Stopwatch.StartNew();
        while (Enumerable.Range(0, _messages).Where(m => !IsAcked(m)).ToList() is { Count: > 0 } open)
        {
            patience.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1), $"{open.Count} messages could not be stored although nothing is broken any more");
            foreach (var message in open) await SendAsync(message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _enough.Dispose();
    }

    private bool IsAcked(int message) => Enumerable.Range(0, ScansPerMessage).All(k => _acked.ContainsKey(EventId(message, k)));

    private async Task PaceAsync(TimeSpan every)
    {
        for (var next = _clock.Elapsed; !_enough.IsCancellationRequested; next += every)
        {
            var message = Interlocked.Increment(ref _messages) - 1;
            _underWay.Add(Task.Run(() => SendAsync(message)));
            if (next + every - _clock.Elapsed is { Ticks: > 0 } wait) await Task.Delay(wait);
        }
    }

    private async Task SendAsync(int message)
    {
        var sent = _clock.Elapsed;
        var (status, saysWhen, acked) = (0, false, 0);
        try
        {
            using var answer = await _to().PostAsJsonAsync(new Uri("/v1/scans", UriKind.Relative), Enumerable.Range(0, ScansPerMessage).Select(k => Scan(message, k)));
            status = (int)answer.StatusCode;
            saysWhen = answer.Headers.RetryAfter is not null;
            if (answer.IsSuccessStatusCode)
            {
                using var results = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
                foreach (var result in results.RootElement.GetProperty("results").EnumerateArray())
                {
                    if (result.GetProperty("outcome").GetString() is not ("accepted" or "duplicate")) continue;
                    _acked[EventId(message, result.GetProperty("index").GetInt32())] = 0;
                    acked++;
                }
            }
        }
        catch (Exception gone) when (gone is HttpRequestException or OperationCanceledException or IOException or ObjectDisposedException) { status = 0; }
        _answers.Enqueue(new Answer(message, sent, _clock.Elapsed - sent, status, saysWhen, acked));
    }

    private static string EventId(int message, int k) => string.Create(CultureInfo.InvariantCulture, $"f-{message:00000}-{k}");

    private static object Scan(int message, int k) => new
    {
        carrier = "ups",
        trackingNumber = string.Create(CultureInfo.InvariantCulture, $"FAULT{(message * ScansPerMessage + k) % 200:0000}"),
        status = "IN_TRANSIT",
        occurredAt = new DateTimeOffset(2026, 11, 1, 8, 0, 0, TimeSpan.Zero).AddMinutes(message),
        eventId = EventId(message, k),
    };
}

/// <summary>What is stored, read back by <c>silo -- export</c>, against what senders were told.</summary>
internal static class Stored
{
    /// <summary>I1 and I2: everything acked is there, everything sent is there once, and nothing else.</summary>
    public static async Task IsWhatWasSentAsync(string folder, Senders senders, params string[] settings)
    {
        var stored = await EventsAsync(folder, settings);
        senders.Acked.Except(stored).ShouldBeEmpty("acked and not stored");
        stored.Count.ShouldBe(stored.Distinct().Count(), "stored twice");
        stored.Count.ShouldBe(senders.Sent);
    }

    public static async Task<List<string>> EventsAsync(string folder, params string[] settings)
    {
        var (code, output) = await SiloProcess.RunAsync(folder, ["export", .. settings]);
        code.ShouldBe(0, output);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("eventId").GetString()!)];
    }
}
