using Tracking.Carriers.Xml;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Usps;

/// <summary>
/// Reads Web Tools' <c>TrackResponse</c>. <c>TrackSummary</c> is the newest event and is not repeated among the <c>TrackDetail</c>s; before revision 1 both hold a sentence instead of
/// fields.
/// </summary>
internal static class UspsXml
{
    public static IEnumerable<UspsPiece> Pieces(XmlMessage xml)
    {
        if (xml.Root is null) yield break;
        foreach (var part in xml.Root.Find("TrackInfo"))
            if (part.IsComplete)
                yield return Read(xml, part);
    }

    public static (string? Code, string? Text)? Error(XmlPart? part)
        => part is null ? null : (part.Text("Number"), part.Text("Description"));

    private static UspsPiece Read(XmlMessage xml, XmlPart part)
    {
        var sentence = part["TrackSummary"] is { Children.Count: 0 } summary ? summary.AsReceived() : null;
        var piece = new UspsPiece
        {
            Pointer = part.Pointer,
            Original = xml.Original(part),
            Number = part.Attribute("ID") ?? part.Text("TrackingNumber"),
            UniqueId = part.Text("MPSUFFIX"),
            IntakeDate = part.Text("MPDATE"),
            Status = part.AsReceived("Status"),
            StatusCategory = part.Text("StatusCategory"),
            StatusSummary = part.AsReceived("StatusSummary") ?? sentence,
            MailClass = part.Text("Class") ?? part.Text("ClassOfMailCode"),
            ServiceTypeCode = part.Text("ServiceTypeCode"),
            ReturnDateNotice = part.Text("ReturnDateNotice"),
            Origin = UspsPlaces.Of(part.Text("OriginCity"), part.Text("OriginState"), part.Text("OriginZip"), part.Text("OriginCountryCode")),
            Destination = UspsPlaces.Of(part.Text("DestinationCity"), part.Text("DestinationState"), part.Text("DestinationZip"), part.Text("DestinationCountryCode")),
            Error = Error(part["Error"]),
        };
        foreach (var told in part.Children)
        {
            if (!told.Name.Equals("TrackSummary", StringComparison.OrdinalIgnoreCase) && !told.Name.Equals("TrackDetail", StringComparison.OrdinalIgnoreCase)) continue;
            if (told.Children.Count == 0)
            {
                // A sentence; the summary's is the piece's, a detail's is an event known by its words alone.
                if (!ReferenceEquals(told, part["TrackSummary"]) && told.AsReceived() is { } words) piece.Events.Add(new UspsEvent { Pointer = told.Pointer, Text = words });
                continue;
            }
            piece.Events.Add(new UspsEvent
            {
                Pointer = told.Pointer,
                Code = told.Text("EventCode"),
                Text = told.AsReceived("Event"),
                Date = told.Text("EventDate") ?? "",
                Time = told.Text("EventTime"),
                City = told.Text("EventCity"),
                State = told.Text("EventState"),
                Zip = told.Text("EventZIPCode") ?? told.Text("EventZIP"),
                Country = told.Text("EventCountry"),
                Firm = told.Text("FirmName"),
                Name = told.Text("Name"),
                AuthorizedAgent = told.Text("AuthorizedAgent"),
                ActionCode = told.Text("ActionCode"),
                ReasonCode = told.Text("ReasonCode"),
            });
        }
        foreach (var (name, kind) in Promises)
            if (part.Text(name + "Date") is { } when)
                piece.Promises.Add(new UspsPromise(name + "Date", kind, when, null, part.Text(name + "Time"), null, part[name + "Date"]!.Pointer));
        return piece;
    }

    private static readonly (string Name, EtaKind Kind)[] Promises =
        [("ExpectedDelivery", EtaKind.Estimated), ("PredictedDelivery", EtaKind.Predicted), ("GuaranteedDelivery", EtaKind.Guaranteed)];
}
