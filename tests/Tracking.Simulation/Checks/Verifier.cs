using Tracking.Contracts.Shipments;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Simulation.Day;
using Tracking.Simulation.Model;

namespace Tracking.Simulation.Checks;

/// <summary>
/// Stands beside the run and keeps three records: what senders sent and were acked, what committed, what pages showed. The first contradiction ends the run.
/// Invariants are those of the reliability contract: I1 nothing acked is lost, I2 nothing counts twice, I3 state is the fold of the set, I6 pages never go back,
/// I9 queues are bounded, I10 service returns, I12 a poisoned parcel stops nobody else.
/// </summary>
internal sealed class Verifier(World world)
{
    private readonly Dictionary<string, Reference> _references = new(StringComparer.Ordinal);
    private readonly HashSet<(string Stream, DedupKey Key)> _sent = [];
    private readonly List<(ShipmentKey Key, DateTimeOffset At, string Known)> _travelled = [];

    private sealed class Reference(ShipmentKey key)
    {
        public readonly List<Shipment> Versions = [Shipment.Unseen(key)];
        public readonly HashSet<DedupKey> Keys = [];
        public readonly HashSet<(DedupKey, Milestone?, string?, Modifiers, Reason, DateTimeOffset?)> Statements = [];
        public readonly Dictionary<(int Version, DedupKey Key), Scan> Scans = [];
        public readonly List<RecordedScan> Arrivals = [];
        public readonly List<int> Marked = [];
        public int HeardUpTo;
        public bool Silent;
        public int Acked;
    }

    public ShopVerifier Shop => _shop ??= new(this);
    private ShopVerifier? _shop;
    private readonly Dictionary<string, (int Version, DateTimeOffset RecordedAt)> _others = new(StringComparer.Ordinal);

    /// <summary>What broke first; null while everything holds.</summary>
    public string? Broken { get; private set; }

    public int Acks { get; private set; }
    public int Duplicates { get; private set; }
    public int PushesSeen { get; private set; }
    public int Appends { get; private set; }

    public void Break(string what) => Broken ??= what;

    private Reference Of(string stream) => _references.TryGetValue(stream, out var known) ? known : _references[stream] = new Reference(ShipmentStream.KeyOf(stream)!.Value);

    // ---- what senders know -----------------------------------------------------------------------------------------------

    public void Sent(ShipmentKey key, Scan scan) => _sent.Add((ShipmentStream.Of(key), scan.Key));

    /// <summary>A sender was told that a scan is stored. It must be, now.</summary>
    public void Acked(ShipmentKey key, Scan scan, ScanOutcome outcome, int version)
    {
        Acks++;
        if (outcome == ScanOutcome.Duplicate) Duplicates++;
        var reference = Of(ShipmentStream.Of(key));
        if (!reference.Keys.Contains(scan.Key)) Break($"I1: scan {scan.EventId} of {key} was acked as {outcome} and no committed row has it");
        if (version >= reference.Versions.Count) Break($"I1: {key} was acked at version {version}; committed is {reference.Versions.Count - 1}");
        reference.Acked = Math.Max(reference.Acked, reference.Versions.Count - 1);
    }

    public int CommittedVersion(ShipmentKey key) => Of(ShipmentStream.Of(key)).Versions.Count - 1;

    // ---- what commits ----------------------------------------------------------------------------------------------------

    public void Committed(StoredRow row)
    {
        Appends++;
        if (row.Stream[0] != 's')
        {
            var known = _others.GetValueOrDefault(row.Stream);
            if (row.Version != known.Version + 1) Break($"I2: {row.Stream} got version {row.Version} when it had {known.Version}");
            _others[row.Stream] = (row.Version, row.RecordedAt);
            Shop.Committed(row);
            return;
        }
        var reference = Of(row.Stream);
        if (row.Version != reference.Versions.Count)
        {
            Break($"I2: {row.Stream} got version {row.Version} when it had {reference.Versions.Count - 1}: two activations wrote the same place");
            return;
        }
        var append = ShipmentJson.Read(row.Open, row.Personal);
        var before = reference.Versions[^1];
        if (before.Version > 0 && append.RecordedAt <= before.RecordedAt) Break($"I3: {row.Stream} version {row.Version} was recorded at {append.RecordedAt:O}, not after {before.RecordedAt:O}");
        foreach (var (scan, receivedAt) in append.Scans)
        {
            var key = scan.Key;
            if (!_sent.Contains((row.Stream, key))) Break($"I2: {row.Stream} version {row.Version} has a scan that nobody sent");
            if (!reference.Statements.Add((key, scan.Status, scan.SubStatus, scan.Modifiers, scan.Reason, scan.PublishedAt))) Break($"I2: scan {scan.EventId} of {row.Stream} was stored twice, the second time in version {row.Version}");
            reference.Keys.Add(key);
            reference.Scans[(row.Version, key)] = scan;
            reference.Arrivals.Add(new RecordedScan(scan, receivedAt));
            reference.Silent = false;
        }
        foreach (var happened in append.Events)
        {
            if (happened is not WentSilent) continue;
            if (reference.Silent) Break($"I4: {row.Stream} went silent twice without a scan between, in version {row.Version}");
            reference.Silent = true;
        }
        reference.Versions.Add(before.Apply(append));
        if (row.Marked) reference.Marked.Add(row.Version);
        if (append.HasReaction && !row.Marked) Break($"I5: {row.Stream} version {row.Version} has a reaction and is not marked");
    }

