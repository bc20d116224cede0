using System.Text;
using Tracking.Carriers.X12;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.X12;

/// <summary>What an X12 file says, set by set.</summary>
public sealed class X12DecodingTests
{
    [Fact]
    public void An_attempted_delivery_keeps_every_fact_of_its_set()
    {
        var scan = Sample("one-attempt.edi").ShouldHaveSingleItem().Scans.ShouldHaveSingleItem();

        scan.Carrier.ShouldBe("qzrt");
        scan.TrackingNumber.ShouldBe("P7710045");
        scan.Kind.ShouldBe(ScanKind.Scan);
        scan.Status.ShouldBe(Milestone.AttemptFailed);
        scan.Reason.ShouldBe(Reason.RecipientUnavailable);
        scan.Raw.ShouldBe(new RawCodes(Code: "AH", ReasonCode: "AQ"));
        scan.Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 14, 32, 0, TimeSpan.FromHours(-4)), Precision.Minute, ZoneSource.Code));
        scan.Place.ShouldBe(new Place(City: "Erie", Region: "PA", Country: "US"));
        scan.Links.ShouldBe([new TrackingLink("reference", null, "BOL55190"), new TrackingLink("reference", null, "PO-88412")], ignoreOrder: true);
        scan.Journey.ShouldBe(new JourneyHints(WeightGrams: 6577, ShipperReference: "PO-88412"));
        scan.Evidence.ShouldBe(new Evidence(null, "segment 7"));
        scan.Source!.Sequence.ShouldBe("000004411/4411/44110001");
        scan.PublishedAt.ShouldBeNull();
    }

    [Fact]
    public void A_sound_file_has_nothing_to_note()
        => Sample("one-attempt.edi").ShouldAllBe(item => item.Problem == null && item.Notes.IsEmpty);

    [Fact]
    public void Sets_across_a_clock_change_carry_exact_offsets()
    {
        var times = Sample("clock-change-nights.edi").SelectMany(i => i.Scans).Select(s => s.Occurred).ToList();

        times.Select(t => t.Offset?.TotalHours).ShouldBe(new double?[] { -4, -4, -5, -5, -5, -6, -5, -6, -5, null }.AsEnumerable());
        times.Select(t => t.ZoneSource).ShouldBe(
        [
            ZoneSource.Code, ZoneSource.Code, ZoneSource.Code, ZoneSource.Code, ZoneSource.Place,
            ZoneSource.Code, ZoneSource.Code, ZoneSource.Code, ZoneSource.Code, ZoneSource.Unknown,
        ]);
        times[^1].Utc.ShouldBeNull();
        times[3].Utc.ShouldBe(new DateTimeOffset(2025, 11, 2, 8, 30, 0, TimeSpan.Zero));
    }

    [Fact]
    public void A_clock_reading_that_happens_twice_gets_no_invented_offset()
    {
        var item = Event("AT7*P1*NS***20251102*0130*ET~");

        item.Scans[0].Occurred.ShouldBe(new OccurredTime(new DateTime(2025, 11, 2, 1, 30, 0), null, null, Precision.Minute, ZoneSource.Code));
        item.Notes.ShouldContain(n => n.Code == "time.dst-fold");
    }

    [Theory]
    [InlineData("ET", -5)] [InlineData("ES", -5)] [InlineData("ED", -4)] [InlineData("CT", -6)] [InlineData("CS", -6)] [InlineData("CD", -5)]
    [InlineData("MT", -7)] [InlineData("PT", -8)] [InlineData("PS", -8)] [InlineData("PD", -7)] [InlineData("UT", 0)] [InlineData("GM", 0)]
    [InlineData("01", 1)] [InlineData("12", 12)] [InlineData("13", -12)] [InlineData("20", -5)] [InlineData("24", -1)]
    public void A_time_code_names_its_offset_in_January(string code, int hours)
    {
        var occurred = Event($"AT7*X6*NS***20250115*0930*{code}~").Scans[0].Occurred;

        occurred.Offset.ShouldBe(TimeSpan.FromHours(hours));
        occurred.ZoneSource.ShouldBe(ZoneSource.Code);
        occurred.Utc.ShouldBe(new DateTimeOffset(2025, 1, 15, 9, 30, 0, TimeSpan.FromHours(hours)));
    }

    [Fact]
    public void Standard_time_stays_standard_in_July()
        => Event("AT7*X6*NS***20250715*0930*CS~MS1*Regina*SK*CA~").Scans[0].Occurred.Offset.ShouldBe(TimeSpan.FromHours(-6));

    [Fact]
    public void Without_code_and_place_no_zone_is_invented()
    {
        var occurred = Event("AT7*X6*NS***20250715*0930~").Scans[0].Occurred;

        occurred.ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 7, 15, 9, 30, 0), Precision.Minute));
    }

    [Fact]
    public void Without_code_the_operators_zone_is_named_as_such()
    {
        var occurred = Event("AT7*X6*NS***20250715*0930~", new FeedContext { Zone = "America/Chicago" }).Scans[0].Occurred;

        occurred.ZoneSource.ShouldBe(ZoneSource.Profile);
        occurred.Offset.ShouldBe(TimeSpan.FromHours(-5));
    }

    [Fact]
    public void A_state_without_country_is_one_of_the_two_postal_services_that_number_them()
    {
        var scan = Event("AT7*X6*NS***20250715*0930*LT~MS1*Erie*PA~").Scans[0];

        scan.Occurred.Offset.ShouldBe(TimeSpan.FromHours(-4));
        scan.Occurred.ZoneSource.ShouldBe(ZoneSource.Place);
        scan.Place!.Country.ShouldBeNull();   // the zone follows from it; the country was not told
    }

    [Fact]
    public void A_code_outside_element_623_leaves_the_zone_unknown()
    {
        var item = Event("AT7*X6*NS***20250715*0930*QQ~MS1*Erie*PA*US~");

        item.Scans[0].Occurred.ZoneSource.ShouldBe(ZoneSource.Unknown);
        item.Notes.ShouldContain(n => n.Code == "time.code-unknown");
    }

    [Theory]
    [InlineData("160000", Precision.Second)]
    [InlineData("16000000", Precision.Second)]
    [InlineData("1600", Precision.Minute)]
    public void A_time_has_four_six_or_eight_digits(string time, Precision precision)
    {
        var occurred = Event($"AT7*X6*NS***20250715*{time}*UT~").Scans[0].Occurred;

        occurred.Local.ShouldBe(new DateTime(2025, 7, 15, 16, 0, 0));
        occurred.Precision.ShouldBe(precision);
    }

    [Fact]
    public void An_empty_time_makes_a_day()
    {
        var scan = Event("AT7*X6*NS***20250715**ES~").Scans[0];

        scan.Occurred.ShouldBe(OccurredTime.On(new DateOnly(2025, 7, 15), TimeSpan.FromHours(-5), ZoneSource.Code));
        scan.Modifiers.ShouldBe(Modifiers.DateOnly);
    }

    [Fact]
    public void A_placeholder_date_is_no_date_and_the_event_stays()
    {
        var item = Event("AT7*X6*NS***19000101*0000*LT~");

        item.Scans[0].Occurred.IsTold.ShouldBeFalse();
        item.Notes.ShouldContain(n => n.Code == "time.placeholder");
    }

    [Fact]
    public void An_impossible_date_costs_its_event_alone()
    {
        var items = Decode(Interchange(Set("B10*P1**QZRT~LX*1~AT7*X6*NS***20251399*0930*UT~AT7*D1*NS***20250715*0930*UT~"))).ToList();

        items[0].Scans.ShouldHaveSingleItem().Status.ShouldBe(Milestone.Delivered);
        items[1].Problem!.Code.ShouldBe("time.impossible");
        items[1].Original.Length.ShouldBe(items[0].Original.Length);
    }

    [Theory]
    [InlineData("XB", "LABEL_CREATED")] [InlineData("X3", "LABEL_CREATED")] [InlineData("CP", "ACCEPTED")] [InlineData("AF", "ACCEPTED")]
    [InlineData("P1", "IN_TRANSIT")] [InlineData("K1", "IN_TRANSIT")] [InlineData("PR", "EXCEPTION")] [InlineData("AJ", "OUT_FOR_DELIVERY")]
    [InlineData("X1", "IN_TRANSIT")] [InlineData("S1", "IN_TRANSIT")] [InlineData("D1", "DELIVERED")] [InlineData("CD", null)]
    [InlineData("AH", "ATTEMPT_FAILED")] [InlineData("AP", "ATTEMPT_FAILED")] [InlineData("A7", "EXCEPTION")] [InlineData("A9", "EXCEPTION")]
    [InlineData("A3", "RETURNED")] [InlineData("SD", "IN_TRANSIT")] [InlineData("CA", "CANCELLED")] [InlineData("OO", "EXCEPTION")]
    public void A_status_code_means_what_element_1650_says(string code, string? status)
        => Event($"AT7*{code}*NS***20250715*0930*UT~").Scans[0].Status?.Name().ShouldBe(status);

    [Fact]
    public void The_same_letters_mean_another_thing_as_a_reason()
    {
        var scan = Event("AT7*SD*AP***20250715*0930*UT~").Scans[0];   // AP: awaiting export as a reason, not completed as a status

        scan.Status.ShouldBe(Milestone.InTransit);
        scan.Modifiers.HasFlag(Modifiers.Delayed).ShouldBeTrue();
        scan.Reason.ShouldBe(Reason.CustomsDelay);
        scan.Raw.ShouldBe(new RawCodes(Code: "SD", ReasonCode: "AP"));
    }

    [Fact]
    public void An_unknown_code_states_nothing_and_stays_in_the_raw_columns()
    {
        var item = Event("AT7*Q9*NS***20250715*0930*UT~");

        item.Scans[0].Status.ShouldBeNull();
        item.Scans[0].Modifiers.ShouldBe(Modifiers.Unmapped);
        item.Scans[0].Raw!.Code.ShouldBe("Q9");
        item.Notes.ShouldContain(n => n.Code == "code.unmapped");
    }

    [Theory]
    [InlineData("AG")] [InlineData("X2")] [InlineData("B6")] [InlineData("C1")]
    public void An_estimate_moves_nothing_and_dates_the_future(string code)
    {
        var scan = Event($"AT7*{code}*NS***20250718*1700*ET~").Scans[0];

        scan.Kind.ShouldBe(ScanKind.Estimate);
        scan.Status.ShouldBeNull();
        scan.Occurred.IsTold.ShouldBeFalse();
        scan.Eta.ShouldBe(new EtaStatement(new DateTime(2025, 7, 18, 17, 0, 0), new DateTime(2025, 7, 18, 17, 0, 0), TimeSpan.FromHours(-4), Precision.Minute, EtaKind.Estimated, code));
    }

    [Fact]
    public void An_appointment_is_no_physical_event()
    {
        var scan = Event("AT7***AB*NA*20250718*0900*LT~MS1*Erie*PA*US~").Scans.ShouldHaveSingleItem();

        scan.Kind.ShouldBe(ScanKind.Appointment);
        scan.Status.ShouldBeNull();
        scan.Raw.ShouldBe(new RawCodes(Type: "AT7-03", Code: "AB", ReasonCode: "NA"));
        scan.Eta!.Kind.ShouldBe(EtaKind.Scheduled);
        scan.Eta.From.ShouldBe(new DateTime(2025, 7, 18, 9, 0, 0));
        scan.Eta.Offset.ShouldBeNull();
    }

    [Fact]
    public void A_keying_error_announces_that_an_earlier_event_was_wrong()
    {
        var item = Event("AT7*X6*BF***20250715*0930*UT~");

        item.Scans[0].SubStatus.ShouldBe("correction");
        item.Notes.ShouldContain(n => n.Code == "x12.keying-error");
    }

    [Fact]
    public void Available_for_delivery_is_for_collection_only_when_the_carrier_waits_for_it()
    {
        Event("AT7*AV*NS***20250715*0930*UT~").Scans[0].Status.ShouldBe(Milestone.InTransit);
        Event("AT7*AV*C1***20250715*0930*UT~").Scans[0].Status.ShouldBe(Milestone.AvailableForPickup);
    }

    [Fact]
    public void Several_events_may_follow_one_LX_and_each_has_its_own_place()
    {
        var item = Event("AT7*X4*NS***20250715*0930*LT~MS1*Erie*PA*US~AT7*P1*NS***20250715*1130*LT~MS1*Boise*ID*US~AT8*G*K*2*1~");

        item.Scans.Select(s => s.Place!.City).ShouldBe(["Erie", "Boise"]);
        item.Scans.Select(s => s.Journey!.WeightGrams).ShouldBe([2000, 2000]);
    }

    [Theory]
    [InlineData("80.0851*42.1292*W*N")]
    [InlineData("-80.0851*42.1292*W*N")]
    [InlineData("-80.0851*42.1292")]
    public void Coordinates_take_their_sign_from_the_hemisphere_once(string coordinates)
    {
        var place = Event($"AT7*X4*NS***20250715*0930*LT~MS1*Erie*PA*US*{coordinates}~").Scans[0].Place!;

        place.Lon.ShouldBe(-80.0851);
        place.Lat.ShouldBe(42.1292);
        place.GeoSource.ShouldBe("message");
    }

    [Fact]
    public void The_number_is_B10_01_else_a_tracking_reference_else_the_bill_of_lading()
    {
        Number("B10*1Z 999 AA1   *BOL1*UPSN~L11*OTHER1*2I~").ShouldBe("1Z999AA1");
        Number("B10**BOL1*UPSN~L11*TRACK1*2I~").ShouldBe("TRACK1");
        Number("B10**BOL1*UPSN~L11*PRO1*CN~").ShouldBe("PRO1");
        Number("B10**BOL1*UPSN~L11**BM~").ShouldBe("BOL1");

        static string Number(string header) => Decode(Interchange(Set(header + "LX*1~AT7*X6*NS***20250715*0930*UT~"))).First().Scans[0].TrackingNumber;
    }

    [Fact]
    public void Package_numbers_of_a_status_group_name_its_pieces()
    {
        var item = Decode(Interchange(Set("B10*P1**QZRT~LX*1~AT7*X6*NS***20250715*0930*UT~L11*BOX1*97~L11*BOX2*97~LX*2~AT7*D1*NS***20250715*0931*UT~L11*BOX3*97~"))).First();

        item.Scans.Select(s => (s.PieceId, s.Status)).ShouldBe([("BOX1", Milestone.InTransit), ("BOX2", Milestone.InTransit), ("BOX3", Milestone.Delivered)]);
    }

    [Theory]
    [InlineData("K1*SIGNED BY: R MILLER~")]
    [InlineData("K1*SIGNED FOR BY*R MILLER~")]
    [InlineData("L11*R MILLER*ZZ*SIGNED BY~")]
    public void Who_signed_stands_in_a_note_or_a_reference(string segment)
        => Event("AT7*D1*NS***20250715*0930*UT~" + segment).Scans[0].Delivery.ShouldBe(new DeliveryProof(SignedBy: "R MILLER"));

    [Fact]
    public void Both_ends_and_the_shipping_day_come_from_the_header()
    {
        var item = Decode(Interchange(Set("B10*P1**QZRT~N1*SH*ACME~N3*1 ROAD~N4*AKRON*OH*44301*US~G62*11*20250710~N1*CN*SOMEBODY~N4*ERIE*PA*16501*US~LX*1~AT7*X6*NS***20250715*0930*UT~"))).First();

        item.Scans[0].Journey.ShouldBe(new JourneyHints(OriginCountry: "US", OriginRegion: "OH", OriginPostalCode: "44301",
            DestinationCountry: "US", DestinationRegion: "PA", DestinationPostalCode: "16501", DestinationCity: "ERIE", PickedUpOn: new DateOnly(2025, 7, 10)));
    }

    [Fact]
    public void The_sending_clock_is_a_publication_time_only_where_its_zone_is_known()
    {
        Decode(Interchange(Set("B10*P1**QZRT~LX*1~AT7*X6*NS***20250715*0930*UT~"))).First().Scans[0].PublishedAt.ShouldBeNull();
        Decode(Interchange(Set("B10*P1**QZRT~LX*1~AT7*X6*NS***20250715*0930*UT~")), new FeedContext { Zone = "America/New_York" }).First()
            .Scans[0].PublishedAt.ShouldBe(new DateTimeOffset(2025, 3, 11, 23, 15, 0, TimeSpan.Zero));
    }

    [Fact]
    public void The_configured_carrier_speaks_where_the_set_names_none()
    {
        Decode(Interchange(Set("B10*P1~LX*1~AT7*X6*NS***20250715*0930*UT~")), new FeedContext { Carrier = "estes" }).First().Scans[0].Carrier.ShouldBe("estes");
        Decode(Interchange(Set("B10*P1**ODFL~LX*1~AT7*X6*NS***20250715*0930*UT~"))).First().Scans[0].Carrier.ShouldBe("old-dominion");
    }

    [Fact]
    public void Every_scan_reads_back_from_its_JSON()
        => Decoded.ReadsBack(Sample("one-attempt.edi").Concat(Sample("clock-change-nights.edi")));

    internal static List<DecodedItem> Sample(string name) => [.. Decode(Decoded.Sample($"x12/{name}"))];

    internal static IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext? context = null)
        => new X12Decoder().Decode(message, context ?? new FeedContext());

    private static DecodedItem Event(string segments, FeedContext? context = null)
        => Decode(Interchange(Set("B10*P7710045**QZRT~LX*1~" + segments)), context).First();

    internal static string Set(string body, string control = "0001", int? count = null)
        => $"ST*214*{control}~{body}SE*{count ?? body.Count(c => c == '~') + 2}*{control}~";

    internal static byte[] Interchange(params string[] sets)
        => Encoding.UTF8.GetBytes("ISA*00*          *00*          *02*QZRT           *ZZ*RETAILHUB      *250311*1915*U*00401*000004411*0*P*>~"
            + "GS*QM*QZRT*RETAILHUB*20250311*1915*4411*X*004010~" + string.Concat(sets) + $"GE*{sets.Length}*4411~IEA*1*000004411~");
}

