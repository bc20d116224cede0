using System.Globalization;
using System.Text;
using System.Text.Json;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>Why a scan's JSON cannot be taken. Code is stable; detail is a sentence; pointer is a JSON pointer below the scan.</summary>
public sealed record ScanProblem(string Code, string Detail, string Pointer);

/// <summary>Which half of a scan is written: personal fields (names, streets, exact positions, images, free carrier text) are stored apart and sealed.</summary>
[Flags]
public enum ScanParts { Open = 1, Personal = 2, All = 3 }

/// <summary>
/// The one JSON form of a scan: what <c>decode</c> prints, what the journal keeps, and, with the flat names of the public surface
/// (<c>occurredAt</c>, <c>code</c>, <c>text</c>, <c>signedBy</c>), what <c>POST /v1/scans</c> takes. Unknown fields are ignored, so that a newer
/// sender or a newer release can say more.
/// </summary>
public static class ScanJson
{
    private static readonly JsonEncodedText
        TrackingNumberName = JsonEncodedText.Encode("trackingNumber"), CarrierName = JsonEncodedText.Encode("carrier"), UniqueIdName = JsonEncodedText.Encode("uniqueId"),
        PieceIdName = JsonEncodedText.Encode("pieceId"), LinksName = JsonEncodedText.Encode("links"), KindName = JsonEncodedText.Encode("kind"),
        NumberName = JsonEncodedText.Encode("number"), StatusName = JsonEncodedText.Encode("status"), SubStatusName = JsonEncodedText.Encode("subStatus"),
        ModifiersName = JsonEncodedText.Encode("modifiers"), ReasonName = JsonEncodedText.Encode("reason"), RawName = JsonEncodedText.Encode("raw"),
        TypeName = JsonEncodedText.Encode("type"), CodeName = JsonEncodedText.Encode("code"), SubCodeName = JsonEncodedText.Encode("subCode"),
        ReasonCodeName = JsonEncodedText.Encode("reasonCode"), ReasonSubCodeName = JsonEncodedText.Encode("reasonSubCode"), TextName = JsonEncodedText.Encode("text"),
        LangName = JsonEncodedText.Encode("lang"), LocationTextName = JsonEncodedText.Encode("locationText"), OccurredName = JsonEncodedText.Encode("occurred"),
        LocalName = JsonEncodedText.Encode("local"), OffsetName = JsonEncodedText.Encode("offset"), UtcName = JsonEncodedText.Encode("utc"),
        PrecisionName = JsonEncodedText.Encode("precision"), ZoneSourceName = JsonEncodedText.Encode("zoneSource"), PublishedAtName = JsonEncodedText.Encode("publishedAt"),
        ObservedAtName = JsonEncodedText.Encode("observedAt"), ReceivedAtName = JsonEncodedText.Encode("receivedAt"), PlaceName = JsonEncodedText.Encode("place"),
        LineName = JsonEncodedText.Encode("line"), CityName = JsonEncodedText.Encode("city"), RegionName = JsonEncodedText.Encode("region"),
        PostalCodeName = JsonEncodedText.Encode("postalCode"), CountryName = JsonEncodedText.Encode("country"), FacilityIdName = JsonEncodedText.Encode("facilityId"),
        FacilityTypeName = JsonEncodedText.Encode("facilityType"), LatName = JsonEncodedText.Encode("lat"), LonName = JsonEncodedText.Encode("lon"),
        GeoSourceName = JsonEncodedText.Encode("geoSource"), EtaName = JsonEncodedText.Encode("eta"), FromName = JsonEncodedText.Encode("from"), ToName = JsonEncodedText.Encode("to"),
        SourceName = JsonEncodedText.Encode("source"), DeliveryName = JsonEncodedText.Encode("delivery"), SignedByName = JsonEncodedText.Encode("signedBy"),
        LeftAtName = JsonEncodedText.Encode("leftAt"), RecipientTypeName = JsonEncodedText.Encode("recipientType"), AttemptsName = JsonEncodedText.Encode("attempts"),
        ImagesName = JsonEncodedText.Encode("images"), CodAmountName = JsonEncodedText.Encode("codAmount"), EventIdName = JsonEncodedText.Encode("eventId"),
        RetractsName = JsonEncodedText.Encode("retracts"), EvidenceName = JsonEncodedText.Encode("evidence"), PayloadIdName = JsonEncodedText.Encode("payloadId"),
        PointerName = JsonEncodedText.Encode("pointer"), FeedName = JsonEncodedText.Encode("feed"), ChannelName = JsonEncodedText.Encode("channel"),
        SignatureName = JsonEncodedText.Encode("signature"), SequenceName = JsonEncodedText.Encode("sequence"), JourneyName = JsonEncodedText.Encode("journey"),
        DedupKeyName = JsonEncodedText.Encode("dedupKey");

    private static readonly string[] Kinds = ["scan", "estimate", "appointment", "information", "retraction", "snapshot"];
    private static readonly string[] Precisions = ["second", "minute", "day"];
    private static readonly string[] ZoneSources = ["unknown", "explicit", "utcPair", "code", "place", "profile", "claimed"];
    private static readonly string[] EtaKinds = ["estimated", "scheduled", "rescheduled", "guaranteed", "predicted"];
    private static readonly string[] Signatures = ["notSupported", "absent", "verified", "failed"];

    // ---- writing ---------------------------------------------------------------------------------------------------------

    /// <summary>True when the scan has anything that must be sealed.</summary>
    public static bool HasPersonal(Scan scan)
        => scan.Raw is { Text: not null } or { LocationText: not null }
        || scan.Place is { Line: not null } or { Lat: not null } or { Lon: not null }
        || scan.Delivery is { } proof && (proof.SignedBy is not null || proof.LeftAt is not null || !proof.Images.IsDefaultOrEmpty || proof.CodAmount is not null);

