using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers;

/// <summary>Signatures that are an HMAC of the raw body, spelled in a header.</summary>
public static class BodyHmac
{
    /// <summary>
    /// Checks <paramref name="header"/> (or the header the operator named) against every live secret, in constant time over the decoded bytes, because proxies rewrite base64 (URL-safe,
    /// unpadded). No secret configured: nothing to check. Missing, unreadable and wrong signatures are told apart in the answer's words, not in its outcome.
    /// </summary>
    public static FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header, string defaultHeader)
    {
        if (credentials.Secrets.IsDefaultOrEmpty) return FeedProof.NothingConfigured;
        var name = credentials.Header ?? defaultHeader;
        if (header(name) is not { } written || string.IsNullOrWhiteSpace(written)) return new FeedProof(SignatureState.Absent, $"The header {name} is missing.");
        var hex = credentials.Encoding.Equals("hex", StringComparison.OrdinalIgnoreCase);
        var size = SizeOf(credentials.Hash);
        if (size == 0) return new FeedProof(SignatureState.Failed, $"The hash '{credentials.Hash}' configured for this feed is none of sha1, sha256, sha384 and sha512.");

        Span<byte> told = stackalloc byte[64], expected = stackalloc byte[64];
        if (!TryDecode(written.Trim(), size, hex, told))
            return new FeedProof(SignatureState.Failed, $"The header {name} is no {credentials.Hash} signature in {(hex ? "hex or base64" : "base64")}.");
        var matched = false;
        foreach (var secret in credentials.Secrets)
        {
            Hash(credentials.Hash, Encoding.UTF8.GetBytes(secret), body, expected);
            matched |= CryptographicOperations.FixedTimeEquals(told[..size], expected[..size]);
        }
        return matched ? FeedProof.Verified : new FeedProof(SignatureState.Failed, $"The signature in {name} is not of this body with a live secret of this feed.");
    }

    private static bool TryDecode(string written, int size, bool hex, Span<byte> bytes)
    {
        if (hex && written.Length == 2 * size && Convert.FromHexString(written, bytes, out _, out var fromHex) == System.Buffers.OperationStatus.Done) return fromHex == size;
        Span<char> text = stackalloc char[128];
        if (written.Length > text.Length) return false;
        written.AsSpan().CopyTo(text);
        text = text[..written.Length].TrimEnd('=');
        foreach (ref var c in text) c = c switch { '+' => '-', '/' => '_', _ => c };
        return Base64Url.DecodeFromChars(text, bytes, out _, out var length) == System.Buffers.OperationStatus.Done && length == size;
    }

    private static int SizeOf(string hash) => hash.ToUpperInvariant() switch { "SHA1" => 20, "SHA256" => 32, "SHA384" => 48, "SHA512" => 64, _ => 0 };

    private static void Hash(string hash, byte[] key, ReadOnlySpan<byte> body, Span<byte> result)
    {
        switch (hash.ToUpperInvariant())
        {
#pragma warning disable CA5350 // SHA-1 only where an operator says that the carrier signs with it
            case "SHA1": HMACSHA1.HashData(key, body, result); break;
#pragma warning restore CA5350
            case "SHA384": HMACSHA384.HashData(key, body, result); break;
            case "SHA512": HMACSHA512.HashData(key, body, result); break;
            default: HMACSHA256.HashData(key, body, result); break;
        }
    }
}
