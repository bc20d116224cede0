using Tracking.Carriers.FedEx;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.FedEx;

public sealed class FedExDecoderTests
{
    private static readonly FedExDecoder FedEx = new();

    private static List<DecodedItem> Poll => Messages.Items(FedEx, Decoded.Sample("fedex/two-parcels-one-number.json"));

    private static Scan One(string scanEvent, string network = "FDXE") => Messages.Scans(FedEx,
        $$"""{"trackResults":[{"trackingNumberInfo":{"trackingNumber":"612904551027","carrierCode":"{{network}}"},"scanEvents":[ {{scanEvent}} ]}]}""")[0];

    private static List<Scan> Result(string members) => Messages.Scans(FedEx, $$"""{"trackResults":[{"trackingNumberInfo":{"trackingNumber":"612904551027"}, {{members}} }]}""");

    [Fact]
    public void Two_parcels_under_one_number_stay_two()
    {
        var uses = Poll.Where(i => !i.Scans.IsEmpty).ToList();

        uses.Count.ShouldBe(2);
        uses[0].Scans.ShouldAllBe(s => s.UniqueId == "2460744000~612904551027~FX");
        uses[1].Scans.ShouldAllBe(s => s.UniqueId == "2460745000~612904551027~FX");
        uses.SelectMany(i => i.Scans).ShouldAllBe(s => s.Carrier == "fedex" && s.TrackingNumber == "612904551027");
    }

    [Fact]
    public void A_number_nobody_knows_beside_good_ones_is_a_note_and_no_garbage()
    {
        var items = Poll;

        items.Count.ShouldBe(3);
        items[2].Problem.ShouldBeNull();
        items[2].Scans.ShouldBeEmpty();
        items[2].Notes[0].Code.ShouldBe("carrier.not-found");
        items[2].Pointer.ShouldBe("/output/completeTrackResults/1/trackResults/0");
    }

