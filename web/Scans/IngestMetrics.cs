using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Scans;

/// <summary>
/// What comes in at the doors of this node and how it fared, and how fresh each carrier is: how long ago it last spoke, and the longest it was silent within the last day. A carrier that is silent
/// for three times that is silent for a reason. Labels are bounded: outcomes, reasons, and carriers of our own table (every other one is <c>other</c>).
/// </summary>
public sealed class IngestMetrics : IDisposable
{
    public const string MeterName = "Tracking.Ingest";

    private static readonly string[] Outcomes = ["accepted", "duplicate", "rejected", "quarantined", "failed"];

    private readonly Meter _meter;
    private readonly TimeProvider _clock;
    private readonly Counter<long> _items, _refused;
    private readonly ConcurrentDictionary<string, CarrierFreshness> _carriers = new(StringComparer.Ordinal);

    public IngestMetrics(IMeterFactory meters, IngestGate gate, TimeProvider clock)
    {
        _clock = clock;
        _meter = meters.Create(MeterName);
        _items = _meter.CreateCounter<long>("tracking.ingest.items", "{item}", "Items of messages by what they were answered: accepted, duplicate, rejected, quarantined or failed.");
        _refused = _meter.CreateCounter<long>("tracking.ingest.refused", "{request}", "Requests answered 429 before their body was read: the node was full, or the retailer over its quota.");
        _meter.CreateObservableGauge("tracking.scans_in_flight", () => gate.InFlight, "{scan}", "Scans being stored now on this node.");
        _meter.CreateObservableGauge("tracking.scans_in_flight_limit", () => gate.Limit, "{scan}", "Scans this node stores at once; beyond it requests are answered 429.");
        _meter.CreateObservableGauge("tracking.carrier.silence_seconds", () => Each(static (fresh, now) => fresh.Silence(now)), "s", "Since this node last heard of a carrier.");
        _meter.CreateObservableGauge("tracking.carrier.usual_gap_seconds", () => Each(static (fresh, now) => fresh.UsualGap(now)), "s", "The longest this carrier was silent on this node within the last 24 hours.");
    }

    /// <summary>Makes every outcome exist from the first scrape on, so that the first failure is seen as a rise.</summary>
    public void StartAtZero()
    {
        foreach (var outcome in Outcomes) _items.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        foreach (var reason in (string[])["node", "quota"]) _refused.Add(0, new KeyValuePair<string, object?>("reason", reason));
    }

    /// <summary>Counts a batch that was answered.</summary>
    public void Answered(ReadOnlySpan<Incoming> batch)
    {
        Span<int> counts = stackalloc int[Outcomes.Length];
        string? carrier = null;
        var now = _clock.GetTimestamp();
        foreach (ref readonly var item in batch)
        {
            counts[(int)item.Outcome]++;
            if (item.Scan is not { } scan || item.Outcome is not (ScanOutcome.Accepted or ScanOutcome.Duplicate) || scan.Carrier == carrier) continue;
            carrier = scan.Carrier;   // messages are mostly of one carrier: one look-up each
            _carriers.GetOrAdd(Carrier.Label(carrier), static (_, clock) => new CarrierFreshness(clock), _clock).Heard(now);
        }
        for (var i = 0; i < counts.Length; i++)
            if (counts[i] > 0)
                _items.Add(counts[i], new KeyValuePair<string, object?>("outcome", Outcomes[i]));
    }

    /// <param name="reason"><c>node</c>: too much is in flight here. <c>quota</c>: this retailer sends more than it may.</param>
    public void Refused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Dispose() => _meter.Dispose();

    private List<Measurement<double>> Each(Func<CarrierFreshness, long, double?> value)
    {
        var now = _clock.GetTimestamp();
        var all = new List<Measurement<double>>(_carriers.Count);
        foreach (var (carrier, fresh) in _carriers)
            if (value(fresh, now) is { } seconds)
                all.Add(new(seconds, new KeyValuePair<string, object?>("carrier", carrier)));
        return all;
    }
}

/// <summary>When one carrier last spoke on this node, and the longest pause of the last 24 hours, kept as one maximum per hour.</summary>
internal sealed class CarrierFreshness(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly long[] _hours = new long[24];
    private readonly double[] _longest = new double[24];
    private readonly long _since = clock.GetTimestamp();
    private long _heardAt = -1;

    public void Heard(long now)
    {
        lock (_gate)
        {
            if (_heardAt >= 0)
            {
                var gap = clock.GetElapsedTime(_heardAt, now).TotalSeconds;
                var hour = Hour(now);
                var place = (int)(hour % 24);
                if (_hours[place] != hour) (_hours[place], _longest[place]) = (hour, 0);
                if (gap > _longest[place]) _longest[place] = gap;
            }
            if (now > _heardAt) _heardAt = now;
        }
    }

    public double? Silence(long now)
    {
        lock (_gate) return _heardAt < 0 ? null : clock.GetElapsedTime(_heardAt, now).TotalSeconds;
    }

    /// <summary>Null until the carrier spoke twice within the last day: then nobody knows what is usual.</summary>
    public double? UsualGap(long now)
    {
        lock (_gate)
        {
            var (hour, longest) = (Hour(now), 0.0);
            for (var i = 0; i < 24; i++)
                if (_hours[i] > 0 && hour - _hours[i] < 24)
                    longest = Math.Max(longest, _longest[i]);
            return longest > 0 ? longest : null;
        }
    }

    // Counted from 1, so that 0 means never.
    private long Hour(long now) => 1 + (long)clock.GetElapsedTime(_since, now).TotalHours;
}
