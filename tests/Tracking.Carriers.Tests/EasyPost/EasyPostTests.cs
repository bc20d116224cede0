using System.Text;
using Tracking.Carriers.EasyPost;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.EasyPost;

public sealed class EasyPostTests
{
    private static readonly EasyPostDecoder EasyPost = new();

    private static DecodedItem Tracker(string members) => Sample.Items(EasyPost, $$$"""
        {"id":"evt_1","object":"Event","mode":"production","description":"tracker.updated","created_at":"2025-03-11T18:07:02Z",
         "result":{"object":"Tracker","tracking_code":"9400111899560440177222","carrier":"USPS","updated_at":"2025-03-11T18:07:01Z",{{{members}}}}}
        """)[0];

    private static string Detail(string status, string? fine, string at = "2025-03-11T08:10:00Z", string code = "")
        => $$"""{"object":"TrackingDetail","message":"x","status":"{{status}}","status_detail":{{(fine is null ? "null" : $"\"{fine}\"")}},"datetime":"{{at}}","carrier_code":"{{code}}","tracking_location":null}""";

    [Fact]
    public void The_whole_history_is_read_with_its_raw_columns()
    {
        var item = Sample.ItemsOf(EasyPost, "easypost/tracker-updated.json").ShouldHaveSingleItem();
        var scans = item.Scans;

        scans.Select(s => s.Status).ShouldBe([Milestone.LabelCreated, Milestone.Accepted, Milestone.InTransit, Milestone.OutForDelivery, null]);
        scans.ShouldAllBe(s => s.Carrier == "usps" && s.TrackingNumber == "9400111899560440177222");
        scans[3].Raw.ShouldBe(new RawCodes("out_for_delivery", "OF", "out_for_delivery", Text: "Out for Delivery"));
        scans[3].Place.ShouldBe(new Place(City: "MACON", Region: "GA", PostalCode: "31201"));
        scans[3].PublishedAt.ShouldBe(new DateTimeOffset(2025, 3, 11, 18, 7, 2, TimeSpan.Zero));
        scans[3].Evidence!.Pointer.ShouldBe("/result/tracking_details/3");
        scans[0].Place.ShouldBeNull();
        scans[0].Journey!.WeightGrams.ShouldBe(499);
    }

    [Fact]
    public void The_z_is_claimed_and_not_trusted()
    {
        var time = Sample.ItemsOf(EasyPost, "easypost/tracker-updated.json").Scans()[3].Occurred;

        time.Local.ShouldBe(new DateTime(2025, 3, 11, 8, 10, 0));
        time.Offset.ShouldBe(TimeSpan.Zero);
        time.ZoneSource.ShouldBe(ZoneSource.Claimed);
        time.Utc.ShouldBeNull();
    }

