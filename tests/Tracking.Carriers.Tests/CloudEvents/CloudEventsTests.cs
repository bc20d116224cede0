using System.Text;
using Tracking.Carriers.CloudEvents;
using Tracking.Carriers.StandardWebhooks;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.CloudEvents;

public sealed class CloudEventsTests
{
    private const string Scan = """{"carrier":"ups","trackingNumber":"1Z999AA10123456784","occurredAt":"2025-03-11T09:00:00-05:00","status":"IN_TRANSIT"}""";

    [Fact]
    public void Each_event_of_a_batch_stands_alone()
    {
        var items = Decode(Encoding.UTF8.GetString(Decoded.Sample("cloudevents/batch.json")));

        items.Select(i => (i.Scans.Length, i.Problem?.Code)).Take(3).ShouldBe([(1, null), (1, null), (1, null)]);
        items[^2].Notes.ShouldHaveSingleItem().Code.ShouldBe("cloudevents.duplicate");
        items[^1].Problem!.Code.ShouldBe("cloudevents.attribute-missing");
    }

    [Fact]
    public void The_envelope_says_what_our_own_scan_leaves_out()
    {
        var scan = Decode(Encoding.UTF8.GetString(Decoded.Sample("cloudevents/batch.json")))[0].Scans[0];

        scan.Carrier.ShouldBe("usps");
        scan.TrackingNumber.ShouldBe("9400111899560440177222");
        scan.Status.ShouldBe(Milestone.AttemptFailed);
        scan.Raw!.Code.ShouldBe("02");
        scan.Occurred.ShouldBe(OccurredTime.At(new DateTimeOffset(2025, 3, 11, 14, 5, 0, TimeSpan.FromHours(-4))));
        scan.EventId.ShouldBe("a-1");
        scan.Source!.Sequence.ShouldBe("/partners/depot-7#a-1");
        scan.Evidence!.Pointer.ShouldBe("/0/data");
    }

    [Fact]
    public void A_scan_that_says_everything_keeps_its_own_words()
    {
        var scan = Decode(Encoding.UTF8.GetString(Decoded.Sample("cloudevents/batch.json")))[1].Scans[0];

        scan.EventId.ShouldBe("own-7");
        scan.Occurred.ShouldBe(OccurredTime.AtLocal(new DateTime(2025, 3, 11, 9, 0, 0)));
    }

    [Fact]
    public void Data_of_a_carrier_is_read_by_the_format_that_the_schema_names()
    {
        var scan = Decode(Encoding.UTF8.GetString(Decoded.Sample("cloudevents/batch.json")))[2].Scans.ShouldHaveSingleItem();

        scan.Carrier.ShouldBe("qzrt");
        scan.Status.ShouldBe(Milestone.AttemptFailed);
        scan.Evidence!.Pointer.ShouldBe("/2/data segment 7");
    }

    [Fact]
    public void Data_that_is_no_JSON_comes_in_base64()
    {
        var edi = Convert.ToBase64String(Decoded.Sample("edifact/one-delivery.edi"));
        var scan = Decode($$"""{"specversion":"1.0","id":"1","source":"/x","type":"com.example.edifact-iftsta.v1","data_base64":"{{edi}}"}""")[0].Scans.ShouldHaveSingleItem();

        scan.Status.ShouldBe(Milestone.Delivered);
        Decode("""{"specversion":"1.0","id":"1","source":"/x","type":"t","data_base64":"***"}""")[0].Problem!.Code.ShouldBe("cloudevents.base64");
    }

    [Fact]
    public void In_binary_mode_the_attributes_are_headers()
    {
        var scan = DecodeBinary("""{"status":"DELIVERED"}""", ("ce-specversion", "1.0"), ("ce-id", "b%2D1"), ("ce-source", "/x"), ("ce-type", "t"),
            ("ce-subject", "ups/1Z999AA10123456784"), ("ce-time", "2025-03-11T09:00:00Z"), ("content-type", "application/json"))[0].Scans.ShouldHaveSingleItem();

        scan.TrackingNumber.ShouldBe("1Z999AA10123456784");
        scan.EventId.ShouldBe("b-1");
        scan.Status.ShouldBe(Milestone.Delivered);
    }

    [Fact]
    public void The_content_type_tells_structured_from_binary()
    {
        var structured = DecodeBinary($$"""{"specversion":"1.0","id":"s-1","source":"/x","type":"t","data":{{Scan}}}""",
            ("ce-specversion", "1.0"), ("ce-id", "wrong"), ("content-type", "application/cloudevents+json; charset=utf-8"));

        structured[0].Scans.ShouldHaveSingleItem().EventId.ShouldBe("s-1");
    }

    [Theory]
    [InlineData("[]", null)]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/x","type":"t"}""", null)]
    [InlineData("""{"specversion":"0.3","id":"1","source":"/x","type":"t","data":{}}""", "cloudevents.version")]
    [InlineData("""{"specversion":"1.0","source":"/x","type":"t","data":{}}""", "cloudevents.attribute-missing")]
    [InlineData("""{"id":"1"}""", "cloudevents.no-event")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/x","type":"t","data":{}}""", "scan.number-missing")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/x","type":"t","data":[1]}""", "scan.not-an-object")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/x","type":"t","datacontenttype":"text/plain","data":"hello"}""", "cloudevents.unknown-data")]
    public void What_is_wrong_is_named_and_what_is_empty_is_no_garbage(string body, string? problem)
        => Decode(body).ShouldHaveSingleItem().Problem?.Code.ShouldBe(problem);

    [Fact]
    public void Unknown_extensions_and_fields_are_passed_over()
        => Decode($$"""{"specversion":"1.0","id":"1","source":"/x","type":"t","traceparent":"00-1","comexampleodd":7,"data":{{Scan}}}""")[0].Scans.Length.ShouldBe(1);

    [Fact]
    public void A_Standard_Webhooks_signature_or_a_shared_secret_proves_the_sender()
    {
        var body = "{}"u8.ToArray();
        var secret = "whsec_" + Convert.ToBase64String(new byte[24]);
        var now = DateTimeOffset.FromUnixTimeSeconds(1741716422);
        var headers = StandardWebhook.Sign("m-1", now, body, secret).ToDictionary(h => h.Key, h => h.Value);
        var decoder = new CloudEventsDecoder();

        decoder.Verify(body, new FeedCredentials([secret], null, now), n => headers.GetValueOrDefault(n)).ReplayId.ShouldBe("m-1");
        decoder.Verify(body, new FeedCredentials([secret], null, now), _ => null).State.ShouldBe(SignatureState.Absent);
        decoder.Verify(body, new FeedCredentials(["token"], "x-token", now), n => n == "x-token" ? "token" : null).State.ShouldBe(SignatureState.Verified);
    }

    [Fact]
    public void Every_scan_reads_back_from_its_JSON() => Decoded.ReadsBack(Decode(Encoding.UTF8.GetString(Decoded.Sample("cloudevents/batch.json"))));

    private static List<DecodedItem> Decode(string json) => [.. new CloudEventsDecoder().Decode(Encoding.UTF8.GetBytes(json), new FeedContext())];

    private static List<DecodedItem> DecodeBinary(string body, params (string Name, string Value)[] headers)
        => [.. new CloudEventsDecoder().Decode(Encoding.UTF8.GetBytes(body), new FeedContext { Header = asked => headers.FirstOrDefault(h => h.Name.Equals(asked, StringComparison.OrdinalIgnoreCase)).Value })];
}