    /// <summary>A reaction ran. Any number of times, but the first times of one stream come in its order and none is left out.</summary>
    public void Heard(JournalRow row)
    {
        if (row.Stream[0] != 's') return;
        var reference = Of(row.Stream);
        if (row.Version <= reference.HeardUpTo) return;
        if (row.Version >= reference.Versions.Count) Break($"I5: a reaction ran for {row.Stream} version {row.Version}, which is not committed");
        else if (reference.Marked.Find(version => version > reference.HeardUpTo) != row.Version) Break($"I5: the reaction to {row.Stream} version {row.Version} ran before that to {reference.Marked.Find(version => version > reference.HeardUpTo)}");
        reference.HeardUpTo = row.Version;
    }

    /// <summary>Heads follow the journal and never go back.</summary>
    public void HeadWritten(StreamHead? before, StreamHead head)
    {
        if (before?.Version > head.Version) Break($"I3: the head of {head.Stream} went back from version {before.Version} to {head.Version}");
        if (head.Version > world.Database.VersionOf(head.Stream)) Break($"I3: the head of {head.Stream} has version {head.Version}; committed is {world.Database.VersionOf(head.Stream)}");
    }

    // ---- what pages see --------------------------------------------------------------------------------------------------

    /// <summary>A view reached a page's node: only of a committed version, and all of it.</summary>
    public void Pushed(ShipmentView view, bool live = true)
    {
        PushesSeen++;
        var reference = Of(ShipmentStream.Of(view.Key));
        if (view.Version >= reference.Versions.Count)
        {
            Break($"I6: {view.Key} was pushed at version {view.Version}; committed is {reference.Versions.Count - 1}");
            return;
        }
        var standing = reference.Versions[view.Version].Current!;
        if (view.EventCount != standing.History.Length)
        {
            Break($"I6: version {view.Version} of {view.Key} was shown with {view.EventCount} events; it has {standing.History.Length}");
            return;
        }
        var expected = live ? Math.Min(ShipmentViews.LiveEvents, standing.History.Length) : standing.History.Length;
        if (view.Events.Length != expected) Break($"I6: version {view.Version} of {view.Key} was shown with {view.Events.Length} of {expected} lines");
        for (var i = 0; i < view.Events.Length; i++)
        {
            var line = view.Events[i];
            var mark = reference.Versions[view.Version].Marks[standing.History[standing.History.Length - 1 - i].Mark];
            if (line.Key != mark.Key || line.Raw?.Code is null) Break($"I6: line {i} of version {view.Version} of {view.Key} says {(line.Key != mark.Key ? "another scan" : "nothing: its scan is missing")}");
        }
    }

    public void Shown(Page page, int version)
    {
        if (version < page.Version) Break($"I6: an open page of {Plan.Key(page.Parcel)} went back from version {page.Version} to {version}");
    }

    /// <summary>Somebody read a shipment that had <paramref name="acked"/> versions acked when they asked.</summary>
    public void Read(ShipmentKey key, ShipmentView? view, int acked)
    {
        if ((view?.Version ?? 0) < acked) Break($"I1: {key} was read at version {view?.Version ?? 0} after version {acked} had been acked");
        if (view is not null) Pushed(view, live: false);
    }

    public int AckedVersion(ShipmentKey key) => Of(ShipmentStream.Of(key)).Acked;

    /// <summary>What was known at an instant must be answered alike whenever it is asked.</summary>
    public void Travelled(ShipmentKey key, DateTimeOffset at, ShipmentView? view) => _travelled.Add((key, at, Known(view)));

    private static string Known(ShipmentView? view) => view is null ? "nothing" : $"version {view.Version}, {view.Status}, {view.EventCount} events, window {view.Window}, estimate {view.Estimate}";

    // ---- at the end ------------------------------------------------------------------------------------------------------

