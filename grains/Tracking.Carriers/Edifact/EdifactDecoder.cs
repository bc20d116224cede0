using System.Runtime.CompilerServices;

namespace Tracking.Carriers.Edifact;

/// <summary>
/// UN/EDIFACT IFTSTA, transport status report, of directories D.96A to D.07B: files by SFTP or AS2, of any length. One item per message, plus one without
/// scans where the envelope does not add up. What partners disagree on is an <see cref="IftstaProfile"/>.
/// </summary>
public sealed class EdifactDecoder : FeedDecoder
{
    private readonly IftstaProfile _profile;
    private readonly string? _carrier, _zone;

    public EdifactDecoder(IftstaProfile? profile = null) : this("edifact-iftsta", "UN/EDIFACT IFTSTA transport status (EDI files)", profile ?? IftstaProfile.Default, null, null) { }

    /// <summary>One partner's way of it, from a mapping file.</summary>
    /// <param name="carrier">Slug where the feed has none configured.</param>
    /// <param name="zone">IANA zone of times without a place where the feed has none configured.</param>
    internal EdifactDecoder(string format, string description, IftstaProfile profile, string? carrier, string? zone)
        => (Format, Description, _profile, _carrier, _zone) = (format, description, profile, carrier, zone);

    public override string Format { get; }
    public override string Description { get; }

    private FeedContext Of(FeedContext context) => _carrier is null && _zone is null ? context : context with { Carrier = context.Carrier ?? _carrier, Zone = context.Zone ?? _zone };

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var messages = new IftstaMessageDecoder(Of(context), _profile);
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
        var messages = new IftstaMessageDecoder(Of(context), _profile);
        var reader = new EdifactReader(messages.Decode);
        await foreach (var item in Edi.EdiStream.ReadAsync(stream, context.MaxMessageBytes, reader.Next, reader.Keep, reader.Moved, reader.GiveUp, cancel))
        {
            yield return item;
            while (messages.Apart.TryDequeue(out var apart)) yield return apart;
        }
    }
}
