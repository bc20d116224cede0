using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Tracking.Carriers.Json;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.SeventeenTrack;

/// <summary>
/// 17TRACK's v2 push. Every message repeats the whole history, newest first, of one or more providers (first and last mile) whose events overlap. What the
/// carrier's clock said (<c>time_raw</c>) comes before what 17TRACK made of it.
/// </summary>
public sealed class SeventeenTrackDecoder : JsonFeedDecoder
{
    private static readonly CodeTable Codes = CodeTable.Load("SeventeenTrack/seventeentrack-codes.csv");
    private static readonly FrozenDictionary<string, string> Carriers = LoadCarriers();

    public override string Format => "17track";
    public override string Description => "17TRACK v2 push (JSON)";

    /// <summary>
    /// <c>sign</c> is the hex SHA-256 of body, slash and API key: a plain hash, and reported rather than documented. A configured header other than <c>sign</c>
    /// is read as a shared secret instead.
    /// </summary>
    public override FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
    {
        if (credentials.Secrets.IsDefaultOrEmpty) return FeedProof.NothingConfigured;
        var name = credentials.Header ?? "sign";
        if (!name.Equals("sign", StringComparison.OrdinalIgnoreCase)) return FeedProof.SharedSecret(credentials, header);
        if (header(name) is not { Length: > 0 } written) return WebhookSignatures.Missing(name);
        Span<byte> told = stackalloc byte[WebhookSignatures.Size], expected = stackalloc byte[WebhookSignatures.Size];
        if (!WebhookSignatures.TryHex(written, told)) return WebhookSignatures.Unreadable(name, "SHA-256 in hex");
        var matched = false;
        foreach (var secret in credentials.Secrets)
        {
            byte[] content = [.. body, (byte)'/', .. Encoding.UTF8.GetBytes(secret)];
            SHA256.HashData(content, expected);
            matched |= CryptographicOperations.FixedTimeEquals(told, expected);
        }
        return matched ? FeedProof.Verified : WebhookSignatures.Wrong(name);
    }

    private protected override IEnumerable<DecodedItem> DecodeOne(JsonMessage message, JsonPart root, string pointer, FeedContext context)
    {
        var data = root["data"u8];
        if (data["accepted"u8] is { IsArray: true } accepted)
        {
            // The answer of the query API: the same objects, many at once.
            var items = new List<DecodedItem>();
            var index = 0;
            foreach (var part in accepted.Items()) items.AddRange(Tracking(message, part, part, $"{pointer}/data/accepted/{index}", $"{pointer}/data/accepted/{index++}", context, stopped: false));
            return items;
        }
        var stopped = "TRACKING_STOPPED".Equals(root.Text("event"u8), StringComparison.OrdinalIgnoreCase);
        if (data.IsObject) return Tracking(message, root, data, pointer, $"{pointer}/data", context, stopped);
        if (root["track_info"u8].Exists || root["number"u8].Exists) return Tracking(message, root, root, pointer, pointer, context, stopped);
        return [DecodedItem.Unreadable(message.Slice(root), pointer, "17track.no-tracking", "The document holds no 17TRACK tracking (data.number, data.track_info).")];
    }

