using System.Globalization;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Zones;

/// <summary>What a written date or time turned out to be.</summary>
public enum DateReading : byte
{
    /// <summary>Nothing was written.</summary>
    Missing,
    /// <summary>A value that carriers write for "no time": 19000101, 0001-01-01, 00000000, 99991231.</summary>
    Placeholder,
    /// <summary>No such day or hour, or not a date at all.</summary>
    Impossible,
    /// <summary>A day (and a time, if one was asked for).</summary>
    Told,
}

/// <summary>Reads dates and times as carriers write them, in the invariant calendar and without ever guessing a zone.</summary>
public static class DateText
{
    /// <summary><c>yyyyMMdd</c>, <c>yyyy-MM-dd</c> or <c>yyyy/MM/dd</c>.</summary>
    public static DateReading TryDay(ReadOnlySpan<char> text, out DateOnly day)
    {
        day = default;
        text = text.Trim().Trim('\0');
        if (text.IsEmpty) return DateReading.Missing;
        int year, month, dayOfMonth;
        if (text.Length == 8 && Digits(text, 8) is var packed and >= 0)
        {
            year = packed / 10000; month = packed / 100 % 100; dayOfMonth = packed % 100;
        }
        else if (text.Length == 10 && text[4] is '-' or '/' && text[7] == text[4])
        {
            year = Digits(text, 4); month = Digits(text[5..], 2); dayOfMonth = Digits(text[8..], 2);
            if (year < 0 || month < 0 || dayOfMonth < 0) return DateReading.Impossible;
        }
        else return DateReading.Impossible;
        return Day(year, month, dayOfMonth, out day);
    }

    /// <summary>
    /// <c>HHmmss</c>, <c>HHmm</c>, <c>HH:mm:ss</c>, <c>HH:mm</c>, and both packed forms with their leading zeros lost (<c>74700</c> is 07:47:00). <c>24:00</c> is read as
    /// the end of the day: <paramref name="nextDay"/> is then true and the time midnight. A second 60 counts as 59. Precision is minutes where no seconds were written.
    /// <paramref name="packedSeconds"/>: the field is known to be <c>HHmmss</c>, so that <c>4700</c> is 00:47:00 and <c>0</c> midnight to the second.
    /// </summary>
    public static DateReading TryTime(ReadOnlySpan<char> text, out TimeOnly time, out Precision precision, out bool nextDay, bool packedSeconds = false)
    {
        time = default; precision = Precision.Second; nextDay = false;
        text = text.Trim().Trim('\0');
        if (text.IsEmpty) return DateReading.Missing;
        if (text.Contains(':')) return ClockTime(text, out time, out precision, out nextDay, out var used) && used == text.Length ? DateReading.Told : DateReading.Impossible;

        if (text.Length > 6 || Digits(text, text.Length) is not (>= 0 and var packed)) return DateReading.Impossible;
        // Five or six digits end in seconds; one to four do not, unless the field is known to and its leading zeros are lost.
        if (text.Length <= 4 && !(packedSeconds && (text[0] != '0' || text.Length == 1))) { precision = Precision.Minute; packed *= 100; }
        return Clock(packed / 10000, packed / 100 % 100, packed % 100, 0, out time, out nextDay) ? DateReading.Told : DateReading.Impossible;
    }

