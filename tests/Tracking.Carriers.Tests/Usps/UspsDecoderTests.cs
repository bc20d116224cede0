using System.Security.Cryptography;
using System.Text;
using Tracking.Carriers.Usps;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Usps;

public sealed class UspsDecoderTests
{
    private static readonly UspsDecoder Usps = new();

    private static List<Scan> Version3 => Messages.Scans(Usps, Decoded.Sample("usps/tracking-v3.json"));
    private static List<DecodedItem> WebTools => Messages.Items(Usps, Decoded.Sample("usps/web-tools.xml"));

    private static Scan One(string members) => Messages.Scans(Usps, $$"""{"trackingNumber":"9400111899560440177222","trackingEvents":[ { {{members}} } ]}""")[0];

    [Fact]
    public void An_event_has_local_time_utc_with_its_seconds_and_their_offset()
    {
        var notice = Version3[0];

        notice.Occurred.ShouldBe(new OccurredTime(new DateTime(2025, 3, 11, 14, 5, 0), TimeSpan.FromHours(-4), new DateTimeOffset(2025, 3, 11, 18, 5, 21, TimeSpan.Zero), Precision.Second, ZoneSource.UtcPair));
        notice.Occurred.IsExact.ShouldBeTrue();
        notice.Place.ShouldBe(new Place(City: "MACON", Region: "GA", PostalCode: "31201", Country: "US"));
        notice.Evidence!.Pointer.ShouldBe("/trackingEvents/0");
    }

    [Fact]
    public void The_use_of_the_number_is_named_by_the_mail_piece()
    {
        Version3.ShouldAllBe(s => s.UniqueId == "884120077" && s.Carrier == "usps" && s.TrackingNumber == "9400111899560440177222");
        Messages.Scans(Usps, """{"trackingNumber":"9400111899560440177222","uniqueTrackingId":77,"trackingEvents":[{"eventCode":"OF"}]}""")[0].UniqueId.ShouldBe("77");
        Messages.Scans(Usps, """{"trackingNumber":"9400111899560440177222","approximateIntakeDate":"2024-11-15 11:09:19.000000","trackingEvents":[{"eventCode":"OF"}]}""")[0].UniqueId.ShouldBe("2024-11-15");
    }

    [Fact]
    public void A_notice_left_is_a_failed_attempt_with_the_reason_of_its_own_column()
    {
        var notice = Version3[0];

        (notice.Status, notice.SubStatus, notice.Reason).ShouldBe((Milestone.AttemptFailed, "noAuthorizedRecipient", Reason.RecipientUnavailable));
        notice.Raw.ShouldBe(new RawCodes(Code: "02", ReasonCode: "56", Text: "Notice Left (No Authorized Recipient Available)"));
        notice.Delivery.ShouldBeNull();   // "false" is no agent
    }

    [Fact]
    public void An_event_a_system_wrote_is_no_scan_of_anybody()
    {
        var system = Version3[1];

        system.Status.ShouldBe(Milestone.InTransit);
        system.Modifiers.ShouldBe(Modifiers.SystemGenerated);
        system.Place.ShouldBeNull();
        system.Occurred.Offset.ShouldBe(TimeSpan.FromHours(-4));   // written -4:00
    }

