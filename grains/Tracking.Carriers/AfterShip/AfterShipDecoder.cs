using System.Collections.Immutable;
using Tracking.Carriers.Json;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.AfterShip;

/// <summary>
/// AfterShip's tracking webhook and the tracking object of its API. Every message repeats the whole history; a checkpoint's time carries an offset where AfterShip
/// knows the zone and none where it does not.
/// </summary>
public sealed class AfterShipDecoder : JsonFeedDecoder
{
    private static readonly CodeTable Codes = CodeTable.Load("AfterShip/aftership-codes.csv");

    private static readonly HashSet<string> KnownSubtags = new(Codes.Rows.Select(r => r.Key[1]).Where(k => k != "*"), StringComparer.OrdinalIgnoreCase);

    public override string Format => "aftership";
    public override string Description => "AfterShip tracking webhook (JSON)";

    /// <summary>
    /// HMAC-SHA256 of the raw body in base64, in <c>aftership-hmac-sha256</c> only: sister products sign with the same scheme under other names, and one
    /// product's signature must not open another's door. An operator of an old account names its header. No time is signed: <c>event_id</c> tells a replay.
    /// </summary>
    public override FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
    {
        if (credentials.Secrets.IsDefaultOrEmpty) return FeedProof.NothingConfigured;
        var name = credentials.Header ?? "aftership-hmac-sha256";
        if (header(name) is not { Length: > 0 } written) return WebhookSignatures.Missing(name);
        if (written.StartsWith("hmac-sha256=", StringComparison.OrdinalIgnoreCase)) written = written["hmac-sha256=".Length..];
        Span<byte> told = stackalloc byte[WebhookSignatures.Size];
        if (!WebhookSignatures.TryBase64(written, told)) return WebhookSignatures.Unreadable(name, "HMAC-SHA256 in base64");
        return WebhookSignatures.AnyHmac(told, body, credentials) ? FeedProof.Verified with { ReplayId = EventId(body) } : WebhookSignatures.Wrong(name);
    }

    private static string? EventId(ReadOnlySpan<byte> body)
    {
        foreach (var document in JsonMessage.Read(body.ToArray()))
            using (document)
                return Short(document.Root, "event_id"u8);
        return null;
    }

    private protected override IEnumerable<DecodedItem> DecodeOne(JsonMessage message, JsonPart root, string pointer, FeedContext context)
    {
        var published = Unix(root["ts"u8]) ?? Instant(root.Text("ts"u8));
        var delivery = Short(root, "event_id"u8);
        var data = root["data"u8];
        if (root["msg"u8] is { IsObject: true } told) return Tracking(message, told, $"{pointer}/msg", published, delivery, context);
        if (data["tracking"u8] is { IsObject: true } one) return Tracking(message, one, $"{pointer}/data/tracking", published, delivery, context);
        if (data["trackings"u8] is { IsArray: true } many)
        {
            var items = new List<DecodedItem>();
            var index = 0;
            foreach (var part in many.Items()) items.AddRange(Tracking(message, part, $"{pointer}/data/trackings/{index++}", published, delivery, context));
            return items;
        }
        if (root["tracking_number"u8].Exists) return Tracking(message, root, pointer, published, delivery, context);
        if (data["tracking_number"u8].Exists) return Tracking(message, data, $"{pointer}/data", published, delivery, context);
        return [DecodedItem.Unreadable(message.Slice(root), pointer, "aftership.no-tracking", "The document holds no AfterShip tracking (msg, data.tracking or tracking_number).")];
    }

