using System.Runtime.InteropServices;
using Tracking.Domain.Estimates;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>A use's public name: minted once, journalled, and kept whatever scans still arrive.</summary>
public readonly record struct UseRecord(int Ordinal, string? UniqueId, DedupKey Anchor);

/// <summary>How a scan fared. The names are the outcomes of <c>POST /v1/scans</c>.</summary>
[GenerateSerializer, Alias("tracking.scan-outcome")]
public enum ScanOutcome : byte { Accepted = 0, Duplicate = 1, Rejected = 2, Quarantined = 3, Failed = 4 }

/// <summary>What a decision comes to: nothing to store, or one append and the shipment as it is once the append is stored.</summary>
public readonly record struct ShipmentDecision(Shipment Next, ShipmentAppend? Append, ImmutableArray<ScanOutcome> Outcomes);

/// <summary>
/// A parcel's journey: every scan we were told of, and where the fold says it is. The same scans put it in the same place, whatever order they
/// arrive in; delivery has the last word. Immutable; decisions return the shipment as it will be once they are stored.
/// </summary>
/// <remarks>
/// The setters are internal so that a decision copies the shipment once and fills in its copy before anybody sees it: a <c>with</c> per change
/// was most of what a scan allocated (5.5 kB, now 1.6).
/// </remarks>
public sealed record Shipment
{
    /// <summary>More scans than this are kept only as history: the fold stays bounded whatever a feed repeats (a parcel has 2 to 20).</summary>
    public const int MaxScans = 2_000;

    /// <summary>The audience of links that whoever has them may open.</summary>
    public const string PublicLinks = "link";

    public required ShipmentKey Key { get; init; }
    /// <summary>Appends so far.</summary>
    public int Version { get; internal set; }
    /// <summary>When the newest append was recorded.</summary>
    public DateTimeOffset RecordedAt { get; internal set; }
    /// <summary>When a scan last reached us, new or not told before.</summary>
    public DateTimeOffset? LastHeardAt { get; internal set; }

    /// <summary>Sorted by key.</summary>
    public ImmutableArray<ScanMark> Marks { get; internal set; } = [];
    public ImmutableArray<RetractionMark> Retractions { get; internal set; } = [];
    /// <summary>Piece ids, use ids and sub-statuses that marks point at.</summary>
    public ImmutableArray<string> Names { get; internal set; } = [];
    public JourneyHints Journey { get; internal set; } = NothingKnown;
    public ImmutableArray<TrackingLink> Links { get; internal set; } = [];
    public CarrierDate? CarrierDate { get; internal set; }
    public ImmutableArray<UseRecord> Uses { get; internal set; } = [];
    public DeliveryEstimate? Estimate { get; internal set; }
    public ShownWindow? Shown { get; internal set; }
    /// <summary>What was shown before <see cref="Shown"/> and replaced by it; null when that is the first window.</summary>
    public ShownWindow? ShownBefore { get; internal set; }
    /// <summary>Since when silence was improbable; null once somebody speaks again.</summary>
    public DateTimeOffset? SilentSince { get; internal set; }
    public int LinkGeneration { get; internal set; }

    /// <summary>The fold as of <see cref="FoldedAt"/>, oldest use first.</summary>
    public ImmutableArray<UseStanding> Standings { get; internal set; } = [];
    public DateTimeOffset FoldedAt { get; internal set; }

    private static readonly JourneyHints NothingKnown = new();

    public static Shipment Unseen(ShipmentKey key) => new() { Key = key };

    /// <summary>The youngest use's standing: what a page shows. Null before the first scan.</summary>
    public UseStanding? Current => Standings.IsEmpty ? null : Standings[^1];

    public Milestone Milestone => Current?.Status ?? Milestone.Unknown;

    // ---- deciding --------------------------------------------------------------------------------------------------------

