using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tracking.Domain.Shipments;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Promises;

/// <summary>Reads a question from named texts: a query string, a line of a feed. Every mistake has a sentence of its own.</summary>
internal static class PromiseQuery
{
    /// <summary>Services that one question may name.</summary>
    public const int MostServices = 20;

    /// <param name="read">The value of a name; null when it is not there.</param>
    /// <param name="problem">What is wrong, when the answer is null.</param>
    public static PromiseQuestion? Read(Func<string, string?> read, Retailer retailer, DateTimeOffset now, out string? problem)
    {
        problem = null;
        // Whole minutes, so that the answer stays the same for as long and can be kept by whoever asked.
        var at = new DateTimeOffset(now.UtcTicks / TimeSpan.TicksPerMinute * TimeSpan.TicksPerMinute, TimeSpan.Zero);
        if (read("at") is { Length: > 0 } told)
        {
            if (!ScanJson.TryReadTime(told.Replace(' ', '+'), out var time) || time.Utc is not { } instant) problem = "at is no RFC 3339 instant with an offset.";
            else if ((instant - now).Duration() > TimeSpan.FromDays(730)) problem = "at is more than two years away.";
            else at = instant;
        }
        var country = read("country");
        if (country is null or { Length: 0 }) problem ??= "country is missing; it is where the parcel goes, two letters such as US.";
        else if (!IsCountry(country)) problem ??= "country is not two letters such as US.";
        var originCountry = Blank(read("originCountry"));
        if (originCountry is not null && !IsCountry(originCountry)) problem ??= "originCountry is not two letters such as US.";
        var (postalCode, region) = (Blank(read("postalCode")), Blank(read("region")));
        var (originPostalCode, originRegion) = (Blank(read("originPostalCode")), Blank(read("originRegion")));
        if (new[] { postalCode, region, originPostalCode, originRegion }.Any(t => t is { Length: > 20 })) problem ??= "A postal code or region has more than 20 characters.";

        var services = ImmutableArray.CreateBuilder<ShippingService>();
        var carrier = Blank(read("carrier"));
        foreach (var name in Words(read("service") ?? read("services")))
        {
            var full = carrier is not null && !name.Contains('/') ? $"{carrier}/{name}" : name;
            if (ShippingService.Parse(full, retailer.Options.Shipping.Services.GetValueOrDefault(full)) is not { } service) problem ??= $"service '{Short(name)}' is not such as ups/GROUND.";
            else if (services.Count >= MostServices) problem ??= $"More than {MostServices} services are asked for.";
            else services.Add(service);
        }
        if (services.Count == 0 && carrier is not null)
        {
            if (ShippingService.Parse(carrier, retailer.Options.Shipping.Services.GetValueOrDefault(carrier)) is { } all) services.Add(all); else problem ??= $"carrier '{Short(carrier)}' is no carrier's name.";
        }

        var confidence = Share("confidence", ref problem);
        var reliability = Share("reliability", ref problem);
        var occasions = Words(read("holiday")).ToImmutableArray();
        foreach (var name in occasions)
            if (!Occasions.IsKnown(name, retailer.Shipping.Occasions)) problem ??= $"holiday '{Short(name)}' is not known; known are all, {string.Join(", ", Occasions.Known)} and the shop's own.";
        var backlog = 0;
        if (Blank(read("backlog")) is { } waiting && (!int.TryParse(waiting, NumberStyles.None, CultureInfo.InvariantCulture, out backlog) || backlog > 10_000_000)) problem ??= "backlog is no number of orders.";
        var warehouse = Blank(read("warehouse"));
        if (warehouse is not null && !retailer.Shipping.Warehouses.Any(w => w.Id == warehouse)) problem ??= $"warehouse '{Short(warehouse)}' is not one of this shop's.";
        if (problem is not null) return null;

        return new PromiseQuestion
        {
            At = at, Country = country!.ToUpperInvariant(), PostalCode = postalCode, Region = region, OriginCountry = originCountry?.ToUpperInvariant(), OriginPostalCode = originPostalCode,
            OriginRegion = originRegion, Warehouse = warehouse, Services = services.ToImmutable(), Confidence = confidence, Reliability = reliability, Occasions = occasions, Backlog = backlog,
            Windows = read("windows") is "true" or "1",
        };

        double? Share(string name, ref string? wrong)
        {
            if (Blank(read(name)) is not { } text) return null;
            if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share) && share is >= 0.5 and <= 0.97) return share;
            wrong ??= $"{name} is not between 0.5 and 0.97.";
            return null;
        }
    }

    public static PromiseQuestion? Read(HttpContext http, Retailer retailer, DateTimeOffset now, out IResult? refusal)
    {
        var query = http.Request.Query;
        var asked = Read(name => query.TryGetValue(name, out var values) ? string.Join(',', values.AsEnumerable()) : null, retailer, now, out var problem);
        refusal = asked is null ? Problems.Of(400, "question-unclear", problem!) : null;
        return asked;
    }

    private static bool IsCountry(string text) => text.Length == 2 && text.All(char.IsAsciiLetter);

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "…";

    private static IEnumerable<string> Words(string? list) => (list ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Take(100);
}