    /// <summary>
    /// ISO 8601 as carriers write it: a day; or a day, <c>T</c> or a blank, and <c>HH:mm</c>, <c>HH:mm:ss</c> or <c>HHmmss</c> with any fraction, then nothing, <c>Z</c> or an offset (<c>+05:30</c>, <c>+0530</c>,
    /// <c>+05</c>). Without an offset <paramref name="offset"/> is null: the text is a local time. Fractions are kept to 100 ns.
    /// </summary>
    public static DateReading TryIso(ReadOnlySpan<char> text, out DateTime local, out TimeSpan? offset, out Precision precision)
    {
        local = default; offset = null; precision = Precision.Day;
        text = text.Trim().Trim('\0');
        if (text.IsEmpty) return DateReading.Missing;

        var dayLength = text.Length >= 10 && text[4] is '-' or '/' ? 10 : 8;
        if (text.Length < dayLength) return DateReading.Impossible;
        var reading = TryDay(text[..dayLength], out var day);
        if (reading == DateReading.Impossible) return reading;
        local = day.ToDateTime(TimeOnly.MinValue);
        text = text[dayLength..];
        if (text.IsEmpty) return reading;
        if (text[0] is 'T' or 't' or ' ') text = text[1..].TrimStart();
        else return DateReading.Impossible;

        TimeOnly time;
        bool nextDay;
        int used;
        if (text.Length >= 5 && text[2] == ':')
        {
            if (!ClockTime(text, out time, out precision, out nextDay, out used)) return DateReading.Impossible;
        }
        else
        {
            used = 0;
            while (used < text.Length && char.IsAsciiDigit(text[used])) used++;
            if (used is not (4 or 6) || TryTime(text[..used], out time, out precision, out nextDay) != DateReading.Told) return DateReading.Impossible;
        }
        text = text[used..].TrimStart();
        if (!text.IsEmpty)
        {
            if (!TryOffset(text, out var told)) return DateReading.Impossible;
            offset = told;
        }
        if (reading == DateReading.Placeholder) return reading;
        if (nextDay && day == DateOnly.MaxValue) return DateReading.Impossible;
        local = (nextDay ? day.AddDays(1) : day).ToDateTime(time);
        return DateReading.Told;
    }

    /// <summary><c>Z</c>, <c>-05:00</c>, <c>-05.00</c> (UPS), <c>-0500</c>, <c>-05</c>, <c>+5:30</c>; within ±18 hours.</summary>
    public static bool TryOffset(ReadOnlySpan<char> text, out TimeSpan offset)
    {
        offset = default;
        text = text.Trim();
        if (text is "Z" or "z" or "UTC" or "GMT") return true;
        if (text.Length < 2 || text[0] is not ('+' or '-' or '\u2212')) return false;
        var sign = text[0] == '+' ? 1 : -1;
        text = text[1..];
        var separator = text.IndexOfAny(':', '.');
        int hours, minutes;
        if (separator >= 0) { hours = Digits(text[..separator], separator); minutes = Digits(text[(separator + 1)..], text.Length - separator - 1); if (text.Length - separator - 1 != 2) return false; }
        else if (text.Length <= 2) { hours = Digits(text, text.Length); minutes = 0; }
        else if (text.Length <= 4) { var packed = Digits(text, text.Length); hours = packed < 0 ? -1 : packed / 100; minutes = packed < 0 ? -1 : packed % 100; }
        else return false;
        if (hours is < 0 or > 18 || minutes is < 0 or > 59 || hours * 60 + minutes > 18 * 60) return false;
        offset = new TimeSpan(sign * hours, sign * minutes, 0);
        return true;
    }

    /// <summary>Reads by a pattern of .NET (<c>dd.MM.yyyy HH:mm</c>) in the invariant culture; for formats and profiles that state their pattern.</summary>
    public static DateReading TryExact(string? text, string pattern, out DateTime local)
    {
        local = default;
        text = CarrierText.Value(text);
        if (text is null) return DateReading.Missing;
        if (OnlyZeros(text)) return DateReading.Placeholder;
        // An end of day is midnight of the next one, in every pattern.
        var endOfDay = pattern.Contains("HH", StringComparison.Ordinal) ? pattern.IndexOf("HH", StringComparison.Ordinal) : -1;
        var moved = false;
        if (endOfDay >= 0 && IsFixedWidth(pattern) && text.Length == pattern.Length && text.AsSpan(endOfDay, 2) is "24"
            && !text.AsSpan(endOfDay + 2).ContainsAnyInRange('1', '9'))
        {
            text = string.Concat(text.AsSpan(0, endOfDay), "00", text.AsSpan(endOfDay + 2));
            moved = true;
        }
        if (!DateTime.TryParseExact(text, pattern, CultureInfo.InvariantCulture, DateTimeStyles.AllowWhiteSpaces, out local)) return DateReading.Impossible;
        local = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        if (IsPlaceholder(DateOnly.FromDateTime(local))) return DateReading.Placeholder;
        if (moved) local = local.AddDays(1);
        return DateReading.Told;
    }

