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
public sealed record Shipment
{
    /// <summary>More scans than this are kept only as history: the fold stays bounded whatever a feed repeats (a parcel has 2 to 20).</summary>
    public const int MaxScans = 2_000;

    public required ShipmentKey Key { get; init; }
    /// <summary>Appends so far.</summary>
    public int Version { get; init; }
    /// <summary>When the newest append was recorded.</summary>
    public DateTimeOffset RecordedAt { get; init; }
    /// <summary>When a scan last reached us, new or not told before.</summary>
    public DateTimeOffset? LastHeardAt { get; init; }

    /// <summary>Sorted by key.</summary>
    public ImmutableArray<ScanMark> Marks { get; init; } = [];
    public ImmutableArray<RetractionMark> Retractions { get; init; } = [];
    /// <summary>Piece ids, use ids and sub-statuses that marks point at.</summary>
    public ImmutableArray<string> Names { get; init; } = [];
    public JourneyHints Journey { get; init; } = new();
    public ImmutableArray<TrackingLink> Links { get; init; } = [];
    public CarrierDate? CarrierDate { get; init; }
    public ImmutableArray<UseRecord> Uses { get; init; } = [];
    public DeliveryEstimate? Estimate { get; init; }
    public ShownWindow? Shown { get; init; }
    /// <summary>What was shown before <see cref="Shown"/> and replaced by it; null when that is the first window.</summary>
    public ShownWindow? ShownBefore { get; init; }
    /// <summary>Since when silence was improbable; null once somebody speaks again.</summary>
    public DateTimeOffset? SilentSince { get; init; }
    public int LinkGeneration { get; init; }

    /// <summary>The fold as of <see cref="FoldedAt"/>, oldest use first.</summary>
    public ImmutableArray<UseStanding> Standings { get; init; } = [];
    public DateTimeOffset FoldedAt { get; init; }

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
        var outcomes = ImmutableArray.CreateBuilder<ScanOutcome>(scans.Length);
        var fresh = ImmutableArray.CreateBuilder<RecordedScan>(scans.Length);
        var marks = new MarkSet(this);
        foreach (var scan in scans)
        {
            var recorded = marks.Add(scan, Version + 1);
            outcomes.Add(recorded ? ScanOutcome.Accepted : ScanOutcome.Duplicate);
            if (recorded) fresh.Add(new RecordedScan(scan, receivedAt));
        }
        if (fresh.Count == 0) return new ShipmentDecision(this, null, outcomes.MoveToImmutable());

