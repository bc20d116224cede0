using Tracking.Carriers.Edi;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.X12;

/// <summary>Dates and times of AT7 and GS: <c>CCYYMMDD</c> (or <c>YYMMDD</c>) and <c>HHMM[SS[DD]]</c>; an empty time makes the value a day.</summary>
internal static class X12Times
{
    public enum Problem : byte { None, Missing, Placeholder, Impossible }

    public readonly record struct Told(DateTime Local, Precision Precision);

    public static Problem TryRead(ReadOnlySpan<byte> date, ReadOnlySpan<byte> time, out Told told)
    {
        told = default;
        date = EdiText.Trim(date);
        time = EdiText.Trim(time);
        if (date.IsEmpty) return Problem.Missing;
        int year, rest;
        if (date.Length == 8 && EdiText.Digits(date) is var long8 and >= 0) { year = long8 / 10000; rest = long8 % 10000; }
        else if (date.Length == 6 && EdiText.Digits(date) is var short6 and >= 0) { year = 2000 + short6 / 10000; rest = short6 % 10000; }
        else return Problem.Impossible;
        int month = rest / 100, day = rest % 100;
        if (year == 0 && rest == 0) return Problem.Placeholder;
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)) return Problem.Impossible;
        var local = new DateTime(year, month, day);
        if (DateText.IsPlaceholder(DateOnly.FromDateTime(local))) return Problem.Placeholder;
        if (time.IsEmpty) { told = new Told(local, Precision.Day); return Problem.None; }

        var digits = EdiText.Digits(time);
        if (digits < 0) return Problem.Impossible;
        var (hour, minute, second, hundredth) = time.Length switch
        {
            4 => (digits / 100, digits % 100, 0, 0),
            6 => (digits / 10000, digits / 100 % 100, digits % 100, 0),
            7 => (digits / 100000, digits / 1000 % 100, digits / 10 % 100, digits % 10 * 10),
            8 => (digits / 1000000, digits / 10000 % 100, digits / 100 % 100, digits % 100),
            _ => (99, 0, 0, 0),
        };
        // 2400 is the end of the day in X12.
        if (hour == 24 && minute == 0 && second == 0 && hundredth == 0) { hour = 0; local = local.AddDays(1); }
        if (hour > 23 || minute > 59 || second > 59) return Problem.Impossible;
        told = new Told(local.AddTicks(((hour * 60L + minute) * 60 + second) * TimeSpan.TicksPerSecond + hundredth * TimeSpan.TicksPerMillisecond * 10),
            time.Length == 4 ? Precision.Minute : Precision.Second);
        return Problem.None;
    }

    /// <summary>
    /// The told local time with the zone its code names. <paramref name="note"/> is set when a clock change makes the reading impossible or double (then
    /// <c>ES</c> or <c>ED</c> would have said which), or the code is unknown: nothing is invented.
    /// </summary>
    public static OccurredTime Occurred(Told told, X12TimeCodes.TimeCode code, Place? place, FeedContext context, ref DecodeProblem? note)
    {
        switch (code.Meaning)
        {
            case X12TimeCodes.Meaning.Fixed:
                return told.Precision == Precision.Day
                    ? OccurredTime.On(DateOnly.FromDateTime(told.Local), code.Offset, ZoneSource.Code)
                    : At(told, code.Offset);
            case X12TimeCodes.Meaning.Zone:
                return EventTimes.InZone(told.Local, told.Precision, code.Zone!, ZoneSource.Code, out note);
            case X12TimeCodes.Meaning.Unknown:
                note = new DecodeProblem("time.code-unknown", "The time code is not one of element 623; the zone stays unknown.");
                return told.Precision == Precision.Day
                    ? OccurredTime.On(DateOnly.FromDateTime(told.Local))
                    : OccurredTime.AtLocal(told.Local, told.Precision);
            default:
                return EventTimes.Local(told.Local, told.Precision, place, context, out note);
        }
    }

    private static OccurredTime At(Told told, TimeSpan offset)
        => OccurredTime.At(new DateTimeOffset(told.Local, offset), told.Precision, ZoneSource.Code);
}
