using Tracking.Domain.Estimates;

namespace Tracking.Backtest;

/// <summary>One issued estimate and what came of it. Days are fractions of 24 hours.</summary>
public sealed record Issued(
    RecordedDelivery Of, DateTimeOffset At, DateTimeOffset P05, DateTimeOffset P10, DateTimeOffset P50, DateTimeOffset P90, DateTimeOffset P95, double Level)
{
    public DateTimeOffset Delivered => Of.Delivered;
    public double Error => (P50 - Delivered).TotalDays;
    public bool In80 => Delivered >= P10 && Delivered <= P90;
    public bool In90 => Delivered >= P05 && Delivered <= P95;
    public bool Late => Delivered > P90;
    public double Width80 => (P90 - P10).TotalDays;
    public double Width90 => (P95 - P05).TotalDays;

    /// <summary>Mean pinball loss in days over the five levels.</summary>
    public double Pinball => (Loss(P05, 0.05) + Loss(P10, 0.1) + Loss(P50, 0.5) + Loss(P90, 0.9) + Loss(P95, 0.95)) / 5;

    private double Loss(DateTimeOffset quantile, double level)
    {
        var off = (Delivered - quantile).TotalDays;
        return off >= 0 ? off * level : -off * (1 - level);
    }
}

/// <summary>One parcel's shown windows: how often they changed.</summary>
public sealed record Shown(RecordedDelivery Of, int Revisions, int Flips, bool InFirstWindow);

/// <summary>What a replay of recorded deliveries gave.</summary>
public sealed class OlistOutcome
{
    public List<Issued> AtPurchase { get; } = [];
    public List<Issued> AtHandOver { get; } = [];
    public List<Shown> ShownFromPurchase { get; } = [];
    public List<Shown> ShownFromHandOver { get; } = [];
    /// <summary>Parcels still out k days after hand-over: the band of then, and the one of hand-over.</summary>
    public SortedDictionary<int, List<(Issued Now, Issued Stored)>> StillOut { get; } = new() { [2] = [], [4] = [], [7] = [], [10] = [], [14] = [] };
    /// <summary>Hand-overs of 21 to 23 May 2018 as recomputed at the end of 25 May.</summary>
    public List<Issued> StrikeRecomputed { get; } = [];
    public double MicrosecondsPerEstimate { get; set; }
    public long Learned { get; set; }
    public int Snapshots { get; set; }
}

/// <summary>
/// Plays recorded deliveries in time order through the live engine: learner, snapshots every six hours, estimates from the latest snapshot only. Nothing is
/// looked up that was not told at that moment, so what comes later in the file cannot matter.
/// </summary>
public sealed class OlistReplay(IReadOnlyList<RecordedDelivery> deliveries, DateOnly from, DateOnly to)
{
    private static readonly TimeSpan BetweenSnapshots = TimeSpan.FromHours(6);
    private static readonly DateOnly StrikeFrom = new(2018, 5, 21), StrikeTo = new(2018, 5, 23), StrikeSeen = new(2018, 5, 26);

    /// <summary>Notices to post before the replay; each counts from its publication.</summary>
    public IReadOnlyList<RouteNotice> Notices { get; init; } = [];

    /// <summary>Share of scans that the learner never hears of (0 to 1), chosen by journey: how the engine bears carriers that lose them.</summary>
    public double LostScans { get; init; }

    /// <summary>Measure what an estimate costs when the replay is done (a second of work).</summary>
    public bool TimesEstimates { get; init; }

    private readonly EddLearner _learner = new();
    private readonly OlistOutcome _outcome = new();
    private EddSnapshot _snapshot = EddSnapshot.ColdStart;

    private enum What : byte { Delivered, HandedOver, Purchased, Sweep, StillOut, Strike }

