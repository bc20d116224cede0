using System.Buffers;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Shipments;

/// <summary>Turns a decided append into the row that is stored: versioned JSON, its personal half apart.</summary>
public static class AppendCodec
{
    public static JournalAppend Encode(string stream, int version, ShipmentAppend append, ImmutableArray<Original> originals, IReadOnlyList<LinkRow>? links)
    {
        var open = new ArrayBufferWriter<byte>(512);
        ShipmentJson.WriteOpen(open, append);

        IReadOnlyList<OriginalPart> parts = originals.IsDefaultOrEmpty ? [] : [.. originals.Select(o => new OriginalPart(o.PayloadId, o.Format, o.Bytes.AsMemory()))];
        var personal = new ArrayBufferWriter<byte>();   // takes no memory until something personal is written
        ShipmentJson.WritePersonal(personal, append, parts);
        return new JournalAppend(stream, version, append.RecordedAt, open.WrittenMemory, personal.WrittenMemory, append.HasReaction, links);
    }
}
