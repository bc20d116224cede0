using System.Collections.Immutable;
using Tracking.Carriers.Json;
using Tracking.Carriers.Xml;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.FedEx;

/// <summary>
/// FedEx: Track API v1 answers, Advanced Integrated Visibility pushes and <c>TrackReply</c> XML; which of them it got, it sees. Every track result is
/// its own use of the number: two results under one number are two parcels or two label generations, told apart by their unique id and never merged.
/// </summary>
public sealed class FedExDecoder : FeedDecoder
{
    private const string Slug = "fedex";
    private static readonly CodeTable Events = CodeTable.Load("FedEx/fedex-event-codes.csv");
    private static readonly CodeTable Exceptions = CodeTable.Load("FedEx/fedex-exception-codes.csv");
    private static readonly CodeTable Delays = CodeTable.Load("FedEx/fedex-delay-codes.csv");
    private static readonly PhraseTable Phrases = PhraseTable.Load("FedEx/fedex-phrase-codes.csv");

    public override string Format => "fedex";
    public override string Description => "FedEx Track API v1 JSON, Advanced Integrated Visibility push, TrackReply XML";

    /// <summary>
    /// <c>fdx-signature</c> is the base64 of HMAC-SHA256 over the raw body with the project's security token. One published description says hex; that is
    /// accepted only where <see cref="FeedCredentials.Encoding"/> says so. FedEx sends no delivery id, so nothing here can tell a replay.
    /// </summary>
    public override FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
        => BodyHmac.Verify(body, credentials, header, "fdx-signature");

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
        => XmlMessage.LooksLike(message.Span) ? DecodeXml(message, context) : DecodeJson(message, context);

    private static IEnumerable<DecodedItem> DecodeJson(ReadOnlyMemory<byte> message, FeedContext context)
    {
        foreach (var json in JsonMessage.Read(message))
        {
            using (json)
            {
                if (json.Problem is { } problem) { yield return json.Unreadable(problem.Code, problem.Detail); continue; }
                if (FedExJson.IsVirtual(json.Root))
                {
                    yield return DecodedItem.Of([], json.Bytes, json.Pointer, CarrierAnswers.Test("FedEx's test system marked this answer VIRTUAL.RESPONSE."));
                    continue;
                }
                var any = false;
                foreach (var result in FedExJson.Results(json))
                {
                    any = true;
                    foreach (var item in Items(result, context)) yield return item;
                }
                if (any) continue;
                if (CarrierAnswers.ErrorOf(json.Root) is { } error) yield return DecodedItem.Of([], json.Bytes, json.Pointer, CarrierAnswers.Error(error.Code, error.Text));
                else if (IsEmptyAnswer(json.Root)) yield return DecodedItem.Of([], json.Bytes, json.Pointer, CarrierAnswers.NotFound("The answer holds no track result."));
                else yield return json.Unreadable("fedex.no-result", "The document holds no FedEx track result (trackingNumberInfo, scanEvents or latestStatusDetail).");
            }
        }
    }

    private static bool IsEmptyAnswer(JsonPart root)
        => root["output"u8].Exists || root["completeTrackResults"u8].Exists || root["trackResults"u8].Exists || root["transactionId"u8].Exists;

    private static IEnumerable<DecodedItem> DecodeXml(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var xml = XmlMessage.Read(message);
        var any = false;
        foreach (var result in FedExXml.Results(xml))
        {
            any = true;
            foreach (var item in Items(result, context)) yield return item;
        }
        if (xml.Problem is { } problem) yield return DecodedItem.Unreadable(message, "", problem.Code, problem.Detail);
        else if (any) yield break;
        else if (xml.Root is not null && FedExXml.Notification(xml.Root) is { } notification)
            yield return DecodedItem.Of([], message, xml.Root.Pointer, CarrierAnswers.Error(notification.Code, notification.Text));
        else yield return DecodedItem.Unreadable(message, "", "fedex.no-result", "The document holds no FedEx TrackDetails.");
    }

