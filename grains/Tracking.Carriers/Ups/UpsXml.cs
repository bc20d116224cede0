using System.Collections.Immutable;
using System.Globalization;
using Tracking.Carriers.Xml;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Ups;

/// <summary>Quantum View files and legacy Track answers.</summary>
internal static class UpsXml
{
    public static IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var xml = XmlMessage.Read(message);
        if (xml.Root is { } root)
            foreach (var item in Elements(xml, root, message, context))
                yield return item;
        if (xml.Problem is { } problem) yield return DecodedItem.Unreadable(message, xml.Root is null ? "" : xml.Root.Pointer, problem.Code, problem.Detail);
    }

    private static IEnumerable<DecodedItem> Elements(XmlMessage xml, XmlPart root, ReadOnlyMemory<byte> message, FeedContext context)
    {
        // A single element may stand alone: that is how a part comes back from quarantine.
        if (IsQuantumView(root.Name)) return QuantumView(xml, [root], context);
        if (root.Name == "Shipment") return Shipment(xml, root, context);
        var answer = root.Find("QuantumViewResponse").FirstOrDefault() ?? root.Find("TrackResponse").FirstOrDefault();
        if (answer is null)
        {
            return root.Find("SubscriptionFile").Any() ? QuantumView(xml, Events(root), context)
                : xml.Problem is not null ? []
                : [DecodedItem.Unreadable(message, root.Pointer, "ups.unknown-shape", $"<{root.Name}> is neither a Quantum View file nor a Track answer.")];
        }
        if (answer["Response"]?["Error"] is { } error)
            return [DecodedItem.Of([], message, error.Pointer, new DecodeProblem("carrier.error", $"UPS answered {error.Text("ErrorCode")}: {error.Text("ErrorDescription")}"))];
        return answer.Name == "TrackResponse"
            ? answer.All("Shipment").SelectMany(s => Shipment(xml, s, context))
            : QuantumView(xml, Events(answer), context);
    }

    private static bool IsQuantumView(string name) => name is "Manifest" or "Origin" or "Exception" or "Delivery" or "Generic";

    private static IEnumerable<XmlPart> Events(XmlPart root) => root.Find("SubscriptionFile").SelectMany(f => f.Children.Where(c => IsQuantumView(c.Name)));

    // ---- Quantum View ----------------------------------------------------------------------------------------------------

    private static IEnumerable<DecodedItem> QuantumView(XmlMessage xml, IEnumerable<XmlPart> events, FeedContext context)
    {
        foreach (var element in events)
        {
            if (!element.IsComplete) continue;   // the break of the document is reported once, with the whole message
            yield return element.Name == "Manifest" ? Manifest(xml, element, context) : Event(xml, element, context);
        }
    }

    private static DecodedItem Manifest(XmlMessage xml, XmlPart manifest, FeedContext context)
    {
        var original = xml.Slice(manifest);
        var pointer = manifest.Pointer;
        var notes = new List<DecodeProblem>();
        var eta = Eta(manifest.Text("RescheduledDeliveryDate"), manifest.Text("RescheduledDeliveryTime"), EtaKind.Rescheduled, notes)
            ?? Eta(manifest.Text("ScheduledDeliveryDate"), manifest.Text("ScheduledDeliveryTime"), EtaKind.Scheduled, notes);
        var to = manifest.At("ShipTo/Address") ?? manifest["ShipTo"];
        var from = manifest.At("Shipper/Address") ?? manifest["Shipper"];
        var scans = ImmutableArray.CreateBuilder<Scan>();
        var meaning = UpsCodes.OfQuantumView("Manifest", null, null);
        foreach (var package in manifest.All("Package"))
        {
            var here = package.Pointer;
            // Labels without a number occur, and so do labels whose packages are told by reference only: facts about no parcel we could name.
            if (!TrackingNumber.TryNormalize(package.Text("TrackingNumber"), out var number))
            {
                notes.Add(new DecodeProblem("number.missing", $"{here}: a label without a tracking number."));
                continue;
            }
            var occurred = UpsTimes.Read(package.Text("Activity/Date"), package.Text("Activity/Time"), null, null, null, null, context, out var problem, out _);
            if (problem is not null) notes.Add(problem with { Detail = $"{here}: {problem.Detail}" });
            var weight = package["PackageWeight"] ?? package["Weight"];
            scans.Add(new Scan
            {
                Carrier = UpsDecoder.Slug,
                TrackingNumber = number,
                Kind = meaning.Kind,
                Status = meaning.Status,
                Raw = new RawCodes("Manifest"),
                Occurred = occurred,
                Eta = eta,
                Delivery = UpsCodes.Proof(null, null, [], CodAmount(package)),
                Evidence = new Evidence(null, here),
                Source = context.Source(),
                Journey = new JourneyHints(
                    manifest.Text("Service/Description") ?? manifest.Text("Service/Code"),
                    Country(from), Region(from), Postal(from), Country(to), Region(to), Postal(to), City(to),
                    Weights.Grams(Number(weight?.Text("Weight")), weight?.Text("UnitOfMeasurement/Code")),
                    package.Text("ReferenceNumber/Value") ?? manifest.Text("ReferenceNumber/Value")),
            });
        }
        return DecodedItem.Of(scans.ToImmutable(), original, pointer, [.. notes]);
    }

    private static DecodedItem Event(XmlMessage xml, XmlPart element, FeedContext context)
    {
        var original = xml.Slice(element);
        var pointer = element.Pointer;
        var written = element.Text("TrackingNumber");
        if (!TrackingNumber.TryNormalize(written, out var number))
            return DecodedItem.Unreadable(original, pointer, "number.missing", written is null ? $"<{element.Name}> has no tracking number." : $"'{written}' cannot be a tracking number.");

        var notes = new List<DecodeProblem>();
        var where = element["ActivityLocation"];
        var place = UpsTrack.PlaceOf(City(where), Region(where), Postal(where), Country(where));
        var occurred = UpsTimes.Read(
            element.Text("Date") ?? element.Text("Activity/Date"), element.Text("Time") ?? element.Text("Activity/Time"), null, null, null, place, context, out var problem, out var note);
        if (problem is not null) return DecodedItem.Unreadable(original, pointer, problem.Code, problem.Detail);
        if (note is not null) notes.Add(note);

        var code = element.Name switch { "Generic" => element.Text("ActivityType"), "Exception" => element.Text("StatusCode"), _ => null };
        var text = element.AsReceived("StatusDescription") ?? element.AsReceived("ReasonDescription");
        var meaning = UpsCodes.OfQuantumView(element.Name, code, $"{text} {element.Text("ReasonDescription")}");
        var rescheduled = Eta(element.Text("RescheduledDeliveryDate"), element.Text("RescheduledDeliveryTime"), EtaKind.Rescheduled, notes);
        var eta = rescheduled ?? Eta(element.Text("ScheduledDeliveryDate"), element.Text("ScheduledDeliveryTime"), EtaKind.Scheduled, notes);

        var left = element["DeliveryLocation"];
        var scan = new Scan
        {
            Carrier = UpsDecoder.Slug,
            TrackingNumber = number,
            Kind = meaning.Kind,
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Reason = meaning.Reason,
            Modifiers = meaning.Modifiers | (rescheduled is null ? 0 : Modifiers.Rescheduled),
            Raw = new RawCodes(element.Name, code, element.Text("Resolution/Code"), element.Text("ReasonCode"), Text: text, LocationText: left?.AsReceived("Description")),
            Occurred = occurred,
            Place = place,
            Eta = eta,
            Delivery = element.Name == "Delivery"
                ? UpsCodes.Proof(left?.Text("SignedForByName") ?? element.Text("DriverRelease"), left?.Text("Description") ?? left?.Text("Code"), [], CodAmount(element))
                : null,
            Evidence = new Evidence(null, pointer),
            Source = context.Source(),
            Journey = element["ShipTo"] is { } to && (to["Address"] ?? to) is var address && (Country(address) ?? Postal(address)) is not null
                ? new JourneyHints(element.Text("Service/Description") ?? element.Text("Service/Code"), null, null, null, Country(address), Region(address), Postal(address), City(address))
                : null,
        };
        return DecodedItem.Of([scan], original, pointer, [.. notes]);
    }

    // ---- legacy Track ----------------------------------------------------------------------------------------------------

    private static IEnumerable<DecodedItem> Shipment(XmlMessage xml, XmlPart shipment, FeedContext context)
    {
        if (!shipment.IsComplete && shipment.Parent is null) yield break;
        var original = xml.Slice(shipment);
        foreach (var package in shipment.All("Package"))
        {
            var pointer = package.Pointer;
            var written = package.Text("TrackingNumber") ?? shipment.Text("InquiryNumber/Value") ?? shipment.Text("ShipmentIdentificationNumber");
            if (!TrackingNumber.TryNormalize(written, out var number))
            {
                yield return DecodedItem.Unreadable(original, pointer, "number.missing", written is null ? "The package has no tracking number." : $"'{written}' cannot be a tracking number.");
                continue;
            }
            var notes = new List<DecodeProblem>();
            var bad = new List<DecodedItem>();
            var scans = ImmutableArray.CreateBuilder<Scan>();
            var to = shipment.At("ShipTo/Address");
            var from = shipment.At("Shipper/Address");
            var weight = package["PackageWeight"];
            var pickedUp = UpsTrack.PickupDay(shipment.Text("PickupDate"));
            var common = new Scan
            {
                Carrier = UpsDecoder.Slug,
                TrackingNumber = number,
                Source = context.Source(),
                Journey = new JourneyHints(
                    shipment.Text("Service/Description") ?? shipment.Text("Service/Code"), Country(from), Region(from), Postal(from),
                    Country(to), Region(to), Postal(to), City(to), Weights.Grams(Number(weight?.Text("Weight")), weight?.Text("UnitOfMeasurement/Code")),
                    package.Text("ReferenceNumber/Value") ?? shipment.Text("ReferenceNumber/Value"), pickedUp) is var hints && hints == new JourneyHints() ? null : hints,
            };
            foreach (var activity in package.All("Activity"))
            {
                if (!activity.IsComplete) continue;
                var here = activity.Pointer;
                if (Activity(activity, here, common, context, notes, out var problem) is { } scan) scans.Add(scan);
                else bad.Add(DecodedItem.Unreadable(original, here, problem!.Code, problem.Detail));
            }
            Estimate(package["RescheduledDeliveryDate"], package.Text("RescheduledDeliveryTime"), EtaKind.Rescheduled);
            Estimate(shipment["ScheduledDeliveryDate"] ?? package["ScheduledDeliveryDate"], shipment.Text("ScheduledDeliveryTime"), EtaKind.Scheduled);
            yield return DecodedItem.Of(scans.ToImmutable(), original, pointer, [.. notes]) with { Root = shipment.Pointer };
            foreach (var item in bad) yield return item;

            void Estimate(XmlPart? date, string? time, EtaKind kind)
            {
                if (Eta(date?.Text() ?? date?.Text("Date"), time, kind, notes) is not { } eta) return;
                scans.Add(common with
                {
                    Kind = ScanKind.Estimate,
                    Modifiers = kind == EtaKind.Rescheduled ? Modifiers.Rescheduled : 0,
                    Raw = new RawCodes(date!.Name),
                    Eta = eta,
                    Evidence = new Evidence(null, date.Pointer),
                });
            }
        }
    }

    private static Scan? Activity(XmlPart activity, string pointer, Scan common, FeedContext context, List<DecodeProblem> notes, out DecodeProblem? problem)
    {
        var status = activity["Status"];
        var statusType = status?["StatusType"];
        string? type = statusType?.Text("Code"), code = status?.At("StatusCode/Code")?.Text() ?? status?["StatusCode"]?.Text();
        var text = statusType?.AsReceived("Description") ?? status?.At("StatusCode")?.AsReceived("Description");
        var location = activity["ActivityLocation"];
        var address = location?["Address"];
        var place = UpsTrack.PlaceOf(City(address), Region(address), Postal(address), Country(address));
        var occurred = UpsTimes.Read(
            activity.Text("Date"), activity.Text("Time"), activity.Text("GMTDate"), activity.Text("GMTTime"), activity.Text("GMTOffset"), place, context, out problem, out var note);
        if (problem is not null) return null;
        if (note is not null) notes.Add(note with { Detail = $"{pointer}: {note.Detail}" });
        var isNumber = code is { Length: 3 } && !code.AsSpan().ContainsAnyExceptInRange('0', '9');
        var meaning = UpsCodes.Of(type, isNumber ? null : code, isNumber ? code : null, text, out var byType);
        if (byType) notes.Add(UpsTrack.ByType(type, code));
        return common with
        {
            Kind = meaning.Kind,
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Reason = meaning.Reason,
            Modifiers = meaning.Modifiers | (byType ? Modifiers.Unmapped : 0),
            Raw = new RawCodes(type, isNumber ? null : code, isNumber ? code : null, Text: text),
            Occurred = occurred,
            Place = place,
            Delivery = UpsCodes.Proof(location?.Text("SignedForByName"), location?.Text("Description") ?? location?.Text("Code"), []) is { } proof && meaning.Status == Milestone.Delivered
                ? proof : UpsCodes.Proof(location?.Text("SignedForByName"), null, []),
            Evidence = new Evidence(null, pointer),
        };
    }

    // ---- shared ----------------------------------------------------------------------------------------------------------

    private static EtaStatement? Eta(string? date, string? time, EtaKind kind, List<DecodeProblem> notes)
    {
        var eta = UpsTimes.Eta(date, null, time, kind, out var note);
        if (note is not null) notes.Add(note);
        return eta;
    }

    private static string? CodAmount(XmlPart part)
        => (part.At("COD/CODAmount") ?? part.At("PackageServiceOptions/COD/CODAmount")) is { } amount && amount.Text("MonetaryValue") is { } value
            ? amount.Text("CurrencyCode") is { } currency ? $"{value} {currency}" : value
            : null;

    // Quantum View names a city PoliticalDivision2, sometimes below AddressArtifactFormat; the Track answer says City.
    private static XmlPart? Address(XmlPart? part) => part?["AddressArtifactFormat"] ?? part?["Address"] ?? part;
    private static string? City(XmlPart? part) => Address(part) is { } a ? a.Text("PoliticalDivision2") ?? a.Text("City") : null;
    private static string? Region(XmlPart? part) => Address(part) is { } a ? a.Text("PoliticalDivision1") ?? a.Text("StateProvinceCode") ?? a.Text("StateProvince") : null;
    private static string? Postal(XmlPart? part) => Address(part) is { } a ? a.Text("PostcodePrimaryLow") ?? a.Text("PostalCode") : null;
    private static string? Country(XmlPart? part) => Address(part) is { } a ? Countries.Alpha2OrAsTold(a.Text("CountryCode") ?? a.Text("Country")) : null;

    private static double? Number(string? text)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
}
