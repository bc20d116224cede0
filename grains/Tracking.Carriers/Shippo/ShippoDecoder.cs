using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Tracking.Carriers.Json;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Shippo;

/// <summary>
/// Shippo's <c>track_updated</c> webhook and its tracking object. The ids of history items change between two reads of one tracker, so they are never identity; their
/// times end in Z without always being UTC, so they are claimed.
/// </summary>
public sealed class ShippoDecoder : JsonFeedDecoder
{
    private const string SignatureHeader = "Shippo-Auth-Signature";
    private static readonly CodeTable Codes = CodeTable.Load("Shippo/shippo-codes.csv");

    // What an item without substatus says in words, spelled as the substatus that newer items have; the first match wins.
    private static readonly (string Phrase, string Substatus)[] Phrases =
    [
        ("notice left", "notice_left"), ("out for delivery", "out_for_delivery"), ("delivery attempt", "delivery_attempted"), ("attempted", "delivery_attempted"),
        ("available for pickup", "pickup_available"), ("ready for pickup", "pickup_available"), ("label", "information_received"), ("awaiting", "information_received"),
        ("pre-shipment", "information_received"), ("information received", "information_received"), ("accept", "package_accepted"), ("picked up by", "package_accepted"),
        ("depart", "package_departed"), ("left ", "package_departed"), ("arriv", "package_arrived"), ("forwarded", "package_forwarded"), ("return", "return_to_sender"),
        ("damaged", "package_damaged"), ("lost", "package_lost"), ("delay", "delayed"), ("held", "package_held"), ("delivered", "delivered"),
        ("processed", "package_processed"), ("in transit", "package_processing"), ("processing", "package_processing"),
    ];

    public override string Format => "shippo";
    public override string Description => "Shippo track_updated webhook (JSON)";

    /// <summary>
    /// Shippo signs nothing by default: a secret is then a token that comes back in the configured header (<c>Authorization</c> for Basic credentials). Accounts
    /// with signing send <c>Shippo-Auth-Signature: t=…,v1=…</c>, HMAC-SHA256 in hex over <c>t.body</c>; it is checked whenever it is the configured header, or it is there and no header is configured.
    /// </summary>
    public override FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
    {
        if (credentials.Secrets.IsDefaultOrEmpty) return FeedProof.NothingConfigured;
        var signed = credentials.Header is null ? header(SignatureHeader) is { Length: > 0 } : credentials.Header.Equals(SignatureHeader, StringComparison.OrdinalIgnoreCase);
        if (!signed) return FeedProof.SharedSecret(credentials, header);
        if (header(SignatureHeader) is not { Length: > 0 } written) return WebhookSignatures.Missing(SignatureHeader);

        string? time = null;
        var signatures = new List<string>();
        foreach (var part in written.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.StartsWith("t=", StringComparison.Ordinal)) time ??= part[2..];
            else if (part.StartsWith("v1=", StringComparison.Ordinal) && signatures.Count < 10) signatures.Add(part[3..]);
        }
        if (time is null || signatures.Count == 0) return WebhookSignatures.Unreadable(SignatureHeader, "'t=<unix>,v1=<hex>'");
        if (WebhookSignatures.Stale(time, credentials, SignatureHeader) is { } stale) return stale;

