using Microsoft.Extensions.Options;
using Tracking.Web.Retailers;

namespace Tracking.Web.Scans;

/// <summary>
/// Bounds what is in flight on this node, and what one retailer may send: a full gate answers at once, before a body is read, and says when to come back.
/// </summary>
public sealed class IngestGate(IOptions<IngestOptions> options, TimeProvider clock)
{
    private long _inFlight;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    public long InFlight => Interlocked.Read(ref _inFlight);

    /// <summary>The same, counted.</summary>
    public int? RetryAfter(Retailer retailer, IngestMetrics metrics)
    {
        var full = Interlocked.Read(ref _inFlight) >= options.Value.MaxScansInFlight;
        var seconds = RetryAfter(retailer);
        if (seconds is not null) metrics.Refused(full ? "node" : "quota");
        return seconds;
    }

    /// <summary>Null: come in. Otherwise the seconds after which it is worth trying again.</summary>
    public int? RetryAfter(Retailer retailer)
    {
        if (Interlocked.Read(ref _inFlight) >= options.Value.MaxScansInFlight) return 1;
        var limit = retailer.Options.ScansPerSecond;
        return limit > 0 ? _buckets.GetOrAdd(retailer.Id, static _ => new Bucket()).RetryAfter(limit, clock) : null;
    }

    public void Enter(Retailer retailer, int scans)
    {
        Interlocked.Add(ref _inFlight, scans);
        if (retailer.Options.ScansPerSecond > 0) _buckets.GetOrAdd(retailer.Id, static _ => new Bucket()).Take(scans, retailer.Options.ScansPerSecond, clock);
    }

    public void Leave(int scans) => Interlocked.Add(ref _inFlight, -scans);

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
