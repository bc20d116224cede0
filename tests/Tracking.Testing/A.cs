using System.Collections.Immutable;
using System.Globalization;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Testing;

/// <summary>Things tests talk about, with everything defaulted that the test does not care for. Times are read like people write them.</summary>
public static class A
{
    public static readonly ShipmentKey Key = new("demo", "ups", "1Z7X904E0342100870");

    /// <summary>A moment well after the days most tests tell of.</summary>
    public static readonly DateTimeOffset LongAfter = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Shipment Shipment(ShipmentKey? key = null) => Domain.Shipments.Shipment.Unseen(key ?? Key);

    /// <param name="at">RFC 3339 with offset; without one the zone is unknown; a bare date is a day. Null: untold.</param>
    public static Scan Scan(
        Milestone? status, string? at, string? code = null, string? city = null, Modifiers modifiers = 0, Reason reason = 0, string? piece = null, string? use = null,
        string? eventId = null, ScanKind kind = ScanKind.Scan, RetractionTarget? retracts = null, string? published = null, ShipmentKey? key = null, string? subStatus = null)
        => new()
        {
            Carrier = (key ?? Key).Carrier,
            TrackingNumber = (key ?? Key).Number,
            Status = status,
            SubStatus = subStatus,
            Occurred = at is null ? OccurredTime.Untold : ScanJson.TryReadTime(at, out var time) ? time : throw new FormatException(at),
            Raw = code is null ? null : new RawCodes(Code: code),
            Place = city is null ? null : new Place(City: city),
            Modifiers = modifiers,
            Reason = reason,
            PieceId = piece,
            UniqueId = use,
            EventId = eventId,
            Kind = kind,
            Retracts = retracts,
            PublishedAt = published is null ? null : DateTimeOffset.Parse(published, CultureInfo.InvariantCulture),
        };

    /// <summary>The shipment after these scans came one by one, in this order.</summary>
    public static Shipment With(this Shipment shipment, params IEnumerable<Scan> scans) => shipment.AsKnownAt(LongAfter, scans);

    public static Shipment AsKnownAt(this Shipment shipment, DateTimeOffset now, params IEnumerable<Scan> scans)
    {
        foreach (var scan in scans)
            shipment = shipment.Record(ImmutableArray.Create(scan), now, now, Domain.Estimates.EddSnapshot.ColdStart).Next;
        return shipment.AsOf(now);
    }
}
