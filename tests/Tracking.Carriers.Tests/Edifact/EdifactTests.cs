using System.Text;
using Tracking.Carriers.Edifact;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Edifact;

public sealed class EdifactTests
{
    [Fact]
    public void A_delivery_keeps_every_fact_of_its_message()
    {
        var item = Sample("one-delivery.edi").ShouldHaveSingleItem();
        var scan = item.Scans.ShouldHaveSingleItem();

        item.Notes.ShouldBeEmpty();
        scan.Carrier.ShouldBe("nordsped");
        scan.TrackingNumber.ShouldBe("5509123400071");
        scan.Status.ShouldBe(Milestone.Delivered);
        scan.Raw.ShouldBe(new RawCodes(Type: "1", Code: "21"));
        scan.Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 14, 52, 0, TimeSpan.FromHours(1)), Precision.Minute, ZoneSource.Place));
        scan.Place.ShouldBe(new Place(City: "MALMO", Country: "SE"));
        scan.Delivery.ShouldBe(new DeliveryProof(SignedBy: "O'HARA"));
        scan.Journey!.ShipperReference.ShouldBe("PO-88412");
        scan.Links.ShouldBe([new TrackingLink("reference", null, "PO-88412")]);
        scan.Evidence!.Pointer.ShouldBe("segment 7");
        scan.PublishedAt.ShouldBeNull();
        scan.Modifiers.ShouldBe(Modifiers.None);   // the header's clock runs ahead of the event's or behind it: neither is a future event
    }

    [Fact]
    public void Every_shape_of_a_status_is_read()
    {
        var item = Sample("shapes-of-status.edi").ShouldHaveSingleItem();

        item.Scans.Select(s => (s.Raw!.Type, s.Raw.Code, s.Raw.SubCode, s.Raw.ReasonCode, s.Raw.Text)).ShouldBe(
        [
            ("1", "20", null, "209", null),
            (null, "21", null, "71", null),
            ("11", "45", null, "108", "NOBODY HOME"),
            ("1", "S", "87", null, "REFORWARDED"),
            ("D2", "21", null, null, null),
            ("1", "P", "HS", null, "TEXT OF HS"),
            ("1", "BV2", null, null, null),
        ]);
        item.Scans.Select(s => s.Status).ShouldBe([null, Milestone.Delivered, null, Milestone.InTransit, Milestone.Delivered, null, null]);
        item.Scans[3].Modifiers.ShouldBe(Modifiers.Redirected);
        item.Scans[4].Delivery.ShouldBe(new DeliveryProof(SignedBy: "B JONES", LeftAt: "FRONT DESK"));
        item.Scans.ShouldAllBe(s => s.Links.Contains(new TrackingLink("reference", null, "HEAD-7")));
    }

    [Fact]
    public void Every_format_of_a_time_is_read_with_no_more_than_it_says()
    {
        var item = Sample("shapes-of-status.edi").Single();
        var times = item.Scans.Select(s => s.Occurred).ToList();

        times[0].ShouldBe(OccurredTime.On(new DateOnly(2025, 3, 10)));
        times[1].ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 11, 10, 15, 0)));
        times[2].ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 11, 12, 30, 0), Precision.Minute));
        times[3].ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 12, 40, 0, TimeSpan.FromHours(1)), Precision.Minute, ZoneSource.Code));
        times[4].ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 12, 50, 0, TimeSpan.FromHours(1)), Precision.Minute));
        times[5].ShouldBe(OccurredTime.On(new DateOnly(2017, 9, 8)));      // a date written as a time
        times[6].ShouldBe(OccurredTime.On(new DateOnly(2025, 3, 11)));     // read by its length, not by its format code
        item.Notes.ShouldContain(n => n.Code == "time.format-contradiction");
    }

    [Fact]
    public void An_exception_carries_reason_and_resolution_and_a_new_date_is_an_estimate()
    {
        var item = Sample("exception-and-new-date.edi").ShouldHaveSingleItem();

        item.Notes.ShouldBeEmpty();
        var exception = item.Scans[0];
        exception.Status.ShouldBe(Milestone.Exception);
        exception.Raw!.ReasonCode.ShouldBe("62");
        exception.Raw.ReasonSubCode.ShouldBe("R3");
        exception.Raw.Text.ShouldBe("THE STREET NUMBER IS INCORRECT\nWE ARE WORKING ON A SOLUTION");
        exception.Place.ShouldBe(new Place(City: "Boise", Region: "ID", Country: "US"));
        var estimate = item.Scans[1];
        estimate.Kind.ShouldBe(ScanKind.Estimate);
        estimate.Status.ShouldBeNull();
        estimate.Eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 13), new DateTime(2025, 3, 13), null, Precision.Day, EtaKind.Rescheduled, "DTM+67"));
    }

    [Fact]
    public void One_event_with_many_piece_numbers_is_one_event_per_piece()
        => Event("STS+1+24'DTM+334:202503111230:203'GIN+NVE+340000000000000018+340000000000000025'PCI+30+000777'").Scans
            .Select(s => (s.TrackingNumber, s.PieceId)).ShouldBe([("A100", "340000000000000018"), ("A100", "340000000000000025"), ("A100", "000777")]);

    [Fact]
    public void References_before_the_first_consignment_hold_for_all_of_them()
    {
        var items = Decode(Message("RFF+CU:PO-1'CNI+1+A100'STS+1+24'DTM+334:202503111230:203'CNI+2+A200'STS+1+21'DTM+334:202503111235:203'"));

        items[0].Scans.Select(s => (s.TrackingNumber, s.Journey!.ShipperReference)).ShouldBe([("A100", "PO-1"), ("A200", "PO-1")]);
    }

    [Fact]
    public void An_empty_consignment_number_leaves_the_word_to_the_references()
        => Decode(Message("CNI+1'STS+1+24'RFF+CU:ORDER-1'RFF+CW:PARCEL1'DTM+334:202503111230:203'"))[0].Scans[0].TrackingNumber.ShouldBe("PARCEL1");

    [Fact]
    public void A_partner_profile_decides_number_time_and_codes()
    {
        var decoder = Tracking.Carriers.Mapping.MappingReader.Read("""
            {"format":"fwd","form":"edifact","carrier":"fwd-lines","zone":"Europe/Stockholm","number":["FF"],"date":["78"],"midnightIsDay":false,
             "codes":{"BV2":"AVAILABLE_FOR_PICKUP","45/108":"ATTEMPT_FAILED(recipient.unavailable)","E1:101":"EXCEPTION(recipient.address)"}}
            """u8.ToArray(), out var problems).ShouldNotBeNull();
        problems.ShouldBeEmpty();
        decoder.Format.ShouldBe("fwd");
        var scans = decoder.Decode(Message("CNI+1+A100'STS+1+BV2'RFF+FF:F77'DTM+334:202503111230:203'DTM+78:202503111300:203'STS+11+45+108'RFF+FF:F77'DTM+78:202503120000:203'STS+1:E1:101'RFF+FF:F77'DTM+78:202503121500:203'"), new FeedContext()).First().Scans;

        scans.Select(s => (s.Carrier, s.TrackingNumber)).Distinct().ShouldBe([("fwd-lines", "F77")]);
        scans.Select(s => s.Status).ShouldBe([Milestone.AvailableForPickup, Milestone.AttemptFailed, Milestone.Exception]);
        scans[0].Occurred.Local.ShouldBe(new DateTime(2025, 3, 11, 13, 0, 0));
        scans[0].Occurred.ZoneSource.ShouldBe(ZoneSource.Profile);
        scans[1].Occurred.Precision.ShouldBe(Precision.Minute);
    }

    [Fact]
    public void A_partner_file_that_is_wrong_says_so_setting_by_setting()
    {
        Tracking.Carriers.Mapping.MappingReader.Read("""
            {"format":"fwd","form":"edifact","separator":";","number":["CNI","LONGER"],
             "table":"dhl","zone":"Mars/Base","codes":{"21":"FLYING"}}
            """u8.ToArray(), out var problems).ShouldBeNull();

        problems.Select(p => p.Setting).ShouldBe(["separator", "number", "table", "zone", "codes.21"], ignoreOrder: true);
        problems.First(p => p.Setting == "codes.21").ToString().ShouldStartWith("line 2, codes.21: ");
    }

    [Fact]
    public void Without_a_place_the_operators_zone_counts_and_is_named_as_such()
    {
        var occurred = Decode(Message("CNI+1+A100'STS+1+24'DTM+334:202503111230:203'"), new FeedContext { Zone = "Europe/Oslo" })[0].Scans[0].Occurred;

        occurred.Offset.ShouldBe(TimeSpan.FromHours(1));
        occurred.ZoneSource.ShouldBe(ZoneSource.Profile);
    }

    [Theory]
    [InlineData("UNOC:3", "utf-8")]
    [InlineData("UNOC:3", "iso-8859-1")]
    [InlineData("UNOA:1", "iso-8859-1")]
    [InlineData("UNOW:4", "utf-8")]
    [InlineData("UNOY:4", "windows-1252")]
    public void Letters_survive_whatever_the_sender_declares(string declared, string written)
    {
        var text = Encoding.UTF8.GetString(Message("CNI+1+A100'STS+1+21'DTM+334:202503111230:203'NAD+AP+++MÜLLER'LOC+14+:::KÖLN+:::DE'")).Replace("UNOC:3", declared, StringComparison.Ordinal);
        var scan = Decode(CarrierText.FindEncoding(written)!.GetBytes(text))[0].Scans[0];

        scan.Delivery!.SignedBy.ShouldBe("MÜLLER");
        scan.Place!.City.ShouldBe("KÖLN");
    }

    [Fact]
    public void Released_separators_are_text()
        => Event("STS+1+21'FTX+AAI+++5 ?+ 5??'DTM+334:202503111230:203'").Scans[0].Raw!.Text.ShouldBe("5 + 5?");

    [Fact]
    public void Separators_are_whatever_the_UNA_says()
    {
        var text = Encoding.UTF8.GetString(Message("CNI+1+A100'STS+1+21'DTM+334:202503111230:203'"))
            .Replace('+', '|').Replace(':', '^').Replace('\'', '~');
        Decode(Encoding.UTF8.GetBytes("UNA^|.\\ ~" + text))[0].Scans.ShouldHaveSingleItem().Status.ShouldBe(Milestone.Delivered);
    }

    [Fact]
    public void Line_breaks_and_padding_between_segments_are_nothing()
    {
        var text = Encoding.UTF8.GetString(Message("CNI+1+A100'STS+1+21'DTM+334:202503111230:203'")).Replace("'", "'      \r\n", StringComparison.Ordinal);
        var item = Decode(Encoding.UTF8.GetBytes(text)).ShouldHaveSingleItem();

        item.Scans.Length.ShouldBe(1);
        item.Notes.ShouldBeEmpty();
    }

    [Fact]
    public void A_wrong_segment_count_is_a_warning()
    {
        var text = Encoding.UTF8.GetString(Message("CNI+1+A100'STS+1+21'DTM+334:202503111230:203'")).Replace("UNT+6+1", "UNT+9+1", StringComparison.Ordinal);
        var item = Decode(Encoding.UTF8.GetBytes(text))[0];

        item.Scans.Length.ShouldBe(1);
        item.Notes.ShouldHaveSingleItem().Code.ShouldBe("edifact.segment-count");
    }

    [Fact]
    public void Several_interchanges_may_share_a_file()
    {
        var one = Message("CNI+1+A100'STS+1+21'DTM+334:202503111230:203'");
        Decode((byte[])[.. "UNA:+.? '\r\n"u8, .. one, .. "\r\n"u8, .. one]).Count(i => i.Scans.Length == 1).ShouldBe(2);
    }

    [Fact]
    public void Cut_anywhere_a_file_gives_its_complete_messages_and_no_half_one()
    {
        var text = Encoding.UTF8.GetString(Decoded.Sample("edifact/one-delivery.edi"));
        var end = text.IndexOf("UNT+11+1", StringComparison.Ordinal) + "UNT+11+1".Length;
        for (var cut = 1; cut < text.Length; cut++)
            Decode(Encoding.UTF8.GetBytes(text[..cut])).SelectMany(i => i.Scans).Count().ShouldBe(cut >= end ? 1 : 0, $"cut at {cut}");
    }

    [Fact]
    public void A_cancelled_message_takes_its_events_back()
    {
        var text = Encoding.UTF8.GetString(Decoded.Sample("edifact/one-delivery.edi")).Replace("BGM+77+771204+9", "BGM+77+771204+1", StringComparison.Ordinal);
        var scan = Decode(Encoding.UTF8.GetBytes(text))[0].Scans[0];

        scan.Kind.ShouldBe(ScanKind.Retraction);
        scan.Status.ShouldBeNull();
        scan.Retracts.ShouldBe(new RetractionTarget(Type: "1", Code: "21", Local: new DateTime(2025, 3, 11, 14, 52, 0), Status: Milestone.Delivered));
    }

    [Fact]
    public void An_impossible_time_costs_its_event_alone()
    {
        var items = Decode(Message("CNI+1+A100'STS+1+24'DTM+334:202513111230:203'STS+1+21'DTM+334:202503111230:203'"));

        items[0].Scans.ShouldHaveSingleItem().Status.ShouldBe(Milestone.Delivered);
        items[1].Problem!.Code.ShouldBe("time.impossible");
    }

    [Fact]
    public async Task A_stream_in_pieces_says_the_same_as_the_whole()
    {
        byte[] file = [.. Decoded.Sample("edifact/one-delivery.edi"), .. Decoded.Sample("edifact/shapes-of-status.edi"), .. Decoded.Sample("edifact/exception-and-new-date.edi")];
        var whole = Decode(file).SelectMany(i => i.Scans).Select(s => (s.Key, s.Evidence)).ToList();
        foreach (var size in new[] { 1, 5, 100_000 })
        {
            var streamed = new List<(DedupKey, Evidence?)>();
            await foreach (var item in new EdifactDecoder().DecodeAsync(new Decoded.Drip(file, size), new FeedContext(), TestContext.Current.CancellationToken))
                streamed.AddRange(item.Scans.Select(s => (s.Key, s.Evidence)));
            streamed.ShouldBe(whole);
        }
        whole.Count.ShouldBe(10);
    }

    [Fact]
    public void A_quarantined_message_can_be_read_again_alone()
    {
        var item = Sample("one-delivery.edi")[0];

        Decode(item.Original, new FeedContext { Carrier = "nordsped" }).SelectMany(i => i.Scans).ShouldHaveSingleItem().Key.ShouldBe(item.Scans[0].Key);
    }

    [Theory]
    [InlineData("", "message.empty")]
    [InlineData("GIF89a and then nothing", "edifact.no-interchange")]
    public void Decoys_are_named(string text, string problem)
        => Decode(Encoding.UTF8.GetBytes(text)).ShouldHaveSingleItem().Problem!.Code.ShouldBe(problem);

    [Fact]
    public void Every_scan_reads_back_from_its_JSON()
        => Decoded.ReadsBack(Sample("one-delivery.edi").Concat(Sample("shapes-of-status.edi")).Concat(Sample("exception-and-new-date.edi")));

    private static List<DecodedItem> Sample(string name) => Decode(Decoded.Sample($"edifact/{name}"));

    private static List<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext? context = null)
        => [.. new EdifactDecoder().Decode(message, context ?? new FeedContext())];

    private static DecodedItem Event(string segments) => Decode(Message("CNI+1+A100'" + segments))[0];

    private static byte[] Message(string body)
        => Encoding.UTF8.GetBytes($"UNB+UNOC:3+FWDR+RETAILHUB+250311:1610+9001'UNH+1+IFTSTA:D:96A:UN'BGM+77+1+9'{body}UNT+{Count(body) + 3}+1'UNZ+1+9001'");

    private static int Count(string body)
    {
        var count = 0;
        for (var i = 0; i < body.Length; i++)
        {
            if (body[i] == '?') i++;
            else if (body[i] == '\'') count++;
        }
        return count;
    }
}
