using System.Runtime.InteropServices;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>Where a scan stands in its parcel's history.</summary>
/// <param name="Mark">Index into the folded marks.</param>
/// <param name="At">The instant its place stands for, UTC ticks: told, or (for an inexact time) the one its place implies.</param>
/// <param name="Flags"><see cref="Modifiers.Future"/> and <see cref="Modifiers.Contradiction"/>, as the fold found them.</param>
public readonly record struct PlacedScan(int Mark, long At, bool Retracted, Modifiers Flags);

/// <summary>Where one piece is.</summary>
/// <param name="Speaking">Index of the mark whose status this is; -1 when none speaks.</param>
public readonly record struct PieceStanding(short Piece, Milestone Status, Modifiers Modifiers, Reason Reason, short SubStatus, int Speaking, long At);

/// <summary>Where one use of a number is: its status is its least advanced live piece's.</summary>
public sealed record UseStanding(
    short UniqueId,
    Milestone Status,
    Modifiers Modifiers,
    Reason Reason,
    short SubStatus,
    int Speaking,
    long SpeakingAt,
    long FirstAt,
    ImmutableArray<PieceStanding> Pieces,
    ImmutableArray<PlacedScan> History,
    DateTimeOffset? NextFuture);

/// <summary>
/// The precedence fold of the canonical model: the same set of scans, in any order and multiplicity, gives the same standing.
/// The order of a parcel's scans is computed from the whole set: exactly timed ones by instant, then each inexact one at the last place
/// inside its uncertainty where the lifecycle does not run backwards.
/// </summary>
public static class ShipmentFold
{
    /// <summary>A label or pick-up this long after the end of a journey starts another use of the number.</summary>
    public static readonly TimeSpan ReuseGap = TimeSpan.FromDays(90);
    /// <summary>Movement this soon after a delivery is a scan that came late, not a parcel that moved on.</summary>
    public static readonly TimeSpan ReopenAfter = TimeSpan.FromHours(12);
    /// <summary>A scan further ahead than this (beside its own uncertainty) is kept and waits.</summary>
    public static readonly TimeSpan FutureTolerance = TimeSpan.FromHours(24);

    // Ticks as if a told but inexact time were in the middle of what it may be; for splitting uses, where days do not matter.
    private const long Untold = long.MinValue;

    /// <summary>Folds all marks (sorted by key) into uses, oldest first. Empty for no marks.</summary>
    public static ImmutableArray<UseStanding> Of(ReadOnlySpan<ScanMark> marks, ReadOnlySpan<RetractionMark> retractions, ReadOnlySpan<string> names, DateTimeOffset asOf)
    {
        if (marks.IsEmpty) return [];

        var retracted = Retracted(marks, retractions);
        if (OneUse(marks, out var all)) return [FoldUse(marks, retracted, all, asOf)];
        var groups = SplitIntoUses(marks, retracted, names);
        var uses = ImmutableArray.CreateBuilder<UseStanding>(groups.Count);
        foreach (var group in groups)
            uses.Add(FoldUse(marks, retracted, group, asOf));
        if (uses.Count > 1)
        {
            var keyed = new List<UseStanding>(uses);
            var keys = marks.ToArray();
            var text = names.ToArray();
            keyed.Sort((a, b) => a.FirstAt != b.FirstAt ? a.FirstAt.CompareTo(b.FirstAt)
                : string.CompareOrdinal(Name(text, a.UniqueId), Name(text, b.UniqueId)) is var n and not 0 ? n
                : keys[a.History[0].Mark].Key.CompareTo(keys[b.History[0].Mark].Key));
            return [.. keyed];
        }
        return uses.MoveToImmutable();
    }

    // Lists that every fold on this thread fills again. A fold never waits for anything, so there is only one at a time.
    private sealed class Scratch
    {
        public readonly List<int> All = [], Inexact = [];
        public readonly List<short> Pieces = [];
        public readonly List<PlacedScan> Placed = [];
    }

    [ThreadStatic] private static Scratch? _scratch;

    private static Scratch Fresh => _scratch ??= new Scratch();

    // By far the usual parcel: nobody named a use, and its scans lie too close together for two.
    private static bool OneUse(ReadOnlySpan<ScanMark> marks, out List<int> all)
    {
        all = Fresh.All;
        all.Clear();
        for (var i = 0; i < marks.Length; i++)
        {
            if (marks[i].Use != ScanMark.NoName) return false;
            all.Add(i);
        }
        return !MayBeReused(marks, all);
    }

    private static string? Name(ReadOnlySpan<string> names, short index) => index < 0 ? null : names[index];