/// <summary>What an X12 file's envelope says, and what happens when it does not add up.</summary>
public sealed class X12EnvelopeTests
{
    private const string Body = "B10*P1**QZRT~LX*1~AT7*X6*NS***20250715*0930*UT~";

    [Fact]
    public void A_wrong_segment_count_is_reported_and_the_event_kept()
    {
        var item = X12DecodingTests.Decode(X12DecodingTests.Interchange(X12DecodingTests.Set(Body, count: 9))).First();

        item.Scans.Length.ShouldBe(1);
        item.Problem.ShouldBeNull();
        item.Notes.ShouldHaveSingleItem().Code.ShouldBe("x12.segment-count");
    }

    [Fact]
    public void A_zero_padded_count_is_right()
        => Items(Text(X12DecodingTests.Set(Body)).Replace("SE*5*", "SE*0000000005*", StringComparison.Ordinal)).ShouldAllBe(i => i.Notes.IsEmpty);

    [Theory]
    [InlineData("SE*5*0001", "SE*5*0002", "x12.set-control")]
    [InlineData("GE*1*4411", "GE*2*4411", "x12.group-count")]
    [InlineData("GE*1*4411", "GE*1*4412", "x12.group-control")]
    [InlineData("IEA*1*000004411", "IEA*7*000004411", "x12.interchange-count")]
    [InlineData("IEA*1*000004411", "IEA*1*000004412", "x12.interchange-control")]
    public void Numbers_of_the_envelope_that_disagree_are_reported(string right, string wrong, string note)
    {
        var items = Items(Text(X12DecodingTests.Set(Body)).Replace(right, wrong, StringComparison.Ordinal));

        items.SelectMany(i => i.Scans).Count().ShouldBe(1);
        items.SelectMany(i => i.Notes).Select(n => n.Code).ShouldBe([note]);
    }