    private static IEnumerable<DecodedItem> Items(FedExResult result, FeedContext context)
    {
        if (result.Events.Count == 0 && result.Latest?.Code is null && result.ErrorCode is { } error)
        {
            yield return DecodedItem.Of([], result.Original, result.Pointer, CarrierAnswers.Error(error, result.ErrorText));
            yield break;
        }
        if (!TrackingNumber.TryNormalize(result.Number, out var number))
        {
            yield return DecodedItem.Unreadable(result.Original, result.Pointer, result.Number is null ? "number.missing" : "number.invalid",
                result.Number is null ? "The track result has no tracking number." : "The tracking number holds letters no tracking number has, or too many.");
            yield break;
        }

        var notes = new List<DecodeProblem>();
        List<DecodedItem>? broken = null;
        var scans = ImmutableArray.CreateBuilder<Scan>(result.Events.Count + 4);
        var common = new Scan
        {
            Carrier = Slug,
            TrackingNumber = number,
            UniqueId = result.UniqueId,
            Links = Links(result, number),
            Journey = Journey(result),
            Source = context.Source(),
        };

        foreach (var told in result.Events)
        {
            var occurred = FedExTimes.Scan(told, result.Network, context, out var problem);
            if (problem is not null) { (broken ??= []).Add(DecodedItem.Unreadable(result.Original, told.Pointer, problem.Code, problem.Detail)); continue; }
            scans.Add(Read(common, told, ScanKind.Scan, occurred, notes));
        }
        if (result.Latest is { } latest)
        {
            if (result.Events.Count == 0) scans.Add(Snapshot(common, result, latest, context, notes));
            AddLatestDetails(scans, common, result, latest, notes);
        }
        AttachDelivery(scans, common, result);
        AddHold(scans, common, result);
        AddDates(scans, common, result, context, notes);

        yield return DecodedItem.Of(scans.ToImmutable(), result.Original, result.Pointer, [.. notes]);
        if (broken is null) yield break;
        foreach (var item in broken) yield return item;
    }

    // ---- one event -------------------------------------------------------------------------------------------------------

    private static Scan Read(Scan common, FedExEvent told, ScanKind kind, OccurredTime occurred, List<DecodeProblem> notes)
    {
        var code = told.Code ?? told.DerivedCode;
        var meaning = Events.Of(code);
        var reason = ReasonOf(told.ReasonCode, told.ReasonText);
        var (status, modifiers, why, subStatus) = (meaning.Status, meaning.Modifiers, meaning.Reason, meaning.SubStatus);
        if (reason is not null)
        {
            modifiers |= reason.Modifiers & ~Modifiers.Unmapped;
            if (reason.Reason != Reason.None) why = reason.Reason;
            subStatus = reason.SubStatus ?? subStatus;
            // A delivery exception says only that it was not delivered; its reason says whether they will try again.
            if (code == "DE" && reason.Status is { } told2) status = told2;
        }
        else if (told.ReasonCode is not null && why == Reason.None && status is Milestone.Exception or Milestone.AttemptFailed) why = Reason.Unknown;
        if ("DELAYED".Equals(told.DelayStatus, StringComparison.OrdinalIgnoreCase))
        {
            var delay = Delays.Find(told.DelayType);
            modifiers |= Modifiers.Delayed | (delay?.Modifiers ?? 0);
            if (why == Reason.None && delay is not null) why = delay.Reason;
        }
        if (told is { Code: not null, DerivedCode: not null } && meaning.IsMapped && Events.Find(told.DerivedCode)?.Status is { } derived
            && status is { } own && own.IsTerminal() != derived.IsTerminal())
            notes.Add(new DecodeProblem("fedex.codes-disagree", $"{told.Pointer}: eventType {told.Code} and derivedStatusCode {told.DerivedCode} disagree; eventType was used."));
        if (occurred is { IsTold: true, Precision: Precision.Day }) modifiers |= Modifiers.DateOnly;

        // The reason's own words are kept where its code does not say them already.
        var text = told.Text is null ? told.ReasonText
            : told.ReasonText is null || told.ReasonText == told.Text || (told.ReasonCode is not null && Exceptions.Find(told.ReasonCode) is not null) ? told.Text
            : $"{told.Text}\n{told.ReasonText}";
        return common with
        {
            Kind = kind == ScanKind.Scan ? meaning.Kind : kind,
            Status = status,
            SubStatus = subStatus,
            Modifiers = modifiers,
            Reason = why,
            Raw = new RawCodes(Type: told.DerivedCode, Code: told.Code, ReasonCode: told.ReasonCode, Text: text),
            Occurred = occurred,
            Place = told.Place,
            Delivery = subStatus switch
            {
                "frontDoor" => new DeliveryProof(LeftAt: "front door", Images: []),
                "recipientAtOffice" => new DeliveryProof(LeftAt: "office", Images: []),
                _ => null,
            },
            Evidence = new Evidence(null, told.Pointer),
        };
    }

