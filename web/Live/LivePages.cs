using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Live;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Language;
using Tracking.Web.Pages;

namespace Tracking.Web.Live;

/// <summary>One open connection, as far as pushing needs to know it.</summary>
public interface IWatcherConnection
{
    /// <summary>Sends a snapshot. Ends when the connection has taken it; may take as long as the reader's network.</summary>
    Task SendAsync(LiveUpdate update);

    /// <summary>Says that the link was withdrawn.</summary>
    Task SendGoneAsync();

    /// <summary>Asks to come back after so many milliseconds.</summary>
    Task SendLaterAsync(int milliseconds);

    /// <summary>Cuts the connection at once.</summary>
    void Abort();
}

/// <summary>Why a page is not pushed to.</summary>
public enum WatchRefusal : byte { None = 0, Link = 1, Node = 2 }

/// <summary>
/// Which pages are open on this node, and the newest view of what they show. Every page is a slot: the newest version, one send in flight, nothing
/// queued. A slow reader misses what was overtaken and holds up nobody.
/// </summary>
public sealed class LivePages(IPageBrands brands, LiveMetrics metrics, TimeProvider clock, IOptions<LiveOptions> options) : ILivePages
{
    private readonly ConcurrentDictionary<ShipmentKey, Watched> _watched = new();
    private readonly ConcurrentDictionary<string, int> _perLink = new(StringComparer.Ordinal);
    private readonly LiveOptions _options = options.Value;
    private int _count;

    /// <inheritdoc/>
    public void Publish(ShipmentView view)
    {
        if (!_watched.TryGetValue(view.Key, out var watched) || !watched.Take(view)) return;
        if (watched.Schedule()) ThreadPool.UnsafeQueueUserWorkItem(static w => w.Offer(), watched, preferLocal: false);
    }

    /// <summary>Opens a slot.</summary>
    /// <param name="version">What the page already shows; only newer is sent.</param>
    /// <returns>The slot, or null with the reason.</returns>
    internal Slot? Open(LinkTarget target, string token, Texts texts, int version, IWatcherConnection connection, out WatchRefusal refusal)
    {
        refusal = WatchRefusal.None;
        if (Interlocked.Increment(ref _count) > _options.Watchers)
        {
            Interlocked.Decrement(ref _count);
            refusal = WatchRefusal.Node;
            metrics.Refused("node");
            return null;
        }
        if (_perLink.AddOrUpdate(token, 1, static (_, n) => n + 1) > _options.SocketsPerLink)
        {
            Leave(token);
            refusal = WatchRefusal.Link;
            metrics.Refused("link");
            return null;
        }
        metrics.Opened();
        while (true)
        {
            var watched = _watched.GetOrAdd(target.Key, static (key, pages) => new Watched(key, pages), this);
            var slot = new Slot(watched, target, token, texts, version, connection);
            if (watched.Add(slot)) return slot;
            _watched.TryRemove(new KeyValuePair<ShipmentKey, Watched>(target.Key, watched));   // its last page just left
        }
    }

    /// <summary>Closes a slot. Closing twice does nothing.</summary>
    internal void Close(Slot slot)
    {
        if (!slot.Watched.Remove(slot, out var empty)) return;
        if (empty) _watched.TryRemove(new KeyValuePair<ShipmentKey, Watched>(slot.Watched.Key, slot.Watched));
        Leave(slot.Token);
        metrics.Closed();
    }

    private void Leave(string token)
    {
        Interlocked.Decrement(ref _count);
        while (_perLink.TryGetValue(token, out var n))
            if (n > 1 ? _perLink.TryUpdate(token, n - 1, n) : _perLink.TryRemove(new KeyValuePair<string, int>(token, n)))
                return;
    }

    /// <summary>True when the shipment's lease was taken so recently that another page of it need not take it again.</summary>
    internal bool IsLeased(ShipmentKey key)
        => _watched.TryGetValue(key, out var watched) && watched.LeasedAt is not 0 and var at && clock.GetElapsedTime(at) < Renewal;