    [Theory]
    [InlineData("GE*1*4411~IEA*1*000004411~")]
    [InlineData("IEA*1*000004411~")]
    public void A_file_without_its_end_keeps_its_complete_sets(string missing)
    {
        var items = Items(Text(X12DecodingTests.Set(Body)).Replace(missing, "", StringComparison.Ordinal));

        items.SelectMany(i => i.Scans).Count().ShouldBe(1);
        items[^1].Notes.ShouldHaveSingleItem().Code.ShouldBe("x12.truncated");
    }

    [Fact]
    public void The_last_half_set_of_a_truncated_file_is_not_believed()
    {
        var text = Text(X12DecodingTests.Set(Body), X12DecodingTests.Set(Body.Replace("P1", "P2", StringComparison.Ordinal), "0002"));
        var items = Items(text[..text.LastIndexOf("SE*", StringComparison.Ordinal)]);

        items.SelectMany(i => i.Scans).ShouldHaveSingleItem().TrackingNumber.ShouldBe("P1");
        items.ShouldContain(i => i.Problem != null && i.Problem.Code == "x12.set-unclosed");
    }

    [Fact]
    public void Cut_anywhere_a_file_gives_its_complete_sets_and_no_half_one()
    {
        var text = Text(X12DecodingTests.Set(Body), X12DecodingTests.Set(Body.Replace("P1", "P2", StringComparison.Ordinal), "0002"));
        var firstEnd = text.IndexOf("SE*5*0001", StringComparison.Ordinal) + 9;
        var secondEnd = text.IndexOf("SE*5*0002", StringComparison.Ordinal) + 9;
        for (var cut = 1; cut < text.Length; cut++)
            Items(text[..cut]).SelectMany(i => i.Scans).Count().ShouldBe(cut >= secondEnd ? 2 : cut >= firstEnd ? 1 : 0, $"cut at {cut}");
    }

