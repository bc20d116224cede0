namespace Tracking.Domain.Estimates;

/// <summary>
/// When the page may change its mind. A shopper forgives a wide window sooner than a jumping one, so the published window stays while it is still
/// nearly as probable as it was said to be, grows before it jumps, and never shows a day that has passed.
/// </summary>
public static class WindowPolicy
{
    /// <summary>A window stays while its mass is at least its stated mass less this.</summary>
    public const double Slack = 0.10;
    /// <summary>A new stage replaces a window that still holds only if the new one is this much shorter...</summary>
    public const double WorthShorter = 0.5;
    /// <summary>...and at least this many days shorter: one day less is not worth a change.</summary>
    public const int WorthDays = 2;

    /// <summary>
    /// The window to show now: <paramref name="shown"/> itself (the same instance) when it stays, a new one when it is replaced, null when the journey is
    /// over and nothing was ever shown. Pure.
    /// </summary>
    public static ShownWindow? Next(EddSnapshot snapshot, in JourneyFacts facts, DateTimeOffset now, ShownWindow? shown, WindowTrigger trigger)
        => Next(snapshot, facts, now, shown, trigger, out _);

    /// <summary>The same, and the estimate it was judged by (what <see cref="EddSnapshot.Estimate"/> answers), so that whoever needs both looks once.</summary>
    public static ShownWindow? Next(EddSnapshot snapshot, in JourneyFacts facts, DateTimeOffset now, ShownWindow? shown, WindowTrigger trigger, out DeliveryEstimate? believed)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        believed = null;
        if (!snapshot.Tables.TryExpect(facts, now.UtcTicks, out var expectation)) return shown;
        var outlook = new Outlook(expectation, now.UtcTicks);
        var estimate = outlook.Estimate(snapshot.Id);
        believed = estimate;
        if (shown is null) return new ShownWindow(estimate.From, estimate.To, estimate.Confidence, now, snapshot.Id, estimate.IsOverdue ? WindowReason.Overdue : WindowReason.First);

        if (estimate.From is not { } from || estimate.To is not { } to)
            return shown.To is null ? shown : Revise(shown, null, null, 0, now, snapshot.Id, WindowReason.Overdue);
        if (shown.From is not { } oldFrom || shown.To is not { } oldTo)
            return Revise(shown, from, to, estimate.Confidence, now, snapshot.Id, trigger == WindowTrigger.Disruption ? WindowReason.Disruption : WindowReason.StageReached);

        var today = outlook.Today;
        var median = outlook.DayOf(estimate.P50);
        var passed = oldTo < today;
        var left = median < oldFrom || median > oldTo;
        var faded = outlook.MassOf(oldFrom, oldTo) < shown.Confidence - Slack;
        var news = trigger is WindowTrigger.Stage or WindowTrigger.Disruption;
        if (!passed && !left && !faded && !(news && IsWorth(from, to, oldFrom > today ? oldFrom : today, oldTo))) return shown;

        // Without news from the parcel itself a window that still overlaps is widened, not moved.
        if (!news && !passed && from <= oldTo && to >= oldFrom)
        {
            if (from > oldFrom) from = oldFrom > today ? oldFrom : from;
            if (to < oldTo) to = oldTo;
        }
        if (from == oldFrom && to == oldTo) return shown;
        return Revise(shown, from, to, outlook.MassOf(from, to), now, snapshot.Id, Why(trigger, passed, to, oldTo, outlook.Pace, outlook.Notice));
    }

    private static bool IsWorth(DateOnly from, DateOnly to, DateOnly oldFrom, DateOnly oldTo)
    {
        var (days, oldDays) = (to.DayNumber - from.DayNumber + 1, oldTo.DayNumber - oldFrom.DayNumber + 1);
        return days <= oldDays * WorthShorter && oldDays - days >= WorthDays;
    }

    private static WindowReason Why(WindowTrigger trigger, bool passed, DateOnly to, DateOnly oldTo, double pace, NoticeKind notice) => trigger switch
    {
        WindowTrigger.Disruption => WindowReason.Disruption,
        WindowTrigger.Stage => WindowReason.StageReached,
        _ when to > oldTo && pace < 0.95 && notice != NoticeKind.None => notice switch
        {
            NoticeKind.Storm => WindowReason.Storm, NoticeKind.Strike => WindowReason.Strike, NoticeKind.Peak => WindowReason.Peak, _ => WindowReason.Announced,
        },
        _ when to > oldTo && pace < 0.85 => WindowReason.RouteSlower,
        _ when passed => WindowReason.EndPassed,
        _ when to <= oldTo => WindowReason.RouteFaster,
        WindowTrigger.Scan => WindowReason.BehindOthers,   // it was scanned just now: silence is not the reason
        _ => WindowReason.NotScanned,
    };

    private static ShownWindow Revise(ShownWindow shown, DateOnly? from, DateOnly? to, double mass, DateTimeOffset now, long snapshot, WindowReason reason)
    {
        var end = to ?? DateOnly.MaxValue;
        var oldEnd = shown.To ?? DateOnly.MaxValue;
        var flip = shown.MovedLater && end < oldEnd;
        return new ShownWindow(from, to, mass, now, snapshot, reason, shown.Revisions + 1, shown.Flips + (flip ? 1 : 0), end == oldEnd ? shown.MovedLater : end > oldEnd);
    }

    /// <summary>The reason in plain English, for people; a page may translate the code instead. <paramref name="silentDays"/>: whole days since the last scan.</summary>
    public static string Say(WindowReason reason, int silentDays = 0) => reason switch
    {
        WindowReason.First => "first estimate",
        WindowReason.StageReached => "your parcel came a step further",
        WindowReason.Disruption => "the carrier reported a problem",
        WindowReason.EndPassed => "it did not arrive on the days we expected",
        WindowReason.NotScanned => silentDays > 1 ? $"not scanned for {silentDays} days" : "no news from the carrier yet",
        WindowReason.RouteSlower => "the route is slower at present",
        WindowReason.RouteFaster => "the route is faster at present",
        WindowReason.Storm => "a storm slows parcels in this area",
        WindowReason.Strike => "a strike slows parcels in this area",
        WindowReason.Peak => "there are more parcels than usual in this area",
        WindowReason.Announced => "a disruption was announced for this area",
        WindowReason.BehindOthers => "it is behind most parcels on its route",
        _ => "longer under way than almost any parcel before it",
    };
}
