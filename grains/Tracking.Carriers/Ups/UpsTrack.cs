using System.Collections.Immutable;
using Tracking.Carriers.Json;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Ups;

/// <summary>A Track API v1 answer: shipments, their packages, every package's activities newest first.</summary>
internal static class UpsTrack
{
    public static IEnumerable<DecodedItem> Answer(JsonMessage document, JsonPart answer, string pointer, FeedContext context)
    {
        var shipments = answer["shipment"u8];
        if (!shipments.Exists) return [DecodedItem.Unreadable(document.Bytes, pointer, "ups.unknown-shape", "The answer holds no shipment.")];
        return Shipments(document, shipments, $"{pointer}/shipment", context);
    }

    private static IEnumerable<DecodedItem> Shipments(JsonMessage document, JsonPart shipments, string pointer, FeedContext context)
    {
        var index = 0;
        foreach (var shipment in shipments.Items())
        {
            var here = shipments.IsArray ? $"{pointer}/{index}" : pointer;
            index++;
            foreach (var item in Shipment(document, shipment, here, context)) yield return item;
        }
    }

    /// <summary>An error answer names a bad number or a refused call; it is no fact about a parcel.</summary>
    public static DecodedItem Refused(JsonMessage document, JsonPart part, JsonPart errors, string pointer)
    {
        var notes = new List<DecodeProblem>();
        foreach (var error in errors.Items())
            if (notes.Count < 16)
                notes.Add(new DecodeProblem("carrier.error", $"UPS answered {error.Text("code"u8)}: {error.Text("message"u8)}"));
        return DecodedItem.Of([], document.Slice(part), pointer, [.. notes]);
    }

    /// <summary>One shipment. Its packages are items of their own; the original of each is the shipment, which is the smallest part that can be read again alone.</summary>
    public static IEnumerable<DecodedItem> Shipment(JsonMessage document, JsonPart shipment, string pointer, FeedContext context)
    {
        var original = document.Slice(shipment);
        var packages = shipment["package"u8];
        var notes = Warnings(shipment);
        if (packages.Count == 0)
        {
            // "Not found" is an answer, not a fault: TW0001 comes with HTTP 200 and without a package.
            if (notes.Length == 0) notes = [new DecodeProblem("carrier.not-found", "UPS names no package for this number.")];
            yield return DecodedItem.Of([], original, pointer, notes.AsSpan());
            yield break;
        }
        var index = 0;
        foreach (var package in packages.Items())
        {
            var here = packages.IsArray ? $"{pointer}/package/{index}" : $"{pointer}/package";
            index++;
            foreach (var item in Package(original, shipment, package, pointer, here, notes, context)) yield return item;
            notes = [];
        }
    }

    private static List<DecodedItem> Package(
        ReadOnlyMemory<byte> original, JsonPart shipment, JsonPart package, string root, string pointer, ImmutableArray<DecodeProblem> warnings, FeedContext context)
    {
        var asked = shipment.Text("inquiryNumber"u8);
        var written = package.Text("trackingNumber"u8) ?? asked;
        if (!TrackingNumber.TryNormalize(written, out var number))
            return [DecodedItem.Unreadable(original, pointer, "number.missing", written is null ? "The package has no tracking number." : $"'{written}' cannot be a tracking number.")];

        var items = new List<DecodedItem>(1);
        var notes = new List<DecodeProblem>(warnings);
        var scans = ImmutableArray.CreateBuilder<Scan>();
        var activities = package["activity"u8];
        var common = new Scan
        {
            Carrier = UpsDecoder.Slug,
            TrackingNumber = number,
            Links = Links(package, number, asked),
            Source = context.Source(),
            Journey = Journey(shipment, package, PickupDay(shipment.Text("pickupDate"u8))),
        };

        var index = 0;
        var delivered = -1;
        foreach (var activity in activities.Items())
        {
            var here = activities.IsArray ? $"{pointer}/activity/{index}" : $"{pointer}/activity";
            index++;
            var scan = Activity(activity, here, common, context, notes, out var problem);
            if (problem is not null) { items.Add(DecodedItem.Unreadable(original, here, problem.Code, problem.Detail)); continue; }
            // Newest first: the first delivery of the list is the one the proof belongs to.
            if (delivered < 0 && scan!.Status == Milestone.Delivered) delivered = scans.Count;
            scans.Add(scan!);
        }

        if (scans.Count == 0 && CurrentStatus(package["currentStatus"u8], $"{pointer}/currentStatus", common) is { } snapshot)
        {
            if (snapshot.Status == Milestone.Delivered) delivered = 0;
            scans.Add(snapshot);
        }
        if (Proof(package["deliveryInformation"u8], $"{pointer}/deliveryInformation") is { } proof)
        {
            if (delivered >= 0) scans[delivered] = scans[delivered] with { Delivery = proof };
            else scans.Add(common with { Kind = ScanKind.Information, Delivery = proof, Evidence = new Evidence(null, $"{pointer}/deliveryInformation") });
        }
        Estimates(package, pointer, common, scans, notes);

        items.Insert(0, DecodedItem.Of(scans.ToImmutable(), original, pointer, [.. notes]) with { Root = root });
        return items;
    }

