using System.Text;
using System.Text.Json;
using Tracking.Carriers.Dialects;
using Tracking.Carriers.Epcis;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Dialects;

public sealed class SchemaOrgTests
{
    [Fact]
    public void A_parcel_on_its_way_states_window_order_and_last_event()
    {
        using var json = JsonDocument.Parse(SchemaOrg.ParcelDelivery(Parcel.OnItsWay));
        var root = json.RootElement;

        root.GetProperty("@type").GetString().ShouldBe("ParcelDelivery");
        root.GetProperty("trackingNumber").GetString().ShouldBe("9400111899560440177222");
        root.GetProperty("provider").GetProperty("name").GetString().ShouldBe("USPS");
        root.GetProperty("expectedArrivalFrom").GetString().ShouldBe("2025-03-12");
        root.GetProperty("expectedArrivalUntil").GetString().ShouldBe("2025-03-13");
        root.GetProperty("partOfOrder").GetProperty("orderStatus").GetString().ShouldBe("https://schema.org/OrderInTransit");
        root.GetProperty("deliveryStatus").GetProperty("name").GetString().ShouldBe("OUT_FOR_DELIVERY");
        root.GetProperty("deliveryStatus").GetProperty("startDate").GetString().ShouldBe("2025-03-11T08:05:00");       // no offset is known, so none is written
        root.GetProperty("deliveryAddress").GetProperty("addressCountry").GetString().ShouldBe("US");
    }

    [Fact]
    public void Names_streets_coordinates_and_carrier_texts_stay_out()
    {
        var text = Encoding.UTF8.GetString(SchemaOrg.ParcelDelivery(Parcel.Delivered));

        foreach (var secret in new[] { "J ROE", "1 Main St", "32.84", "left with" }) text.ShouldNotContain(secret);
    }

    [Theory]
    [InlineData(Milestone.LabelCreated, Reason.None, "OrderProcessing")]
    [InlineData(Milestone.Accepted, Reason.None, "OrderInTransit")]
    [InlineData(Milestone.AvailableForPickup, Reason.None, "OrderPickupAvailable")]
    [InlineData(Milestone.Delivered, Reason.None, "OrderDelivered")]
    [InlineData(Milestone.AttemptFailed, Reason.None, "OrderProblem")]
    [InlineData(Milestone.Failed, Reason.CarrierLost, "OrderProblem")]
    [InlineData(Milestone.Returning, Reason.None, "OrderReturned")]
    [InlineData(Milestone.Cancelled, Reason.None, "OrderCancelled")]
    [InlineData(Milestone.Exception, Reason.RecipientPayment, "OrderPaymentDue")]
    [InlineData(Milestone.Unknown, Reason.None, null)]
    public void Each_status_has_its_nearest_word(Milestone status, Reason reason, string? word) => SchemaOrg.OrderStatus(status, reason).ShouldBe(word);
}

