using System.Globalization;
using System.Text.RegularExpressions;
using NodaTime;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Usps;

/// <summary>USPS's times: local, UTC and offset side by side in Tracking v3; an English date and a clock time in Web Tools; sentences before that.</summary>
internal static partial class UspsTimes
{
    public static OccurredTime Of(UspsEvent told, Place? place, FeedContext context, out DecodeProblem? problem, out DecodeProblem? note)
        => told.Date is not null ? WebTools(told, place, context, out problem, out note) : Version3(told, place, context, out problem, out note);

    private static OccurredTime Version3(UspsEvent told, Place? place, FeedContext context, out DecodeProblem? problem, out DecodeProblem? note)
    {
        note = null;
        if (!Read(told.Local, context, out var local, out var localOffset, out var precision, out problem)) return OccurredTime.Untold;
        // GMTTimestamp serves order only: one that cannot be read does not cost the event.
        var utc = Read(told.Gmt, context, out var gmt, out var gmtOffset, out _, out var gmtProblem) ? gmt - (gmtOffset ?? TimeSpan.Zero) : null;
        note = gmtProblem;
        TimeSpan? offset = DateText.TryOffset(told.GmtOffset, out var written) ? written : localOffset is { } own && own != TimeSpan.Zero ? own : null;

        if (local is { } at)
        {
            at = DateTime.SpecifyKind(at, DateTimeKind.Unspecified);
            if (utc is { } instant)
            {
                // UTC may carry the seconds that the local reading lacks.
                var difference = at - instant;
                var known = offset ?? Quarter(difference);
                if ((difference - known).Duration() < TimeSpan.FromMinutes(1) && known >= TimeSpan.FromHours(-12) && known <= TimeSpan.FromHours(14))
                    return new OccurredTime(at, known, new DateTimeOffset(DateTime.SpecifyKind(instant, DateTimeKind.Utc)), precision == Precision.Day ? Precision.Minute : precision, ZoneSource.UtcPair);
                note = new DecodeProblem("time.pair-mismatch", $"{told.Pointer}: local time {told.Local}, UTC {told.Gmt} and offset {told.GmtOffset ?? "(none)"} do not belong together; the local time was kept.");
            }
            var day = precision == Precision.Day || at.TimeOfDay == TimeSpan.Zero;
            if (offset is { } told2) return day ? OccurredTime.On(DateOnly.FromDateTime(at), told2, ZoneSource.Explicit) : EventTimes.FromOffset(at, told2, precision);
            return day ? EventTimes.Date(DateOnly.FromDateTime(at), place, context) : EventTimes.Local(at, precision, place, context, out note);
        }
        if (utc is not { } alone) return OccurredTime.Untold;
        var moment = new DateTimeOffset(DateTime.SpecifyKind(alone, DateTimeKind.Utc));
        if (offset is { } shift) return OccurredTime.At(moment.ToOffset(shift));
        return PlaceZones.Find(place) is { } zone
            ? OccurredTime.At(moment.ToOffset(zone.GetUtcOffset(Instant.FromDateTimeOffset(moment)).ToTimeSpan()), Precision.Second, ZoneSource.Place)
            : OccurredTime.At(moment);
    }

    private static OccurredTime WebTools(UspsEvent told, Place? place, FeedContext context, out DecodeProblem? problem, out DecodeProblem? note)
    {
        problem = note = null;
        if (string.IsNullOrEmpty(told.Date)) return OccurredTime.Untold;
        if (!TryDay(told.Date, out var day)) { problem = EventTimes.Impossible(told.Date); return OccurredTime.Untold; }
        problem = EventTimes.Implausible(day.ToDateTime(TimeOnly.MinValue), context);
        if (problem is not null) return OccurredTime.Untold;
        if (told.Time is null) return EventTimes.Date(day, place, context);
        if (TryClock(told.Time, out var time, out var precision)) return EventTimes.Local(day.ToDateTime(time), precision, place, context, out note);
        note = EventTimes.Impossible(told.Time);
        return EventTimes.Date(day, place, context);
    }

