using System.Text;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Tests.Silo;

public sealed class StoredTruthTests
{
    // A stream that hands out its bytes a few at a time, as a pipe does.
    private sealed class Dripping(byte[] bytes, int atOnce) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(atOnce, buffer.Length)], cancellationToken);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Lines_are_read_whole_however_they_arrive_and_lines_of_other_things_are_passed_over(int atOnce)
    {
        const string Export = """
            {"retailer":"demo","carrier":"ups","trackingNumber":"1Z1","version":1,"eventId":"a","place":{"city":"X","eventId":"not this one"},"modifiers":["delayed"]}
            {"retailer":"demo","order":"o-1","version":4}
            {"retailer":"demo","carrier":"usps","trackingNumber":"94","dedupKey":"k2","scan":{"place":{"kind":"no"},"kind":"snapshot","modifiers":[]},"version":2}
            """;
        var found = new List<string>();
        var lines = await StoredTruth.ReadLinesAsync(new Dripping(Encoding.UTF8.GetBytes(Export), atOnce),
            (in scan) => found.Add($"{Encoding.UTF8.GetString(scan.Carrier)}/{Encoding.UTF8.GetString(scan.TrackingNumber)} {Encoding.UTF8.GetString(scan.EventId)}{Encoding.UTF8.GetString(scan.DedupKey)} {Encoding.UTF8.GetString(scan.Kind)}"),
            CancellationToken.None);

        lines.ShouldBe(3);
        found.ShouldBe(["ups/1Z1 a ", "usps/94 k2 snapshot"]);
    }

    [Fact]
    public async Task A_line_that_is_not_JSON_is_an_error_and_not_a_lost_scan() =>
        (await Should.ThrowAsync<SetUpException>(() => StoredTruth.ReadLinesAsync(new MemoryStream("oops\n"u8.ToArray()), (in _) => { }, CancellationToken.None)))
            .Message.ShouldContain("oops");
}
