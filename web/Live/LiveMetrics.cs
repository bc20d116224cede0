using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace Tracking.Web.Live;

/// <summary>What live pages are doing on this node. Labels are few and fixed; never a shipment, a link or an address.</summary>
public sealed class LiveMetrics : IDisposable
{
    public const string MeterName = "Tracking.Live";

    private readonly Meter _meter;
    private readonly Counter<long> _pushed, _conflated, _slow, _refused, _connected;
    private readonly Histogram<double> _delay;
    private long _watchers;

    public LiveMetrics(IMeterFactory meters, IOptions<LiveOptions> options)
    {
        _meter = meters.Create(MeterName);
        _meter.CreateObservableGauge("tracking.live.watchers", () => Watchers, "{watcher}", "Open pages that are pushed to.");
        _meter.CreateObservableGauge("tracking.live.watchers_limit", () => options.Value.Watchers, "{watcher}", "Open pages this node pushes to; later ones poll.");
        _connected = _meter.CreateCounter<long>("tracking.live.connected", "{watcher}", "Pages that began to be pushed to.");
        _pushed = _meter.CreateCounter<long>("tracking.live.updates_pushed", "{update}", "Snapshots sent to open pages.");
        _conflated = _meter.CreateCounter<long>("tracking.live.updates_conflated", "{update}", "Snapshots never sent because a newer one overtook them.");
        _slow = _meter.CreateCounter<long>("tracking.live.slow_cut", "{connection}", "Connections cut because one send took too long.");
        _refused = _meter.CreateCounter<long>("tracking.live.refused", "{connection}", "Connections refused, by reason.");
        _delay = _meter.CreateHistogram<double>("tracking.live.push_delay", "s", "From recorded to handed to the connection.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15] });
    }

    public long Watchers => Interlocked.Read(ref _watchers);

    public void Opened()
    {
        Interlocked.Increment(ref _watchers);
        _connected.Add(1);
    }

    public void Closed() => Interlocked.Decrement(ref _watchers);
    public void Conflated() => _conflated.Add(1);
    public void SlowCut() => _slow.Add(1);

    /// <param name="reason"><c>origin</c>, <c>address</c>, <c>link</c>, <c>node</c>, <c>unknown</c>, <c>chatty</c> or <c>silent</c>.</param>
    public void Refused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Pushed(TimeSpan sinceRecorded)
    {
        _pushed.Add(1);
        _delay.Record(Math.Max(0, sinceRecorded.TotalSeconds));
    }

    public void Dispose() => _meter.Dispose();
}