        now = AfterPrevious(now);
        var next = marks.Into(this, fresh, now);
        return Conclude(next, fresh.DrainToImmutable(), now, edd, outcomes.MoveToImmutable());
    }

    /// <summary>
    /// Decides what time alone means: a future scan fell due, the shown window ended, silence became improbable. Nothing to store is the usual answer.
    /// </summary>
    public ShipmentDecision Wake(DateTimeOffset now, EddSnapshot edd)
    {
        if (Marks.IsEmpty) return new ShipmentDecision(this, null, []);
        now = AfterPrevious(now);
        var next = this with { Standings = Fold(now), FoldedAt = now };
        var decided = Conclude(next, [], now, edd, []);
        return decided.Append is { Events.IsEmpty: true } ? new ShipmentDecision(next, null, []) : decided;
    }

    private ShipmentDecision Conclude(Shipment next, ImmutableArray<RecordedScan> scans, DateTimeOffset now, EddSnapshot edd, ImmutableArray<ScanOutcome> outcomes)
    {
        var events = ImmutableArray.CreateBuilder<ShipmentEvent>();
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
        var append = new ShipmentAppend(now, scans, events.ToImmutable());
        return new ShipmentDecision(next.Remember(append), append, outcomes);
    }

    // Recorded times of one shipment rise strictly, so that "as known at T" is a prefix of its appends. Microseconds, because databases keep those.
    private DateTimeOffset AfterPrevious(DateTimeOffset now)
    {
        now = new DateTimeOffset(now.UtcTicks / TimeSpan.TicksPerMicrosecond * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);
        return Version > 0 && now <= RecordedAt ? RecordedAt.AddTicks(TimeSpan.TicksPerMicrosecond) : now;
    }

    // ---- remembering -----------------------------------------------------------------------------------------------------

    /// <summary>Folds one stored append. Replaying all appends of a stream in order gives the shipment that deciding them gave.</summary>
    public Shipment Apply(ShipmentAppend append)
    {
        var marks = new MarkSet(this);
        foreach (var recorded in append.Scans) marks.Add(recorded.Scan, Version + 1);
        return marks.Into(this, append.Scans, append.RecordedAt).Remember(append);
    }

    private Shipment Remember(ShipmentAppend append)
    {
        var next = this with { Version = Version + 1, RecordedAt = append.RecordedAt };
        if (!append.Scans.IsEmpty) next = next with { SilentSince = null };
        foreach (var happened in append.Events)
        {
            next = happened switch
            {
                UseOpened(var ordinal, var uniqueId, var anchor) => next with { Uses = next.Uses.Add(new UseRecord(ordinal, uniqueId, anchor)) },
                EstimateIssued issued => next with { Estimate = issued.Estimate },
                WindowShown shown => next with { Shown = shown.Window, ShownBefore = shown.Window.Revisions > 0 ? next.Shown : null },
                WentSilent silent => next with { SilentSince = silent.SilentAfter },
                LinkIssued link => next with { LinkGeneration = link.Generation },
                MilestoneReached => next,   // an announcement: the scans before it already moved us
                _ => throw new System.Diagnostics.UnreachableException($"No rule for {happened.GetType().Name}."),
            };
        }
        return next;
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

    private sealed class MarkSet(Shipment shipment)
    {
        private readonly Shipment _shipment = shipment;
        private List<ScanMark>? _added;
        private List<RetractionMark>? _retractions;
        private List<string>? _names;

        public bool Add(Scan scan, int version)
        {
            var key = scan.Key;
            var known = Find(key, out var inBatch);
            if (known is { } mark)
            {
                // Same event; does this wording say something else, and is it the one that speaks?
                var reworded = ScanMark.Of(scan, key, version, Name);
                if (reworded.ContentHash == mark.ContentHash || !reworded.SpeaksOver(mark)) return false;
                if (inBatch >= 0) _added![inBatch] = reworded; else (_added ??= new(4)).Add(reworded);
                return true;
            }
            if (_shipment.Marks.Length + (_added?.Count ?? 0) >= MaxScans) return false;
            (_added ??= new(4)).Add(ScanMark.Of(scan, key, version, Name));
            if (scan.Kind == ScanKind.Retraction) (_retractions ??= new(1)).Add(RetractionMark.Of(scan, key));
            return true;
        }

        public Shipment Into(Shipment before, IReadOnlyList<RecordedScan> recorded, DateTimeOffset asOf)
        {
            var next = before;
            if (_added is not null)
            {
                var marks = new List<ScanMark>(before.Marks.Length + _added.Count);
                marks.AddRange(before.Marks);
                foreach (var added in _added)
                {
                    var at = marks.BinarySearch(added);
                    if (at >= 0) marks[at] = added; else marks.Insert(~at, added);
                }
                var retractions = before.Retractions;
                if (_retractions is not null)
                {
                    retractions = retractions.AddRange(_retractions);
                    retractions = retractions.Sort((a, b) => a.Retraction.CompareTo(b.Retraction));
                }
                next = before with
                {
                    Marks = [.. marks],
                    Retractions = retractions,
                    Names = _names is null ? before.Names : before.Names.AddRange(_names),
                };
            }
            foreach (var (scan, receivedAt) in recorded)
            {
                next = next with
                {
                    LastHeardAt = next.LastHeardAt is { } heard && heard > receivedAt ? heard : receivedAt,
                    Journey = scan.Journey is null && scan.Place is null ? next.Journey : JourneyMerge.Of(next.Journey, scan),
                    Links = scan.Links.IsDefaultOrEmpty ? next.Links : JourneyMerge.Of(next.Links, scan.Links),
                    CarrierDate = JourneyMerge.Of(next.CarrierDate, scan, receivedAt),
                };
            }
            return next with { Standings = next.Fold(asOf), FoldedAt = asOf };
        }

        private ScanMark? Find(DedupKey key, out int inBatch)
        {
            inBatch = -1;
            if (_added is not null)
                for (var i = 0; i < _added.Count; i++)
                    if (_added[i].Key == key) { inBatch = i; return _added[i]; }
            var marks = _shipment.Marks;
            var (low, high) = (0, marks.Length - 1);
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var order = marks[middle].Key.CompareTo(key);
                if (order == 0) return marks[middle];
                if (order < 0) low = middle + 1; else high = middle - 1;
            }
            return null;
        }

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
