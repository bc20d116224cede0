using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tracking.Carriers.Json;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.EasyPost;

/// <summary>
/// EasyPost tracker webhooks and tracker objects. Every message carries the whole history; what it says of time ends in <c>Z</c> and often means
/// the carrier's local clock, so its offset is kept as claimed and never believed.
/// </summary>
public sealed class EasyPostDecoder : FeedDecoder
{
    private static readonly CodeTable Codes = CodeTable.Load("EasyPost/easypost-codes.csv");

    public override string Format => "easypost";

    public override string Description => "EasyPost: tracker.created and tracker.updated webhooks, tracker objects";

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
    {
        foreach (var document in JsonMessage.Read(message))
        {
            using (document)
            {
                if (document.Problem is { } problem) { yield return document.Unreadable(problem.Code, problem.Detail); continue; }
                var root = document.Root;
                // A list answer of GET /trackers, or several events in one file.
                var list = root.IsArray ? root : root["trackers"u8] is { IsArray: true } trackers ? trackers : default;
                if (!list.Exists)
                {
                    foreach (var item in One(document, root, document.Pointer, context)) yield return item;
                    continue;
                }
                var pointer = root.IsArray ? document.Pointer : $"{document.Pointer}/trackers";
                var index = 0;
                foreach (var part in list.Items())
                    foreach (var item in One(document, part, $"{pointer}/{index++}", context))
                        yield return item;
            }
        }
    }

    private static List<DecodedItem> One(JsonMessage document, JsonPart part, string pointer, FeedContext context)
    {
        var original = document.Slice(part);
        var result = part["result"u8];
        var isEvent = part.Text("object"u8) is "Event" || (result.IsObject && part["tracking_code"u8].Kind == JsonValueKind.Undefined);
        var tracker = isEvent ? result : part;
        var here = isEvent ? $"{pointer}/result" : pointer;
        var kind = tracker.Text("object"u8);

        if (isEvent && (kind is not (null or "Tracker") || part.Text("description"u8) is { } what && !what.StartsWith("tracker", StringComparison.Ordinal)))
            return [DecodedItem.Of([], original, pointer, new DecodeProblem("object.ignored", $"An event about {kind ?? part.Text("description"u8)}, not about a tracker."))];
        if (!tracker.IsObject || (!isEvent && kind is not "Tracker" && !tracker["tracking_code"u8].Exists))
        {
            return part.Text("object"u8) is { } other
                ? [DecodedItem.Of([], original, pointer, new DecodeProblem("object.ignored", $"{other} is not a tracker."))]
                : [DecodedItem.Unreadable(original, pointer, "easypost.unknown-shape", "Neither an EasyPost event nor a tracker.")];
        }
        var written = tracker.Text("tracking_code"u8);
        // EZ1000000001 and its siblings answer with one frozen status for everybody. Test mode with any other number is a rehearsal with real shapes.
        var rehearsal = (part.Text("mode"u8) ?? tracker.Text("mode"u8)) is "test";
        if (rehearsal && written?.StartsWith("EZ", StringComparison.OrdinalIgnoreCase) == true)
            return [DecodedItem.Of([], original, pointer, new DecodeProblem("message.test", "A simulated number: it never becomes a parcel's history."))];
        if (!TrackingNumber.TryNormalize(written, out var number))
            return [DecodedItem.Unreadable(original, here, "number.missing", written is null ? "The tracker has no tracking_code." : $"'{written}' cannot be a tracking number.")];
        if (!Carrier.TryNormalize(tracker.Text("carrier"u8) ?? context.Carrier, out var carrier))
            return [DecodedItem.Unreadable(original, here, "carrier.missing", $"The tracker of {number} names no carrier, and the feed none either.")];

        return new TrackerReader(part, tracker, pointer, here, original, number, carrier, isEvent, context).Read();
    }

