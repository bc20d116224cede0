using Tracking.Contracts.Ports;

namespace Tracking.Journal;

/// <summary>A quarantined item as it is stored: text every database accepts, the body sealed with its own key.</summary>
internal readonly record struct QuarantineRow(QuarantinedItem Item, string KeyStream, StreamKey Key, byte[] Body)
{
    public static QuarantineRow Seal(QuarantinedItem item)
    {
        var stream = QuarantineSearch.KeyStream(item.Retailer, item.Id);
        if (StreamName.Problem(stream) is { } problem) throw new ArgumentException($"A quarantined item has an impossible id or retailer: {problem}");
        var key = StreamKey.New();
        return new(Clean(item), stream, key, PersonalSeal.Seal(key, stream, 0, item.Body.Span));
    }

    public static QuarantinedItem Clean(QuarantinedItem item) => item with
    {
        Format = StreamName.Storable(item.Format),
        Feed = item.Feed is null ? null : StreamName.Storable(item.Feed),
        Code = StreamName.Storable(item.Code),
        Detail = StreamName.Storable(item.Detail),
        Pointer = StreamName.Storable(item.Pointer),
    };
}
