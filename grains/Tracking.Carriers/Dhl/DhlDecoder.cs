using System.Collections.Immutable;
using System.Text.Json;
using Tracking.Carriers.Json;
using Tracking.Carriers.Xml;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Dhl;

/// <summary>
/// DHL Shipment Tracking Unified, polled or pushed. The division (<c>service</c>) names the carrier; five coarse codes are refined by the division's own code or by
/// the text beside them. Express's own XML and JSON are recognised and read as such. DHL's push has no signature: it sends back a header of our choosing.
/// </summary>
public sealed class DhlDecoder : FeedDecoder
{
    private const int MaxDepth = 12;
    private static readonly CodeTable Codes = CodeTable.Load("Dhl/dhl-unified-codes.csv");
    private static readonly PhraseTable Phrases = PhraseTable.Load("Dhl/dhl-phrase-codes.csv");

    public override string Format => "dhl";
    public override string Description => "DHL Shipment Tracking Unified JSON and push, every division";

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
        => XmlMessage.LooksLike(message.Span) ? DhlExpressDecoder.DecodeXml(message, context) : DecodeJson(message, context, division: null);

    /// <param name="division">The division of messages that do not name theirs.</param>
    internal static IEnumerable<DecodedItem> DecodeJson(ReadOnlyMemory<byte> message, FeedContext context, string? division)
    {
        foreach (var json in JsonMessage.Read(message))
        {
            using (json)
            {
                if (json.Problem is { } problem) { yield return json.Unreadable(problem.Code, problem.Detail); continue; }
                var any = false;
                foreach (var (part, pointer) in Shipments(json.Root, json.Pointer, 0))
                {
                    any = true;
                    var items = DhlExpressReader.IsMyDhl(part) ? DhlExpressDecoder.Items(DhlExpressReader.Read(json, part, pointer), context) : Items(json, part, pointer, context, division);
                    foreach (var item in items) yield return item;
                }
                if (json.Root["possibleAdditionalShipmentsUrl"u8].Count > 0)
                    yield return DecodedItem.Of([], json.Bytes, $"{json.Pointer}/possibleAdditionalShipmentsUrl",
                        new DecodeProblem("dhl.other-divisions", "Other divisions of DHL may know a shipment under the same number; that is a hint and no result."));
                if (any) continue;
                if (CarrierAnswers.ErrorOf(json.Root) is { } error) yield return DecodedItem.Of([], json.Bytes, json.Pointer, CarrierAnswers.Error(error.Code, error.Text));
                else if (json.Root["shipments"u8].IsArray) yield return DecodedItem.Of([], json.Bytes, json.Pointer, CarrierAnswers.NotFound("The answer holds no shipment."));
                else yield return json.Unreadable("dhl.no-shipment", "The document holds no DHL shipment (id with status or events).");
            }
        }
    }

