using System.Collections.Immutable;
using Tracking.Domain.Estimates;
using Tracking.Web.Retailers;

namespace Tracking.Web.Promises;

/// <summary>What is asked before purchase. Where from is the warehouse's unless it is said.</summary>
internal sealed record PromiseQuestion
{
    public required DateTimeOffset At { get; init; }
    public required string Country { get; init; }
    public string? PostalCode { get; init; }
    public string? Region { get; init; }
    public string? OriginCountry { get; init; }
    public string? OriginPostalCode { get; init; }
    public string? OriginRegion { get; init; }
    public string? Warehouse { get; init; }
    public ImmutableArray<ShippingService> Services { get; init; } = [];
    public double? Confidence { get; init; }
    public double? Reliability { get; init; }
    public ImmutableArray<string> Occasions { get; init; } = [];
    public int Backlog { get; init; }
    public bool Windows { get; init; }
}

/// <summary>The date of one service.</summary>
/// <param name="Window">Shortest run of days that holds the asked mass, with its true mass; null when no such run is short enough to be called a date.</param>
/// <param name="By">The day by whose end it is there with that mass.</param>
/// <param name="OrderBy">Until when that holds; null when no warehouse is known.</param>
/// <param name="Later">What holds for an order after it.</param>
internal sealed record Promise(
    ShippingService Service, WarehouseCalendar? Warehouse, (DateOnly From, DateOnly To, double Mass)? Window, (DateOnly Day, double Mass)? By,
    DateTimeOffset P10, DateTimeOffset P50, DateTimeOffset P90, DateTimeOffset? OrderBy, DateTimeOffset? HandedOverAt, (DateOnly Day, double Mass)? Later,
    EstimateBasis Basis, NoticeKind Notice, ImmutableArray<OrderByDate> Occasions, ImmutableArray<(TimeOnly From, TimeOnly To, double Share)> Windows);

/// <summary>Until when an order is in time for an occasion.</summary>
/// <param name="OrderBy">Null: it is too late already, or nothing is known of the warehouse.</param>
internal sealed record OrderByDate(string Name, DateOnly Day, DateTimeOffset? OrderBy, double Mass);

/// <summary>Makes promises from a snapshot and a retailer's calendar. Pure; a few microseconds for each service.</summary>
internal static class PromiseMaker
{
    private const int OccasionAheadDays = 90;

    /// <summary>One promise for each service, from the warehouse that is soonest; empty when every warehouse is closed for months.</summary>
    public static List<Promise> Make(EddSnapshot edd, Retailer retailer, PromiseQuestion asked)
    {
        var shipping = retailer.Shipping;
        var services = !asked.Services.IsEmpty ? asked.Services : !shipping.Services.IsEmpty ? shipping.Services : [new ShippingService(null, null, null)];
        var promises = new List<Promise>(services.Length);
        foreach (var service in services)
        {
            Promise? best = null;
            if (asked.OriginCountry is not null || shipping.Warehouses.IsEmpty)
            {
                best = One(edd, retailer, asked, service, shipping.Warehouses.FirstOrDefault(w => w.Id == asked.Warehouse));
            }
            else
            {
                foreach (var warehouse in shipping.Warehouses)
                    if ((asked.Warehouse is null || warehouse.Id == asked.Warehouse) && One(edd, retailer, asked, service, warehouse) is { } promise && (best is null || promise.P50 < best.P50))
                        best = promise;
            }
            if (best is not null) promises.Add(best);
        }
        return promises;
    }

    private static Promise? One(EddSnapshot edd, Retailer retailer, PromiseQuestion asked, ShippingService service, WarehouseCalendar? warehouse)
    {
        var wanted = asked.Confidence ?? retailer.Shipping.Confidence;
        var region = asked.Region ?? edd.RegionOf(asked.Country, asked.PostalCode);
        var (originCountry, originPostalCode) = (asked.OriginCountry ?? warehouse?.Country, asked.OriginPostalCode ?? warehouse?.PostalCode);
        var facts = new JourneyFacts
        {
            Carrier = service.Carrier, Service = service.Service, Retailer = retailer.Id, OriginCountry = originCountry, OriginPostalCode = originPostalCode,
            OriginRegion = asked.OriginRegion ?? (asked.OriginCountry is null ? warehouse?.Region : null) ?? edd.RegionOf(originCountry, originPostalCode),
            DestinationCountry = asked.Country, DestinationRegion = region, DestinationPostalCode = asked.PostalCode,
        };

        HandOver? handOver = null;
        var from = asked.At;
        if (warehouse is null) facts = facts with { Stage = JourneyStage.Handling, StageEnteredAt = asked.At, OrderedAt = asked.At };
        else
        {
            if ((handOver = warehouse.Next(asked.At, service.Carrier, service.Service, asked.Backlog)) is not { } next) return null;
            (facts, from) = (Handed(facts, next.At), next.At);
        }
        if (edd.Estimate(facts, from) is not { } estimate) return null;

        (DateOnly, double)? later = null;
        if (handOver is { } met && warehouse!.Next(met.OrderBy.AddTicks(1), service.Carrier, service.Service, asked.Backlog) is { } missed)
            later = edd.ArrivesBy(Handed(facts, missed.At), missed.At, wanted);
        var window = edd.Window(facts, from, wanted);
        return new Promise(service, warehouse, window, edd.ArrivesBy(facts, from, wanted), estimate.P10, estimate.P50, estimate.P90, handOver?.OrderBy, handOver?.At, later,
            edd.BasisOf(facts, from), edd.NoticeAt(service.Carrier, asked.Country, region), Occasions(edd, retailer, asked, facts, service, warehouse),
            asked.Windows ? Shares(edd, retailer.Shipping, facts, from, estimate) : []);
    }