    /// <summary>
    /// Decides what scans mean. A scan we already have means nothing, unless it is a later wording of the same event that means something else.
    /// </summary>
    /// <param name="now">When we know it (recorded time, and the fold's "as of").</param>
    public ShipmentDecision Record(ImmutableArray<Scan> scans, DateTimeOffset receivedAt, DateTimeOffset now, EddSnapshot edd)
    {
        var outcomes = new ScanOutcome[scans.Length];
        var fresh = new RecordedScan[scans.Length];
        var count = 0;
        var marks = new MarkSet(this, scans.Length);
        for (var i = 0; i < scans.Length; i++)
        {
            var recorded = marks.Add(scans[i], Version + 1);
            outcomes[i] = recorded ? ScanOutcome.Accepted : ScanOutcome.Duplicate;
            if (recorded) fresh[count++] = new RecordedScan(scans[i], receivedAt);
        }
        var answered = ImmutableCollectionsMarshal.AsImmutableArray(outcomes);
        if (count == 0) return new ShipmentDecision(this, null, answered);

        if (count < fresh.Length) Array.Resize(ref fresh, count);
        now = RecordedTime.Next(now, RecordedAt);
        var next = this with { };
        marks.Into(next, fresh);
        next.FoldAt(now);
        return Conclude(next, ImmutableCollectionsMarshal.AsImmutableArray(fresh), now, edd, answered);
    }

    /// <summary>
    /// Decides what time alone means: a future scan fell due, the shown window ended, silence became improbable. Nothing to store is the usual answer.
    /// </summary>
    public ShipmentDecision Wake(DateTimeOffset now, EddSnapshot edd)
    {
        if (Marks.IsEmpty) return new ShipmentDecision(this, null, []);
        now = RecordedTime.Next(now, RecordedAt);
        var next = this with { Standings = Fold(now), FoldedAt = now };
        return Conclude(next, [], now, edd, []);
    }

    /// <summary>
    /// Decides that every link of a generation, and of those before it, opens nothing any more. A generation that is no longer current was withdrawn before: nothing
    /// to store.
    /// </summary>
    public ShipmentDecision WithdrawLinks(int generation, DateTimeOffset now, EddSnapshot edd)
    {
        if (Marks.IsEmpty || generation != LinkGeneration) return new ShipmentDecision(this, null, []);
        now = RecordedTime.Next(now, RecordedAt);
        // Storing anything brings the fold to this moment, so what time alone means is decided and stored with it.
        var due = Wake(now, edd).Append?.Events ?? [];
        var append = new ShipmentAppend(now, [], due.Add(new LinkIssued(0, PublicLinks, generation + 1)));
        var next = this with { Standings = Fold(now), FoldedAt = now };
        next.Remember(append);
        return new ShipmentDecision(next, append, []);
    }

    // One list per thread: what comes out is copied to its length, so that no decision pays for room it does not fill.
    [ThreadStatic] private static ImmutableArray<ShipmentEvent>.Builder? _events;

    // The next shipment is nobody's yet, so what was decided is filled into it.
    private ShipmentDecision Conclude(Shipment next, ImmutableArray<RecordedScan> scans, DateTimeOffset now, EddSnapshot edd, ImmutableArray<ScanOutcome> outcomes)
    {
        var events = _events ??= ImmutableArray.CreateBuilder<ShipmentEvent>();
        events.Clear();
        next.OpenUses(events);
        var before = Current;
        var current = next.Current!;
        var use = next.OrdinalOf(current, events);

        var moved = before is null || before.Status != current.Status || before.UniqueId != current.UniqueId
            || before.Reason != current.Reason || (before.Modifiers & ~Modifiers.Future) != (current.Modifiers & ~Modifiers.Future);
        if (moved && current.Speaking >= 0)
            events.Add(new MilestoneReached(use, before?.Status ?? Milestone.Unknown, current.Status, current.Modifiers, current.Reason,
                new DateTimeOffset(current.SpeakingAt, TimeSpan.Zero), next.Marks[current.Speaking].Key));

        ShipmentClock.Decide(this, next, use, scans.Length > 0, moved, now, edd, events);
        if (scans.IsEmpty && events.Count == 0) return new ShipmentDecision(next, null, outcomes);
        var append = new ShipmentAppend(now, scans, events.ToImmutable());
        next.Remember(append);
        return new ShipmentDecision(next, append, outcomes);
    }

    // ---- remembering -----------------------------------------------------------------------------------------------------

