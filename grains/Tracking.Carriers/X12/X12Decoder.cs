using System.Runtime.CompilerServices;

namespace Tracking.Carriers.X12;

/// <summary>
/// ASC X12 214, transportation carrier shipment status (004010 and its neighbours): files by SFTP, AS2 or a VAN, of any length. One item per
/// transaction set, plus one without scans where the envelope does not add up. Zone codes become exact offsets; sender's clocks never become event times.
/// </summary>
public sealed class X12Decoder : FeedDecoder
{
    public override string Format => "x12-214";
    public override string Description => "ASC X12 214 carrier shipment status (EDI files)";

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var sets = new X12SetDecoder(context);
        var reader = new X12Reader(sets.Decode);
        var at = 0;
        while (reader.Next(message, ref at, final: true) is { } item)
        {
            yield return item;
            while (sets.Apart.TryDequeue(out var apart)) yield return apart;
        }
    }

    public override async IAsyncEnumerable<DecodedItem> DecodeAsync(
        Stream stream, FeedContext context, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var sets = new X12SetDecoder(context);
        var reader = new X12Reader(sets.Decode);
        await foreach (var item in Edi.EdiStream.ReadAsync(stream, context.MaxMessageBytes, reader.Next, reader.Keep, reader.Moved, reader.GiveUp, cancel))
        {
            yield return item;
            while (sets.Apart.TryDequeue(out var apart)) yield return apart;
        }
    }
}