    // The push body is not uniform across divisions: a shipment is recognised by what it holds.
    private static IEnumerable<(JsonPart Part, string Pointer)> Shipments(JsonPart part, string pointer, int depth)
    {
        if (part.IsArray)
        {
            var index = 0;
            foreach (var item in part.Element.EnumerateArray())
                foreach (var found in Shipments(new JsonPart(item), $"{pointer}/{index++}", depth + 1))
                    yield return found;
            yield break;
        }
        if (!part.IsObject || depth > MaxDepth) yield break;
        if (IsShipment(part)) { yield return (part, pointer); yield break; }
        foreach (var property in part.Element.EnumerateObject())
            if (property.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
                foreach (var found in Shipments(new JsonPart(property.Value), $"{pointer}/{JsonPointer.Name(property)}", depth + 1))
                    yield return found;
    }

    private static bool IsShipment(JsonPart part)
        => part["shipmentTrackingNumber"u8].Exists
        || part["events"u8].Exists && !part["shipments"u8].Exists && !part["hook"u8].Exists
        || NumberOf(part) is not null && (part["status"u8].IsObject || part["statusCode"u8].Exists || part["timestamp"u8].Exists);

    private static string? NumberOf(JsonPart part)
        => part.Text("id"u8) ?? part.Text("trackingNumber"u8) ?? part.Text("trackingId"u8) ?? part.Text("shipmentId"u8) ?? part.Text("packageId"u8);

    private static IEnumerable<DecodedItem> Items(JsonMessage message, JsonPart part, string pointer, FeedContext context, string? division)
    {
        var original = message.Slice(part);
        var written = NumberOf(part);
        if (!TrackingNumber.TryNormalize(written, out var number))
        {
            yield return DecodedItem.Unreadable(original, pointer, written is null ? "number.missing" : "number.invalid",
                written is null ? "The shipment has no id." : "The id holds letters no tracking number has, or too many.");
            yield break;
        }

        var service = part.Text("service"u8) ?? division;
        var details = part["details"u8];
        var notes = new List<DecodeProblem>();
        List<DecodedItem>? broken = null;
        var carrier = context.Carrier ?? CarrierOf(service);
        var pieces = Texts(details["pieceIds"u8]);
        var pieceCount = Math.Max((int)Math.Clamp(details.Number("totalNumberOfPieces"u8) ?? 0, 0, 10_000), pieces.Count);
        var common = new Scan
        {
            Carrier = carrier,
            TrackingNumber = number,
            Links = Links(details, carrier, pieces, pieceCount, number),
            Journey = Journey(part, details, service),
            Source = context.Source(),
        };

        var told = Events(part, pointer);
        var latest = part["status"u8] is { IsObject: true } status ? DhlEvent.Read(status, $"{pointer}/status")
            : part["statusCode"u8].Exists || part["timestamp"u8].Exists ? DhlEvent.Read(part, pointer) : null;
        var history = told.Count > 0;
        if (latest is not null && !Absorb(told, latest)) told.Insert(0, latest);

        var scans = ImmutableArray.CreateBuilder<Scan>(told.Count + 2);
        foreach (var happened in told)
        {
            var place = DhlPlaces.OfLocality(happened.Locality, happened.Country, happened.PostalCode, happened.Street);
            var occurred = DhlTimes.Unified(happened.When, place, context, out var problem, out var note);
            if (problem is not null) { (broken ??= []).Add(DecodedItem.Unreadable(original, happened.Pointer, problem.Code, problem.Detail)); continue; }
            if (note is not null) notes.Add(note);
            var scan = Read(common, happened, service, place, occurred);
            if (!history) scan = scan with { Kind = scan.Kind == ScanKind.Scan ? ScanKind.Snapshot : scan.Kind };
            AddPerPiece(scans, scan, happened.Pieces, pieceCount);
        }
        Retract(scans);
        AttachProof(scans, common, details["proofOfDelivery"u8], $"{pointer}/details/proofOfDelivery", context);
        AddEstimates(scans, common, part, pointer, context, notes);

        yield return DecodedItem.Of(scans.ToImmutable(), original, pointer, [.. notes]);
        if (broken is null) yield break;
        foreach (var item in broken) yield return item;
    }

    /// <summary>Express is dhl-express and Paket is dhl-paket whatever feed tells of them; without a division it is just dhl.</summary>
    internal static string CarrierOf(string? service)
    {
        var slug = service?.ToLowerInvariant() switch
        {
            null or "" => "dhl",
            "parcel-de" => "dhl-paket",
            "post-de" => "deutsche-post",
            "ecommerce" => "dhl-ecommerce",
            var other => $"dhl-{other}",
        };
        return Carrier.TryNormalize(slug, out var known) ? known : "dhl";
    }

    private static List<DhlEvent> Events(JsonPart part, string pointer)
    {
        var found = new List<DhlEvent>();
        var events = part["events"u8];
        var index = 0;
        foreach (var told in events.Items())
        {
            var at = events.IsArray ? $"{pointer}/events/{index++}" : $"{pointer}/events";
            if (told.IsObject) found.Add(DhlEvent.Read(told, at));
        }
        return found;
    }

    // The latest status repeats an event, with other words, a place or a Z more. Its words stay with the event; what identifies the event stays the event's own, so that
    // it is the same event when it is no longer the latest.
    private static bool Absorb(List<DhlEvent> events, DhlEvent latest)
    {
        var alike = events.Count(e => SameReading(e.When, latest.When) && Same(e.StatusCode, latest.StatusCode));
        if (alike == 0) return false;
        for (var i = 0; i < events.Count; i++)
        {
            var told = events[i];
            if (!SameReading(told.When, latest.When) || !Same(told.StatusCode, latest.StatusCode)) continue;
            // Of several at one time it is the one with its words.
            if (alike > 1 && told.Words is { } words && latest.Words is { } others
                && !words.Contains(others, StringComparison.OrdinalIgnoreCase) && !others.Contains(words, StringComparison.OrdinalIgnoreCase)) continue;
            events[i] = told with
            {
                Status = told.Status ?? (told.Description is null ? latest.Status : null),
                Description = told.Description ?? latest.Description,
                Remark = told.Remark ?? latest.Remark,
                LatestLocality = latest.Locality,
            };
            return true;
        }
        return false;
    }

    private static bool SameReading(string? a, string? b)
        => DateText.TryIso(a, out var x, out _, out _) == DateReading.Told && DateText.TryIso(b, out var y, out _, out _) == DateReading.Told ? x == y : a == b;

    private static bool Same(string? a, string? b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    // ---- one event -------------------------------------------------------------------------------------------------------

    private static Scan Read(Scan common, DhlEvent told, string? service, Place? place, OccurredTime occurred)
    {
        var (code, reasonCode) = OwnCode(told.Status, service);
        var own = OwnMeaning(code, reasonCode, service);
        var meaning = own ?? Coarse(told);
        return common with
        {
            Kind = meaning.Kind,
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Modifiers = meaning.Modifiers | (occurred is { IsTold: true, Precision: Precision.Day } ? Modifiers.DateOnly : 0),
            Reason = meaning.Reason,
            Raw = new RawCodes(Type: service, Code: told.StatusCode, SubCode: code, ReasonCode: reasonCode, Text: told.Description ?? (code is null ? told.Status : null) ?? told.Remark, LocationText: told.Locality ?? told.LatestLocality),
            Occurred = occurred,
            Place = place,
            Delivery = meaning.Status == Milestone.Delivered ? DhlDeliveries.Of(meaning.SubStatus) : null,
            Evidence = new Evidence(null, told.Pointer),
        };
    }

    // `status` is a short text or a code of the division; Paket writes event and reason as ULFMV/UNLDD.
    private static (string? Code, string? Reason) OwnCode(string? status, string? service)
    {
        if (status is null || status.Length > 11) return (null, null);
        var slash = status.IndexOf('/', StringComparison.Ordinal);
        var (code, reason) = slash < 0 ? (status.Trim(), null) : (status[..slash].Trim(), status[(slash + 1)..].Trim());
        if (!IsCode(code) || (reason is not null && !IsCode(reason))) return (null, null);
        return code.Length <= 3 || reason is not null || DhlPaketDecoder.Find(code, null) is not null ? (code, reason) : (null, null);
    }

    private static bool IsCode(string text)
    {
        if (text.Length is < 2 or > 5) return false;
        foreach (var c in text)
            if (!char.IsAsciiLetterUpper(c) && !char.IsAsciiDigit(c))
                return false;
        return true;
    }

    private static CodeMeaning? OwnMeaning(string? code, string? reason, string? service) => code is null ? null : service switch
    {
        "express" => DhlExpressDecoder.Find(code),
        "parcel-de" or "post-de" => DhlPaketDecoder.Meaning(code, reason, null) ?? DhlPaketDecoder.Standard(code),
        _ => null,
    };

    private static CodeMeaning Coarse(DhlEvent told)
    {
        var code = told.StatusCode;
        var known = Codes.Find(code);
        var unknown = known is null && (code is null || code.Equals("unknown", StringComparison.OrdinalIgnoreCase));
        if (known is null && !unknown) return CodeMeaning.Unmapped;
        // Announced and delivered are exact enough: only phrases of their own may refine them.
        var scope = known?.Status is Milestone.LabelCreated or Milestone.Delivered ? null : Phrase(told, "*");
        return Phrase(told, code) ?? scope ?? known ?? CodeMeaning.Unmapped;
    }

    private static CodeMeaning? Phrase(DhlEvent told, string? code)
        => Phrases.FindOf(told.Status, code) ?? Phrases.FindOf(told.Description, code) ?? Phrases.FindOf(told.Remark, code);

    // An event of some of the pieces is one fact for each of them.
    private static void AddPerPiece(ImmutableArray<Scan>.Builder scans, Scan scan, List<string>? pieces, int pieceCount)
    {
        if (pieces is null || pieceCount <= 1 || pieces.Count >= pieceCount) { scans.Add(scan); return; }
        foreach (var piece in pieces) scans.Add(scan with { PieceId = piece });
    }

    // STORN takes back the event before it: the youngest that is not younger.
    private static void Retract(ImmutableArray<Scan>.Builder scans)
    {
        for (var i = 0; i < scans.Count; i++)
        {
            if (scans[i].Kind != ScanKind.Retraction) continue;
            // No parcel has that many events: the shipment finds the event before it, message or not.
            if (scans.Count > 1000) { scans[i] = scans[i] with { Retracts = new RetractionTarget() }; continue; }
            var target = -1;
            for (var j = 0; j < scans.Count; j++)
                if (scans[j].Kind is ScanKind.Scan or ScanKind.Information && scans[j].Occurred.Local <= scans[i].Occurred.Local
                    && scans[j].PieceId == scans[i].PieceId && (target < 0 || scans[j].Occurred.Local > scans[target].Occurred.Local))
                    target = j;
            scans[i] = scans[i] with
            {
                Retracts = target < 0 ? new RetractionTarget()
                    : new RetractionTarget(Type: scans[target].Raw?.Type, Code: scans[target].Raw?.Code, Local: scans[target].Occurred.Local),
            };
        }
    }

    // ---- what stands beside the events -----------------------------------------------------------------------------------

    private static void AttachProof(ImmutableArray<Scan>.Builder scans, Scan common, JsonPart proof, string pointer, FeedContext context)
    {
        if (!proof.IsObject) return;
        var signed = proof["signed"u8];
        var name = signed.IsObject ? signed.Text("name"u8) ?? CarrierText.Value($"{signed.Text("givenName"u8)} {signed.Text("familyName"u8)}") : signed.Text();
        ImmutableArray<string> images = [.. ((string?[])[proof.Text("signatureUrl"u8), proof.Text("documentUrl"u8)]).OfType<string>().Distinct()];
        if (name is null && images.IsEmpty && !proof["timestamp"u8].Exists) return;

        var at = -1;
        for (var i = 0; i < scans.Count; i++)
            if (scans[i].Status == Milestone.Delivered && (at < 0 || scans[i].Occurred.Earliest > scans[at].Occurred.Earliest))
                at = i;
        if (at >= 0)
        {
            var known = scans[at].Delivery ?? new DeliveryProof(Images: []);
            scans[at] = scans[at] with { Delivery = known with { SignedBy = name, Images = images } };
            return;
        }
        scans.Add(common with
        {
            Kind = ScanKind.Information,
            SubStatus = "proofOfDelivery",
            Occurred = DhlTimes.Unified(proof.Text("timestamp"u8), null, context, out _, out _),
            Delivery = new DeliveryProof(name, Images: images),
            Evidence = new Evidence(null, pointer),
        });
    }

    private static void AddEstimates(ImmutableArray<Scan>.Builder scans, Scan common, JsonPart part, string pointer, FeedContext context, List<DecodeProblem> notes)
    {
        var remark = part.AsReceived("estimatedTimeOfDeliveryRemark"u8);
        var frame = part["estimatedDeliveryTimeFrame"u8];
        var (from, to) = (DhlTimes.Reading(frame.Text("estimatedFrom"u8), context), DhlTimes.Reading(frame.Text("estimatedThrough"u8), context));
        EtaStatement? window = null;
        if ((from ?? to) is { } any)
        {
            var offset = from is null || to is null ? any.Offset : from.Value.Offset == to.Value.Offset ? from.Value.Offset : null;
            var precision = from is { } f && to is { } t ? (f.Precision < t.Precision ? f.Precision : t.Precision) : any.Precision;
            window = new EtaStatement((from ?? any).Local, (to ?? any).Local, offset, precision, EtaKind.Estimated, "estimatedDeliveryTimeFrame");
            scans.Add(common with
            {
                Kind = ScanKind.Estimate,
                Raw = new RawCodes(Type: "estimatedDeliveryTimeFrame", Text: remark),
                Eta = window,
                Evidence = new Evidence(null, $"{pointer}/estimatedDeliveryTimeFrame"),
            });
        }
        if (part.Text("estimatedTimeOfDelivery"u8) is not { } text) return;
        if (DhlTimes.Promise(text, context) is not { } eta)
        {
            notes.Add(new DecodeProblem("time.impossible", $"{pointer}/estimatedTimeOfDelivery is no time that can be used."));
            return;
        }
        // The frame says the same, more finely.
        if (window is not null && (eta.Precision == Precision.Day ? eta.From!.Value.Date >= window.From!.Value.Date && eta.From.Value.Date <= window.To!.Value.Date : eta.From >= window.From && eta.From <= window.To)) return;
        scans.Add(common with
        {
            Kind = ScanKind.Estimate,
            Raw = new RawCodes(Type: "estimatedTimeOfDelivery", Text: remark),
            Eta = eta with { Source = "estimatedTimeOfDelivery" },
            Evidence = new Evidence(null, $"{pointer}/estimatedTimeOfDelivery"),
        });
    }

    private static List<string> Texts(JsonPart part)
    {
        var texts = new List<string>();
        foreach (var item in part.Items())
            if (item.Text() is { } text && texts.Count < 100)
                texts.Add(text);
        return texts;
    }

    private static ImmutableArray<TrackingLink> Links(JsonPart details, string carrier, List<string> pieces, int pieceCount, string number)
    {
        var links = ImmutableArray.CreateBuilder<TrackingLink>();
        foreach (var piece in pieces)
            if (piece != number && links.Count < 50)
                links.Add(new TrackingLink(pieceCount > 1 ? "piece" : "alternate", carrier, piece));
        foreach (var (type, value) in References(details))
        {
            if (links.Count >= 50) break;
            if (type.Contains("local-tracking", StringComparison.OrdinalIgnoreCase)) links.Add(new TrackingLink("handover", null, value));
            else if (type.Contains("return", StringComparison.OrdinalIgnoreCase)) links.Add(new TrackingLink("return", carrier, value));
            else links.Add(new TrackingLink("reference", null, value));
        }
        return links.ToImmutable();
    }

    // An array in live data, one object in the published sample.
    private static IEnumerable<(string Type, string Value)> References(JsonPart details)
    {
        foreach (var reference in details["references"u8].Items())
            if ((reference.IsObject ? reference.Text("number"u8) ?? reference.Text("value"u8) : reference.Text()) is { } value)
                yield return (reference.Text("type"u8) ?? "", value);
    }

    private static JourneyHints? Journey(JsonPart part, JsonPart details, string? service)
    {
        var origin = Ends(part["origin"u8]);
        var destination = Ends(part["destination"u8]);
        string? reference = null;
        foreach (var (type, value) in References(details))
            if (reference is null && (type.Contains("customer", StringComparison.OrdinalIgnoreCase) || type.Contains("shipper", StringComparison.OrdinalIgnoreCase)))
                reference = value;
        var hints = new JourneyHints(
            details["product"u8].Text("productName"u8) ?? service,
            origin?.Country, origin?.Region, origin?.PostalCode,
            destination?.Country, destination?.Region, destination?.PostalCode, destination?.City,
            Weights.Grams(details["weight"u8].Number("value"u8), details["weight"u8].Text("unitText"u8)), reference);
        return hints == new JourneyHints() ? null : hints;
    }

    private static Place? Ends(JsonPart part)
    {
        var address = part["address"u8] is { IsObject: true } nested ? nested : part;
        return DhlPlaces.OfLocality(address.Text("addressLocality"u8), address.Text("countryCode"u8), address.Text("postalCode"u8), null);
    }
}
