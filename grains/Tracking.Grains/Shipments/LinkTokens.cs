using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Vocabulary;

namespace Tracking.Grains.Shipments;

/// <summary>
/// Tracking links. A token is the first 16 bytes of HMAC-SHA-256(link key, retailer | shipment | use | audience | generation), base64url, 22 characters:
/// nothing in it can be counted through. Only its SHA-256 is stored. Revoking raises the generation.
/// </summary>
public sealed class LinkTokens(byte[] linkKey)
{
    /// <summary>Whoever has the link; sees no personal data.</summary>
    public const string Public = Tracking.Domain.Shipments.Shipment.PublicLinks;
    public const int Length = 22;

    public string Token(ShipmentKey key, string useId, string audience, int generation)
    {
        var text = Encoding.UTF8.GetBytes($"{key.Retailer}|{key.Carrier}/{key.Number}|{useId}|{audience}|{generation}");
        return Base64Url.EncodeToString(HMACSHA256.HashData(linkKey, text).AsSpan(0, 16));
    }

    /// <summary>What is stored and looked up; null for anything that cannot be a token.</summary>
    public static byte[]? HashOf(string token)
    {
        if (token.Length != Length) return null;
        foreach (var c in token)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
                return null;
        return SHA256.HashData(Encoding.ASCII.GetBytes(token));
    }

    /// <summary>The public id of a use: derived from the shipment and the order in which its uses were found, so it never changes and needs no dice.</summary>
    public static string UseId(ShipmentKey key, int ordinal)
        => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"use|{key}|{ordinal}")).AsSpan(0, 9));
}
