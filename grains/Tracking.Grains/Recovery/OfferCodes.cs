using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Recovery;

namespace Tracking.Grains.Recovery;

/// <summary>
/// Codes for the shop's till: HMAC-SHA-256 over the offer's id and the remedy under a key of our own, as 12 characters that people can read to each other. The same
/// offer has the same code on every node and in every replay, and nobody without the key can guess one (60 bits).
/// </summary>
public sealed class OfferCodes
{
    private const string Letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";   // without I, L, O, U
    private readonly byte[] _key;

    /// <param name="secret">The installation's secret; codes get a key of their own derived from it.</param>
    public OfferCodes(byte[] secret) => _key = HMACSHA256.HashData(secret, "offer codes 1"u8);

    public string Of(string offer, RemedyKind remedy, string? prefix)
    {
        var digest = HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{offer}|{remedy.Name()}"));
        var code = new StringBuilder(prefix ?? "SORRY");
        for (var i = 0; i < 12; i++)
        {
            if (i % 4 == 0) code.Append('-');
            var bit = i * 5;
            var two = (digest[bit / 8] << 8) | digest[bit / 8 + 1];
            code.Append(Letters[(two >> (11 - bit % 8)) & 31]);
        }
        return code.ToString();
    }
}