        byte[] content = [.. Encoding.ASCII.GetBytes(time), (byte)'.', .. body];
        Span<byte> told = stackalloc byte[WebhookSignatures.Size];
        var matched = false;
        foreach (var signature in signatures)
            matched |= WebhookSignatures.TryHex(signature, told) && WebhookSignatures.AnyHmac(told, content, credentials);
        return matched ? FeedProof.Verified with { ReplayId = Convert.ToHexStringLower(SHA256.HashData(content)) } : WebhookSignatures.Wrong(SignatureHeader);
    }

    private protected override IEnumerable<DecodedItem> DecodeOne(JsonMessage message, JsonPart root, string pointer, FeedContext context)
    {
        var start = pointer;
        var data = root["data"u8];
        if (data.IsObject && (data["tracking_number"u8].Exists || data["tracking_status"u8].Exists)) pointer += "/data";
        else data = root;
        if (!data["tracking_number"u8].Exists && !data["tracking_history"u8].Exists)
        {
            // transaction_created and the like are no tracking, and no garbage either.
            if (root.Text("event"u8) is { } kind && kind != "track_updated")
                return [DecodedItem.Of([], message.Slice(root), pointer, new DecodeProblem("shippo.event-ignored", $"Event '{Short(kind)}' carries no tracking."))];
            return [DecodedItem.Unreadable(message.Slice(root), pointer, "shippo.no-tracking", "The document holds no Shippo tracker (data.tracking_number).")];
        }

        // Quarantined items come back as the tracker alone; the test flag stands outside it.
        var original = message.Slice(root);
        var told = data.Text("tracking_number"u8);
        var token = data.Text("carrier"u8);
        // Simulated numbers answer with one frozen status for everybody. The test flag with any other number is a rehearsal with real shapes.
        if ("shippo".Equals(token, StringComparison.OrdinalIgnoreCase) || told?.StartsWith("SHIPPO_", StringComparison.OrdinalIgnoreCase) == true)
            return [DecodedItem.Of([], original, pointer, new DecodeProblem("message.test", "A simulated number: it must not reach a parcel's state."))];
        if (!TrackingNumber.TryNormalize(told, out var number))
            return [DecodedItem.Unreadable(original, pointer, "number.missing", "tracking_number is missing or is no number.")];
        if (context.Carrier is not { } carrier && !Carrier.TryNormalize(token, out carrier))
            return [DecodedItem.Unreadable(original, pointer, "carrier.missing", "carrier is missing or names none, and the feed has none configured.")];

        var draft = new Draft(original, pointer, start);
        var common = new Scan { Carrier = carrier, TrackingNumber = number, Source = context.Source(), Journey = Journey(data), Links = Links(data) };
        var seen = new Dictionary<DedupKey, string?>();
        var index = 0;
        foreach (var item in data["tracking_history"u8].Items()) Item(draft, common, item, $"{pointer}/tracking_history/{index++}", seen, context);
        if (data["tracking_status"u8] is { IsObject: true } latest) Item(draft, common, latest, $"{pointer}/tracking_status", seen, context);

        // Midnight is a date; any other clock reading carries a Z that nobody vouches for.
        if (Window(data.Text("eta"u8), null, EtaKind.Estimated, "carrier", context, trustOffset: false) is { } eta)
            draft.Scans.Add(common with { Kind = ScanKind.Estimate, Eta = eta, Occurred = OccurredTime.Untold, Evidence = new Evidence(null, $"{pointer}/eta") });
        if (draft.Scans.Count == 0) draft.Note("shippo.nothing-known", "The tracker has no status yet.");
        return draft.Items();
    }

    private static void Item(Draft draft, Scan common, JsonPart item, string pointer, Dictionary<DedupKey, string?> seen, FeedContext context)
    {
        if (!item.IsObject) { draft.Bad(new DecodeProblem("json.type", "A history item is not an object."), pointer); return; }
        var occurred = OccurredTime.Untold;
        switch (DateText.TryIso(item.Text("status_date"u8), out var local, out var offset, out var precision))
        {
            case DateReading.Impossible: draft.Bad(EventTimes.Impossible(item.Text("status_date"u8)), pointer); return;
            case DateReading.Told when EventTimes.Implausible(local, context) is { } implausible: draft.Bad(implausible, pointer); return;
            case DateReading.Told: occurred = precision == Precision.Day ? OccurredTime.On(DateOnly.FromDateTime(local)) : EventTimes.Claimed(local, offset, precision); break;
            default: draft.Note("time.missing", $"{pointer} has no status_date."); break;
        }

        var status = Short(item, "status"u8);
        var detail = item.AsReceived("status_details"u8);
        var sub = item["substatus"u8];
        var code = Short(sub.IsObject ? sub.Text("code"u8) : sub.Text());
        var said = code ?? TextClass(detail);
        var meaning = Meaning(status, code, said, detail);
        if (!meaning.IsMapped) draft.Note("code.unmapped", $"Status '{status}' with substatus '{code}' is not in the table.");

        var location = item["location"u8];
        var scan = common with
        {
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Modifiers = meaning.Modifiers | DateOnlyFlag(occurred) | (sub.Bool("action_required"u8) == true ? Modifiers.ActionRequired : Modifiers.None),
            Reason = meaning.Reason,
            Raw = new RawCodes(Code: status, SubCode: said, Text: detail, LocationText: Short(location.Text(), 2000)),
            Occurred = occurred,
            ObservedAt = Instant(item.Text("object_created"u8)),
            Place = PlaceOf(Short(location, "city"u8), Short(location, "state"u8), Short(location, "zip"u8), Short(location, "country"u8)),
            Evidence = new Evidence(null, pointer),
        };
        // tracking_status repeats an item of the history. Items that differ only in words are two when their words are of no known class.
        if (!seen.TryAdd(scan.Key, Letters(detail)))
        {
            if (Letters(detail) == seen[scan.Key] || code is not null) return;
            scan = scan with { Raw = scan.Raw! with { SubCode = $"{said ?? "text"}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Letters(detail))))[..8]}" } };
            if (!seen.TryAdd(scan.Key, Letters(detail))) return;
        }
        draft.Scans.Add(scan);
    }

    private static CodeMeaning Meaning(string? status, string? code, string? said, string? detail)
    {
        var byStatus = status is null ? new CodeMeaning(null) : Codes.Of("status", status);
        switch (status?.ToUpperInvariant())
        {
            case "UNKNOWN":
                // Before PRE_TRANSIT existed, UNKNOWN was also "label created, awaiting item".
                return said == "information_received" ? byStatus with { Status = Milestone.LabelCreated } : byStatus;
            case "RETURNED":
                return detail is not null && detail.Contains("deliver", StringComparison.OrdinalIgnoreCase) && detail.Contains("sender", StringComparison.OrdinalIgnoreCase)
                    ? byStatus with { Status = Milestone.Returned } : byStatus;
            case "TRANSIT":
                return code is null ? byStatus : Codes.Find("substatus", code) ?? byStatus with { Modifiers = Modifiers.Unmapped };
            case "FAILURE":
                return code is null or "other" ? byStatus : Codes.Find("substatus", code) ?? byStatus with { Modifiers = Modifiers.Unmapped };
            default:
                return byStatus;
        }
    }

    private static string? TextClass(string? detail)
    {
        if (detail is null) return null;
        foreach (var (phrase, substatus) in Phrases)
            if (detail.Contains(phrase, StringComparison.OrdinalIgnoreCase))
                return substatus;
        return null;
    }

    private static string Letters(string? text) => text is null ? "" : string.Concat(text.Where(char.IsLetter)).ToUpperInvariant();

    private static ImmutableArray<TrackingLink> Links(JsonPart data)
        => Short(data.Text("transaction"u8), 100) is { } transaction ? [new TrackingLink("reference", null, transaction)] : [];

    private static JourneyHints? Journey(JsonPart data)
    {
        JsonPart from = data["address_from"u8], to = data["address_to"u8], service = data["servicelevel"u8];
        var hints = new JourneyHints(
            Service: Short(service.Text("name"u8) ?? service.Text("token"u8) ?? service.Text()),
            OriginCountry: Countries.Alpha2OrAsTold(Short(from, "country"u8)), OriginRegion: Short(from, "state"u8), OriginPostalCode: Short(from.Text("zip"u8), 20),
            DestinationCountry: Countries.Alpha2OrAsTold(Short(to, "country"u8)), DestinationRegion: Short(to, "state"u8), DestinationPostalCode: Short(to.Text("zip"u8), 20),
            DestinationCity: Short(to, "city"u8), ShipperReference: Short(data, "metadata"u8));
        return hints == Nothing ? null : hints;
    }

    private static readonly JourneyHints Nothing = new();
}