    private static CodeMeaning? ReasonOf(string? code, string? text)
        => code is null && text is null ? null : (code is null ? null : Exceptions.Find(code)) ?? Phrases.Find(text);

    // ---- the latest status -----------------------------------------------------------------------------------------------

    // Label-only parcels have no scans: the latest status is all there is. Its time stands beside it, if anywhere.
    private static Scan Snapshot(Scan common, FedExResult result, FedExEvent latest, FeedContext context, List<DecodeProblem> notes)
    {
        var when = latest.When is null ? OccurredTime.Untold : FedExTimes.Scan(latest, result.Network, context, out _);
        if (!when.IsTold && Events.Find(latest.Code ?? latest.DerivedCode)?.Status is { } status)
        {
            var type = status switch { Milestone.Delivered => "ACTUAL_DELIVERY", Milestone.Accepted => "ACTUAL_PICKUP", _ => null };
            if (result.Dates.Find(d => d.Type == type) is { } date) when = FedExTimes.System(date.When, context);
        }
        var first = latest.Ancillary?[0];
        var scan = Read(common, WithReason(latest, first), ScanKind.Snapshot, when, notes);
        return first?.Action is { } action ? scan with { Raw = scan.Raw! with { ReasonSubCode = action } } : scan;
    }

    // Beside scans the latest status tells nothing new, except for its reasons and actions, its delay, and a code that no scan has.
    private static void AddLatestDetails(ImmutableArray<Scan>.Builder scans, Scan common, FedExResult result, FedExEvent latest, List<DecodeProblem> notes)
    {
        var snapshot = result.Events.Count == 0;
        var told = false;
        for (var i = snapshot ? 1 : 0; i < (latest.Ancillary?.Count ?? 0); i++)
        {
            var detail = latest.Ancillary![i];
            if (detail.Action is null && result.Events.Exists(e => e.ReasonCode == detail.Reason && e.ReasonCode is not null)) continue;
            var scan = Read(common, WithReason(latest, detail), ScanKind.Information, OccurredTime.Untold, notes);
            scans.Add(scan with
            {
                Status = null,
                Modifiers = scan.Modifiers & ~Modifiers.Unmapped,
                Raw = scan.Raw! with { ReasonSubCode = detail.Action, Text = detail.ReasonText ?? scan.Raw.Text },
                Evidence = new Evidence(null, detail.Pointer),
            });
            told = true;
        }
        if (snapshot || told) return;
        var delayed = "DELAYED".Equals(latest.DelayStatus, StringComparison.OrdinalIgnoreCase)
            && !result.Events.Exists(e => "DELAYED".Equals(e.DelayStatus, StringComparison.OrdinalIgnoreCase));
        if (!delayed && (latest.Code is null || result.Events.Exists(e => e.Code == latest.Code))) return;
        var information = Read(common, latest, ScanKind.Information, OccurredTime.Untold, notes);
        scans.Add(information with { Status = null, Modifiers = information.Modifiers & ~Modifiers.Unmapped });
    }