    [Theory]
    [InlineData('|', "\n")]
    [InlineData('*', "~\r\n")]
    [InlineData('\u0001', "'")]
    [InlineData('*', "\r\n")]
    public void Separators_are_whatever_the_ISA_says(char element, string terminator)
    {
        var text = Text(X12DecodingTests.Set(Body)).Replace("*", element.ToString(), StringComparison.Ordinal).Replace("~", terminator, StringComparison.Ordinal);

        var items = Items(text);
        items.SelectMany(i => i.Scans).ShouldHaveSingleItem().Occurred.Offset.ShouldBe(TimeSpan.Zero);
        items.ShouldAllBe(i => i.Notes.IsEmpty && i.Problem == null);
    }

    [Fact]
    public void Several_interchanges_with_separators_of_their_own_may_share_a_file()
    {
        var text = Text(X12DecodingTests.Set(Body));
        var items = Items(text + "\r\n" + text.Replace('*', '|').Replace('~', '\n'));

        items.Count(i => i.Scans.Length == 1).ShouldBe(2);
    }

    [Fact]
    public void Junk_between_interchanges_costs_only_itself()
    {
        var text = Text(X12DecodingTests.Set(Body));
        var items = Items(text + "#### transfer log ####\n" + text);

        items.Count(i => i.Scans.Length == 1).ShouldBe(2);
        items.Single(i => i.Problem is not null).Problem!.Code.ShouldBe("x12.no-interchange");
    }