    [Fact]
    public void An_event_keeps_its_columns_its_offset_its_place_and_where_it_stood()
    {
        var scan = Poll[0].Scans[0];

        scan.Kind.ShouldBe(ScanKind.Scan);
        scan.Status.ShouldBe(Milestone.AttemptFailed);
        scan.Reason.ShouldBe(Reason.RecipientUnavailable);
        scan.Modifiers.ShouldBe(Modifiers.Delayed);
        scan.Raw.ShouldBe(new RawCodes(Type: "DE", Code: "DE", ReasonCode: "08", Text: "Delivery exception"));
        scan.Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 10, 42, 0, TimeSpan.FromHours(-5))));
        scan.Place.ShouldBe(new Place(City: "TULSA", Region: "OK", PostalCode: "74103", Country: "US", FacilityId: "TULA", FacilityType: "DELIVERY_LOCATION"));
        scan.Evidence.ShouldBe(new Evidence(null, "/output/completeTrackResults/0/trackResults/0/scanEvents/0"));
    }

    [Fact]
    public void The_fine_code_speaks_where_the_coarse_one_is_still_behind()
        => Poll[0].Scans[1].ShouldSatisfyAllConditions(s => s.Status.ShouldBe(Milestone.OutForDelivery), s => s.Raw!.Type.ShouldBe("IT"), s => s.Raw!.ReasonCode.ShouldBeNull());

    [Fact]
    public void A_midnight_without_offset_is_a_day_whose_zone_nobody_knows()
    {
        var pickedUp = Poll[0].Scans[2];

        pickedUp.Status.ShouldBe(Milestone.Accepted);
        pickedUp.Occurred.ShouldBe(OccurredTime.On(new DateOnly(2025, 3, 10)));
        pickedUp.Modifiers.ShouldBe(Modifiers.DateOnly);
    }

    [Fact]
    public void A_time_without_offset_is_local_with_unknown_zone()
        => One("""{"date":"2025-03-10T14:05:00","eventType":"AR","scanLocation":{"city":"RENO","stateOrProvinceCode":"NV","countryCode":"US"}}""")
            .Occurred.ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 10, 14, 5, 0)));

    [Fact]
    public void Ground_writes_the_pickup_day_as_a_midnight_with_offset()
    {
        var occurred = One("""{"date":"2025-03-10T00:00:00-06:00","eventType":"PU"}""", "FDXG").Occurred;

        occurred.Precision.ShouldBe(Precision.Day);
        occurred.Utc.ShouldBeNull();
        One("""{"date":"2025-03-10T00:00:00-06:00","eventType":"PU"}""", "FDXE").Occurred.IsExact.ShouldBeTrue();
    }

    [Fact]
    public void The_journey_knows_service_ends_weight_reference_and_pickup_day()
        => Poll[0].Scans[0].Journey.ShouldBe(new JourneyHints("FEDEX_2_DAY", "US", "ID", "83702", "US", "OK", "74103", "TULSA", 2000, "PO-71", new DateOnly(2025, 3, 10)));

    [Fact]
    public void A_master_number_is_a_link()
        => Poll[0].Scans[0].Links.ShouldBe([new TrackingLink("reference", null, "PO-71"), new TrackingLink("master", "fedex", "612904551016")]);

    [Fact]
    public void A_window_whose_begin_lacks_the_offset_of_its_end_has_none()
    {
        var estimate = Poll[0].Scans.Single(s => s.Kind == ScanKind.Estimate);   // the estimated day lies inside the window and is not told twice

        estimate.Eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 12, 9, 15, 0), new DateTime(2025, 3, 12, 13, 15, 0), null, Precision.Second, EtaKind.Estimated, "estimatedDeliveryTimeWindow"));
        estimate.Status.ShouldBeNull();
    }

    [Fact]
    public void An_estimated_midnight_is_a_day_whatever_offset_stands_beside_it()
        => Result("""
            "dateAndTimes":[{"type":"ESTIMATED_DELIVERY","dateTime":"2024-04-24T00:00:00-06:00"}],"estimatedDeliveryTimeWindow":{"window":{}},"latestStatusDetail":{"code":"IT"}
            """).Single(s => s.Kind == ScanKind.Estimate).Eta
            .ShouldBe(new EtaStatement(new DateTime(2024, 4, 24), new DateTime(2024, 4, 24), null, Precision.Day, EtaKind.Estimated, "ESTIMATED_DELIVERY"));

    [Fact]
    public void Other_dates_are_information_and_their_offset_is_only_claimed()
    {
        var ship = Result("""
            "latestStatusDetail":{"code":"OC"},"dateAndTimes":[{"type":"SHIP","dateTime":"2024-04-22T08:30:00-06:00"}]
            """).Single(s => s.Raw?.Type == "SHIP");

        ship.Kind.ShouldBe(ScanKind.Information);
        ship.Occurred.ShouldBe(new OccurredTime(new DateTime(2024, 4, 22, 8, 30, 0), TimeSpan.FromHours(-6), null, Precision.Second, ZoneSource.Claimed));
    }

    [Fact]
    public void An_appointment_is_its_own_kind()
        => Result("""
            "latestStatusDetail":{"code":"IT"},"dateAndTimes":[{"type":"APPOINTMENT_DELIVERY","dateTime":"2024-04-26T00:00:00-06:00"}]
            """).ShouldContain(s => s.Kind == ScanKind.Appointment && s.Eta!.Kind == EtaKind.Scheduled && s.Eta.Precision == Precision.Day);

    [Fact]
    public void A_label_without_scans_is_a_snapshot_of_its_latest_status()
    {
        var scan = Result("""
            "latestStatusDetail":{"code":"OC","derivedCode":"IN","statusByLocale":"Label created"}
            """).Single();

        (scan.Kind, scan.Status, scan.Occurred).ShouldBe((ScanKind.Snapshot, Milestone.LabelCreated, OccurredTime.Untold));
    }

    [Fact]
    public void The_delivery_carries_who_signed_where_how_often_and_which_images_exist()
    {
        var delivered = Poll[1].Scans.Single();

        delivered.Status.ShouldBe(Milestone.Delivered);
        delivered.Delivery!.ShouldSatisfyAllConditions(
            d => d.SignedBy.ShouldBe("R. REY"), d => d.LeftAt.ShouldBe("Front Desk"), d => d.Attempts.ShouldBe(1), d => d.Images.ShouldBe(["SIGNATURE_PROOF_OF_DELIVERY"]));
    }

    [Fact]
    public void The_latest_status_adds_its_actions_in_a_column_of_their_own()
    {
        var detail = Poll[0].Scans.Single(s => s.Raw?.ReasonSubCode is not null);

        detail.Kind.ShouldBe(ScanKind.Information);
        detail.Status.ShouldBeNull();   // CA is the carrier's action here, not a cancelled shipment
        detail.Raw!.ShouldSatisfyAllConditions(r => r.Code.ShouldBe("DE"), r => r.ReasonCode.ShouldBe("08"), r => r.ReasonSubCode.ShouldBe("CA"));
    }

    [Theory]
    [InlineData("08", Milestone.AttemptFailed, Reason.RecipientUnavailable)]
    [InlineData("007", Milestone.AttemptFailed, Reason.RecipientUnavailable)]
    [InlineData("03", Milestone.Exception, Reason.RecipientAddress)]
    [InlineData("003", Milestone.Exception, Reason.RecipientAddress)]
    [InlineData("3", Milestone.Exception, Reason.Unknown)]       // zeros are part of the code
    [InlineData("ZZ9", Milestone.Exception, Reason.Unknown)]
    public void A_delivery_exception_is_an_attempt_or_a_stop_by_its_reason(string reason, Milestone status, Reason why)
        => One($$"""{"date":"2025-03-11T10:42:00-05:00","eventType":"DE","exceptionCode":"{{reason}}"}""").ShouldSatisfyAllConditions(s => s.Status.ShouldBe(status), s => s.Reason.ShouldBe(why));

    [Fact]
    public void An_unknown_reason_code_is_read_by_its_text()
        => One("""{"date":"2025-03-11T10:42:00-05:00","eventType":"DE","exceptionCode":"Q1","exceptionDescription":"Business closed"}""")
            .ShouldSatisfyAllConditions(s => s.Status.ShouldBe(Milestone.AttemptFailed), s => s.Reason.ShouldBe(Reason.RecipientClosed), s => s.Raw!.Text.ShouldBe("Business closed"));

    [Theory]
    [InlineData("AO", null, ScanKind.Information)]
    [InlineData("HA", null, ScanKind.Information)]
    [InlineData("SP", null, ScanKind.Information)]
    [InlineData("RC", null, ScanKind.Information)]
    [InlineData("EA", Milestone.InTransit, ScanKind.Scan)]
    [InlineData("HL", Milestone.AvailableForPickup, ScanKind.Scan)]
    [InlineData("RS", Milestone.Returning, ScanKind.Scan)]
    [InlineData("CA", Milestone.Cancelled, ScanKind.Scan)]
    public void Codes_that_move_nothing_are_information(string code, Milestone? status, ScanKind kind)
        => One($$"""{"date":"2025-03-11T10:42:00-05:00","eventType":"{{code}}"}""").ShouldSatisfyAllConditions(
            s => s.Status.ShouldBe(status), s => s.Kind.ShouldBe(kind), s => s.Modifiers.ShouldBe(Modifiers.None));

    [Fact]
    public void A_code_nobody_mapped_is_kept_without_a_status()
        => One("""{"date":"2025-03-11T10:42:00-05:00","eventType":"Q7","derivedStatusCode":"DL","eventDescription":"Delivered"}""").ShouldSatisfyAllConditions(
            s => s.Status.ShouldBeNull(), s => s.Modifiers.ShouldBe(Modifiers.Unmapped), s => s.Raw!.Code.ShouldBe("Q7"));

    [Fact]
    public void A_clearance_delay_is_an_exception_in_customs()
        => One("""{"date":"2025-03-11T10:42:00-05:00","eventType":"CD"}""").ShouldSatisfyAllConditions(
            s => s.Status.ShouldBe(Milestone.Exception), s => s.Modifiers.ShouldBe(Modifiers.Customs), s => s.Reason.ShouldBe(Reason.CustomsDelay));

    [Fact]
    public void A_date_that_does_not_exist_costs_its_own_event_only()
    {
        var items = Messages.Items(FedEx, """
            {"trackingNumberInfo":{"trackingNumber":"612904551027"},"scanEvents":[{"date":"2025-02-30T10:00:00-05:00","eventType":"AR"},{"date":"2025-03-01T10:00:00-05:00","eventType":"DP"}]}
            """);

        items.Count.ShouldBe(2);
        items[0].Scans.Single().Raw!.Code.ShouldBe("DP");
        items[1].Problem!.Code.ShouldBe("time.impossible");
        items[1].Pointer.ShouldBe("/scanEvents/0");
    }

    [Fact]
    public void Nulls_singles_and_missing_containers_are_normal()
    {
        var scans = Messages.Scans(FedEx, """
            {"output":{"completeTrackResults":{"trackingNumber":"612904551027","trackResults":{"trackingNumberInfo":{"trackingNumberUniqueId":null,"carrierCode":null},
             "scanEvents":{"date":"2025-03-11T10:42:00-05:00","eventType":"IT","scanLocation":null,"delayDetail":null,"exceptionCode":null},"dateAndTimes":null,
             "deliveryDetails":{},"estimatedDeliveryTimeWindow":{"window":{}},"standardTransitTimeWindow":{},"latestStatusDetail":{"ancillaryDetails":[null]},"newThing":[1,2]}}}}
            """);

        scans.Single().ShouldSatisfyAllConditions(s => s.Status.ShouldBe(Milestone.InTransit), s => s.UniqueId.ShouldBeNull(), s => s.Place.ShouldBeNull());
    }

    [Fact]
    public void A_push_repeats_the_track_result_in_whatever_wrapping()
    {
        var poll = Poll[0].Scans[0];
        var pushed = Messages.Scans(FedEx, """
            {"eventId":"7","payload":{"trackResult":{"trackingNumberInfo":{"trackingNumber":"612904551027","trackingNumberUniqueId":"2460744000~612904551027~FX","carrierCode":"FDXE"},
             "scanEvents":[{"date":"2025-03-11T10:42:00-05:00","eventType":"DE","exceptionCode":"08","scanLocation":{"city":"Tulsa"},"locationId":"TULA","derivedStatusCode":"DE"}]}}}
            """).Single();

        pushed.Key.ShouldBe(poll.Key);
    }

    [Fact]
    public void An_answer_of_the_test_system_reaches_no_parcel()
    {
        var items = Messages.Items(FedEx, """
            {"output":{"alerts":[{"code":"VIRTUAL.RESPONSE","message":"This is a virtual response."}],"completeTrackResults":[{"trackResults":[{"trackingNumberInfo":{"trackingNumber":"612904551027"},"scanEvents":[{"date":"2025-03-11T10:42:00-05:00","eventType":"DL"}]}]}]}}
            """);

        items.Single().Scans.ShouldBeEmpty();
        items.Codes().ShouldBe(["message.test"]);
    }

    [Fact]
    public void Errors_instead_of_results_are_notes()
        => Messages.Items(FedEx, """{"transactionId":"x","errors":[{"code":"NOT.AUTHORIZED.ERROR","message":"Access token expired."}]}""").Codes().ShouldBe(["carrier.error"]);

    [Fact]
    public void A_track_reply_is_read_whatever_its_version()
    {
        var items = Messages.Items(FedEx, Decoded.Sample("fedex/track-reply.xml"));

        var scans = items[0].Scans;
        scans[0].ShouldSatisfyAllConditions(
            s => s.Status.ShouldBe(Milestone.Exception), s => s.Reason.ShouldBe(Reason.RecipientAddress), s => s.UniqueId.ShouldBe("2460744000~612904551027~FX"),
            s => s.Occurred.Offset.ShouldBe(TimeSpan.FromHours(-5)), s => s.Place!.Region.ShouldBeNull(), s => s.Place!.FacilityType.ShouldBe("DELIVERY_LOCATION"),
            s => s.Journey!.Service.ShouldBe("FEDEX_GROUND"), s => s.Journey!.WeightGrams.ShouldBe(1361), s => s.Raw!.Text.ShouldBe("Delivery exception"));
        scans[1].Occurred.Precision.ShouldBe(Precision.Day);
        scans.ShouldContain(s => s.Kind == ScanKind.Estimate && s.Eta!.Precision == Precision.Day);
        items[1].Problem.ShouldBeNull();
        items[1].Notes.Single().Code.ShouldBe("carrier.not-found");
    }

    [Fact]
    public void What_is_kept_of_a_result_can_be_read_again_alone()
    {
        foreach (var sample in (string[])["fedex/two-parcels-one-number.json", "fedex/track-reply.xml"])
        {
            var item = Messages.Items(FedEx, Decoded.Sample(sample))[0];
            Messages.Items(FedEx, item.Original.ToArray())[0].Scans.Select(s => s.Key).ShouldBe(item.Scans.Select(s => s.Key));
        }
    }

    [Fact]
    public void A_document_of_something_else_is_unreadable_by_name()
    {
        Messages.Items(FedEx, "").Single().Problem!.Code.ShouldBe("message.empty");
        Messages.Items(FedEx, """{"hello":1}""").Single().Problem!.Code.ShouldBe("fedex.no-result");
        Messages.Items(FedEx, "<Other/>").Single().Problem!.Code.ShouldBe("fedex.no-result");
        Messages.Items(FedEx, """{"trackingNumberInfo":{"trackingNumber":"???"},"scanEvents":[]}""").Single().Problem!.Code.ShouldBe("number.invalid");
    }

    [Theory]
    [InlineData("fedex/two-parcels-one-number.json")]
    [InlineData("fedex/track-reply.xml")]
    public void Broken_messages_get_an_answer(string sample) => Messages.Survives(FedEx, Decoded.Sample(sample));
}