    private static JourneyFacts Handed(in JourneyFacts facts, DateTimeOffset at) => facts with { Stage = JourneyStage.Transit, StageEnteredAt = at, HandedOverAt = at, LastScanAt = at };

    private static ImmutableArray<OrderByDate> Occasions(EddSnapshot edd, Retailer retailer, PromiseQuestion asked, in JourneyFacts facts, ShippingService service, WarehouseCalendar? warehouse)
    {
        if (asked.Occasions.IsEmpty) return [];
        var reliability = asked.Reliability ?? retailer.Shipping.Reliability;
        var today = DateOnly.FromDateTime(asked.At.UtcDateTime);
        var found = ImmutableArray.CreateBuilder<OrderByDate>();
        foreach (var (name, day) in Tracking.Web.Promises.Occasions.Named(asked.Occasions, retailer.Shipping.Occasions, today))
        {
            if (day.DayNumber - today.DayNumber > OccasionAheadDays) continue;   // nobody orders for it yet, and calendars that far ahead are guesses
            DateTimeOffset? orderBy = null;
            var mass = 0.0;
            if (warehouse is not null)
            {
                // One cut-off after the other, until the parcel would come too late.
                for (var at = asked.At; warehouse.Next(at, service.Carrier, service.Service, asked.Backlog) is { } next; at = next.OrderBy.AddTicks(1))
                {
                    var held = edd.MassOf(Handed(facts, next.At), next.At, DateOnly.FromDateTime(next.At.UtcDateTime).AddDays(-1), day);
                    if (held < reliability || DateOnly.FromDateTime(next.OrderBy.Date) > day) break;
                    (orderBy, mass) = (next.OrderBy, held);
                }
            }
            found.Add(new OrderByDate(name, day, orderBy, mass));
        }
        return found.ToImmutable();
    }

    private static ImmutableArray<(TimeOnly, TimeOnly, double)> Shares(EddSnapshot edd, Shipping shipping, in JourneyFacts facts, DateTimeOffset from, in DeliveryEstimate estimate)
    {
        if (shipping.Windows.IsEmpty) return [];
        var zone = edd.LocalTime(facts, estimate.P50);
        var day = zone.Date;
        var shares = ImmutableArray.CreateBuilder<(TimeOnly, TimeOnly, double)>();
        var whole = edd.MassOf(facts, from, DateOnly.FromDateTime(day), DateOnly.FromDateTime(day));
        foreach (var (begins, ends) in shipping.Windows)
        {
            var (early, late) = (new DateTimeOffset(day + begins.ToTimeSpan(), zone.Offset), new DateTimeOffset(day + ends.ToTimeSpan(), zone.Offset));
            var share = whole <= 0 ? 0 : Math.Max(edd.MassBefore(facts, from, late) - edd.MassBefore(facts, from, early), 0) / whole;
            shares.Add((begins, ends, Math.Min(share, 1)));
        }
        return shares.ToImmutable();
    }
}

/// <summary>Days that gifts must not miss.</summary>
internal static class Occasions
{
    public static readonly ImmutableArray<string> Known = ["christmas", "new-year", "valentine", "easter", "mothers-day", "fathers-day", "halloween", "thanksgiving"];

    /// <summary>The next such day on or after today for each name; <c>all</c> stands for every known one and the retailer's own. Unknown names are left out.</summary>
    public static IEnumerable<(string Name, DateOnly Day)> Named(ImmutableArray<string> names, IReadOnlyDictionary<string, DateOnly> own, DateOnly today)
    {
        var wanted = names.Contains("all") ? Known.Concat(own.Keys) : names;
        return wanted.Distinct(StringComparer.OrdinalIgnoreCase).Select(name => (name, Day: own.TryGetValue(name, out var day) ? day >= today ? day : (DateOnly?)null : Next(name.ToLowerInvariant(), today)))
            .Where(o => o.Day is not null).Select(o => (o.name, o.Day!.Value)).OrderBy(o => o.Value).ThenBy(o => o.name, StringComparer.Ordinal);
    }

    public static bool IsKnown(string name, IReadOnlyDictionary<string, DateOnly> own) => name == "all" || Known.Contains(name.ToLowerInvariant()) || own.ContainsKey(name);

    private static DateOnly? Next(string name, DateOnly today)
    {
        for (var year = today.Year; year <= today.Year + 1; year++)
            if (In(name, year) is { } day && day >= today) return day;
        return null;
    }

    // The last day that is in time: Christmas is given on the evening before in half the world.
    private static DateOnly? In(string name, int year) => name switch
    {
        "christmas" => new(year, 12, 24),
        "new-year" => new(year, 12, 31),
        "valentine" => new(year, 2, 14),
        "easter" => Holidays.EasterSunday(year).AddDays(-1),
        "mothers-day" => Nth(year, 5, DayOfWeek.Sunday, 2),
        "fathers-day" => Nth(year, 6, DayOfWeek.Sunday, 3),
        "halloween" => new(year, 10, 31),
        "thanksgiving" => Nth(year, 11, DayOfWeek.Thursday, 4),
        _ => null,
    };

    private static DateOnly Nth(int year, int month, DayOfWeek weekday, int nth)
    {
        var first = new DateOnly(year, month, 1);
        return first.AddDays((weekday - first.DayOfWeek + 7) % 7 + 7 * (nth - 1));
    }
}
