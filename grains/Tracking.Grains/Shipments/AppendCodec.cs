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
        ArrayBufferWriter<byte>? personal = null;
        if (!originals.IsDefaultOrEmpty || ShipmentJson.HasPersonal(append))
        {
            IReadOnlyList<OriginalPart> parts = originals.IsDefaultOrEmpty ? [] : [.. originals.Select(o => new OriginalPart(o.PayloadId, o.Format, o.Bytes.AsMemory()))];
            ShipmentJson.WritePersonal(personal = new ArrayBufferWriter<byte>(1024), append, parts);
        }
        return new JournalAppend(stream, version, append.RecordedAt, ShipmentJson.OpenOf(append), personal?.WrittenMemory ?? default, append.HasReaction, links);
    }
}