    private TimeSpan Renewal => TimeSpan.FromSeconds(_options.RenewSeconds);

    internal void Leased(ShipmentKey key)
    {
        if (_watched.TryGetValue(key, out var watched)) watched.AskedAt = watched.LeasedAt = clock.GetTimestamp();
    }

    /// <summary>What is watched here, with the version each has.</summary>
    internal IEnumerable<(ShipmentKey Key, int Version)> Watching()
    {
        foreach (var (key, watched) in _watched) yield return (key, watched.Version);
    }

    /// <summary>True when the shipment's lease was neither taken nor asked for within the renewal time; from then on it counts as asked for.</summary>
    internal bool Ask(ShipmentKey key)
    {
        if (!_watched.TryGetValue(key, out var watched) || clock.GetElapsedTime(watched.AskedAt) < Renewal) return false;
        watched.AskedAt = clock.GetTimestamp();
        return true;
    }

    /// <summary>Slots whose links may have been revoked since they were opened, with the generation that made them doubtful.</summary>
    internal IEnumerable<(Slot Slot, int Generation)> Doubtful()
    {
        foreach (var watched in _watched.Values)
        {
            var generation = watched.Generation;
            foreach (var slot in watched.Slots)
                if (slot.Generation < generation)
                    yield return (slot, generation);
        }
    }

    internal IEnumerable<Slot> Slots()
    {
        foreach (var watched in _watched.Values)
            foreach (var slot in watched.Slots)
                yield return slot;
    }

    /// <summary>Cuts connections whose send has been pending too long.</summary>
    internal void CutSlow()
    {
        var limit = TimeSpan.FromSeconds(_options.SlowSendSeconds);
        foreach (var slot in Slots())
        {
            if (slot.SendingSince is not { } since || clock.GetElapsedTime(since) < limit) continue;
            metrics.SlowCut();
            slot.Connection.Abort();
            Close(slot);
        }
    }

    /// <summary>All open pages of one shipment.</summary>
    internal sealed class Watched(ShipmentKey key, LivePages pages)
    {
        private readonly Lock _lock = new();
        private Slot[] _slots = [];
        private ShipmentView? _newest;
        private Dictionary<string, LiveUpdate>? _rendered;
        private bool _closed;
        private int _scheduled;
        private long _leasedAt, _askedAt = pages.Clock.GetTimestamp();   // whoever opens the first page asks

        public long LeasedAt { get => Volatile.Read(ref _leasedAt); set => Volatile.Write(ref _leasedAt, value); }
        /// <summary>When the lease was last taken or asked for in vain.</summary>
        public long AskedAt { get => Volatile.Read(ref _askedAt); set => Volatile.Write(ref _askedAt, value); }

        public ShipmentKey Key => key;
        public LivePages Pages => pages;
        public int Version { get { lock (_lock) return _newest?.Version ?? 0; } }
        public int Generation { get { lock (_lock) return _newest?.LinkGeneration ?? 0; } }
        public Slot[] Slots { get { lock (_lock) return _slots; } }

        public bool Add(Slot slot)
        {
            lock (_lock)
            {
                if (_closed) return false;
                _slots = [.. _slots, slot];
            }
            return true;
        }

        public bool Remove(Slot slot, out bool empty)
        {
            lock (_lock)
            {
                var left = Array.FindAll(_slots, s => !ReferenceEquals(s, slot));
                var removed = left.Length < _slots.Length;
                _slots = left;
                empty = left.Length == 0;
                if (empty) _closed = true;
                return removed;
            }
        }

        /// <summary>True when the view is newer than what was known.</summary>
        public bool Take(ShipmentView view)
        {
            lock (_lock)
            {
                if (_closed || _newest is not null && view.Version <= _newest.Version) return false;
                _newest = view;
                _rendered = null;
                return true;
            }
        }

