using System.Globalization;
using Tracking.Carriers.Json;
using Tracking.Carriers.Xml;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Dhl;

/// <summary>Reads waybills: <c>TrackingResponse</c> of XML-PI, and the tracking answer of MyDHL.</summary>
internal static class DhlExpressReader
{
    // ---- XML-PI ----------------------------------------------------------------------------------------------------------

    public static IEnumerable<DhlWaybill> Waybills(XmlMessage xml)
    {
        if (xml.Root is null) yield break;
        foreach (var part in xml.Root.Find("AWBInfo"))
            if (part.IsComplete)
                yield return Read(xml, part);
    }

    public static (string? Code, string? Text)? Condition(XmlPart part)
    {
        foreach (var condition in part.Find("Condition"))
            return (condition.Text("ConditionCode"), condition.AsReceived("ConditionData") ?? part.Text("Status/ActionStatus"));
        return null;
    }

    private static DhlWaybill Read(XmlMessage xml, XmlPart part)
    {
        var info = part["ShipmentInfo"];
        var waybill = new DhlWaybill
        {
            Pointer = part.Pointer,
            Original = xml.Original(part),
            Number = part.Text("AWBNumber"),
            Condition = Condition(part),
            Product = info?.Text("GlobalProductCode") ?? info?.Text("ProductCode"),
            Origin = Ends(info?["Shipper"], info?["OriginServiceArea"]),
            Destination = Ends(info?["Consignee"], info?["DestinationServiceArea"]),
            WeightGrams = Weights.Grams(Number(info?.Text("Weight")), info?.Text("WeightUnit")),
            Reference = info?.Text("ShipperReference/ReferenceID"),
            Estimate = info?.Text("EstDlvyDate") ?? info?.Text("EstimatedDeliveryDate"),
            PieceCount = (int)(Number(info?.Text("Pieces")) ?? 0),
        };
        foreach (var told in (info ?? part).All("ShipmentEvent")) waybill.Events.Add(Checkpoint(told, null));
        foreach (var piece in part.Find("PieceInfo"))
        {
            var id = piece.Text("PieceDetails/LicensePlate") ?? piece.Text("PieceDetails/PieceNumber");
            if (id is not null) waybill.Pieces.Add(id);
            foreach (var told in piece.All("PieceEvent")) waybill.Events.Add(Checkpoint(told, id));
        }
        return waybill;
    }

    private static DhlCheckpoint Checkpoint(XmlPart told, string? piece) => new(
        told.Pointer, told.Text("Date"), told.Text("Time"), told.Text("GMTOffset"),
        told.Text("ServiceEvent/EventCode") ?? told.Text("EventCode"), told.AsReceived("ServiceEvent/Description"), told.Text("Signatory"),
        told.Text("ServiceArea/ServiceAreaCode"), told.Text("ServiceArea/Description"), piece);

    private static Place? Ends(XmlPart? address, XmlPart? area)
    {
        var place = DhlPlaces.OfLocality(address?.Text("City"), address?.Text("CountryCode"), address?.Text("PostalCode"), null);
        var served = DhlPlaces.OfArea(area?.Text("ServiceAreaCode"), area?.Text("Description"));
        return place is null ? served : place with { Country = place.Country ?? served?.Country, City = place.City ?? served?.City };
    }

    private static double? Number(string? text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    // ---- MyDHL -----------------------------------------------------------------------------------------------------------

    /// <summary>Does this shipment speak MyDHL's dialect rather than Unified's?</summary>
    public static bool IsMyDhl(JsonPart shipment)
    {
        if (shipment["shipmentTrackingNumber"u8].Exists) return true;
        foreach (var told in shipment["events"u8].Items()) return told["typeCode"u8].Exists;
        return false;
    }

    public static DhlWaybill Read(JsonMessage message, JsonPart part, string pointer)
    {
        var waybill = new DhlWaybill
        {
            Pointer = pointer,
            Original = message.Slice(part),
            Number = part.Text("shipmentTrackingNumber"u8) ?? part.Text("trackingNumber"u8) ?? part.Text("id"u8),
            Product = part.Text("productCode"u8),
            Origin = Ends(part["shipperDetails"u8]),
            Destination = Ends(part["receiverDetails"u8]),
            WeightGrams = Weights.Grams(part.Number("totalWeight"u8), part.Text("unitOfMeasurements"u8) ?? part.Text("unitOfMeasurement"u8)),
            Reference = part["shipperReferences"u8] is { IsArray: true } references ? references[0].Text("value"u8) : part["shipperReferences"u8].Text("value"u8),
            Estimate = part.Text("estimatedDeliveryDate"u8) ?? part.Text("estimatedTimeOfDelivery"u8),
            PieceCount = (int)(part.Number("numberOfPieces"u8) ?? 0),
        };
        Events(waybill, part["events"u8], $"{pointer}/events", null);
        var index = 0;
        foreach (var piece in part["pieces"u8].Items())
        {
            var at = $"{pointer}/pieces/{index++}";
            var id = piece.Text("trackingNumber"u8) ?? piece.Text("licensePlate"u8) ?? piece.Text("number"u8);
            if (id is not null) waybill.Pieces.Add(id);
            Events(waybill, piece["events"u8], $"{at}/events", id);
        }
        return waybill;
    }

    private static void Events(DhlWaybill waybill, JsonPart events, string pointer, string? piece)
    {
        var index = 0;
        foreach (var told in events.Items())
        {
            var area = told["serviceArea"u8] is { IsArray: true } areas ? areas[0] : told["serviceArea"u8];
            waybill.Events.Add(new DhlCheckpoint(
                events.IsArray ? $"{pointer}/{index++}" : pointer, told.Text("date"u8), told.Text("time"u8), told.Text("GMTOffset"u8) ?? told.Text("gmtOffset"u8),
                told.Text("typeCode"u8), told.AsReceived("description"u8), told.Text("signedBy"u8), area.Text("code"u8), area.Text("description"u8), piece));
        }
    }

    private static Place? Ends(JsonPart party)
    {
        var address = party["postalAddress"u8];
        var area = party["serviceArea"u8] is { IsArray: true } areas ? areas[0] : party["serviceArea"u8];
        var place = DhlPlaces.OfLocality(address.Text("cityName"u8), address.Text("countryCode"u8), address.Text("postalCode"u8), null);
        var served = DhlPlaces.OfArea(area.Text("code"u8), area.Text("description"u8));
        return place is null ? served : place with { Country = place.Country ?? served?.Country, Region = place.Region ?? address.Text("provinceCode"u8) };
    }
}
