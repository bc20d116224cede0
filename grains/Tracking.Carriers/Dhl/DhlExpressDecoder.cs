using System.Collections.Immutable;
using Tracking.Carriers.Xml;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Dhl;

/// <summary>DHL Express: <c>TrackingResponse</c> of XML-PI and the tracking answer of MyDHL. A message in Unified's JSON is read as such.</summary>
public sealed class DhlExpressDecoder : FeedDecoder
{
    internal const string Slug = "dhl-express";
    private static readonly CodeTable Codes = CodeTable.Load("Dhl/dhl-express-codes.csv");

    public override string Format => "dhl-express";
    public override string Description => "DHL Express XML-PI TrackingResponse, MyDHL API JSON";

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
        => XmlMessage.LooksLike(message.Span) ? DecodeXml(message, context) : DhlDecoder.DecodeJson(message, context, division: "express");

    internal static CodeMeaning? Find(string? code) => code is null ? null : Codes.Find(code);

    internal static IEnumerable<DecodedItem> DecodeXml(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var xml = XmlMessage.Read(message);
        var any = false;
        foreach (var waybill in DhlExpressReader.Waybills(xml))
        {
            any = true;
            foreach (var item in Items(waybill, context)) yield return item;
        }
        if (xml.Problem is { } problem) yield return DecodedItem.Unreadable(message, "", problem.Code, problem.Detail);
        else if (any) yield break;
        else if (xml.Root is { } root && DhlExpressReader.Condition(root) is { } condition)
            yield return DecodedItem.Of([], message, root.Pointer, CarrierAnswers.Error(condition.Code, condition.Text));
        else yield return DecodedItem.Unreadable(message, "", "dhl.no-shipment", "The document holds no DHL Express AWBInfo.");
    }

    internal static IEnumerable<DecodedItem> Items(DhlWaybill waybill, FeedContext context)
    {
        if (waybill.Events.Count == 0 && waybill.Condition is { } condition)
        {
            yield return DecodedItem.Of([], waybill.Original, waybill.Pointer, CarrierAnswers.Error(condition.Code, condition.Text));
            yield break;
        }
        if (!TrackingNumber.TryNormalize(waybill.Number, out var number))
        {
            yield return DecodedItem.Unreadable(waybill.Original, waybill.Pointer, waybill.Number is null ? "number.missing" : "number.invalid",
                waybill.Number is null ? "The shipment has no waybill number." : "The waybill number holds letters no tracking number has, or too many.");
            yield break;
        }

        var notes = new List<DecodeProblem>();
        List<DecodedItem>? broken = null;
        var scans = ImmutableArray.CreateBuilder<Scan>(waybill.Events.Count + 1);
        var manyPieces = Math.Max(waybill.PieceCount, waybill.Pieces.Count) > 1;
        var common = new Scan
        {
            Carrier = context.Carrier ?? Slug,
            TrackingNumber = number,
            // Of one piece the piece id is another number of the parcel; of several it names a piece.
            Links = [.. waybill.Pieces.Where(p => p != waybill.Number).Take(50).Select(p => new TrackingLink(manyPieces ? "piece" : "alternate", context.Carrier ?? Slug, p))],
            Journey = Journey(waybill),
            Source = context.Source(),
        };
        HashSet<DedupKey>? keys = manyPieces || waybill.Pieces.Count == 0 ? null : [];
        foreach (var told in waybill.Events)
        {
            var place = DhlPlaces.OfArea(told.AreaCode, told.AreaText);
            var occurred = When(told, place, context, out var problem, out var note);
            if (problem is not null) { (broken ??= []).Add(DecodedItem.Unreadable(waybill.Original, told.Pointer, problem.Code, problem.Detail)); continue; }
            if (note is not null) notes.Add(note);
            var scan = Read(common, told, place, occurred, manyPieces);
            // A single piece repeats its shipment's checkpoints.
            if (keys is null || keys.Add(scan.Key) || told.Piece is null) scans.Add(scan);
        }
        if (waybill.Estimate is { } estimate)
        {
            if (DhlTimes.Promise(estimate, context) is { } eta)
                scans.Add(common with { Kind = ScanKind.Estimate, Raw = new RawCodes(Type: "estimatedDelivery"), Eta = eta with { Source = "estimatedDelivery" }, Evidence = new Evidence(null, waybill.Pointer) });
            else notes.Add(new DecodeProblem("time.impossible", $"{waybill.Pointer}: the estimated delivery date is no date that can be used."));
        }
        yield return DecodedItem.Of(scans.ToImmutable(), waybill.Original, waybill.Pointer, [.. notes]);
        if (broken is null) yield break;
        foreach (var item in broken) yield return item;
    }

