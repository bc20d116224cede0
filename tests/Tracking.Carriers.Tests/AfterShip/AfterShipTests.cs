using System.Text;
using Tracking.Carriers.AfterShip;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.AfterShip;

public sealed class AfterShipTests
{
    [Fact]
    public void A_checkpoint_keeps_its_codes_time_place_and_discovery()
    {
        var scan = Scans("out-for-delivery.json")[0];

        scan.Carrier.ShouldBe("fedex");
        scan.TrackingNumber.ShouldBe("612904551027");
        scan.Status.ShouldBe(Milestone.InTransit);
        scan.SubStatus.ShouldBe("departure");
        scan.Raw.ShouldBe(new RawCodes(Type: "InTransit", Code: "InTransit_007", SubCode: "DP", Text: "Left FedEx origin facility"));
        scan.Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 10, 21, 40, 0, TimeSpan.FromHours(-6))));
        scan.Place.ShouldBe(new Place(City: "Boise", Country: "US"));
        scan.ObservedAt.ShouldBe(new DateTimeOffset(2025, 3, 11, 5, 1, 10, TimeSpan.Zero));
        scan.PublishedAt.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1741716422));
        scan.Links.ShouldBe([new TrackingLink("handover", "usps", "92748999")]);
        scan.Journey.ShouldBe(new JourneyHints(WeightGrams: 1200, ShipperReference: "SO-55", DestinationCountry: "US"));
        scan.Evidence!.Pointer.ShouldBe("/msg/checkpoints/0");
        scan.Source!.Sequence.ShouldBe("0d9f6f0e-5a3f-4d5a-9f0a-4a1f3c9b7a10");
    }

    [Fact]
    public void A_time_without_offset_stays_local_beside_one_that_has_it()
    {
        var scan = Scans("out-for-delivery.json")[1];

        scan.Status.ShouldBe(Milestone.OutForDelivery);
        scan.Occurred.ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 11, 8, 5, 0)));
    }

    [Fact]
    public void An_expected_day_is_an_estimate_of_a_day()
    {
        var scan = Scans("out-for-delivery.json")[2];

        scan.Kind.ShouldBe(ScanKind.Estimate);
        scan.Status.ShouldBeNull();
        scan.Eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 11), new DateTime(2025, 3, 11), null, Precision.Day, EtaKind.Estimated, "carrier"));
    }

    [Fact]
    public void The_latest_estimate_is_a_window_and_speaks_before_the_plain_date()
    {
        var eta = One("""{"tracking_number":"1","slug":"ups","expected_delivery":"2025-03-12","latest_estimated_delivery":{"type":"range","datetime":null,"datetime_min":"2025-03-13T09:00:00","datetime_max":"2025-03-13T12:00:00","source":"Carrier EDD"},"checkpoints":[]}""")
            .Scans.ShouldHaveSingleItem().Eta;

        eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 13, 9, 0, 0), new DateTime(2025, 3, 13, 12, 0, 0), null, Precision.Second, EtaKind.Estimated, "Carrier EDD"));
    }

    [Theory]
    [InlineData("InTransit", "InTransit_002", "ACCEPTED", Reason.None, Modifiers.None)]
    [InlineData("InTransit", "InTransit_006", "IN_TRANSIT", Reason.None, Modifiers.Customs)]
    [InlineData("Delivered", "Delivered_005", "DELIVERED", Reason.None, Modifiers.None)]
    [InlineData("AttemptFail", "AttemptFail_002", "ATTEMPT_FAILED", Reason.RecipientUnavailable, Modifiers.None)]
    [InlineData("Exception", "Exception_004", "EXCEPTION", Reason.CustomsDelay, Modifiers.Customs)]
    [InlineData("Exception", "Exception_005", "IN_TRANSIT", Reason.None, Modifiers.Delayed)]
    [InlineData("Exception", "Exception_010", "RETURNING", Reason.None, Modifiers.None)]
    [InlineData("Exception", "Exception_011", "RETURNED", Reason.None, Modifiers.None)]
    [InlineData("Exception", "Exception_013", "FAILED", Reason.CarrierLost, Modifiers.None)]
    [InlineData("Exception", "Exception_017", "IN_TRANSIT", Reason.ExternalWeather, Modifiers.Delayed)]
    [InlineData("Exception", "Exception_099", "EXCEPTION", Reason.Unknown, Modifiers.None)]      // a new subtag falls back to its tag
    [InlineData("InTransit", "InTransit_042", "IN_TRANSIT", Reason.None, Modifiers.None)]
    [InlineData("Shiny", "Shiny_001", null, Reason.None, Modifiers.Unmapped)]
    public void A_subtag_means_what_the_table_says(string tag, string subtag, string? status, Reason reason, Modifiers modifiers)
    {
        var scan = One($$"""{"tracking_number":"1","slug":"ups","checkpoints":[{"checkpoint_time":"2025-03-12T10:00:00Z","tag":"{{tag}}","subtag":"{{subtag}}"}]}""").Scans[0];

        scan.Status?.Name().ShouldBe(status);
        scan.Reason.ShouldBe(reason);
        scan.Modifiers.ShouldBe(modifiers);
    }

    [Fact]
    public void Pending_states_nothing()
    {
        var item = One("""{"tracking_number":"1","slug":"ups","tag":"Pending","subtag":"Pending_001","checkpoints":[]}""");

        item.Scans.ShouldBeEmpty();
        item.Notes.ShouldContain(n => n.Code == "aftership.nothing-known");
    }

    [Fact]
    public void Expired_keeps_the_last_status_and_marks_the_source_stale()
    {
        var scans = One("""{"tracking_number":"1","slug":"ups","tag":"Expired","subtag":"Expired_001","checkpoints":[{"checkpoint_time":"2025-03-12T10:00:00Z","tag":"InTransit","subtag":"InTransit_001"}]}""").Scans;

        scans[0].Status.ShouldBe(Milestone.InTransit);
        scans[1].Kind.ShouldBe(ScanKind.Information);
        scans[1].Status.ShouldBeNull();
        scans[1].SubStatus.ShouldBe("stale");
    }

    [Fact]
    public void A_tag_without_history_is_a_snapshot()
    {
        var scan = One("""{"tracking_number":"1","slug":"ups","tag":"InfoReceived","subtag":"InfoReceived_001","checkpoints":[]}""").Scans.ShouldHaveSingleItem();

        scan.Kind.ShouldBe(ScanKind.Snapshot);
        scan.Status.ShouldBe(Milestone.LabelCreated);
        scan.Occurred.IsTold.ShouldBeFalse();
    }

    [Fact]
    public void Stopped_tracking_is_no_delivery()
    {
        var item = One("""{"tracking_number":"1","slug":"ups","tag":"InTransit","active":false,"checkpoints":[{"checkpoint_time":"2025-03-12T10:00:00Z","tag":"InTransit"}]}""");

        item.Scans.ShouldHaveSingleItem().Status.ShouldBe(Milestone.InTransit);
        item.Notes.ShouldContain(n => n.Code == "aftership.inactive");
    }

    [Fact]
    public void Delivery_dates_of_the_tracking_never_become_event_times()
        => One("""{"tracking_number":"1","slug":"ups","tag":"Delivered","shipment_delivery_date":"2025-03-12T10:00:00","checkpoints":[]}""").Scans[0].Occurred.IsTold.ShouldBeFalse();

    [Fact]
    public void Who_signed_belongs_to_the_delivery()
    {
        var scans = One("""{"tracking_number":"1","slug":"ups","signed_by":"J ROE","checkpoints":[{"checkpoint_time":"2025-03-11T10:00:00Z","tag":"InTransit"},{"checkpoint_time":"2025-03-12T10:00:00Z","tag":"Delivered","subtag":"Delivered_003"}]}""").Scans;

        scans[0].Delivery.ShouldBeNull();
        scans[1].Delivery.ShouldBe(new DeliveryProof(SignedBy: "J ROE"));
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_read_fails_alone()
    {
        var items = Decode("""{"tracking_number":"1","slug":"ups","checkpoints":[{"checkpoint_time":"yesterday","tag":"InTransit"},{"checkpoint_time":"2025-03-12T10:00:00Z","tag":"Delivered"}]}""");

        items[0].Scans.ShouldHaveSingleItem().Status.ShouldBe(Milestone.Delivered);
        items[1].Problem!.Code.ShouldBe("time.impossible");
        items[1].Pointer.ShouldBe("/checkpoints/0");
    }

    [Theory]
    [InlineData("""{"msg":{"slug":"ups"}}""", "number.missing")]
    [InlineData("""{"msg":{"tracking_number":"1"}}""", "carrier.missing")]
    [InlineData("""{"event":"tracking_update"}""", "aftership.no-tracking")]
    [InlineData("{", "json.syntax")]
    [InlineData("", "message.empty")]
    public void What_is_missing_is_named(string body, string problem)
        => Decode(body).ShouldHaveSingleItem().Problem!.Code.ShouldBe(problem);

    [Theory]
    [InlineData("""{"event":null,"msg":{"tracking_number":1,"slug":"ups","checkpoints":null,"next_couriers":null,"signed_by":null,"tag":null}}""")]
    [InlineData("""{"msg":{"tracking_number":"1","slug":"ups","checkpoints":[null,7,{}],"tag":{"a":1},"ts":"x"}}""")]
    public void Nulls_and_strange_types_break_nothing(string body) => Decode(body).ShouldNotBeEmpty();

    [Fact]
    public void A_signature_over_the_raw_body_verifies_with_any_live_secret()
    {
        var body = """{"number":"RB527108645DE","city":"Köln"}"""u8;
        var proof = Verify(body, ["old-secret", "as-demo-secret"], "aftership-hmac-sha256", "T4yr7d6tHsFiYT8Bv+HJ3XS8bA4tKisopph0XQOMI/g=");

        proof.State.ShouldBe(SignatureState.Verified);
        Verify(body, ["as-demo-secret"], "AfterShip-HMAC-SHA256", "T4yr7d6tHsFiYT8Bv-HJ3XS8bA4tKisopph0XQOMI_g").State.ShouldBe(SignatureState.Verified);   // rewritten by a proxy
    }

    [Fact]
    public void A_changed_body_a_missing_header_and_a_sister_products_header_are_three_refusals()
    {
        const string right = "T4yr7d6tHsFiYT8Bv+HJ3XS8bA4tKisopph0XQOMI/g=";
        Verify("{\"number\":\"RB527108645DE\",\"city\":\"Köln\"}\n"u8, ["as-demo-secret"], "aftership-hmac-sha256", right).State.ShouldBe(SignatureState.Failed);
        Verify("{}"u8, ["as-demo-secret"], "other", right).State.ShouldBe(SignatureState.Absent);
        Verify("""{"number":"RB527108645DE","city":"Köln"}"""u8, ["as-demo-secret"], "as-signature-hmac-sha256", right).State.ShouldBe(SignatureState.Absent);
        Verify("{}"u8, ["as-demo-secret"], "aftership-hmac-sha256", "not base64!").State.ShouldBe(SignatureState.Failed);
        Verify("{}"u8, [], "aftership-hmac-sha256", right).State.ShouldBe(SignatureState.NotSupported);
    }

    [Fact]
    public void A_verified_delivery_names_its_id_against_replay()
    {
        var body = Encoding.UTF8.GetBytes("""{"event_id":"e-1","msg":{}}""");
        var signature = Convert.ToBase64String(System.Security.Cryptography.HMACSHA256.HashData("s"u8, body));
        Verify(body, ["s"], "aftership-hmac-sha256", signature).ReplayId.ShouldBe("e-1");
    }

    [Fact]
    public void An_empty_body_with_a_valid_signature_is_a_ping()
    {
        var item = new AfterShipDecoder().Decode(default, new FeedContext { Signature = SignatureState.Verified }).ShouldHaveSingleItem();

        item.Problem.ShouldBeNull();
        item.Notes.ShouldHaveSingleItem().Code.ShouldBe("message.ping");
    }

    [Fact]
    public void Every_scan_reads_back_from_its_JSON() => Decoded.ReadsBack(Decode(Encoding.UTF8.GetString(Decoded.Sample("aftership/out-for-delivery.json"))));

    private static FeedProof Verify(ReadOnlySpan<byte> body, string[] secrets, string header, string value)
        => new AfterShipDecoder().Verify(body, new FeedCredentials([.. secrets], null, default), asked => asked.Equals(header, StringComparison.OrdinalIgnoreCase) ? value : null);

    private static Scan[] Scans(string sample) => [.. Decode(Encoding.UTF8.GetString(Decoded.Sample($"aftership/{sample}"))).SelectMany(i => i.Scans)];

    private static DecodedItem One(string json) => Decode(json)[0];

    private static List<DecodedItem> Decode(string json) => [.. new AfterShipDecoder().Decode(Encoding.UTF8.GetBytes(json), new FeedContext())];
}
