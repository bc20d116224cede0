using System.Collections.Immutable;
using System.Text.Json;
using System.Runtime.InteropServices;
using Tracking.Carriers.Json;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Epcis;

/// <summary>
/// EPCIS 2.0 events in JSON-LD: documents, query answers, lists and single events. A parcel is an SSCC, or a private URI that ends in carrier and number. Words of a
/// vocabulary of ours beside them (<c>…:status</c>, <c>…:rawCode</c>, <c>…:zoneSource</c>, whatever the prefix) are more exact than bizStep and are believed.
/// </summary>
public sealed class EpcisDecoder : JsonFeedDecoder
{
    private const int MaxParcels = 1000;
    private static readonly CodeTable Codes = CodeTable.Load("Epcis/epcis-codes.csv");

    public override string Format => "epcis";
    public override string Description => "GS1 EPCIS 2.0 events (JSON-LD)";

    private protected override IEnumerable<DecodedItem> DecodeOne(JsonMessage message, JsonPart root, string pointer, FeedContext context)
    {
        var body = root["epcisBody"u8];
        var published = Instant(root.Text("creationDate"u8));
        var (events, at) = (body["eventList"u8], $"{pointer}/epcisBody/eventList");
        if (!events.Exists) (events, at) = (body["queryResults"u8]["resultsBody"u8]["eventList"u8], $"{pointer}/epcisBody/queryResults/resultsBody/eventList");
        if (!events.Exists && body["event"u8].Exists) (events, at) = (body["event"u8], $"{pointer}/epcisBody/event");
        if (!events.Exists && root["eventList"u8].Exists) (events, at) = (root["eventList"u8], $"{pointer}/eventList");
        if (!events.Exists)
        {
            if (body.Exists) return [DecodedItem.Of([], message.Slice(root), pointer, new DecodeProblem("epcis.no-event", "The document holds no event."))];
            return IsEvent(root) ? Event(message, root, pointer, published, context)
                : [DecodedItem.Unreadable(message.Slice(root), pointer, "epcis.no-event", "Neither an EPCIS document (epcisBody) nor an EPCIS event (eventTime).")];
        }
        var items = new List<DecodedItem>();
        var index = 0;
        foreach (var part in events.Items()) items.AddRange(Event(message, part, events.IsArray ? $"{at}/{index++}" : at, published, context));
        if (items.Count == 0) items.Add(DecodedItem.Of([], message.Slice(root), pointer, new DecodeProblem("epcis.no-event", "The event list is empty.")));
        return items;
    }

    private static bool IsEvent(JsonPart part) => part["eventTime"u8].Exists || part.Text("type"u8)?.EndsWith("Event", StringComparison.Ordinal) == true;