    /// <param name="progress">Called with the share done, 0 to 1.</param>
    public OlistOutcome Run(Action<double>? progress = null, CancellationToken cancel = default)
    {
        foreach (var notice in Notices) _learner.Post(notice);
        var inWindow = deliveries.Where(d => d.PurchaseDay >= from && d.PurchaseDay <= to).ToHashSet();
        var handedOver = new Dictionary<RecordedDelivery, Issued>();
        var windows = new Dictionary<RecordedDelivery, (ShownWindow? All, ShownWindow? FromHandOver, ShownWindow? First)>();
        var events = Timeline(inWindow);
        // On a fixed grid: 03:00 UTC is midnight in Brazil, when a day has just been closed.
        var nextSnapshot = events.Count > 0 ? new DateTimeOffset(events[0].At.UtcDateTime.Date.AddHours(3), TimeSpan.Zero) : default;

        for (var i = 0; i < events.Count; i++)
        {
            var (at, what, d, days) = events[i];
            if (i % 4_096 == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Invoke((double)i / events.Count);
            }
            if (at >= nextSnapshot)   // of now or a little earlier: what happened at this very moment is not in it
            {
                nextSnapshot += BetweenSnapshots * Math.Floor((at - nextSnapshot) / BetweenSnapshots);
                _snapshot = _learner.Publish(nextSnapshot);
                _outcome.Snapshots++;
                nextSnapshot += BetweenSnapshots;
            }
            _learner.Advance(at);
            switch (what)
            {
                case What.Purchased:
                    if (inWindow.Contains(d))
                    {
                        _outcome.AtPurchase.Add(Issue(d, d.AtPurchase, at));
                        var first = WindowPolicy.Next(_snapshot, d.AtPurchase, at, null, WindowTrigger.Stage);
                        windows[d] = (first, null, first);
                    }
                    _learner.Begin(d.Journey, d.AtPurchase);
                    break;
                case What.HandedOver:
                    if (inWindow.Contains(d))
                    {
                        var issued = Issue(d, d.AtHandOver, at);
                        handedOver.Add(d, issued);
                        _outcome.AtHandOver.Add(issued);
                        var (all, _, first) = windows[d];
                        windows[d] = (WindowPolicy.Next(_snapshot, d.AtHandOver, at, all, WindowTrigger.Stage), WindowPolicy.Next(_snapshot, d.AtHandOver, at, null, WindowTrigger.Stage), first);
                    }
                    if (IsLost(d, 1)) break;
                    _learner.Learn(new ClosedStage(d.AtPurchase, JourneyStage.Handling, d.Purchased, d.HandedOver, d.Journey));
                    _learner.Begin(d.Journey, d.AtHandOver);
                    break;
                case What.Delivered:
                    if (windows.Remove(d, out var shown))
                    {
                        var day = RecordedDelivery.DayOf(at);
                        _outcome.ShownFromPurchase.Add(new Shown(d, shown.All!.Revisions, shown.All.Flips, shown.First!.From <= day && day <= shown.First.To));
                        _outcome.ShownFromHandOver.Add(new Shown(d, shown.FromHandOver!.Revisions, shown.FromHandOver.Flips, false));
                    }
                    if (IsLost(d, 2)) break;
                    if (IsLost(d, 1)) _learner.Drop(d.Journey);   // delivered, but since when on its way nobody knows
                    else _learner.Learn(new ClosedStage(d.AtHandOver, JourneyStage.Transit, d.HandedOver, d.Delivered, d.Journey));
                    break;
                case What.Sweep:
                    foreach (var open in windows.Keys.ToArray())
                    {
                        var facts = open.HandedOver <= at ? open.AtHandOver : open.AtPurchase;
                        var (all, fromHandOver, first) = windows[open];
                        windows[open] = (WindowPolicy.Next(_snapshot, facts, at, all, WindowTrigger.Clock),
                            fromHandOver is null ? null : WindowPolicy.Next(_snapshot, facts, at, fromHandOver, WindowTrigger.Clock), first);
                    }
                    break;
                case What.StillOut:
                    _outcome.StillOut[days].Add((Issue(d, d.AtHandOver, at), handedOver[d]));
                    break;
                case What.Strike:
                    _outcome.StrikeRecomputed.Add(Issue(d, d.AtHandOver, at));
                    break;
            }
        }
        _outcome.Learned = _learner.Learned;
        if (TimesEstimates) _outcome.MicrosecondsPerEstimate = Microseconds();
        progress?.Invoke(1);
        return _outcome;
    }

