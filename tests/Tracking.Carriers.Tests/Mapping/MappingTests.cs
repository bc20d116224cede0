using System.Text;
using Tracking.Carriers.Mapping;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Mapping;

public sealed class MappingTests
{
    private static FeedDecoder Mapping(string json)
    {
        var decoder = MappingReader.Read(Encoding.UTF8.GetBytes(json), out var problems);
        problems.ShouldBeEmpty(string.Join('\n', problems));
        return decoder!;
    }

    private static List<MappingProblem> Problems(string json)
    {
        MappingReader.Read(Encoding.UTF8.GetBytes(json), out var problems).ShouldBeNull();
        return [.. problems];
    }

    private static FeedDecoder Recorded(string path) => Mapping(Encoding.UTF8.GetString(Sample.Bytes(path)));

    [Fact]
    public void The_sheets_own_profile_reads_the_sheets_own_file()
    {
        var items = Sample.ItemsOf(Recorded("flat/demo-sped.map.json"), "flat/demo-sped.csv");
        var scans = items.Scans();

        items.ShouldAllBe(i => i.Problem == null);
        scans[0].TrackingNumber.ShouldBe("4400127781");
        scans[0].Carrier.ShouldBe("demo-sped");
        scans[0].Status.ShouldBe(Milestone.Delivered);
        scans[0].Delivery!.SignedBy.ShouldBe("MÜLLER \"LADEN\"");
        scans[0].Occurred.Local.ShouldBe(new DateTime(2025, 3, 11, 14, 32, 0));
        scans[0].Occurred.Offset.ShouldBe(TimeSpan.FromHours(1));
        scans[0].Occurred.ZoneSource.ShouldBe(ZoneSource.Profile);
        scans[0].Occurred.Precision.ShouldBe(Precision.Minute);
        scans[0].Place!.FacilityId.ShouldBe("D-SUED");
        scans[0].Journey!.ShipperReference.ShouldBe("PO-88412");
        scans[1].Status.ShouldBe(Milestone.AttemptFailed);
        scans[1].Reason.ShouldBe(Reason.RecipientUnavailable);
        scans[1].Raw.ShouldBe(new RawCodes(Code: "71", ReasonCode: "NHOME"));
        scans[1].Occurred.Precision.ShouldBe(Precision.Day);
    }