    private static IEnumerable<DecodedItem> Event(JsonMessage message, JsonPart part, string pointer, DateTimeOffset? published, FeedContext context)
    {
        var original = message.Slice(part);
        if (!part.IsObject) return [DecodedItem.Unreadable(original, pointer, "json.type", "An event is not an object.")];
        var type = Short(part, "type"u8) ?? Short(part, "isA"u8);
        if (type is not ("ObjectEvent" or "AggregationEvent" or "TransactionEvent" or "AssociationEvent"))
            return [DecodedItem.Of([], original, pointer, new DecodeProblem("epcis.event-ignored", $"An event of type {type ?? "unknown"} says nothing about a parcel's way."))];

        var draft = new Draft(original, pointer);
        var place = ReadPlace(part["readPoint"u8]) ?? ReadPlace(part["bizLocation"u8]);
        var extension = Extensions(part);
        var occurred = Time(part, extension, place, context, draft, out var problem);
        if (problem is not null) return [new DecodedItem([], original, pointer, problem, [])];

        string? step = Word(part.Text("bizStep"u8)), disposition = Word(part.Text("disposition"u8));
        var meaning = step is null && disposition is null ? new CodeMeaning(null) : Codes.Of(step, disposition);
        // The standard's words first, except where the sender says it in ours.
        if (extension.Status is { } own) meaning = meaning with { Status = own, Modifiers = Modifiers.None, SubStatus = null };
        if (extension.Reason is { } reason) meaning = meaning with { Reason = reason };
        if (!meaning.IsMapped) draft.Note("code.unmapped", $"bizStep '{step}' with disposition '{disposition}' is not in the table.");
        var modifiers = meaning.Modifiers | extension.Modifiers | DateOnlyFlag(occurred);
        foreach (var set in part["persistentDisposition"u8]["set"u8].Items())
            if (Word(set.Text()) == "damaged") modifiers |= Modifiers.Damaged;

        var declared = part["errorDeclaration"u8].IsObject;
        var kind = declared ? ScanKind.Retraction : type == "TransactionEvent" ? ScanKind.Information : meaning.Kind;
        var (links, order) = Transactions(part);
        var parent = FindParcel(part.Text("parentID"u8), context);
        var eventId = Short(part, "eventID"u8);
        var common = new Scan
        {
            Carrier = "",
            TrackingNumber = "",
            Kind = kind,
            Status = kind is ScanKind.Retraction or ScanKind.Information ? null : meaning.Status,
            SubStatus = extension.SubStatus ?? meaning.SubStatus,
            Modifiers = modifiers,
            Reason = meaning.Reason,
            Raw = new RawCodes(Type: type, Code: step, SubCode: disposition, ReasonCode: extension.RawCode, Text: extension.Text),
            Occurred = occurred,
            PublishedAt = published,
            ObservedAt = Instant(part.Text("recordTime"u8)),
            Place = place,
            EventId = eventId,
            Retracts = declared ? new RetractionTarget(EventId: eventId, Type: type, Code: step, Local: occurred.Local, Status: meaning.Status) : null,
            Evidence = new Evidence(null, pointer),
            Source = context.Source(),
            Journey = order is null ? null : new JourneyHints(ShipperReference: order),
        };

        var found = 0;
        for (var children = 0; children < 2; children++)
            foreach (var epc in (children == 0 ? part["epcList"u8] : part["childEPCs"u8]).Items())
            {
                if (++found > MaxParcels) { draft.Note("epcis.too-many-parcels", $"More than {MaxParcels:N0} parcels in one event; the rest is only in the original."); break; }
                if (FindParcel(epc.Text(), context) is not { } parcel)
                {
                    draft.Bad(NoParcel(epc.Text()), $"{pointer}/{(children == 0 ? "epcList" : "childEPCs")}/{found - 1}");
                    continue;
                }
                var known = parent is { } master && master.Number != parcel.Number ? links.Insert(0, new TrackingLink("master", master.Carrier, master.Number)) : links;
                draft.Scans.Add(common with { Carrier = parcel.Carrier, TrackingNumber = parcel.Number, Links = known });
            }
        // Nothing below it: the pallet or the transaction itself is the parcel.
        if (found == 0 && parent is { } alone) draft.Scans.Add(common with { Carrier = alone.Carrier, TrackingNumber = alone.Number, Links = links });
        else if (found == 0)
            return [new DecodedItem([], original, pointer, part["quantityList"u8].Exists
                ? new DecodeProblem("epcis.no-parcel", "The event counts goods (quantityList) and names no parcel.") : NoParcel(part.Text("parentID"u8)), [])];
        return draft.Items();
    }

    private static DecodeProblem NoParcel(string? epc)
        => epc is null ? new DecodeProblem("number.missing", "The event names no parcel (epcList, childEPCs or parentID).")
            : new DecodeProblem("epcis.unknown-identity", $"'{(epc.Length > 100 ? epc[..100] : epc)}' is neither an SSCC (and the feed has a carrier) nor a URI that ends in carrier and number.");