    private static bool[]? Retracted(ReadOnlySpan<ScanMark> marks, ReadOnlySpan<RetractionMark> retractions)
    {
        if (retractions.IsEmpty) return null;
        var retracted = new bool[marks.Length];
        foreach (ref readonly var retraction in retractions)
        {
            if (retraction.TakesBackTheEventBefore)
            {
                if (EventBefore(marks, retraction.Retraction) is >= 0 and var before) retracted[before] = true;
                continue;
            }
            for (var i = 0; i < marks.Length; i++)
                if (retraction.Matches(marks[i]))
                    retracted[i] = true;
        }
        return retracted;
    }

    // The youngest event of the same piece and use that is not younger than the retraction; of two at one time the further advanced. -1 for none.
    private static int EventBefore(ReadOnlySpan<ScanMark> marks, DedupKey retraction)
    {
        var own = 0;
        while (own < marks.Length && marks[own].Key != retraction) own++;
        if (own == marks.Length || Roughly(marks[own]) is var at && at == Untold) return -1;
        var found = -1;
        for (var i = 0; i < marks.Length; i++)
        {
            ref readonly var scan = ref marks[i];
            if (scan.Kind is not (ScanKind.Scan or ScanKind.Information or ScanKind.Snapshot) || scan.Piece != marks[own].Piece || scan.Use != marks[own].Use) continue;
            if (Roughly(scan) is var when && (when == Untold || when > at)) continue;
            if (found < 0 || (when, Rank(scan), scan.Key).CompareTo((Roughly(marks[found]), Rank(marks[found]), marks[found].Key)) > 0) found = i;
        }
        return found;
    }

    // ---- uses ------------------------------------------------------------------------------------------------------------

    private static List<List<int>> SplitIntoUses(ReadOnlySpan<ScanMark> marks, bool[]? retracted, ReadOnlySpan<string> names)
    {
        var named = new SortedDictionary<string, List<int>>(StringComparer.Ordinal);
        var unnamed = new List<int>();
        for (var i = 0; i < marks.Length; i++)
        {
            if (Name(names, marks[i].Use) is not { } use) { unnamed.Add(i); continue; }
            if (!named.TryGetValue(use, out var list)) named.Add(use, list = []);
            list.Add(i);
        }

        var groups = new List<List<int>>(named.Values);
        if (unnamed.Count > 0)
            foreach (var group in SplitAtReuse(marks, retracted, unnamed))
                Adopt(marks, groups, named.Count, group);
        return groups;
    }

    private static bool MayBeReused(ReadOnlySpan<ScanMark> marks, List<int> members)
    {
        var first = long.MaxValue;
        var last = long.MinValue;
        foreach (var i in members)
        {
            var at = Roughly(marks[i]);
            if (at == Untold) continue;
            first = Math.Min(first, at);
            last = Math.Max(last, at);
        }
        return last != long.MinValue && last - first >= ReuseGap.Ticks;
    }

    // A use without a name starts at a label or pick-up that occurred at least 90 days after a terminal event.
    private static List<List<int>> SplitAtReuse(ReadOnlySpan<ScanMark> marks, bool[]? retracted, List<int> members)
    {
        if (!MayBeReused(marks, members)) return [members];

        var placed = Sequence(marks, members);
        var groups = new List<List<int>>();
        var current = new List<int>();
        var ended = Untold;
        foreach (var (mark, at, _, _) in placed)
        {
            ref readonly var scan = ref marks[mark];
            var live = scan.Kind != ScanKind.Retraction && retracted?[mark] != true;
            if (live && scan.Status is Milestone.LabelCreated or Milestone.Accepted && ended != Untold && at - ended >= ReuseGap.Ticks)
            {
                groups.Add(current);
                current = [];
                ended = Untold;
            }
            current.Add(mark);
            if (live && scan.Status.IsTerminal()) ended = Math.Max(ended, at);
        }
        groups.Add(current);
        return groups;
    }

    // Some feeds name the use and some do not: an unnamed group belongs to the named use it overlaps or lies nearest to, within the reuse gap.
    private static void Adopt(ReadOnlySpan<ScanMark> marks, List<List<int>> groups, int named, List<int> group)
    {
        var (from, to) = Span(marks, group);
        var best = -1;
        var bestDistance = long.MaxValue;
        for (var g = 0; g < named; g++)
        {
            var (f, t) = Span(marks, groups[g]);
            var distance = from == Untold || f == Untold ? 0 : Math.Max(0, Math.Max(f - to, from - t));
            if (distance < bestDistance) (best, bestDistance) = (g, distance);
        }
        if (best >= 0 && bestDistance < ReuseGap.Ticks) groups[best].AddRange(group);
        else groups.Add(group);
    }

