using System.Text;
using System.Text.Json;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Tests.Workload;

public sealed class PayloadsTests
{
    private const long Now = 1_795_000_000;         // 2026-11-18 11:06:40 UTC
    private static readonly Payloads Payloads = new(42);
    private static readonly Facility Duluth = Places.Towns[0];

    private static Parcel ParcelOn(Format format) => new ParcelBook(1, 42, formats: new FormatMix(
        format == Format.Scans ? 1 : 0, format == Format.Ups ? 1 : 0, format == Format.EasyPost ? 1 : 0, format == Format.Csv ? 1 : 0)).Of(5);

    private static Statement[] HistoryOn(Format format)
    {
        var feed = new ScanFeed(new ParcelBook(1, 42), new FeedManners { ActiveParcels = 1 }, 1, Now);
        var parcel = ParcelOn(format);
        return feed.HistoryUpTo(new Statement(77, parcel, parcel.Stops.Count - 1, Happening.Delivered, parcel.Stops[^1].Facility, Now));
    }

    [Fact]
    public void A_scan_line_is_the_public_JSON_of_a_normalised_scan()
    {
        var body = new Body();
        var parcel = ParcelOn(Format.Scans);
        Payloads.ScanLine(body, new Statement(1234, parcel, 4, Happening.WeatherDelay, Duluth, Now));

        body.ToString().ShouldEndWith("}\n");
        var scan = JsonDocument.Parse(body.Written).RootElement;
        scan.GetProperty("carrier").GetString().ShouldBe(parcel.Carrier);
        scan.GetProperty("trackingNumber").GetString().ShouldBe(parcel.TrackingNumber);
        scan.GetProperty("eventId").GetString().ShouldBe("L000042-1234");
        scan.GetProperty("status").GetString().ShouldBe("IN_TRANSIT");
        scan.GetProperty("modifiers")[0].GetString().ShouldBe("delayed");
        scan.GetProperty("reason").GetString().ShouldBe("external.weather");
        DateTimeOffset.Parse(scan.GetProperty("occurredAt").GetString()!).ShouldBe(DateTimeOffset.FromUnixTimeSeconds(Now));
        scan.GetProperty("occurredAt").GetString().ShouldBe("2026-11-18T05:06:40-06:00");
        scan.GetProperty("place").GetProperty("city").GetString().ShouldBe("DULUTH");
    }

    [Fact]
    public void A_retraction_names_the_event_it_takes_back_and_states_no_status()
    {
        var body = new Body();
        Payloads.ScanLine(body, new Statement(9, ParcelOn(Format.Scans), 4, Happening.Arrived, Duluth, Now, Retracts: 3));

        var scan = JsonDocument.Parse(body.Written).RootElement;
        scan.GetProperty("kind").GetString().ShouldBe("retraction");
        scan.GetProperty("retracts").GetProperty("eventId").GetString().ShouldBe("L000042-3");
        scan.TryGetProperty("status", out _).ShouldBeFalse();
    }

    [Fact]
    public void An_event_number_is_read_back_from_its_id_and_from_no_other_runs()
    {
        Payloads.TryReadEvent("L000042-98765"u8, out var number).ShouldBeTrue();
        number.ShouldBe(98765);
        Payloads.TryReadEvent("L000043-98765"u8, out _).ShouldBeFalse();
        Payloads.TryReadEvent("L000042-98x"u8, out _).ShouldBeFalse();
        Payloads.TryReadEvent("evt_1"u8, out _).ShouldBeFalse();
    }

    [Fact]
    public void A_UPS_answer_lists_every_activity_newest_first_in_local_and_UTC_time()
    {
        var body = new Body();
        var history = HistoryOn(Format.Ups);
        Payloads.UpsTrack(body, history[0].Parcel, history);

        var package = JsonDocument.Parse(body.Written).RootElement.GetProperty("trackResponse").GetProperty("shipment")[0].GetProperty("package")[0];
        package.GetProperty("trackingNumber").GetString().ShouldBe(history[0].Parcel.TrackingNumber);
        var activities = package.GetProperty("activity");
        activities.GetArrayLength().ShouldBe(history.Length);
        activities[0].GetProperty("status").GetProperty("type").GetString().ShouldBe("D");
        activities[history.Length - 1].GetProperty("status").GetProperty("code").GetString().ShouldBe("MP");
        activities[0].GetProperty("gmtDate").GetString().ShouldBe("20261118");
        activities[0].GetProperty("gmtTime").GetString().ShouldBe("11:06:40");
        activities[0].GetProperty("gmtOffset").GetString()!.ShouldMatch("^[+-]\\d\\d:\\d\\d$");
    }

    [Fact]
    public void An_EasyPost_event_carries_the_whole_history_oldest_first_with_local_times_called_Z()
    {
        var body = new Body();
        var history = HistoryOn(Format.EasyPost);
        Payloads.EasyPostTracker(body, history[0].Parcel, history);

        var told = JsonDocument.Parse(body.Written).RootElement;
        told.GetProperty("description").GetString().ShouldBe("tracker.updated");
        var tracker = told.GetProperty("result");
        tracker.GetProperty("tracking_code").GetString().ShouldBe(history[0].Parcel.TrackingNumber);
        tracker.GetProperty("status").GetString().ShouldBe("delivered");
        var details = tracker.GetProperty("tracking_details");
        details.GetArrayLength().ShouldBe(history.Length);
        details[0].GetProperty("status").GetString().ShouldBe("pre_transit");
        var local = DateTimeOffset.FromUnixTimeSeconds(Now).ToOffset(TimeSpan.FromMinutes(history[^1].Facility.OffsetMinutes));
        details[history.Length - 1].GetProperty("datetime").GetString().ShouldBe(local.ToString("yyyy-MM-ddTHH:mm:ss") + "Z");
    }

    [Fact]
    public void A_DPD_row_has_the_headers_columns_and_one_separator_more_at_the_end()
    {
        var header = new Body();
        Payloads.DpdHeader(header);
        var row = new Body();
        Payloads.DpdRow(row, HistoryOn(Format.Csv)[^1]);

        row.ToString().Split(';').Length.ShouldBe(header.ToString().Split(';').Length);
        row.ToString().ShouldEndWith(";\r\n");
        row.ToString().Split(';')[1].ShouldBe("13");
    }

    [Fact]
    public void A_body_grows_and_is_used_again()
    {
        var body = new Body(8);
        for (var i = 0; i < 100; i++) body.Digits(i, 3).Raw(","u8);
        body.Length.ShouldBe(400);
        body.Clear();
        body.Text("x").ToString().ShouldBe("x");
        Encoding.UTF8.GetString(body.Written.Span).ShouldBe("x");
    }
}
