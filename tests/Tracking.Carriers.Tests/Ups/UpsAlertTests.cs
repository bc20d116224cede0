using Tracking.Carriers.Ups;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Ups;

public sealed class UpsAlertTests
{
    private static readonly UpsDecoder Ups = new();

    [Fact]
    public void An_alert_is_one_scan_with_its_offset_and_its_estimate()
    {
        var scan = Sample.ItemsOf(Ups, "ups/track-alert.json").Scans().ShouldHaveSingleItem();

        scan.TrackingNumber.ShouldBe("1Z7X904E0342100870");
        scan.Status.ShouldBe(Milestone.OutForDelivery);
        scan.Raw.ShouldBe(new RawCodes("I", "OT", "021", Text: "Out for Delivery"));
        scan.Occurred.Local.ShouldBe(new DateTime(2025, 3, 11, 7, 45, 2));
        scan.Occurred.Offset.ShouldBe(TimeSpan.FromHours(-5));
        scan.Occurred.ZoneSource.ShouldBe(ZoneSource.UtcPair);
        scan.Place.ShouldBe(new Place(City: "DULUTH", Region: "MN", Country: "US"));
        scan.Eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 11), new DateTime(2025, 3, 11), null, Precision.Day, EtaKind.Scheduled, "ups"));
    }

    [Fact]
    public void An_offset_with_a_dot_is_an_offset()
    {
        var scan = Sample.Items(Ups, """
            {"trackingNumber":"1Z7X904E0342100870","localActivityDate":"20250711","localActivityTime":"080000","gmtOffset":"-04.00","activityStatus":{"type":"I","code":"AR"}}
            """).Scans()[0];

        scan.Occurred.Offset.ShouldBe(TimeSpan.FromHours(-4));
        scan.Occurred.ZoneSource.ShouldBe(ZoneSource.Explicit);
    }

    [Fact]
    public void Type_U_changes_the_date_and_nothing_else()
    {
        var scan = Sample.Items(Ups, """
            {"trackingNumber":"1Z7X904E0342100870","localActivityDate":"20250711","localActivityTime":"080000","gmtActivityDate":"","activityStatus":{"type":"U","code":"RD","descriptionCode":"055"},
             "scheduledDeliveryDate":"20250714","deliveryStartTime":"090000","deliveryEndTime":"130000"}
            """).Scans()[0];

        scan.Kind.ShouldBe(ScanKind.Estimate);
        scan.Status.ShouldBeNull();
        scan.Eta.ShouldBe(new EtaStatement(new DateTime(2025, 7, 14, 9, 0, 0), new DateTime(2025, 7, 14, 13, 0, 0), null, Precision.Minute, EtaKind.Rescheduled, "ups"));
    }

    [Fact]
    public void A_delivery_carries_its_receiver_and_its_photo_by_reference()
    {
        var scan = Sample.Items(Ups, """
            {"trackingNumber":"1Z7X904E0342100870","localActivityDate":"","localActivityTime":"","activityStatus":{"type":"D","code":"FS","description":"Delivered"},
             "actualDeliveryDate":"20250711","actualDeliveryTime":"140200","gmtOffset":"","receivedBy":"RECEIVER","deliveryPhoto":{"photo":"aW1n"}}
            """).Scans()[0];

        scan.Status.ShouldBe(Milestone.Delivered);
        scan.Occurred.Local.ShouldBe(new DateTime(2025, 7, 11, 14, 2, 0));
        scan.Delivery!.SignedBy.ShouldBe("RECEIVER");
        scan.Delivery.Images.ShouldBe(["/deliveryPhoto/photo"]);
    }

    [Fact]
    public void An_alert_with_everything_empty_but_its_number_and_status_is_still_a_scan()
    {
        var item = Sample.Items(Ups, """{"trackingNumber":"1Z7X904E0342100870","activityStatus":{"type":"I","code":"OR"},"activityLocation":null,"localActivityDate":null}""").ShouldHaveSingleItem();

        item.Scans[0].Status.ShouldBe(Milestone.Accepted);
        item.Scans[0].Occurred.IsTold.ShouldBeFalse();
        item.Notes.ShouldHaveSingleItem().Code.ShouldBe("time.missing");
    }

    [Fact]
    public void An_alert_without_a_number_is_quarantined()
        => Sample.Items(Ups, """{"activityStatus":{"type":"I","code":"OR"}}""").ShouldHaveSingleItem().Problem!.Code.ShouldBe("number.missing");
}