    /// <summary>Folds one stored append. Replaying all appends of a stream in order gives the shipment that deciding them gave; <see cref="ShipmentReplay"/> does so faster.</summary>
    public Shipment Apply(ShipmentAppend append)
    {
        var next = this with { };
        next.TakeIn(append);
        next.FoldAt(append.RecordedAt);
        return next;
    }

    // Only ever on a copy that nobody has seen.
    internal void TakeIn(ShipmentAppend append)
    {
        if (!append.Scans.IsEmpty)
        {
            var marks = new MarkSet(this, append.Scans.Length);
            foreach (var recorded in append.Scans) marks.Add(recorded.Scan, Version + 1);
            marks.Into(this, append.Scans.AsSpan());
        }
        Remember(append);
    }

    // Only ever on a copy that nobody has seen.
    internal void FoldAt(DateTimeOffset asOf) => (Standings, FoldedAt) = (Fold(asOf), asOf);

    // Only ever on a copy that nobody has seen.
    private void Remember(ShipmentAppend append)
    {
        Version++;
        RecordedAt = append.RecordedAt;
        if (!append.Scans.IsEmpty) SilentSince = null;
        foreach (var happened in append.Events)
        {
            switch (happened)
            {
                case UseOpened(var ordinal, var uniqueId, var anchor): Uses = Uses.Add(new UseRecord(ordinal, uniqueId, anchor)); break;
                case EstimateIssued issued: Estimate = issued.Estimate; break;
                case WindowShown shown: (ShownBefore, Shown) = (shown.Window.Revisions > 0 ? Shown : null, shown.Window); break;
                case WentSilent silent: SilentSince = silent.SilentAfter; break;
                case LinkIssued link: LinkGeneration = link.Generation; break;
                case MilestoneReached: break;   // an announcement: the scans before it already moved us
                default: throw new System.Diagnostics.UnreachableException($"No rule for {happened.GetType().Name}.");
            }
        }
    }

    /// <summary>The same set of scans as it stands at another moment: future scans fall due, nothing else changes.</summary>
    public Shipment AsOf(DateTimeOffset asOf) => asOf == FoldedAt ? this : this with { Standings = Fold(asOf), FoldedAt = asOf };

    private ImmutableArray<UseStanding> Fold(DateTimeOffset asOf) => ShipmentFold.Of(Marks.AsSpan(), Retractions.AsSpan(), Names.AsSpan(), asOf);

    // ---- uses ------------------------------------------------------------------------------------------------------------

    private void OpenUses(ImmutableArray<ShipmentEvent>.Builder events)
    {
        var ordinal = Uses.Length;
        foreach (var standing in Standings)
            if (OrdinalOf(standing) < 0)
                events.Add(new UseOpened(ordinal++, standing.UniqueId < 0 ? null : Names[standing.UniqueId], Marks[standing.History[0].Mark].Key));
    }

    /// <summary>Which minted use a standing is: the one whose id it carries, else the oldest one whose anchor it holds; -1 for none.</summary>
    public int OrdinalOf(UseStanding standing)
    {
        var name = standing.UniqueId < 0 ? null : Names[standing.UniqueId];
        foreach (var use in Uses)
            if (name is not null && use.UniqueId == name)
                return use.Ordinal;
        foreach (var use in Uses)
        {
            if (use.UniqueId is not null && name is not null) continue;
            foreach (var placed in standing.History)
                if (Marks[placed.Mark].Key == use.Anchor)
                    return use.Ordinal;
        }
        return -1;
    }

    private int OrdinalOf(UseStanding standing, ImmutableArray<ShipmentEvent>.Builder opened)
    {
        var known = OrdinalOf(standing);
        if (known >= 0) return known;
        foreach (var happened in opened)
            if (happened is UseOpened use && Marks[standing.History[0].Mark].Key == use.Anchor)
                return use.Ordinal;
        return 0;
    }

    // ---- the set of marks while a batch is taken in ----------------------------------------------------------------------

