using System.Text;
using Tracking.Carriers.Dhl;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Dhl;

public sealed class DhlPaketDecoderTests
{
    private static readonly DhlPaketDecoder Paket = new();
    private const string Piece = "00340434161094042557";

    private static List<DecodedItem> Report => Messages.Items(Paket, Decoded.Sample("dhl/paket-report.csv"));

    private static string Row(string when, string ice, string ric = "", string standard = "", string account = "1", string country = "DE", string piece = Piece)
        => $"{account};PAKET;DHL PAKET;{when};Z10;{country};Bonn;;{piece};;;;{ice};{ric};{standard};;;;;;;;;;;;;;;N;";

    private static Scan One(string ice, string ric = "", string standard = "") => Messages.Scans(Paket, Row("2025-03-11 12:00:30", ice, ric, standard)).Single();

    [Fact]
    public void An_event_listed_once_per_account_counts_once()
    {
        var scans = Report.SelectMany(i => i.Scans).ToList();

        scans.Select(s => s.Raw!.Code).ShouldBe(["ULFMV", "LDTMV", "DLVRD", "STORN", "NTDEL"]);
        Report.Codes().ShouldBe(["row.repeated", "row.repeated"]);
    }

    [Fact]
    public void A_row_keeps_every_column_the_event_has()
    {
        var scan = Report[0].Scans.Single();

        scan.Raw.ShouldBe(new RawCodes(Type: "EE", Code: "ULFMV", ReasonCode: "UNLDD", LocationText: "Köln-West"));
        scan.Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 10, 6, 12, 9, TimeSpan.FromHours(1)), Precision.Second, ZoneSource.Place));
        scan.Place.ShouldBe(new Place(Country: "DE", FacilityId: "GKP-0421"));
        scan.Journey.ShouldBe(new JourneyHints("DHL PAKET", ShipperReference: "PO-88", PickedUpOn: new DateOnly(2025, 3, 9)));
        scan.Evidence!.Pointer.ShouldBe("line 2");
        (scan.Carrier, scan.TrackingNumber).ShouldBe(("dhl-paket", Piece));
    }

    [Fact]
    public void A_storn_takes_back_the_event_before_it()
    {
        var storn = Report.SelectMany(i => i.Scans).Single(s => s.Kind == ScanKind.Retraction);

        storn.Status.ShouldBeNull();
        storn.Retracts.ShouldBe(new RetractionTarget(Type: "ZU", Code: "DLVRD", Local: new DateTime(2025, 3, 11, 12, 0, 30)));
    }

    [Fact]
    public void A_storn_finds_its_event_in_any_order_of_rows_and_among_other_pieces()
    {
        string[] rows = [Row("2025-03-11 12:03:00", "STORN"), Row("2025-03-11 12:02:00", "SRTED", piece: "00340434161094042564"), Row("2025-03-11 17:40:00", "NTDEL"), Row("2025-03-11 12:00:30", "DLVRD"), Row("2025-03-11 08:00:00", "MVARR")];

        Messages.Scans(Paket, string.Join("\r\n", rows)).Single(s => s.Kind == ScanKind.Retraction).Retracts!.Code.ShouldBe("DLVRD");
    }

    [Fact]
    public void A_storn_alone_leaves_its_target_open() => One("STORN").ShouldSatisfyAllConditions(s => s.Kind.ShouldBe(ScanKind.Retraction), s => s.Retracts.ShouldBe(new RetractionTarget()));

    [Fact]
    public void A_delivery_says_with_whom_it_is()
    {
        var delivered = Report.SelectMany(i => i.Scans).Single(s => s.Status == Milestone.Delivered);

        delivered.SubStatus.ShouldBe("neighbour");
        delivered.Delivery!.ShouldSatisfyAllConditions(d => d.RecipientType.ShouldBe("neighbour"), d => d.SignedBy.ShouldBe("SCHÄFER"));
        One("DLVRD", "PKBOX").Delivery!.LeftAt.ShouldBe("parcel box");
        One("DLVRD", "ACCDM").Modifiers.ShouldBe(Modifiers.Damaged);
    }

    [Theory]
    [InlineData("LDTMV", "", "PO", Milestone.OutForDelivery, Reason.None)]
    [InlineData("LDTMV", "", "AA", Milestone.InTransit, Reason.None)]
    [InlineData("ASMVT", "", "", Milestone.InTransit, Reason.None)]
    [InlineData("NTDEL", "NHOME", "ZN", Milestone.AttemptFailed, Reason.RecipientUnavailable)]
    [InlineData("NTDEL", "BADDD", "ZN", Milestone.AttemptFailed, Reason.RecipientAddress)]
    [InlineData("NTDEL", "QQQQQ", "ZN", Milestone.AttemptFailed, Reason.Unknown)]
    [InlineData("DLVRF", "", "", Milestone.Exception, Reason.RecipientRefused)]
    [InlineData("RCCLS", "LOSTX", "", Milestone.Failed, Reason.CarrierLost)]
    [InlineData("ADVIS", "", "DD", null, Reason.None)]
    [InlineData("", "", "ZU", Milestone.Delivered, Reason.None)]
    public void An_event_means_what_its_three_columns_say_together(string ice, string ric, string standard, Milestone? status, Reason reason)
        => One(ice, ric, standard).ShouldSatisfyAllConditions(s => s.Status.ShouldBe(status), s => s.Reason.ShouldBe(reason), s => s.Modifiers.ShouldBe(Modifiers.None));

    [Fact]
    public void An_event_nobody_mapped_has_no_status_whatever_the_coarse_code_says()
        => One("XXXXX", "", "ZU").ShouldSatisfyAllConditions(s => s.Status.ShouldBeNull(), s => s.Modifiers.ShouldBe(Modifiers.Unmapped), s => s.Raw!.Type.ShouldBe("ZU"));

    [Fact]
    public void A_row_that_fails_is_kept_alone_with_its_line_and_text()
    {
        var bad = Report.Single(i => i.Problem is not null);
        bad.ShouldSatisfyAllConditions(i => i.Pointer.ShouldBe("line 9"), i => Encoding.Latin1.GetString(i.Original.Span).ShouldEndWith("\nSumme;6;;;"), i => i.Problem!.Code.ShouldBe("row.too-short"));

        var items = Messages.Items(Paket, Row("2025-02-30 12:00:00", "DLVRD") + "\n" + Row("2025-03-01 24:00:00", "SRTED") + "\n" + Row("2025-03-01 12:00:00", "SRTED", piece: ""), Messages.Context with { FileName = "r.csv" });
        items.Select(i => i.Problem?.Code).ShouldBe(["time.impossible", null, "number.missing"]);
        items[0].Pointer.ShouldBe("r.csv, line 1");
        items[1].Scans.Single().Occurred.Local.ShouldBe(new DateTime(2025, 3, 2));   // 24:00 is the next day's first moment
    }

    [Fact]
    public void Without_a_country_the_feed_s_zone_or_nothing_tells_the_offset()
    {
        var row = Row("2025-03-11 12:00:30", "SRTED", country: "");

        Messages.Scans(Paket, row).Single().Occurred.ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 11, 12, 0, 30)));
        Messages.Scans(Paket, row, Messages.Context with { Zone = "Europe/Berlin" }).Single().Occurred.ShouldSatisfyAllConditions(o => o.ZoneSource.ShouldBe(ZoneSource.Profile), o => o.Offset.ShouldBe(TimeSpan.FromHours(1)));
    }

    [Fact]
    public void A_header_in_english_with_other_columns_is_read_by_name()
    {
        var scan = Messages.Scans(Paket, "piece code;status event;status reason;event time;country\n" + $"{Piece};DLVRD;FAMLY;2025-03-11 12:00:30;DE\n").Single();

        scan.ShouldSatisfyAllConditions(s => s.Status.ShouldBe(Milestone.Delivered), s => s.Raw!.ReasonCode.ShouldBe("FAMLY"), s => s.Occurred.Offset.ShouldBe(TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Files_that_are_something_else_are_refused_by_name()
    {
        Messages.Items(Paket, "").Single().Problem!.Code.ShouldBe("message.empty");
        Messages.Items(Paket, [0x89, 0x50, 0x4E, 0x47, 13, 10]).Single().Problem!.Detail.ShouldContain("image");
        Messages.Items(Paket, "PK\u0003\u0004rest").Single().Problem!.Detail.ShouldContain("ZIP");
        Messages.Items(Paket, "hello world").Single().Problem!.Code.ShouldBe("paket.no-report");
    }

    [Fact]
    public async Task A_file_longer_than_a_message_is_read_row_by_row()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 400; i++) text.Append(Row($"2025-03-11 12:{i / 60:00}:{i % 60:00}", i == 399 ? "STORN" : "SRTED")).Append("\r\n");
        var context = Messages.Context with { MaxMessageBytes = 4096 };
        var items = new List<DecodedItem>();

        await foreach (var item in Paket.DecodeAsync(new Decoded.Drip(Encoding.Latin1.GetBytes(text.ToString()), 777), context, TestContext.Current.CancellationToken)) items.Add(item);

        items.Count.ShouldBe(400);
        items.ShouldAllBe(i => i.Problem == null && i.Scans.Length == 1);
        items[^1].Scans[0].Retracts!.Local.ShouldBe(new DateTime(2025, 3, 11, 12, 6, 38));
        items[^1].Pointer.ShouldBe("line 400");
    }

    [Fact]
    public void Broken_messages_get_an_answer() => Messages.Survives(Paket, Decoded.Sample("dhl/paket-report.csv"));
}