    /// <summary>
    /// Header <c>X-Hmac-Signature</c>: <c>hmac-sha256-hex=</c> and the HMAC-SHA256 of the raw body, keyed with the secret in Unicode form NFKD. EasyPost's body ends
    /// without a newline; one that a file or a tool appended is tried away. Without that header, HTTP Basic credentials may be the secret.
    /// </summary>
    public override FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
    {
        if (credentials.Secrets.IsDefaultOrEmpty) return FeedProof.NothingConfigured;
        var name = credentials.Header ?? "X-Hmac-Signature";
        if (header(name)?.Trim() is not { Length: > 0 } told)
        {
            return Basic(header("Authorization"), credentials) ? FeedProof.Verified with { ReplayId = EventId(body) }
                : new FeedProof(SignatureState.Absent, $"The header {name} is missing.");
        }
        var trimmed = body.EndsWith("\r\n"u8) ? body[..^2] : body.EndsWith("\n"u8) ? body[..^1] : body;
        foreach (var secret in credentials.Secrets)
        {
            if (ConstantTime.Equal(told, Signature(secret, body)) || (trimmed.Length != body.Length && ConstantTime.Equal(told, Signature(secret, trimmed))))
                return FeedProof.Verified with { ReplayId = EventId(body) };
        }
        return new FeedProof(SignatureState.Failed, $"The header {name} does not match the body with any live secret of this feed.");
    }

    private static string Signature(string secret, ReadOnlySpan<byte> body)
    {
        var key = Encoding.UTF8.GetBytes(secret.Normalize(NormalizationForm.FormKD));
        return "hmac-sha256-hex=" + Convert.ToHexStringLower(HMACSHA256.HashData(key, body));
    }

