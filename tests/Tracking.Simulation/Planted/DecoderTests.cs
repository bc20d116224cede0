using System.Text;
using Tracking.Carriers;
using Tracking.Carriers.Normalized;

namespace Tracking.Simulation.Planted;

/// <summary>R-15, its counting half: what was put in unreadable comes out unreadable, item by item. And the tenth planted fault, a decoder that swallows what it cannot read.</summary>
public sealed class DecoderTests
{
    [Fact]
    public void Every_unreadable_item_is_counted_and_its_neighbours_are_read() => Count(new ScanDecoder()).ShouldBe((90, 10));

    [Fact]
    public void A_decoder_that_swallows_its_errors_is_noticed() => Count(new Swallowing(new ScanDecoder())).ShouldNotBe((90, 10));

    private static (int Read, int Unreadable) Count(FeedDecoder decoder)
    {
        var message = new StringBuilder();
        for (var i = 0; i < 100; i++)
            message.Append(i % 10 == 3 ? "{\"carrier\":\"ups\",\"track" : $$"""{"carrier":"ups","trackingNumber":"POISON{{i}}","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z"}""").Append('\n');
        var items = decoder.Decode(Encoding.UTF8.GetBytes(message.ToString()), new FeedContext { ReceivedAt = new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero) }).ToList();
        return (items.Sum(static item => item.Scans.Length), items.Count(static item => item.Problem is not null));
    }

    private sealed class Swallowing(FeedDecoder real) : FeedDecoder
    {
        public override string Format => real.Format;
        public override string Description => real.Description;
        public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context) => real.Decode(message, context).Where(static item => item.Problem is null);
    }
}
