using Tracking.Carriers.CloudEvents;
using Tracking.Carriers.Json;

namespace Tracking.Carriers.StandardWebhooks;

/// <summary>
/// Partners that speak Standard Webhooks: <c>{type, timestamp, data}</c>, signed. The data is one of our own scans (<c>number</c> is read as
/// <c>trackingNumber</c>, and <c>timestamp</c> is when it happened where the scan does not say), or a message of the format that <c>type</c> names.
/// </summary>
public sealed class StandardWebhooksDecoder : JsonFeedDecoder
{
    public override string Format => "standard-webhooks";
    public override string Description => "Standard Webhooks ({type, timestamp, data}) around our own scans or a carrier's messages";

    public override FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
        => StandardWebhook.Verify(body, credentials, header);

    private protected override IEnumerable<DecodedItem> DecodeOne(JsonMessage message, JsonPart root, string pointer, FeedContext context)
    {
        var original = message.Slice(root);
        var data = root["data"u8];
        if (!data.IsObject && !data.IsArray)
            return [DecodedItem.Unreadable(original, pointer, "standard-webhooks.no-data", "The message has no data (type, timestamp, data).")];
        var envelope = new CloudEventsDecoder.Attributes(null, context.Header?.Invoke(StandardWebhook.IdHeader), null, root.Text("type"u8), null, root.Text("timestamp"u8), null, null);
        return CloudEventsDecoder.Inside(envelope, message.Slice(data), original, pointer, $"{pointer}/data", context);
    }
}
