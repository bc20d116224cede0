using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Polling;

/// <summary>When to ask again. Pure: the clock and the dice are arguments.</summary>
public static class PollSchedule
{
    /// <summary>A parcel nobody has heard of for this long is asked for once a day.</summary>
    public static readonly TimeSpan QuietAfter = TimeSpan.FromDays(10);
    /// <summary>A parcel nobody has heard of for this long is not asked for any more: UPS keeps data for about 120 days, and numbers are reused after that.</summary>
    public static readonly TimeSpan ForgottenAfter = TimeSpan.FromDays(100);
    /// <summary>Never longer between two tries after failures.</summary>
    public static readonly TimeSpan LongestBackOff = TimeSpan.FromHours(6);

    /// <summary>
    /// The pause between two questions about a shipment in this status: short while news are near, long while nothing can happen. Null: do not ask. Terminal statuses
    /// are not asked for: a delivery that turns out wrong is told by the receiver long before a carrier's API.
    /// </summary>
    public static TimeSpan? Interval(Milestone status, TimeSpan quietFor)
    {
        if (status.IsTerminal() || quietFor >= ForgottenAfter) return null;
        if (quietFor >= QuietAfter) return TimeSpan.FromDays(1);
        return status switch
        {
            Milestone.OutForDelivery => TimeSpan.FromMinutes(20),
            Milestone.Unknown or Milestone.LabelCreated => TimeSpan.FromHours(4),
            Milestone.AvailableForPickup or Milestone.Returning => TimeSpan.FromHours(6),
            _ => TimeSpan.FromHours(1),
        };
    }

    /// <summary>
    /// When a shipment is due after an answer, a tenth earlier or later by <paramref name="dice"/> (0 to 1), so that a batch of labels does not come due in one second for ever. Null: never.
    /// </summary>
    public static DateTimeOffset? After(PollTarget target, DateTimeOffset now, double dice)
    {
        if (target.Pushed) return null;
        var quiet = now - (target.LastHeardAt ?? target.OpenedAt);
        return Interval(target.Status, quiet) is { } pause ? now + pause * (0.9 + 0.2 * dice) : null;
    }

    /// <summary>After the <paramref name="failures"/>-th failure in a row: one minute doubled each time, up to <see cref="LongestBackOff"/>, with full jitter above half of it.</summary>
    public static TimeSpan BackOff(int failures, double dice)
    {
        var pause = TimeSpan.FromMinutes(Math.Pow(2, Math.Clamp(failures - 1, 0, 20)));
        if (pause > LongestBackOff) pause = LongestBackOff;
        return pause * (0.5 + 0.5 * dice);
    }
}
