using System.Collections.Frozen;
using NodaTime;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Dhl;

/// <summary>Places as DHL writes them: service areas by IATA-like city code, and localities that may be a city, a country, or "city, state - country".</summary>
internal static class DhlPlaces
{
    private static readonly FrozenDictionary<string, (string? Country, string Zone)> Areas = Load();

    // Cities that bear their country's name; for any other country's name the locality column names the country only.
    private static readonly FrozenSet<string> CityCountries
        = ((string[])["SG", "LU", "MC", "HK", "MO", "GI", "SM", "VA", "KW", "DJ", "PA", "GT", "MX", "SV"]).ToFrozenSet();

    /// <summary>The zone of a service area; null for a code the table does not know, or one that names places in two zones.</summary>
    public static DateTimeZone? ZoneOf(string? areaCode)
        => areaCode is not null && Areas.TryGetValue(areaCode, out var area) ? EventTimes.FindZone(area.Zone) : null;

    /// <summary>A service area with its description (<c>TURIN - ITALY</c>).</summary>
    public static Place? OfArea(string? code, string? description)
    {
        if (code is null && description is null) return null;
        var place = OfLocality(description, null, null, null) ?? new Place();
        if (place.Country is null && code is not null && Areas.TryGetValue(code, out var area)) place = place with { Country = area.Country };
        return code is null ? place : place with { FacilityId = code.ToUpperInvariant(), FacilityType = "serviceArea" };
    }

    // A feed names the same few places all day. Direct-mapped, bounded, written whole: an old entry is only slower.
    private sealed record Known(string? Locality, string? Country, Place? Place);
    private static readonly Known?[] Seen = new Known[512];

    public static Place? OfLocality(string? locality, string? country, string? postalCode, string? street)
    {
        if ((locality ?? country ?? postalCode ?? street) is null) return null;
        if (postalCode is not null || street is not null) return Read(locality, country, postalCode, street);
        ref var slot = ref Seen[(uint)HashCode.Combine(locality, country) % (uint)Seen.Length];
        if (slot is { } known && known.Locality == locality && known.Country == country) return known.Place;
        var place = Read(locality, country, null, null);
        slot = new Known(locality, country, place);
        return place;
    }

    // NETHERLANDS, THE and KOREA, REPUBLIC OF (SOUTH K.)
    private static string? Country(string text)
    {
        var bracket = text.IndexOf('(', StringComparison.Ordinal);
        if (bracket > 0) text = text[..bracket].Trim();
        if (Countries.Alpha2(text) is { } known) return known;
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0) return null;
        var (name, kind) = (text[..comma].Trim(), text[(comma + 1)..].Trim());
        return Countries.Alpha2($"{name} {kind}") ?? Countries.Alpha2($"{kind} {name}") ?? (kind.Equals("THE", StringComparison.OrdinalIgnoreCase) ? Countries.Alpha2(name) : null);
    }

    private static Place Read(string? locality, string? country, string? postalCode, string? street)
    {
        var known = Countries.Alpha2OrAsTold(country);
        string? region = null;
        var city = locality;
        if (locality is not null)
        {
            var dash = locality.LastIndexOf(" - ", StringComparison.Ordinal);
            if (dash > 0 && Country(locality[(dash + 3)..]) is { } behind)
            {
                known ??= behind;
                city = locality[..dash].Trim();
            }
            // Nashville,TN-USA
            else if (locality.LastIndexOf('-') is > 0 and var hyphen && locality.Length - hyphen > 3 && Countries.Alpha2(locality[(hyphen + 1)..].Trim()) is { } joined)
            {
                known ??= joined;
                city = locality[..hyphen].Trim();
            }
            var parts = city!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length > 1)
            {
                var length = parts.Length;
                if (parts[^1].Length > 2 && Countries.Alpha2(parts[^1]) is { } last) { known ??= last; length--; }
                else if (parts.Length > 2 && Countries.Alpha2(parts[^1]) is { } code && (known is null || known == code)) { known = code; length--; }
                if (length > 1 && parts[length - 1].Length is 2 or 3 && parts[length - 1].All(char.IsAsciiLetter)) region = parts[--length].ToUpperInvariant();
                city = string.Join(", ", parts[..length]);
            }
            if (city is not null && city.Length > 2 && Countries.Alpha2(city) is { } whole && (known is null || known == whole) && !(CityCountries.Contains(whole) && country is not null))
            {
                known = whole;
                city = null;
            }
        }
        return new Place(street, string.IsNullOrEmpty(city) ? null : city, region, postalCode, known);
    }

    // dhl-service-areas.csv: country,zone,codes separated by blanks
    private static FrozenDictionary<string, (string? Country, string Zone)> Load()
    {
        using var stream = typeof(DhlPlaces).Assembly.GetManifestResourceStream("Dhl/dhl-service-areas.csv")!;
        using var reader = new StreamReader(stream);
        var areas = new Dictionary<string, (string?, string)>(StringComparer.OrdinalIgnoreCase);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#') || line.StartsWith("country,", StringComparison.Ordinal)) continue;
            var cells = line.Split(',');
            foreach (var code in cells[2].Split(' ')) areas.TryAdd(code, (cells[0].Length == 0 ? null : cells[0], cells[1]));
        }
        return areas.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}
