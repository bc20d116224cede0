using System.Security.Cryptography;
using System.Text;
using Tracking.Carriers.Shippo;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Shippo;

public sealed class ShippoTests
{
    [Fact]
    public void A_left_notice_keeps_every_fact_of_its_item()
    {
        var scan = Decode(Sample())[0].Scans[1];

        scan.Carrier.ShouldBe("usps");
        scan.TrackingNumber.ShouldBe("9400111899560440177222");
        scan.Status.ShouldBe(Milestone.AttemptFailed);
        scan.Modifiers.ShouldBe(Modifiers.ActionRequired);
        scan.Raw.ShouldBe(new RawCodes(Code: "TRANSIT", SubCode: "notice_left", Text: "Notice left: no authorized recipient"));
        scan.Occurred.Local.ShouldBe(new DateTime(2025, 3, 11, 18, 5, 0));
        scan.Occurred.Offset.ShouldBe(TimeSpan.Zero);
        scan.Occurred.ZoneSource.ShouldBe(ZoneSource.Claimed);       // a Z that local times wear too
        scan.Occurred.Utc.ShouldBeNull();
        scan.ObservedAt.ShouldBe(new DateTimeOffset(2025, 3, 11, 18, 9, 30, 512, TimeSpan.Zero));
        scan.Place.ShouldBe(new Place(City: "Macon", Region: "GA", PostalCode: "31201", Country: "US"));
        scan.Journey.ShouldBe(new JourneyHints(Service: "Ground Advantage", OriginCountry: "US", OriginRegion: "NV", OriginPostalCode: "89501",
            DestinationCountry: "US", DestinationRegion: "GA", DestinationPostalCode: "31201", DestinationCity: "Macon", ShipperReference: "Order 7731"));
        scan.EventId.ShouldBeNull();
        scan.Evidence!.Pointer.ShouldBe("/data/tracking_status");
    }

    [Fact]
    public void An_eta_at_midnight_is_a_date()
        => Decode(Sample())[0].Scans[^1].Eta.ShouldBe(new EtaStatement(new DateTime(2025, 3, 11), new DateTime(2025, 3, 11), null, Precision.Day, EtaKind.Estimated, "carrier"));

    [Fact]
    public void Two_reads_of_one_tracker_with_all_ids_different_give_no_duplicate()
    {
        var first = Decode(Sample())[0].Scans;
        var second = Decode(Sample().Replace("f0c2", "9999", StringComparison.Ordinal).Replace("f0a9", "8888", StringComparison.Ordinal))[0].Scans;

        second.Select(s => s.Key).ShouldBe(first.Select(s => s.Key));
        first.Select(s => s.Key).ShouldBeUnique();
    }

    [Fact]
    public void An_item_that_gets_its_substatus_later_is_still_the_same_item()
    {
        static DedupKey Key(string substatus) => Decode(Tracker($$"""{"status":"TRANSIT","substatus":{{substatus}},"status_details":"Departed USPS facility","status_date":"2025-03-08T01:00:00Z","location":null}"""))[0].Scans[0].Key;

        Key("null").ShouldBe(Key("""{"code":"package_departed","text":"x"}"""));
    }

    [Fact]
    public void The_latest_status_that_repeats_the_history_counts_once()
    {
        const string item = """{"object_id":"1","status":"DELIVERED","substatus":null,"status_details":"Delivered","status_date":"2025-03-08T01:00:00Z","location":{"city":"","state":"","zip":"","country":""}}""";
        var scans = Decode($$$"""{"event":"track_updated","data":{"carrier":"ups","tracking_number":"1","tracking_status":{{{item}}},"tracking_history":[{{{item}}}]}}""")[0].Scans;

        scans.ShouldHaveSingleItem().Status.ShouldBe(Milestone.Delivered);
        scans[0].Place.ShouldBeNull();
    }

    [Fact]
    public void Several_items_may_share_one_time()
        => Decode(Tracker(
            """{"status":"TRANSIT","substatus":null,"status_details":"Xyzzy one","status_date":"2025-03-08T01:00:00Z"}""",
            """{"status":"TRANSIT","substatus":null,"status_details":"Plugh two","status_date":"2025-03-08T01:00:00Z"}""",
            """{"status":"TRANSIT","substatus":{"code":"package_departed"},"status_details":"Departed","status_date":"2025-03-08T01:00:00Z"}"""))[0]
            .Scans.Select(s => s.Key).Distinct().Count().ShouldBe(3);