    private ref struct MarkSet(Shipment shipment, int scans)
    {
        private readonly Shipment _shipment = shipment;
        private ScanMark[]? _added;
        private int _count;
        private List<RetractionMark>? _retractions;
        private List<string>? _names;

        public bool Add(Scan scan, int version)
        {
            var key = scan.Key;
            if (Find(key, out var inBatch, out var mark))
            {
                // Same event; does this wording say something else, and is it the one that speaks?
                var reworded = MarkOf(scan, key, version);
                if (reworded.ContentHash == mark.ContentHash || !reworded.SpeaksOver(mark)) return false;
                if (inBatch >= 0) _added![inBatch] = reworded; else Keep(reworded);
                return true;
            }
            if (_shipment.Marks.Length + _count >= MaxScans) return false;
            Keep(MarkOf(scan, key, version));
            if (scan.Kind == ScanKind.Retraction) (_retractions ??= new(1)).Add(RetractionMark.Of(scan, key));
            return true;
        }

        /// <summary>Puts the scans into a copy that nobody else has yet, to be folded.</summary>
        public readonly void Into(Shipment next, ReadOnlySpan<RecordedScan> recorded)
        {
            if (_count > 0)
            {
                next.Marks = Merged();
                if (_retractions is not null) next.Retractions = next.Retractions.AddRange(_retractions).Sort(static (a, b) => a.Retraction.CompareTo(b.Retraction));
                if (_names is not null) next.Names = next.Names.AddRange(_names);
            }
            foreach (var (scan, receivedAt) in recorded)
            {
                if (next.LastHeardAt is not { } heard || heard <= receivedAt) next.LastHeardAt = receivedAt;
                if (scan.Journey is not null) next.Journey = JourneyMerge.Of(next.Journey, scan);
                if (!scan.Links.IsDefaultOrEmpty) next.Links = JourneyMerge.Of(next.Links, scan.Links);
                if (scan.Eta is not null) next.CarrierDate = JourneyMerge.Of(next.CarrierDate, scan, receivedAt);
            }
        }

        // One array of just the right length: marks are what a shipment mostly holds, and they are replaced with every scan.
        private readonly ImmutableArray<ScanMark> Merged()
        {
            var marks = new ScanMark[_shipment.Marks.Length + _count];
            _shipment.Marks.CopyTo(marks);
            var length = _shipment.Marks.Length;
            for (var i = 0; i < _count; i++)
            {
                ref readonly var added = ref _added![i];
                var at = IndexOf(marks.AsSpan(0, length), added.Key);
                if (at >= 0) { marks[at] = added; continue; }
                Array.Copy(marks, ~at, marks, ~at + 1, length - ~at);
                marks[~at] = added;
                length++;
            }
            if (length < marks.Length) Array.Resize(ref marks, length);
            return ImmutableCollectionsMarshal.AsImmutableArray(marks);
        }

        private void Keep(in ScanMark mark)
        {
            _added ??= new ScanMark[scans];
            _added[_count++] = mark;
        }

        private readonly bool Find(DedupKey key, out int inBatch, out ScanMark mark)
        {
            for (inBatch = _count - 1; inBatch >= 0; inBatch--)
                if (_added![inBatch].Key == key) { mark = _added[inBatch]; return true; }
            var at = IndexOf(_shipment.Marks.AsSpan(), key);
            mark = at >= 0 ? _shipment.Marks[at] : default;
            return at >= 0;
        }

        // Where the key is among sorted marks, or the complement of where it belongs.
        private static int IndexOf(ReadOnlySpan<ScanMark> marks, DedupKey key)
        {
            var (low, high) = (0, marks.Length - 1);
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var order = marks[middle].Key.CompareTo(key);
                if (order == 0) return middle;
                if (order < 0) low = middle + 1; else high = middle - 1;
            }
            return ~low;
        }

        private ScanMark MarkOf(Scan scan, DedupKey key, int version) => ScanMark.Of(scan, key, version, Name(scan.PieceId), Name(scan.UniqueId), Name(scan.SubStatus));

        private short Name(string? text)
        {
            if (text is null) return ScanMark.NoName;
            var at = _shipment.Names.IndexOf(text);
            if (at < 0 && _names is not null && _names.IndexOf(text) is >= 0 and var added) at = _shipment.Names.Length + added;
            if (at >= 0) return (short)at;
            (_names ??= new(2)).Add(text);
            return (short)(_shipment.Names.Length + _names.Count - 1);
        }
    }
}