    private static IEnumerable<DecodedItem> Tracking(JsonMessage message, JsonPart whole, JsonPart data, string start, string pointer, FeedContext context, bool stopped)
    {
        var original = message.Slice(whole);
        if (!TrackingNumber.TryNormalize(data.Text("number"u8), out var number))
            return [DecodedItem.Unreadable(original, pointer, "number.missing", "number is missing or is no number.")];
        var info = data["track_info"u8];
        var providers = info["tracking"u8]["providers"u8];
        if (FindCarrier(data.Text("carrier"u8), providers, context) is not { } carrier)
            return [DecodedItem.Unreadable(original, pointer, "carrier.missing", "carrier names none we know, no provider is named, and the feed has none configured.")];

        var draft = new Draft(original, pointer, start);
        var common = new Scan { Carrier = carrier, TrackingNumber = number, Source = context.Source(), Journey = Journey(data, info), Links = LastMile(info["misc_info"u8], number) };
        var providerIndex = 0;
        var events = 0;
        foreach (var provider in providers.Items())
        {
            var at = $"{pointer}/track_info/tracking/providers/{providerIndex++}";
            var own = common;
            if (ProviderSlug(provider) is { } slug && slug != carrier) own = common with { Links = common.Links.Insert(0, new TrackingLink("reference", slug, number)) };
            var index = 0;
            foreach (var happened in provider["events"u8].Items())
            {
                Event(draft, own, happened, $"{at}/events/{index++}", context);
                events++;
            }
        }

        var latest = info["latest_status"u8];
        string? status = Short(latest, "status"u8), sub = Short(latest, "sub_status"u8);
        var expired = "Expired".Equals(status, StringComparison.OrdinalIgnoreCase);
        if (status is not null && (events == 0 || expired))
        {
            var lone = info["latest_event"u8];
            if (events == 0 && lone.IsObject) Event(draft, common, lone, $"{pointer}/track_info/latest_event", context);
            else
            {
                var meaning = Meaning(status, sub, null);
                if (!meaning.IsMapped) draft.Note("code.unmapped", $"Status '{status}' with sub-status '{sub}' is not in the table.");
                if (meaning.Status is not null || expired || !meaning.IsMapped)
                    draft.Scans.Add(common with
                    {
                        Kind = meaning.Kind == ScanKind.Information ? ScanKind.Information : ScanKind.Snapshot,
                        Status = meaning.Status, SubStatus = meaning.SubStatus, Modifiers = meaning.Modifiers, Reason = meaning.Reason,
                        Raw = new RawCodes(Type: status, Code: sub, Text: latest.AsReceived("sub_status_descr"u8)),
                        Occurred = OccurredTime.Untold,
                        Evidence = new Evidence(null, $"{pointer}/track_info/latest_status"),
                    });
                else draft.Note("17track.nothing-known", $"The status is {status}: nothing is known of this number yet.");
            }
        }
        var promise = info["time_metrics"u8]["estimated_delivery_date"u8];
        if (Window(promise.Text("from"u8), promise.Text("to"u8), EtaKind.Estimated, promise.Text("source"u8), context) is { } eta)
            draft.Scans.Add(common with { Kind = ScanKind.Estimate, Eta = eta, Occurred = OccurredTime.Untold, Evidence = new Evidence(null, $"{pointer}/track_info/time_metrics/estimated_delivery_date") });
        if (stopped) draft.Note("17track.stopped", "17TRACK has stopped tracking this number; that says nothing about the parcel.");
        if (draft.Scans.Count == 0) draft.Note("17track.nothing-known", "The message holds no event.");
        return draft.Items();
    }

    private static void Event(Draft draft, Scan common, JsonPart happened, string pointer, FeedContext context)
    {
        if (!happened.IsObject) { draft.Bad(new DecodeProblem("json.type", "An event is not an object."), pointer); return; }
        var address = happened["address"u8];
        var coordinates = address["coordinates"u8];
        var place = PlaceOf(Short(address, "city"u8), Short(address, "state"u8), Short(address, "postal_code"u8), Short(address, "country"u8),
            coordinates.Number("latitude"u8), coordinates.Number("longitude"u8), Short(address.Text("street"u8), 500));
        var occurred = Time(happened, place, context, out var problem, out var note);
        if (problem is not null) { draft.Bad(problem, pointer); return; }
        draft.Note(note);
        if (!occurred.IsTold) draft.Note("time.missing", $"{pointer} has no time.");

        string? sub = Short(happened, "sub_status"u8), stage = Short(happened, "stage"u8);
        var meaning = Meaning(null, sub, stage);
        if (!meaning.IsMapped) draft.Note("code.unmapped", $"Sub-status '{sub}' (stage '{stage}') is not in the table.");
        draft.Scans.Add(common with
        {
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Modifiers = meaning.Modifiers | DateOnlyFlag(occurred),
            Reason = meaning.Reason,
            Raw = new RawCodes(Type: stage, Code: sub, Text: happened.AsReceived("description"u8), LocationText: Short(happened.AsReceived("location"u8), 2000)),
            Occurred = occurred,
            Place = place,
            Evidence = new Evidence(null, pointer),
        });
    }

