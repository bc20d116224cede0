using System.Collections.Frozen;
using System.Globalization;

namespace Tracking.Domain.Estimates;

/// <summary>
/// Public holidays by country and region, by rule (<c>holidays.csv</c>): the days on which carriers work as on a Sunday. Sources: each country's
/// holiday law as commonly published. Countries whose holidays follow the moon (China, India's festivals, the Islamic world) have their fixed days only.
/// </summary>
public static class Holidays
{
    private const int FirstYear = 2015, LastYear = 2041;

    private static readonly FrozenDictionary<string, FrozenSet<DateOnly>> ByArea = Load();

    /// <summary>True when the day is a holiday in the whole country or in that region. Unknown countries and regions have none of their own.</summary>
    public static bool Contains(string? country, string? region, DateOnly day)
        => country is not null && (ByArea.TryGetValue(country, out var all) && all.Contains(day)
            || region is not null && ByArea.TryGetValue($"{country}-{region}", out var own) && own.Contains(day));

    // By hash, so that the question costs no memory.
    private static readonly FrozenSet<ulong> WithOwn = ByArea.Keys.Select(a => a.Split('-')).Where(a => a.Length == 2)
        .Select(a => Hash64.Mix(Hash64.Text(a[0]), Hash64.Text(a[1]))).ToFrozenSet();

    /// <summary>True when the region has holidays beside its country's, so that it needs a calendar of its own.</summary>
    internal static bool HasOwn(ulong country, ulong region) => WithOwn.Contains(Hash64.Mix(country, region));

    /// <summary>Easter Sunday of the western churches.</summary>
    public static DateOnly EasterSunday(int year) => Easter(year);

    /// <summary>Easter Sunday of the western churches (Meeus, Jones, Butcher).</summary>
    internal static DateOnly Easter(int year)
    {
        int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4, g = (8 * b + 13) / 25;
        int h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
        int m = (a + 11 * h + 22 * l) / 451, n = h + l - 7 * m + 114;
        return new DateOnly(year, n / 31, n % 31 + 1);
    }

    /// <summary>Easter Sunday of the eastern churches, as a Gregorian date (Meeus; right from 1900 to 2099).</summary>
    internal static DateOnly OrthodoxEaster(int year)
    {
        int a = year % 4, b = year % 7, c = year % 19, d = (19 * c + 15) % 30, e = (2 * a + 4 * b - d + 34) % 7, n = d + e + 114;
        return new DateOnly(year, n / 31, n % 31 + 1).AddDays(13);
    }

    private static FrozenDictionary<string, FrozenSet<DateOnly>> Load()
    {
        var areas = new Dictionary<string, SortedSet<DateOnly>>(StringComparer.OrdinalIgnoreCase);
        foreach (var row in EstimateTables.Rows("holidays.csv"))
        {
            var area = row[1].Length == 0 ? row[0] : $"{row[0]}-{row[1]}";
            if (!areas.TryGetValue(area, out var days)) areas.Add(area, days = []);
            var from = row[4].Length == 0 ? FirstYear : Math.Max(FirstYear, int.Parse(row[4], CultureInfo.InvariantCulture));
            var to = row[5].Length == 0 ? LastYear : int.Parse(row[5], CultureInfo.InvariantCulture);
            for (var year = from; year <= to; year++)
                if (DayOf(row[2], year) is { } day)
                    days.Add(Shift(day, row[3], days));
        }
        return areas.ToFrozenDictionary(a => a.Key, a => a.Value.ToFrozenSet(), StringComparer.OrdinalIgnoreCase);
    }

    private static DateOnly? DayOf(string rule, int year)
    {
        var parts = rule.Split(':');
        switch (parts[0])
        {
            case "nth":
                var (month, nth, weekday) = (Number(parts[1]), Number(parts[2]), Weekday(parts[3]));
                if (nth > 0)
                {
                    var first = new DateOnly(year, month, 1);
                    return first.AddDays((weekday - first.DayOfWeek + 7) % 7 + 7 * (nth - 1));
                }
                var last = new DateOnly(year, month, DateTime.DaysInMonth(year, month));
                return last.AddDays(-((last.DayOfWeek - weekday + 7) % 7));
            case "before":   // the last such weekday before the date, which is not counted
                var eve = DateOnly.ParseExact($"{year}-{parts[1]}", "yyyy-MM-dd", CultureInfo.InvariantCulture).AddDays(-1);
                return eve.AddDays(-((eve.DayOfWeek - Weekday(parts[2]) + 7) % 7));
            case "date":
                var date = DateOnly.ParseExact(parts[1], "yyyy-MM-dd", CultureInfo.InvariantCulture);
                return date.Year == year ? date : null;
        }
        if (rule.StartsWith("easter", StringComparison.Ordinal)) return Easter(year).AddDays(Number(rule[6..]));
        if (rule.StartsWith("orthodox", StringComparison.Ordinal)) return OrthodoxEaster(year).AddDays(Number(rule[8..]));
        return DateOnly.ParseExact($"{year}-{rule}", "yyyy-MM-dd", CultureInfo.InvariantCulture);
    }

    private static DateOnly Shift(DateOnly day, string shift, SortedSet<DateOnly> taken)
    {
        switch (shift)
        {
            case "us": return day.AddDays(day.DayOfWeek switch { DayOfWeek.Saturday => -1, DayOfWeek.Sunday => 1, _ => 0 });
            case "monday": return day.DayOfWeek == DayOfWeek.Sunday ? day.AddDays(1) : day;
            case "next":
                while (day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday || taken.Contains(day)) day = day.AddDays(1);
                return day;
            default: return day;
        }
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static DayOfWeek Weekday(string name) => name switch
    {
        "mon" => DayOfWeek.Monday, "tue" => DayOfWeek.Tuesday, "wed" => DayOfWeek.Wednesday, "thu" => DayOfWeek.Thursday,
        "fri" => DayOfWeek.Friday, "sat" => DayOfWeek.Saturday, "sun" => DayOfWeek.Sunday,
        _ => throw new FormatException($"'{name}' is no weekday; holidays.csv uses mon to sun."),
    };
}
