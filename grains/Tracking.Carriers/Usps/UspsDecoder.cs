using System.Collections.Immutable;
using System.Net;
using System.Text;
using Tracking.Carriers.Json;
using Tracking.Carriers.Xml;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Usps;

/// <summary>
/// USPS: Tracking v3 answers, subscription pushes and Web Tools XML; which of them it got, it sees. The code decides what an event means; its text
/// refines that, and speaks against it only for "to original sender" and "to agent".
/// </summary>
public sealed class UspsDecoder : FeedDecoder
{
    private const string Slug = "usps";
    private static readonly CodeTable Events = CodeTable.Load("Usps/usps-event-codes.csv");
    private static readonly CodeTable Categories = CodeTable.Load("Usps/usps-category-codes.csv");
    private static readonly PhraseTable Phrases = PhraseTable.Load("Usps/usps-phrase-codes.csv");
    private static readonly PhraseTable Notices = PhraseTable.Load("Usps/usps-notice-codes.csv");

    public override string Format => "usps";
    public override string Description => "USPS Tracking v3 JSON, subscriptions push, Web Tools TrackResponse XML";

    /// <summary>
    /// A subscription with a secret signs the body in <c>X-HMAC</c>. Hash and spelling are not published for certain: base64 of HMAC-SHA256 unless <see cref="FeedCredentials.Hash"/>
    /// and <see cref="FeedCredentials.Encoding"/> say otherwise.
    /// </summary>
    public override FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
        => BodyHmac.Verify(body, credentials, header, "X-HMAC");

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
        => XmlMessage.LooksLike(message.Span) ? DecodeXml(message, context) : DecodeJson(message, context);

    private static IEnumerable<DecodedItem> DecodeJson(ReadOnlyMemory<byte> message, FeedContext context)
    {
        foreach (var json in JsonMessage.Read(message))
        {
            using (json)
            {
                if (json.Problem is { } problem) { yield return json.Unreadable(problem.Code, problem.Detail); continue; }
                var any = false;
                foreach (var piece in UspsJson.Pieces(json))
                {
                    any = true;
                    foreach (var item in Items(piece, context)) yield return item;
                }
                if (any) continue;
                if (CarrierAnswers.ErrorOf(json.Root) is { } error) yield return DecodedItem.Of([], json.Bytes, json.Pointer, CarrierAnswers.Error(error.Code, error.Text));
                else yield return json.Unreadable("usps.no-piece", "The document holds no USPS mail piece (trackingNumber with trackingEvents or a status).");
            }
        }
    }

    private static IEnumerable<DecodedItem> DecodeXml(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var xml = XmlMessage.Read(message);
        var any = false;
        foreach (var piece in UspsXml.Pieces(xml))
        {
            any = true;
            foreach (var item in Items(piece, context)) yield return item;
        }
        if (xml.Problem is { } problem) yield return DecodedItem.Unreadable(message, "", problem.Code, problem.Detail);
        else if (any) yield break;
        else if (xml.Root is { Name: "Error" } root && UspsXml.Error(root) is { } error)
            yield return DecodedItem.Of([], message, root.Pointer, CarrierAnswers.Error(error.Code, error.Text));
        else yield return DecodedItem.Unreadable(message, "", "usps.no-piece", "The document holds no USPS TrackInfo.");
    }