        /// <summary>True for the one who has to call <see cref="Offer"/>.</summary>
        public bool Schedule() => Interlocked.Exchange(ref _scheduled, 1) == 0;

        public void Offer()
        {
            Volatile.Write(ref _scheduled, 0);   // before reading: a view that comes now schedules again
            foreach (var slot in Slots) slot.Offer();
        }

        /// <summary>The newest view, told in a language; null when a page that shows <paramref name="version"/> needs nothing.</summary>
        public LiveUpdate? Newer(int version, string use, Texts texts)
        {
            ShipmentView? view;
            lock (_lock)
            {
                view = _newest;
                if (view is null || view.Version <= version) return null;
                // A page of an earlier use of the number: its words are not in this view, so it is told to look.
                if (view.UseId != use) return new LiveUpdate(view.Version, view.RecordedAt, System.Text.Encoding.ASCII.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{{\"v\":{view.Version},\"look\":1}}")));
                if (_rendered is not null && _rendered.TryGetValue(texts.Tag, out var known)) return known;
            }
            var brand = pages.Brands.For(key.Retailer);
            var story = StoryTeller.Tell(view, texts, brand.Shop, pages.Clock.GetUtcNow(), LiveMessage.Lines);
            var update = new LiveUpdate(view.Version, view.RecordedAt, LiveMessage.Write(story, TrackingPage.Title(story, brand), TrackingPage.AllWords(story, texts)));
            lock (_lock)
                if (ReferenceEquals(view, _newest))
                    (_rendered ??= new(2, StringComparer.Ordinal))[texts.Tag] = update;
            return update;
        }
    }

    private IPageBrands Brands => brands;
    private TimeProvider Clock => clock;

    /// <summary>One open page.</summary>
    internal sealed class Slot(Watched watched, LinkTarget target, string token, Texts texts, int version, IWatcherConnection connection)
    {
        private const int Idle = 0, Sending = 1, SendingAndMore = 2;

        private int _state;
        private int _sent = version;
        private long _since;

        public Watched Watched => watched;
        public string Token => token;
        /// <summary>The generation of links that this one was last seen to belong to.</summary>
        public int Generation { get; set; } = target.Generation;
        public IWatcherConnection Connection => connection;
        /// <summary>The newest version that was sent, or that the page had.</summary>
        public int Sent => Volatile.Read(ref _sent);

        /// <summary>Timestamp since which a send has been pending; null when none is.</summary>
        public long? SendingSince => Volatile.Read(ref _since) is not 0 and var since ? since : null;

        /// <summary>There may be something newer. Never waits.</summary>
        public void Offer()
        {
            while (true)
            {
                switch (Volatile.Read(ref _state))
                {
                    case Idle:
                        if (Interlocked.CompareExchange(ref _state, Sending, Idle) != Idle) continue;
                        _ = PumpAsync();
                        return;
                    case Sending:
                        if (Interlocked.CompareExchange(ref _state, SendingAndMore, Sending) != Sending) continue;
                        return;
                    default:
                        watched.Pages.Metrics.Conflated();
                        return;
                }
            }
        }

        private async Task PumpAsync()
        {
            try
            {
                do
                {
                    Volatile.Write(ref _state, Sending);
                    if (watched.Newer(_sent, target.UseId, texts) is not { } update) continue;
                    Volatile.Write(ref _since, watched.Pages.Clock.GetTimestamp());
                    await connection.SendAsync(update).ConfigureAwait(false);
                    Volatile.Write(ref _since, 0);
                    Volatile.Write(ref _sent, update.Version);
                    watched.Pages.Metrics.Pushed(watched.Pages.Clock.GetUtcNow() - update.RecordedAt);
                }
                while (Interlocked.CompareExchange(ref _state, Idle, Sending) != Sending);
            }
            catch (Exception)
            {
                // The connection is gone, whatever it says; the page comes back by itself and asks for what it missed.
                connection.Abort();
                watched.Pages.Close(this);
            }
        }
    }

    private LiveMetrics Metrics => metrics;
}