    private static FedExEvent WithReason(FedExEvent latest, FedExAncillary? detail) => detail is null ? latest : new FedExEvent
    {
        Pointer = latest.Pointer,
        Code = latest.Code,
        DerivedCode = latest.DerivedCode,
        Text = latest.Text,
        ReasonCode = detail.Reason,
        ReasonText = detail.ReasonText,
        Place = latest.Place,
        DelayType = latest.DelayType,
        DelaySubType = latest.DelaySubType,
        DelayStatus = latest.DelayStatus,
    };

    // ---- what stands beside the events -----------------------------------------------------------------------------------

    // Who took it and where belongs to the delivery; before one, the attempts belong to the last that failed.
    private static void AttachDelivery(ImmutableArray<Scan>.Builder scans, Scan common, FedExResult result)
    {
        var images = result.Images.Count == 0 ? [] : result.Images.ToImmutableArray();
        var proof = new DeliveryProof(result.SignedBy ?? result.ReceivedBy, result.DeliveredTo, null, result.Attempts, images);
        if (proof is { SignedBy: null, LeftAt: null, Attempts: null or 0 } && images.IsEmpty) return;

        var at = Newest(scans, s => s.Status == Milestone.Delivered);
        if (at < 0) at = Newest(scans, s => s.Status == Milestone.AttemptFailed || s.Raw?.Code == "DE");
        if (at >= 0)
        {
            var scan = scans[at];
            scans[at] = scan with
            {
                Delivery = proof with { LeftAt = proof.LeftAt ?? scan.Delivery?.LeftAt },
                Place = scan.Place ?? (scan.Status == Milestone.Delivered ? result.DeliveredAt : null),
            };
            return;
        }
        scans.Add(common with
        {
            Kind = ScanKind.Information,
            SubStatus = "deliveryDetails",
            Delivery = proof,
            Place = result.DeliveredAt,
            Evidence = new Evidence(null, $"{result.Pointer}/deliveryDetails"),
        });
    }

    private static int Newest(ImmutableArray<Scan>.Builder scans, Predicate<Scan> wanted)
    {
        var found = -1;
        for (var i = 0; i < scans.Count; i++)
            if (wanted(scans[i]) && (found < 0 || scans[i].Occurred.Earliest > scans[found].Occurred.Earliest))
                found = i;
        return found;
    }

    // Where to fetch it: the place of the pickup event when that has none of its own, else a fact of its own.
    private static void AddHold(ImmutableArray<Scan>.Builder scans, Scan common, FedExResult result)
    {
        if (result.Hold is null) return;
        var at = Newest(scans, s => s.Status == Milestone.AvailableForPickup);
        if (at >= 0 && scans[at].Place is null) { scans[at] = scans[at] with { Place = result.Hold }; return; }
        if (at >= 0 && scans[at].Place == result.Hold) return;
        scans.Add(common with
        {
            Kind = ScanKind.Information,
            SubStatus = "holdAtLocation",
            Place = result.Hold,
            Evidence = new Evidence(null, result.HoldPointer),
        });
    }

    private static void AddDates(ImmutableArray<Scan>.Builder scans, Scan common, FedExResult result, FeedContext context, List<DecodeProblem> notes)
    {
        EtaStatement? window = null;
        foreach (var told in result.Windows)
        {
            var eta = FedExTimes.Window(told, context, notes);
            if (eta is null) continue;
            if (told.Name == "estimatedDeliveryTimeWindow") window ??= eta;
            scans.Add(Promise(common, ScanKind.Estimate, told.Name, eta, told.Pointer));
        }
        foreach (var date in result.Dates)
        {
            var when = FedExTimes.System(date.When, context);
            if (!when.IsTold)
            {
                notes.Add(new DecodeProblem("time.impossible", $"{date.Pointer}: {date.Type} is no date that can be used."));
                continue;
            }
            switch (date.Type)
            {
                case "ESTIMATED_DELIVERY" when Covers(window, when): break;   // the window says the same, more finely
                case "ESTIMATED_DELIVERY": scans.Add(Promise(common, ScanKind.Estimate, date.Type, Eta(when, EtaKind.Estimated, date.Type), date.Pointer)); break;
                case "COMMITMENT": scans.Add(Promise(common, ScanKind.Estimate, date.Type, Eta(when, EtaKind.Scheduled, date.Type), date.Pointer)); break;
                case "APPOINTMENT_DELIVERY": scans.Add(Promise(common, ScanKind.Appointment, date.Type, Eta(when, EtaKind.Scheduled, date.Type), date.Pointer)); break;
                case "ACTUAL_PICKUP": break;   // the journey has it
                case "ACTUAL_DELIVERY" when Newest(scans, s => s.Status == Milestone.Delivered) >= 0: break;   // the delivery has it
                default:
                    scans.Add(common with
                    {
                        Kind = ScanKind.Information,
                        Raw = new RawCodes(Type: date.Type, Text: date.When),
                        Occurred = when,
                        Modifiers = when.Precision == Precision.Day ? Modifiers.DateOnly : 0,
                        Evidence = new Evidence(null, date.Pointer),
                    });
                    break;
            }
        }
    }