    private static IEnumerable<DecodedItem> Tracking(JsonMessage message, JsonPart tracking, string pointer, DateTimeOffset? published, string? delivery, FeedContext context)
    {
        var original = message.Slice(tracking);
        if (!TrackingNumber.TryNormalize(tracking.Text("tracking_number"u8), out var number))
            return [DecodedItem.Unreadable(original, pointer, "number.missing", "tracking_number is missing or is no number.")];
        var slug = tracking.Text("slug"u8);
        if (context.Carrier is not { } carrier && !Carrier.TryNormalize(slug, out carrier))
            return [DecodedItem.Unreadable(original, pointer, "carrier.missing", "slug is missing or names no carrier, and the feed has none configured.")];

        var draft = new Draft(original, pointer);
        var common = new Scan
        {
            Carrier = carrier,
            TrackingNumber = number,
            PublishedAt = published,
            Links = NextCarriers(tracking, number),
            Source = context.Source(delivery),
            Journey = Journey(tracking),
        };
        var signedBy = Short(tracking, "signed_by"u8);
        var index = 0;
        foreach (var checkpoint in tracking["checkpoints"u8].Items())
            Checkpoint(draft, common, checkpoint, $"{pointer}/checkpoints/{index++}", signedBy, slug, context);

        var tag = Short(tracking, "tag"u8);
        var subtag = Short(tracking, "subtag"u8);
        var expired = "Expired".Equals(tag, StringComparison.OrdinalIgnoreCase);
        if (tag is not null && (index == 0 || expired))
        {
            // Without history the tag is all there is; "Expired" is about AfterShip's own patience and never in a checkpoint.
            var meaning = Codes.Of(tag, subtag);
            if (!meaning.IsMapped) draft.Note("code.unmapped", $"Tag '{tag}' is not in the table.");
            if (meaning.Status is not null || expired || !meaning.IsMapped)
                draft.Scans.Add(common with
                {
                    Kind = expired ? ScanKind.Information : ScanKind.Snapshot,
                    Status = meaning.Status,
                    SubStatus = meaning.SubStatus,
                    Modifiers = meaning.Modifiers,
                    Reason = meaning.Reason,
                    Raw = new RawCodes(Type: tag, Code: subtag, Text: tracking.AsReceived("subtag_message"u8)),
                    Occurred = OccurredTime.Untold,
                    Delivery = signedBy is not null && meaning.Status == Milestone.Delivered ? new DeliveryProof(SignedBy: signedBy) : null,
                    Evidence = new Evidence(null, $"{pointer}/tag"),
                });
        }
        Estimates(draft, common, tracking, pointer, context);
        if (tracking.Bool("active"u8) == false) draft.Note("aftership.inactive", "AfterShip has stopped tracking this number; that says nothing about the parcel.");
        if (draft.Scans.Count == 0 && tag is not null) draft.Note("aftership.nothing-known", $"The tag is {tag}: AfterShip knows nothing of this number yet.");
        return draft.Items();
    }

    private static void Checkpoint(Draft draft, Scan common, JsonPart checkpoint, string pointer, string? signedBy, string? slug, FeedContext context)
    {
        if (!checkpoint.IsObject) { draft.Bad(new DecodeProblem("json.type", "A checkpoint is not an object."), pointer); return; }
        var coordinates = checkpoint["coordinates"u8] is { Exists: true, Count: > 0 } list ? list : checkpoint["coordinate"u8];
        var (lat, lon) = coordinates.IsObject
            ? (coordinates.Number("latitude"u8) ?? coordinates.Number("lat"u8), coordinates.Number("longitude"u8) ?? coordinates.Number("lng"u8) ?? coordinates.Number("lon"u8))
            : coordinates.Count == 2 && coordinates[0].Number() is { } first && coordinates[1].Number() is { } second && Math.Abs(first) > 90 ? (second, first) : ((double?)null, null);
        var place = PlaceOf(Short(checkpoint, "city"u8), Short(checkpoint, "state"u8), Short(checkpoint, "zip"u8),
            Short(checkpoint.Text("country_iso3"u8) ?? checkpoint.Text("country_region"u8) ?? checkpoint.Text("country_name"u8)), lat, lon);
        var occurred = EventTimes.Iso(checkpoint.Text("checkpoint_time"u8), place, context, out var problem, out var note);
        if (problem is not null) { draft.Bad(problem, pointer); return; }
        draft.Note(note);
        if (!occurred.IsTold) draft.Note("time.missing", $"{pointer} has no checkpoint_time.");

        string? tag = Short(checkpoint, "tag"u8), subtag = Short(checkpoint, "subtag"u8);
        // New subtags appear without warning; an unknown one means what the carrier's own code says, where we know it, else what its tag means.
        var rawTag = Short(checkpoint, "raw_tag"u8);
        var meaning = (subtag is not null && KnownSubtags.Contains(subtag) ? null : CarrierCodes.Find(common.Carrier, rawTag))
            ?? Codes.Of(tag ?? subtag?.Split('_')[0], subtag);
        if (tag is null && subtag is null && !meaning.IsMapped) meaning = new CodeMeaning(null);
        else if (!meaning.IsMapped) draft.Note("code.unmapped", $"Tag '{tag}' with subtag '{subtag}' is not in the table.");

        var reporter = Short(checkpoint, "slug"u8);
        var links = common.Links;
        if (reporter is not null && !reporter.Equals(slug, StringComparison.OrdinalIgnoreCase) && Carrier.TryNormalize(reporter, out var other) && other != common.Carrier)
            links = links.Add(new TrackingLink("reference", other, common.TrackingNumber));
        draft.Scans.Add(common with
        {
            Kind = meaning.Kind,
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Modifiers = meaning.Modifiers | DateOnlyFlag(occurred),
            Reason = meaning.Reason,
            Raw = new RawCodes(Type: tag, Code: subtag, SubCode: rawTag, Text: checkpoint.AsReceived("message"u8), LocationText: Short(checkpoint.AsReceived("location"u8), 2000)),
            Occurred = occurred,
            ObservedAt = Instant(checkpoint.Text("created_at"u8)),
            Place = place,
            Links = links,
            Delivery = signedBy is not null && meaning.Status == Milestone.Delivered ? new DeliveryProof(SignedBy: signedBy) : null,
            Evidence = new Evidence(null, pointer),
        });
    }

