using System.Collections.Concurrent;
using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Watch;

/// <summary>
/// From ack to glass: for every acked version of a watched shipment and every page open on it, how long until the page had it (or a newer one).
/// A page that shows it before the ack has come back counts as 0.
/// </summary>
public sealed class Glass
{
    private const int Remembered = 256;

    private sealed class Pane
    {
        public readonly Lock Gate = new();
        public readonly List<Watcher> Watchers = [];
        public readonly Queue<(long Version, long AckedMicros)> Acks = new();
        public long Newest;
    }

    private readonly ConcurrentDictionary<long, Pane> _panes = new();
    private long _backwards;
    private LatencyHistogram _interval = new();

    public LatencyHistogram Latency { get; } = new();
    /// <summary>False while pages only arrive: then latencies go into the curve and not into <see cref="Latency"/>.</summary>
    public bool Counting { get; set; } = true;
    /// <summary>Updates that were pushed with a lower version than the page already had. The answer to a page's own question may cross a push and is not counted.</summary>
    public long Backwards => Volatile.Read(ref _backwards);

    public bool IsWatched(long parcel) => _panes.ContainsKey(parcel);

    internal void Open(Watcher watcher)
    {
        var pane = _panes.GetOrAdd(watcher.Parcel, _ => new Pane());
        lock (pane.Gate)
        {
            watcher.Counted = Math.Max(watcher.Counted, pane.Newest);       // what was acked before it opened is not its to show
            if (!pane.Watchers.Contains(watcher)) pane.Watchers.Add(watcher);
        }
    }

    internal void Close(Watcher watcher)
    {
        if (!_panes.TryGetValue(watcher.Parcel, out var pane)) return;
        lock (pane.Gate) pane.Watchers.Remove(watcher);
    }

    /// <summary>The server acked this version of a shipment.</summary>
    public void Acked(long parcel, long version, long nowMicros)
    {
        if (version <= 0 || !_panes.TryGetValue(parcel, out var pane)) return;
        lock (pane.Gate)
        {
            if (version > pane.Newest) pane.Newest = version;
            pane.Acks.Enqueue((version, nowMicros));
            if (pane.Acks.Count > Remembered) pane.Acks.Dequeue();
            foreach (var watcher in pane.Watchers)
                if (watcher.Shown >= version && version > watcher.Counted)
                {
                    Count(0);
                    watcher.Counted = version;
                }
        }
    }

    internal void Shown(Watcher watcher, long version, long nowMicros, bool asked = false)
    {
        if (version < watcher.Shown)
        {
            if (!asked) Interlocked.Increment(ref _backwards);
            return;
        }
        watcher.Shown = version;
        if (!_panes.TryGetValue(watcher.Parcel, out var pane)) return;
        lock (pane.Gate)
        {
            var counted = watcher.Counted;
            foreach (var (acked, at) in pane.Acks)
                if (acked > watcher.Counted && acked <= version)
                {
                    Count(nowMicros - at);
                    counted = Math.Max(counted, acked);
                }
            watcher.Counted = counted;
        }
    }

    /// <summary>What was shown since the last call.</summary>
    public LatencyHistogram TakeInterval() => Interlocked.Exchange(ref _interval, new LatencyHistogram());

    private void Count(long micros)
    {
        if (Counting) Latency.Record(micros);
        Volatile.Read(ref _interval).Record(micros);
    }

    /// <summary>Connected watchers whose page is older than the newest acked version. Asked after quiet, it must be 0.</summary>
    public long Stale()
    {
        long stale = 0;
        foreach (var pane in _panes.Values)
            lock (pane.Gate)
                stale += pane.Watchers.Count(w => w.Connected && w.Shown < pane.Newest);
        return stale;
    }
}
