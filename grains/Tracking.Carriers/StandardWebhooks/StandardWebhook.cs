using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.StandardWebhooks;

/// <summary>
/// Standard Webhooks: <c>webhook-id</c>, <c>webhook-timestamp</c> and <c>webhook-signature</c> over <c>id.timestamp.body</c>. Used for what partners send us and for what we
/// send retailers. <c>v1</c> is HMAC-SHA256 with a secret <c>whsec_…</c>, <c>v1a</c> Ed25519 with a public key <c>whpk_…</c>; other versions are ignored.
/// </summary>
public static class StandardWebhook
{
    public const string IdHeader = "webhook-id", TimestampHeader = "webhook-timestamp", SignatureHeader = "webhook-signature";
    private const int MaxSignatures = 20;

    /// <summary>
    /// Checks a message against every live secret. Timestamps more than five minutes from <see cref="FeedCredentials.Now"/> are refused, unless the clock is
    /// <c>default</c> (recorded messages). A verified proof names <c>webhook-id</c>: the same on every retry, so seen twice it is a repeat.
    /// </summary>
    public static FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
    {
        if (credentials.Secrets.IsDefaultOrEmpty) return FeedProof.NothingConfigured;
        if (header(SignatureHeader) is not { Length: > 0 } signatures) return WebhookSignatures.Missing(SignatureHeader);
        if (header(IdHeader) is not { Length: > 0 } id) return WebhookSignatures.Missing(IdHeader);
        if (header(TimestampHeader) is not { Length: > 0 } timestamp) return WebhookSignatures.Missing(TimestampHeader);
        if (WebhookSignatures.Stale(timestamp.Trim(), credentials, TimestampHeader) is { } stale) return stale;

        var content = Content(id.Trim(), timestamp.Trim(), body);
        Span<byte> told = stackalloc byte[64], expected = stackalloc byte[WebhookSignatures.Size];
        bool matched = false, known = false;
        var count = 0;
        foreach (var entry in signatures.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (++count > MaxSignatures) break;
            if (entry.StartsWith("v1,", StringComparison.Ordinal))
            {
                known = true;
                if (!WebhookSignatures.TryBase64(entry.AsSpan(3), told[..WebhookSignatures.Size])) continue;
                foreach (var secret in credentials.Secrets)
                {
                    if (Key(secret) is not { } key) continue;
                    HMACSHA256.HashData(key, content, expected);
                    matched |= CryptographicOperations.FixedTimeEquals(told[..WebhookSignatures.Size], expected);
                }
            }
            else if (entry.StartsWith("v1a,", StringComparison.Ordinal))
            {
                known = true;
                if (!WebhookSignatures.TryBase64(entry.AsSpan(4), told)) continue;
                foreach (var secret in credentials.Secrets)
                    if (PublicKey(secret) is { } key)
                        matched |= Ed25519.Verify(key, content, told);
            }
        }
        if (matched) return FeedProof.Verified with { ReplayId = id.Trim() };
        return known ? WebhookSignatures.Wrong(SignatureHeader) : WebhookSignatures.Unreadable(SignatureHeader, "list of signatures of a version we know (v1, v1a)");
    }

    /// <summary>
    /// The three headers of a message that we send. Several live secrets give several signatures, so that a receiver can rotate. Throws
    /// <see cref="FormatException"/> for a secret that is not <c>whsec_</c> and base64: only our own configuration comes here.
    /// </summary>
    public static ImmutableArray<KeyValuePair<string, string>> Sign(string id, DateTimeOffset at, ReadOnlySpan<byte> body, params ReadOnlySpan<string> secrets)
    {
        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var content = Content(id, timestamp, body);
        var signatures = new StringBuilder();
        foreach (var secret in secrets)
        {
            var key = Key(secret) ?? throw new FormatException("A Standard Webhooks secret is 'whsec_' and base64.");
            if (signatures.Length > 0) signatures.Append(' ');
            signatures.Append("v1,").Append(Convert.ToBase64String(HMACSHA256.HashData(key, content)));
        }
        return [new(IdHeader, id), new(TimestampHeader, timestamp), new(SignatureHeader, signatures.ToString())];
    }

    private static byte[] Content(string id, string timestamp, ReadOnlySpan<byte> body) => [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];

    private static byte[]? Key(string secret)
    {
        if (secret.StartsWith("whpk_", StringComparison.Ordinal)) return null;
        return FromBase64(secret.StartsWith("whsec_", StringComparison.Ordinal) ? secret[6..] : secret);
    }

    private static byte[]? PublicKey(string secret)
        => secret.StartsWith("whpk_", StringComparison.Ordinal) && FromBase64(secret[5..]) is { Length: 32 } key ? key : null;

    private static byte[]? FromBase64(string text)
    {
        text = text.Trim().TrimEnd('=').Replace('-', '+').Replace('_', '/');
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), bytes, out var length) ? bytes[..length] : null;
    }
}
