using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers;

/// <summary>What signature schemes of webhooks share: proxies rewrite base64 and letter case, so signatures are compared decoded, in constant time, against every live secret.</summary>
internal static class WebhookSignatures
{
    /// <summary>Bytes of an HMAC-SHA256 or a SHA-256.</summary>
    public const int Size = 32;

    /// <summary>Base64, URL-safe or not, padded or not. False unless it is exactly <paramref name="into"/> long.</summary>
    public static bool TryBase64(ReadOnlySpan<char> text, Span<byte> into)
    {
        text = text.Trim().TrimEnd('=');
        if (text.Length != (into.Length * 4 + 2) / 3) return false;
        Span<char> safe = stackalloc char[128];
        if (text.Length > safe.Length) return false;
        for (var i = 0; i < text.Length; i++) safe[i] = text[i] switch { '+' => '-', '/' => '_', var c => c };
        return Base64Url.TryDecodeFromChars(safe[..text.Length], into, out var length) && length == into.Length;
    }

    public static bool TryHex(ReadOnlySpan<char> text, Span<byte> into)
    {
        text = text.Trim();
        return text.Length == 2 * into.Length && Convert.FromHexString(text, into, out _, out var written) == OperationStatus.Done && written == into.Length;
    }

    /// <summary>Is this HMAC-SHA256 of the body by any of the secrets? All are tried, so the time tells nothing about which one matched.</summary>
    public static bool AnyHmac(ReadOnlySpan<byte> told, ReadOnlySpan<byte> body, FeedCredentials credentials)
    {
        Span<byte> expected = stackalloc byte[Size];
        var matched = false;
        foreach (var secret in credentials.Secrets)
        {
            HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body, expected);
            matched |= CryptographicOperations.FixedTimeEquals(told, expected);
        }
        return matched;
    }

    public static FeedProof Missing(string header) => new(SignatureState.Absent, $"The header {header} is missing.");

    public static FeedProof Wrong(string header) => new(SignatureState.Failed, $"The signature in {header} is not of this body with a live secret of this feed.");

    public static FeedProof Unreadable(string header, string what) => new(SignatureState.Failed, $"The header {header} is no {what}.");

    /// <summary>How far a signed timestamp may lie from our clock, either way.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>The problem with a signed timestamp; null when it is recent. A clock of zero (<c>default</c>) switches the check off, for recorded messages.</summary>
    public static FeedProof? Stale(string? told, FeedCredentials credentials, string header)
    {
        if (!long.TryParse(told, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var seconds) || seconds > 253_402_300_799)
            return Unreadable(header, "unix timestamp");
        if (credentials.Now == default) return null;
        return (DateTimeOffset.FromUnixTimeSeconds(seconds) - credentials.Now).Duration() <= Tolerance ? null
            : new FeedProof(SignatureState.Failed, $"The timestamp in {header} lies more than {Tolerance.TotalMinutes:0} minutes from now: a replay, or a clock that is wrong.");
    }
}