    private static void Estimates(Draft draft, Scan common, JsonPart tracking, string pointer, FeedContext context)
    {
        var latest = tracking["latest_estimated_delivery"u8];
        if (Read(latest, EtaKind.Estimated, null) is { } newest) Add(newest, "latest_estimated_delivery");
        else if (Window(tracking.Text("expected_delivery"u8), null, EtaKind.Estimated, "carrier", context) is { } expected) Add(expected, "expected_delivery");
        var predicted = tracking["aftership_estimated_delivery_date"u8];
        if (Read(predicted, EtaKind.Predicted, "aftership") is { } own) Add(own, "aftership_estimated_delivery_date");
        if (Read(tracking["custom_estimated_delivery_date"u8], EtaKind.Predicted, "custom") is { } custom) Add(custom, "custom_estimated_delivery_date");

        EtaStatement? Read(JsonPart part, EtaKind kind, string? source)
        {
            if (!part.Exists) return null;
            if (!part.IsObject) return Window(part.Text(), null, kind, source, context);
            source = part.Text("source"u8) ?? source ?? "carrier";
            if (source.Contains("aftership", StringComparison.OrdinalIgnoreCase) || source.Contains("custom", StringComparison.OrdinalIgnoreCase)) kind = EtaKind.Predicted;
            var from = part.Text("datetime_min"u8) ?? part.Text("estimated_delivery_date_min"u8);
            var to = part.Text("datetime_max"u8) ?? part.Text("estimated_delivery_date_max"u8);
            var single = part.Text("datetime"u8) ?? part.Text("estimated_delivery_date"u8);
            return Window(from ?? single, to ?? single, kind, source, context);
        }

        void Add(EtaStatement eta, string field)
        {
            foreach (var scan in draft.Scans) if (scan.Eta == eta) return;
            draft.Scans.Add(common with { Kind = ScanKind.Estimate, Eta = eta, Occurred = OccurredTime.Untold, Evidence = new Evidence(null, $"{pointer}/{field}") });
        }
    }

    private static ImmutableArray<TrackingLink> NextCarriers(JsonPart tracking, string number)
    {
        ImmutableArray<TrackingLink>.Builder? links = null;
        foreach (var next in tracking["next_couriers"u8].Items())
        {
            if (!TrackingNumber.TryNormalize(next.Text("tracking_number"u8), out var other) || links?.Count >= 20) continue;
            var link = new TrackingLink("handover", Carrier.TryNormalize(next.Text("slug"u8), out var carrier) ? carrier : null, other);
            if (other.Equals(number, StringComparison.Ordinal) && link.Carrier is null) continue;
            links ??= ImmutableArray.CreateBuilder<TrackingLink>();
            if (!links.Contains(link)) links.Add(link);
        }
        return links?.ToImmutable() ?? [];
    }

    private static JourneyHints? Journey(JsonPart tracking)
    {
        double? weight = tracking.Number("shipment_weight"u8);
        string? unit = tracking.Text("shipment_weight_unit"u8);
        if (weight is null && tracking["shipment_weight"u8] is { IsObject: true } both) (weight, unit) = (both.Number("value"u8), both.Text("unit"u8));
        var grams = (unit?.ToUpperInvariant()) switch
        {
            "KG" or "KGS" => weight * 1000, "G" or "GR" => weight, "LB" or "LBS" => weight * 453.59237, "OZ" => weight * 28.349523125, _ => null,
        };
        var hints = new JourneyHints(
            Service: Short(tracking.Text("shipment_type"u8) ?? tracking.Text("service_type_name"u8)),
            OriginCountry: Countries.Alpha2OrAsTold(Short(tracking.Text("origin_country_iso3"u8) ?? tracking.Text("origin_country_region"u8))),
            OriginRegion: Short(tracking, "origin_state"u8),
            OriginPostalCode: Short(tracking.Text("origin_postal_code"u8), 20),
            DestinationCountry: Countries.Alpha2OrAsTold(Short(tracking.Text("destination_country_iso3"u8) ?? tracking.Text("destination_country_region"u8))),
            DestinationRegion: Short(tracking, "destination_state"u8),
            DestinationPostalCode: Short(tracking.Text("destination_postal_code"u8) ?? tracking.Text("tracking_postal_code"u8), 20),
            DestinationCity: Short(tracking, "destination_city"u8),
            WeightGrams: grams is > 0 and < 100_000_000 ? (int)Math.Round(grams.Value) : null,
            ShipperReference: Short(tracking.Text("order_number"u8) ?? tracking.Text("order_id"u8)));
        return hints == Nothing ? null : hints;
    }

    private static readonly JourneyHints Nothing = new();
}