    /// <summary>Every page that is open must show what is stored.</summary>
    public void PagesConverged(IEnumerable<Page> pages)
    {
        foreach (var page in pages)
        {
            var key = Plan.Key(page.Parcel);
            if (world.Poisoned.Contains(ShipmentStream.Of(key))) continue;
            if (page.Version != CommittedVersion(key)) Break($"I6: ten quiet seconds after the last fault a page of {key} shows version {page.Version}; stored is {CommittedVersion(key)}");
        }
    }

    /// <summary>Heads are the journal's, nothing due was forgotten, and every state is the fold of its set in any order.</summary>
    public void Settled(DateTimeOffset now)
    {
        foreach (var (stream, rows) in world.Database.Streams)
        {
            if (world.IsPoisoned(stream)) continue;
            if (stream[0] != 's')
            {
                if (world.Database.Heads.TryGetValue(stream, out var other) && other.DueAt is { } at && at < now - TimeSpan.FromMinutes(30)) Break($"I10: {stream} was due at {at:O} and at {now:O} nobody had woken it");
                continue;
            }
            var reference = Of(stream);
            var shipment = reference.Versions[^1];
            var key = shipment.Key;
            if (rows.Count != shipment.Version) Break($"I2: {stream} has {rows.Count} rows and version {shipment.Version}");
            // A head may stay a few rows behind, as long as none of them was marked for it.
            if (!world.Database.Heads.TryGetValue(stream, out var head) || reference.Marked.Exists(version => version > head.Version))
            {
                Break($"I3: the head of {stream} stayed at version {head?.Version ?? 0}; the journal has {shipment.Version}, so nobody will wake it");
                continue;
            }
            var started = ShipmentSnapshot.Read(key, head.Snapshot.Span, head.RecordedAt);
            for (var version = head.Version; started is not null && version < rows.Count; version++) started = started.Apply(ShipmentJson.Read(rows[version].Open));
            if (started is null || started.Version != shipment.Version || ShipmentProjection.Of(started.AsOf(now)) != ShipmentProjection.Of(shipment.AsOf(now)) || started.Shown != shipment.Shown || started.Estimate != shipment.Estimate
                || started.SilentSince != shipment.SilentSince || !started.Uses.SequenceEqual(shipment.Uses))
                Break($"I3: the head of {stream} at version {head.Version} says something else than the journal");
            if (head.DueAt is { } due && due < now - TimeSpan.FromMinutes(30)) Break($"I10: {stream} was due at {due:O} and at {now:O} nobody had woken it");
            // What fell due more than two hours ago must have been decided; asking again must decide nothing.
            var then = now - TimeSpan.FromHours(2);
            // A window may be revised whenever the sweep happens to look; a fallen future and a silence must not wait.
            if (shipment.RecordedAt < then && shipment.Wake(then, EddSnapshot.ColdStart).Append is { } forgotten && forgotten.Events.Any(static e => e is MilestoneReached or WentSilent))
                Break($"I10: {stream} should have been woken by {then:O} for {string.Join(", ", forgotten.Events)}; its head wants {head.DueAt:O}, next future {shipment.Current!.NextFuture:O}, recorded {shipment.RecordedAt:O}");
            // The reader of a quiet partition looks every ten minutes here.
            var unheard = reference.Marked.Find(version => version > reference.HeardUpTo && reference.Versions[version].RecordedAt < now - TimeSpan.FromMinutes(30));
            if (unheard > 0) Break($"I5: the reaction to {stream} version {unheard} never ran; the last was {reference.HeardUpTo}");
            OneState(reference, shipment, now);
        }
        Shop.Settled(now, world.IsPoisoned);
    }

    // I3: the set, all at once and backwards, gives the state that arrived bit by bit.
    private void OneState(Reference reference, Shipment shipment, DateTimeOffset now)
    {
        var backwards = Shipment.Unseen(shipment.Key);
        for (var i = reference.Arrivals.Count - 1; i >= 0; i--)
            backwards = backwards.Record([reference.Arrivals[i].Scan], reference.Arrivals[i].ReceivedAt, now, EddSnapshot.ColdStart).Next;
        if (ShipmentProjection.Of(backwards.AsOf(now)) != ShipmentProjection.Of(shipment.AsOf(now))) Break($"I3: {shipment.Key} told backwards stands elsewhere");
    }

    /// <summary>Asks again for everything that was asked about the past.</summary>
    public async Task TravelAgainAsync(IShipmentReader reader)
    {
        foreach (var (key, at, known) in _travelled)
        {
            if (world.Poisoned.Contains(ShipmentStream.Of(key))) continue;
            var again = Known(await reader.ReadAsync(key, at));
            if (again != known) Break($"I3: {key} as known at {at:O} was first {known}, later {again}");
        }
    }
}