    private static Scan Promise(Scan common, ScanKind kind, string type, EtaStatement eta, string pointer)
        => common with { Kind = kind, Raw = new RawCodes(Type: type), Eta = eta, Evidence = new Evidence(null, pointer) };

    private static EtaStatement Eta(OccurredTime when, EtaKind kind, string source) => new(when.Local, when.Local, null, when.Precision, kind, source);

    private static bool Covers(EtaStatement? window, OccurredTime when)
        => window is { From: { } from, To: { } to } && when.Local is { } at && (when.Precision == Precision.Day
            ? at.Date >= from.Date && at.Date <= to.Date
            : at >= from && at <= to);

    private static ImmutableArray<TrackingLink> Links(FedExResult result, string number)
    {
        var links = ImmutableArray.CreateBuilder<TrackingLink>();
        if (TrackingNumber.TryNormalize(result.AskedNumber, out var asked) && asked != number) links.Add(new TrackingLink("alternate", Slug, asked));
        foreach (var (type, value) in result.Identifiers)
        {
            if (value == result.Number || links.Count >= 20) continue;
            var kind = type.ToUpperInvariant() switch
            {
                "STANDARD_MPS" or "GROUND_SHIPMENT_ID" or "GROUP_MPS" => "master",
                "TRACKING_NUMBER_OR_DOORTAG" or "TRACKING_NUMBER" or "EXPRESS_ALTERNATE_REFERENCE" => "alternate",
                "USPS" or "USPS_TRACKING_NUMBER" => "handover",
                "RETURNED_TO_SHIPPER_TRACKING_NUMBER" or "RETURN_TRACKING_NUMBER" or "RMA" => "return",
                _ => "reference",
            };
            var link = new TrackingLink(kind, kind == "handover" ? "usps" : kind == "reference" ? null : Slug, value);
            if (!links.Contains(link)) links.Add(link);
        }
        return links.Count == 0 ? [] : links.ToImmutable();
    }

    private static JourneyHints? Journey(FedExResult result)
    {
        string? reference = null;
        foreach (var (type, value) in result.Identifiers)
            if (type.ToUpperInvariant() is "SHIPPER_REFERENCE" or "CUSTOMER_REFERENCE" && (reference is null || type.StartsWith("SHIPPER", StringComparison.OrdinalIgnoreCase)))
                reference = value;
        DateOnly? pickedUp = null;
        if (result.Dates.Find(d => d.Type == "ACTUAL_PICKUP") is { } pickup
            && DateText.TryIso(pickup.When, out var local, out _, out _) == DateReading.Told && local.Year >= 2000)
            pickedUp = DateOnly.FromDateTime(local);
        var hints = new JourneyHints(
            result.Service ?? result.Network,
            result.Origin?.Country, result.Origin?.Region, result.Origin?.PostalCode,
            result.Destination?.Country, result.Destination?.Region, result.Destination?.PostalCode, result.Destination?.City,
            result.WeightGrams, reference, pickedUp);
        return hints == new JourneyHints() ? null : hints;
    }
}