    private static Scan? Activity(JsonPart activity, string pointer, Scan common, FeedContext context, List<DecodeProblem> notes, out DecodeProblem? problem)
    {
        var status = activity["status"u8];
        string? type = status.Text("type"u8), code = status.Text("code"u8), statusCode = status.Text("statusCode"u8), text = status.AsReceived("description"u8);
        var location = activity["location"u8];
        var address = location["address"u8];
        var country = Countries.Alpha2OrAsTold(address.Text("countryCode"u8) ?? address.Text("country"u8));
        var place = PlaceOf(address.Text("city"u8), address.Text("stateProvince"u8), address.Text("postalCode"u8), country, location.Text("slic"u8));

        var occurred = UpsTimes.Read(
            activity.Text("date"u8), activity.Text("time"u8), activity.Text("gmtDate"u8), activity.Text("gmtTime"u8), activity.Text("gmtOffset"u8), place, context,
            out problem, out var note);
        if (problem is not null) return null;
        if (note is not null) notes.Add(note with { Detail = $"{pointer}: {note.Detail}" });

        var meaning = UpsCodes.Of(type, code, statusCode, text, out var byType);
        if (byType) notes.Add(ByType(type, code));
        return common with
        {
            Kind = meaning.Kind,
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Reason = meaning.Reason,
            Modifiers = meaning.Modifiers | (activity["logicalScan"u8].Bool() == true ? Modifiers.SystemGenerated : 0) | (byType ? Modifiers.Unmapped : 0),
            Raw = new RawCodes(type, code, statusCode, Text: text),
            Occurred = occurred,
            Place = place,
            Evidence = new Evidence(null, pointer),
        };
    }

    // Only said when nothing else is: the current status repeats the newest activity, and its code is the three-digit one.
    private static Scan? CurrentStatus(JsonPart status, string pointer, Scan common)
    {
        string? type = status.Text("type"u8), told = status.Text("statusCode"u8) ?? status.Text("code"u8), text = status.AsReceived("description"u8);
        if (told is null && type is null && text is null) return null;
        var isNumber = told is not null && !told.AsSpan().ContainsAnyExceptInRange('0', '9');
        var meaning = UpsCodes.Of(type, isNumber ? null : told, isNumber ? told : null, text, out _);
        return common with
        {
            Kind = ScanKind.Snapshot,
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Reason = meaning.Reason,
            Modifiers = meaning.Modifiers,
            Raw = new RawCodes(type, isNumber ? null : told, isNumber ? told : null, Text: text),
            Evidence = new Evidence(null, pointer),
        };
    }

    private static void Estimates(JsonPart package, string pointer, Scan common, ImmutableArray<Scan>.Builder scans, List<DecodeProblem> notes)
    {
        var time = package["deliveryTime"u8];
        // A delivered parcel's time (DEL) is a fact and no window.
        var isWindow = time.Text("type"u8) is { } type && !type.Equals("DEL", StringComparison.OrdinalIgnoreCase);
        var dates = package["deliveryDate"u8];
        var index = 0;
        foreach (var date in dates.Items())
        {
            var here = dates.IsArray ? $"{pointer}/deliveryDate/{index}" : $"{pointer}/deliveryDate";
            index++;
            EtaKind? kind = date.Text("type"u8)?.ToUpperInvariant() switch { "SDD" => EtaKind.Scheduled, "RDD" => EtaKind.Rescheduled, _ => null };
            if (kind is null) continue;
            var eta = UpsTimes.Eta(date.Text("date"u8), isWindow ? time.Text("startTime"u8) : null, isWindow ? time.Text("endTime"u8) : null, kind.Value, out var note);
            if (note is not null) notes.Add(note with { Detail = $"{here}: {note.Detail}" });
            if (eta is null) continue;
            scans.Add(common with
            {
                Kind = ScanKind.Estimate,
                Modifiers = kind == EtaKind.Rescheduled ? Modifiers.Rescheduled : Modifiers.None,
                Raw = new RawCodes(date.Text("type"u8), isWindow ? time.Text("type"u8) : null),
                Eta = eta,
                Evidence = new Evidence(null, here),
            });
        }
    }

