using Tracking.Carriers.Dhl;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Dhl;

public sealed class DhlDecoderTests
{
    private static readonly DhlDecoder Dhl = new();

    private static List<DecodedItem> Unified => Messages.Items(Dhl, Decoded.Sample("dhl/unified.json"));

    private static Scan One(string told, string service = "ecommerce") => Messages.Scans(Dhl, $$"""{"shipments":[{"id":"4629105526","service":"{{service}}","events":[ { {{told}} } ]}]}""").Single();

    [Fact]
    public void The_latest_status_and_its_copy_among_the_events_are_one()
    {
        var scans = Unified[0].Scans.Where(s => s.Kind == ScanKind.Scan).ToList();

        scans.Count.ShouldBe(3);
        scans[0].ShouldSatisfyAllConditions(
            s => s.Status.ShouldBe(Milestone.OutForDelivery),
            s => s.Occurred.ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 11, 9, 19, 0))),   // its Z comes and goes
            s => s.Raw.ShouldBe(new RawCodes(Type: "express", Code: "transit", Text: "With delivery courier", LocationText: "TURIN - ITALY")));
    }

    [Fact]
    public void The_event_stays_the_same_when_it_is_no_longer_the_latest()
    {
        var later = Messages.Scans(Dhl, """
            {"shipments":[{"id":"4629105526","service":"express","status":{"timestamp":"2025-03-11T11:02:00Z","statusCode":"delivered","description":"Delivered"},
             "events":[{"timestamp":"2025-03-11T11:02:00","statusCode":"delivered","description":"Delivered"},{"timestamp":"2025-03-11T09:19:00","statusCode":"transit","description":"With delivery courier"}]}]}
            """);

        later[1].Key.ShouldBe(Unified[0].Scans[0].Key);
    }

    [Fact]
    public void Unknown_is_a_label_where_the_text_says_so_and_nothing_otherwise()
    {
        Unified[0].Scans[2].Status.ShouldBe(Milestone.LabelCreated);
        One("\"statusCode\":\"unknown\",\"status\":\"CLOSE BAG\"").ShouldSatisfyAllConditions(s => s.Status.ShouldBe(Milestone.InTransit), s => s.Modifiers.ShouldBe(Modifiers.None));
        One("\"statusCode\":\"unknown\",\"description\":\"Qwertz\"").ShouldSatisfyAllConditions(s => s.Status.ShouldBeNull(), s => s.Modifiers.ShouldBe(Modifiers.Unmapped));
        One("\"statusCode\":\"sleeping\",\"description\":\"Out for delivery\"").ShouldSatisfyAllConditions(s => s.Status.ShouldBeNull(), s => s.Modifiers.ShouldBe(Modifiers.Unmapped));
    }

    [Theory]
    [InlineData("transit", "The shipment is out for delivery", Milestone.OutForDelivery, Modifiers.None, Reason.None)]
    [InlineData("transit", "The shipment is ready for pick-up", Milestone.AvailableForPickup, Modifiers.None, Reason.None)]
    [InlineData("transit", "Customs clearance status updated", Milestone.InTransit, Modifiers.Customs, Reason.None)]
    [InlineData("transit", "Shipment is delayed", Milestone.InTransit, Modifiers.Delayed, Reason.None)]
    [InlineData("transit", "Clearance delay", Milestone.Exception, Modifiers.Customs, Reason.CustomsDelay)]
    [InlineData("transit", "Something new", Milestone.InTransit, Modifiers.None, Reason.None)]
    [InlineData("pre-transit", "The shipment is ready for pick-up by DHL", Milestone.LabelCreated, Modifiers.None, Reason.None)]
    [InlineData("delivered", "The shipment has been successfully delivered", Milestone.Delivered, Modifiers.None, Reason.None)]
    [InlineData("failure", "The consignee refused the shipment", Milestone.Exception, Modifiers.None, Reason.RecipientRefused)]
    [InlineData("failure", "Recipient not home", Milestone.AttemptFailed, Modifiers.None, Reason.RecipientUnavailable)]
    [InlineData("failure", "Something new", Milestone.Exception, Modifiers.None, Reason.None)]
    [InlineData("transit", "Die Sendung wurde in das Zustellfahrzeug geladen", Milestone.OutForDelivery, Modifiers.None, Reason.None)]
    public void A_coarse_code_is_refined_by_the_text_beside_it(string code, string text, Milestone status, Modifiers modifiers, Reason reason)
        => One($"\"statusCode\":\"{code}\",\"status\":\"x\",\"description\":\"{text}\",\"timestamp\":\"2025-03-11T09:19:00\"").ShouldSatisfyAllConditions(
            s => s.Status.ShouldBe(status), s => s.Modifiers.ShouldBe(modifiers), s => s.Reason.ShouldBe(reason));

    [Fact]
    public void A_division_s_own_code_speaks_before_text()
    {
        One("\"statusCode\":\"transit\",\"status\":\"OH\",\"description\":\"Shipment on its way\"", "express").ShouldSatisfyAllConditions(s => s.Status.ShouldBe(Milestone.Exception), s => s.Raw!.SubCode.ShouldBe("OH"));
        One("\"statusCode\":\"transit\",\"status\":\"ULFMV/UNLDD\"", "parcel-de").Raw!.ShouldSatisfyAllConditions(r => r.SubCode.ShouldBe("ULFMV"), r => r.ReasonCode.ShouldBe("UNLDD"));
        One("\"statusCode\":\"delivered\",\"status\":\"DLVRD/NGHBR\"", "parcel-de").ShouldSatisfyAllConditions(s => s.Status.ShouldBe(Milestone.Delivered), s => s.Delivery!.RecipientType.ShouldBe("neighbour"));
        One("\"statusCode\":\"transit\",\"status\":\"OH\"", "ecommerce").Status.ShouldBe(Milestone.InTransit);   // that code is Express's
    }

    [Fact]
    public void The_division_names_the_carrier()
    {
        One("\"statusCode\":\"transit\"", "express").Carrier.ShouldBe("dhl-express");
        One("\"statusCode\":\"transit\"", "parcel-de").Carrier.ShouldBe("dhl-paket");
        One("\"statusCode\":\"transit\"", "parcel-nl").Carrier.ShouldBe("dhl-parcel-nl");
        Messages.Scans(Dhl, """{"shipments":[{"id":"4629105526","events":[{"statusCode":"transit"}]}]}""").Single().Carrier.ShouldBe("dhl");
    }

    [Theory]
    [InlineData("2025-03-11T09:19:00+01:00", ZoneSource.Explicit, 1)]
    [InlineData("2025-03-11T09:19:00Z", ZoneSource.Place, 1)]
    [InlineData("2025-03-11T09:19:00", ZoneSource.Place, 1)]
    public void A_numeric_offset_is_meant_and_a_z_is_not(string written, ZoneSource source, int hours)
        => One($"\"timestamp\":\"{written}\",\"statusCode\":\"transit\",\"location\":{{\"address\":{{\"countryCode\":\"DE\",\"addressLocality\":\"Bonn\"}}}}").Occurred
            .ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 9, 19, 0, TimeSpan.FromHours(hours)), Precision.Second, source));

    [Fact]
    public void A_midnight_is_a_day() => One("\"timestamp\":\"2025-03-11T00:00:00\",\"statusCode\":\"transit\"").Occurred.ShouldBe(OccurredTime.On(new DateOnly(2025, 3, 11)));

    [Theory]
    [InlineData("TURIN - ITALY", null, "TURIN", null, "IT")]
    [InlineData("Germany", null, null, null, "DE")]
    [InlineData("New York, NY, USA", null, "New York", "NY", "US")]
    [InlineData("CINCINNATI HUB,OH - USA", null, "CINCINNATI HUB", "OH", "US")]
    [InlineData("Luxembourg", "LU", "Luxembourg", null, "LU")]
    [InlineData("Bonn", "DE", "Bonn", null, "DE")]
    [InlineData("Saint-Denis", null, "Saint-Denis", null, null)]
    public void A_locality_may_be_a_city_a_country_or_all_of_it(string locality, string? country, string? city, string? region, string? found)
    {
        var scan = One($"\"statusCode\":\"transit\",\"location\":{{\"address\":{{\"addressLocality\":\"{locality}\",\"countryCode\":{(country is null ? "null" : $"\"{country}\"")}}}}}");

        scan.Place.ShouldBe(new Place(City: city, Region: region, Country: found));
        scan.Raw!.LocationText.ShouldBe(locality);
    }

    [Fact]
    public void References_may_be_one_object_or_many_and_link_the_local_carrier_s_number()
    {
        Unified[0].Scans[0].Links.ShouldBe([new TrackingLink("alternate", "dhl-express", "JD014600003000000001"), new TrackingLink("reference", null, "PO-5518"), new TrackingLink("handover", null, "1Z7X904E0342100870")]);
        Unified[0].Scans[0].Journey.ShouldBe(new JourneyHints("express", "DE", DestinationCountry: "IT", DestinationPostalCode: "10121", DestinationCity: "Turin", WeightGrams: 2500, ShipperReference: "PO-5518"));
        Messages.Scans(Dhl, """{"shipments":{"id":"4629105526","service":"express","details":{"references":{"number":"A-1","type":"customer-reference"}},"events":{"statusCode":"transit"}}}""")
            .Single().Journey!.ShipperReference.ShouldBe("A-1");
    }

    [Fact]
    public void A_time_frame_is_the_estimate_and_a_date_inside_it_is_not_told_twice()
    {
        Unified[0].Scans.Single(s => s.Kind == ScanKind.Estimate).Eta
            .ShouldBe(new EtaStatement(new DateTime(2025, 3, 11, 10, 0, 0), new DateTime(2025, 3, 11, 18, 0, 0), null, Precision.Second, EtaKind.Estimated, "estimatedDeliveryTimeFrame"));
        Messages.Scans(Dhl, """{"shipments":[{"id":"1","estimatedTimeOfDelivery":"2025-03-12T00:00:00","estimatedTimeOfDeliveryRemark":"by noon","events":[{"statusCode":"transit"}]}]}""")
            .Single(s => s.Kind == ScanKind.Estimate).ShouldSatisfyAllConditions(s => s.Eta!.Precision.ShouldBe(Precision.Day), s => s.Raw!.Text.ShouldBe("by noon"));
    }

    [Fact]
    public void Proof_of_delivery_goes_to_the_delivery()
    {
        var delivered = Messages.Scans(Dhl, """
            {"shipments":[{"id":"4629105526","service":"express","details":{"proofOfDelivery":{"timestamp":"2025-03-11T11:02:00","signatureUrl":"https://example.org/s","documentUrl":"https://example.org/d",
             "signed":{"givenName":"R","familyName":"ROSSI"}}},"events":[{"timestamp":"2025-03-11T11:02:00","statusCode":"delivered"}]}]}
            """).Single();

        delivered.Delivery!.ShouldSatisfyAllConditions(d => d.SignedBy.ShouldBe("R ROSSI"), d => d.Images.ShouldBe(["https://example.org/s", "https://example.org/d"]));
    }

    [Fact]
    public void An_event_of_some_pieces_is_told_of_each()
        => Messages.Scans(Dhl, """
            {"shipments":[{"id":"4629105526","details":{"totalNumberOfPieces":3,"pieceIds":["A1","A2","A3"]},"events":[{"statusCode":"delivered","pieceIds":["A1","A2"]},{"statusCode":"transit","pieceIds":["A1","A2","A3"]}]}]}
            """).Select(s => s.PieceId).ShouldBe(["A1", "A2", null]);

    [Fact]
    public void A_status_without_events_is_a_snapshot()
        => Messages.Scans(Dhl, """{"id":"4629105526","service":"freight","status":{"timestamp":"2025-03-11T09:19:00","statusCode":"delivered"}}""").Single()
            .ShouldSatisfyAllConditions(s => s.Kind.ShouldBe(ScanKind.Snapshot), s => s.Status.ShouldBe(Milestone.Delivered), s => s.Carrier.ShouldBe("dhl-freight"));

    [Fact]
    public void Other_divisions_are_a_hint_and_nothing_found_is_a_note()
    {
        Unified.Codes().ShouldBe(["dhl.other-divisions"]);
        Messages.Items(Dhl, """{"title":"No result found","detail":"No shipment with given tracking number found.","status":404,"instance":"/shipment/8264715546"}""").Codes().ShouldBe(["carrier.not-found"]);
        Messages.Items(Dhl, """{"shipments":[]}""").Codes().ShouldBe(["carrier.not-found"]);
    }

    [Fact]
    public void A_push_wraps_shipments_in_many_ways()
    {
        const string shipment = """{"id":"4629105526","service":"express","events":[{"timestamp":"2025-03-11T09:19:00","statusCode":"transit"}]}""";

        foreach (var body in (string[])[shipment, $"[{shipment}]", $$"""{"shipment":{{shipment}}}""", $$$"""{"data":{"payload":[{{{shipment}}}]}}"""])
            Messages.Scans(Dhl, body).Single().TrackingNumber.ShouldBe("4629105526");
    }

    [Fact]
    public void A_storn_of_paket_takes_back_the_event_before_it()
    {
        var storn = Messages.Scans(Dhl, """
            {"shipments":[{"id":"00340434161094042557","service":"parcel-de","events":[{"timestamp":"2025-03-11T12:03:00","statusCode":"transit","status":"STORN"},
             {"timestamp":"2025-03-11T12:00:00","statusCode":"delivered","status":"DLVRD"},{"timestamp":"2025-03-11T08:00:00","statusCode":"transit","status":"MVARR"}]}]}
            """).Single(s => s.Kind == ScanKind.Retraction);

        storn.Status.ShouldBeNull();
        storn.Retracts.ShouldBe(new RetractionTarget(Type: "parcel-de", Code: "delivered", Local: new DateTime(2025, 3, 11, 12, 0, 0)));
    }

    [Fact]
    public void A_configured_header_must_carry_a_live_secret()
    {
        var credentials = new FeedCredentials(["old", "token"], "x-our-key", default);

        Dhl.Verify([], credentials, n => n == "x-our-key" ? "token" : null).State.ShouldBe(SignatureState.Verified);
        Dhl.Verify([], credentials, _ => "guess").State.ShouldBe(SignatureState.Failed);
        Dhl.Verify([], credentials, _ => null).State.ShouldBe(SignatureState.Absent);
    }

    [Fact]
    public void Broken_messages_get_an_answer() => Messages.Survives(Dhl, Decoded.Sample("dhl/unified.json"));
}
