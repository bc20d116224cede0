using System.Collections.Immutable;
using Tracking.Carriers.Json;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Ship24;

/// <summary>Ship24's webhook: a batch of trackings, each with its whole history. Times mostly have no zone, some have no time at all (<c>hasNoTime</c>).</summary>
public sealed class Ship24Decoder : JsonFeedDecoder
{
    private static readonly CodeTable Codes = CodeTable.Load("Ship24/ship24-codes.csv");

    public override string Format => "ship24";
    public override string Description => "Ship24 webhook (JSON, a batch of trackings)";

    /// <summary><c>Authorization: Bearer</c> and one of the feed's secrets. Nothing is signed; <c>metadata.messageId</c> is the delivery id.</summary>
    public override FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
    {
        if (credentials.Secrets.IsDefaultOrEmpty) return FeedProof.NothingConfigured;
        var name = credentials.Header ?? "Authorization";
        return FeedProof.SharedSecret(credentials with { Header = name }, asked => header(asked) is { } told && told.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? told[7..].Trim() : header(asked));
    }

    private protected override IEnumerable<DecodedItem> DecodeOne(JsonMessage message, JsonPart root, string pointer, FeedContext context)
    {
        var trackings = root["trackings"u8];
        var at = $"{pointer}/trackings";
        if (!trackings.Exists && root["data"u8]["trackings"u8] is { Exists: true } answered) (trackings, at) = (answered, $"{pointer}/data/trackings");
        if (!trackings.Exists)
        {
            if (root["tracker"u8].Exists || root["events"u8].Exists || root["shipment"u8].Exists) return Tracking(message, root, pointer, context);
            return [DecodedItem.Unreadable(message.Slice(root), pointer, "ship24.no-tracking", "The document holds no Ship24 tracking (trackings[].tracker).")];
        }
        var items = new List<DecodedItem>();
        var index = 0;
        foreach (var part in trackings.Items()) items.AddRange(Tracking(message, part, $"{at}/{index++}", context));
        if (items.Count == 0) items.Add(DecodedItem.Of([], message.Slice(root), pointer, new DecodeProblem("ship24.nothing-known", "The batch is empty.")));
        return items;
    }

    private static IEnumerable<DecodedItem> Tracking(JsonMessage message, JsonPart tracking, string pointer, FeedContext context)
    {
        var original = message.Slice(tracking);
        if (!tracking.IsObject) return [DecodedItem.Unreadable(original, pointer, "json.type", "A tracking is not an object.")];
        JsonPart tracker = tracking["tracker"u8], shipment = tracking["shipment"u8], events = tracking["events"u8];
        if (!TrackingNumber.TryNormalize(tracker.Text("trackingNumber"u8), out var number) && !TrackingNumber.TryNormalize(events[0].Text("trackingNumber"u8), out number))
            return [DecodedItem.Unreadable(original, pointer, "number.missing", "tracker.trackingNumber is missing or is no number.")];
        var carrier = FindCarrier(tracker, events, context);
        if (carrier is null)
        {
            if (events.Count == 0 && !shipment["statusMilestone"u8].Exists || "pending".Equals(shipment.Text("statusMilestone"u8), StringComparison.OrdinalIgnoreCase) && events.Count == 0)
                return [DecodedItem.Of([], original, pointer, new DecodeProblem("ship24.nothing-known", "Ship24 knows neither events nor carrier of this number yet."))];
            return [DecodedItem.Unreadable(original, pointer, "carrier.missing", "No courierCode names a carrier, and the feed has none configured.")];
        }

        var metadata = tracking["metadata"u8];
        var draft = new Draft(original, pointer);
        var common = new Scan
        {
            Carrier = carrier,
            TrackingNumber = number,
            PublishedAt = Instant(metadata.Text("generatedAt"u8)),
            Source = context.Source(Short(metadata, "messageId"u8)),
            Journey = Journey(tracker, shipment),
            Links = OtherNumbers(shipment, number),
        };
        var signedBy = Short(shipment["delivery"u8], "signedBy"u8);
        var index = 0;
        foreach (var happened in events.Items()) Event(draft, common, happened, $"{pointer}/events/{index++}", signedBy, context);

        if (index == 0 && Short(shipment, "statusMilestone"u8) is { } milestone)
        {
            var meaning = Codes.Of("milestone", milestone);
            if (!meaning.IsMapped) draft.Note("code.unmapped", $"Milestone '{milestone}' is not in the table.");
            if (meaning.Status is not null || !meaning.IsMapped)
                draft.Scans.Add(common with
                {
                    Kind = ScanKind.Snapshot, Status = meaning.Status, Modifiers = meaning.Modifiers, Reason = meaning.Reason,
                    Raw = new RawCodes(Type: Short(shipment, "statusCategory"u8), Code: Short(shipment, "statusCode"u8), SubCode: milestone),
                    Occurred = OccurredTime.Untold, Evidence = new Evidence(null, $"{pointer}/shipment/statusMilestone"),
                });
        }
        if (Window(shipment["delivery"u8].Text("estimatedDeliveryDate"u8), null, EtaKind.Estimated, "carrier", context) is { } eta)
            draft.Scans.Add(common with { Kind = ScanKind.Estimate, Eta = eta, Occurred = OccurredTime.Untold, Evidence = new Evidence(null, $"{pointer}/shipment/delivery/estimatedDeliveryDate") });
        if (draft.Scans.Count == 0) draft.Note("ship24.nothing-known", "The tracking holds no event yet.");
        return draft.Items();
    }

