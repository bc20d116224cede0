using System.Text;
using Tracking.Carriers.Ups;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Ups;

public sealed class UpsXmlTests
{
    private static readonly UpsDecoder Ups = new();

    [Fact]
    public void A_quantum_view_file_gives_an_item_for_every_element()
    {
        var items = Sample.ItemsOf(Ups, "ups/quantum-view.xml");

        items.Select(i => i.Scans.FirstOrDefault()?.Status).ShouldBe(
            [Milestone.LabelCreated, Milestone.Accepted, Milestone.InTransit, Milestone.OutForDelivery, null, Milestone.Delivered]);
        items.ShouldAllBe(i => i.Problem == null);
        items[1].Pointer.ShouldBe("/QuantumViewResponse/QuantumViewEvents[1]/SubscriptionEvents[1]/SubscriptionFile[1]/Origin[1]");
        items[1].Scans[0].Occurred.ZoneSource.ShouldBe(ZoneSource.Place);
        items[1].Scans[0].Occurred.Offset.ShouldBe(TimeSpan.FromHours(-6));
    }

    [Fact]
    public void A_label_without_a_number_is_a_note_and_placeholder_days_are_none()
    {
        var manifest = Sample.ItemsOf(Ups, "ups/quantum-view.xml")[0];

        var scan = manifest.Scans.ShouldHaveSingleItem();
        scan.Occurred.IsTold.ShouldBeFalse();
        scan.Eta!.From.ShouldBe(new DateTime(2025, 3, 11));
        scan.Journey!.DestinationPostalCode.ShouldBe("55802");
        scan.Journey.OriginPostalCode.ShouldBe("30301");
        manifest.Notes.ShouldHaveSingleItem().Code.ShouldBe("number.missing");
    }

    [Fact]
    public void A_weather_exception_is_a_delay_with_a_new_date()
    {
        var scan = Sample.ItemsOf(Ups, "ups/quantum-view.xml")[2].Scans[0];

        scan.Status.ShouldBe(Milestone.InTransit);
        scan.Modifiers.ShouldBe(Modifiers.Delayed | Modifiers.Rescheduled);
        scan.Reason.ShouldBe(Reason.ExternalWeather);
        scan.Raw!.ReasonCode.ShouldBe("A7");
        scan.Eta!.Kind.ShouldBe(EtaKind.Rescheduled);
    }

    [Fact]
    public void An_updated_date_is_an_estimate()
    {
        var scan = Sample.ItemsOf(Ups, "ups/quantum-view.xml")[4].Scans[0];

        scan.Kind.ShouldBe(ScanKind.Estimate);
        scan.Eta!.From.ShouldBe(new DateTime(2025, 3, 12));
    }

    [Fact]
    public void Driver_release_in_a_delivery_is_no_person()
    {
        var proof = Sample.ItemsOf(Ups, "ups/quantum-view.xml")[5].Scans[0].Delivery!;

        proof.SignedBy.ShouldBeNull();
        proof.LeftAt.ShouldBe("FRONT DOOR");
        proof.RecipientType.ShouldBe("driverRelease");
    }

    [Fact]
    public void One_bad_element_costs_itself_and_can_be_read_again_alone()
    {
        var message = Encoding.UTF8.GetString(Sample.Bytes("ups/quantum-view.xml")).Replace("<Date>20250308</Date>", "<Date>20250399</Date>", StringComparison.Ordinal);

        var items = Sample.Items(Ups, message);

        items.Count(i => i.Problem is not null).ShouldBe(1);
        items.Count.ShouldBe(6);
        var bad = items.Single(i => i.Problem is not null);
        Encoding.UTF8.GetString(bad.Original.Span).ShouldStartWith("<Origin>");
        Encoding.UTF8.GetString(bad.Original.Span).ShouldEndWith("</Origin>");
        var mended = Encoding.UTF8.GetString(bad.Original.Span).Replace("20250399", "20250308", StringComparison.Ordinal);
        Sample.Items(Ups, mended).Scans().ShouldHaveSingleItem().Key.ShouldBe(Sample.ItemsOf(Ups, "ups/quantum-view.xml")[1].Scans[0].Key);
    }

    [Fact]
    public void A_file_cut_in_the_middle_keeps_what_was_whole()
    {
        var message = Encoding.UTF8.GetString(Sample.Bytes("ups/quantum-view.xml"));
        var items = Sample.Items(Ups, message[..message.IndexOf("<Delivery>", StringComparison.Ordinal)]);

        items.Count(i => i.Problem is null).ShouldBe(5);
        items[^1].Problem!.Code.ShouldBe("xml.syntax");
    }

    [Fact]
    public void A_legacy_answer_has_local_times_by_place()
    {
        var item = Sample.ItemsOf(Ups, "ups/track-legacy.xml").ShouldHaveSingleItem();
        var scans = item.Scans;

        scans.Select(s => (s.Kind, s.Status)).ShouldBe(
            [(ScanKind.Scan, Milestone.Delivered), (ScanKind.Scan, Milestone.Accepted), (ScanKind.Scan, Milestone.LabelCreated), (ScanKind.Estimate, null), (ScanKind.Estimate, null)]);
        scans[0].Occurred.Offset.ShouldBe(TimeSpan.FromHours(-5));
        scans[0].Delivery!.SignedBy.ShouldBe("A RECEIVER");
        scans[0].Delivery!.LeftAt.ShouldBe("LEFT AT RECEPTION");
        scans[2].Occurred.ZoneSource.ShouldBe(ZoneSource.Unknown);
        scans[3].Eta!.Kind.ShouldBe(EtaKind.Rescheduled);
        scans[4].Eta!.Kind.ShouldBe(EtaKind.Scheduled);
        scans.ShouldAllBe(s => s.UniqueId == null && s.Journey!.PickedUpOn == new DateOnly(2025, 3, 8));
    }

    [Fact]
    public void The_same_activity_over_json_and_xml_tells_the_same_moment()
    {
        var json = Sample.ItemsOf(Ups, "ups/track-api.json").Scans()[0];
        var xml = Sample.ItemsOf(Ups, "ups/track-legacy.xml").Scans()[0];

        xml.Occurred.Utc.ShouldBe(json.Occurred.Utc);
    }

    [Fact]
    public void An_error_answer_is_a_note()
        => Sample.Items(Ups, "<TrackResponse><Response><Error><ErrorCode>151018</ErrorCode><ErrorDescription>Invalid tracking number</ErrorDescription></Error></Response></TrackResponse>")
            .ShouldHaveSingleItem().Notes.ShouldHaveSingleItem().Code.ShouldBe("carrier.error");

    [Theory]
    [InlineData("<html><body>Service unavailable</body></html>", "ups.unknown-shape")]
    [InlineData("<!DOCTYPE x []><TrackResponse/>", "xml.syntax")]
    public void Xml_that_is_not_ups_is_quarantined_by_name(string message, string code)
        => Sample.Items(Ups, message).ShouldHaveSingleItem().Problem!.Code.ShouldBe(code);
}
