using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests;

/// <summary>Payloads as the carriers' public documents show them, with everything optional that they may carry: more fields, single objects for lists, nulls, numbers for texts, other languages.</summary>
public sealed class UnseenPayloadTests
{
    private static List<Scan> Scans(string format, string message)
    {
        var items = Sample.Items(FeedDecoders.Find(format)!, message, Sample.Context with { ReceivedAt = new DateTimeOffset(2025, 12, 1, 0, 0, 0, TimeSpan.Zero) });
        Decoded.ReadsBack(items);
        return items.Scans();
    }

    [Fact]
    public void Ups_with_single_objects_numbers_for_texts_and_blank_facts()
    {
        var scans = Scans("ups", """
            {"trackResponse":{"shipment":{"inquiryNumber":"1Z5338FF0107231059","userRelation":"SHIPPER","package":{"trackingNumber":"1Z5338FF0107231059","deliveryDate":[],"deliveryTime":{"startTime":"","endTime":"","type":"EOD"},
             "activity":[{"location":null,"status":{"type":"X","description":"Fermé","code":"48","statusCode":"023"},"date":20251121,"time":153100},
              {"location":{"address":{"city":"Montréal","stateProvince":"QC","country":"CA"},"slic":null},"status":{"type":"I","description":null,"code":"AR"},"date":"20251120","time":74700,"gmtDate":"20251120","gmtTime":"124700","gmtOffset":"-05:00","milestone":{"category":"x"}}],
             "packageCount":"1","milestones":[{"code":"M1"}],"weight":{"unitOfMeasurement":"LBS","weight":0.00},"deliveryInformation":{"receivedBy":"","signature":{"image":""},"pod":{"content":""}},"currentStatus":{"code":"021"}}}}}
            """);
        scans.Select(s => s.Status).ShouldBe([Milestone.AttemptFailed, Milestone.InTransit]);
        scans[0].Occurred.ZoneSource.ShouldBe(ZoneSource.Unknown);
        scans[1].Occurred.ShouldSatisfyAllConditions(o => o.Local.ShouldBe(new DateTime(2025, 11, 20, 7, 47, 0)), o => o.Offset.ShouldBe(TimeSpan.FromHours(-5)), o => o.ZoneSource.ShouldBe(ZoneSource.UtcPair));
        scans.ShouldAllBe(s => s.Delivery == null);
    }

    [Fact]
    public void FedEx_pushes_one_scan_as_an_object()
    {
        var scan = Scans("fedex", """
            {"webhookEventId":"x","accountNumber":"740561073","trackingEvents":[{"trackingNumber":"612904551027","trackingNumberUniqueId":"2460744000~612904551027~FX","carrierCode":"FDXG",
             "scanEvent":{"date":"2025-03-11T10:42:00-05:00","eventType":"OD","scanLocation":{"city":"TULSA","stateOrProvinceCode":"OK","countryCode":"US"}}}]}
            """).Single();
        (scan.TrackingNumber, scan.UniqueId, scan.Status).ShouldBe(("612904551027", "2460744000~612904551027~FX", Milestone.OutForDelivery));
        scan.Evidence!.Pointer.ShouldBe("/trackingEvents/0/scanEvent");
    }

    [Fact]
    public void Usps_with_older_names_loose_types_and_html()
    {
        var scans = Scans("usps", """
            {"trackingNumber":"9261290100130739201234","mailClass":"Priority Mail<SUP>&reg;</SUP>","uniqueTrackingId":"x77","approximateIntakeDate":"2025-03-07 08:12:44.000000","onTime":"false","destinationZIP":75201,
             "trackingEvents":[{"eventType":"Departed USPS Regional Facility","eventTimestamp":"2025-03-10T03:11:00","GMTTimestamp":"2025-03-10T08:11:37Z","GMTOffset":"-5:00","eventCity":"DALLAS TX DISTRIBUTION CENTER","eventState":null,"eventZIP":null,"eventCode":"T1"},
              {"eventType":"USPS in possession of item","eventTimestamp":"2025-03-09 17:03:00","eventCity":"EL PASO","eventState":"TX","eventZIP":79901,"eventCode":3}]}
            """);
        scans.Where(s => s.Kind == ScanKind.Scan).Select(s => s.Status).ShouldBe([Milestone.InTransit, Milestone.Accepted]);
        scans[0].Occurred.Utc.ShouldBe(new DateTimeOffset(2025, 3, 10, 8, 11, 37, TimeSpan.Zero));
        scans[1].Occurred.Offset.ShouldBe(TimeSpan.FromHours(-6));   // El Paso keeps mountain time in a state that does not
        scans.ShouldAllBe(s => s.UniqueId == "x77" && s.Journey!.Service == "Priority Mail®");
    }

