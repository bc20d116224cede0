using System.Text.Json;
using Tracking.Carriers.Json;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Usps;

/// <summary>
/// Finds the mail pieces of a JSON message: one answer of Tracking v3, several, or a notification whose wrapping is not published. A piece is recognised by what it holds; an
/// event without a number belongs to the number around it.
/// </summary>
internal static class UspsJson
{
    private const int MaxDepth = 12;

    public static IEnumerable<UspsPiece> Pieces(JsonMessage message) => Find(message, message.Root, message.Pointer, default, 0);

    private static IEnumerable<UspsPiece> Find(JsonMessage message, JsonPart part, string pointer, JsonPart around, int depth)
    {
        if (part.IsArray)
        {
            var index = 0;
            foreach (var item in part.Element.EnumerateArray())
                foreach (var found in Find(message, new JsonPart(item), $"{pointer}/{index++}", around, depth + 1))
                    yield return found;
            yield break;
        }
        if (!part.IsObject || depth > MaxDepth) yield break;
        if (IsPiece(part))
        {
            yield return Read(message, part, pointer, around);
            yield break;
        }
        if (NumberOf(part) is not null) around = part;
        foreach (var property in part.Element.EnumerateObject())
            if (property.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
                foreach (var found in Find(message, new JsonPart(property.Value), $"{pointer}/{JsonPointer.Name(property)}", around, depth + 1))
                    yield return found;
    }

    private static bool IsPiece(JsonPart part)
        => part["trackingEvents"u8].Exists || part["trackingEvent"u8].Exists || IsEvent(part)
        || (NumberOf(part) is not null && (part["statusCategory"u8].Exists || part["statusSummary"u8].Exists || part["status"u8].Text() is not null || part["error"u8].Exists));

    private static bool IsEvent(JsonPart part)
        => part["eventCode"u8].Exists || part["eventTimestamp"u8].Exists || part["GMTTimestamp"u8].Exists || (part["eventType"u8].Exists && part["eventCity"u8].Exists);

    private static string? NumberOf(JsonPart part) => part.Text("trackingNumber"u8) ?? part.Text("trackingID"u8) ?? part.Text("trackingId"u8);

    private static UspsPiece Read(JsonMessage message, JsonPart part, string pointer, JsonPart around)
    {
        string? Told(string name) => part.Text(name) ?? around.Text(name);
        var piece = new UspsPiece
        {
            Pointer = pointer,
            // An event alone has no number: the original is then the whole document, so that it can be read again.
            Original = NumberOf(part) is null ? message.Bytes : message.Slice(part),
            Number = NumberOf(part) ?? NumberOf(around),
            UniqueId = Told("uniqueMailPieceID") ?? Told("uniqueMailPieceId") ?? Told("uniqueTrackingId") ?? Told("uniqueTrackingID"),
            IntakeDate = Told("mailPieceIntakeDate") ?? Told("approximateIntakeDate"),
            Status = part.AsReceived("status"u8),
            StatusCategory = part.Text("statusCategory"u8),
            StatusSummary = part.AsReceived("statusSummary"u8),
            MailClass = Told("mailClass"),
            ServiceTypeCode = Told("serviceTypeCode"),
            ReturnDateNotice = part.Text("returnDateNotice"u8),
            Origin = Ends(part, "origin", "originCountry"),
            Destination = Ends(part, "destination", "destinationCountryCode"),
            Error = part["error"u8].Exists ? CarrierAnswers.ErrorOf(part) : null,
        };
        var any = false;
        foreach (var name in (ReadOnlySpan<string>)["trackingEvents", "trackingEvent"])
        {
            var (events, index) = (part[name], 0);
            foreach (var told in events.Items())
            {
                var at = events.IsArray ? $"{pointer}/{name}/{index++}" : $"{pointer}/{name}";
                if (!told.IsObject) continue;
                piece.Events.Add(Event(told, at));
                any = true;
            }
        }
        if (!any && IsEvent(part)) piece.Events.Add(Event(part, pointer));
        Promises(piece, part);
        return piece;
    }

    private static UspsEvent Event(JsonPart part, string pointer)
    {
        var geo = part["veriPoint"u8];
        return new UspsEvent
        {
            Pointer = pointer,
            Code = part.Text("eventCode"u8),
            Text = part.AsReceived("eventType"u8) ?? part.AsReceived("event"u8),
            Local = part.Text("eventTimestamp"u8) ?? part.Text("eventTimeStamp"u8),
            Gmt = part.Text("GMTTimestamp"u8) ?? part.Text("gmtTimestamp"u8) ?? part.Text("GMTTimeStamp"u8),
            GmtOffset = part.Text("GMTOffset"u8) ?? part.Text("gmtOffset"u8),
            City = part.Text("eventCity"u8),
            State = part.Text("eventState"u8),
            Zip = part.Text("eventZIP"u8) ?? part.Text("eventZip"u8) ?? part.Text("eventZIPCode"u8),
            Country = part.Text("eventCountry"u8),
            Firm = part.Text("firm"u8),
            Name = part.Text("name"u8),
            AuthorizedAgent = part.Text("authorizedAgent"u8),
            ActionCode = part.Text("actionCode"u8),
            ReasonCode = part.Text("reasonCode"u8),
            Lat = geo.Number("latitude"u8) ?? geo.Number("lat"u8),
            Lon = geo.Number("longitude"u8) ?? geo.Number("lon"u8),
        };
    }

    private static void Promises(UspsPiece piece, JsonPart part)
    {
        foreach (var name in (ReadOnlySpan<string>)["expectedDeliveryTimeStamp", "expectedDeliveryTimestamp", "expectedDeliveryDate"])
            if (part.Text(name) is { } when)
            {
                piece.Promises.Add(new UspsPromise(name, EtaKind.Estimated, when, null, part.Text("endOfDay"u8), part.Text("expectedDeliveryType"u8), $"{piece.Pointer}/{name}"));
                break;
            }
        foreach (var name in (ReadOnlySpan<string>)["guaranteedDeliveryTimeStamp", "guaranteedDeliveryTimestamp", "guaranteedDeliveryDate"])
            if (part.Text(name) is { } when)
            {
                piece.Promises.Add(new UspsPromise(name, EtaKind.Guaranteed, when, null, null, null, $"{piece.Pointer}/{name}"));
                break;
            }
        if ((part.Text("predictedDeliveryDate"u8) ?? part.Text("predictedDeliveryTimeStamp"u8)) is { } predicted)
            piece.Promises.Add(new UspsPromise("predictedDeliveryDate", EtaKind.Predicted, predicted,
                part.Text("predictedDeliveryWindowStartTime"u8), part.Text("predictedDeliveryWindowEndTime"u8), null, $"{piece.Pointer}/predictedDeliveryDate"));
    }

    private static Place? Ends(JsonPart part, string end, string country)
    {
        var place = UspsPlaces.Of(part.Text(end + "City"), part.Text(end + "State"), part.Text(end + "ZIP") ?? part.Text(end + "Zip"),
            part.Text(country) ?? part.Text(end + "Country"));
        return place;
    }
}
