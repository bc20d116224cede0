using System.Text.Json;
using Tracking.Carriers.Json;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.FedEx;

/// <summary>
/// Finds the track results of a JSON message. The Track API nests them under <c>output.completeTrackResults[].trackResults[]</c>; the push repeats the same object, and how it
/// wraps it is not published, so a result is recognised by what it holds, wherever it lies.
/// </summary>
internal static class FedExJson
{
    private const int MaxDepth = 12, MaxDetails = 50;

    public static IEnumerable<FedExResult> Results(JsonMessage message) => Find(message, message.Root, message.Pointer, null, 0);

    /// <summary>Does this answer come from FedEx's test system?</summary>
    public static bool IsVirtual(JsonPart root)
        => HasVirtualAlert(root["alerts"u8]) || HasVirtualAlert(root["output"u8]["alerts"u8]);

    private static bool HasVirtualAlert(JsonPart alerts)
    {
        foreach (var alert in alerts.Items())
            if ((alert.IsObject ? alert.Text("code"u8) : alert.Text())?.Contains("VIRTUAL.RESPONSE", StringComparison.OrdinalIgnoreCase) == true)
                return true;
        return false;
    }

    private static IEnumerable<FedExResult> Find(JsonMessage message, JsonPart part, string pointer, string? asked, int depth)
    {
        if (part.IsArray)
        {
            var index = 0;
            foreach (var item in part.Element.EnumerateArray())
                foreach (var found in Find(message, new JsonPart(item), $"{pointer}/{index++}", asked, depth + 1))
                    yield return found;
            yield break;
        }
        if (!part.IsObject || depth > MaxDepth) yield break;
        if (IsResult(part))
        {
            yield return Read(message, part, pointer, asked);
            yield break;
        }
        asked = part.Text("trackingNumber"u8) ?? asked;
        foreach (var property in part.Element.EnumerateObject())
            if (property.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
                foreach (var found in Find(message, new JsonPart(property.Value), $"{pointer}/{JsonPointer.Name(property)}", asked, depth + 1))
                    yield return found;
    }

    private static bool IsResult(JsonPart part)
        => part["trackingNumberInfo"u8].Exists || part["scanEvents"u8].Exists || part["latestStatusDetail"u8].Exists
        || (part["trackingNumber"u8].Exists && (part["eventType"u8].Exists || part["scanEvent"u8].IsObject));

    private static FedExResult Read(JsonMessage message, JsonPart part, string pointer, string? asked)
    {
        var info = part["trackingNumberInfo"u8];
        var delivery = part["deliveryDetails"u8];
        var hold = part["holdAtLocation"u8];
        var service = part["serviceDetail"u8];
        var number = info.Text("trackingNumber"u8) ?? part.Text("trackingNumber"u8);
        var result = new FedExResult
        {
            Pointer = pointer,
            Original = message.Slice(part),
            Number = number ?? asked,
            AskedNumber = asked,
            UniqueId = info.Text("trackingNumberUniqueId"u8) ?? part.Text("trackingNumberUniqueId"u8),
            Network = info.Text("carrierCode"u8) ?? part.Text("carrierCode"u8),
            ErrorCode = part["error"u8].Text("code"u8),
            ErrorText = part["error"u8].Text("message"u8),
            ReceivedBy = delivery.Text("receivedByName"u8),
            SignedBy = delivery.Text("signedByName"u8),
            DeliveredTo = delivery.Text("locationDescription"u8) ?? delivery.Text("locationType"u8),
            Attempts = delivery.Int("deliveryAttempts"u8),
            DeliveredAt = Address(delivery["actualDeliveryAddress"u8]),
            Hold = Location(hold),
            HoldPointer = $"{pointer}/holdAtLocation",
            Service = service.Text("type"u8) ?? service.Text("description"u8) ?? service.Text(),
            Origin = Location(part["originLocation"u8]) ?? Location(part["shipperInformation"u8]),
            Destination = Location(part["destinationLocation"u8]) ?? Location(part["recipientInformation"u8]) ?? Address(part["lastUpdatedDestinationAddress"u8]),
            WeightGrams = Weight(part["packageDetails"u8]["weightAndDimensions"u8]["weight"u8]) ?? Weight(part["shipmentDetails"u8]["weight"u8]),
        };

        if (part["latestStatusDetail"u8] is { IsObject: true } latest) result.Latest = Latest(latest, $"{pointer}/latestStatusDetail");
        Events(result, part["scanEvents"u8], $"{pointer}/scanEvents");
        Events(result, part["scanEvent"u8], $"{pointer}/scanEvent");   // a push of one scan
        if (part["eventType"u8].Exists) result.Events.Add(Event(part, pointer));

        var index = 0;
        foreach (var date in part["dateAndTimes"u8].Items())
        {
            var at = $"{pointer}/dateAndTimes/{index++}";
            if (date.Text("type"u8) is { } type && date.Text("dateTime"u8) is { } when) result.Dates.Add(new FedExDate(type, when, at));
        }
        Window(result, part, "estimatedDeliveryTimeWindow");
        Window(result, part, "standardTransitTimeWindow");

        foreach (var image in part["availableImages"u8].Items())
            if ((image.IsObject ? image.Text("type"u8) : image.Text()) is { } type)
                result.Images.Add(type);

        foreach (var identifier in part["additionalTrackingInfo"u8]["packageIdentifiers"u8].Items())
        {
            var type = identifier.Text("type"u8) ?? "";
            foreach (var value in (identifier["values"u8] is { Exists: true } values ? values : identifier["value"u8]).Items())
                if (value.Text() is { } text)
                    result.Identifiers.Add((type, text));
        }
        return result;
    }

    private static void Events(FedExResult result, JsonPart events, string pointer)
    {
        var index = 0;
        foreach (var part in events.Items())
        {
            var at = events.IsArray ? $"{pointer}/{index++}" : pointer;
            if (part.IsObject) result.Events.Add(Event(part, at));
        }
    }

    private static FedExEvent Event(JsonPart part, string pointer)
    {
        var delay = part["delayDetail"u8];
        return new FedExEvent
        {
            Pointer = pointer,
            Code = part.Text("eventType"u8),
            DerivedCode = part.Text("derivedStatusCode"u8),
            Text = part.AsReceived("eventDescription"u8) ?? part.AsReceived("derivedStatus"u8),
            ReasonCode = part.Text("exceptionCode"u8),
            ReasonText = part.AsReceived("exceptionDescription"u8),
            When = part.Text("date"u8),
            Place = Scanned(part),
            DelayType = delay.Text("type"u8),
            DelaySubType = delay.Text("subType"u8),
            DelayStatus = delay.Text("status"u8),
        };
    }

    private static FedExEvent Latest(JsonPart part, string pointer)
    {
        var delay = part["delayDetail"u8];
        List<FedExAncillary>? ancillary = null;
        var index = 0;
        foreach (var detail in part["ancillaryDetails"u8].Items())
        {
            var at = $"{pointer}/ancillaryDetails/{index++}";
            var (reason, text, action) = (detail.Text("reason"u8), detail.AsReceived("reasonDescription"u8), detail.Text("action"u8));
            if ((reason ?? text ?? action) is not null && (ancillary?.Count ?? 0) < MaxDetails) (ancillary ??= []).Add(new FedExAncillary(reason, text, action, at));
        }
        return new FedExEvent
        {
            Pointer = pointer,
            Code = part.Text("code"u8),
            DerivedCode = part.Text("derivedCode"u8),
            Text = part.AsReceived("description"u8) ?? part.AsReceived("statusByLocale"u8),
            Place = Scanned(part),
            DelayType = delay.Text("type"u8),
            DelaySubType = delay.Text("subType"u8),
            DelayStatus = delay.Text("status"u8),
            Ancillary = ancillary,
        };
    }

    private static void Window(FedExResult result, JsonPart part, string name)
    {
        var window = part[name];
        var inner = window["window"u8] is { IsObject: true } nested ? nested : window;
        var (begins, ends) = (inner.Text("begins"u8), inner.Text("ends"u8));
        if ((begins ?? ends) is not null) result.Windows.Add(new FedExWindow(name, begins, ends, $"{result.Pointer}/{name}"));
    }

    private static Place? Scanned(JsonPart part)
    {
        var place = Address(part["scanLocation"u8]);
        var (id, type) = (part.Text("locationId"u8) ?? part["scanLocation"u8].Text("locationId"u8), part.Text("locationType"u8) ?? part["scanLocation"u8].Text("locationType"u8));
        return id is null && type is null ? place : (place ?? new Place()) with { FacilityId = id, FacilityType = type };
    }

    /// <summary>An address, or an object around one (<c>locationContactAndAddress.address</c>), with the location's own id and type.</summary>
    private static Place? Location(JsonPart part)
    {
        var nested = part["locationContactAndAddress"u8]["address"u8];
        var place = Address(nested.Exists ? nested : part["address"u8] is { IsObject: true } address ? address : part);
        var (id, type) = (part.Text("locationId"u8), part.Text("locationType"u8));
        return id is null && type is null ? place : (place ?? new Place()) with { FacilityId = id, FacilityType = type };
    }

    private static Place? Address(JsonPart part)
    {
        if (!part.IsObject) return null;
        string? line = null;
        foreach (var street in part["streetLines"u8].Items())
            if (street.Text() is { } text)
                line = line is null ? text : $"{line}, {text}";
        var place = new Place(
            line, part.Text("city"u8), part.Text("stateOrProvinceCode"u8), part.Text("postalCode"u8),
            Countries.Alpha2OrAsTold(part.Text("countryCode"u8) ?? part.Text("countryName"u8)));
        return place == new Place() ? null : place;
    }

    private static int? Weight(JsonPart weights)
    {
        int? grams = null;
        foreach (var weight in weights.Items())
            if (Weights.Grams(weight.Number("value"u8), weight.Text("unit"u8)) is { } found && (grams is null || weight.Text("unit"u8)!.StartsWith("K", StringComparison.OrdinalIgnoreCase)))
                grams = found;
        return grams;
    }
}