    /// <summary>A delivery date. Midnight is a day; <c>endOfDay</c> or a window's times make it a window of that day.</summary>
    public static EtaStatement? Promise(UspsPromise told, FeedContext context)
    {
        DateTime local;
        TimeSpan? offset = null;
        Precision precision;
        if (TryDay(told.When, out var named)) (local, precision) = (named.ToDateTime(TimeOnly.MinValue), Precision.Day);
        else if (DateText.TryIso(told.When, out local, out offset, out precision) != DateReading.Told) return null;
        if (EventTimes.Implausible(local, context) is not null) return null;
        if (local.TimeOfDay == TimeSpan.Zero) precision = Precision.Day;

        var kind = told.Type switch
        {
            null => told.Kind,
            var t when t.Contains("guarantee", StringComparison.OrdinalIgnoreCase) => EtaKind.Guaranteed,
            var t when t.Contains("reschedul", StringComparison.OrdinalIgnoreCase) => EtaKind.Rescheduled,
            var t when t.Contains("schedul", StringComparison.OrdinalIgnoreCase) => EtaKind.Scheduled,
            var t when t.Contains("predict", StringComparison.OrdinalIgnoreCase) => EtaKind.Predicted,
            _ => told.Kind,
        };
        var (from, to) = (ClockOn(told.From, local.Date), ClockOn(told.To, local.Date));
        if (from is null && to is null) return new EtaStatement(local, local, precision == Precision.Day ? null : offset, precision, kind, told.Name);
        return new EtaStatement(from ?? local.Date, to ?? (precision == Precision.Day ? local.Date.AddDays(1).AddMinutes(-1) : local), offset, Precision.Minute, kind, told.Name);
    }

    /// <summary>The time a sentence tells: <c>… at 1:58 pm on March 11, 2025 …</c>. A sentence without a year tells no day that could be kept.</summary>
    public static OccurredTime Sentence(string? text, Place? place, FeedContext context)
    {
        if (text is null) return OccurredTime.Untold;
        var match = SentenceTime().Match(text);
        if (!match.Success || !TryDay(match.Groups["date"].Value, out var day) || EventTimes.Implausible(day.ToDateTime(TimeOnly.MinValue), context) is not null) return OccurredTime.Untold;
        return TryClock(match.Groups["time"].Value, out var time, out var precision)
            ? EventTimes.Local(day.ToDateTime(time), precision, place, context)
            : EventTimes.Date(day, place, context);
    }

    /// <summary>The place a sentence ends with: <c>… in MACON, GA 31201.</c></summary>
    public static Place? SentencePlace(string? text)
    {
        if (text is null) return null;
        var match = SentenceEnd().Match(text);
        return match.Success ? UspsPlaces.Of(match.Groups["city"].Value, match.Groups["state"].Value, match.Groups["zip"] is { Success: true } zip ? zip.Value : null, null) : null;
    }

    /// <summary><c>February 13, 2014</c>, or a day in ISO form.</summary>
    public static bool TryDay(string text, out DateOnly day)
        => DateOnly.TryParseExact(text.Trim(), ["MMMM d, yyyy", "MMM d, yyyy", "MMMM d yyyy", "MM/dd/yyyy", "M/d/yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.AllowInnerWhite, out day)
        || DateText.TryDay(text, out day) == DateReading.Told;

    private static bool TryClock(string text, out TimeOnly time, out Precision precision)
    {
        precision = Precision.Minute;
        if (TimeOnly.TryParseExact(text.Trim(), ["h:mm tt", "h:mmtt", "hh:mm tt", "h tt", "htt"], CultureInfo.InvariantCulture, DateTimeStyles.AllowInnerWhite, out time)) return true;
        precision = Precision.Second;
        if (TimeOnly.TryParseExact(text.Trim(), ["h:mm:ss tt", "h:mm:sstt"], CultureInfo.InvariantCulture, DateTimeStyles.AllowInnerWhite, out time)) return true;
        return DateText.TryTime(text, out time, out precision, out var nextDay) == DateReading.Told && !nextDay;
    }

    private static DateTime? ClockOn(string? text, DateTime day)
    {
        if (text is null) return null;
        if (TryClock(text, out var time, out _)) return day + time.ToTimeSpan();
        return DateText.TryIso(text, out var local, out _, out var precision) == DateReading.Told && precision != Precision.Day ? local : null;
    }

    private static bool Read(string? text, FeedContext context, out DateTime? local, out TimeSpan? offset, out Precision precision, out DecodeProblem? problem)
    {
        local = null;
        problem = null;
        switch (DateText.TryIso(text, out var read, out offset, out precision))
        {
            case DateReading.Missing or DateReading.Placeholder: return true;
            case DateReading.Impossible: problem = EventTimes.Impossible(text); return false;
        }
        problem = EventTimes.Implausible(read, context);
        if (problem is not null) return false;
        local = read;
        return true;
    }

    private static TimeSpan Quarter(TimeSpan difference)
        => TimeSpan.FromMinutes(15 * Math.Round(difference.TotalMinutes / 15));

    [GeneratedRegex(@"(?:\bat (?<time>\d{1,2}:\d{2} ?[ap]\.?m\.?) )?on (?<date>[A-Z][a-z]+ \d{1,2}, \d{4})", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex SentenceTime();

    [GeneratedRegex(@" in (?<city>[A-Za-z][A-Za-z .'-]{1,40}),? (?<state>[A-Z]{2})(?: (?<zip>\d{5}(?:-\d{4})?))?[.]?(?:\s|$)", RegexOptions.NonBacktracking)]
    private static partial Regex SentenceEnd();
}