    [Theory]
    [InlineData("Nashville,TN-USA", "Nashville", "TN", "US")]
    [InlineData("PRAGUE - CZECH REPUBLIC, THE", "PRAGUE", null, "CZ")]
    [InlineData("AMSTERDAM - NETHERLANDS, THE", "AMSTERDAM", null, "NL")]
    [InlineData("SEOUL - KOREA, REPUBLIC OF (SOUTH K.)", "SEOUL", null, "KR")]
    [InlineData("WILKES-BARRE", "WILKES-BARRE", null, null)]
    [InlineData("BADEN-BADEN - GERMANY", "BADEN-BADEN", null, "DE")]
    public void Dhl_writes_places_in_one_text(string area, string city, string? region, string? country)
    {
        var place = Scans("dhl-express", $$"""
            {"shipments":[{"shipmentTrackingNumber":"1234567890","status":"Success","events":[{"date":"2025-06-10","time":"09:06:00","typeCode":"PU","description":"picked up","serviceArea":[{"code":"QQQ","description":"{{area}}"}]}],"numberOfPieces":1}]}
            """).Single().Place!;
        (place.City, place.Region, place.Country).ShouldBe((city, region, country));
    }

    [Fact]
    public void EasyPost_names_the_account_of_a_carrier_and_means_the_carrier()
        => Scans("easypost", """
            {"object":"Event","mode":"production","description":"tracker.updated","result":{"object":"Tracker","tracking_code":"1Z204E380338943508","carrier":"UPSDAP","status":"in_transit","tracking_details":[{"message":"x","status":"in_transit","datetime":"2025-03-11T11:11:00Z","tracking_location":null}],"carrier_detail":null,"fees":[]}}
            """).Single().Carrier.ShouldBe("ups");

    [Fact]
    public void AfterShip_writes_a_position_as_an_object_or_as_nothing()
    {
        var scans = Scans("aftership", """
            {"ts":1741716422,"event":"tracking_update","event_id":"8f1c","msg":{"tracking_number":"1Z204E380338943508","slug":"ups","tag":"InTransit","emails":[],"custom_fields":null,"checkpoints":[
             {"city":"DULUTH","country_iso3":"USA","message":"x","tag":"InTransit","subtag":"InTransit_001","checkpoint_time":"2025-03-11T14:02:00-05:00","coordinates":[],"coordinate":{"latitude":46.8,"longitude":-92.1},"raw_tag":null,"events":[]},
             {"city":null,"location":null,"message":null,"tag":"InfoReceived","checkpoint_time":"2025-03-09","coordinates":[],"zip":null}]}}
            """);
        (scans[0].Place!.Lat, scans[0].Place!.Lon).ShouldBe((46.8, -92.1));
        scans[1].Occurred.Precision.ShouldBe(Precision.Day);
    }

    [Fact]
    public void Seventeen_track_names_the_number_of_the_last_mile()
    {
        var scan = Scans("17track", """
            {"event":"TRACKING_UPDATED","data":{"number":"RR123456785CN","carrier":3011,"param":null,"track_info":{"latest_status":{"status":"InTransit"},"misc_info":{"local_number":"LZ123456785US","local_provider":"USPS","local_key":21051},"tracking":{"providers":[{"provider":{"key":3011},
             "events":[{"time_iso":null,"time_utc":null,"time_raw":{"date":"2025-04-25","time":null,"timezone":null},"description":"收寄","stage":"PickedUp","sub_status":"InTransit_PickedUp"}]}]}}}}
            """).Single();
        scan.Links.ShouldBe([new TrackingLink("handover", "usps", "LZ123456785US")]);
        scan.Occurred.Precision.ShouldBe(Precision.Day);
        scan.Raw!.Text.ShouldBe("收寄");
    }

    [Fact]
    public void X12_of_a_later_version_with_other_separators_and_segments_nobody_listed()
    {
        var scans = Scans("x12-214", """
            ISA|00|          |00|          |ZZ|ABCD           |ZZ|RETAILHUB      |250311|1915|^|00501|000004411|0|P|:'
            GS|QM|ABCD|RETAILHUB|20250311|1915|4411|X|005010'ST|214|0001'B10|0987654|BOL55190|ABCD'REF|ZZ|X'N1|SH|SHIPPER'N4|DALLAS|TX|75201|US'
            LX|1'AT7|||AB|NA|20250312|1000|ET'MS1|NEW YORK|NY|US'AT7|D1|NS|||20250312|16000000|ET'MS1|NEW YORK|NY|US|73.98|40.75|W|N'Q7|x'SE|12|0001'GE|1|4411'IEA|1|000004411'
            """);
        scans.Select(s => s.Kind).ShouldBe([ScanKind.Appointment, ScanKind.Scan]);
        scans[1].ShouldSatisfyAllConditions(s => s.Status.ShouldBe(Milestone.Delivered), s => s.Occurred.Offset.ShouldBe(TimeSpan.FromHours(-4)), s => s.Place!.Lon.ShouldBe(-73.98));
    }
}