    [Fact]
    public void An_estimate_at_midnight_is_a_day()
    {
        var scan = Sample.ItemsOf(EasyPost, "easypost/tracker-updated.json").Scans()[^1];

        scan.Kind.ShouldBe(ScanKind.Estimate);
        scan.Eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 11), new DateTime(2025, 3, 11), null, Precision.Day, EtaKind.Estimated, "easypost"));
    }

    [Fact]
    public void Local_estimates_and_a_guarantee_are_read_from_the_carrier_detail()
    {
        var item = Tracker("""
            "status":"unknown","tracking_details":[],"est_delivery_date":"2025-03-12T00:00:00Z","carrier_detail":{"service":"Ground","est_delivery_date_local":"2025-03-11","est_delivery_time_local":"20:00:00",
            "guaranteed_delivery_date":"2025-03-13T00:00:00Z","destination_tracking_location":{"city":"MACON","state":"GA","country":"US","zip":"31201"},"alternate_identifier":"LX123456785US"}
            """);

        item.Scans.Select(s => s.Eta!.Kind).ShouldBe([EtaKind.Estimated, EtaKind.Guaranteed]);
        item.Scans[0].Eta!.To.ShouldBe(new DateTime(2025, 3, 11, 20, 0, 0));
        item.Scans[0].Journey!.DestinationPostalCode.ShouldBe("31201");
        item.Scans[0].Links.ShouldHaveSingleItem().Number.ShouldBe("LX123456785US");
    }

    [Theory]
    [InlineData("pre_transit", null, false, Milestone.LabelCreated)]
    [InlineData("out_for_delivery", null, false, Milestone.OutForDelivery)]
    [InlineData("available_for_pickup", "arrived_at_pickup_location", false, Milestone.AvailableForPickup)]
    [InlineData("delivered", null, true, Milestone.Delivered)]
    [InlineData("return_to_sender", "return", false, Milestone.Returning)]
    [InlineData("return_to_sender", "return", true, Milestone.Returned)]
    [InlineData("failure", "lost", false, Milestone.Exception)]
    [InlineData("failure", "lost", true, Milestone.Failed)]
    [InlineData("failure", "unable_to_deliver", false, Milestone.AttemptFailed)]
    [InlineData("cancelled", null, false, Milestone.Cancelled)]
    [InlineData("error", null, false, null)]
    [InlineData("unknown", null, false, null)]
    [InlineData("teleported", null, false, null)]
    public void Status_detail_and_the_end_decide(string status, string? fine, bool finalized, Milestone? milestone)
        => Tracker($"\"status\":\"{status}\",\"finalized\":{(finalized ? "true" : "false")},\"tracking_details\":[{Detail(status, fine)}]").Scans[0].Status.ShouldBe(milestone);

    [Fact]
    public void A_weather_delay_is_a_modifier()
    {
        var scan = Tracker($"\"status\":\"in_transit\",\"tracking_details\":[{Detail("in_transit", "in_transit", "2025-03-10T08:00:00Z")},{Detail("in_transit", "weather_delay")}]").Scans[1];

        scan.Status.ShouldBe(Milestone.InTransit);
        scan.Modifiers.ShouldBe(Modifiers.Delayed);
        scan.Reason.ShouldBe(Reason.ExternalWeather);
    }

    [Fact]
    public void The_first_physical_scan_is_the_earliest_not_the_first_in_the_list()
    {
        var scans = Tracker($"\"status\":\"in_transit\",\"tracking_details\":[{Detail("in_transit", null, "2025-03-11T08:00:00Z")},{Detail("in_transit", null, "2025-03-09T08:00:00Z")}]").Scans;

        scans.Select(s => s.Status).ShouldBe([Milestone.InTransit, Milestone.Accepted]);
    }

    [Fact]
    public void A_status_that_goes_back_is_said_as_a_snapshot_at_its_real_time()
    {
        var item = Tracker($"\"status\":\"in_transit\",\"status_detail\":\"status_update\",\"tracking_details\":[{Detail("in_transit", null, "2025-03-09T08:00:00Z")},{Detail("delivered", null)}]");

        var snapshot = item.Scans[^1];
        snapshot.Kind.ShouldBe(ScanKind.Snapshot);
        snapshot.Status.ShouldBe(Milestone.InTransit);
        snapshot.Occurred.Utc.ShouldBe(new DateTimeOffset(2025, 3, 11, 18, 7, 1, TimeSpan.Zero));
        snapshot.Occurred.IsExact.ShouldBeTrue();
    }

    [Fact]
    public void A_status_that_became_unknown_after_an_outage_changes_nothing()
        => Tracker($"\"status\":\"unknown\",\"tracking_details\":[{Detail("out_for_delivery", null)}]").Scans.ShouldHaveSingleItem().Status.ShouldBe(Milestone.OutForDelivery);

    [Fact]
    public void A_history_without_events_is_the_trackers_own_status()
    {
        var scan = Tracker("\"status\":\"pre_transit\",\"tracking_details\":[]").Scans.ShouldHaveSingleItem();

        scan.Kind.ShouldBe(ScanKind.Snapshot);
        scan.Status.ShouldBe(Milestone.LabelCreated);
    }

    [Fact]
    public void Who_signed_belongs_to_the_delivery()
        => Tracker($"\"status\":\"delivered\",\"signed_by\":\"RECEIVER\",\"tracking_details\":[{Detail("out_for_delivery", null)},{Detail("delivered", null)}]").Scans[1].Delivery!.SignedBy.ShouldBe("RECEIVER");

    [Fact]
    public void Two_deliveries_of_one_webhook_are_the_same_scans()
    {
        var first = Sample.ItemsOf(EasyPost, "easypost/tracker-updated.json").Scans();
        var retried = Sample.Items(EasyPost, Encoding.UTF8.GetString(Sample.Bytes("easypost/tracker-updated.json")).Replace("evt_5b1e7c", "evt_9", StringComparison.Ordinal)).Scans();

        retried.Select(s => s.Key).ShouldBe(first.Select(s => s.Key));
    }

    [Theory]
    [InlineData("""{"id":"evt_2","object":"Event","description":"batch.updated","result":{"object":"Batch","id":"batch_1"}}""", "object.ignored")]
    [InlineData("""{"id":"evt_3","object":"Event","description":"refund.successful","result":{"object":"Refund"}}""", "object.ignored")]
    [InlineData("""{"id":"evt_4","object":"Event","mode":"test","description":"tracker.updated","result":{"object":"Tracker","tracking_code":"EZ1000000001","carrier":"USPS","status":"delivered"}}""", "message.test")]
    public void What_is_no_tracker_of_a_customer_is_ignored_politely(string message, string note)
    {
        var item = Sample.Items(EasyPost, message).ShouldHaveSingleItem();

        item.Problem.ShouldBeNull();
        item.Scans.ShouldBeEmpty();
        item.Notes.ShouldHaveSingleItem().Code.ShouldBe(note);
    }

    [Theory]
    [InlineData("{}", "easypost.unknown-shape")]
    [InlineData("""{"object":"Event","description":"tracker.updated","result":{"object":"Tracker","carrier":"USPS"}}""", "number.missing")]
    [InlineData("""{"object":"Event","description":"tracker.updated","result":{"object":"Tracker","tracking_code":"1"}}""", "carrier.missing")]
    [InlineData("{", "json.syntax")]
    public void What_cannot_be_read_says_why(string message, string code)
        => Sample.Items(EasyPost, message).ShouldHaveSingleItem().Problem!.Code.ShouldBe(code);

    [Fact]
    public void An_impossible_time_costs_its_line_and_no_other()
    {
        var items = Sample.Items(EasyPost, Encoding.UTF8.GetString(Sample.Bytes("easypost/tracker-updated.json")).Replace("2025-03-08T17:55:00Z", "2025-13-08T17:55:00Z", StringComparison.Ordinal));

        items.Count.ShouldBe(2);
        items[0].Scans.Length.ShouldBe(4);
        items[1].Pointer.ShouldBe("/result/tracking_details/1");
    }

    // ---- the signature, with the vectors of the sheet on envelopes -------------------------------------------------------

    private const string Body = "{\"number\":\"RB527108645DE\",\"city\":\"Köln\"}";
    private const string Secret = "zürich-7";

    [Theory]
    [InlineData(Body, "hmac-sha256-hex=498d4308d2c0418f1185cd53b7e4af69a66bfdd86a4f25f14972fc77d511b598", SignatureState.Verified)]
    [InlineData(Body + "\n", "hmac-sha256-hex=498d4308d2c0418f1185cd53b7e4af69a66bfdd86a4f25f14972fc77d511b598", SignatureState.Verified)]
    [InlineData(Body, "hmac-sha256-hex=4733cb7c3b2cf852d2ba835ebc4ce2b85b4bb905e6f19477112f1b4d236b5bdf", SignatureState.Failed)]
    [InlineData(Body, "498d4308d2c0418f1185cd53b7e4af69a66bfdd86a4f25f14972fc77d511b598", SignatureState.Failed)]
    [InlineData(Body + " ", "hmac-sha256-hex=498d4308d2c0418f1185cd53b7e4af69a66bfdd86a4f25f14972fc77d511b598", SignatureState.Failed)]
    [InlineData(Body, null, SignatureState.Absent)]
    public void The_secret_is_normalised_and_the_body_is_not(string body, string? signature, SignatureState state)
        => EasyPost.Verify(Encoding.UTF8.GetBytes(body), new FeedCredentials(["another", Secret], null, default), h => h == "X-Hmac-Signature" ? signature : null).State.ShouldBe(state);

    [Fact]
    public void A_verified_event_is_known_by_its_id()
    {
        var body = "{\"mode\":\"production\",\"result\":{\"id\":\"trk_1\"},\"id\":\"evt_7\"}"u8.ToArray();
        var signature = "hmac-sha256-hex=" + Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData("s"u8.ToArray(), body));

        EasyPost.Verify(body, new FeedCredentials(["s"], null, default), _ => signature).ReplayId.ShouldBe("evt_7");
    }

    [Fact]
    public void Basic_credentials_stand_in_for_a_signature()
        => EasyPost.Verify("{}"u8, new FeedCredentials(["hook:pass"], null, default), h => h == "Authorization" ? "Basic " + Convert.ToBase64String("hook:pass"u8) : null).Accepted.ShouldBeTrue();
}