    private bool IsLost(RecordedDelivery d, uint scan) => LostScans > 0 && unchecked((uint)((d.Journey + scan) * 0x9E3779B97F4A7C15 >> 40)) < LostScans * (1 << 24);

    private List<(DateTimeOffset At, What What, RecordedDelivery Of, int Days)> Timeline(HashSet<RecordedDelivery> inWindow)
    {
        var events = new List<(DateTimeOffset At, What What, RecordedDelivery Of, int Days)>(deliveries.Count * 4);
        DateTimeOffset? first = null, last = null;
        foreach (var d in deliveries)
        {
            events.Add((d.Purchased, What.Purchased, d, 0));
            events.Add((d.HandedOver, What.HandedOver, d, 0));
            events.Add((d.Delivered, What.Delivered, d, 0));
            if (!inWindow.Contains(d)) continue;
            if (first is null || d.Purchased < first) first = d.Purchased;
            if (last is null || d.Delivered > last) last = d.Delivered;
            foreach (var days in _outcome.StillOut.Keys)
                if (d.HandedOver.AddDays(days) < d.Delivered) events.Add((d.HandedOver.AddDays(days), What.StillOut, d, days));
            if (d.HandOverDay >= StrikeFrom && d.HandOverDay <= StrikeTo && d.Delivered > RecordedDelivery.At(StrikeSeen)) events.Add((RecordedDelivery.At(StrikeSeen), What.Strike, d, 0));
        }
        // The clock sweep: just after each midnight at the door, when a shown day has passed.
        if (first is { } begin && last is { } end)
            for (var day = RecordedDelivery.DayOf(begin).AddDays(1); RecordedDelivery.At(day) <= end; day = day.AddDays(1))
                events.Add((RecordedDelivery.At(day), What.Sweep, deliveries[0], 0));
        events.Sort((a, b) => a.At != b.At ? a.At.CompareTo(b.At) : a.What != b.What ? a.What.CompareTo(b.What) : a.Of.Journey.CompareTo(b.Of.Journey));
        return events;
    }

    /// <summary>
    /// Processor time of one estimate with the last snapshot, over the parcels of the window, best of five passes after warming up: the process's own time,
    /// so that a busy machine shows the same figure as an idle one.
    /// </summary>
    private double Microseconds()
    {
        var asked = _outcome.AtPurchase.Take(2_000).Select(i => (Facts: i.Of.AtPurchase, i.At)).Concat(_outcome.AtHandOver.Take(2_000).Select(i => (Facts: i.Of.AtHandOver, i.At))).ToArray();
        if (asked.Length == 0) return 0;
        var best = double.MaxValue;
        for (var pass = -3; pass < 5; pass++)
        {
            var before = Environment.CpuUsage.TotalTime;
            var rounds = 0;
            for (; rounds * asked.Length < 40_000; rounds++)
                for (var i = 0; i < asked.Length; i++) _ = _snapshot.Estimate(asked[i].Facts, asked[i].At);
            if (pass >= 0) best = Math.Min(best, (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / rounds / asked.Length);
        }
        return best;
    }

    private Issued Issue(RecordedDelivery d, JourneyFacts facts, DateTimeOffset at)
    {
        var estimate = _snapshot.Estimate(facts, at)!.Value;
        return new Issued(d, at, _snapshot.Quantile(facts, at, 0.05)!.Value, estimate.P10, estimate.P50, estimate.P90, _snapshot.Quantile(facts, at, 0.95)!.Value,
            _snapshot.MassBefore(facts, at, d.Delivered));
    }
}
