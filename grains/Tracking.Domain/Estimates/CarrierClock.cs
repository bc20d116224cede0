namespace Tracking.Domain.Estimates;

/// <summary>
/// Operational time: days as the carrier works them. W(t) is the integral of a delivery rate per hour of week, scaled so that a week without holidays is 7;
/// holidays run as Sundays. Durations are differences in W, a prediction is W(now) + remaining mapped back, and so dates keep off Sundays and
/// holidays without a special case. Worth 5 to 8 % of the error on recorded deliveries (shared figures: 4.55 to 4.31 days at purchase).
/// All times here are local at the door, in days since <see cref="Epoch"/>.
/// </summary>
internal sealed class CarrierClock
{
    public static readonly DateOnly Epoch = new(2015, 1, 1);   // a Thursday
    private const int Days = 9_862;                            // to the end of 2041

    private readonly double[] _midnights = new double[Days + 1];   // W at each local midnight
    private readonly byte[] _weekdays = new byte[Days];            // 0 Monday to 6 Sunday; a holiday is 6
    private readonly double[] _hours = new double[7 * 25];         // W since midnight at each full hour, per weekday

    public CarrierClock(ReadOnlySpan<double> rates, string? country, string? region)
    {
        double week = 0;
        for (var hour = 0; hour < WeekProfile.Hours; hour++) week += rates[hour];
        for (var day = 0; day < 7; day++)
            for (var hour = 0; hour < 24; hour++)
                _hours[day * 25 + hour + 1] = _hours[day * 25 + hour] + rates[day * 24 + hour] * 7 / week;

        for (var day = 0; day < Days; day++)
        {
            var weekday = (day + 3) % 7;
            if (weekday < 6 && Holidays.Contains(country, region, Epoch.AddDays(day))) weekday = 6;
            _weekdays[day] = (byte)weekday;
            _midnights[day + 1] = _midnights[day] + _hours[weekday * 25 + 24];
        }
    }

    /// <summary>Local ticks as days since the epoch.</summary>
    public static double LocalDays(long localTicks) => (localTicks - EpochTicks) / (double)TimeSpan.TicksPerDay;

    public static long LocalTicks(double localDays) => EpochTicks + (long)(localDays * TimeSpan.TicksPerDay);

    private static readonly long EpochTicks = new DateTime(2015, 1, 1).Ticks;

    /// <summary>W at a local time. Outside 2015 to 2041 a day counts as one.</summary>
    public double At(double localDays)
    {
        if (localDays <= 0) return localDays;
        if (localDays >= Days) return _midnights[Days] + (localDays - Days);
        var day = (int)localDays;
        var hours = (localDays - day) * 24;
        var hour = Math.Min((int)hours, 23);
        var at = _weekdays[day] * 25 + hour;
        return _midnights[day] + _hours[at] + (hours - hour) * (_hours[at + 1] - _hours[at]);
    }

    /// <summary>W at the local midnight that begins a day.</summary>
    public double AtMidnight(int day) => day <= 0 ? day : day >= Days ? _midnights[Days] + (day - Days) : _midnights[day];

    /// <summary>The local time at which W is reached: the inverse of <see cref="At"/> (every hour has a positive rate, so there is one).</summary>
    public double When(double w)
    {
        if (w <= 0) return w;
        if (w >= _midnights[Days]) return Days + (w - _midnights[Days]);
        // A week is 7 and holidays only take away, so W never runs ahead of the calendar by more than one week: start there and walk by bisection.
        var low = Math.Min(Math.Max((int)w - 7, 0), Days - 1);
        var high = low + 1;
        for (var step = 16; high < Days && _midnights[high] <= w; step *= 2) { low = high; high = Math.Min(high + step, Days); }
        if (_midnights[low] > w) low = 0;
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (_midnights[middle] <= w) low = middle; else high = middle;
        }
        var rest = w - _midnights[low];
        var start = _weekdays[low] * 25;
        int from = 0, to = 24;
        while (to - from > 1)
        {
            var middle = (from + to) / 2;
            if (_hours[start + middle] <= rest) from = middle; else to = middle;
        }
        var width = _hours[start + from + 1] - _hours[start + from];
        return low + (from + Math.Min((rest - _hours[start + from]) / width, 1)) / 24;
    }
}

/// <summary>A carrier's delivery rate per hour of the local week, Monday 00:00 first.</summary>
internal static class WeekProfile
{
    public const int Hours = 168;

    /// <summary>Before any delivery is known: Monday to Friday alike, a third on Saturday, hardly anything on Sunday, 8 to 21 o'clock.</summary>
    public static readonly ImmutableArray<double> Default = MakeDefault();

    private static ImmutableArray<double> MakeDefault()
    {
        var rates = new double[Hours];
        for (var day = 0; day < 7; day++)
            for (var hour = 0; hour < 24; hour++)
                rates[day * 24 + hour] = (day switch { < 5 => 1, 5 => 0.33, _ => 0.06 })
                    * hour switch { < 7 => 0.05, 7 => 0.3, 8 or 9 => 0.8, >= 10 and < 18 => 1.6, 18 or 19 => 1.2, 20 => 0.7, 21 => 0.3, _ => 0.1 };
        return [.. rates];
    }
}
