using System.Text;
using Tracking.Carriers.Ship24;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Ship24;

public sealed class Ship24Tests
{
    [Fact]
    public void An_event_keeps_codes_text_second_number_and_offset()
    {
        var scan = Decode(Sample())[0].Scans[0];

        scan.Carrier.ShouldBe("china-post");
        scan.TrackingNumber.ShouldBe("LX441207765CN");
        scan.Status.ShouldBe(Milestone.OutForDelivery);
        scan.Raw.ShouldBe(new RawCodes(Type: "delivery", Code: "delivery_out_for_delivery", SubCode: "out_for_delivery", Text: "En cours de livraison", LocationText: "LYON"));
        scan.Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 8, 40, 0, TimeSpan.FromHours(1))));
        scan.Links.ShouldBe([new TrackingLink("alternate", "la-poste", "6C01234567890")]);
        scan.EventId.ShouldBe("e-3");
        scan.PublishedAt.ShouldBe(new DateTimeOffset(2025, 3, 11, 10, 0, 5, TimeSpan.Zero));
        scan.Source!.Sequence.ShouldBe("6a7b2f31-0d33-4f0e-9d5e-70a1c1b1a001");
        scan.Journey.ShouldBe(new JourneyHints(Service: "ePacket", OriginCountry: "CN", DestinationCountry: "FR", ShipperReference: "R-100"));
    }

    [Fact]
    public void A_tooLongid_is_cut_between_characters_and_reads_back()
    {
        // 199 letters and a lorry: the cut at 200 would fall into the middle of the lorry.
        var tooLong = new string('6', 199) + "\ud83d\ude9a";
        var items = Decode(Sample().Replace("6a7b2f31-0d33-4f0e-9d5e-70a1c1b1a001", tooLong, StringComparison.Ordinal));

        items[0].Scans[0].Source!.Sequence.ShouldBe(tooLong[..199]);
        Decoded.ReadsBack(items);
    }

    [Fact]
    public void An_event_without_a_time_is_a_day_and_one_without_a_zone_stays_local()
    {
        var scans = Decode(Sample())[0].Scans;

        scans[1].Occurred.ShouldBe(OccurredTime.On(new DateOnly(2025, 3, 8)));
        scans[1].Modifiers.ShouldBe(Modifiers.DateOnly);
        scans[1].Status.ShouldBe(Milestone.InTransit);      // no codes: the milestone repeats the shipment's state
        scans[2].Occurred.ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 1, 11, 2, 0)));
    }

    [Fact]
    public void Each_tracking_of_a_batch_stands_alone()
    {
        var items = Decode(Sample());

        items.Count.ShouldBe(2);
        items[1].Scans.ShouldBeEmpty();
        items[1].Problem.ShouldBeNull();
        Decode("""{"trackings":[{"tracker":{}},{"tracker":{"trackingNumber":"A1","courierCode":["ups"]},"events":[{"occurrenceDatetime":"2025-03-08T00:00:00Z","statusMilestone":"delivered"}]}]}""")
            .Select(i => i.Problem?.Code).ShouldBe(["number.missing", null]);
    }

    [Theory]
    [InlineData("pending", null)] [InlineData("info_received", "LABEL_CREATED")] [InlineData("in_transit", "IN_TRANSIT")] [InlineData("out_for_delivery", "OUT_FOR_DELIVERY")]
    [InlineData("failed_attempt", "ATTEMPT_FAILED")] [InlineData("available_for_pickup", "AVAILABLE_FOR_PICKUP")] [InlineData("delivered", "DELIVERED")]
    [InlineData("exception", "EXCEPTION")] [InlineData("teleported", null)]
    public void A_milestone_means_what_the_table_says(string milestone, string? status)
        => Decode($$"""{"trackings":[{"tracker":{"trackingNumber":"A1","courierCode":["ups"]},"events":[{"occurrenceDatetime":"2025-03-08T00:00:00Z","statusMilestone":"{{milestone}}"}]}]}""")[0]
            .Scans[0].Status?.Name().ShouldBe(status);

    [Fact]
    public void The_bearer_secret_proves_the_sender()
    {
        Verify("Bearer key-2").State.ShouldBe(SignatureState.Verified);
        Verify("Bearer key-3").State.ShouldBe(SignatureState.Failed);
        Verify(null).State.ShouldBe(SignatureState.Absent);
    }

    [Fact]
    public void Every_scan_reads_back_from_its_JSON() => Decoded.ReadsBack(Decode(Sample()));

    private static FeedProof Verify(string? value)
        => new Ship24Decoder().Verify("{}"u8, new FeedCredentials(["key-1", "key-2"], null, default), asked => asked == "Authorization" ? value : null);

    private static string Sample() => Encoding.UTF8.GetString(Decoded.Sample("ship24/batch.json"));
    private static List<DecodedItem> Decode(string json) => [.. new Ship24Decoder().Decode(Encoding.UTF8.GetBytes(json), new FeedContext())];
}
