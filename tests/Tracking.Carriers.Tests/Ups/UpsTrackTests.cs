using System.Text;
using System.Text.Json.Nodes;
using Tracking.Carriers.Ups;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Ups;

public sealed class UpsTrackTests
{
    private static readonly UpsDecoder Ups = new();

    private static List<DecodedItem> Recorded() => Sample.ItemsOf(Ups, "ups/track-api.json");

    private static Scan Activity(string status, string rest = "\"date\":\"20250311\",\"time\":\"074502\"", string location = "{}")
        => Package($"\"activity\":[{{\"location\":{location},\"status\":{status},{rest}}}]").Scans().First();

    private static List<DecodedItem> Package(string members)
        => Sample.Items(Ups, $$$"""{"trackResponse":{"shipment":[{"inquiryNumber":"1Z7X904E0342100870","package":[{"trackingNumber":"1Z7X904E0342100870",{{{members}}}}]}]}}""");

    [Fact]
    public void A_whole_answer_gives_every_activity_in_order_with_its_facts()
    {
        var item = Recorded().ShouldHaveSingleItem();
        var scans = item.Scans;

        scans.Where(s => s.Kind == ScanKind.Scan).Select(s => s.Status).ShouldBe(
            [Milestone.Delivered, Milestone.OutForDelivery, Milestone.InTransit, Milestone.Accepted, Milestone.LabelCreated]);
        scans.ShouldAllBe(s => s.Carrier == "ups" && s.TrackingNumber == "1Z7X904E0342100870" && s.UniqueId == null);
        var delivered = scans[0];
        delivered.Raw.ShouldBe(new RawCodes("D", "KB", "011", Text: "DELIVERED "));
        delivered.Place.ShouldBe(new Place(City: "DULUTH", Region: "MN", PostalCode: "55802", Country: "US", FacilityId: "5580"));
        delivered.Evidence!.Pointer.ShouldBe("/trackResponse/shipment/0/package/0/activity/0");
        delivered.Links.ShouldHaveSingleItem().ShouldBe(new TrackingLink("handover", "usps", "9400111899560440177222"));
        delivered.Journey!.WeightGrams.ShouldBe(1134);
        delivered.Journey.PickedUpOn.ShouldBe(new DateOnly(2025, 3, 8));
        item.Notes.ShouldBeEmpty();
    }

    [Fact]
    public void The_same_scan_asked_for_and_pushed_is_one()
    {
        var asked = Package("""
            "activity":[{"location":{"address":{"city":"DULUTH","stateProvince":"MN","postalCode":"55802","countryCode":"US","country":"US"},"slic":"5580"},
            "status":{"type":"I","description":"Out For Delivery","code":"OT","statusCode":"021"},"date":"20250311","time":"074502","gmtDate":"20250311","gmtTime":"12:45:02","gmtOffset":"-05:00"}]
            """).Scans().Single();
        var pushed = Sample.ItemsOf(Ups, "ups/track-alert.json").Scans().First(s => s.Kind == ScanKind.Scan);

        asked.Place!.FacilityId.ShouldBe("5580");
        pushed.Key.ShouldBe(asked.Key);
    }

    [Fact]
    public void The_gmt_time_is_read_in_all_three_spellings_and_gives_the_offset()
    {
        var timed = Recorded().Scans().Take(3).ToList();

        timed.ShouldAllBe(s => s.Occurred.ZoneSource == ZoneSource.UtcPair && s.Occurred.Offset == TimeSpan.FromHours(-5));
        timed.Select(s => s.Occurred.Utc!.Value.TimeOfDay).ShouldBe([new(19, 2, 0), new(12, 47, 0), new(7, 47, 0)]);
    }

    [Fact]
    public void With_local_time_alone_the_place_finds_the_zone_and_a_country_does_not()
    {
        var scans = Recorded().Scans();

        scans[3].Occurred.ZoneSource.ShouldBe(ZoneSource.Place);
        scans[3].Occurred.Offset.ShouldBe(TimeSpan.FromHours(-6));
        scans[4].Occurred.ZoneSource.ShouldBe(ZoneSource.Unknown);
        scans[4].Occurred.Utc.ShouldBeNull();
    }