    private static bool Basic(string? authorization, FeedCredentials credentials)
    {
        if (authorization is null || !authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return false;
        var bytes = new byte[authorization.Length];
        if (!Convert.TryFromBase64String(authorization[6..].Trim(), bytes, out var length)) return false;
        var told = Encoding.UTF8.GetString(bytes.AsSpan(0, length));
        foreach (var secret in credentials.Secrets)
            if (ConstantTime.Equal(told, secret))
                return true;
        return false;
    }

    // The signature covers no time, so a repeat is known by the event's id alone.
    private static string? EventId(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body.StartsWith("\ufeff"u8) ? body[3..] : body, new JsonReaderOptions { MaxDepth = 64 });
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isId = json.ValueTextEquals("id"u8);
                json.Read();
                if (isId) return json.TokenType == JsonTokenType.String && json.ValueSpan.Length is > 0 and <= 200 ? json.GetString() : null;
                json.Skip();
            }
            return null;
        }
        catch (JsonException) { return null; }
        catch (InvalidOperationException) { return null; }
    }

    /// <summary>Reads one tracker. Its details are oldest first; the newest carries what the tracker says of the whole journey.</summary>
    private sealed class TrackerReader(
        JsonPart message, JsonPart tracker, string root, string pointer, ReadOnlyMemory<byte> original, string number, string carrier, bool isEvent, FeedContext context)
    {
        private readonly List<DecodeProblem> _notes = [];
        private readonly List<DecodedItem> _bad = [];
        private readonly ImmutableArray<Scan>.Builder _scans = ImmutableArray.CreateBuilder<Scan>();

        public List<DecodedItem> Read()
        {
            var written = Real(isEvent ? message["created_at"u8] : tracker["updated_at"u8]) ?? Real(tracker["updated_at"u8]) ?? Real(message["created_at"u8]);
            var common = new Scan
            {
                Carrier = carrier,
                TrackingNumber = number,
                Links = Links(),
                PublishedAt = written,
                Source = context.Source(),
                Journey = Journey(),
            };
            var details = tracker["tracking_details"u8];
            var status = tracker.Text("status"u8);
            var finalized = tracker["finalized"u8].Bool() == true;
            Details(details, common, finalized ? status : null, out var lastStatus);

            // The tracker's own status counts only where its history does not end in it: no history at all, or a status that the carrier took back.
            if (status is not null && !status.Equals(lastStatus, StringComparison.OrdinalIgnoreCase))
                Snapshot(common, status, finalized, Real(tracker["updated_at"u8]) ?? written);
            Proof();
            Estimates(common, Real(tracker["updated_at"u8]) ?? written);
            return [DecodedItem.Of(_scans.ToImmutable(), original, pointer, [.. _notes]) with { Root = root }, .. _bad];
        }

        private void Details(JsonPart details, Scan common, string? finalStatus, out string? lastStatus)
        {
            lastStatus = null;
            var index = 0;
            var physical = -1;
            var physicalAt = DateTime.MaxValue;
            foreach (var detail in details.Items())
            {
                var here = details.IsArray ? $"{pointer}/tracking_details/{index}" : $"{pointer}/tracking_details";
                index++;
                if (!detail.IsObject) continue;
                string? status = detail.Text("status"u8), fine = detail.Text("status_detail"u8), code = detail.Text("carrier_code"u8);
                lastStatus = status ?? lastStatus;
                var place = PlaceOf(detail["tracking_location"u8]);
                var occurred = Claimed(detail.Text("datetime"u8), place, out var problem);
                if (problem is not null)
                {
                    _bad.Add(DecodedItem.Unreadable(original, here, problem.Code, problem.Detail));
                    continue;
                }
                var meaning = Codes.Of(status, fine ?? "");
                // The carrier's own code knows more than the coarse status made of it.
                if (CarrierCodes.Find(carrier, code) is { Status: not null } own) meaning = own;
                var isLast = finalStatus is not null && status is not null && status.Equals(finalStatus, StringComparison.OrdinalIgnoreCase);
                var scan = common with
                {
                    Kind = meaning.Kind,
                    Status = meaning.Status,
                    SubStatus = fine is null || fine == status ? meaning.SubStatus : fine,
                    Reason = meaning.Reason,
                    Modifiers = meaning.Modifiers,
                    Raw = new RawCodes(status, code, fine, Text: detail.AsReceived("message"u8) ?? detail.AsReceived("description"u8)),
                    Occurred = occurred,
                    Place = place,
                    Evidence = new Evidence(null, here),
                };
                if (scan.Status is not (null or Milestone.LabelCreated or Milestone.Cancelled) && (physical < 0 || (occurred.Local ?? DateTime.MaxValue) < physicalAt))
                {
                    physical = _scans.Count;
                    physicalAt = occurred.Local ?? DateTime.MaxValue;
                }
                if (isLast) _final = _scans.Count;
                _scans.Add(scan);
            }
            // The first physical scan is where the carrier took the parcel, whatever the coarse status calls it.
            if (physical >= 0 && _scans[physical] is { Status: Milestone.InTransit } first) _scans[physical] = first with { Status = Milestone.Accepted };
            if (_final >= 0 && Final(_scans[_final]) is { } final) _scans[_final] = final;
        }

        private int _final = -1;

        // No more updates: what was on its way back is back, and what failed stays failed.
        private static Scan? Final(Scan scan) => scan.Status switch
        {
            Milestone.Returning => scan with { Status = Milestone.Returned },
            Milestone.Exception or Milestone.AttemptFailed => scan with { Status = Milestone.Failed },
            _ => null,
        };

        private void Snapshot(Scan common, string status, bool finalized, DateTimeOffset? at)
        {
            var fine = tracker.Text("status_detail"u8);
            var meaning = Codes.Of(status, fine ?? "");
            if (meaning.Status is null && meaning.IsMapped)
            {
                if (status is "error") _notes.Add(new DecodeProblem("carrier.error", "EasyPost's tracker failed; the last known status stands."));
                return;   // "unknown": nothing is known, which changes nothing
            }
            var scan = common with
            {
                Kind = ScanKind.Snapshot,
                Status = meaning.Status,
                SubStatus = fine is null || fine == status ? meaning.SubStatus : fine,
                Reason = meaning.Reason,
                Modifiers = meaning.Modifiers,
                Raw = new RawCodes(status, null, fine),
                Occurred = at is { } instant ? OccurredTime.At(instant) : OccurredTime.Untold,
                Evidence = new Evidence(null, $"{pointer}/status"),
            };
            if (finalized && Final(scan) is { } final) scan = final;
            _scans.Add(scan);
        }

        private void Proof()
        {
            if (tracker.Text("signed_by"u8) is not { } signedBy) return;
            for (var i = _scans.Count - 1; i >= 0; i--)
            {
                if (_scans[i].Status != Milestone.Delivered) continue;
                _scans[i] = _scans[i] with { Delivery = Ups.UpsCodes.Proof(signedBy, null, []) };   // EasyPost hands on UPS' DRIVER RELEASE as it is
                return;
            }
        }

        private void Estimates(Scan common, DateTimeOffset? at)
        {
            var detail = tracker["carrier_detail"u8];
            string? localDate = detail.Text("est_delivery_date_local"u8), localTime = detail.Text("est_delivery_time_local"u8), date = tracker.Text("est_delivery_date"u8);
            EtaStatement? eta = null;
            if (localDate is not null && DateText.TryIso(localDate, out var day, out _, out _) == DateReading.Told)
            {
                eta = localTime is not null && DateText.TryTime(localTime, out var time, out _, out _) == DateReading.Told
                    ? new EtaStatement(day.Date + time.ToTimeSpan(), day.Date + time.ToTimeSpan(), null, Precision.Minute, EtaKind.Estimated, "easypost")
                    : new EtaStatement(day.Date, day.Date, null, Precision.Day, EtaKind.Estimated, "easypost");
            }
            else if (date is not null)
            {
                switch (DateText.TryIso(date, out var told, out _, out var precision))
                {
                    case DateReading.Impossible: _notes.Add(EventTimes.Impossible(date)); break;
                    // Midnight is a day. Any other time has a Z that means as little as the others do: a local reading.
                    case DateReading.Told: eta = new EtaStatement(told, told, null, told.TimeOfDay == TimeSpan.Zero ? Precision.Day : precision, EtaKind.Estimated, "easypost"); break;
                }
            }
            if (eta is not null) Add(eta, "est_delivery_date", $"{pointer}/est_delivery_date");
            if (detail.Text("guaranteed_delivery_date"u8) is { } guaranteed && DateText.TryIso(guaranteed, out var by, out _, out var fineness) == DateReading.Told)
                Add(new EtaStatement(by, by, null, by.TimeOfDay == TimeSpan.Zero ? Precision.Day : fineness, EtaKind.Guaranteed, "easypost"), "guaranteed_delivery_date", $"{pointer}/carrier_detail/guaranteed_delivery_date");

            void Add(EtaStatement statement, string type, string where) => _scans.Add(common with
            {
                Kind = ScanKind.Estimate,
                Raw = new RawCodes(type),
                Eta = statement,
                Occurred = at is { } instant ? OccurredTime.At(instant) : OccurredTime.Untold,
                Evidence = new Evidence(null, where),
            });
        }

        private OccurredTime Claimed(string? text, Place? place, out DecodeProblem? problem)
        {
            problem = null;
            switch (DateText.TryIso(text, out var local, out var offset, out var precision))
            {
                case DateReading.Missing or DateReading.Placeholder: return OccurredTime.Untold;
                case DateReading.Impossible: problem = EventTimes.Impossible(text); return OccurredTime.Untold;
            }
            if ((problem = EventTimes.Implausible(local, context)) is not null) return OccurredTime.Untold;
            return offset is null ? EventTimes.Local(local, precision, place, context) : EventTimes.Claimed(local, offset, precision);
        }

        private ImmutableArray<TrackingLink> Links()
            => TrackingNumber.TryNormalize(tracker["carrier_detail"u8].Text("alternate_identifier"u8), out var other) && other != number
                ? [new TrackingLink("alternate", null, other)] : [];

        private JourneyHints? Journey()
        {
            var detail = tracker["carrier_detail"u8];
            int? grams = tracker.Number("weight"u8) is > 0 and < 1_000_000 and var ounces ? (int)Math.Round(ounces * 28.349523125) : null;
            JsonPart from = detail["origin_tracking_location"u8], to = detail["destination_tracking_location"u8];
            var service = detail.Text("service"u8);
            if (grams is null && service is null && !from.IsObject && !to.IsObject) return null;
            var hints = new JourneyHints(
                service,
                Countries.Alpha2OrAsTold(from.Text("country"u8)), from.Text("state"u8), from.Text("zip"u8),
                Countries.Alpha2OrAsTold(to.Text("country"u8)), to.Text("state"u8), to.Text("zip"u8), to.Text("city"u8), grams);
            return hints == new JourneyHints() ? null : hints;
        }

        private static Place? PlaceOf(JsonPart location)
        {
            string? city = location.Text("city"u8), state = location.Text("state"u8), zip = location.Text("zip"u8), country = Countries.Alpha2OrAsTold(location.Text("country"u8));
            return city is null && state is null && zip is null && country is null ? null : new Place(null, city, state, zip, country);
        }

        // created_at and updated_at are real UTC, unlike everything in the history.
        private static DateTimeOffset? Real(JsonPart time)
            => DateText.TryIso(time.Text(), out var local, out var offset, out var precision) == DateReading.Told && precision != Precision.Day
                && (offset ?? TimeSpan.Zero).Duration() <= TimeSpan.FromHours(14)
                ? new DateTimeOffset(local, offset ?? TimeSpan.Zero) : null;
    }
}