    private static Scan Read(Scan common, DhlCheckpoint told, Place? place, OccurredTime occurred, bool manyPieces)
    {
        var meaning = Codes.Of(told.Code);
        return common with
        {
            PieceId = manyPieces ? told.Piece : null,
            Kind = meaning.Kind,
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Modifiers = meaning.Modifiers | (occurred is { IsTold: true, Precision: Precision.Day } ? Modifiers.DateOnly : 0),
            Reason = meaning.Reason,
            Raw = new RawCodes(Code: told.Code, Text: told.Text, LocationText: told.AreaText),
            Occurred = occurred,
            Place = place,
            // Account numbers, clock values and weights stand in this field on other checkpoints.
            Delivery = told is { Code: "OK", Signatory: { } signedBy } ? new DeliveryProof(signedBy, Images: []) : null,
            Evidence = new Evidence(null, told.Pointer),
        };
    }

    // Local to the service area, whose code gives the zone.
    private static OccurredTime When(DhlCheckpoint told, Place? place, FeedContext context, out DecodeProblem? problem, out DecodeProblem? note)
    {
        problem = note = null;
        if (DateText.TryDay(told.Date, out var day) is var reading && reading != DateReading.Told)
        {
            if (reading == DateReading.Impossible)
                return DateText.TryIso(told.Date, out _, out _, out _) == DateReading.Told ? EventTimes.Iso(told.Date, place, context, out problem, out note) : Impossible(told.Date, out problem);
            return OccurredTime.Untold;
        }
        problem = EventTimes.Implausible(day.ToDateTime(TimeOnly.MinValue), context);
        if (problem is not null) return OccurredTime.Untold;
        var clock = DateText.TryTime(told.Time, out var time, out var precision, out var nextDay);
        if (clock == DateReading.Impossible) note = EventTimes.Impossible(told.Time);
        var timed = clock == DateReading.Told && (time != TimeOnly.MinValue || nextDay);
        if (nextDay) day = day.AddDays(1);
        TimeSpan? offset = DateText.TryOffset(told.GmtOffset, out var written) ? written : null;
        if (!timed) return offset is { } o ? OccurredTime.On(day, o, ZoneSource.Explicit) : DayIn(day, told, place, context);
        var local = day.ToDateTime(time);
        if (offset is { } known) return EventTimes.FromOffset(local, known, precision);
        return DhlPlaces.ZoneOf(told.AreaCode) is { } zone
            ? EventTimes.InZone(local, precision, zone, ZoneSource.Place, out note)
            : EventTimes.Local(local, precision, place, context, out note);
    }

    private static OccurredTime DayIn(DateOnly day, DhlCheckpoint told, Place? place, FeedContext context)
        => DhlPlaces.ZoneOf(told.AreaCode) is { } zone
            ? EventTimes.InZone(day.ToDateTime(TimeOnly.MinValue), Precision.Day, zone, ZoneSource.Place, out _)
            : EventTimes.Date(day, place, context);

    private static OccurredTime Impossible(string? text, out DecodeProblem problem)
    {
        problem = EventTimes.Impossible(text);
        return OccurredTime.Untold;
    }

    private static JourneyHints? Journey(DhlWaybill waybill)
    {
        var hints = new JourneyHints(
            waybill.Product,
            waybill.Origin?.Country, waybill.Origin?.Region, waybill.Origin?.PostalCode,
            waybill.Destination?.Country, waybill.Destination?.Region, waybill.Destination?.PostalCode, waybill.Destination?.City,
            waybill.WeightGrams, waybill.Reference);
        return hints == new JourneyHints() ? null : hints;
    }
}