    [Fact]
    public void A_broken_set_costs_only_itself()
    {
        var items = Items(Text(X12DecodingTests.Set(Body).Replace("ST*", "SX*", StringComparison.Ordinal), X12DecodingTests.Set(Body, "0002")));

        items.SelectMany(i => i.Scans).Count().ShouldBe(1);
        items.ShouldContain(i => i.Problem != null && i.Problem.Code == "x12.outside-set");
    }

    [Fact]
    public void A_set_without_number_or_carrier_says_which_is_missing()
    {
        Items(Text(X12DecodingTests.Set("B10***QZRT~LX*1~AT7*X6*NS***20250715*0930*UT~")))[0].Problem!.Code.ShouldBe("number.missing");
    }

    [Fact]
    public void Other_transaction_sets_are_passed_over()
    {
        var items = Items(Text("ST*997*0001~AK1*QM*1~AK9*A*1*1*1~SE*4*0001~", X12DecodingTests.Set(Body, "0002")));

        items.SelectMany(i => i.Scans).Count().ShouldBe(1);
        items[0].Notes.ShouldHaveSingleItem().Code.ShouldBe("x12.set-ignored");
    }

    [Fact]
    public void A_quarantined_set_can_be_read_again_alone()
    {
        var item = Items(Text(X12DecodingTests.Set(Body)))[0];

        var again = X12DecodingTests.Decode(item.Original).ToList();
        again.SelectMany(i => i.Scans).ShouldHaveSingleItem().Key.ShouldBe(item.Scans[0].Key);
        again.ShouldAllBe(i => i.Problem == null);
    }

