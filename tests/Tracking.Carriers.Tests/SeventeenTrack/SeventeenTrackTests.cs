using System.Security.Cryptography;
using System.Text;
using Tracking.Carriers.SeventeenTrack;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.SeventeenTrack;

public sealed class SeventeenTrackTests
{
    [Fact]
    public void An_event_keeps_the_carriers_clock_and_the_offset_beside_it()
    {
        var scan = Decode(Sample())[0].Scans[0];

        scan.Carrier.ShouldBe("deutsche-post");
        scan.TrackingNumber.ShouldBe("RB527108645DE");
        scan.Status.ShouldBe(Milestone.InTransit);
        scan.Modifiers.ShouldBe(Modifiers.Customs);
        scan.Raw.ShouldBe(new RawCodes(Code: "InTransit_CustomsProcessing", Text: "Into customs", LocationText: "CHICAGO"));
        scan.Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 4, 10, 0, TimeSpan.FromHours(-5))));
        scan.Journey.ShouldBe(new JourneyHints(OriginCountry: "DE", DestinationCountry: "US", DestinationRegion: "IL", DestinationCity: "CHICAGO", DestinationPostalCode: "60601", ShipperReference: "order-5518"));
        scan.Evidence!.Pointer.ShouldBe("/data/track_info/tracking/providers/0/events/0");
    }

    [Fact]
    public void A_date_without_a_time_stays_a_date()
    {
        var scan = Decode(Sample())[0].Scans[1];

        scan.Occurred.Precision.ShouldBe(Precision.Day);
        scan.Occurred.Local.ShouldBe(new DateTime(2025, 3, 9));
        scan.Occurred.Utc.ShouldBeNull();
        scan.Modifiers.ShouldBe(Modifiers.DateOnly);
        scan.Place.ShouldBe(new Place(City: "FRANKFURT", Country: "DE"));
    }

    [Fact]
    public void The_expected_days_are_a_window()
        => Decode(Sample())[0].Scans[2].Eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 15), new DateTime(2025, 3, 17), null, Precision.Day, EtaKind.Estimated, "Official"));

    [Theory]
    [InlineData("InfoReceived", "LABEL_CREATED")]
    [InlineData("InTransit_PickedUp", "ACCEPTED")]
    [InlineData("InTransit_CustomsRequiringInformation", "EXCEPTION")]
    [InlineData("DeliveryFailure_NoBody", "ATTEMPT_FAILED")]
    [InlineData("DeliveryFailure_Rejected", "EXCEPTION")]
    [InlineData("DeliveryFailure_InvalidAddress", "EXCEPTION")]
    [InlineData("DeliveryFailure_Security", "EXCEPTION")]
    [InlineData("Exception_Returning", "RETURNING")]
    [InlineData("Exception_Returned", "RETURNED")]
    [InlineData("Exception_Lost", "FAILED")]
    [InlineData("Exception_Cancel", "CANCELLED")]
    [InlineData("Exception_Delayed", "IN_TRANSIT")]
    [InlineData("InTransit_Brandnew", "IN_TRANSIT")]
    [InlineData("Quantum_Leap", null)]
    public void A_sub_status_means_what_the_table_says(string sub, string? status)
        => Decode(Event($$"""{"time_iso":"2025-03-11T04:10:00-05:00","sub_status":"{{sub}}"}"""))[0].Scans[0].Status?.Name().ShouldBe(status);

    [Fact]
    public void A_raw_clock_that_differs_from_the_aggregators_is_paired_with_UTC()
    {
        var occurred = Decode(Event("""{"time_iso":"2025-03-11T09:10:00Z","time_utc":"2025-03-11T09:10:00Z","time_raw":{"date":"2025-03-11","time":"10:10:00","timezone":null},"sub_status":"InTransit_Other"}"""))[0].Scans[0].Occurred;

        occurred.Offset.ShouldBe(TimeSpan.FromHours(1));
        occurred.ZoneSource.ShouldBe(ZoneSource.UtcPair);
    }

    [Fact]
    public void Without_any_offset_the_raw_clock_stays_local()
        => Decode(Event("""{"time_iso":null,"time_utc":null,"time_raw":{"date":"2025-03-11","time":"10:10:00","timezone":null},"sub_status":"InTransit_Other"}"""))[0].Scans[0].Occurred
            .ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 11, 10, 10, 0)));

    [Fact]
    public void Events_that_two_providers_both_tell_are_one()
    {
        const string happened = """{"time_iso":"2025-03-11T04:10:00-05:00","sub_status":"Delivered_Other","location":"CHICAGO"}""";
        var scans = Decode($$$$$"""{"event":"TRACKING_UPDATED","data":{"number":"RB1","carrier":21051,"track_info":{"tracking":{"providers":[{"provider":{"name":"Deutsche Post"},"events":[{{{{{happened}}}}}]},{"provider":{"name":"USPS"},"events":[{{{{{happened}}}}}]}]}}}}""")[0].Scans;

        scans.ShouldAllBe(s => s.Carrier == "usps");
        scans.Select(s => s.Key).Distinct().Count().ShouldBe(1);
        scans[0].Links.ShouldBe([new TrackingLink("reference", "deutsche-post", "RB1")]);
    }

    [Theory]
    [InlineData("""{"status":"NotFound","sub_status":"NotFound_Other"}""", 0)]
    [InlineData("""{"status":"Expired","sub_status":"Expired_Other"}""", 1)]
    public void Nothing_found_and_expired_state_nothing(string latest, int scans)
    {
        var item = Decode($$$$$"""{"event":"TRACKING_STOPPED","data":{"number":"RB1","carrier":100003,"track_info":{"latest_status":{{{{{latest}}}}},"tracking":{"providers":[]}}}}""")[0];

        item.Scans.Length.ShouldBe(scans);
        item.Scans.ShouldAllBe(s => s.Status == null && s.Kind == ScanKind.Information);
        item.Notes.ShouldContain(n => n.Code == "17track.stopped");
    }

    [Fact]
    public void The_sign_is_a_hash_of_body_and_key()
    {
        var body = "{\"event\":\"x\"}"u8.ToArray();
        var sign = Convert.ToHexStringLower(SHA256.HashData([.. body, .. "/key-2"u8]));

        Verify(body, "sign", sign).State.ShouldBe(SignatureState.Verified);
        Verify([.. body, (byte)' '], "sign", sign).State.ShouldBe(SignatureState.Failed);
        Verify(body, "other", sign).State.ShouldBe(SignatureState.Absent);
    }

    [Fact]
    public void Every_scan_reads_back_from_its_JSON() => Decoded.ReadsBack(Decode(Sample()));

    private static FeedProof Verify(byte[] body, string header, string value)
        => new SeventeenTrackDecoder().Verify(body, new FeedCredentials(["key-1", "key-2"], null, default), asked => asked == header ? value : null);

    private static string Event(string happened) => $$$$$"""{"event":"TRACKING_UPDATED","data":{"number":"RB1","carrier":100002,"track_info":{"tracking":{"providers":[{"provider":{"key":100002,"name":"UPS"},"events":[{{{{{happened}}}}}]}]}}}}""";
    private static string Sample() => Encoding.UTF8.GetString(Decoded.Sample("17track/customs.json"));
    private static List<DecodedItem> Decode(string json) => [.. new SeventeenTrackDecoder().Decode(Encoding.UTF8.GetBytes(json), new FeedContext())];
}