    // time_raw is the carrier's clock reading; time_iso lends it the offset when both show the same reading, time_utc when they do not.
    private static OccurredTime Time(JsonPart happened, Place? place, FeedContext context, out DecodeProblem? problem, out DecodeProblem? note)
    {
        var raw = happened["time_raw"u8];
        var date = raw.Text("date"u8);
        var iso = happened.Text("time_iso"u8);
        var utcText = happened.Text("time_utc"u8);
        if (date is null)
        {
            if (iso is null && utcText is not null) iso = utcText;
            return EventTimes.Iso(iso, place, context, out problem, out note);
        }
        var clock = raw.Text("time"u8);
        var zone = raw.Text("timezone"u8);
        note = null;
        switch (DateText.TryIso(clock is null ? date : $"{date} {clock}", out var local, out var offset, out var precision))
        {
            case DateReading.Impossible: return EventTimes.Iso(iso ?? $"{date} {clock}", place, context, out problem, out note);
            case DateReading.Missing or DateReading.Placeholder: problem = null; return OccurredTime.Untold;
        }
        if ((problem = EventTimes.Implausible(local, context)) is not null) return OccurredTime.Untold;
        if (precision == Precision.Day) return EventTimes.Date(DateOnly.FromDateTime(local), place, context);
        if (offset is null && zone is not null && DateText.TryOffset(zone, out var named)) offset = named;
        if (offset is { } own) return EventTimes.FromOffset(local, own, precision);
        if (DateText.TryIso(iso, out var isoLocal, out var isoOffset, out _) == DateReading.Told && isoOffset is { } lent && isoLocal == local) return EventTimes.FromOffset(local, lent, precision);
        if (DateText.TryIso(utcText, out var utc, out var utcOffset, out var utcPrecision) == DateReading.Told && utcPrecision != Precision.Day)
            return EventTimes.UtcPair(local, utc - (utcOffset ?? TimeSpan.Zero), precision, place, context, out note);
        return EventTimes.Local(local, precision, place, context, out note);
    }

    private static CodeMeaning Meaning(string? status, string? sub, string? stage)
    {
        if (status is null && sub is null && stage is null) return new CodeMeaning(null);
        return (sub is null ? null : Codes.Find("sub", sub))
            ?? (stage is null ? null : Codes.Find("stage", stage))
            ?? Codes.Find("status", status ?? sub?.Split('_')[0])
            ?? CodeMeaning.Unmapped;
    }

    private static string? FindCarrier(string? told, JsonPart providers, FeedContext context)
    {
        if (context.Carrier is { } configured) return configured;
        if (told is not null && Carriers.TryGetValue(told, out var known)) return known;
        if (told is not null && told.AsSpan().ContainsAnyExceptInRange('0', '9') && Carrier.TryNormalize(told, out var named)) return named;
        foreach (var provider in providers.Items())
            if (ProviderSlug(provider) is { } slug)
                return slug;
        // A number of theirs that we do not know still tells one carrier from another.
        return told is not null && told != "0" && Carrier.TryNormalize($"17track-{told}", out var numbered) ? numbered : null;
    }

    // The number that the parcel has with the carrier of the last mile.
    private static ImmutableArray<TrackingLink> LastMile(JsonPart misc, string number)
    {
        if (!TrackingNumber.TryNormalize(misc.Text("local_number"u8), out var local) || local == number) return [];
        var carrier = misc["local_key"u8].Text() is { } key && Carriers.TryGetValue(key, out var known) ? known : Carrier.TryNormalize(misc.Text("local_provider"u8), out var slug) ? slug : null;
        return [new TrackingLink("handover", carrier, local)];
    }

    private static string? ProviderSlug(JsonPart provider)
    {
        var about = provider["provider"u8];
        if (about["key"u8].Text() is { } key && Carriers.TryGetValue(key, out var known)) return known;
        foreach (var name in (ReadOnlySpan<string?>)[about.Text("name"u8), about.Text("alias"u8), about.Text()])
            if (Carrier.TryNormalize(name, out var slug)) return slug;
        return null;
    }

    private static JourneyHints? Journey(JsonPart data, JsonPart info)
    {
        JsonPart from = info["shipping_info"u8]["shipper_address"u8], to = info["shipping_info"u8]["recipient_address"u8], misc = info["misc_info"u8];
        var hints = new JourneyHints(
            Service: Short(misc, "service_type"u8),
            OriginCountry: Countries.Alpha2OrAsTold(Short(from, "country"u8)), OriginRegion: Short(from, "state"u8), OriginPostalCode: Short(from.Text("postal_code"u8), 20),
            DestinationCountry: Countries.Alpha2OrAsTold(Short(to, "country"u8)), DestinationRegion: Short(to, "state"u8), DestinationPostalCode: Short(to.Text("postal_code"u8), 20),
            DestinationCity: Short(to, "city"u8),
            WeightGrams: misc.Number("weight_kg"u8) is { } kg and > 0 and < 100_000 ? (int)Math.Round(kg * 1000) : null,
            ShipperReference: Short(data.Text("tag"u8) ?? misc.Text("customer_number"u8)));
        return hints == Nothing ? null : hints;
    }

    private static readonly JourneyHints Nothing = new();

    private static FrozenDictionary<string, string> LoadCarriers()
    {
        using var stream = typeof(SeventeenTrackDecoder).Assembly.GetManifestResourceStream("SeventeenTrack/seventeentrack-carriers.csv")!;
        using var reader = new StreamReader(stream);
        reader.ReadLine();
        var carriers = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            var cells = line.Split(',');
            carriers.Add(cells[0], cells[1]);
        }
        return carriers.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