    [Theory]
    [InlineData("D", "KB", null, Milestone.Delivered)]
    [InlineData("D", "FS", null, Milestone.Delivered)]
    [InlineData("D", "KM", null, Milestone.Delivered)]
    [InlineData("X", "KB", null, null)]
    [InlineData("X", "KB", "011", null)]
    [InlineData("D", "ZZ", "021", Milestone.OutForDelivery)]
    [InlineData("D", "KB", "021", Milestone.OutForDelivery)]
    [InlineData("D", "ZZ", null, null)]
    [InlineData("M", "MP", null, Milestone.LabelCreated)]
    [InlineData("MV", null, null, Milestone.Cancelled)]
    [InlineData("P", "PU", null, Milestone.Accepted)]
    [InlineData("I", "OR", "005", Milestone.Accepted)]
    [InlineData("I", "AR", null, Milestone.InTransit)]
    [InlineData("I", "OF", null, Milestone.OutForDelivery)]
    [InlineData("X", "L1", "013", Milestone.AttemptFailed)]
    [InlineData("X", "SR", null, Milestone.Exception)]
    [InlineData("RS", "XX", null, Milestone.Returning)]
    [InlineData("I", "ZZ", "040", Milestone.AvailableForPickup)]
    [InlineData(null, null, "034", Milestone.Returned)]
    [InlineData("Q", "99", "999", null)]
    public void Type_and_code_together_say_what_happened(string? type, string? code, string? statusCode, Milestone? status)
        => Activity(new JsonObject { ["type"] = type, ["code"] = code, ["statusCode"] = statusCode }.ToJsonString()).Status.ShouldBe(status);

    [Theory]
    [InlineData("021", "Destination", Milestone.OutForDelivery)]
    [InlineData("005", "Destination Scan", Milestone.InTransit)]
    [InlineData(null, "Out For Delivery", Milestone.OutForDelivery)]
    [InlineData(null, "Destination Scan", Milestone.InTransit)]
    public void I_DS_is_told_apart_by_its_status_code_or_text(string? statusCode, string text, Milestone status)
        => Activity(new JsonObject { ["type"] = "I", ["code"] = "DS", ["statusCode"] = statusCode, ["description"] = text }.ToJsonString()).Status.ShouldBe(status);

    [Fact]
    public void A_weather_delay_still_moves()
    {
        var scan = Activity("""{"type":"X","code":"DJ"}""");

        scan.Status.ShouldBe(Milestone.InTransit);
        scan.Modifiers.ShouldBe(Modifiers.Delayed);
        scan.Reason.ShouldBe(Reason.ExternalWeather);
    }

    [Fact]
    public void An_unknown_code_keeps_its_raw_columns_and_is_flagged()
    {
        var scan = Activity("""{"type":"Q","code":"99","description":"Something new"}""");

        scan.Status.ShouldBeNull();
        scan.Modifiers.ShouldBe(Modifiers.Unmapped);
        scan.Raw.ShouldBe(new RawCodes("Q", "99", Text: "Something new"));
    }

    [Fact]
    public void A_logical_scan_is_the_systems_and_not_a_persons()
        => Activity("""{"type":"I","code":"AR"}""", "\"date\":\"20250311\",\"time\":\"074502\",\"logicalScan\":true").Modifiers.ShouldBe(Modifiers.SystemGenerated);

    [Fact]
    public void Delivery_dates_become_estimates_with_their_window()
    {
        var estimates = Recorded().Scans().Where(s => s.Kind == ScanKind.Estimate).ToList();

        estimates.Select(e => e.Eta!.Kind).ShouldBe([EtaKind.Scheduled, EtaKind.Rescheduled]);
        estimates[1].Eta!.From.ShouldBe(new DateTime(2025, 3, 12, 14, 0, 0));
        estimates[1].Eta!.To.ShouldBe(new DateTime(2025, 3, 12, 18, 0, 0));
        estimates.ShouldAllBe(e => e.Status == null && !e.Occurred.IsTold);
    }

    [Fact]
    public void A_date_without_a_window_stays_a_day()
    {
        var eta = Package("\"deliveryDate\":[{\"type\":\"SDD\",\"date\":\"20250311\"}],\"activity\":[]").Scans().ShouldHaveSingleItem().Eta!;

        eta.Precision.ShouldBe(Precision.Day);
        eta.From.ShouldBe(new DateTime(2025, 3, 11));
        eta.To.ShouldBe(eta.From);
    }

    [Fact]
    public void Driver_release_is_no_person()
    {
        var proof = Recorded().Scans()[0].Delivery!;

        proof.SignedBy.ShouldBeNull();
        proof.LeftAt.ShouldBe("Front Door");
        proof.RecipientType.ShouldBe("driverRelease");
        proof.Images.ShouldBe(["/trackResponse/shipment/0/package/0/deliveryInformation/deliveryPhoto/photo"]);
    }

    [Fact]
    public void A_current_status_alone_is_a_snapshot_by_its_three_digits()
    {
        var scan = Package("\"deliveryDate\":[],\"currentStatus\":{\"description\":\"On the Way\",\"code\":\"005\"}").Scans().ShouldHaveSingleItem();

        scan.Kind.ShouldBe(ScanKind.Snapshot);
        scan.Status.ShouldBe(Milestone.InTransit);
        scan.Raw!.SubCode.ShouldBe("005");
    }

