using System.Text;
using Tracking.Carriers.Flat;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Flat;

public sealed class CsvTests
{
    private const string Header = "trackingNumber,status,occurredAt,carrier\n";

    private static List<DecodedItem> Csv(string text) => Sample.Items(CsvDecoder.Csv, text);

    [Fact]
    public void A_file_describes_itself_by_its_header()
    {
        var scans = Sample.ItemsOf(CsvDecoder.Csv, "flat/scans.csv").Scans();

        scans.Count.ShouldBe(2);
        var first = scans[0];
        first.Carrier.ShouldBe("ups");
        first.Status.ShouldBe(Milestone.InTransit);
        first.Modifiers.ShouldBe(Modifiers.Delayed);
        first.Reason.ShouldBe(Reason.ExternalWeather);
        first.Raw.ShouldBe(new RawCodes(Code: "AR", Text: "Arrived, \"Duluth\""));
        first.Occurred.Offset.ShouldBe(TimeSpan.FromHours(-5));
        first.Eta!.Precision.ShouldBe(Precision.Day);
        first.Evidence!.Pointer.ShouldBe("line 2");
        scans[1].TrackingNumber.ShouldBe("04400127781");
        scans[1].Place!.City.ShouldBe("Köln");
        scans[1].Occurred.ZoneSource.ShouldBe(ZoneSource.Place);
        scans[1].Occurred.Offset.ShouldBe(TimeSpan.FromHours(1));
        scans[1].Delivery!.SignedBy.ShouldBe("RECEIVER");
    }

    [Fact]
    public void Names_fold_case_and_underscores_and_the_separator_is_found()
    {
        var scan = Csv("TRACKING_NUMBER;Status;Event_Date;Time;Carrier\r\n1Z7X904E0342100870;Out for delivery;20250311;0745;ups;\r\n").Scans().ShouldHaveSingleItem();

        scan.Status.ShouldBe(Milestone.OutForDelivery);
        scan.Occurred.Local.ShouldBe(new DateTime(2025, 3, 11, 7, 45, 0));
        scan.Occurred.Precision.ShouldBe(Precision.Minute);
    }

    [Fact]
    public void Fixed_width_is_cut_where_the_names_begin()
    {
        var scan = Sample.ItemsOf(CsvDecoder.Fixed, "flat/scans.fixed.txt", Sample.Context with { Carrier = "ups" }).Scans().ShouldHaveSingleItem();

        scan.TrackingNumber.ShouldBe("1Z7X904E0342100870");
        scan.Status.ShouldBe(Milestone.OutForDelivery);
        scan.Occurred.Offset.ShouldBe(TimeSpan.FromHours(-5));
    }

    [Fact]
    public void Pipes_are_read_as_pipes()
        => Sample.Items(CsvDecoder.Pipe, "number|status|occurredAt|carrier|text\n1|DELIVERED|2025-03-11|dpd|a, b; c").Scans()[0].Raw!.Text.ShouldBe("a, b; c");

