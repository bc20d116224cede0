using System.Collections.Frozen;

namespace Tracking.Domain.Estimates;

/// <summary>When a warehouse packs, and by when an order must be in. Local times of the warehouse's own zone.</summary>
public sealed record WarehouseCalendar
{
    /// <summary>How far ahead an open day is looked for; a warehouse that is closed for longer promises nothing.</summary>
    public const int LookAheadDays = 120;

    public required string Id { get; init; }
    public required TimeZoneInfo Zone { get; init; }
    /// <summary>ISO 3166-1 alpha-2.</summary>
    public required string Country { get; init; }
    public string? Region { get; init; }
    public string? PostalCode { get; init; }
    /// <summary>Orders in by then leave on the same day.</summary>
    public TimeOnly CutOff { get; init; } = new(14, 0);
    /// <summary>Other cut-offs, by <c>carrier/SERVICE</c> or carrier.</summary>
    public FrozenDictionary<string, TimeOnly> CutOffs { get; init; } = FrozenDictionary<string, TimeOnly>.Empty;
    /// <summary>Sunday first, as <see cref="DayOfWeek"/> counts.</summary>
    public ImmutableArray<bool> WorkingDays { get; init; } = [false, true, true, true, true, true, false];
    /// <summary>Days unlike others: null is closed, a time is open with that cut-off, also on a day off or a holiday.</summary>
    public FrozenDictionary<DateOnly, TimeOnly?> SpecialDays { get; init; } = FrozenDictionary<DateOnly, TimeOnly?>.Empty;
    /// <summary>Closed on the public holidays of its country and region.</summary>
    public bool RestsOnHolidays { get; init; } = true;
    /// <summary>Working days that packing takes beyond the day of the cut-off.</summary>
    public int PackingDays { get; init; }
    /// <summary>From the cut-off until the carrier has collected.</summary>
    public TimeSpan CollectedAfter { get; init; } = TimeSpan.FromHours(1);
    /// <summary>Orders that leave on one day; null for no limit.</summary>
    public int? DailyCapacity { get; init; }

    /// <summary>
    /// The cut-off that an order placed at an instant meets, and when the carrier then has it; null when the warehouse is closed for longer than <see cref="LookAheadDays"/>.
    /// </summary>
    /// <param name="backlog">Orders waiting before this one: beyond the daily capacity they take whole working days.</param>
    public HandOver? Next(DateTimeOffset at, string? carrier, string? service, int backlog = 0)
    {
        var local = TimeZoneInfo.ConvertTime(at, Zone).DateTime;
        var day = DateOnly.FromDateTime(local);
        var left = PackingDays + (DailyCapacity is > 0 and var most ? backlog / most : 0);
        DateTimeOffset? orderBy = null;
        for (var ahead = 0; ahead <= LookAheadDays; ahead++, day = day.AddDays(1))
        {
            if (CutOffOn(day, carrier, service) is not { } cutOff) continue;
            var closes = Instant(day.ToDateTime(cutOff));
            if (orderBy is null)
            {
                if (closes <= at) continue;
                orderBy = closes;
            }
            else left--;
            if (left <= 0) return new HandOver(orderBy.Value, closes + CollectedAfter);
        }
        return null;
    }

    /// <summary>The cut-off of a day, or null when nothing leaves.</summary>
    public TimeOnly? CutOffOn(DateOnly day, string? carrier, string? service)
    {
        if (SpecialDays.TryGetValue(day, out var special)) return special;
        if (!WorkingDays[(int)day.DayOfWeek] || RestsOnHolidays && Holidays.Contains(Country, Region, day)) return null;
        return carrier is not null && (service is not null && CutOffs.TryGetValue($"{carrier}/{service}", out var own) || CutOffs.TryGetValue(carrier, out own)) ? own : CutOff;
    }

    // A clock reading that is skipped in spring moves on by the hour; one that occurs twice is the earlier.
    private DateTimeOffset Instant(DateTime local)
    {
        if (Zone.IsInvalidTime(local)) local = local.AddHours(1);
        var offset = Zone.IsAmbiguousTime(local) ? Zone.GetAmbiguousTimeOffsets(local).Max() : Zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset);
    }
}

/// <param name="OrderBy">An order that is in before this instant is handed over as said; one after it waits for the next.</param>
/// <param name="At">When the carrier has it.</param>
public readonly record struct HandOver(DateTimeOffset OrderBy, DateTimeOffset At);