    private static OccurredTime Time(JsonPart part, Extension extension, Place? place, FeedContext context, Draft draft, out DecodeProblem? problem)
    {
        problem = null;
        var text = part.Text("eventTime"u8);
        var reading = DateText.TryIso(text, out var local, out var offset, out var precision);
        if (reading is DateReading.Missing or DateReading.Placeholder) { problem = new DecodeProblem("time.missing", "eventTime is required and missing."); return default; }
        if (reading == DateReading.Impossible) { problem = EventTimes.Impossible(text); return default; }
        if ((problem = EventTimes.Implausible(local, context)) is not null) return default;
        if (extension.Precision is { } told) precision = told;

        var zone = part.Text("eventTimeZoneOffset"u8);
        TimeSpan? atPlace = DateText.TryOffset(zone, out var parsed) ? parsed : null;
        if (zone is not null && atPlace is null) draft.Note("time.zone-unknown", $"eventTimeZoneOffset '{(zone.Length > 40 ? zone[..40] : zone)}' is no offset.");
        if (atPlace is null)
        {
            draft.Note("epcis.offset-missing", "eventTimeZoneOffset is required and missing.");
            if (offset is null)
            {
                var bare = EventTimes.Local(local, precision, place, context, out var note);
                draft.Note(note);
                return bare;
            }
            atPlace = offset;
        }
        // eventTime may be written in any offset; the clock at the place is the instant in the place's own.
        if (offset is { } written) local = local - written + atPlace.Value;
        return extension.ZoneSource switch
        {
            ZoneSource.Unknown => precision == Precision.Day ? OccurredTime.On(DateOnly.FromDateTime(local)) : OccurredTime.AtLocal(local, precision),
            ZoneSource.Claimed => EventTimes.Claimed(local, atPlace, precision),
            { } source => EventTimes.FromOffset(local, atPlace.Value, precision, source),
            null => EventTimes.FromOffset(local, atPlace.Value, precision),
        };
    }

    private readonly record struct Extension(Milestone? Status, string? SubStatus, Reason? Reason, Modifiers Modifiers, string? RawCode, string? Text, ZoneSource? ZoneSource, Precision? Precision);

    // Extension fields by their local name, because every partner chooses its own prefix.
    private static Extension Extensions(JsonPart part)
    {
        var found = new Extension();
        foreach (var property in part.Element.EnumerateObject())
        {
            // Only prefixed names are extensions: most are not, and need no text of their own.
            if (JsonMarshal.GetRawUtf8PropertyName(property).IndexOfAny(":#\\"u8) < 0 || !Local(property, out var name)) continue;
            var value = new JsonPart(property.Value);
            switch (name)
            {
                case "status" when Milestones.TryParse(value.Text(), out var status) && status != Milestone.Unknown: found = found with { Status = status }; break;
                case "subStatus": found = found with { SubStatus = Short(value.Text(), 100) }; break;
                case "reason" when Reasons.TryParse(value.Text(), out var reason): found = found with { Reason = reason }; break;
                case "rawCode": found = found with { RawCode = Short(value.Text()) }; break;
                case "text": found = found with { Text = value.AsReceived() }; break;
                case "precision" when Enum.TryParse<Precision>(value.Text(), ignoreCase: true, out var precision) && Enum.IsDefined(precision): found = found with { Precision = precision }; break;
                case "zoneSource" when Enum.TryParse<ZoneSource>(value.Text(), ignoreCase: true, out var source) && Enum.IsDefined(source): found = found with { ZoneSource = source }; break;
                case "modifiers":
                    foreach (var word in value.Items())
                        if (ModifierNames.TryParse(word.Text(), out var flag))
                            found = found with { Modifiers = found.Modifiers | flag };
                    break;
            }
        }
        return found;

        static bool Local(JsonProperty property, out string name)
        {
            name = "";
            try { name = property.Name; }
            catch (InvalidOperationException) { return false; }
            var colon = name.LastIndexOfAny([':', '#']);
            if (colon < 0) return false;
            name = name[(colon + 1)..];
            return true;
        }
    }

