namespace Tracking.Carriers;

/// <summary>Every built-in format, by name. Adding a carrier is a folder, a code table, a test, and a line here.</summary>
public static class FeedDecoders
{
    public static IReadOnlyList<FeedDecoder> BuiltIn { get; } =
    [
        new AfterShip.AfterShipDecoder(),
        new Dhl.DhlDecoder(),
        new Dhl.DhlExpressDecoder(),
        new Dhl.DhlPaketDecoder(),
        new CloudEvents.CloudEventsDecoder(),
        new EasyPost.EasyPostDecoder(),
        new Epcis.EpcisDecoder(),
        new Edifact.EdifactDecoder(),
        new FedEx.FedExDecoder(),
        Flat.CsvDecoder.Csv,
        Flat.CsvDecoder.Fixed,
        Flat.CsvDecoder.Pipe,
        Mapping.MappingReader.Embedded("Flat/dpd.map.json"),
        new Normalized.ScanDecoder(),
        new SeventeenTrack.SeventeenTrackDecoder(),
        new Ship24.Ship24Decoder(),
        new Shippo.ShippoDecoder(),
        new StandardWebhooks.StandardWebhooksDecoder(),
        new Ups.UpsDecoder(),
        new Usps.UspsDecoder(),
        new X12.X12Decoder(),
    ];

    public static FeedDecoder? Find(string format)
        => BuiltIn.FirstOrDefault(d => d.Format.Equals(format, StringComparison.OrdinalIgnoreCase));
}