    private static IEnumerable<DecodedItem> Items(UspsPiece piece, FeedContext context)
    {
        if (piece.Error is { } error && piece.Events.Count == 0)
        {
            yield return DecodedItem.Of([], piece.Original, piece.Pointer, CarrierAnswers.Error(error.Code, error.Text));
            yield break;
        }
        if (!TrackingNumber.TryNormalize(piece.Number, out var number))
        {
            yield return DecodedItem.Unreadable(piece.Original, piece.Pointer, piece.Number is null ? "number.missing" : "number.invalid",
                piece.Number is null ? "The mail piece has no tracking number." : "The tracking number holds letters no tracking number has, or too many.");
            yield break;
        }

        var notes = new List<DecodeProblem>();
        List<DecodedItem>? broken = null;
        var scans = ImmutableArray.CreateBuilder<Scan>(piece.Events.Count + 2);
        var intake = DateText.TryIso(piece.IntakeDate, out var taken, out _, out _) == DateReading.Told && taken.Year >= 2000 ? DateOnly.FromDateTime(taken) : (DateOnly?)null;
        var common = new Scan
        {
            Carrier = Slug,
            TrackingNumber = number,
            UniqueId = piece.UniqueId ?? intake?.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
            Journey = Journey(piece, piece.Events.Exists(e => Meaning(e).Status >= Milestone.Accepted) ? intake : null),
            Source = context.Source(),
        };

        foreach (var told in piece.Events)
        {
            var place = told.Date is null && told.Local is null && told.Gmt is null && told.City is null
                ? UspsTimes.SentencePlace(told.Text) ?? UspsPlaces.Of(told.City, told.State, told.Zip, told.Country)
                : UspsPlaces.Of(told.City, told.State, told.Zip, told.Country, told.Lat, told.Lon);
            var occurred = UspsTimes.Of(told, place, context, out var problem, out var note);
            if (problem is not null) { (broken ??= []).Add(DecodedItem.Unreadable(piece.Original, told.Pointer, problem.Code, problem.Detail)); continue; }
            if (note is not null) notes.Add(note);
            if (!occurred.IsTold && told is { Code: null, Date: null }) occurred = UspsTimes.Sentence(told.Text, place, context);
            scans.Add(Read(common, told, place, occurred));
        }
        if (piece.Events.Count == 0 || IsSentence(piece)) AddSnapshot(scans, common, piece, context);
        foreach (var promise in piece.Promises)
        {
            if (UspsTimes.Promise(promise, context) is not { } eta) { notes.Add(new DecodeProblem("time.impossible", $"{promise.Pointer}: '{promise.When}' is no date that can be used.")); continue; }
            scans.Add(common with { Kind = ScanKind.Estimate, Raw = new RawCodes(Type: promise.Name, Text: promise.Type), Eta = eta, Evidence = new Evidence(null, promise.Pointer) });
        }
        if (piece.ReturnDateNotice is { } notice)
            scans.Add(common with
            {
                Kind = ScanKind.Information,
                SubStatus = "returnDateNotice",
                Raw = new RawCodes(Type: "returnDateNotice", Code: notice, Text: notice),
                Evidence = new Evidence(null, $"{piece.Pointer}/returnDateNotice"),
            });

        yield return DecodedItem.Of(scans.ToImmutable(), piece.Original, piece.Pointer, [.. notes]);
        if (broken is null) yield break;
        foreach (var item in broken) yield return item;
    }

    // ---- one event -------------------------------------------------------------------------------------------------------

    private static Scan Read(Scan common, UspsEvent told, Place? place, OccurredTime occurred)
    {
        var meaning = Meaning(told);
        var (status, subStatus, modifiers, reason) = (meaning.Status, meaning.SubStatus, meaning.Modifiers, meaning.Reason);
        if (status == Milestone.Delivered && Says(told.Text, "original sender")) (status, subStatus) = (Milestone.Returned, "originalSender");
        else if (status == Milestone.Delivered && Says(told.Text, "to agent")) subStatus = "agent";
        else if (IsCode(told.Code, "10"))
            subStatus = Says(told.Text, "departed") ? "departed" : Says(told.Text, "arrived") || Says(told.Text, "arrival") ? "arrived" : Says(told.Text, "processed") ? "processed" : null;
        else if (IsCode(told.Code, "02") || meaning.SubStatus == "noticeLeft")
        {
            var why = (told.ReasonCode is ['5', >= '1' and <= '6'] ? Events.Find(told.ReasonCode) : null) ?? Notices.Find(told.Text);
            if (why is not null) (subStatus, reason) = (why.SubStatus, why.Reason);
        }
        if (occurred is { IsTold: true, Precision: Precision.Day }) modifiers |= Modifiers.DateOnly;
        return common with
        {
            Kind = meaning.Kind,
            Status = status,
            SubStatus = subStatus,
            Modifiers = modifiers,
            Reason = reason,
            Raw = new RawCodes(Code: told.Code, SubCode: told.ActionCode, ReasonCode: told.ReasonCode, Text: told.Text, LocationText: place?.FacilityId),
            Occurred = occurred,
            Place = place,
            Delivery = Proof(told, status, subStatus),
            Evidence = new Evidence(null, told.Pointer),
        };
    }

    private static CodeMeaning Meaning(UspsEvent told)
    {
        if (told.Code is not { } code) return Phrases.Find(told.Text) ?? CodeMeaning.Unmapped;
        return Events.Find(code) ?? (code.Length == 1 ? Events.Find("0" + code) : null) ?? CodeMeaning.Unmapped;
    }

    private static bool IsCode(string? told, string code) => told == code || (code[0] == '0' && told == code[1..]);

    private static bool Says(string? text, string words) => text is not null && text.Contains(words, StringComparison.OrdinalIgnoreCase);