    private static (long From, long To) Span(ReadOnlySpan<ScanMark> marks, List<int> members)
    {
        var (from, to) = (Untold, Untold);
        foreach (var i in members)
        {
            var at = Roughly(marks[i]);
            if (at == Untold) continue;
            if (from == Untold || at < from) from = at;
            if (to == Untold || at > to) to = at;
        }
        return (from, to);
    }

    private static long Roughly(in ScanMark mark)
        => mark.LocalTicks == ScanMark.NoTime ? Untold : mark.LocalTicks - (mark.OffsetMinutes == ScanMark.NoOffset ? 0 : mark.OffsetMinutes * TimeSpan.TicksPerMinute);

    // ---- one use ---------------------------------------------------------------------------------------------------------

    private static UseStanding FoldUse(ReadOnlySpan<ScanMark> marks, bool[]? retracted, List<int> members, DateTimeOffset asOf)
    {
        var history = Sequence(marks, members);
        long? nextFuture = null;
        for (var i = 0; i < history.Length; i++)
        {
            var placed = history[i];
            var gone = retracted?[placed.Mark] == true;
            var flags = Modifiers.None;
            if (FutureUntil(marks[placed.Mark]) is { } until && until > asOf.UtcTicks)
            {
                flags = Modifiers.Future;
                if (!gone) nextFuture = Math.Min(nextFuture ?? long.MaxValue, until);
            }
            history[i] = placed with { Retracted = gone, Flags = flags };
        }

        var unique = ScanMark.NoName;
        var pieces = Fresh.Pieces;
        pieces.Clear();
        foreach (var i in members)
        {
            if (marks[i].Use != ScanMark.NoName) unique = marks[i].Use;
            if (marks[i].Piece != ScanMark.NoName && !pieces.Contains(marks[i].Piece)) pieces.Add(marks[i].Piece);
        }

        ImmutableArray<PieceStanding> standings;
        if (pieces.Count <= 1)
        {
            standings = [Walk(marks, history, pieces.Count == 0 ? ScanMark.NoName : pieces[0], history)];
        }
        else
        {
            var builder = ImmutableArray.CreateBuilder<PieceStanding>(pieces.Count);
            foreach (var piece in pieces)
            {
                // A piece's own order: another piece's progress must not decide where this one's date-only scans go.
                var own = new List<int>(members.Count);
                foreach (var i in members)
                    if (marks[i].Piece == piece || marks[i].Piece == ScanMark.NoName)
                        own.Add(i);
                var order = Sequence(marks, own);
                for (var i = 0; i < order.Length; i++)
                {
                    var at = Array.FindIndex(history, h => h.Mark == order[i].Mark);
                    order[i] = order[i] with { Retracted = history[at].Retracted, Flags = history[at].Flags };
                }
                builder.Add(Walk(marks, order, piece, history));
            }
            standings = builder.MoveToImmutable();
        }

        var shipment = LeastAdvanced(standings);
        var modifiers = shipment.Modifiers;
        var delivered = 0;
        foreach (var piece in standings)
            if (piece.Status == Milestone.Delivered)
                delivered++;
        if (delivered > 0 && delivered < standings.Length) modifiers |= Modifiers.Partial;
        if (nextFuture is not null) modifiers |= Modifiers.Future;

        return new UseStanding(
            unique, shipment.Status, modifiers, shipment.Reason, shipment.SubStatus, shipment.Speaking, shipment.At,
            history[0].At, standings, ImmutableCollectionsMarshal.AsImmutableArray(history), nextFuture is { } next ? new DateTimeOffset(next, TimeSpan.Zero) : null);
    }

    // The instant at which a scan stops lying in the future; null when it has no time.
    private static long? FutureUntil(in ScanMark mark)
    {
        if (mark.LocalTicks == ScanMark.NoTime) return null;
        var exact = mark.OffsetMinutes != ScanMark.NoOffset && mark.ZoneSource is not (ZoneSource.Unknown or ZoneSource.Claimed);
        var utc = mark.LocalTicks - (exact ? mark.OffsetMinutes * TimeSpan.TicksPerMinute : 0);
        return utc - FutureTolerance.Ticks - (exact ? 0 : OccurredTime.ZoneUncertainty.Ticks);
    }