    /// <summary>
    /// Writes a scan as one JSON object. With <see cref="ScanParts.All"/> it says everything, the <c>dedupKey</c> included; the open and the personal
    /// part alone are what the journal stores, and <see cref="TryRead"/> puts them together again by reading one after the other.
    /// </summary>
    public static void Write(Utf8JsonWriter json, Scan scan, ScanParts parts = ScanParts.All, DateTimeOffset? receivedAt = null)
    {
        var open = (parts & ScanParts.Open) != 0;
        var personal = (parts & ScanParts.Personal) != 0;
        json.WriteStartObject();
        if (open)
        {
            json.WriteString(TrackingNumberName, scan.TrackingNumber);
            json.WriteString(CarrierName, scan.Carrier);
            Text(json, UniqueIdName, scan.UniqueId);
            Text(json, PieceIdName, scan.PieceId);
            if (!scan.Links.IsDefaultOrEmpty)
            {
                json.WriteStartArray(LinksName);
                foreach (var link in scan.Links)
                {
                    json.WriteStartObject();
                    json.WriteString(KindName, link.Kind);
                    Text(json, CarrierName, link.Carrier);
                    json.WriteString(NumberName, link.Number);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            json.WriteString(KindName, Kinds[(int)scan.Kind]);
            if (scan.Status is { } status) json.WriteString(StatusName, status.Name());
            Text(json, SubStatusName, scan.SubStatus);
            if (scan.Modifiers != Modifiers.None)
            {
                json.WriteStartArray(ModifiersName);
                foreach (var name in scan.Modifiers.List()) json.WriteStringValue(name);
                json.WriteEndArray();
            }
            if (scan.Reason != Reason.None) json.WriteString(ReasonName, scan.Reason.Name());
        }
        WriteRaw(json, scan.Raw, open, personal);
        if (open)
        {
            WriteOccurred(json, scan.Occurred);
            if (scan.PublishedAt is { } published) json.WriteString(PublishedAtName, published);
            if (scan.ObservedAt is { } observed) json.WriteString(ObservedAtName, observed);
            if (receivedAt is { } received) json.WriteString(ReceivedAtName, received);
        }
        WritePlace(json, scan.Place, open, personal);
        if (open && scan.Eta is { } eta) WriteEta(json, eta);
        WriteDelivery(json, scan.Delivery, open, personal);
        if (open)
        {
            Text(json, EventIdName, scan.EventId);
            if (scan.Retracts is { } target)
            {
                json.WriteStartObject(RetractsName);
                Text(json, EventIdName, target.EventId);
                Text(json, TypeName, target.Type);
                Text(json, CodeName, target.Code);
                if (target.Local is { } local) json.WriteString(LocalName, local.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture));
                if (target.Status is { } status) json.WriteString(StatusName, status.Name());
                json.WriteEndObject();
            }
            if (scan.Evidence is { } evidence)
            {
                json.WriteStartObject(EvidenceName);
                Text(json, PayloadIdName, evidence.PayloadId);
                Text(json, PointerName, evidence.Pointer);
                json.WriteEndObject();
            }
            if (scan.Source is { } source)
            {
                json.WriteStartObject(SourceName);
                Text(json, FeedName, source.Feed);
                Text(json, ChannelName, source.Channel);
                json.WriteString(SignatureName, Signatures[(int)source.Signature]);
                Text(json, SequenceName, source.Sequence);
                json.WriteEndObject();
            }
            if (scan.Journey is { } journey) WriteJourney(json, journey);
            if (parts == ScanParts.All) json.WriteString(DedupKeyName, scan.Key.ToString());
        }
        json.WriteEndObject();
    }

    /// <summary>Writes <c>occurred</c> as every document of ours does.</summary>
    public static void WriteTime(Utf8JsonWriter json, in OccurredTime occurred) => WriteOccurred(json, occurred);

    /// <summary>Writes <c>raw</c>, <c>place</c>, <c>eta</c> and <c>delivery</c>, each only if there is something to say.</summary>
    public static void WriteParts(Utf8JsonWriter json, RawCodes? raw, Place? place, EtaStatement? eta, DeliveryProof? proof)
    {
        WriteRaw(json, raw, open: true, personal: true);
        WritePlace(json, place, open: true, personal: true);
        if (eta is not null) WriteEta(json, eta);
        WriteDelivery(json, proof, open: true, personal: true);
    }

    private static void WriteRaw(Utf8JsonWriter json, RawCodes? raw, bool open, bool personal)
    {
        if (raw is null) return;
        if (!open && raw is { Text: null, LocationText: null }) return;
        json.WriteStartObject(RawName);
        if (open)
        {
            Text(json, TypeName, raw.Type);
            Text(json, CodeName, raw.Code);
            Text(json, SubCodeName, raw.SubCode);
            Text(json, ReasonCodeName, raw.ReasonCode);
            Text(json, ReasonSubCodeName, raw.ReasonSubCode);
            Text(json, LangName, raw.Lang);
        }
        if (personal)
        {
            Text(json, TextName, raw.Text);
            Text(json, LocationTextName, raw.LocationText);
        }
        json.WriteEndObject();
    }

    private static void WriteOccurred(Utf8JsonWriter json, in OccurredTime occurred)
    {
        json.WriteStartObject(OccurredName);
        if (occurred.Local is { } local)
        {
            Span<char> text = stackalloc char[28];
            local.TryFormat(text, out var length, occurred.Precision switch { Precision.Day => "yyyy-MM-dd", Precision.Minute => "yyyy-MM-dd'T'HH:mm", _ => "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF" }, CultureInfo.InvariantCulture);
            json.WriteString(LocalName, text[..length]);
            if (occurred.Offset is { } offset) json.WriteString(OffsetName, FormatOffset(offset, stackalloc char[8]));
            if (occurred.Utc is { } utc)
            {
                utc.UtcDateTime.TryFormat(text, out length, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);
                text[length++] = 'Z';
                json.WriteString(UtcName, text[..length]);
            }
            json.WriteString(PrecisionName, Precisions[(int)occurred.Precision]);
        }
        json.WriteString(ZoneSourceName, ZoneSources[(int)occurred.ZoneSource]);
        json.WriteEndObject();
    }

    private static void WritePlace(Utf8JsonWriter json, Place? place, bool open, bool personal)
    {
        if (place is null) return;
        if (!open && place is { Line: null, Lat: null, Lon: null }) return;
        json.WriteStartObject(PlaceName);
        if (personal) Text(json, LineName, place.Line);
        if (open)
        {
            Text(json, CityName, place.City);
            Text(json, RegionName, place.Region);
            Text(json, PostalCodeName, place.PostalCode);
            Text(json, CountryName, place.Country);
            Text(json, FacilityIdName, place.FacilityId);
            Text(json, FacilityTypeName, place.FacilityType);
            Text(json, GeoSourceName, place.GeoSource);
        }
        if (personal && place.Lat is { } lat) json.WriteNumber(LatName, lat);
        if (personal && place.Lon is { } lon) json.WriteNumber(LonName, lon);
        json.WriteEndObject();
    }

    public static void WriteEta(Utf8JsonWriter json, EtaStatement eta)
    {
        json.WriteStartObject(EtaName);
        var format = eta.Precision switch { Precision.Day => "yyyy-MM-dd", Precision.Minute => "yyyy-MM-dd'T'HH:mm", _ => "yyyy-MM-dd'T'HH:mm:ss" };
        if (eta.From is { } from) json.WriteString(FromName, from.ToString(format, CultureInfo.InvariantCulture));
        if (eta.To is { } to) json.WriteString(ToName, to.ToString(format, CultureInfo.InvariantCulture));
        if (eta.Offset is { } offset) json.WriteString(OffsetName, FormatOffset(offset));
        json.WriteString(PrecisionName, Precisions[(int)eta.Precision]);
        json.WriteString(KindName, EtaKinds[(int)eta.Kind]);
        Text(json, SourceName, eta.Source);
        json.WriteEndObject();
    }

    private static void WriteDelivery(Utf8JsonWriter json, DeliveryProof? proof, bool open, bool personal)
    {
        if (proof is null) return;
        var hasPersonal = proof.SignedBy is not null || proof.LeftAt is not null || !proof.Images.IsDefaultOrEmpty || proof.CodAmount is not null;
        if (!open && !hasPersonal) return;
        json.WriteStartObject(DeliveryName);
        if (personal)
        {
            Text(json, SignedByName, proof.SignedBy);
            Text(json, LeftAtName, proof.LeftAt);
            if (!proof.Images.IsDefaultOrEmpty)
            {
                json.WriteStartArray(ImagesName);
                foreach (var image in proof.Images) json.WriteStringValue(image);
                json.WriteEndArray();
            }
            Text(json, CodAmountName, proof.CodAmount);
        }
        if (open)
        {
            Text(json, RecipientTypeName, proof.RecipientType);
            if (proof.Attempts is { } attempts) json.WriteNumber(AttemptsName, attempts);
        }
        json.WriteEndObject();
    }

    private static void WriteJourney(Utf8JsonWriter json, JourneyHints journey)
    {
        json.WriteStartObject(JourneyName);
        Text(json, "service", journey.Service);
        Text(json, "originCountry", journey.OriginCountry);
        Text(json, "originRegion", journey.OriginRegion);
        Text(json, "originPostalCode", journey.OriginPostalCode);
        Text(json, "destinationCountry", journey.DestinationCountry);
        Text(json, "destinationRegion", journey.DestinationRegion);
        Text(json, "destinationPostalCode", journey.DestinationPostalCode);
        Text(json, "destinationCity", journey.DestinationCity);
        if (journey.WeightGrams is { } grams) json.WriteNumber("weightGrams", grams);
        Text(json, "shipperReference", journey.ShipperReference);
        if (journey.PickedUpOn is { } day) json.WriteString("pickedUpOn", day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter json, JsonEncodedText name, string? value)
    {
        if (value is not null) json.WriteString(name, value);
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null) json.WriteString(name, value);
    }

    /// <summary><c>-05:00</c>, <c>+05:45</c>.</summary>
    public static string FormatOffset(TimeSpan offset) => FormatOffset(offset, stackalloc char[8]).ToString();

    private static ReadOnlySpan<char> FormatOffset(TimeSpan offset, Span<char> text)
    {
        text.TryWrite(CultureInfo.InvariantCulture, $"{(offset < TimeSpan.Zero ? '-' : '+')}{Math.Abs(offset.Hours):00}:{Math.Abs(offset.Minutes):00}", out var length);
        return text[..length];
    }

    // ---- reading ---------------------------------------------------------------------------------------------------------

    /// <summary>
    /// Reads one scan. The reader stands on its opening brace and ends on its closing brace, also after a problem, so that neighbours can be read.
    /// A number or carrier is normalised. Throws <see cref="JsonException"/> only where the text is no JSON.
    /// </summary>
    /// <param name="personal">The sealed part of the same scan, as <see cref="Write"/> made it; read into the result.</param>
    /// <param name="unlessTold">The source of a scan that names none.</param>
    public static Scan? TryRead(ref Utf8JsonReader json, out ScanProblem? problem, out DateTimeOffset? receivedAt, ReadOnlySpan<byte> personal = default, ScanSource? unlessTold = null)
    {
        var draft = new Draft(unlessTold);
        draft.Read(ref json);
        if (!personal.IsEmpty)
        {
            var sealedPart = new Utf8JsonReader(personal);
            sealedPart.Read();
            draft.ForgetSeen();
            draft.Read(ref sealedPart);
        }
        receivedAt = draft.ReceivedAt;
        return draft.Finish(out problem);
    }

    /// <summary>Reads a local time as written: <c>2025-03-11</c>, <c>2025-03-11T07:45</c>, <c>2025-03-11T07:45:02[.fff]</c>, each with an optional <c>Z</c> or offset. A space may stand for the T.</summary>
    public static bool TryReadTime(string? text, out OccurredTime time)
    {
        time = default;
        if (text is null || text.Length is < 10 or > 40) return false;
        var span = text.AsSpan();
        if (!TryReadDay(span[..10], out var day)) return false;
        if (span.Length == 10) { time = OccurredTime.On(day); return true; }
        if (span[10] is not ('T' or 't' or ' ')) return false;
        span = span[11..];
        if (span.Length < 5 || span[2] != ':' || !TwoDigits(span, out var hour) || !TwoDigits(span[3..], out var minute) || hour > 23 || minute > 59) return false;
        span = span[5..];
        var precision = Precision.Minute;
        long ticks = 0;
        if (span.Length > 0 && span[0] == ':')
        {
            if (span.Length < 3 || !TwoDigits(span[1..], out var second) || second > 60) return false;
            if (second == 60) second = 59;   // a leap second is the second before it
            ticks = second * TimeSpan.TicksPerSecond;
            precision = Precision.Second;
            span = span[3..];
            if (span.Length > 1 && span[0] is '.' or ',')
            {
                var end = 1;
                long unit = TimeSpan.TicksPerSecond / 10;
                while (end < span.Length && char.IsAsciiDigit(span[end])) { ticks += (span[end] - '0') * unit; unit /= 10; end++; }
                if (end == 1) return false;
                span = span[end..];
            }
        }
        var local = day.ToDateTime(new TimeOnly(hour, minute)).AddTicks(ticks);
        if (span.IsEmpty) { time = OccurredTime.AtLocal(local, precision); return true; }
        if (!TryReadOffset(span, out var offset)) return false;
        var utc = local.Ticks - offset.Ticks;
        if (utc < DateTime.MinValue.Ticks || utc > DateTime.MaxValue.Ticks) return false;
        time = new OccurredTime(local, offset, new DateTimeOffset(utc, TimeSpan.Zero), precision, ZoneSource.Explicit);
        return true;
    }

    /// <summary>Reads <c>yyyy-MM-dd</c>. By hand: every scan has several days in it, and the framework's exact parsing was a twentieth of reading a journal.</summary>
    public static bool TryReadDay(ReadOnlySpan<char> text, out DateOnly day)
    {
        day = default;
        if (text.Length != 10 || text[4] != '-' || text[7] != '-') return false;
        if (!TwoDigits(text, out var century) || !TwoDigits(text[2..], out var year) || !TwoDigits(text[5..], out var month) || !TwoDigits(text[8..], out var date)) return false;
        year += century * 100;
        if (year < 1 || month is < 1 or > 12 || date < 1 || date > DateTime.DaysInMonth(year, month)) return false;
        day = new DateOnly(year, month, date);
        return true;
    }

    public static bool TryReadOffset(ReadOnlySpan<char> span, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (span is "Z" or "z") return true;
        if (span.Length is not (5 or 6) || span[0] is not ('+' or '-')) return false;
        if (!TwoDigits(span[1..], out var hours)) return false;
        var rest = span[3] == ':' ? span[4..] : span[3..];
        if (rest.Length != 2 || !TwoDigits(rest, out var minutes) || hours > 18 || minutes > 59) return false;
        offset = new TimeSpan(hours, minutes, 0);
        if (offset > TimeSpan.FromHours(18)) return false;
        if (span[0] == '-') offset = -offset;
        return true;
    }

    private static bool TwoDigits(ReadOnlySpan<char> span, out int value)
    {
        value = 0;
        if (span.Length < 2 || !char.IsAsciiDigit(span[0]) || !char.IsAsciiDigit(span[1])) return false;
        value = (span[0] - '0') * 10 + span[1] - '0';
        return true;
    }

    // What has been read so far. A class of its own because a problem must not stop the reader before the closing brace.
    private struct Draft(ScanSource? unlessTold)
    {
        private ScanProblem? _problem;
        private ulong _seen;
        private string? _carrier, _number, _uniqueId, _pieceId, _subStatus, _eventId, _flatCode, _flatText;
        private bool _personalText, _hasTime;
        private ImmutableArray<TrackingLink> _links;
        private ScanKind _kind;
        private Milestone? _status;
        private Modifiers _modifiers;
        private Reason _reason;
        private RawCodes? _raw;
        private OccurredTime _occurred;
        private DateTimeOffset? _published, _observed;
        private Place? _place;
        private EtaStatement? _eta;
        private DeliveryProof? _delivery;
        private string? _signedBy;
        private RetractionTarget? _retracts;
        private Evidence? _evidence;
        private ScanSource? _source = unlessTold;
        private JourneyHints? _journey;

        public DateTimeOffset? ReceivedAt { get; private set; }

        public void ForgetSeen() => _seen = 0;

        public void Read(ref Utf8JsonReader json)
        {
            if (json.TokenType != JsonTokenType.StartObject)
            {
                Wrong("scan.not-an-object", "A scan is a JSON object.", "");
                json.Skip();
                return;
            }
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var name = Field(json.ValueSpan);
                if (name >= 0 && (_seen & (1UL << name)) != 0) Wrong("json.duplicate-key", $"The field {json.GetString()} is given twice.", "/" + json.GetString());
                if (name >= 0) _seen |= 1UL << name;
                json.Read();
                if (json.TokenType == JsonTokenType.Null) continue;
                switch (name)
                {
                    case 0: _number = String(ref json, "trackingNumber"); break;
                    case 1: _carrier = Word(ref json, "carrier"); break;
                    case 2: _uniqueId = String(ref json, "uniqueId", 100); break;
                    case 3: _pieceId = String(ref json, "pieceId", 100); break;
                    case 4: ReadLinks(ref json); break;
                    case 5: _kind = (ScanKind)Choice(ref json, "kind", Kinds); break;
                    case 6: ReadStatus(ref json); break;
                    case 7: _subStatus = Word(ref json, "subStatus", 100); break;
                    case 8: ReadModifiers(ref json); break;
                    case 9: ReadReason(ref json); break;
                    case 10: ReadRaw(ref json); break;
                    case 11: ReadOccurred(ref json); break;
                    case 12: ReadOccurredAt(ref json); break;
                    case 13: _published = Instant(ref json, "publishedAt"); break;
                    case 14: _observed = Instant(ref json, "observedAt"); break;
                    case 15: ReceivedAt = Instant(ref json, "receivedAt"); break;
                    case 16: ReadPlace(ref json); break;
                    case 17: ReadEta(ref json); break;
                    case 18: ReadDelivery(ref json); break;
                    case 19: _signedBy = String(ref json, "signedBy", 200); break;
                    case 20: _eventId = String(ref json, "eventId", 200); break;
                    case 21: ReadRetracts(ref json); break;
                    case 22: ReadEvidence(ref json); break;
                    case 23: ReadSource(ref json); break;
                    case 24: ReadJourney(ref json); break;
                    case 25: _flatCode = Word(ref json, "code", 100); break;
                    case 26: _flatText = String(ref json, "text", 16_384); _personalText = true; break;
                    default: json.Skip(); break;
                }
            }
        }

        public readonly Scan? Finish(out ScanProblem? problem)
        {
            problem = _problem;
            if (problem is not null) return null;
            if (_number is null) { problem = new ScanProblem("scan.number-missing", "trackingNumber is missing.", "/trackingNumber"); return null; }
            if (!Vocabulary.TrackingNumber.TryNormalize(_number, out var number))
            {
                problem = new ScanProblem("scan.number-unreadable", "trackingNumber holds no letters and digits, or is longer than 64 of them.", "/trackingNumber");
                return null;
            }
            if (_carrier is null) { problem = new ScanProblem("scan.carrier-missing", "carrier is missing.", "/carrier"); return null; }
            if (!Vocabulary.Carrier.TryNormalize(_carrier, out var carrier))
            {
                problem = new ScanProblem("scan.carrier-unreadable", "carrier is neither a known name nor a slug of at most 40 letters, digits and hyphens.", "/carrier");
                return null;
            }
            if (!_hasTime) { problem = new ScanProblem("scan.time-missing", "occurredAt is missing: a scan says when it happened.", "/occurredAt"); return null; }

            var raw = _raw;
            if (_flatCode is not null || _personalText) raw = (raw ?? new RawCodes()) with { Code = _flatCode ?? raw?.Code, Text = _flatText ?? raw?.Text };
            var delivery = _delivery;
            if (_signedBy is not null) delivery = (delivery ?? new DeliveryProof()) with { SignedBy = _signedBy };
            return new Scan
            {
                Carrier = carrier, TrackingNumber = number, UniqueId = _uniqueId, PieceId = _pieceId, Links = _links.IsDefault ? [] : _links,
                Kind = _retracts is not null && _kind == ScanKind.Scan ? ScanKind.Retraction : _kind,
                Status = _status, SubStatus = _subStatus, Modifiers = _modifiers, Reason = _reason, Raw = raw, Occurred = _occurred,
                PublishedAt = _published, ObservedAt = _observed, Place = _place, Eta = _eta, Delivery = delivery, EventId = _eventId,
                Retracts = _retracts, Evidence = _evidence, Source = _source, Journey = _journey,
            };
        }

        private static int Field(ReadOnlySpan<byte> name) => name.Length switch
        {
            3 when name.SequenceEqual("eta"u8) => 17,
            3 when name.SequenceEqual("raw"u8) => 10,
            4 when name.SequenceEqual("kind"u8) => 5,
            4 when name.SequenceEqual("code"u8) => 25,
            4 when name.SequenceEqual("text"u8) => 26,
            5 when name.SequenceEqual("place"u8) => 16,
            5 when name.SequenceEqual("links"u8) => 4,
            6 when name.SequenceEqual("status"u8) => 6,
            6 when name.SequenceEqual("reason"u8) => 9,
            6 when name.SequenceEqual("source"u8) => 23,
            7 when name.SequenceEqual("carrier"u8) => 1,
            7 when name.SequenceEqual("eventId"u8) => 20,
            7 when name.SequenceEqual("pieceId"u8) => 3,
            7 when name.SequenceEqual("journey"u8) => 24,
            8 when name.SequenceEqual("occurred"u8) => 11,
            8 when name.SequenceEqual("uniqueId"u8) => 2,
            8 when name.SequenceEqual("delivery"u8) => 18,
            8 when name.SequenceEqual("signedBy"u8) => 19,
            8 when name.SequenceEqual("retracts"u8) => 21,
            8 when name.SequenceEqual("evidence"u8) => 22,
            9 when name.SequenceEqual("subStatus"u8) => 7,
            9 when name.SequenceEqual("modifiers"u8) => 8,
            10 when name.SequenceEqual("occurredAt"u8) => 12,
            10 when name.SequenceEqual("observedAt"u8) => 14,
            10 when name.SequenceEqual("receivedAt"u8) => 15,
            11 when name.SequenceEqual("publishedAt"u8) => 13,
            14 when name.SequenceEqual("trackingNumber"u8) => 0,
            _ => -1,
        };

        private void Wrong(string code, string detail, string pointer) => _problem ??= new ScanProblem(code, detail, pointer);

        private string? String(ref Utf8JsonReader json, string field, int limit = 200)
        {
            if (json.TokenType == JsonTokenType.Number)
            {
                // Numbers as numbers lose zeros; what is left is still what was sent.
                return Encoding.UTF8.GetString(json.ValueSpan);
            }
            if (json.TokenType != JsonTokenType.String)
            {
                Wrong("json.type", $"{field} is not a string.", "/" + field);
                json.Skip();
                return null;
            }
            string? text;
            try { text = json.GetString(); }
            catch (InvalidOperationException) { Wrong("json.text", $"{field} holds an unpaired surrogate or bytes that are no UTF-8.", "/" + field); return null; }
            if (text!.Length > limit) { Wrong("scan.too-long", $"{field} is longer than {limit} characters.", "/" + field); return null; }
            // U+0000 cannot be stored in text and means nothing in any feed.
            return text.Contains('\0', StringComparison.Ordinal) ? text.Replace("\0", "", StringComparison.Ordinal) : text;
        }

        // For fields whose texts repeat from scan to scan.
        private string? Word(ref Utf8JsonReader json, string field, int limit = 200)
            => json.TokenType == JsonTokenType.String && !json.ValueIsEscaped && json.ValueSpan.Length <= limit && Words.TryFind(json.ValueSpan, out var word) ? word : String(ref json, field, limit);

        private int Choice(ref Utf8JsonReader json, string field, string[] choices)
        {
            var text = Word(ref json, field);
            if (text is null) return 0;
            var at = Array.FindIndex(choices, c => c.Equals(text, StringComparison.OrdinalIgnoreCase));
            if (at < 0) Wrong("scan.unknown-word", $"{field} is '{Shorten(text)}'; it is one of {string.Join(", ", choices)}.", "/" + field);
            return Math.Max(at, 0);
        }

        private DateTimeOffset? Instant(ref Utf8JsonReader json, string field)
        {
            var text = String(ref json, field);
            if (text is null) return null;
            if (TryReadTime(text, out var time) && time.Utc is { } utc) return utc;
            Wrong("scan.time-unreadable", $"{field} is '{Shorten(text)}'; it is an RFC 3339 instant with an offset.", "/" + field);
            return null;
        }

        private void ReadStatus(ref Utf8JsonReader json)
        {
            var text = Word(ref json, "status");
            if (text is null) return;
            if (Milestones.TryParse(text, out var status)) _status = status == Milestone.Unknown ? null : status;
            else Wrong("scan.unknown-status", $"status is '{Shorten(text)}', which is none of the thirteen statuses.", "/status");
        }

        private void ReadReason(ref Utf8JsonReader json)
        {
            var text = Word(ref json, "reason");
            if (text is null) return;
            if (!Reasons.TryParse(text, out _reason)) Wrong("scan.unknown-word", $"reason is '{Shorten(text)}', which is none of our reasons.", "/reason");
        }

        private void ReadModifiers(ref Utf8JsonReader json)
        {
            if (json.TokenType != JsonTokenType.StartArray) { Wrong("json.type", "modifiers is not an array.", "/modifiers"); json.Skip(); return; }
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                var text = Word(ref json, "modifiers");
                if (text is null) continue;
                if (ModifierNames.TryParse(text, out var modifier)) _modifiers |= modifier;
                else Wrong("scan.unknown-word", $"'{Shorten(text)}' is none of our modifiers.", "/modifiers");
            }
        }

