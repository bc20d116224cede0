using System.Globalization;
using Tracking.Carriers.Xml;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.FedEx;

/// <summary>Reads <c>TrackReply</c>, versions 3 to 10, with or without a SOAP envelope. Namespaces differ between versions and are not looked at.</summary>
internal static class FedExXml
{
    public static IEnumerable<FedExResult> Results(XmlMessage xml)
    {
        if (xml.Root is null) yield break;
        foreach (var part in xml.Root.Find("TrackDetails"))
            if (part.IsComplete)
                yield return Read(xml, part);
    }

    /// <summary>What the reply as a whole says when it has no details: the worst notification, or null.</summary>
    public static (string Code, string? Text)? Notification(XmlPart root)
    {
        foreach (var note in root.Find("Notifications").Concat(root.Find("Notification")))
            if (note.Text("Severity") is "ERROR" or "FAILURE" && note.Text("Code") is { } code)
                return (code, note.Text("Message"));
        return null;
    }

    private static FedExResult Read(XmlMessage xml, XmlPart part)
    {
        var status = part["StatusDetail"];
        var result = new FedExResult
        {
            Pointer = part.Pointer,
            Original = xml.Original(part),
            Number = part.Text("TrackingNumber"),
            UniqueId = part.Text("TrackingNumberUniqueIdentifier"),
            Network = part.Text("CarrierCode"),
            ReceivedBy = null,
            SignedBy = part.Text("DeliverySignatureName"),
            DeliveredTo = part.Text("DeliveryLocationDescription") ?? part.Text("DeliveryLocationType"),
            Attempts = int.TryParse(part.Text("DeliveryAttempts"), NumberStyles.None, CultureInfo.InvariantCulture, out var attempts) ? attempts : null,
            DeliveredAt = Address(part["ActualDeliveryAddress"]),
            Hold = Address(part["HoldAtLocationAddress"] ?? part.At("HoldAtLocation/Address")),
            HoldPointer = (part["HoldAtLocationAddress"] ?? part["HoldAtLocation"])?.Pointer,
            Service = part.Text("Service/Type") ?? part.Text("ServiceType") ?? part.Text("Service/Description") ?? part.Text("ServiceInfo"),
            Origin = Address(part["OriginLocationAddress"] ?? part["ShipperAddress"]),
            Destination = Address(part["DestinationAddress"]),
            WeightGrams = Weight(part["PackageWeight"]) ?? Weight(part["ShipmentWeight"]),
        };
        foreach (var note in part.All("Notification").Concat(part.All("Notifications")))
            if (note.Text("Severity") is not ("SUCCESS" or "NOTE" or "WARNING") && note.Text("Code") is { Length: > 1 } code)
                (result.ErrorCode, result.ErrorText) = (code, note.Text("Message"));

        // From version 6 on the latest status is an element of its own; before that it was two children of the details.
        var code0 = status?.Text("Code") ?? part.Text("StatusCode");
        var text0 = status?.AsReceived("Description") ?? part.AsReceived("StatusDescription");
        if (status is not null || code0 is not null || text0 is not null)
        {
            result.Latest = new FedExEvent
            {
                Pointer = (status ?? part["StatusCode"] ?? part).Pointer,
                Code = code0,
                Text = text0,
                When = status?.Text("CreationTime"),
                Place = Address(status?["Location"]),
                Ancillary = status?.All("AncillaryDetails")
                    .Select(a => new FedExAncillary(a.Text("Reason"), a.AsReceived("ReasonDescription"), a.Text("Action"), a.Pointer))
                    .Where(a => (a.Reason ?? a.ReasonText ?? a.Action) is not null).Take(50).ToList() is { Count: > 0 } ancillary ? ancillary : null,
            };
        }
        foreach (var scan in part.All("Events").SelectMany(e => e["EventType"] is null && e["Event"] is not null ? e.All("Event") : [e]))
        {
            result.Events.Add(new FedExEvent
            {
                Pointer = scan.Pointer,
                Code = scan.Text("EventType"),
                Text = scan.AsReceived("EventDescription"),
                ReasonCode = scan.Text("StatusExceptionCode"),
                ReasonText = scan.AsReceived("StatusExceptionDescription"),
                When = scan.Text("Timestamp"),
                Place = Scanned(scan),
            });
        }

        foreach (var (element, type) in Dates)
            if (part.Text(element) is { } when)
                result.Dates.Add(new FedExDate(type, when, part[element]!.Pointer));
        foreach (var date in part.All("DatesOrTimes"))
            if (date.Text("Type") is { } type && (date.Text("DateOrTimestamp") ?? date.Text("DateOrTime")) is { } when)
                result.Dates.Add(new FedExDate(type, when, date.Pointer));
        if (part["EstimatedDeliveryTimeWindow"] is { } window && (window.Text("Begins") ?? window.Text("Ends")) is not null)
            result.Windows.Add(new FedExWindow("estimatedDeliveryTimeWindow", window.Text("Begins"), window.Text("Ends"), window.Pointer));
        foreach (var image in part.All("AvailableImages"))
            if ((image.Text("Type") ?? image.Text()) is { } type)
                result.Images.Add(type);
        foreach (var other in part.All("OtherIdentifiers").Concat(part.All("PackageIdentifiers")))
        {
            var identifier = other["PackageIdentifier"] ?? other;
            if (identifier.Text("Value") is { } value) result.Identifiers.Add((identifier.Text("Type") ?? "", value));
        }
        return result;
    }

    private static readonly (string Element, string Type)[] Dates =
    [
        ("EstimatedDeliveryTimestamp", "ESTIMATED_DELIVERY"), ("ActualDeliveryTimestamp", "ACTUAL_DELIVERY"),
        ("EstimatedPickupTimestamp", "ESTIMATED_PICKUP"), ("ActualPickupTimestamp", "ACTUAL_PICKUP"), ("ShipTimestamp", "SHIP"),
        ("AppointmentDeliveryTimestamp", "APPOINTMENT_DELIVERY"), ("CommitmentTimestamp", "COMMITMENT"),
    ];

    private static Place? Scanned(XmlPart scan)
    {
        var place = Address(scan["Address"]);
        var (type, id) = (scan.Text("ArrivalLocation"), scan.Text("StationId"));
        return type is null && id is null ? place : (place ?? new Place()) with { FacilityType = type, FacilityId = id };
    }

    private static Place? Address(XmlPart? part)
    {
        if (part is null) return null;
        var lines = string.Join(", ", part.All("StreetLines").Select(l => l.Text()).Where(l => l is not null));
        var place = new Place(lines.Length == 0 ? null : lines, part.Text("City"), part.Text("StateOrProvinceCode"), part.Text("PostalCode"),
            Countries.Alpha2OrAsTold(part.Text("CountryCode") ?? part.Text("CountryName")));
        return place == new Place() ? null : place;
    }

    private static int? Weight(XmlPart? weight)
        => double.TryParse(weight?.Text("Value"), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? Weights.Grams(value, weight!.Text("Units")) : null;
}
