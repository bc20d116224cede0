using System.Text;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Tests;

/// <summary>Reads short messages written in a test.</summary>
internal static class Messages
{
    public static readonly FeedContext Context = new() { Feed = "test", ReceivedAt = new DateTimeOffset(2026, 1, 5, 12, 0, 0, TimeSpan.Zero) };

    public static List<DecodedItem> Items(FeedDecoder decoder, byte[] message, FeedContext? context = null)
    {
        var items = decoder.Decode(message, context ?? Context).ToList();
        Decoded.ReadsBack(items);
        return items;
    }

    public static List<DecodedItem> Items(FeedDecoder decoder, string message, FeedContext? context = null) => Items(decoder, Encoding.UTF8.GetBytes(message), context);

    public static List<Scan> Scans(FeedDecoder decoder, string message, FeedContext? context = null) => [.. Items(decoder, message, context).SelectMany(i => i.Scans)];

    public static List<Scan> Scans(FeedDecoder decoder, byte[] message) => [.. Items(decoder, message).SelectMany(i => i.Scans)];

    public static IEnumerable<string> Codes(this IEnumerable<DecodedItem> items) => items.SelectMany(i => i.Notes).Select(n => n.Code);

    /// <summary>Every message cut at every length, and every byte of it broken once, is read without an exception.</summary>
    public static void Survives(FeedDecoder decoder, byte[] message)
    {
        for (var length = 0; length < message.Length; length += 1 + message.Length / 400)
            _ = decoder.Decode(message.AsMemory(0, length), Context).Count();
        for (var at = 0; at < message.Length; at += 1 + message.Length / 400)
        {
            var broken = message.ToArray();
            broken[at] ^= 0x15;
            _ = decoder.Decode(broken, Context).Count();
        }
    }
}
