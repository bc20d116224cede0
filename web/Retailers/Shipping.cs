using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using Tracking.Domain.Estimates;

namespace Tracking.Web.Retailers;

/// <summary>A service that can be promised.</summary>
/// <param name="Carrier">Slug; null when the retailer has not said who ships.</param>
/// <param name="Name">What shoppers read; null for the carrier's own words.</param>
public sealed record ShippingService(string? Carrier, string? Service, string? Name)
{
    /// <summary>Reads <c>ups/GROUND</c> or <c>ups</c>; null when the carrier is no slug.</summary>
    public static ShippingService? Parse(string text, string? name = null)
    {
        var slash = text.IndexOf('/');
        var carrier = (slash < 0 ? text : text[..slash]).Trim();
        var service = slash < 0 ? null : text[(slash + 1)..].Trim();
        return carrier.Length is 0 or > 40 || service is { Length: 0 or > 100 } || !Domain.Vocabulary.Carrier.TryNormalize(carrier, out var slug) ? null : new ShippingService(slug, service, name);
    }
}

/// <summary>How a retailer ships, read once from its options.</summary>
public sealed record Shipping(
    ImmutableArray<WarehouseCalendar> Warehouses, ImmutableArray<ShippingService> Services, double Confidence, double Reliability, FrozenDictionary<string, DateOnly> Occasions,
    ImmutableArray<(TimeOnly From, TimeOnly To)> Windows)
{
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>Reads the options; what is wrong is said in sentences and left out.</summary>
    public static Shipping Read(string id, ShippingOptions options, string zone, List<string> problems)
    {
        var at = $"Retailers:{id}:Shipping";
        if (options.Warehouses.Count > 50) problems.Add($"{at}:Warehouses has more than 50 entries.");
        if (options.Confidence is < 0.5 or > 0.97) problems.Add($"{at}:Confidence is {options.Confidence.ToString(CultureInfo.InvariantCulture)}; it is 0.5 to 0.97.");
        if (options.Reliability is < 0.5 or > 0.97) problems.Add($"{at}:Reliability is {options.Reliability.ToString(CultureInfo.InvariantCulture)}; it is 0.5 to 0.97.");

        var services = ImmutableArray.CreateBuilder<ShippingService>();
        foreach (var (name, text) in options.Services)
        {
            if (ShippingService.Parse(name, text) is { } service) services.Add(service);
            else problems.Add($"{at}:Services:{name}: a service is named by its carrier's slug, or slug/SERVICE.");
        }
        var occasions = new Dictionary<string, DateOnly>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, day) in options.Occasions)
        {
            if (DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)) occasions[name] = date;
            else problems.Add($"{at}:Occasions:{name} is '{day}'; it is a day as yyyy-MM-dd.");
        }
        var windows = ImmutableArray.CreateBuilder<(TimeOnly, TimeOnly)>();
        foreach (var window in options.DeliveryWindows)
        {
            var parts = window.Split('-');
            if (parts.Length == 2 && Clock(parts[0]) is { } from && Clock(parts[1]) is { } to && to > from && windows.Count < 12) windows.Add((from, to));
            else problems.Add($"{at}:DeliveryWindows holds '{window}'; a window is such as 08:00-12:00, and there are at most 12.");
        }
        return new Shipping([.. options.Warehouses.Take(50).Select(w => Warehouse($"{at}:Warehouses:{w.Key}", w.Key, w.Value, zone, problems)).OfType<WarehouseCalendar>()], services.ToImmutable(),
            Math.Clamp(options.Confidence, 0.5, 0.97), Math.Clamp(options.Reliability, 0.5, 0.97), occasions.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase), windows.ToImmutable());
    }

    private static WarehouseCalendar? Warehouse(string at, string id, WarehouseOptions options, string retailersZone, List<string> problems)
    {
        var before = problems.Count;
        if (options.Country.Length != 2 || !options.Country.All(char.IsAsciiLetter)) problems.Add($"{at}:Country is '{options.Country}'; it is two letters such as DE.");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(options.Zone ?? retailersZone, out var zone)) problems.Add($"{at}:Zone is '{options.Zone ?? retailersZone}', which is no IANA zone.");
        if (Clock(options.CutOff) is not { } cutOff) { problems.Add($"{at}:CutOff is '{options.CutOff}'; it is a time such as 14:00."); cutOff = default; }
        var cutOffs = new Dictionary<string, TimeOnly>(StringComparer.OrdinalIgnoreCase);
        foreach (var (service, text) in options.CutOffs)
        {
            if (Clock(text) is { } time) cutOffs[service] = time;
            else problems.Add($"{at}:CutOffs:{service} is '{text}'; it is a time such as 14:00.");
        }
        var days = WorkingDays(options.WorkingDays);
        if (days is null) problems.Add($"{at}:WorkingDays is '{options.WorkingDays}'; it is days and ranges such as Mon-Fri or Mon-Thu,Sat.");
        var special = new Dictionary<DateOnly, TimeOnly?>();
        foreach (var (day, text) in options.SpecialDays)
        {
            if (!DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)) problems.Add($"{at}:SpecialDays:{day}: a day is written yyyy-MM-dd.");
            else if (text.Equals("closed", StringComparison.OrdinalIgnoreCase)) special[date] = null;
            else if (Clock(text) is { } time) special[date] = time;
            else problems.Add($"{at}:SpecialDays:{day} is '{text}'; it is closed, or a cut-off such as 14:00.");
        }
        if (options.PackingDays is < 0 or > 30) problems.Add($"{at}:PackingDays is {options.PackingDays}; it is 0 to 30.");
        if (options.CollectedAfterMinutes is < 0 or > 1_440) problems.Add($"{at}:CollectedAfterMinutes is {options.CollectedAfterMinutes}; it is 0 to 1440.");
        if (options.DailyCapacity < 0) problems.Add($"{at}:DailyCapacity is negative; 0 means no limit.");
        if (problems.Count > before) return null;
        return new WarehouseCalendar
        {
            Id = id, Zone = zone!, Country = options.Country.ToUpperInvariant(), Region = options.Region, PostalCode = options.PostalCode, CutOff = cutOff, CutOffs = cutOffs.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase),
            WorkingDays = days!.Value, SpecialDays = special.ToFrozenDictionary(), RestsOnHolidays = options.RestsOnHolidays, PackingDays = options.PackingDays,
            CollectedAfter = TimeSpan.FromMinutes(options.CollectedAfterMinutes), DailyCapacity = options.DailyCapacity == 0 ? null : options.DailyCapacity,
        };
    }

    private static TimeOnly? Clock(string text) => TimeOnly.TryParseExact(text.Trim(), ["HH:mm", "H:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static ImmutableArray<bool>? WorkingDays(string text)
    {
        var open = new bool[7];
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-', StringSplitOptions.TrimEntries);
            var (from, to) = (Day(ends[0]), Day(ends[^1]));
            if (ends.Length > 2 || from < 0 || to < 0) return null;
            for (var day = from; ; day = (day + 1) % 7)
            {
                open[day] = true;
                if (day == to) break;
            }
        }
        return open.Contains(true) ? [.. open] : null;

        static int Day(string name) => name.Length < 3 ? -1 : Array.IndexOf(Days, name[..3].ToLowerInvariant());
    }
}
