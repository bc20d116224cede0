using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Ups;

/// <summary>UPS times: local date and time, beside them the GMT pair where one is told, which is preferred.</summary>
internal static class UpsTimes
{
    /// <summary>The time of an activity. A problem means that this activity cannot be read; a note tells what was odd.</summary>
    public static OccurredTime Read(
        string? date, string? time, string? gmtDate, string? gmtTime, string? gmtOffset, Place? place, FeedContext context,
        out DecodeProblem? problem, out DecodeProblem? note)
    {
        note = null;
        var local = Pair(date, time, out var localAt, out var localPrecision, out problem);
        if (problem is not null) return OccurredTime.Untold;
        // A GMT pair that cannot be is dropped with a note: the local time beside it still holds.
        var gmt = Pair(gmtDate, gmtTime, out var gmtAt, out var gmtPrecision, out var gmtProblem);
        if (gmtProblem is not null) { note = gmtProblem; gmt = DateReading.Missing; }
        if (gmtPrecision == Precision.Day) gmt = DateReading.Missing;   // a day in Greenwich says nothing of the clock here
        var hasOffset = DateText.TryOffset(gmtOffset, out var offset);

        if (local == DateReading.Told)
        {
            if ((problem = EventTimes.Implausible(localAt, context)) is not null) return OccurredTime.Untold;
            if (localPrecision == Precision.Day)
            {
                // Only the hour here is missing: the instant knows it, if the offset is known as well.
                if (gmt == DateReading.Told && hasOffset) return EventTimes.FromOffset(gmtAt + offset, offset, gmtPrecision);
                return hasOffset ? OccurredTime.On(DateOnly.FromDateTime(localAt), offset, ZoneSource.Explicit) : EventTimes.Date(DateOnly.FromDateTime(localAt), place, context);
            }
            if (gmt == DateReading.Told)
            {
                var paired = EventTimes.UtcPair(localAt, gmtAt, localPrecision, place, context, out var mismatch);
                if (mismatch is null) return paired;
                note = mismatch;
            }
            if (hasOffset) return EventTimes.FromOffset(localAt, offset, localPrecision);
            var found = EventTimes.Local(localAt, localPrecision, place, context, out var odd);
            note ??= odd;
            return found;
        }
        if (gmt == DateReading.Told)
        {
            if ((problem = EventTimes.Implausible(gmtAt, context)) is not null) return OccurredTime.Untold;
            if (hasOffset) return EventTimes.FromOffset(gmtAt + offset, offset, gmtPrecision);
            // The instant is known, its clock is not: told as UTC.
            return EventTimes.FromOffset(gmtAt, TimeSpan.Zero, gmtPrecision);
        }
        return OccurredTime.Untold;
    }

    /// <summary>A delivery date with an optional window; null when there is none, or only a placeholder, or one that cannot be.</summary>
    public static EtaStatement? Eta(string? date, string? from, string? to, EtaKind kind, out DecodeProblem? note)
    {
        note = null;
        switch (DateText.TryDay(date, out var day))
        {
            case DateReading.Impossible: note = EventTimes.Impossible(date); return null;
            case DateReading.Missing or DateReading.Placeholder: return null;
        }
        var start = day.ToDateTime(TimeOnly.MinValue);
        var hasFrom = DateText.TryTime(from, out var fromTime, out _, out _, packedSeconds: true) == DateReading.Told;
        var hasTo = DateText.TryTime(to, out var toTime, out _, out var toNext, packedSeconds: true) == DateReading.Told;
        if (!hasFrom && !hasTo) return new EtaStatement(start, start, null, Precision.Day, kind, "ups");
        var begins = hasFrom ? start + fromTime.ToTimeSpan() : start;
        var ends = hasTo ? (toNext ? start.AddDays(1) : start + toTime.ToTimeSpan()) : begins;
        return new EtaStatement(begins, ends < begins ? begins : ends, null, Precision.Minute, kind, "ups");
    }

    private static DateReading Pair(string? date, string? time, out DateTime at, out Precision precision, out DecodeProblem? problem)
    {
        at = default; precision = Precision.Day; problem = null;
        var reading = DateText.TryDay(date, out var day);
        if (reading == DateReading.Impossible) problem = EventTimes.Impossible(date);
        if (reading != DateReading.Told) return reading;
        at = day.ToDateTime(TimeOnly.MinValue);
        switch (DateText.TryTime(time, out var clock, out var told, out var nextDay, packedSeconds: true))
        {
            case DateReading.Impossible: problem = EventTimes.Impossible(time); return DateReading.Impossible;
            case DateReading.Told:
                at = (nextDay ? day.AddDays(1) : day).ToDateTime(clock);
                precision = told;
                break;
        }
        return DateReading.Told;
    }
}
