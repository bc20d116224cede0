using Tracking.Domain.Estimates;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>
/// Puts together what scans say about a journey beside their events. Each rule gives the same result in any order: where two scans disagree, the
/// ordinally greater text stays, because neither arrival nor publication may decide.
/// </summary>
internal static class JourneyMerge
{
    public static JourneyHints Of(JourneyHints known, Scan scan)
    {
        var told = scan.Journey;
        if (told is null) return known;
        var merged = new JourneyHints(
            Greater(known.Service, told.Service),
            Greater(known.OriginCountry, told.OriginCountry),
            Greater(known.OriginRegion, told.OriginRegion),
            Greater(known.OriginPostalCode, told.OriginPostalCode),
            Greater(known.DestinationCountry, told.DestinationCountry),
            Greater(known.DestinationRegion, told.DestinationRegion),
            Greater(known.DestinationPostalCode, told.DestinationPostalCode),
            Greater(known.DestinationCity, told.DestinationCity),
            known.WeightGrams is { } a && told.WeightGrams is { } b ? Math.Max(a, b) : known.WeightGrams ?? told.WeightGrams,
            Greater(known.ShipperReference, told.ShipperReference),
            known.PickedUpOn is { } p && told.PickedUpOn is { } q ? (p < q ? p : q) : known.PickedUpOn ?? told.PickedUpOn);
        return merged == known ? known : merged;
    }

    public static ImmutableArray<TrackingLink> Of(ImmutableArray<TrackingLink> known, ImmutableArray<TrackingLink> told)
    {
        foreach (var link in told)
            if (!known.Contains(link) && known.Length < 50)
                known = known.Add(link);
        return known.Sort((a, b) => string.CompareOrdinal(a.Number, b.Number) is var n and not 0 ? n
            : string.CompareOrdinal(a.Kind, b.Kind) is var k and not 0 ? k : string.CompareOrdinal(a.Carrier, b.Carrier));
    }

    /// <summary>
    /// The carrier's date that counts is the latest stated: by publication, else by when the event occurred, else by receipt. Of several stated at one
    /// moment the one that knows most speaks: an estimate or a new appointment before a window that was merely scheduled at the start.
    /// </summary>
    public static CarrierDate? Of(CarrierDate? known, Scan scan, DateTimeOffset receivedAt)
    {
        if (scan.Eta is not { From: { } from } eta || NotTheDoor.Contains(eta.Source)) return known;
        // The kinds' precedence lies below any clock's resolution, so it decides between dates of one moment only.
        var statedAt = (scan.PublishedAt ?? scan.Occurred.Utc ?? receivedAt).AddTicks(Knows(eta.Kind));
        var told = new CarrierDate(DateOnly.FromDateTime(from), DateOnly.FromDateTime(eta.To ?? from), statedAt);
        if (known is not { } k) return told;
        return (told.StatedAt, told.To, told.From).CompareTo((k.StatedAt, k.To, k.From)) > 0 ? told : known;
    }

    // X12 214: arrival at a terminal, departure, and the appointment of a pick-up are dates, but not of the delivery (shared by AT7-01 and AT7-03).
    private static readonly HashSet<string?> NotTheDoor = ["B6", "C1", "AA"];

    private static long Knows(EtaKind kind) => kind switch
    {
        EtaKind.Rescheduled => 4, EtaKind.Estimated => 3, EtaKind.Predicted => 2, EtaKind.Guaranteed => 1, _ => 0,
    };

    private static string? Greater(string? a, string? b) => string.CompareOrdinal(a, b) >= 0 ? a : b;
}