    [Fact]
    public void An_unseen_nested_xml_feed_is_added_without_code()
    {
        var items = Sample.ItemsOf(Recorded("flat/nordvan.map.json"), "flat/nordvan.xml");
        var scans = items.Scans();

        scans.Select(s => s.Status).ShouldBe([Milestone.Accepted, Milestone.InTransit, null, Milestone.Delivered]);
        scans[0].TrackingNumber.ShouldBe("373400000000000017");
        scans[0].Links.ShouldBe([new TrackingLink("master", "nordvan", "NV20257781")]);
        scans[0].Occurred.Offset.ShouldBe(TimeSpan.FromHours(2));
        scans[0].Occurred.ZoneSource.ShouldBe(ZoneSource.Profile);
        scans[0].Eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 12), new DateTime(2025, 3, 12), null, Precision.Day, EtaKind.Scheduled, "nordvan"));
        scans[0].Journey!.WeightGrams.ShouldBe(2400);
        scans[0].Journey!.DestinationPostalCode.ShouldBe("0150");
        scans[0].PublishedAt.ShouldBe(new DateTimeOffset(2025, 3, 11, 16, 0, 0, TimeSpan.Zero));
        scans[1].Modifiers.ShouldBe(Modifiers.Delayed);
        scans[1].Reason.ShouldBe(Reason.ExternalWeather);
        scans[1].Raw.ShouldBe(new RawCodes(Code: "EXC", ReasonCode: "WX", Text: "Snow at Oslo terminal"));
        scans[2].Modifiers.ShouldBe(Modifiers.Unmapped);
        scans[2].Occurred.ZoneSource.ShouldBe(ZoneSource.Place);
        items[^1].Problem!.Code.ShouldBe("time.impossible");
        items[^1].Pointer.ShouldBe("/StatusFile/Consignment[1]/Parcel[2]/Event[2]");
    }

    [Fact]
    public void A_nested_json_feed_is_added_without_code()
    {
        var decoder = Mapping("""
            { "format": "swift-van", "form": "json", "items": "consignments.parcels.history", "number": "../barcode", "masterNumber": "../../id", "code": "state.code", "text": "state.label",
              "date": { "path": "at", "format": ["unixMillis", "iso"] }, "city": "site.town", "country": "site.country", "codes": { "D": "DELIVERED", "*": "IN_TRANSIT" } }
            """);

        var items = Sample.Items(decoder, """
            {"consignments":[{"id":"C1","parcels":[{"barcode":"P1","history":[{"at":1741701902000,"state":{"code":"D","label":"Done"},"site":{"town":"Bath","country":"GB"}},{"at":"2025-03-11T08:00:00","state":{"code":"T"},"site":{"country":"GB"}}]},
             {"barcode":"P2","history":{"at":"never","state":{"code":"D"}}},{"barcode":"P3","history":[]}]}]}
            """);

        items.Count.ShouldBe(3);
        items[0].Scans[0].TrackingNumber.ShouldBe("P1");
        items[0].Scans[0].Status.ShouldBe(Milestone.Delivered);
        items[0].Scans[0].Occurred.Utc.ShouldBe(new DateTimeOffset(2025, 3, 11, 14, 5, 2, TimeSpan.Zero));
        items[0].Pointer.ShouldBe("/consignments/0/parcels/0/history/0");
        items[1].Scans[0].Status.ShouldBe(Milestone.InTransit);
        items[1].Scans[0].Occurred.ZoneSource.ShouldBe(ZoneSource.Place);
        items[2].Problem!.Code.ShouldBe("time.impossible");
    }

    [Fact]
    public void Fixed_width_is_read_by_positions_and_record_type()
    {
        var decoder = Mapping("""
            { "format": "column-van", "form": "fixed", "fields": { "TYPE": [1, 1], "NUMBER": [2, 12], "CODE": [14, 2], "WHEN": [16, 12] }, "only": { "TYPE": ["E"] },
              "number": "NUMBER", "code": "CODE", "date": { "columns": ["WHEN"], "format": "yyyyMMddHHmm", "noTime": "0000", "zone": "Europe/Paris" }, "codes": { "LV": "DELIVERED" } }
            """);

        var scans = Sample.Items(decoder, "HHEADER\r\nE123456789012LV202503111402\r\nE123456789013LV202503110000\r\nT0002\r\n").Scans();

        scans.Select(s => s.Occurred.Precision).ShouldBe([Precision.Minute, Precision.Day]);
        scans[0].Occurred.Utc.ShouldBe(new DateTimeOffset(2025, 3, 11, 13, 2, 0, TimeSpan.Zero));
    }

    [Fact]
    public void Columns_without_a_header_are_named_or_counted()
    {
        var named = Mapping("""{ "format": "a", "form": "delimited", "separator": "|", "columns": ["N", "C", "D"], "number": "N", "code": "C", "date": "D", "codes": { "1": "DELIVERED" } }""");
        var counted = Mapping("""{ "format": "b", "form": "delimited", "separator": "tab", "header": false, "number": 1, "code": "#2", "date": "#3", "codes": { "1": "DELIVERED" } }""");

        Sample.Items(named, "X1|1|2025-03-11T10:00:00Z").Scans().ShouldHaveSingleItem().Status.ShouldBe(Milestone.Delivered);
        Sample.Items(counted, "X1\t1\t2025-03-11T10:00:00Z").Scans().ShouldHaveSingleItem().Status.ShouldBe(Milestone.Delivered);
    }

    [Fact]
    public void A_file_that_does_not_match_is_quarantined_whole()
    {
        Sample.Items(Recorded("flat/demo-sped.map.json"), "A;B\n1;2\n").ShouldHaveSingleItem().Problem!.Detail.ShouldContain("NUMMER");
        Sample.Items(Recorded("flat/nordvan.map.json"), "<Other><Thing/></Other>").ShouldHaveSingleItem().Problem!.Code.ShouldBe("mapping.no-items");
    }

    [Theory]
    [InlineData("{", "file", 1)]
    [InlineData("{\n\"format\":\"x\",\n\"form\":\"table\"}", "form", 3)]
    [InlineData("{\"format\":\"X y\",\"form\":\"json\",\"items\":\"a\",\"number\":\"n\",\"status\":\"s\",\"date\":\"d\"}", "format", 1)]
    [InlineData("{\"format\":\"ups\",\"form\":\"json\",\"items\":\"a\",\"number\":\"n\",\"status\":\"s\",\"date\":\"d\"}", "format", 1)]
    [InlineData("{\"format\":\"x\",\"form\":\"json\",\"items\":\"a\",\"number\":\"n\",\"status\":\"s\",\n\"date\":{\"path\":\"d\",\n\"format\":\"dd.mm.yyyy\"}}", "date.format", 2)]
    [InlineData("{\"format\":\"x\",\"form\":\"json\",\"items\":\"a\",\"number\":\"n\",\"status\":\"s\",\"date\":{\"path\":\"d\",\n\"zone\":\"Europe/Berlyn\"}}", "date.zone", 2)]
    [InlineData("{\"format\":\"x\",\"form\":\"json\",\"items\":\"a\",\"number\":\"n\",\"date\":\"d\",\"code\":\"c\",\"codes\":{\n\"1\":\"DELIVRED\"}}", "codes.1", 2)]
    [InlineData("{\"format\":\"x\",\"form\":\"json\",\"items\":\"a\",\"number\":\"n\",\"date\":\"d\",\"code\":\"c\",\"codes\":{\n\"1\":\"EXCEPTION(sunshine)\"}}", "codes.1", 2)]
    [InlineData("{\"format\":\"x\",\"form\":\"json\",\"items\":\"a\",\"date\":\"d\",\"status\":\"s\"}", "number", 1)]
    [InlineData("{\"format\":\"x\",\"form\":\"json\",\"items\":\"a\",\"number\":\"n\",\"status\":\"s\"}", "date", 1)]
    [InlineData("{\"format\":\"x\",\"form\":\"delimited\",\"number\":\"n\",\"status\":\"s\",\"date\":\"d\"}", "separator", 1)]
    [InlineData("{\"format\":\"x\",\"form\":\"fixed\",\"fields\":{\"N\":[1,4]},\"number\":\"n\",\"status\":\"N\",\"date\":\"N\"}", "number", 1)]
    [InlineData("{\"format\":\"x\",\"form\":\"json\",\"items\":\"a\",\"nmber\":\"n\",\"number\":\"n\",\"status\":\"s\",\"date\":\"d\"}", "nmber", 1)]
    [InlineData("{\"format\":\"x\",\"form\":\"json\",\"items\":\"a\",\"number\":\"n\",\"status\":\"s\",\"date\":\"d\",\"weight\":\"w\"}", "weightUnit", 1)]
    public void A_wrong_mapping_says_where_and_what_to_write(string json, string setting, int line)
    {
        var problem = Problems(json).ShouldHaveSingleItem();

        problem.Setting.ShouldBe(setting);
        problem.Line.ShouldBe(line);
        problem.Problem.ShouldNotBeEmpty();
        if (setting != "skip") problem.Fix.ShouldNotBeEmpty();
    }

    [Fact]
    public void A_near_miss_is_guessed()
    {
        Problems("""{"format":"x","form":"json","items":"a","number":"n","date":"d","code":"c","codes":{"1":"DELIVRED"}}""")[0].Fix.ShouldBe("Did you mean DELIVERED?");
        Problems("""{"format":"x","form":"json","items":"a","number":"n","status":"s","date":"d","postcode":"z"}""")[0].Fix.ShouldBe("Did you mean postalCode?");
    }

    [Fact]
    public void A_folder_of_mappings_is_a_set_of_formats()
    {
        var folder = Directory.CreateTempSubdirectory("mappings");
        try
        {
            File.WriteAllBytes(Path.Combine(folder.FullName, "a.json"), Sample.Bytes("flat/demo-sped.map.json"));
            File.WriteAllBytes(Path.Combine(folder.FullName, "b.json"), Sample.Bytes("flat/demo-sped.map.json"));
            File.WriteAllText(Path.Combine(folder.FullName, "c.json"), "nonsense");

            var formats = MappedFormats.Load(folder.FullName);

            formats.Find("demo-sped").ShouldNotBeNull();
            formats.Find("ups").ShouldNotBeNull();
            formats.Problems.Select(p => p.File).ShouldBe(["b.json", "c.json"]);
        }
        finally { folder.Delete(recursive: true); }
        MappedFormats.Load(Path.Combine(folder.FullName, "gone")).ShouldBe(MappedFormats.None);
    }
}
