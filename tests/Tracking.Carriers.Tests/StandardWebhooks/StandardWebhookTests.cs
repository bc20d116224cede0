using System.Text;
using Tracking.Carriers.StandardWebhooks;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Tests.StandardWebhooks;

public sealed class StandardWebhookTests
{
    private const string Secret = "whsec_ZGVtby1rZXktZm9yLXdlYmhvb2tzLTI0";
    private const string Signature = "v1,eUbpMORDW5WH90lmN2xTdGt/v5ykdzEhnn+z6LSA+nU=";
    private static readonly DateTimeOffset SentAt = DateTimeOffset.FromUnixTimeSeconds(1741716422);

    private static readonly byte[] Body = Encoding.UTF8.GetBytes(
        """{"type":"parcel.status.changed","timestamp":"2025-03-11T18:07:02Z","data":{"carrier":"usps","number":"9400111899560440177222","status":"ATTEMPT_FAILED"}}""");

    [Fact]
    public void A_message_of_the_sheet_verifies_and_names_its_id()
    {
        var proof = Verify(Body, Signature, default);

        proof.State.ShouldBe(SignatureState.Verified);
        proof.ReplayId.ShouldBe("msg_2b7Qm0");
    }

    [Fact]
    public void Any_one_signature_and_any_one_secret_is_enough()
    {
        Verify(Body, $"v9,zzz v1,{Convert.ToBase64String(new byte[32])} {Signature}", default).State.ShouldBe(SignatureState.Verified);
        Verify(Body, Signature, default, "whsec_" + Convert.ToBase64String(new byte[24]), Secret).State.ShouldBe(SignatureState.Verified);
    }

    [Fact]
    public void A_changed_byte_is_refused()
        => Verify([.. Body, (byte)'\n'], Signature, default).State.ShouldBe(SignatureState.Failed);

    [Theory]
    [InlineData(4, true)]
    [InlineData(-4, true)]
    [InlineData(6, false)]
    [InlineData(-6, false)]
    public void A_timestamp_is_good_for_a_few_minutes_in_both_directions(int minutes, bool accepted)
        => Verify(Body, Signature, SentAt.AddMinutes(minutes)).Accepted.ShouldBe(accepted);

    [Fact]
    public void Unknown_versions_alone_are_unverifiable()
        => Verify(Body, "v2,abc v3,def", default).Problem!.ShouldContain("version we know");

    [Fact]
    public void Missing_headers_are_absent_and_not_wrong()
    {
        StandardWebhook.Verify(Body, new FeedCredentials([Secret], null, default), _ => null).State.ShouldBe(SignatureState.Absent);
        StandardWebhook.Verify(Body, FeedCredentials.None, _ => null).State.ShouldBe(SignatureState.NotSupported);
    }

    [Fact]
    public void What_we_sign_verifies_with_each_live_secret()
    {
        var second = "whsec_" + Convert.ToBase64String(Encoding.ASCII.GetBytes("another-key-of-24-bytes!"));
        var headers = StandardWebhook.Sign("msg_2b7Qm0", SentAt, Body, Secret, second).ToDictionary(h => h.Key, h => h.Value);

        headers["webhook-signature"].ShouldStartWith(Signature + " v1,");
        foreach (var secret in new[] { Secret, second })
            StandardWebhook.Verify(Body, new FeedCredentials([secret], null, SentAt), name => headers.GetValueOrDefault(name)).State.ShouldBe(SignatureState.Verified);
    }

    [Fact]
    public void An_Ed25519_signature_verifies_with_the_public_key_alone()
    {
        // Made with OpenSSL over msg_2b7Qm0.1741716422.{"a":1}; the private key was thrown away.
        const string key = "whpk_K6fpMU2G4PHcwKmjVxpCl5vTqQeCsRMiLDrpKhL8CXw=";
        const string signature = "v1a,4KPqffRBhUkuZ+KBvBMflRZE4i7LKHnT7nD/yLFa6EzBYUD3T8DuCWLS9skMzT2hAViw+7xlYcB9wX+5kXKpBQ==";
        var body = """{"a":1}"""u8.ToArray();

        Verify(body, signature, default, key).State.ShouldBe(SignatureState.Verified);
        Verify(body, signature, default, Secret, key).State.ShouldBe(SignatureState.Verified);
        Verify("""{"a":2}"""u8.ToArray(), signature, default, key).State.ShouldBe(SignatureState.Failed);
        Verify(body, signature.Replace("4KPq", "4KPr", StringComparison.Ordinal), default, key).State.ShouldBe(SignatureState.Failed);
        Verify(body, signature, default, "whpk_" + Convert.ToBase64String(new byte[32])).State.ShouldBe(SignatureState.Failed);
    }

    [Fact]
    public void A_partners_message_is_one_of_our_scans_in_an_envelope()
    {
        var context = new FeedContext { Header = name => name == "webhook-id" ? "msg_2b7Qm0" : null };
        var scan = new StandardWebhooksDecoder().Decode(Body, context).ShouldHaveSingleItem().Scans.ShouldHaveSingleItem();

        scan.Carrier.ShouldBe("usps");
        scan.TrackingNumber.ShouldBe("9400111899560440177222");
        scan.Status.ShouldBe(Tracking.Domain.Vocabulary.Milestone.AttemptFailed);
        scan.Occurred.Utc.ShouldBe(new DateTimeOffset(2025, 3, 11, 18, 7, 2, TimeSpan.Zero));
        scan.EventId.ShouldBe("msg_2b7Qm0");
        new StandardWebhooksDecoder().Decode("{}"u8.ToArray(), context).ShouldHaveSingleItem().Problem!.Code.ShouldBe("standard-webhooks.no-data");
    }

    private static FeedProof Verify(byte[] body, string signature, DateTimeOffset now, params string[] secrets)
        => StandardWebhook.Verify(body, new FeedCredentials(secrets.Length == 0 ? [Secret] : [.. secrets], null, now), name => name switch
        {
            "webhook-id" => "msg_2b7Qm0",
            "webhook-timestamp" => "1741716422",
            "webhook-signature" => signature,
            _ => null,
        });
}