    private static PieceStanding LeastAdvanced(ImmutableArray<PieceStanding> pieces)
    {
        if (pieces.Length == 1) return pieces[0];
        var best = pieces[0];
        foreach (var piece in pieces)
            if (Precedence(piece).CompareTo(Precedence(best)) < 0)
                best = piece;
        return best;

        // Live pieces by rank; among finished ones the worst news speaks, and a voided piece only when all are.
        static (int, int, long) Precedence(PieceStanding p) => p.Status switch
        {
            Milestone.Failed => (1, 0, -p.At),
            Milestone.Returned => (1, 1, -p.At),
            Milestone.Delivered => (1, 2, -p.At),
            Milestone.Cancelled => (1, 3, -p.At),
            _ => (0, p.Status.Rank(), -p.At),
        };
    }

    // ---- the order -------------------------------------------------------------------------------------------------------

    private static PlacedScan[] Sequence(ReadOnlySpan<ScanMark> marks, List<int> members)
    {
        var scratch = Fresh;
        var (placed, inexact) = (scratch.Placed, scratch.Inexact);
        placed.Clear();
        inexact.Clear();
        foreach (var i in members)
        {
            var occurred = marks[i].Occurred;
            if (occurred.IsExact) placed.Add(new PlacedScan(i, occurred.Utc!.Value.UtcTicks, false, 0));
            else inexact.Add(i);
        }

        var copy = new Order(marks);
        copy.Sort(placed);
        if (inexact.Count > 0)
        {
            copy.SortByStart(inexact);
            foreach (var i in inexact) Insert(marks, placed, i);
        }
        return [.. placed];
    }

    private static void Insert(ReadOnlySpan<ScanMark> marks, List<PlacedScan> placed, int mark)
    {
        ref readonly var scan = ref marks[mark];
        var occurred = scan.Occurred;
        var earliest = occurred.Earliest.UtcTicks;
        var latest = occurred.Latest.UtcTicks - (occurred.IsTold && occurred.Precision == Precision.Day ? 1 : 0);

        var low = 0;
        while (low < placed.Count && placed[low].At < earliest) low++;
        var high = low;
        while (high < placed.Count && placed[high].At <= latest) high++;

        var rank = Rank(scan);
        var at = -1;
        for (var i = high; i >= low && at < 0; i--)
            if (rank < 0 || (RankBefore(marks, placed, i) <= rank && rank <= RankAfter(marks, placed, i)))
                at = i;
        if (at >= 0)
        {
            var time = at > 0 ? Math.Max(placed[at - 1].At, earliest) : occurred.IsTold ? earliest : placed.Count > 0 ? placed[0].At : 0;
            placed.Insert(at, new PlacedScan(mark, time, false, 0));
            return;
        }

        var middle = occurred.IsTold ? earliest + (latest - earliest) / 2 : placed[0].At;
        at = low;
        while (at < high && placed[at].At <= middle) at++;
        placed.Insert(at, new PlacedScan(mark, Math.Max(middle, at > 0 ? placed[at - 1].At : middle), false, 0));
    }

    // Scans that state nothing have no rank and let others pass.
    private static int Rank(in ScanMark mark) => mark.Status == Milestone.Unknown || mark.Kind == ScanKind.Retraction ? -1 : mark.Status.Rank();

    private static int RankBefore(ReadOnlySpan<ScanMark> marks, List<PlacedScan> placed, int index)
    {
        for (var i = index - 1; i >= 0; i--)
            if (Rank(marks[placed[i].Mark]) is >= 0 and var rank)
                return rank;
        return -1;
    }

    private static int RankAfter(ReadOnlySpan<ScanMark> marks, List<PlacedScan> placed, int index)
    {
        for (var i = index; i < placed.Count; i++)
            if (Rank(marks[placed[i].Mark]) is >= 0 and var rank)
                return rank;
        return int.MaxValue;
    }

    private readonly ref struct Order(ReadOnlySpan<ScanMark> marks)
    {
        private readonly ReadOnlySpan<ScanMark> _marks = marks;

        // Insertion sort: a parcel has a handful of scans, and a span cannot enter a lambda.
        public void Sort(List<PlacedScan> placed)
        {
            for (var i = 1; i < placed.Count; i++)
            {
                var moving = placed[i];
                var j = i - 1;
                while (j >= 0 && Compare(placed[j].Mark, placed[j].At, moving.Mark, moving.At) > 0) { placed[j + 1] = placed[j]; j--; }
                placed[j + 1] = moving;
            }
        }

        public void SortByStart(List<int> indexes)
        {
            for (var i = 1; i < indexes.Count; i++)
            {
                var moving = indexes[i];
                var start = _marks[moving].Occurred.Earliest.UtcTicks;
                var j = i - 1;
                while (j >= 0 && Compare(indexes[j], _marks[indexes[j]].Occurred.Earliest.UtcTicks, moving, start) > 0) { indexes[j + 1] = indexes[j]; j--; }
                indexes[j + 1] = moving;
            }
        }

        private int Compare(int a, long atA, int b, long atB)
            => atA != atB ? atA.CompareTo(atB)
            : Rank(_marks[a]).CompareTo(Rank(_marks[b])) is var byRank and not 0 ? byRank
            : _marks[a].Key.CompareTo(_marks[b].Key);
    }

