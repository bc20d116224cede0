using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Dialects;

/// <summary>
/// EPCIS 2.0 documents of a parcel's scans, one event each, for partners that speak GS1. The standard demands an instant and an offset: a scan without any time is left
/// out, and one whose zone is unknown is written in UTC's offset with <c>pt:zoneSource</c> saying so. Retractions become error declarations. Our own words stand beside
/// the standard's under the prefix <c>pt</c>, so that nothing is lost on the way.
/// </summary>
public static class EpcisDocuments
{
    /// <param name="identities">What private parcel and facility URIs start with, without a slash at the end: <c>https://example.com</c>.</param>
    /// <param name="withExactPlaces">Whether coordinates are written. A delivered parcel's are somebody's door; off by default.</param>
    public static byte[] Write(ParcelSnapshot parcel, DateTimeOffset createdAt, string identities = "https://example.com", bool withExactPlaces = false)
    {
        var bytes = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(bytes)) Write(json, parcel, createdAt, identities, withExactPlaces);
        return bytes.WrittenSpan.ToArray();
    }

    public static void Write(Utf8JsonWriter json, ParcelSnapshot parcel, DateTimeOffset createdAt, string identities = "https://example.com", bool withExactPlaces = false)
    {
        json.WriteStartObject();
        json.WriteStartArray("@context");
        json.WriteStringValue("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld");
        json.WriteStartObject();
        json.WriteString("pt", $"{identities}/parcel-terms#");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("type", "EPCISDocument");
        json.WriteString("schemaVersion", "2.0");
        json.WriteString("creationDate", Instant(createdAt));
        json.WriteStartObject("epcisBody");
        json.WriteStartArray("eventList");
        foreach (var scan in parcel.Events)
            if (scan.Occurred.IsTold && scan.Kind is ScanKind.Scan or ScanKind.Snapshot or ScanKind.Retraction)
                Event(json, parcel, scan, createdAt, identities, withExactPlaces);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>bizStep and disposition of a canonical status; disposition null where none is honest.</summary>
    public static (string BizStep, string? Disposition) Words(Milestone? status, string? subStatus, Modifiers modifiers, Reason reason) => status switch
    {
        Milestone.LabelCreated => ("commissioning", "active"),
        Milestone.Accepted => ("accepting", "in_transit"),
        Milestone.InTransit when (modifiers & Modifiers.Customs) != 0 => ("inspecting", "in_progress"),
        Milestone.InTransit when (modifiers & Modifiers.Held) != 0 => ("holding", "in_progress"),
        Milestone.InTransit when subStatus == "arrival" => ("arriving", "in_progress"),
        Milestone.InTransit when subStatus == "departure" => ("departing", "in_transit"),
        Milestone.InTransit => ("transporting", "in_transit"),
        Milestone.OutForDelivery => ("loading", "in_transit"),
        Milestone.AvailableForPickup => ("storing", "in_progress"),
        Milestone.AttemptFailed => ("other", "in_progress"),
        Milestone.Delivered => ("receiving", null),
        Milestone.Exception when (modifiers & Modifiers.Damaged) != 0 || reason == Reason.CarrierDamage => ("inspecting", "damaged"),
        Milestone.Exception => ("holding", "in_progress"),
        Milestone.Returning => ("shipping", "returned"),
        Milestone.Returned => ("receiving", "returned"),
        Milestone.Cancelled => ("void_shipping", "inactive"),
        Milestone.Failed when reason == Reason.CarrierLost || subStatus != "destroyed" => ("other", "unknown"),
        Milestone.Failed => ("destroying", "destroyed"),
        _ => ("other", null),
    };

    private static void Event(Utf8JsonWriter json, ParcelSnapshot parcel, Scan scan, DateTimeOffset createdAt, string identities, bool withExactPlaces)
    {
        var retracted = scan.Kind == ScanKind.Retraction;
        var status = scan.Status ?? scan.Retracts?.Status;
        var (step, disposition) = Words(status, scan.SubStatus, scan.Modifiers, scan.Reason);
        var occurred = scan.Occurred;
        var offset = occurred.Offset ?? TimeSpan.Zero;

        json.WriteStartObject();
        json.WriteString("type", "ObjectEvent");
        // An error declaration repeats the id of the event that it takes back.
        json.WriteString("eventID", retracted && scan.Retracts?.EventId is { } taken && Uri.IsWellFormedUriString(taken, UriKind.Absolute) ? taken : EventId(scan.Key));
        json.WriteString("eventTime", occurred.Local!.Value.ToString("yyyy-MM-dd'T'HH:mm:ss.FFF", CultureInfo.InvariantCulture) + ScanJson.FormatOffset(offset));
        json.WriteString("eventTimeZoneOffset", ScanJson.FormatOffset(offset));
        json.WriteStartArray("epcList");
        json.WriteStringValue(Identity(parcel, identities));
        json.WriteEndArray();
        json.WriteString("action", status switch { Milestone.LabelCreated => "ADD", Milestone.Failed or Milestone.Cancelled => "DELETE", _ => "OBSERVE" });
        json.WriteString("bizStep", step);
        if (disposition is not null) json.WriteString("disposition", disposition);
        if ((scan.Modifiers & Modifiers.Damaged) != 0)
        {
            json.WriteStartObject("persistentDisposition");
            json.WriteStartArray("set");
            json.WriteStringValue("damaged");
            json.WriteEndArray();
            json.WriteEndObject();
        }
        if (PlaceId(scan, identities, withExactPlaces) is { } where)
        {
            Id(json, "readPoint", where);
            if (step is not ("departing" or "shipping" or "loading")) Id(json, "bizLocation", where);
        }
        if (parcel.OrderNumber is { } order)
        {
            json.WriteStartArray("bizTransactionList");
            json.WriteStartObject();
            json.WriteString("type", "po");
            json.WriteString("bizTransaction", $"{identities}/order/{Uri.EscapeDataString(order)}");
            json.WriteEndObject();
            json.WriteEndArray();
        }
        if (retracted)
        {
            json.WriteStartObject("errorDeclaration");
            json.WriteString("declarationTime", Instant(scan.PublishedAt ?? createdAt));
            json.WriteString("reason", "incorrect_data");
            json.WriteEndObject();
        }
        if (status is { } said) json.WriteString("pt:status", said.Name());
        if (scan.SubStatus is { } sub) json.WriteString("pt:subStatus", sub);
        if (scan.Reason != Reason.None) json.WriteString("pt:reason", scan.Reason.Name());
        if (scan.Modifiers != Modifiers.None)
        {
            json.WriteStartArray("pt:modifiers");
            foreach (var name in scan.Modifiers.List()) json.WriteStringValue(name);
            json.WriteEndArray();
        }
        if (scan.Raw?.Code is { } code) json.WriteString("pt:rawCode", code);
        if (occurred.Precision != Precision.Second) json.WriteString("pt:precision", occurred.Precision == Precision.Day ? "day" : "minute");
        json.WriteString("pt:zoneSource", occurred.Offset is null ? "unknown" : ZoneSourceName(occurred.ZoneSource));
        json.WriteEndObject();
    }

    private static string Identity(ParcelSnapshot parcel, string identities)
    {
        var number = parcel.TrackingNumber;
        if (number.Length == 20 && number.StartsWith("00", StringComparison.Ordinal) && IsSscc(number.AsSpan(2))) number = number[2..];
        return IsSscc(number) ? $"https://id.gs1.org/00/{number}" : $"{identities}/parcel/{parcel.Carrier}/{Uri.EscapeDataString(parcel.TrackingNumber)}";
    }

    private static bool IsSscc(ReadOnlySpan<char> number)
    {
        if (number.Length != 18) return false;
        var sum = 0;
        for (var i = 0; i < 18; i++)
        {
            if (!char.IsAsciiDigit(number[i])) return false;
            sum += (number[i] - '0') * (i % 2 == 0 ? 3 : 1);
        }
        return sum % 10 == 0;
    }

    private static string? PlaceId(Scan scan, string identities, bool withExactPlaces)
    {
        if (scan.Place is not { } place) return null;
        if (place.FacilityId is { } facility)
            return Uri.IsWellFormedUriString(facility, UriKind.Absolute) ? facility : $"{identities}/facility/{scan.Carrier}/{Uri.EscapeDataString(facility)}";
        if (withExactPlaces && place is { Lat: { } lat, Lon: { } lon }) return string.Create(CultureInfo.InvariantCulture, $"geo:{lat},{lon}");
        return place.City is null && place.PostalCode is null ? null
            : $"{identities}/place/{Part(place.Country)}/{Part(place.Region)}/{Part(place.PostalCode)}/{Part(place.City)}";

        static string Part(string? text) => string.IsNullOrEmpty(text) ? "-" : Uri.EscapeDataString(text);
    }

    // The key's 128 bits as a UUID of version 8: the same scan has the same id in every document.
    private static string EventId(DedupKey key)
    {
        var hex = key.ToString();
        return $"urn:uuid:{hex[..8]}-{hex[8..12]}-8{hex[13..16]}-a{hex[17..20]}-{hex[20..]}";
    }

    private static void Id(Utf8JsonWriter json, string name, string id)
    {
        json.WriteStartObject(name);
        json.WriteString("id", id);
        json.WriteEndObject();
    }

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture);

    private static string ZoneSourceName(ZoneSource source) => source == ZoneSource.UtcPair ? "utcPair" : source.ToString().ToLowerInvariant();
}