    /// <summary>A day that stands for none.</summary>
    public static bool IsPlaceholder(DateOnly day)
        => day.Year is <= 1 or >= 9999 || (day.Year == 1900 && day.DayOfYear == 1) || (day.Year == 1899 && day.Month == 12 && day.Day >= 30)
        || (day.Year == 1970 && day.DayOfYear == 1);

    private static bool IsFixedWidth(string pattern)
        => !pattern.Contains("MMM", StringComparison.Ordinal) && !pattern.Contains("ddd", StringComparison.Ordinal) && !pattern.Contains('K', StringComparison.Ordinal) && !pattern.Contains('z', StringComparison.Ordinal);

    private static DateReading Day(int year, int month, int dayOfMonth, out DateOnly day)
    {
        day = default;
        if ((year == 0 && month == 0 && dayOfMonth == 0) || (year == 9999 && month == 99 && dayOfMonth == 99)) return DateReading.Placeholder;
        if (year is < 1 or > 9999 || month is < 1 or > 12 || dayOfMonth < 1 || dayOfMonth > DateTime.DaysInMonth(year, month)) return DateReading.Impossible;
        day = new DateOnly(year, month, dayOfMonth);
        return IsPlaceholder(day) ? DateReading.Placeholder : DateReading.Told;
    }

    // HH:mm[:ss[.fffffff]] at the start of the text; used tells how far it went.
    private static bool ClockTime(ReadOnlySpan<char> text, out TimeOnly time, out Precision precision, out bool nextDay, out int used)
    {
        time = default; precision = Precision.Minute; nextDay = false; used = 0;
        var colon = text.IndexOf(':');
        if (colon is < 1 or > 2 || text.Length < colon + 3) return false;
        var hour = Digits(text, colon);
        var minute = Digits(text[(colon + 1)..], 2);
        var second = 0;
        long ticks = 0;
        if (hour < 0 || minute < 0) return false;
        used = colon + 3;
        if (used < text.Length && text[used] == ':')
        {
            if (text.Length < used + 3 || (second = Digits(text[(used + 1)..], 2)) < 0) return false;
            precision = Precision.Second;
            used += 3;
            if (used + 1 < text.Length && text[used] is '.' or ',' && char.IsAsciiDigit(text[used + 1]))
            {
                used++;
                for (var unit = 1_000_000L; used < text.Length && char.IsAsciiDigit(text[used]); used++, unit /= 10) ticks += (text[used] - '0') * unit;
            }
        }
        return Clock(hour, minute, second, ticks, out time, out nextDay);
    }

    private static bool Clock(int hour, int minute, int second, long ticks, out TimeOnly time, out bool nextDay)
    {
        time = default;
        nextDay = hour == 24 && minute == 0 && second == 0;
        if (nextDay) return true;
        if (second == 60) second = 59;
        if (hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 59) return false;
        time = new TimeOnly(hour, minute, second).Add(TimeSpan.FromTicks(ticks));
        return true;
    }

    private static int Digits(ReadOnlySpan<char> text, int count)
    {
        if (count is 0 or > 8 || text.Length < count) return -1;
        var value = 0;
        foreach (var c in text[..count])
        {
            if (!char.IsAsciiDigit(c)) return -1;
            value = value * 10 + (c - '0');
        }
        return value;
    }

    private static bool OnlyZeros(string text)
    {
        var digits = false;
        foreach (var c in text)
        {
            if (char.IsAsciiDigit(c)) { if (c != '0') return false; digits = true; }
            else if (char.IsLetter(c)) return false;
        }
        return digits;
    }
}