    [Theory]
    [InlineData("UNKNOWN", null, "No information", null)]
    [InlineData("UNKNOWN", null, "Label created, USPS awaiting item", "LABEL_CREATED")]
    [InlineData("PRE_TRANSIT", "information_received", "", "LABEL_CREATED")]
    [InlineData("TRANSIT", null, "whatever", "IN_TRANSIT")]
    [InlineData("TRANSIT", "package_accepted", "", "ACCEPTED")]
    [InlineData("TRANSIT", "out_for_delivery", "", "OUT_FOR_DELIVERY")]
    [InlineData("TRANSIT", "delivery_scheduled", "", null)]
    [InlineData("TRANSIT", "pickup_available", "", "AVAILABLE_FOR_PICKUP")]
    [InlineData("TRANSIT", "address_issue", "", "EXCEPTION")]
    [InlineData("TRANSIT", "other", "", null)]
    [InlineData("DELIVERED", "delivered", "", "DELIVERED")]
    [InlineData("RETURNED", "return_to_sender", "Returning", "RETURNING")]
    [InlineData("RETURNED", null, "Delivered, To Original Sender", "RETURNED")]
    [InlineData("FAILURE", null, "", "EXCEPTION")]
    [InlineData("FAILURE", "package_lost", "", "FAILED")]
    [InlineData("FAILURE", "package_unclaimed", "", "RETURNING")]
    public void A_status_and_its_substatus_mean_what_the_table_says(string status, string? code, string text, string? milestone)
    {
        var substatus = code is null ? "null" : $$"""{"code":"{{code}}"}""";
        Decode(Tracker($$"""{"status":"{{status}}","substatus":{{substatus}},"status_details":"{{text}}","status_date":"2025-03-08T01:00:00Z"}"""))[0]
            .Scans[0].Status?.Name().ShouldBe(milestone);
    }

    [Fact]
    public void A_delay_is_a_modifier_and_a_request_to_act_is_kept()
    {
        var scans = Decode(Tracker(
            """{"status":"TRANSIT","substatus":{"code":"delayed","action_required":false},"status_date":"2025-03-08T01:00:00Z"}""",
            """{"status":"TRANSIT","substatus":{"code":"reschedule_delivery"},"status_date":"2025-03-08T02:00:00Z"}"""))[0].Scans;

        scans[0].Modifiers.ShouldBe(Modifiers.Delayed);
        scans[1].Modifiers.ShouldBe(Modifiers.ActionRequired);
    }

    [Theory]
    [InlineData("""{"event":"track_updated","test":true,"data":{"carrier":"shippo","tracking_number":"SHIPPO_DELIVERED","tracking_history":[{"status":"DELIVERED"}]}}""")]
    [InlineData("""{"event":"track_updated","test":false,"data":{"carrier":"shippo","tracking_number":"SHIPPO_TRANSIT","tracking_history":[{"status":"TRANSIT"}]}}""")]
    public void A_simulated_number_never_becomes_a_scan(string body)
    {
        var item = Decode(body).ShouldHaveSingleItem();

        item.Scans.ShouldBeEmpty();
        item.Notes.ShouldHaveSingleItem().Code.ShouldBe("message.test");
    }

    [Fact]
    public void A_tracker_without_status_is_no_garbage()
        => Decode("""{"event":"track_updated","data":{"carrier":"ups","tracking_number":"1","tracking_status":null,"tracking_history":[]}}""")[0].Notes.ShouldHaveSingleItem().Code.ShouldBe("shippo.nothing-known");

    [Fact]
    public void Unsigned_by_default_a_token_proves_the_sender()
    {
        Verify("{}"u8, null, ("Authorization", "Basic abc")).State.ShouldBe(SignatureState.Failed);
        Verify("{}"u8, null, ("Authorization", "key-2")).State.ShouldBe(SignatureState.Verified);
        Verify("{}"u8, null).State.ShouldBe(SignatureState.Absent);
    }

    [Fact]
    public void A_signed_account_signs_the_time_with_the_body()
    {
        var body = "{\"a\":1}"u8.ToArray();
        var now = DateTimeOffset.FromUnixTimeSeconds(1741716422);
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData("key-2"u8, [.. "1741716422."u8, .. body]));

        Verify(body, now, ("Shippo-Auth-Signature", $"t=1741716422,v1={signature}")).State.ShouldBe(SignatureState.Verified);
        Verify(body, now.AddMinutes(4), ("Shippo-Auth-Signature", $"t=1741716422,v1={signature.ToUpperInvariant()}")).State.ShouldBe(SignatureState.Verified);
        Verify(body, now.AddMinutes(20), ("Shippo-Auth-Signature", $"t=1741716422,v1={signature}")).Problem!.ShouldContain("replay");
        Verify(body, now, ("Shippo-Auth-Signature", $"t=1741716423,v1={signature}")).State.ShouldBe(SignatureState.Failed);
        Verify(body, now, ("Shippo-Auth-Signature", "nonsense")).State.ShouldBe(SignatureState.Failed);
    }

    [Fact]
    public void Every_scan_reads_back_from_its_JSON() => Decoded.ReadsBack(Decode(Sample()));

    private static FeedProof Verify(ReadOnlySpan<byte> body, DateTimeOffset? now, params (string Name, string Value)[] headers)
        => new ShippoDecoder().Verify(body, new FeedCredentials(["key-1", "key-2"], null, now ?? default),
            asked => headers.FirstOrDefault(h => h.Name.Equals(asked, StringComparison.OrdinalIgnoreCase)).Value);

    private static string Sample() => Encoding.UTF8.GetString(Decoded.Sample("shippo/notice-left.json"));
    private static string Tracker(params string[] history) => $$$"""{"event":"track_updated","test":false,"data":{"carrier":"usps","tracking_number":"94001","tracking_history":[{{{string.Join(',', history)}}}]}}""";
    private static List<DecodedItem> Decode(string json) => [.. new ShippoDecoder().Decode(Encoding.UTF8.GetBytes(json), new FeedContext())];
}