    [Fact]
    public void A_facility_in_the_city_column_has_no_zone()
    {
        var arrived = Version3[2];

        arrived.Place.ShouldBe(new Place(FacilityId: "QUEENS NY DISTRIBUTION CENTER", FacilityType: "DISTRIBUTION CENTER"));
        arrived.Raw!.LocationText.ShouldBe("QUEENS NY DISTRIBUTION CENTER");
        arrived.Occurred.ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 9, 22, 40, 0)));
        (arrived.Status, arrived.SubStatus).ShouldBe((Milestone.InTransit, "arrived"));
    }

    [Fact]
    public void A_code_that_lost_its_zero_means_the_same_and_is_kept_as_written()
        => Version3[3].ShouldSatisfyAllConditions(s => s.Status.ShouldBe(Milestone.Accepted), s => s.Raw!.Code.ShouldBe("3"));

    [Fact]
    public void The_journey_knows_class_without_html_both_ends_and_the_intake_day()
        => Version3[0].Journey.ShouldBe(new JourneyHints("Priority Mail®", "US", "MA", "02109", "US", "GA", "31201", "MACON", PickedUpOn: new DateOnly(2025, 3, 7)));

    [Fact]
    public void Expected_and_predicted_deliveries_are_estimates_of_their_kind()
    {
        var estimates = Version3.Where(s => s.Kind == ScanKind.Estimate).ToList();

        estimates.Count.ShouldBe(2);
        estimates[0].Eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 12, 21, 0, 0), new DateTime(2025, 3, 12, 21, 0, 0), null, Precision.Second, EtaKind.Estimated, "expectedDeliveryTimeStamp"));
        estimates[1].Eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 12, 13, 30, 0), new DateTime(2025, 3, 12, 17, 30, 0), null, Precision.Minute, EtaKind.Predicted, "predictedDeliveryDate"));
        estimates.ShouldAllBe(s => s.Status == null);
    }

    [Theory]
    [InlineData("\"guaranteedDeliveryTimeStamp\":\"2025-03-12T00:00:00\"", EtaKind.Guaranteed, Precision.Day)]
    [InlineData("\"expectedDeliveryTimeStamp\":\"2025-03-12\",\"expectedDeliveryType\":\"Scheduled Delivery Day\"", EtaKind.Scheduled, Precision.Day)]
    [InlineData("\"predictedDeliveryDate\":\"2025-03-12\",\"predictedDeliveryWindowStartTime\":null", EtaKind.Predicted, Precision.Day)]
    [InlineData("\"expectedDeliveryTimeStamp\":\"2025-03-12T00:00:00\",\"endOfDay\":\"9:00 pm\"", EtaKind.Estimated, Precision.Minute)]
    public void A_date_without_a_time_stays_a_day(string members, EtaKind kind, Precision precision)
        => Messages.Scans(Usps, $$"""{"trackingNumber":"9400111899560440177222","statusCategory":"In Transit", {{members}} }""")
            .Single(s => s.Kind == ScanKind.Estimate).Eta!.ShouldSatisfyAllConditions(e => e.Kind.ShouldBe(kind), e => e.Precision.ShouldBe(precision));

    [Fact]
    public void The_return_date_is_information() => Version3.ShouldContain(s => s.Kind == ScanKind.Information && s.SubStatus == "returnDateNotice" && s.Raw!.Text == "2025-03-26");

    [Theory]
    [InlineData("01", "Delivered, To Original Sender", Milestone.Returned, "originalSender")]
    [InlineData("01", "Delivered, To Agent", Milestone.Delivered, "agent")]
    [InlineData("1", "Delivered, In/At Mailbox", Milestone.Delivered, null)]
    [InlineData("10", "Departed USPS Regional Facility", Milestone.InTransit, "departed")]
    [InlineData("10", "Processed through Facility", Milestone.InTransit, "processed")]
    [InlineData("03", "Delivered, In/At Mailbox", Milestone.Accepted, null)]   // text never contradicts the table
    [InlineData("TM", "Shipment Received, Package Acceptance Pending", Milestone.LabelCreated, "acceptancePending")]
    [InlineData("81", "Arrived Shipping Partner Facility, USPS Awaiting Item", Milestone.InTransit, "partnerArrived")]
    [InlineData("11", "Dead Mail", Milestone.Failed, "disposed")]
    [InlineData("GC", "Return Receipt Associated", null, "returnReceipt")]
    public void Text_refines_a_code_and_contradicts_it_only_where_the_carrier_means_it(string code, string text, Milestone? status, string? subStatus)
        => One($"\"eventCode\":\"{code}\",\"eventType\":\"{text}\"").ShouldSatisfyAllConditions(s => s.Status.ShouldBe(status), s => s.SubStatus.ShouldBe(subStatus));

    [Fact]
    public void Where_and_with_whom_a_delivery_is_comes_from_its_text_and_columns()
    {
        One("\"eventCode\":\"01\",\"eventType\":\"Delivered, In/At Mailbox\"").Delivery!.LeftAt.ShouldBe("In/At Mailbox");
        One("\"eventCode\":\"01\",\"eventType\":\"Delivered, Left with Individual\",\"name\":\"J DOE\"").Delivery!.ShouldSatisfyAllConditions(d => d.SignedBy.ShouldBe("J DOE"), d => d.RecipientType.ShouldBe("individual"));
        One("\"eventCode\":\"17\",\"eventType\":\"Picked Up by Agent\",\"authorizedAgent\":\"true\",\"firm\":\"ACME\"").Delivery!.ShouldSatisfyAllConditions(d => d.SignedBy.ShouldBe("ACME"), d => d.RecipientType.ShouldBe("agent"));
    }

    [Fact]
    public void A_code_nobody_mapped_carries_no_status_whatever_its_text_says()
        => One("\"eventCode\":\"ZZ\",\"eventType\":\"Delivered\"").ShouldSatisfyAllConditions(s => s.Status.ShouldBeNull(), s => s.Modifiers.ShouldBe(Modifiers.Unmapped));

    [Fact]
    public void An_event_without_code_is_read_by_its_text() => One("\"eventCode\":null,\"eventType\":\"Out for Delivery\"").Status.ShouldBe(Milestone.OutForDelivery);

    [Fact]
    public void A_local_time_alone_gets_its_zone_from_the_zip_and_nowhere_else()
    {
        var known = One("\"eventCode\":\"OF\",\"eventTimestamp\":\"2025-03-11T07:10:00\",\"eventCity\":\"EL PASO\",\"eventState\":\"TX\",\"eventZIP\":\"79901\"").Occurred;
        var split = One("\"eventCode\":\"OF\",\"eventTimestamp\":\"2025-03-11T07:10:00\",\"eventCity\":\"NOWHERE\",\"eventState\":\"TX\"").Occurred;

        (known.ZoneSource, known.Offset).ShouldBe((ZoneSource.Place, TimeSpan.FromHours(-6)));
        (split.ZoneSource, split.Utc).ShouldBe((ZoneSource.Unknown, null));
    }

    [Fact]
    public void A_midnight_without_utc_is_a_day()
        => One("\"eventCode\":\"MA\",\"eventTimestamp\":\"2025-03-11T00:00:00\",\"eventState\":\"GA\",\"eventZIP\":\"31201\"").Occurred.Precision.ShouldBe(Precision.Day);

    [Fact]
    public void A_pair_that_contradicts_itself_keeps_the_local_time_and_says_so()
    {
        var item = Messages.Items(Usps, """
            {"trackingNumber":"9400111899560440177222","trackingEvents":[{"eventCode":"OF","eventTimestamp":"2025-03-11T07:10:00","GMTTimestamp":"2025-03-11T09:00:00Z","GMTOffset":"-05:00"}]}
            """).Single();

        item.Notes.Single().Code.ShouldBe("time.pair-mismatch");
        item.Scans.Single().Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 7, 10, 0, TimeSpan.FromHours(-5))));
    }

    [Fact]
    public void A_web_tools_summary_is_the_newest_event_and_details_follow()
    {
        var scans = WebTools[0].Scans;

        scans.Where(s => s.Kind == ScanKind.Scan).Select(s => s.Raw!.Code).ShouldBe(["01", "SF", "MA"]);
        scans[0].ShouldSatisfyAllConditions(
            s => s.UniqueId.ShouldBe("30381442"), s => s.Delivery!.LeftAt.ShouldBe("In/At Mailbox"), s => s.Journey!.Service.ShouldBe("Priority Mail®"),
            s => s.Occurred.ShouldBe(new OccurredTime(new DateTime(2014, 2, 13, 12, 24, 0), TimeSpan.FromHours(-6), new DateTimeOffset(2014, 2, 13, 18, 24, 0, TimeSpan.Zero), Precision.Minute, ZoneSource.Place)),
            s => s.Evidence!.Pointer.ShouldBe("/TrackResponse/TrackInfo[1]/TrackSummary[1]"));
        scans[1].Occurred.ZoneSource.ShouldBe(ZoneSource.Unknown);   // without a ZIP: Texas has two zones
        scans[2].Occurred.ShouldBe(OccurredTime.On(new DateOnly(2014, 2, 10)));
        scans.Single(s => s.Kind == ScanKind.Estimate).Eta!.ShouldSatisfyAllConditions(e => e.From.ShouldBe(new DateTime(2014, 2, 14)), e => e.Precision.ShouldBe(Precision.Day));
    }

    [Fact]
    public void A_batch_keeps_its_good_numbers_beside_an_error()
    {
        WebTools.Count.ShouldBe(2);
        WebTools[1].ShouldSatisfyAllConditions(i => i.Problem.ShouldBeNull(), i => i.Scans.ShouldBeEmpty(), i => i.Notes.Single().Code.ShouldBe("carrier.not-found"));
        Messages.Items(Usps, "<Error><Number>80040B1A</Number><Description>Authorization failure.</Description></Error>").Codes().ShouldBe(["carrier.error"]);
        Messages.Items(Usps, """{"error":"invalid_client","error_description":"Unknown"}""").Codes().ShouldBe(["carrier.error"]);
        Messages.Items(Usps, """{"apiVersion":"3","error":{"code":"404","message":"The tracking number may be incorrect","errors":[]}}""").Codes().ShouldBe(["carrier.not-found"]);
    }

    [Fact]
    public void An_answer_in_sentences_is_a_snapshot_with_the_time_its_sentence_tells()
    {
        var scans = Messages.Scans(Usps, """
            <TrackResponse><TrackInfo ID="EJ958083578US"><TrackSummary>Your item was delivered at 8:10 am on June 1, 2011 in WILMINGTON, DE 19801.</TrackSummary>
            <TrackDetail>May 30 11:07 am NOTICE LEFT WILMINGTON DE 19801.</TrackDetail></TrackInfo></TrackResponse>
            """);

        var snapshot = scans.Single(s => s.Kind == ScanKind.Snapshot);
        snapshot.Status.ShouldBe(Milestone.Delivered);
        snapshot.Occurred.ShouldSatisfyAllConditions(o => o.Local.ShouldBe(new DateTime(2011, 6, 1, 8, 10, 0)), o => o.ZoneSource.ShouldBe(ZoneSource.Place));
        scans.Single(s => s.Kind == ScanKind.Scan).ShouldSatisfyAllConditions(s => s.Status.ShouldBe(Milestone.AttemptFailed), s => s.Occurred.IsTold.ShouldBeFalse());   // no year, no day
    }

    [Fact]
    public void A_summary_without_events_is_a_snapshot_by_its_category()
        => Messages.Scans(Usps, """{"trackingNumber":"9400111899560440177222","status":"Available for Pickup","statusCategory":"Available for Pickup","statusSummary":"Your item is ready."}""")
            .Single().ShouldSatisfyAllConditions(s => s.Kind.ShouldBe(ScanKind.Snapshot), s => s.Status.ShouldBe(Milestone.AvailableForPickup));

    [Fact]
    public void A_push_may_wrap_its_event_as_it_likes()
    {
        const string told = "\"eventCode\":\"OF\",\"eventType\":\"Out for Delivery\",\"eventTimestamp\":\"2025-03-11T07:10:00\",\"GMTTimestamp\":\"2025-03-11T11:10:00Z\",\"eventZIP\":\"31201\"";
        var single = Messages.Scans(Usps, $$"""{"trackingNumber":"9400111899560440177222", {{told}} }""").Single();

        Messages.Scans(Usps, $$"""{"subscriptionId":"s","notification":{"trackingNumber":"9400111899560440177222","trackingEvents":{ {{told}} } } }""").Single().Key.ShouldBe(single.Key);
        Messages.Scans(Usps, $$"""[{"trackingNumber":"9400111899560440177222","data":{"events":[ { {{told}} } ]} }]""").Single().Key.ShouldBe(single.Key);
        single.Status.ShouldBe(Milestone.OutForDelivery);
    }

    [Fact]
    public void A_configured_secret_asks_for_a_signature_and_its_hash_is_configurable()
    {
        var body = "{}"u8.ToArray();
        var secret = "0123456789abcdef0123456789abcdef";
        var sha512 = Convert.ToHexString(HMACSHA512.HashData(Encoding.UTF8.GetBytes(secret), body));
        var sha256 = Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body));
        var credentials = new FeedCredentials([secret], null, default);

        Usps.Verify(body, credentials, n => n == "X-HMAC" ? sha256 : null).State.ShouldBe(SignatureState.Verified);
        Usps.Verify(body, credentials, _ => null).State.ShouldBe(SignatureState.Absent);
        Usps.Verify(body, credentials, _ => sha512).State.ShouldBe(SignatureState.Failed);
        Usps.Verify(body, credentials with { Hash = "sha512", Encoding = "hex" }, _ => sha512).State.ShouldBe(SignatureState.Verified);
        Usps.Verify(body, FeedCredentials.None, _ => null).State.ShouldBe(SignatureState.NotSupported);
    }

    [Theory]
    [InlineData("usps/tracking-v3.json")]
    [InlineData("usps/web-tools.xml")]
    public void Broken_messages_get_an_answer(string sample) => Messages.Survives(Usps, Decoded.Sample(sample));
}
