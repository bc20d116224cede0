using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Recovery;

/// <summary>
/// The identity of an offer: made of whose order it is and what went wrong, of nothing else. The same disruption decided twice, on two nodes, after a crash or
/// under another policy is the same offer; everything that follows from it carries this id.
/// </summary>
public static class OfferId
{
    public const int Length = 32;

    public static string Of(OrderKey order, CauseKey cause)
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"offer\n{order.Retailer}\n{order.Order}\n{cause.Cause.Name()}#{cause.Promise}\n{cause.Occurrence}")).AsSpan(0, 16));

    /// <summary>Could be one of ours.</summary>
    public static bool IsId(string? text) => text is { Length: Length } && text.All(c => char.IsAsciiDigit(c) || c is >= 'a' and <= 'f');

    /// <summary>What an offer is looked up by: a link row's token hash.</summary>
    public static byte[] HashOf(string offer) => SHA256.HashData(Encoding.ASCII.GetBytes("offer:" + offer));
}
