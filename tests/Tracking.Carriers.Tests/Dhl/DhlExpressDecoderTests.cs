using Tracking.Carriers.Dhl;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Dhl;

public sealed class DhlExpressDecoderTests
{
    private static readonly DhlExpressDecoder Express = new();

    private static Scan One(string told) => Messages.Scans(Express, $$"""{"shipments":[{"shipmentTrackingNumber":"4629105526","events":[ { {{told}} } ]}]}""").Single();

    [Fact]
    public void The_service_area_gives_place_and_zone()
    {
        var scans = Messages.Items(Express, Decoded.Sample("dhl/express.xml"))[0].Scans;

        scans[0].ShouldSatisfyAllConditions(
            s => s.Status.ShouldBe(Milestone.Accepted),
            s => s.Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 8, 17, 40, 0, TimeSpan.FromHours(-5)), Precision.Second, ZoneSource.Place)),
            s => s.Place.ShouldBe(new Place(City: "CINCINNATI HUB", Region: "OH", Country: "US", FacilityId: "CVG", FacilityType: "serviceArea")),
            s => s.Raw.ShouldBe(new RawCodes(Code: "PU", Text: "Shipment picked up", LocationText: "CINCINNATI HUB,OH - USA")));
        scans[1].Occurred.Offset.ShouldBe(TimeSpan.FromHours(1));
    }

    [Fact]
    public void A_signatory_signs_only_what_was_delivered()
    {
        var scans = Messages.Items(Express, Decoded.Sample("dhl/express.xml"))[0].Scans;

        scans[0].Delivery.ShouldBeNull();   // an account number stands there
        scans[1].Delivery!.SignedBy.ShouldBe("R ROSSI");
    }

    [Fact]
    public void The_journey_has_its_ends_product_weight_and_reference()
        => Messages.Items(Express, Decoded.Sample("dhl/express.xml"))[0].Scans[0].Journey
            .ShouldBe(new JourneyHints("P", "US", null, "45202", "IT", null, "10121", "TURIN", 2500, "PO-5518"));

    [Fact]
    public void A_delivery_date_with_its_gmt_offset_is_an_estimate()
        => Messages.Items(Express, Decoded.Sample("dhl/express.xml"))[0].Scans[2].Eta
            .ShouldBe(new EtaStatement(new DateTime(2025, 3, 12, 23, 59, 0), new DateTime(2025, 3, 12, 23, 59, 0), TimeSpan.FromHours(1), Precision.Second, EtaKind.Estimated, "estimatedDelivery"));

    [Fact]
    public void A_waybill_nobody_knows_is_a_note() => Messages.Items(Express, Decoded.Sample("dhl/express.xml"))[1].Notes.Single().Code.ShouldBe("carrier.not-found");

    [Theory]
    [InlineData("WC", Milestone.OutForDelivery, Modifiers.None, Reason.None, ScanKind.Scan)]
    [InlineData("PD", Milestone.Delivered, Modifiers.Partial, Reason.None, ScanKind.Scan)]
    [InlineData("DD", Milestone.Delivered, Modifiers.Damaged, Reason.CarrierDamage, ScanKind.Scan)]
    [InlineData("TP", Milestone.InTransit, Modifiers.HandedOver, Reason.None, ScanKind.Scan)]
    [InlineData("AD", null, Modifiers.None, Reason.None, ScanKind.Appointment)]
    [InlineData("CD", Milestone.Exception, Modifiers.Customs, Reason.CustomsDelay, ScanKind.Scan)]
    [InlineData("WX", Milestone.InTransit, Modifiers.Delayed, Reason.ExternalWeather, ScanKind.Scan)]
    [InlineData("NH", Milestone.AttemptFailed, Modifiers.None, Reason.RecipientUnavailable, ScanKind.Scan)]
    [InlineData("ZZ", null, Modifiers.Unmapped, Reason.None, ScanKind.Scan)]
    public void A_checkpoint_means_what_express_says(string code, Milestone? status, Modifiers modifiers, Reason reason, ScanKind kind)
        => One($"\"date\":\"2025-03-11\",\"time\":\"09:19:00\",\"typeCode\":\"{code}\"").ShouldSatisfyAllConditions(
            s => s.Status.ShouldBe(status), s => s.Modifiers.ShouldBe(modifiers), s => s.Reason.ShouldBe(reason), s => s.Kind.ShouldBe(kind));

    [Fact]
    public void My_dhl_times_take_an_offset_where_one_is_told()
    {
        One("\"date\":\"2025-03-11\",\"time\":\"09:19:00\",\"GMTOffset\":\"+09:00\",\"typeCode\":\"AR\",\"serviceArea\":[{\"code\":\"TYO\",\"description\":\"Tokyo - Japan\"}]").Occurred
            .ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 9, 19, 0, TimeSpan.FromHours(9))));
        One("\"date\":\"2025-03-11\",\"time\":\"09:19\",\"typeCode\":\"AR\",\"serviceArea\":{\"code\":\"TYO\"}").Occurred
            .ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 9, 19, 0, TimeSpan.FromHours(9)), Precision.Minute, ZoneSource.Place));
        One("\"date\":\"2025-03-11\",\"time\":\"09:19:00\",\"typeCode\":\"AR\",\"serviceArea\":[{\"code\":\"QQ9\"}]").Occurred.ZoneSource.ShouldBe(ZoneSource.Unknown);
        One("\"date\":\"2025-03-11\",\"time\":null,\"typeCode\":\"AR\"").Occurred.ShouldBe(OccurredTime.On(new DateOnly(2025, 3, 11)));
    }

    [Fact]
    public void Pieces_have_events_of_their_own_and_one_piece_repeats_its_shipment()
    {
        const string told = """{"date":"2025-03-11","time":"09:19:00","typeCode":"WC"}""";

        Messages.Scans(Express, $$"""{"shipments":[{"shipmentTrackingNumber":"4629105526","events":[{{told}}],"pieces":[{"trackingNumber":"JD01","events":[{{told}}]}]}]}""").Single()
            .ShouldSatisfyAllConditions(s => s.PieceId.ShouldBeNull(), s => s.Links.ShouldBe([new TrackingLink("alternate", "dhl-express", "JD01")]));
        Messages.Scans(Express, $$"""{"shipments":[{"shipmentTrackingNumber":"4629105526","pieces":[{"trackingNumber":"JD01","events":[{{told}}]},{"trackingNumber":"JD02","events":[{{told}}]}]}]}""")
            .Select(s => s.PieceId).ShouldBe(["JD01", "JD02"]);
    }

    [Fact]
    public void Unified_json_that_came_here_is_read_as_express()
        => Messages.Scans(Express, """{"shipments":[{"id":"4629105526","events":[{"statusCode":"transit","status":"WC"}]}]}""").Single()
            .ShouldSatisfyAllConditions(s => s.Carrier.ShouldBe("dhl-express"), s => s.Status.ShouldBe(Milestone.OutForDelivery));

    [Fact]
    public void Broken_messages_get_an_answer() => Messages.Survives(Express, Decoded.Sample("dhl/express.xml"));

    [Fact]
    public void Every_service_area_names_a_zone_that_exists()
    {
        using var stream = typeof(DhlDecoder).Assembly.GetManifestResourceStream("Dhl/dhl-service-areas.csv")!;
        using var reader = new StreamReader(stream);
        var zones = reader.ReadToEnd().Split('\n').Where(l => l.Length > 0 && l[0] != '#').Skip(1).Select(l => l.Split(',')[1]).Distinct().ToList();

        zones.Count.ShouldBeGreaterThan(300);
        zones.Where(z => NodaTime.DateTimeZoneProviders.Tzdb.GetZoneOrNull(z) is null).ShouldBeEmpty();
    }
}
