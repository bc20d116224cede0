using System.Text;

namespace Tracking.Carriers.Tests;

/// <summary>The recorded messages of <c>tests/Tracking.Testing/Samples</c>, and short ways to read a message.</summary>
internal static class Sample
{
    public static readonly FeedContext Context = new() { Feed = "test", Channel = "cli", ReceivedAt = new DateTimeOffset(2025, 3, 20, 0, 0, 0, TimeSpan.Zero) };

    public static string Folder => Path.Combine(AppContext.BaseDirectory, "Samples");

    public static byte[] Bytes(string path) => File.ReadAllBytes(Path.Combine(Folder, path));

    public static List<DecodedItem> Items(FeedDecoder decoder, string message, FeedContext? context = null)
        => [.. decoder.Decode(Encoding.UTF8.GetBytes(message), context ?? Context)];

    public static List<DecodedItem> ItemsOf(FeedDecoder decoder, string path, FeedContext? context = null)
        => [.. decoder.Decode(Bytes(path), context ?? Context)];

    public static List<Tracking.Domain.Shipments.Scan> Scans(this IEnumerable<DecodedItem> items) => [.. items.SelectMany(i => i.Scans)];
}
