using System.Buffers;
using System.Text;
using System.Text.Json;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>
/// The part of a shipment that must be equal, byte for byte, for equal sets of scans (invariant I3): every use with its status, sub-status, modifiers,
/// reason, pieces, and history by dedup key. Not in it: versions, receipt times, published windows, decisions; they depend on what was known when.
/// </summary>
public static class ShipmentProjection
{
    public static string Of(Shipment shipment)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("key", shipment.Key.ToString());
            json.WriteStartArray("uses");
            foreach (var use in shipment.Standings) WriteUse(json, shipment, use);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void WriteUse(Utf8JsonWriter json, Shipment shipment, UseStanding use)
    {
        json.WriteStartObject();
        json.WriteString("uniqueId", Name(shipment, use.UniqueId));
        json.WriteString("status", use.Status.Name());
        json.WriteString("subStatus", Name(shipment, use.SubStatus));
        WriteModifiers(json, use.Modifiers);
        json.WriteString("reason", use.Reason.Name());
        json.WriteString("speaking", use.Speaking < 0 ? null : shipment.Marks[use.Speaking].Key.ToString());
        json.WriteStartArray("pieces");
        foreach (var piece in use.Pieces.OrderBy(p => Name(shipment, p.Piece), StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("piece", Name(shipment, piece.Piece));
            json.WriteString("status", piece.Status.Name());
            json.WriteString("subStatus", Name(shipment, piece.SubStatus));
            WriteModifiers(json, piece.Modifiers);
            json.WriteString("reason", piece.Reason.Name());
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("history");
        foreach (var placed in use.History)
        {
            json.WriteStartObject();
            json.WriteString("key", shipment.Marks[placed.Mark].Key.ToString());
            if (placed.Retracted) json.WriteBoolean("retracted", true);
            if (placed.Flags != 0) WriteModifiers(json, placed.Flags);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteModifiers(Utf8JsonWriter json, Modifiers modifiers)
    {
        json.WriteStartArray("modifiers");
        foreach (var name in modifiers.List()) json.WriteStringValue(name);
        json.WriteEndArray();
    }

    private static string? Name(Shipment shipment, short index) => index < 0 ? null : shipment.Names[index];
}