    // ---- the walk --------------------------------------------------------------------------------------------------------

    // What stays true of a parcel whatever is scanned next.
    private const Modifiers Lasting = Modifiers.Damaged | Modifiers.Redirected | Modifiers.HandedOver | Modifiers.Contradiction | Modifiers.Partial;

    private static PieceStanding Walk(ReadOnlySpan<ScanMark> marks, PlacedScan[] order, short piece, PlacedScan[] history)
    {
        var physical = false;
        foreach (var placed in order)
            physical |= Counts(placed, marks[placed.Mark]) && marks[placed.Mark].Status is > Milestone.LabelCreated and not Milestone.Cancelled;

        var speaking = -1;
        var status = Milestone.Unknown;
        long at = 0;
        Modifiers lasting = 0, passing = 0;
        var reason = Reason.None;
        short subStatus = ScanMark.NoName;

        foreach (var placed in order)
        {
            ref readonly var scan = ref marks[placed.Mark];
            if (!Counts(placed, scan)) continue;

            if (scan.Status == Milestone.Unknown)
            {
                // States nothing, but may say why nothing moves.
                passing |= scan.Modifiers;
                lasting |= scan.Modifiers & Lasting;
                if (scan.Reason > Reason.Unknown) reason = scan.Reason;
                continue;
            }

            lasting |= scan.Modifiers & Lasting;
            if (scan.Status == Milestone.LabelCreated && physical) continue;
            if (speaking >= 0)
            {
                var verdict = After(status, at, scan, placed.At);
                if (verdict == Verdict.Contradiction)
                {
                    lasting |= Modifiers.Contradiction;
                    Flag(history, placed.Mark, Modifiers.Contradiction);
                }
                if (verdict != Verdict.Speaks) continue;
            }
            (speaking, status, at) = (placed.Mark, scan.Status, placed.At);
            (passing, reason, subStatus) = (scan.Modifiers, scan.Reason, scan.SubStatus);
        }
        return new PieceStanding(piece, status, lasting | passing, reason, subStatus, speaking, at);
    }

    private static bool Counts(in PlacedScan placed, in ScanMark scan)
        => !placed.Retracted && (placed.Flags & Modifiers.Future) == 0 && scan.Kind is not ScanKind.Retraction;

    private enum Verdict { Speaks, History, Contradiction }

    // Delivery has the last word unless something better founded follows.
    private static Verdict After(Milestone status, long at, in ScanMark scan, long scanAt)
    {
        if (!status.IsTerminal()) return Verdict.Speaks;
        var system = (scan.Modifiers & Modifiers.SystemGenerated) != 0;
        switch (status)
        {
            case Milestone.Delivered:
                if (scan.Status == Milestone.Delivered || system) return Verdict.History;
                return scan.Status switch
                {
                    Milestone.Returning or Milestone.Returned or Milestone.AvailableForPickup => Verdict.Speaks,
                    Milestone.Exception when (scan.Modifiers & Modifiers.Damaged) != 0
                        || scan.Reason is Reason.CarrierDamage or Reason.RecipientAddress or Reason.RecipientRefused => Verdict.Speaks,
                    Milestone.Accepted or Milestone.InTransit or Milestone.OutForDelivery or Milestone.AttemptFailed
                        when scanAt - at >= ReopenAfter.Ticks => Verdict.Speaks,
                    _ => Verdict.Contradiction,
                };
            case Milestone.Returned:
                if (scan.Status is Milestone.Returned or Milestone.Returning || system) return Verdict.History;
                return scanAt - at >= ReopenAfter.Ticks ? Verdict.Speaks
                    : scan.Status == Milestone.Delivered ? Verdict.History : Verdict.Contradiction;   // "delivered" is how many carriers end a return
            default:   // cancelled, failed: a parcel that is scanned is neither
                return scan.Status == status || system ? Verdict.History : Verdict.Speaks;
        }
    }

    private static void Flag(PlacedScan[] history, int mark, Modifiers flag)
    {
        for (var i = 0; i < history.Length; i++)
            if (history[i].Mark == mark)
                history[i] = history[i] with { Flags = history[i].Flags | flag };
    }
}