    private static void Event(Draft draft, Scan common, JsonPart happened, string pointer, string? signedBy, FeedContext context)
    {
        if (!happened.IsObject) { draft.Bad(new DecodeProblem("json.type", "An event is not an object."), pointer); return; }
        var location = happened["location"u8];
        var place = location.IsObject
            ? PlaceOf(Short(location, "city"u8), Short(location, "state"u8) ?? Short(location, "subdivision"u8), Short(location, "postCode"u8) ?? Short(location, "zip"u8), Short(location, "country"u8))
            : null;
        var occurred = Time(happened, place, context, out var problem, out var note);
        if (problem is not null) { draft.Bad(problem, pointer); return; }
        draft.Note(note);
        if (!occurred.IsTold) draft.Note("time.missing", $"{pointer} has no time.");

        // Codes are null on minor events; the milestone then repeats the shipment's state.
        var milestone = Short(happened, "statusMilestone"u8);
        var meaning = milestone is null ? new CodeMeaning(null) : Codes.Of("milestone", milestone);
        if (!meaning.IsMapped) draft.Note("code.unmapped", $"Milestone '{milestone}' is not in the table.");
        var links = common.Links;
        if (TrackingNumber.TryNormalize(happened.Text("eventTrackingNumber"u8), out var other) && !other.Equals(common.TrackingNumber, StringComparison.Ordinal))
        {
            var link = new TrackingLink("alternate", Carrier.TryNormalize(happened.Text("courierCode"u8), out var slug) ? slug : null, other);
            links = [.. links.Where(l => l.Number != other), link];
        }
        draft.Scans.Add(common with
        {
            Kind = meaning.Kind,
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Modifiers = meaning.Modifiers | DateOnlyFlag(occurred),
            Reason = meaning.Reason,
            Raw = new RawCodes(Type: Short(happened, "statusCategory"u8), Code: Short(happened, "statusCode"u8), SubCode: milestone,
                Text: happened.AsReceived("status"u8), LocationText: Short(location.AsReceived(), 2000)),
            Occurred = occurred,
            Place = place,
            Links = links,
            EventId = Short(happened, "eventId"u8),
            Delivery = signedBy is not null && meaning.Status == Milestone.Delivered ? new DeliveryProof(SignedBy: signedBy) : null,
            Evidence = new Evidence(null, pointer),
        });
    }

    private static OccurredTime Time(JsonPart happened, Place? place, FeedContext context, out DecodeProblem? problem, out DecodeProblem? note)
    {
        note = null;
        problem = null;
        var text = happened.Text("occurrenceDatetime"u8) ?? happened.Text("datetime"u8);
        var reading = DateText.TryIso(text, out var local, out var offset, out var precision);
        if (reading == DateReading.Impossible) { problem = EventTimes.Impossible(text); return OccurredTime.Untold; }
        if (reading != DateReading.Told) return OccurredTime.Untold;
        if ((problem = EventTimes.Implausible(local, context)) is not null) return OccurredTime.Untold;
        offset ??= Offset(happened["utcOffset"u8]);
        if (happened.Bool("hasNoTime"u8) == true) precision = Precision.Day;
        if (precision == Precision.Day)
        {
            var day = DateOnly.FromDateTime(local);
            return offset is { } known ? OccurredTime.On(day, known, ZoneSource.Explicit) : EventTimes.Date(day, place, context);
        }
        return offset is { } told ? EventTimes.FromOffset(local, told, precision) : EventTimes.Local(local, precision, place, context, out note);
    }

    // "+02:00" as a rule; hours or minutes as a number in older accounts.
    private static TimeSpan? Offset(JsonPart part)
    {
        if (part.Text() is not { } text) return null;
        if (DateText.TryOffset(text, out var offset)) return offset;
        return part.Number() is { } number && Math.Abs(number) <= 840 ? Math.Abs(number) <= 14 ? TimeSpan.FromHours(number) : TimeSpan.FromMinutes(number) : null;
    }

    private static string? FindCarrier(JsonPart tracker, JsonPart events, FeedContext context)
    {
        if (context.Carrier is { } configured) return configured;
        foreach (var code in tracker["courierCode"u8].Items()) if (Carrier.TryNormalize(code.Text(), out var slug)) return slug;
        foreach (var happened in events.Items()) if (Carrier.TryNormalize(happened.Text("courierCode"u8), out var slug)) return slug;
        return null;
    }

    private static ImmutableArray<TrackingLink> OtherNumbers(JsonPart shipment, string number)
    {
        ImmutableArray<TrackingLink>.Builder? links = null;
        foreach (var part in shipment["trackingNumbers"u8].Items())
        {
            if (!TrackingNumber.TryNormalize(part.Text("tn"u8) ?? part.Text(), out var other) || other.Equals(number, StringComparison.Ordinal) || links?.Count >= 20) continue;
            links ??= ImmutableArray.CreateBuilder<TrackingLink>();
            var link = new TrackingLink("alternate", null, other);
            if (!links.Contains(link)) links.Add(link);
        }
        return links?.ToImmutable() ?? [];
    }

    private static JourneyHints? Journey(JsonPart tracker, JsonPart shipment)
    {
        var to = shipment["recipient"u8];
        var hints = new JourneyHints(
            Service: Short(shipment["delivery"u8], "service"u8),
            OriginCountry: Countries.Alpha2OrAsTold(Short(shipment, "originCountryCode"u8)),
            DestinationCountry: Countries.Alpha2OrAsTold(Short(shipment, "destinationCountryCode"u8)), DestinationRegion: Short(to, "subdivision"u8),
            DestinationPostalCode: Short(to.Text("postCode"u8), 20), DestinationCity: Short(to, "city"u8),
            ShipperReference: Short(tracker, "shipmentReference"u8));
        return hints == Nothing ? null : hints;
    }

    private static readonly JourneyHints Nothing = new();
}
