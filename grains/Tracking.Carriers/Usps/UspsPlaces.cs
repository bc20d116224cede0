using System.Collections.Frozen;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Usps;

/// <summary>Places as USPS writes them: the country only where it is foreign, and a facility's name where the city belongs.</summary>
internal static class UspsPlaces
{
    private static readonly FrozenSet<string> States = ((string[])
    [
        "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH",
        "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "PR", "GU", "VI", "AS", "MP", "AA", "AE", "AP",
    ]).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly string[] FacilityWords =
        ["DISTRIBUTION CENTER", "PROCESSING CENTER", "CENTER", "FACILITY", "ANNEX", "POST OFFICE", "HUB", "PLANT", "NDC", "RPDC", "P&DC", "S&DC", "L&DC", "LPC", "DDC", "DDU"];

    public static Place? Of(string? city, string? state, string? zip, string? country, double? lat = null, double? lon = null)
    {
        if (city is null && state is null && zip is null && country is null && lat is null) return null;
        var place = new Place(
            City: city, Region: state, PostalCode: zip,
            // A state or ZIP of the United States without a country is USPS's way of writing the United States.
            Country: Countries.Alpha2OrAsTold(country) ?? (state is null ? IsZip(zip) ? "US" : null : States.Contains(state) ? "US" : null),
            Lat: lat, Lon: lon, GeoSource: lat is null ? null : "message");
        return FacilityType(city, state, zip) is { } type ? place with { City = null, FacilityId = city, FacilityType = type } : place;
    }

    /// <summary>What kind of facility the city column names; null where it names a city. A facility has neither state nor ZIP, so nothing gives its zone.</summary>
    public static string? FacilityType(string? city, string? state, string? zip)
    {
        if (city is null || state is not null || zip is not null) return null;
        foreach (var word in FacilityWords)
            if (city.EndsWith(word, StringComparison.OrdinalIgnoreCase) && (city.Length == word.Length || city[city.Length - word.Length - 1] == ' '))
                return word;
        return null;
    }

    private static bool IsZip(string? zip)
        => zip is { Length: 5 or 9 or 10 } && zip.AsSpan(0, 5).ContainsAnyExceptInRange('0', '9') == false;
}