public sealed class EpcisDocumentTests
{
    private static readonly DateTimeOffset Now = new(2025, 3, 12, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_we_write_we_read_back_with_the_same_meaning()
    {
        var document = EpcisDocuments.Write(Parcel.Delivered, Now);
        var scans = new EpcisDecoder().Decode(document, new FeedContext()).SelectMany(i => i.Scans).ToList();

        scans.Select(s => (s.Carrier, s.TrackingNumber, s.Status, s.Reason, s.Modifiers, s.Occurred)).ShouldBe(
            Parcel.Delivered.Events.Select(s => (s.Carrier, s.TrackingNumber, s.Status, s.Reason, s.Modifiers, s.Occurred)));
    }

    [Fact]
    public void Every_event_has_its_instant_its_offset_and_a_stable_id()
    {
        using var json = JsonDocument.Parse(EpcisDocuments.Write(Parcel.Delivered, Now));
        var events = json.RootElement.GetProperty("epcisBody").GetProperty("eventList").EnumerateArray().ToList();

        events.ShouldAllBe(e => e.GetProperty("eventTimeZoneOffset").GetString()!.Length == 6);
        events.Select(e => e.GetProperty("eventID").GetString()).ShouldBeUnique();
        events[0].GetProperty("eventID").GetString().ShouldBe(JsonDocument.Parse(EpcisDocuments.Write(Parcel.Delivered, Now.AddDays(1)))
            .RootElement.GetProperty("epcisBody").GetProperty("eventList")[0].GetProperty("eventID").GetString());
        Guid.TryParse(events[0].GetProperty("eventID").GetString()!["urn:uuid:".Length..], out _).ShouldBeTrue();
    }

    [Fact]
    public void An_unknown_zone_is_written_as_assumed_and_says_so()
    {
        using var json = JsonDocument.Parse(EpcisDocuments.Write(Parcel.OnItsWay, Now));
        var written = json.RootElement.GetProperty("epcisBody").GetProperty("eventList")[0];

        written.GetProperty("eventTime").GetString().ShouldBe("2025-03-11T08:05:00+00:00");
        written.GetProperty("pt:zoneSource").GetString().ShouldBe("unknown");
    }

    [Fact]
    public void A_scan_without_any_time_and_a_door_without_permission_stay_out()
    {
        var parcel = Parcel.Delivered with { Events = Parcel.Delivered.Events.Add(Parcel.Delivered.Events[^1] with { Occurred = OccurredTime.Untold }) };
        var text = Encoding.UTF8.GetString(EpcisDocuments.Write(parcel, Now));

        text.ShouldNotContain("32.84");
        text.ShouldNotContain("J ROE");
        JsonDocument.Parse(text).RootElement.GetProperty("epcisBody").GetProperty("eventList").GetArrayLength().ShouldBe(Parcel.Delivered.Events.Length);
        Encoding.UTF8.GetString(EpcisDocuments.Write(parcel, Now, withExactPlaces: true)).ShouldContain("geo:32.84,-83.63");
    }

    [Fact]
    public void A_retraction_is_an_error_declaration_with_the_id_of_its_event()
    {
        var retraction = Parcel.Delivered.Events[0] with { Kind = ScanKind.Retraction, Status = null, Retracts = new RetractionTarget(EventId: "urn:uuid:7", Status: Milestone.Accepted) };
        using var json = JsonDocument.Parse(EpcisDocuments.Write(Parcel.Delivered with { Events = [retraction] }, Now));
        var written = json.RootElement.GetProperty("epcisBody").GetProperty("eventList")[0];

        written.GetProperty("eventID").GetString().ShouldBe("urn:uuid:7");
        written.GetProperty("errorDeclaration").GetProperty("declarationTime").GetString().ShouldBe("2025-03-12T09:00:00Z");
    }

    [Fact]
    public void An_SSCC_goes_by_its_GS1_name()
        => Encoding.UTF8.GetString(EpcisDocuments.Write(Parcel.Delivered with { TrackingNumber = "340123450000000017" }, Now)).ShouldContain("https://id.gs1.org/00/340123450000000017");
}

internal static class Parcel
{
    public static readonly ParcelSnapshot OnItsWay = new()
    {
        Carrier = "usps",
        TrackingNumber = "9400111899560440177222",
        Status = Milestone.OutForDelivery,
        OrderNumber = "A-100",
        Expected = new EtaStatement(new DateTime(2025, 3, 12), new DateTime(2025, 3, 13), null, Precision.Day, EtaKind.Predicted),
        Destination = new Place(City: "Macon", Region: "GA", PostalCode: "31201", Country: "US"),
        Events = [new Scan { Carrier = "usps", TrackingNumber = "9400111899560440177222", Status = Milestone.OutForDelivery, Occurred = OccurredTime.AtLocal(new DateTime(2025, 3, 11, 8, 5, 0)) }],
    };

    public static readonly ParcelSnapshot Delivered = OnItsWay with
    {
        Status = Milestone.Delivered,
        Events =
        [
            Scan(Milestone.Accepted, 9), Scan(Milestone.InTransit, 10) with { SubStatus = "arrival" }, Scan(Milestone.Exception, 11) with { Reason = Reason.CarrierDamage, Modifiers = Modifiers.Damaged },
            Scan(Milestone.InTransit, 12) with { Modifiers = Modifiers.Customs }, Scan(Milestone.OutForDelivery, 13), Scan(Milestone.AttemptFailed, 14) with { Reason = Reason.RecipientUnavailable },
            Scan(Milestone.Returning, 15), Scan(Milestone.Delivered, 16) with
            {
                Place = new Place(Line: "1 Main St", City: "Macon", Lat: 32.84, Lon: -83.63, GeoSource: "message"),
                Delivery = new DeliveryProof(SignedBy: "J ROE"), Raw = new RawCodes(Code: "01", Text: "left with J ROE"),
            },
            Scan(Milestone.Failed, 17) with { Reason = Reason.CarrierLost },
        ],
    };

    private static Scan Scan(Milestone status, int hour) => new()
    {
        Carrier = "usps", TrackingNumber = "9400111899560440177222", Status = status,
        Occurred = OccurredTime.At(new DateTimeOffset(2025, 3, 11, hour, 0, 0, TimeSpan.FromHours(-4))),
    };
}