    [Theory]
    [InlineData("\"unclosed,DELIVERED,2025-03-11,ups")]
    [InlineData(",DELIVERED,2025-03-11,ups")]
    [InlineData("1Z,DELIVERED,2025-02-30,ups")]
    [InlineData("1Z,DELIVERED,2025-03-11,")]
    [InlineData("1Z,DELIVERED,2025-03-11,ups,more")]
    public void A_bad_row_costs_itself_and_can_be_read_again_alone(string row)
    {
        var items = Csv($"{Header}A1,DELIVERED,2025-03-11,ups\n{row}\nA3,DELIVERED,2025-03-11,ups\n");

        items.Count.ShouldBe(3);
        items.Scans().Select(s => s.TrackingNumber).ShouldBe(["A1", "A3"]);
        var bad = items[1];
        bad.Pointer.ShouldBe("line 3");
        Encoding.UTF8.GetString(bad.Original.Span).ShouldBe(Header + row);
        Csv(Encoding.UTF8.GetString(bad.Original.Span)).ShouldHaveSingleItem().Problem!.Code.ShouldBe(bad.Problem!.Code);
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n")]
    [InlineData("\r")]
    public void Any_line_end_ends_a_line_and_the_last_may_lack_one(string end)
        => Csv(string.Join(end, "number,status,occurredAt,carrier", "A1,DELIVERED,2025-03-11,ups", "", "A2,DELIVERED,2025-03-11,ups")).Scans().Count.ShouldBe(2);

    [Fact]
    public void A_line_break_inside_quotes_is_text_and_lines_are_counted_on()
    {
        var items = Csv("number,status,occurredAt,carrier,text\nA1,DELIVERED,2025-03-11,ups,\"one\ntwo\"\nA2,DELIVERED,2025-03-11,ups,x\n");

        items[0].Scans[0].Raw!.Text.ShouldBe("one\ntwo");
        items[1].Pointer.ShouldBe("line 4");
    }

    [Fact]
    public void A_repeated_header_padding_and_a_trailing_separator_are_no_rows()
        => Csv("number,status,occurredAt,carrier,\nA1,DELIVERED,2025-03-11,ups,\nnumber,status,occurredAt,carrier,\nA2,DELIVERED,2025-03-11,ups,\n\0\0\0").Select(i => i.Problem).ShouldBe([null, null]);

    [Fact]
    public void A_word_that_is_no_status_moves_nothing_and_is_kept()
    {
        var scan = Csv(Header + "A1,Teleported,2025-03-11,ups").Scans()[0];

        scan.Status.ShouldBeNull();
        scan.Modifiers.ShouldBe(Modifiers.Unmapped);
        scan.Raw!.Code.ShouldBe("Teleported");
    }

    [Theory]
    [InlineData("PK\u0003\u0004zip", "file.not-text")]
    [InlineData("%PDF-1.7", "file.not-text")]
    [InlineData(" \r\n", "message.empty")]
    [InlineData("hello\nworld", "flat.header")]
    [InlineData("number,city\n1,X", "flat.header")]
    public void A_file_that_is_not_what_it_should_be_is_refused_whole_and_by_name(string text, string code)
        => Csv(text).ShouldHaveSingleItem().Problem!.Code.ShouldBe(code);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task A_stream_gives_what_the_whole_gives(int drip)
    {
        var text = new StringBuilder("number,status,occurredAt,carrier,text\r\n");
        for (var i = 0; i < 300; i++) text.Append($"A{i},{(i % 50 == 3 ? "" : "DELIVERED")},{(i % 77 == 5 ? "2025-02-30" : "2025-03-11")},ups,\"line\r\n{i}\"\r\n");
        var bytes = Encoding.UTF8.GetBytes(text.ToString());

        var streamed = new List<DecodedItem>();
        await foreach (var item in CsvDecoder.Csv.DecodeAsync(new Decoded.Drip(bytes, drip), Sample.Context, TestContext.Current.CancellationToken)) streamed.Add(item);

        var whole = CsvDecoder.Csv.Decode(bytes, Sample.Context).ToList();
        streamed.Select(i => (i.Pointer, i.Problem?.Code, i.Scans.FirstOrDefault()?.Key)).ShouldBe(whole.Select(i => (i.Pointer, i.Problem?.Code, i.Scans.FirstOrDefault()?.Key)));
        streamed.Count.ShouldBe(300);
    }

    [Fact]
    public async Task A_long_file_is_read_in_pieces()
    {
        var text = new StringBuilder("number,status,occurredAt,carrier,text\n");
        for (var i = 0; i < 20_000; i++) text.Append($"A{i},DELIVERED,2025-03-11,ups,{new string('x', 40)}\n");
        var bytes = Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes(text.ToString())).ToArray();

        var count = 0;
        var last = "";
        await foreach (var item in CsvDecoder.Csv.DecodeAsync(new MemoryStream(bytes), Sample.Context, TestContext.Current.CancellationToken)) { count += item.Scans.Length; last = item.Pointer; }

        count.ShouldBe(20_000);
        last.ShouldBe("line 20001");
    }
}