    private static DeliveryProof? Proof(JsonPart information, string pointer)
    {
        if (!information.IsObject) return null;
        var images = ImmutableArray<string>.Empty;
        // Pictures travel as base64 inside the message: the stored original is where they are.
        if (information["signature"u8].Text("image"u8) is not null) images = images.Add($"{pointer}/signature/image");
        if (information["deliveryPhoto"u8].Text("photo"u8) is { } photo)
            images = images.Add(photo.StartsWith("https://", StringComparison.Ordinal) && photo.Length < 1000 ? photo : $"{pointer}/deliveryPhoto/photo");
        if (information["pod"u8].Text("content"u8) is not null) images = images.Add($"{pointer}/pod/content");
        return UpsCodes.Proof(information.Text("receivedBy"u8), information.Text("location"u8), images);
    }

    private static ImmutableArray<TrackingLink> Links(JsonPart package, string number, string? asked)
    {
        var others = package["alternateTrackingNumber"u8];
        if (others.Count == 0 && (asked is null || asked == number)) return [];
        var links = ImmutableArray.CreateBuilder<TrackingLink>();
        foreach (var other in others.Items())
        {
            var type = other.Text("type"u8);
            if (links.Count >= 32 || !TrackingNumber.TryNormalize(other.Text("number"u8) ?? (other.IsObject ? null : other.Text()), out var second) || second == number) continue;
            var postal = type is not null && (type.Contains("USPS", StringComparison.OrdinalIgnoreCase) || type.Contains("POSTAL", StringComparison.OrdinalIgnoreCase));
            links.Add(postal ? new TrackingLink("handover", type!.Contains("USPS", StringComparison.OrdinalIgnoreCase) ? "usps" : null, second) : new TrackingLink("alternate", null, second));
        }
        // The number that was asked for may be another piece or a reference: it belongs with this one, as what is not told.
        if (TrackingNumber.TryNormalize(asked, out var inquiry) && inquiry != number) links.Add(new TrackingLink("reference", UpsDecoder.Slug, inquiry));
        return links.ToImmutable();
    }

    private static JourneyHints? Journey(JsonPart shipment, JsonPart package, DateOnly? pickedUp)
    {
        var weight = package["weight"u8];
        var grams = Weights.Grams(weight.Number("weight"u8), weight.Text("unitOfMeasurement"u8));
        var service = package["service"u8].Text("description"u8) ?? package["service"u8].Text("code"u8) ?? package["service"u8].Text("levelCode"u8);
        JsonPart origin = default, destination = default;
        foreach (var address in package["packageAddress"u8].Items())
        {
            var kind = address.Text("type"u8);
            if (kind is "ORIGIN") origin = address["address"u8];
            else if (kind is "DESTINATION") destination = address["address"u8];
        }
        var reference = shipment.Text("shipperNumber"u8);
        if (grams is null && service is null && !origin.Exists && !destination.Exists && reference is null && pickedUp is null) return null;
        return new JourneyHints(
            service,
            Country(origin), origin.Text("stateProvince"u8), origin.Text("postalCode"u8),
            Country(destination), destination.Text("stateProvince"u8), destination.Text("postalCode"u8), destination.Text("city"u8),
            grams, reference, pickedUp);

        static string? Country(JsonPart address) => Countries.Alpha2OrAsTold(address.Text("countryCode"u8) ?? address.Text("country"u8));
    }

    /// <summary>The pickup day; null for none and for placeholders. It is no name of the number's use: only this answer tells it, and the same scan comes by push without it.</summary>
    internal static DateOnly? PickupDay(string? date) => DateText.TryDay(date, out var found) == DateReading.Told ? found : null;

    internal static Place? PlaceOf(string? city, string? region, string? postalCode, string? country, string? facility = null)
        => city is null && region is null && postalCode is null && country is null && facility is null
            ? null : new Place(null, city, region, postalCode, country, facility);

    internal static DecodeProblem ByType(string? type, string? code)
        => new("code.by-type", $"The code {type}/{code} is not mapped; its type alone was read.");

    private static ImmutableArray<DecodeProblem> Warnings(JsonPart shipment)
    {
        var warnings = shipment["warnings"u8];
        if (warnings.Count == 0) return [];
        var notes = ImmutableArray.CreateBuilder<DecodeProblem>();
        foreach (var warning in warnings.Items())
            if (notes.Count < 16)
                notes.Add(new DecodeProblem(warning.Text("code"u8) is "TW0001" ? "carrier.not-found" : "carrier.warning", $"UPS answered {warning.Text("code"u8)}: {warning.Text("message"u8)}"));
        return notes.ToImmutable();
    }
}