    [Fact]
    public void Not_found_is_an_answer_and_not_a_fault()
    {
        var item = Sample.ItemsOf(Ups, "ups/track-api-not-found.json").ShouldHaveSingleItem();

        item.Problem.ShouldBeNull();
        item.Scans.ShouldBeEmpty();
        item.Notes.ShouldHaveSingleItem().Code.ShouldBe("carrier.not-found");
    }

    [Fact]
    public void A_refused_number_is_a_note()
        => Sample.Items(Ups, """{"response":{"errors":[{"code":"TV1002","message":"Invalid inquiry number"}]}}""")
            .ShouldHaveSingleItem().Notes.ShouldHaveSingleItem().Code.ShouldBe("carrier.error");

    [Fact]
    public void An_impossible_date_costs_that_activity_and_no_other()
    {
        var message = Encoding.UTF8.GetString(Sample.Bytes("ups/track-api.json")).Replace("\"20250308\",\"time\":\"181500\"", "\"20250230\",\"time\":\"181500\"", StringComparison.Ordinal);

        var items = Sample.Items(Ups, message);

        items.Count.ShouldBe(2);
        items[0].Scans.Count(s => s.Kind == ScanKind.Scan).ShouldBe(4);
        items[1].Problem!.Code.ShouldBe("time.impossible");
        items[1].Pointer.ShouldBe("/trackResponse/shipment/0/package/0/activity/3");
    }

    [Fact]
    public void What_was_quarantined_can_be_read_again_alone()
    {
        var broken = Encoding.UTF8.GetString(Sample.Bytes("ups/track-api.json")).Replace("\"20250308\",\"time\":\"181500\"", "\"20250230\",\"time\":\"181500\"", StringComparison.Ordinal);
        var original = Sample.Items(Ups, broken)[1].Original;

        var again = Ups.Decode(original, Sample.Context).ToList();

        again[0].Scans.Select(s => s.Key).ShouldBe(Sample.Items(Ups, broken)[0].Scans.Select(s => s.Key));
    }

    [Fact]
    public void A_placeholder_date_is_no_time_and_no_fault()
    {
        var scan = Activity("""{"type":"I","code":"AR"}""", "\"date\":\"19000101\",\"time\":\"000000\"");

        scan.Occurred.IsTold.ShouldBeFalse();
        scan.Status.ShouldBe(Milestone.InTransit);
    }

    [Fact]
    public void A_date_without_a_time_is_a_day()
        => Activity("""{"type":"I","code":"AR"}""", "\"date\":\"20250311\",\"time\":\"\"").Occurred.Precision.ShouldBe(Precision.Day);

    [Fact]
    public void A_gmt_pair_that_contradicts_the_clock_is_noted_and_the_clock_kept()
    {
        var item = Package("""
            "activity":[{"location":{"address":{"city":"ATLANTA","stateProvince":"GA","countryCode":"US"}},"status":{"type":"I","code":"AR"},
            "date":"20250311","time":"074502","gmtDate":"20250314","gmtTime":"010000"}]
            """).ShouldHaveSingleItem();

        item.Scans[0].Occurred.ZoneSource.ShouldBe(ZoneSource.Place);
        item.Scans[0].Occurred.Local.ShouldBe(new DateTime(2025, 3, 11, 7, 45, 2));
        item.Notes.ShouldHaveSingleItem().Code.ShouldBe("time.pair-mismatch");
    }

    [Fact]
    public void Two_packages_are_two_parcels()
    {
        var items = Sample.Items(Ups, """
            {"trackResponse":{"shipment":[{"inquiryNumber":"1Z7X904E0342100870","package":[
              {"trackingNumber":"1Z7X904E0342100870","activity":[{"status":{"type":"I","code":"AR"},"date":"20250311","time":"100000"}]},
              {"trackingNumber":"1z 7x9 04e 03 4210 0889","activity":[{"status":{"type":"I","code":"AR"},"date":"20250311","time":"100000"}]},
              {"activity":null}]}]}}
            """);

        items.Select(i => i.Scans.FirstOrDefault()?.TrackingNumber).ShouldBe(["1Z7X904E0342100870", "1Z7X904E0342100889", null]);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[1,null,\"x\"]")]
    [InlineData("{\"trackResponse\":null}")]
    [InlineData("{\"trackResponse\":{\"shipment\":[{\"package\":[{\"activity\":[{}]}]}]}}")]
    [InlineData("not json")]
    [InlineData("")]
    public void What_is_not_ups_is_quarantined_by_name(string message)
        => Sample.Items(Ups, message).ShouldAllBe(i => i.Problem != null);

    [Theory]
    [InlineData("credential", "s3cret", true)]
    [InlineData("x-api-key", "s3cret", true)]
    [InlineData("credential", "other", false)]
    [InlineData("authorization", "s3cret", false)]
    public void The_credential_must_come_back(string name, string value, bool accepted)
        => Ups.Verify("{}"u8, new FeedCredentials(["old", "s3cret"], null, default), h => h == name ? value : null).Accepted.ShouldBe(accepted);
}