    // https://id.gs1.org/00/340123450000000018, urn:epc:id:sscc:4012345.3000000001, https://example.com/parcel/usps/9400…, urn:parcel:usps:9400…
    private static (string Carrier, string Number)? FindParcel(string? epc, FeedContext context)
    {
        if (epc is null || epc.Length > 500) return null;
        if (Sscc(epc) is { } sscc) return context.Carrier is { } configured ? (configured, sscc) : null;
        if (epc.Contains("//id.gs1.org/", StringComparison.OrdinalIgnoreCase)) return null;   // goods, assets, places: not parcels
        // The last three words between slashes and colons: something, a carrier, a number.
        var rest = epc.AsSpan().TrimEnd("/:");
        var last = rest.LastIndexOfAny('/', ':');
        var before = last < 0 ? default : rest[..last].TrimEnd("/:");
        var middle = before.LastIndexOfAny('/', ':');
        if (middle < 0 || before[..middle].Trim("/:").IsEmpty) return null;
        var number = Uri.UnescapeDataString(rest[(last + 1)..].ToString());
        if (epc.StartsWith("urn:epc:", StringComparison.OrdinalIgnoreCase) || !TrackingNumber.TryNormalize(number, out number)) return null;
        if (context.Carrier is { } own) return (own, number);
        return Carrier.TryNormalize(Uri.UnescapeDataString(before[(middle + 1)..].ToString()), out var carrier) ? (carrier, number) : null;
    }

    internal static string? Sscc(string epc)
    {
        var at = epc.LastIndexOf("/00/", StringComparison.Ordinal);
        if (at >= 0 && epc.Length - at - 4 >= 18 && epc.AsSpan(at + 4, 18).IndexOfAnyExceptInRange('0', '9') < 0) return epc.Substring(at + 4, 18);
        const string urn = "urn:epc:id:sscc:";
        if (!epc.StartsWith(urn, StringComparison.OrdinalIgnoreCase)) return null;
        var (prefix, serial) = epc[urn.Length..].Split('.') is [var p, var s] ? (p, s) : ("", "");
        if (prefix.Length + serial.Length != 17 || serial.Length < 1 || (prefix + serial).AsSpan().IndexOfAnyExceptInRange('0', '9') >= 0) return null;
        // The extension digit stands before the serial in the URI and before the company in the number; the check digit only in the number.
        var digits = serial[..1] + prefix + serial[1..];
        var sum = 0;
        for (var i = 0; i < 17; i++) sum += (digits[i] - '0') * (i % 2 == 0 ? 3 : 1);
        return digits + (char)('0' + (10 - sum % 10) % 10);
    }

    private static Place? ReadPlace(JsonPart point)
    {
        var id = (point.IsObject ? point.Text("id"u8) : point.Text());
        if (id is null) return null;
        if (id.StartsWith("geo:", StringComparison.OrdinalIgnoreCase))
        {
            var parts = id[4..].Split(';')[0].Split(',');
            if (parts.Length >= 2 && Number(parts[0]) is { } lat && Number(parts[1]) is { } lon) return PlaceOf(null, null, null, null, lat, lon);
            return null;
        }
        return new Place(FacilityId: Short(id));

        static double? Number(string text)
            => double.TryParse(text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
    }

    private static (ImmutableArray<TrackingLink> Links, string? Order) Transactions(JsonPart part)
    {
        ImmutableArray<TrackingLink>.Builder? links = null;
        string? order = null;
        foreach (var transaction in part["bizTransactionList"u8].Items())
        {
            var reference = transaction.IsObject ? transaction.Text("bizTransaction"u8) : transaction.Text();
            if (reference is null || links?.Count >= 50) continue;
            reference = Short(reference);
            if (Word(transaction.Text("type"u8)) is "po" or "so" or "order") order ??= reference;
            links ??= ImmutableArray.CreateBuilder<TrackingLink>();
            var link = new TrackingLink("reference", null, reference!);
            if (!links.Contains(link)) links.Add(link);
        }
        return (links?.ToImmutable() ?? [], order);
    }

    // The bare word of arriving, Arriving, urn:epcglobal:cbv:bizstep:arriving and https://ref.gs1.org/cbv/BizStep-arriving.
    private static string? Word(string? text)
    {
        if (text is null) return null;
        var end = text.LastIndexOfAny([':', '/', '#']);
        var word = text[(end + 1)..];
        foreach (var prefix in (ReadOnlySpan<string>)["BizStep-", "Disp-", "BTT-", "cbv-"])
            if (word.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) word = word[prefix.Length..];
        return word.Length == 0 ? null : Short(word.ToLowerInvariant(), 100);
    }
}
