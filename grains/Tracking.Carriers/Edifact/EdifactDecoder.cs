using System.Runtime.CompilerServices;

namespace Tracking.Carriers.Edifact;

/// <summary>
/// UN/EDIFACT IFTSTA, transport status report, of directories D.96A to D.07B: files by SFTP or AS2, of any length. One item per message, plus one without
/// scans where the envelope does not add up. What partners disagree on is an <see cref="IftstaProfile"/>.
/// </summary>
public sealed class EdifactDecoder(IftstaProfile? profile = null) : FeedDecoder
{
    private readonly IftstaProfile _profile = profile ?? IftstaProfile.Default;

    public override string Format => "edifact-iftsta";
    public override string Description => "UN/EDIFACT IFTSTA transport status (EDI files)";

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var messages = new IftstaMessageDecoder(context, _profile);
        var reader = new EdifactReader(messages.Decode);
        var at = 0;
        while (reader.Next(message, ref at, final: true) is { } item)
        {
            yield return item;
            while (messages.Apart.TryDequeue(out var apart)) yield return apart;
        }
    }

    public override async IAsyncEnumerable<DecodedItem> DecodeAsync(
        Stream stream, FeedContext context, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var messages = new IftstaMessageDecoder(context, _profile);
        var reader = new EdifactReader(messages.Decode);
        await foreach (var item in Edi.EdiStream.ReadAsync(stream, context.MaxMessageBytes, reader.Next, reader.Keep, reader.Moved, reader.GiveUp, cancel))
        {
            yield return item;
            while (messages.Apart.TryDequeue(out var apart)) yield return apart;
        }
    }
}