    private static DeliveryProof? Proof(UspsEvent told, Milestone? status, string? subStatus)
    {
        var over = status is Milestone.Delivered or Milestone.Returned;
        var leftAt = over ? LeftAt(told.Text) : null;
        var individual = leftAt?.Equals("Left with Individual", StringComparison.OrdinalIgnoreCase) == true;
        var agent = Agent(told.AuthorizedAgent);
        var type = subStatus == "agent" || agent ? "agent" : subStatus == "originalSender" ? "sender" : individual ? "individual" : told.Firm is not null && over ? "firm" : null;
        var signedBy = told.Name ?? (agent || told.AuthorizedAgent is null || IsFlag(told.AuthorizedAgent) ? told.Firm : told.AuthorizedAgent);
        if (told is { Name: not null, Firm: { } firm }) leftAt = leftAt is null ? firm : $"{leftAt}, {firm}";
        return signedBy is null && leftAt is null && type is null ? null : new DeliveryProof(signedBy, leftAt, type, null, []);
    }

    // "Delivered, In/At Mailbox": what follows the comma tells where, unless it tells to whom.
    private static string? LeftAt(string? text)
    {
        if (text is null || !text.StartsWith("Delivered", StringComparison.OrdinalIgnoreCase)) return null;
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0) return null;
        var where = text[(comma + 1)..].Trim();
        return where.Length == 0 || where.StartsWith("to ", StringComparison.OrdinalIgnoreCase) ? null : where;
    }

    // Booleans arrive as strings, and sometimes it is a name.
    private static bool Agent(string? told) => told?.ToUpperInvariant() is "TRUE" or "Y" or "YES" or "1";
    private static bool IsFlag(string told) => told.ToUpperInvariant() is "TRUE" or "FALSE" or "Y" or "N" or "YES" or "NO" or "0" or "1";

    // ---- what stands beside the events -----------------------------------------------------------------------------------

    // Before revision 1 of Web Tools the newest event is a sentence beside details that are sentences as well.
    private static bool IsSentence(UspsPiece piece) => piece.StatusSummary is not null && piece.Events.TrueForAll(e => e.Code is null && e.Date is null && e.Local is null && e.Gmt is null);

    private static void AddSnapshot(ImmutableArray<Scan>.Builder scans, Scan common, UspsPiece piece, FeedContext context)
    {
        var text = piece.StatusSummary ?? piece.Status;
        if (text is null && piece.StatusCategory is null) return;
        var meaning = (piece.StatusCategory is null ? null : Categories.Find(piece.StatusCategory))
            ?? (piece.Status is null ? null : Categories.Find(piece.Status.Split(',')[0].Trim()))
            ?? Phrases.Find(piece.Status) ?? Phrases.Find(piece.StatusSummary) ?? CodeMeaning.Unmapped;
        var status = meaning.Status == Milestone.Delivered && (Says(piece.Status, "original sender") || Says(piece.StatusSummary, "original sender")) ? Milestone.Returned : meaning.Status;
        var place = UspsTimes.SentencePlace(piece.StatusSummary);
        var occurred = UspsTimes.Sentence(piece.StatusSummary, place, context);
        scans.Add(common with
        {
            Kind = ScanKind.Snapshot,
            Status = status,
            SubStatus = meaning.SubStatus,
            Modifiers = meaning.Modifiers | (occurred is { IsTold: true, Precision: Precision.Day } ? Modifiers.DateOnly : 0),
            Reason = meaning.Reason,
            Raw = new RawCodes(Type: piece.StatusCategory, Text: text),
            Occurred = occurred,
            Place = place,
            Delivery = status == Milestone.Delivered && LeftAt(piece.Status) is { } where ? new DeliveryProof(LeftAt: where, Images: []) : null,
            Evidence = new Evidence(null, piece.Pointer),
        });
    }

    private static JourneyHints? Journey(UspsPiece piece, DateOnly? takenIn)
    {
        var hints = new JourneyHints(
            Plain(piece.MailClass) ?? piece.ServiceTypeCode,
            piece.Origin?.Country, piece.Origin?.Region, piece.Origin?.PostalCode,
            piece.Destination?.Country, piece.Destination?.Region, piece.Destination?.PostalCode, piece.Destination?.City,
            PickedUpOn: takenIn);
        return hints == new JourneyHints() ? null : hints;
    }

    // "Priority Mail<SUP>&reg;</SUP>" is Priority Mail®.
    private static string? Plain(string? html)
    {
        if (html is null || (!html.Contains('<', StringComparison.Ordinal) && !html.Contains('&', StringComparison.Ordinal))) return html;
        var decoded = WebUtility.HtmlDecode(html);
        var text = new StringBuilder(decoded.Length);
        var inTag = false;
        foreach (var c in decoded)
        {
            if (c == '<') inTag = true;
            else if (c == '>' && inTag) inTag = false;
            else if (!inTag) text.Append(c);
        }
        return CarrierText.Value(WebUtility.HtmlDecode(text.ToString()));   // Web Tools escapes twice
    }
}