        private void ReadOccurredAt(ref Utf8JsonReader json)
        {
            var text = String(ref json, "occurredAt");
            if (text is null) return;
            if (!TryReadTime(text, out _occurred)) Wrong("scan.time-unreadable", $"occurredAt is '{Shorten(text)}'; it is an RFC 3339 time, or a local time or date without an offset.", "/occurredAt");
            _hasTime = true;
        }

        private void ReadOccurred(ref Utf8JsonReader json)
        {
            if (!Object(ref json, "occurred")) return;
            string? local = null, offset = null, utc = null;
            Precision? precision = null;
            var source = ZoneSource.Unknown;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var field = json.ValueTextEquals("local"u8) ? 0 : json.ValueTextEquals("offset"u8) ? 1 : json.ValueTextEquals("utc"u8) ? 2 : json.ValueTextEquals("precision"u8) ? 3 : json.ValueTextEquals("zoneSource"u8) ? 4 : -1;
                json.Read();
                if (json.TokenType == JsonTokenType.Null) continue;
                switch (field)
                {
                    case 0: local = String(ref json, "occurred/local"); break;
                    case 1: offset = Word(ref json, "occurred/offset"); break;
                    case 2: utc = String(ref json, "occurred/utc"); break;
                    case 3: precision = (Precision)Choice(ref json, "occurred/precision", Precisions); break;
                    case 4: source = (ZoneSource)Choice(ref json, "occurred/zoneSource", ZoneSources); break;
                    default: json.Skip(); break;
                }
            }
            _hasTime = true;
            if (local is null && utc is null) { _occurred = OccurredTime.Untold with { ZoneSource = source }; return; }
            if (!TryReadTime(local ?? utc, out var told)) { Wrong("scan.time-unreadable", $"occurred/local is '{Shorten(local ?? utc!)}'; it is a local time or date.", "/occurred/local"); return; }
            TimeSpan? shift = null;
            if (offset is not null)
            {
                if (!TryReadOffset(offset, out var o)) { Wrong("scan.time-unreadable", $"occurred/offset is '{Shorten(offset)}'; it looks like -05:00.", "/occurred/offset"); return; }
                shift = o;
            }
            DateTimeOffset? instant = null;
            if (utc is not null)
            {
                if (!TryReadTime(utc, out var t) || t.Utc is null) { Wrong("scan.time-unreadable", $"occurred/utc is '{Shorten(utc)}'; it is an instant ending in Z.", "/occurred/utc"); return; }
                instant = t.Utc;
            }
            _occurred = new OccurredTime(told.Local, shift ?? told.Offset, instant ?? told.Utc, precision ?? told.Precision, source);
        }

        private bool Object(ref Utf8JsonReader json, string field)
        {
            if (json.TokenType == JsonTokenType.StartObject) return true;
            Wrong("json.type", $"{field} is not an object.", "/" + field);
            json.Skip();
            return false;
        }

        private void ReadLinks(ref Utf8JsonReader json)
        {
            if (json.TokenType != JsonTokenType.StartArray) { Wrong("json.type", "links is not an array.", "/links"); json.Skip(); return; }
            var links = ImmutableArray.CreateBuilder<TrackingLink>();
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                if (!Object(ref json, "links")) continue;
                string? kind = null, carrier = null, number = null;
                while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
                {
                    var name = json.GetString();
                    json.Read();
                    if (json.TokenType == JsonTokenType.Null) continue;
                    switch (name)
                    {
                        case "kind": kind = String(ref json, "links/kind"); break;
                        case "carrier": carrier = String(ref json, "links/carrier"); break;
                        case "number": number = String(ref json, "links/number"); break;
                        default: json.Skip(); break;
                    }
                }
                if (number is not null && links.Count < 100) links.Add(new TrackingLink(kind ?? "reference", carrier, number));
            }
            _links = links.ToImmutable();
        }

        private void ReadRaw(ref Utf8JsonReader json)
        {
            if (!Object(ref json, "raw")) return;
            var known = _raw;
            var (type, code, subCode, reason, subReason) = (known?.Type, known?.Code, known?.SubCode, known?.ReasonCode, known?.ReasonSubCode);
            var (said, lang, where) = (known?.Text, known?.Lang, known?.LocationText);
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var field = RawField(json.ValueSpan);
                json.Read();
                if (json.TokenType == JsonTokenType.Null) continue;
                switch (field)
                {
                    case 0: type = Word(ref json, "raw/type"); break;
                    case 1: code = Word(ref json, "raw/code"); break;
                    case 2: subCode = Word(ref json, "raw/subCode"); break;
                    case 3: reason = Word(ref json, "raw/reasonCode"); break;
                    case 4: subReason = Word(ref json, "raw/reasonSubCode"); break;
                    case 5: said = String(ref json, "raw/text", 16_384); break;
                    case 6: lang = Word(ref json, "raw/lang"); break;
                    case 7: where = String(ref json, "raw/locationText", 2_000); break;
                    default: json.Skip(); break;
                }
            }
            _raw = new RawCodes(type, code, subCode, reason, subReason, said, lang, where);
        }

        private static int RawField(ReadOnlySpan<byte> name) => name.Length switch
        {
            4 when name.SequenceEqual("type"u8) => 0,
            4 when name.SequenceEqual("code"u8) => 1,
            4 when name.SequenceEqual("text"u8) => 5,
            4 when name.SequenceEqual("lang"u8) => 6,
            7 when name.SequenceEqual("subCode"u8) => 2,
            10 when name.SequenceEqual("reasonCode"u8) => 3,
            12 when name.SequenceEqual("locationText"u8) => 7,
            13 when name.SequenceEqual("reasonSubCode"u8) => 4,
            _ => -1,
        };

        private void ReadPlace(ref Utf8JsonReader json)
        {
            if (!Object(ref json, "place")) return;
            var known = _place;
            var (line, city, region, postal, country) = (known?.Line, known?.City, known?.Region, known?.PostalCode, known?.Country);
            var (facility, facilityType, geoSource, lat, lon) = (known?.FacilityId, known?.FacilityType, known?.GeoSource, known?.Lat, known?.Lon);
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var field = PlaceField(json.ValueSpan);
                json.Read();
                if (json.TokenType == JsonTokenType.Null) continue;
                switch (field)
                {
                    case 0: line = String(ref json, "place/line", 500); break;
                    case 1: city = Word(ref json, "place/city"); break;
                    case 2: region = Word(ref json, "place/region"); break;
                    case 3: postal = Word(ref json, "place/postalCode", 20); break;
                    case 4: country = Country(ref json); break;
                    case 5: facility = Word(ref json, "place/facilityId"); break;
                    case 6: facilityType = Word(ref json, "place/facilityType"); break;
                    case 7: geoSource = Word(ref json, "place/geoSource"); break;
                    case 8: lat = Number(ref json, "place/lat"); break;
                    case 9: lon = Number(ref json, "place/lon"); break;
                    default: json.Skip(); break;
                }
            }
            _place = new Place(line, city, region, postal, country, facility, facilityType, lat, lon, geoSource);
        }

        private static int PlaceField(ReadOnlySpan<byte> name) => name.Length switch
        {
            3 when name.SequenceEqual("lat"u8) => 8,
            3 when name.SequenceEqual("lon"u8) => 9,
            4 when name.SequenceEqual("line"u8) => 0,
            4 when name.SequenceEqual("city"u8) => 1,
            6 when name.SequenceEqual("region"u8) => 2,
            7 when name.SequenceEqual("country"u8) => 4,
            9 when name.SequenceEqual("geoSource"u8) => 7,
            10 when name.SequenceEqual("postalCode"u8) => 3,
            10 when name.SequenceEqual("facilityId"u8) => 5,
            12 when name.SequenceEqual("facilityType"u8) => 6,
            _ => -1,
        };

        private string? Country(ref Utf8JsonReader json)
        {
            var text = Word(ref json, "place/country");
            return text is { Length: 2 } ? text.ToUpperInvariant() : text;
        }

        private double? Number(ref Utf8JsonReader json, string field)
        {
            if (json.TokenType == JsonTokenType.Number && json.TryGetDouble(out var number) && double.IsFinite(number)) return number;
            Wrong("json.type", $"{field} is not a number.", "/" + field);
            json.Skip();
            return null;
        }

        private void ReadEta(ref Utf8JsonReader json)
        {
            if (!Object(ref json, "eta")) return;
            string? from = null, to = null, offset = null, source = null;
            Precision? precision = null;
            var kind = EtaKind.Estimated;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var name = json.GetString();
                json.Read();
                if (json.TokenType == JsonTokenType.Null) continue;
                switch (name)
                {
                    case "from": from = String(ref json, "eta/from"); break;
                    case "to": to = String(ref json, "eta/to"); break;
                    case "offset": offset = String(ref json, "eta/offset"); break;
                    case "precision": precision = (Precision)Choice(ref json, "eta/precision", Precisions); break;
                    case "kind": kind = (EtaKind)Choice(ref json, "eta/kind", EtaKinds); break;
                    case "source": source = String(ref json, "eta/source"); break;
                    default: json.Skip(); break;
                }
            }
            OccurredTime first = default, last = default;
            if (from is not null && !TryReadTime(from, out first)) { Wrong("scan.time-unreadable", $"eta/from is '{Shorten(from)}'; it is a date or a time.", "/eta/from"); return; }
            if (to is not null && !TryReadTime(to, out last)) { Wrong("scan.time-unreadable", $"eta/to is '{Shorten(to)}'; it is a date or a time.", "/eta/to"); return; }
            if (first.Local is null && last.Local is null) return;
            if (first.Local is { } f && last.Local is { } l && l < f) { Wrong("scan.eta-backwards", "eta/to lies before eta/from.", "/eta"); return; }
            TimeSpan? shift = first.Offset ?? last.Offset;
            if (offset is not null && TryReadOffset(offset, out var o)) shift = o;
            _eta = new EtaStatement(first.Local ?? last.Local, last.Local ?? first.Local, shift, precision ?? (from is null ? last : first).Precision, kind, source);
        }

        private void ReadDelivery(ref Utf8JsonReader json)
        {
            if (!Object(ref json, "delivery")) return;
            var proof = _delivery ?? new DeliveryProof();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var name = json.GetString();
                json.Read();
                if (json.TokenType == JsonTokenType.Null) continue;
                proof = name switch
                {
                    "signedBy" => proof with { SignedBy = String(ref json, "delivery/signedBy") },
                    "leftAt" => proof with { LeftAt = String(ref json, "delivery/leftAt", 500) },
                    "recipientType" => proof with { RecipientType = String(ref json, "delivery/recipientType") },
                    "codAmount" => proof with { CodAmount = String(ref json, "delivery/codAmount") },
                    "attempts" => proof with { Attempts = (int?)Math.Clamp(Number(ref json, "delivery/attempts") ?? 0, 0, 1000) },
                    "images" => proof with { Images = Strings(ref json, "delivery/images") },
                    _ => Skipped(ref json, proof),
                };
            }
            _delivery = proof;
        }

        private ImmutableArray<string> Strings(ref Utf8JsonReader json, string field)
        {
            if (json.TokenType != JsonTokenType.StartArray) { Wrong("json.type", $"{field} is not an array.", "/" + field); json.Skip(); return []; }
            var list = ImmutableArray.CreateBuilder<string>();
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
                if (String(ref json, field, 2_000) is { } text && list.Count < 20)
                    list.Add(text);
            return list.ToImmutable();
        }

        private void ReadRetracts(ref Utf8JsonReader json)
        {
            if (json.TokenType == JsonTokenType.String) { _retracts = new RetractionTarget(EventId: String(ref json, "retracts")); return; }
            if (!Object(ref json, "retracts")) return;
            var target = new RetractionTarget();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var name = json.GetString();
                json.Read();
                if (json.TokenType == JsonTokenType.Null) continue;
                switch (name)
                {
                    case "eventId": target = target with { EventId = String(ref json, "retracts/eventId") }; break;
                    case "type": target = target with { Type = String(ref json, "retracts/type") }; break;
                    case "code": target = target with { Code = String(ref json, "retracts/code") }; break;
                    case "status":
                        if (Milestones.TryParse(String(ref json, "retracts/status"), out var status)) target = target with { Status = status };
                        else Wrong("scan.unknown-status", "retracts/status is none of the thirteen statuses.", "/retracts/status");
                        break;
                    case "local" or "occurredAt":
                        if (TryReadTime(String(ref json, "retracts/local"), out var time)) target = target with { Local = time.Local };
                        else Wrong("scan.time-unreadable", "retracts/local is no local time.", "/retracts/local");
                        break;
                    default: json.Skip(); break;
                }
            }
            _retracts = target;
        }

        private void ReadEvidence(ref Utf8JsonReader json)
        {
            if (!Object(ref json, "evidence")) return;
            string? payload = null, pointer = null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var name = json.GetString();
                json.Read();
                if (json.TokenType == JsonTokenType.Null) continue;
                switch (name)
                {
                    case "payloadId": payload = String(ref json, "evidence/payloadId"); break;
                    case "pointer": pointer = String(ref json, "evidence/pointer", 500); break;
                    default: json.Skip(); break;
                }
            }
            _evidence = new Evidence(payload, pointer);
        }

        private void ReadSource(ref Utf8JsonReader json)
        {
            if (!Object(ref json, "source")) return;
            string? feed = null, channel = null, sequence = null;
            var signature = SignatureState.NotSupported;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var field = json.ValueTextEquals("feed"u8) ? 0 : json.ValueTextEquals("channel"u8) ? 1 : json.ValueTextEquals("sequence"u8) ? 2 : json.ValueTextEquals("signature"u8) ? 3 : -1;
                json.Read();
                if (json.TokenType == JsonTokenType.Null) continue;
                switch (field)
                {
                    case 0: feed = Word(ref json, "source/feed"); break;
                    case 1: channel = Word(ref json, "source/channel"); break;
                    case 2: sequence = String(ref json, "source/sequence"); break;
                    case 3: signature = (SignatureState)Choice(ref json, "source/signature", Signatures); break;
                    default: json.Skip(); break;
                }
            }
            _source = new ScanSource(feed, channel, signature, sequence);
        }

        private void ReadJourney(ref Utf8JsonReader json)
        {
            if (!Object(ref json, "journey")) return;
            var journey = new JourneyHints();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var name = json.GetString();
                json.Read();
                if (json.TokenType == JsonTokenType.Null) continue;
                journey = name switch
                {
                    "service" => journey with { Service = String(ref json, "journey/service") },
                    "originCountry" => journey with { OriginCountry = String(ref json, "journey/originCountry") },
                    "originRegion" => journey with { OriginRegion = String(ref json, "journey/originRegion") },
                    "originPostalCode" => journey with { OriginPostalCode = String(ref json, "journey/originPostalCode") },
                    "destinationCountry" => journey with { DestinationCountry = String(ref json, "journey/destinationCountry") },
                    "destinationRegion" => journey with { DestinationRegion = String(ref json, "journey/destinationRegion") },
                    "destinationPostalCode" => journey with { DestinationPostalCode = String(ref json, "journey/destinationPostalCode") },
                    "destinationCity" => journey with { DestinationCity = String(ref json, "journey/destinationCity") },
                    "weightGrams" => journey with { WeightGrams = (int?)Math.Clamp(Number(ref json, "journey/weightGrams") ?? 0, 0, int.MaxValue) },
                    "shipperReference" => journey with { ShipperReference = String(ref json, "journey/shipperReference") },
                    "pickedUpOn" => journey with { PickedUpOn = TryReadTime(String(ref json, "journey/pickedUpOn"), out var day) ? DateOnly.FromDateTime(day.Local!.Value) : null },
                    _ => Skipped(ref json, journey),
                };
            }
            _journey = journey;
        }

        private static T Skipped<T>(ref Utf8JsonReader json, T value) { json.Skip(); return value; }

        private static string Shorten(string text) => text.Length <= 60 ? text : text[..60] + "…";
    }
}
