using System.Text;
using Tracking.Carriers.Epcis;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Epcis;

public sealed class EpcisTests
{
    [Fact]
    public void An_attempt_keeps_its_own_words_beside_the_standards()
    {
        var scan = Decode(Encoding.UTF8.GetString(Decoded.Sample("epcis/attempted-delivery.json")))[0].Scans.ShouldHaveSingleItem();

        scan.Carrier.ShouldBe("usps");
        scan.TrackingNumber.ShouldBe("9400111899560440177222");
        scan.Status.ShouldBe(Milestone.AttemptFailed);
        scan.Raw.ShouldBe(new RawCodes(Type: "ObjectEvent", Code: "other", SubCode: "in_progress", ReasonCode: "02"));
        scan.Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 14, 5, 0, TimeSpan.FromHours(-4))));
        scan.Place.ShouldBe(new Place(Lat: 32.8407, Lon: -83.6324, GeoSource: "message"));
        scan.EventId.ShouldBe("urn:uuid:6f0d4c0a-9a2e-4d8e-8a55-0b6f7c1d2e3f");
        scan.PublishedAt.ShouldBe(new DateTimeOffset(2025, 3, 11, 18, 6, 0, TimeSpan.Zero));
        scan.Evidence!.Pointer.ShouldBe("/epcisBody/eventList/0");
    }

    [Theory]
    [InlineData("commissioning", "active", "LABEL_CREATED")]
    [InlineData("accepting", "in_transit", "ACCEPTED")]
    [InlineData("arriving", "in_progress", "IN_TRANSIT")]
    [InlineData("https://ref.gs1.org/cbv/BizStep-departing", "https://ref.gs1.org/cbv/Disp-in_transit", "IN_TRANSIT")]
    [InlineData("urn:epcglobal:cbv:bizstep:transporting", "urn:epcglobal:cbv:disp:in_transit", "IN_TRANSIT")]
    [InlineData("LOADING", "in_transit", "OUT_FOR_DELIVERY")]
    [InlineData("storing", "in_progress", "AVAILABLE_FOR_PICKUP")]
    [InlineData("receiving", null, "DELIVERED")]
    [InlineData("inspecting", "damaged", "EXCEPTION")]
    [InlineData("shipping", "returned", "RETURNING")]
    [InlineData("receiving", "returned", "RETURNED")]
    [InlineData("void_shipping", "inactive", "CANCELLED")]
    [InlineData("other", "unknown", "FAILED")]
    [InlineData("destroying", "destroyed", "FAILED")]
    [InlineData("other", "in_progress", null)]
    [InlineData("levitating", null, null)]
    public void A_step_means_what_the_table_says(string step, string? disposition, string? status)
    {
        var scan = Decode(Event($"\"bizStep\":\"{step}\"{(disposition is null ? "" : $",\"disposition\":\"{disposition}\"")}"))[0].Scans[0];

        scan.Status?.Name().ShouldBe(status);
        scan.Modifiers.HasFlag(Modifiers.Unmapped).ShouldBe(step == "levitating");
    }

    [Fact]
    public void The_instant_is_shown_on_the_clock_of_its_place()
        => Decode("""{"type":"ObjectEvent","eventTime":"2025-03-11T18:05:00.000Z","eventTimeZoneOffset":"-04:00","epcList":["https://example.com/parcel/ups/1Z1"],"bizStep":"arriving"}""")[0].Scans[0].Occurred
            .ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 14, 5, 0, TimeSpan.FromHours(-4))));

    [Fact]
    public void A_missing_offset_is_noted_and_an_assumed_one_stays_assumed()
    {
        var bare = Decode("""{"type":"ObjectEvent","eventTime":"2025-03-11T18:05:00Z","epcList":["https://example.com/parcel/ups/1Z1"],"bizStep":"arriving"}""")[0];
        bare.Notes.ShouldHaveSingleItem().Code.ShouldBe("epcis.offset-missing");

        var assumed = Decode(Event("\"bizStep\":\"arriving\",\"pt:zoneSource\":\"unknown\""))[0].Scans[0].Occurred;
        assumed.ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 11, 14, 5, 0)));
    }

    [Theory]
    [InlineData("https://id.gs1.org/00/340123450000000018", "340123450000000018")]
    [InlineData("urn:epc:id:sscc:4012345.0123456789", "040123451234567894")]
    public void An_SSCC_is_a_parcel_of_the_configured_carrier(string epc, string number)
    {
        var json = $$"""{"type":"ObjectEvent","eventTime":"2025-03-11T14:05:00-04:00","eventTimeZoneOffset":"-04:00","epcList":["{{epc}}"],"bizStep":"arriving"}""";

        Decode(json, new FeedContext { Carrier = "gls" })[0].Scans[0].TrackingNumber.ShouldBe(number);
        Decode(json)[0].Problem!.Code.ShouldBe("epcis.unknown-identity");
    }

    [Fact]
    public void An_aggregation_tells_of_each_parcel_and_links_its_pallet()
    {
        var scans = Decode("""{"type":"AggregationEvent","eventTime":"2025-03-11T14:05:00-04:00","eventTimeZoneOffset":"-04:00","parentID":"urn:parcel:ups:PALLET1","childEPCs":["urn:parcel:ups:A1","urn:parcel:ups:A2"],"action":"ADD","bizStep":"loading"}""")[0].Scans;

        scans.Select(s => s.TrackingNumber).ShouldBe(["A1", "A2"]);
        scans.ShouldAllBe(s => s.Links.Single() == new TrackingLink("master", "ups", "PALLET1"));
    }

    [Fact]
    public void A_transaction_is_information_about_an_order()
    {
        var scan = Decode("""{"type":"TransactionEvent","eventTime":"2025-03-11T14:05:00-04:00","eventTimeZoneOffset":"-04:00","epcList":["urn:parcel:ups:A1"],"action":"ADD","bizTransactionList":[{"type":"po","bizTransaction":"urn:po:88"}]}""")[0].Scans[0];

        scan.Kind.ShouldBe(ScanKind.Information);
        scan.Status.ShouldBeNull();
        scan.Journey!.ShipperReference.ShouldBe("urn:po:88");
    }

    [Fact]
    public void An_error_declaration_takes_its_event_back()
    {
        var scan = Decode(Event("\"eventID\":\"urn:uuid:1\",\"bizStep\":\"receiving\",\"errorDeclaration\":{\"declarationTime\":\"2025-03-12T00:00:00Z\",\"reason\":\"did_not_occur\"}"))[0].Scans[0];

        scan.Kind.ShouldBe(ScanKind.Retraction);
        scan.Status.ShouldBeNull();
        scan.Retracts.ShouldBe(new RetractionTarget(EventId: "urn:uuid:1", Type: "ObjectEvent", Code: "receiving", Local: new DateTime(2025, 3, 11, 14, 5, 0), Status: Milestone.Delivered));
    }

    [Fact]
    public void Damage_that_stays_is_a_modifier()
        => Decode(Event("\"bizStep\":\"arriving\",\"persistentDisposition\":{\"set\":[\"damaged\"]}"))[0].Scans[0].Modifiers.ShouldBe(Modifiers.Damaged);

    [Fact]
    public void One_event_that_cannot_be_read_fails_alone()
    {
        var items = Decode($$$"""{"type":"EPCISDocument","epcisBody":{"eventList":[{{{Event("\"bizStep\":\"arriving\"")}}},{"type":"ObjectEvent","eventTime":"soon"},{"type":"TransformationEvent","eventTime":"2025-03-11T14:05:00Z"}]}}""");

        items.Select(i => (i.Scans.Length, i.Problem?.Code)).ShouldBe([(1, null), (0, "time.impossible"), (0, null)]);
    }

    [Fact]
    public void Every_scan_reads_back_from_its_JSON() => Decoded.ReadsBack(Decode(Encoding.UTF8.GetString(Decoded.Sample("epcis/attempted-delivery.json"))));

    private static string Event(string fields) => $$"""{"type":"ObjectEvent","eventTime":"2025-03-11T14:05:00-04:00","eventTimeZoneOffset":"-04:00","epcList":["https://example.com/parcel/ups/1Z1"],"action":"OBSERVE",{{fields}}}""";
    private static List<DecodedItem> Decode(string json, FeedContext? context = null) => [.. new EpcisDecoder().Decode(Encoding.UTF8.GetBytes(json), context ?? new FeedContext())];
}
