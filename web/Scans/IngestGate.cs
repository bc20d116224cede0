using Microsoft.Extensions.Options;
using Tracking.Web.Retailers;

namespace Tracking.Web.Scans;

/// <summary>
/// Bounds what is in flight on this node, and what one retailer may send: a full gate answers at once, before a body is read, and says when to come back.
/// How much is too much the gate learns from its own answers: while they take longer than <see cref="IngestOptions.AimMilliseconds"/> it lets in less,
/// while they are quick and it was nearly full it lets in more. A fixed number is seconds of waiting on one machine and too little for the next.
/// </summary>
public sealed class IngestGate(IOptions<IngestOptions> options, TimeProvider clock)
{
    /// <summary>Always let in: a few large messages, however slow the machine.</summary>
    public const int Least = 4_000;

    /// <summary>Bytes of body for one scan, where only the length is known; normalised scans have about that many.</summary>
    private const int BytesPerScan = 250;

    private long _inFlight, _expected;
    private double _limit = Math.Min(2 * Least, options.Value.MaxScansInFlight);
    private long _shrunkAt = clock.GetTimestamp();
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    public long InFlight => Interlocked.Read(ref _inFlight);

    // Senders who are slow on purpose can take half of the room for what they never send, and no more.
    private bool IsFull => InFlight + Math.Min(Interlocked.Read(ref _expected), Limit / 2) >= Limit;

    /// <summary>Scans that may be in flight now.</summary>
    public long Limit => (long)Volatile.Read(ref _limit);

    /// <summary>The same, counted.</summary>
    public int? RetryAfter(Retailer retailer, IngestMetrics metrics)
    {
        var full = IsFull;
        var seconds = RetryAfter(retailer);
        if (seconds is not null) metrics.Refused(full ? "node" : "quota");
        return seconds;
    }

    /// <summary>Null: come in. Otherwise the seconds after which it is worth trying again.</summary>
    public int? RetryAfter(Retailer retailer)
    {
        if (IsFull) return 1;
        var limit = retailer.Options.ScansPerSecond;
        return limit > 0 ? _buckets.GetOrAdd(retailer.Id, static _ => new Bucket()).RetryAfter(limit, clock) : null;
    }

    /// <summary>
    /// What a body that was let in will probably hold counts from then on, or everybody is let in who comes while the first ones are read. Of a stream without a length nobody knows.
    /// Until it is disposed, which is due when its scans enter.
    /// </summary>
    public Expected Expect(long? bodyBytes) => new(this, (int)Math.Min(bodyBytes / BytesPerScan ?? 0, Least));

    public void Enter(Retailer retailer, int scans)
    {
        Interlocked.Add(ref _inFlight, scans);
        if (retailer.Options.ScansPerSecond > 0) _buckets.GetOrAdd(retailer.Id, static _ => new Bucket()).Take(scans, retailer.Options.ScansPerSecond, clock);
    }

    /// <param name="took">From <see cref="Enter"/> to now.</param>
    public void Leave(int scans, TimeSpan took)
    {
        var before = Interlocked.Add(ref _inFlight, -scans) + scans;
        var (most, limit) = ((double)options.Value.MaxScansInFlight, Volatile.Read(ref _limit));
        if (took.TotalMilliseconds <= options.Value.AimMilliseconds)
        {
            if (before >= 0.5 * limit && limit < most) Volatile.Write(ref _limit, Math.Min(most, limit + 0.05 * scans));
            return;
        }
        // What is in flight now was let in before; judging it again at once would punish the same crowd twice.
        var now = clock.GetTimestamp();
        var last = Interlocked.Read(ref _shrunkAt);
        if (clock.GetElapsedTime(last, now).TotalMilliseconds < options.Value.AimMilliseconds || Interlocked.CompareExchange(ref _shrunkAt, now, last) != last) return;
        Volatile.Write(ref _limit, Math.Max(Math.Min(Least, most), limit * Math.Max(0.7, options.Value.AimMilliseconds / took.TotalMilliseconds)));
    }

    /// <summary>Room that is kept for a body while it is read. Disposing it again does nothing.</summary>
    public sealed class Expected : IDisposable
    {
        private readonly IngestGate _gate;
        private int _scans;

        internal Expected(IngestGate gate, int scans)
        {
            (_gate, _scans) = (gate, scans);
            Interlocked.Add(ref gate._expected, scans);
        }

        public void Dispose() => Interlocked.Add(ref _gate._expected, -Interlocked.Exchange(ref _scans, 0));
    }

    // Ten seconds' worth may come in one burst; a request that is let in may overdraw, and the next ones wait for it.
    private sealed class Bucket
    {
        private double _tokens = double.NaN;
        private long _at;

        public int? RetryAfter(int perSecond, TimeProvider clock)
        {
            lock (this)
            {
                Fill(perSecond, clock);
                return _tokens > 0 ? null : Math.Max(1, (int)Math.Ceiling(-_tokens / perSecond));
            }
        }

        public void Take(int scans, int perSecond, TimeProvider clock)
        {
            lock (this)
            {
                Fill(perSecond, clock);
                _tokens -= scans;
            }
        }

        private void Fill(int perSecond, TimeProvider clock)
        {
            var now = clock.GetTimestamp();
            _tokens = double.IsNaN(_tokens) ? perSecond * 10.0 : Math.Min(perSecond * 10.0, _tokens + clock.GetElapsedTime(_at, now).TotalSeconds * perSecond);
            _at = now;
        }
    }
}
