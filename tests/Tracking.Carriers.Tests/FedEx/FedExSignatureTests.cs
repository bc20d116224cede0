using System.Security.Cryptography;
using System.Text;
using Tracking.Carriers.FedEx;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Tests.FedEx;

public sealed class FedExSignatureTests
{
    // The test vector of formats/envelopes-and-signatures.md.
    private const string Secret = "fx-demo-token", Signature = "xSF9okTb/VBn/mfnySXMiQlDlX66ynoWI+XutJEYXko=";
    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"number":"RB527108645DE","city":"Köln"}""");

    private static FeedProof Verify(string? signature, byte[]? body = null, string encoding = "base64", params string[] secrets) => new FedExDecoder().Verify(
        body ?? Body, new FeedCredentials([.. secrets.Length == 0 ? [Secret] : secrets], null, default) { Encoding = encoding },
        name => name.Equals("FDX-Signature", StringComparison.OrdinalIgnoreCase) ? signature : null);

    [Fact]
    public void The_published_vector_verifies() => Verify(Signature).State.ShouldBe(SignatureState.Verified);

    [Fact]
    public void Url_safe_and_unpadded_base64_verifies() => Verify(Signature.TrimEnd('=').Replace('+', '-').Replace('/', '_')).State.ShouldBe(SignatureState.Verified);

    [Fact]
    public void A_secret_that_is_being_replaced_still_verifies() => Verify(Signature, secrets: ["new-token", Secret]).State.ShouldBe(SignatureState.Verified);

    [Fact]
    public void A_changed_body_fails() => Verify(Signature, [.. Body, (byte)'\n']).State.ShouldBe(SignatureState.Failed);

    [Fact]
    public void A_missing_signature_is_told_apart_from_a_wrong_one()
    {
        Verify(null).State.ShouldBe(SignatureState.Absent);
        Verify("not base64 at all").State.ShouldBe(SignatureState.Failed);
    }

    [Fact]
    public void Hex_is_accepted_only_where_the_operator_says_so()
    {
        var hex = Convert.ToHexString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Body)).ToLowerInvariant();

        Verify(hex).State.ShouldBe(SignatureState.Failed);
        Verify(hex, encoding: "hex").State.ShouldBe(SignatureState.Verified);
        Verify(Signature, encoding: "hex").State.ShouldBe(SignatureState.Verified);
    }

    [Fact]
    public void Without_a_secret_there_is_nothing_to_verify()
        => new FedExDecoder().Verify(Body, FeedCredentials.None, _ => null).State.ShouldBe(SignatureState.NotSupported);
}