    [Theory]
    [InlineData("", "message.empty")]
    [InlineData("  \r\n", "message.empty")]
    [InlineData("PNG\r\n\u001a nothing of ours", "x12.no-interchange")]
    public void Decoys_are_named(string text, string problem)
        => Items(text).ShouldHaveSingleItem().Problem!.Code.ShouldBe(problem);

    [Fact]
    public async Task A_stream_in_pieces_of_any_size_says_the_same_as_the_whole()
    {
        var text = Text([.. Enumerable.Range(1, 400).Select(n => X12DecodingTests.Set(Body.Replace("P1", $"P{n}", StringComparison.Ordinal), $"{n:0000}"))]);
        var whole = Items(text).SelectMany(i => i.Scans).Select(s => (s.TrackingNumber, s.Evidence)).ToList();

        foreach (var size in new[] { 1, 7, 4096, 100_000 })
        {
            var streamed = new List<Scan>();
            await foreach (var item in new X12Decoder().DecodeAsync(new Decoded.Drip(Encoding.UTF8.GetBytes(text), size), new FeedContext(), TestContext.Current.CancellationToken))
            {
                item.Problem.ShouldBeNull();
                streamed.AddRange(item.Scans);
            }
            streamed.Select(s => (s.TrackingNumber, s.Evidence)).ShouldBe(whole);
        }
    }

    [Fact]
    public async Task A_set_longer_than_the_limit_is_given_up_without_holding_it()
    {
        var text = Text(X12DecodingTests.Set(Body.Replace("LX*1~", "LX*1~" + string.Concat(Enumerable.Repeat("K1*word~", 40_000)), StringComparison.Ordinal)), X12DecodingTests.Set(Body, "0002"));
        var items = new List<DecodedItem>();
        await foreach (var item in new X12Decoder().DecodeAsync(new Decoded.Drip(Encoding.UTF8.GetBytes(text), 50_000), new FeedContext { MaxMessageBytes = 100_000 }, TestContext.Current.CancellationToken))
            items.Add(item);

        items.ShouldContain(i => i.Problem != null && i.Problem.Code == "message.too-long");
        items.SelectMany(i => i.Scans).ShouldHaveSingleItem().Evidence.ShouldNotBeNull();
    }

    private static string Text(params string[] sets) => Encoding.UTF8.GetString(X12DecodingTests.Interchange(sets));
    private static List<DecodedItem> Items(string text) => [.. X12DecodingTests.Decode(Encoding.UTF8.GetBytes(text))];
}
