using Tracking.Contracts.Shipments;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;

namespace Tracking.Grains.Shipments;

/// <summary>Draws views of a shipment. The same code serves reads and live pushes, so a page never changes shape between the two.</summary>
public sealed class ShipmentViews(LinkTokens links)
{
    /// <summary>A live update carries this many of the newest events; a page that missed more fetches its view again.</summary>
    public const int LiveEvents = 8;

    /// <summary>The shared view for open pages: no personal data, newest few events.</summary>
    public ShipmentView Live(Shipment shipment, WatchedShipment watched, EddSnapshot edd, DateTimeOffset now)
        => Draw(shipment, shipment.Current!, watched.Find, ShipmentClock.Expectation(shipment, edd, now)?.ExpectedBy, full: false, LiveEvents);

    /// <param name="find">Brings the scan behind a mark; null where it was not kept.</param>
    /// <param name="full">With the carrier's texts, exact places and proofs, as far as the caller read them.</param>
    public ShipmentView Draw(
        Shipment shipment, UseStanding use, Func<DedupKey, RecordedScan?> find, DateTimeOffset? expectedBy, bool full, int limit = int.MaxValue)
    {
        var ordinal = Math.Max(shipment.OrdinalOf(use), 0);
        var youngest = ReferenceEquals(use, shipment.Current);
        var events = ImmutableArray.CreateBuilder<TrackingEvent>();
        for (var i = use.History.Length - 1; i >= 0 && events.Count < limit; i--)
            events.Add(Line(shipment, use.History[i], find, full));

        var journey = shipment.Journey;
        return new ShipmentView
        {
            Key = shipment.Key,
            UseId = LinkTokens.UseId(shipment.Key, ordinal),
            Version = shipment.Version,
            RecordedAt = shipment.RecordedAt,
            Status = use.Status,
            SubStatus = Name(shipment, use.SubStatus),
            Modifiers = use.Modifiers,
            Reason = use.Reason,
            Since = use.Speaking >= 0 && use.SpeakingAt > 0 ? new DateTimeOffset(use.SpeakingAt, TimeSpan.Zero) : null,
            Window = youngest && !use.Status.IsTerminal() ? shipment.Shown : null,
            WindowBefore = youngest && !use.Status.IsTerminal() ? shipment.ShownBefore : null,
            Estimate = youngest && !use.Status.IsTerminal() ? shipment.Estimate : null,
            CarrierDate = youngest ? shipment.CarrierDate : null,
            LastHeardAt = shipment.LastHeardAt,
            NextScanExpectedBy = youngest ? expectedBy : null,
            SilentSince = youngest ? shipment.SilentSince : null,
            Pieces = use.Pieces.Length <= 1 ? [] : [.. use.Pieces.Select(p => new PieceView(Name(shipment, p.Piece), p.Status, p.Modifiers)).OrderBy(p => p.PieceId, StringComparer.Ordinal)],
            Events = events.ToImmutable(),
            EventCount = use.History.Length,
            Uses = [.. shipment.Standings.Select(s => new UseView(
                LinkTokens.UseId(shipment.Key, Math.Max(shipment.OrdinalOf(s), 0)), Name(shipment, s.UniqueId), s.Status, s.FirstAt > 0 ? new DateTimeOffset(s.FirstAt, TimeSpan.Zero) : null))],
            Links = full ? shipment.Links : [],
            DestinationCity = full ? journey.DestinationCity : null,
            DestinationPostalCode = full ? journey.DestinationPostalCode : null,
            DestinationRegion = journey.DestinationRegion,
            DestinationCountry = journey.DestinationCountry,
            Service = journey.Service,
            LinkGeneration = shipment.LinkGeneration,
        };
    }

    private static TrackingEvent Line(Shipment shipment, in PlacedScan placed, Func<DedupKey, RecordedScan?> find, bool full)
    {
        var mark = shipment.Marks[placed.Mark];
        var recorded = find(mark.Key);
        var scan = recorded?.Scan;
        var place = scan?.Place;
        if (place is not null && !full) place = new Place(City: place.City, Region: place.Region, Country: place.Country);
        var raw = scan?.Raw;
        if (raw is not null && !full) raw = raw with { Text = null, LocationText = null };
        return new TrackingEvent(
            mark.Key, mark.Kind, mark.Status == Milestone.Unknown ? null : mark.Status, Name(shipment, mark.SubStatus), mark.Modifiers | placed.Flags, mark.Reason,
            mark.Occurred, new DateTimeOffset(Math.Max(placed.At, 0), TimeSpan.Zero), placed.Retracted, place, raw, Name(shipment, mark.Piece), recorded?.ReceivedAt ?? default,
            full ? scan?.Delivery : null, full ? scan?.EventId : null, full ? scan?.Source : null, full ? scan?.Evidence : null, scan?.Eta, shipment.Key.Carrier);
    }

    private static string? Name(Shipment shipment, short index) => index < 0 ? null : shipment.Names[index];

    /// <summary>Link rows that an append makes findable: one public link for each use it opened, and for each use a new one where the old ones were withdrawn.</summary>
    public IReadOnlyList<LinkRow>? LinksOf(Shipment before, Shipment after)
    {
        var withdrawn = after.LinkGeneration != before.LinkGeneration;
        if (after.Uses.Length == before.Uses.Length && !withdrawn) return null;
        var rows = new List<LinkRow>(1);
        foreach (var use in withdrawn ? after.Uses : after.Uses[before.Uses.Length..])
        {
            var token = links.Token(after.Key, LinkTokens.UseId(after.Key, use.Ordinal), LinkTokens.Public, after.LinkGeneration);
            rows.Add(new LinkRow(LinkTokens.HashOf(token), ShipmentStream.Of(after.Key), $"{LinkTokens.Public}:{use.Ordinal}", after.LinkGeneration));
        }
        return rows;
    }
}
