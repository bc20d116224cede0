using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Tracking.Domain.Estimates;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>
/// The compact form a shipment starts from: marks as they lie in memory, everything else as small JSON. Only ever a shortcut: a snapshot of another
/// format counts as absent, and the journal says the same.
/// </summary>
public static class ShipmentSnapshot
{
    /// <summary>First byte of every snapshot. Raised whenever <see cref="ScanMark"/> or the rest changes shape, or the fold's stored inputs change meaning.</summary>
    public const byte Format = 1;

    private static readonly int MarkSize = Marshal.SizeOf<ScanMark>();
    private static readonly int RetractionSize = Marshal.SizeOf<RetractionMark>();

    /// <summary>Format (1 byte), mark count, retraction count (4 bytes each, little endian), marks, retractions, JSON.</summary>
    public static byte[] Write(Shipment shipment)
    {
        var scratch = JsonScratch.Begin();
        var output = scratch.Bytes;
        var head = output.GetSpan(9);
        head[0] = Format;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], shipment.Marks.Length);
        BinaryPrimitives.WriteInt32LittleEndian(head[5..], shipment.Retractions.Length);
        output.Advance(9);
        output.Write(MemoryMarshal.AsBytes(shipment.Marks.AsSpan()));
        output.Write(MemoryMarshal.AsBytes(shipment.Retractions.AsSpan()));

        var json = scratch.Json;
        json.WriteStartObject();
        json.WriteNumber("version"u8, shipment.Version);
        json.WriteString("at"u8, shipment.RecordedAt);
        if (shipment.LastHeardAt is { } heard) json.WriteString("heard"u8, heard);
        if (!shipment.Names.IsEmpty)
        {
            json.WriteStartArray("names"u8);
            foreach (var name in shipment.Names) json.WriteStringValue(name);
            json.WriteEndArray();
        }
        if (!shipment.Links.IsEmpty)
        {
            json.WriteStartArray("links"u8);
            foreach (var link in shipment.Links)
            {
                json.WriteStartArray();
                json.WriteStringValue(link.Kind);
                json.WriteStringValue(link.Carrier);
                json.WriteStringValue(link.Number);
                json.WriteEndArray();
            }
            json.WriteEndArray();
        }
        json.WritePropertyName("journey"u8);
        WriteJourney(json, shipment.Journey);
        if (shipment.CarrierDate is { } date)
        {
            json.WriteStartArray("carrierDate"u8);
            json.WriteNumberValue(date.From.DayNumber);
            json.WriteNumberValue(date.To.DayNumber);
            json.WriteStringValue(date.StatedAt);
            json.WriteEndArray();
        }
        json.WriteStartArray("uses"u8);
        foreach (var use in shipment.Uses)
        {
            json.WriteStartArray();
            json.WriteStringValue(use.UniqueId);
            json.WriteStringValue(use.Anchor.ToString());
            json.WriteEndArray();
        }
        json.WriteEndArray();
        if (shipment.Estimate is { } estimate) { json.WritePropertyName("estimate"u8); ShipmentJson.WriteEvent(json, new EstimateIssued(0, estimate, 0, default)); }
        if (shipment.Shown is { } shown) { json.WritePropertyName("shown"u8); ShipmentJson.WriteEvent(json, new WindowShown(0, shown)); }
        if (shipment.ShownBefore is { } replaced) { json.WritePropertyName("shownBefore"u8); ShipmentJson.WriteEvent(json, new WindowShown(0, replaced)); }
        if (shipment.SilentSince is { } silent) json.WriteString("silent"u8, silent);
        if (shipment.LinkGeneration != 0) json.WriteNumber("links#"u8, shipment.LinkGeneration);
        json.WriteEndObject();
        return scratch.ToArray();
    }

    /// <summary>Reads a snapshot and folds it as of <paramref name="asOf"/>; null for a format this release does not know, or bytes cut short.</summary>
    public static Shipment? Read(ShipmentKey key, ReadOnlySpan<byte> bytes, DateTimeOffset asOf)
    {
        if (bytes.Length < 9 || bytes[0] != Format) return null;
        var marks = BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]);
        var retractions = BinaryPrimitives.ReadInt32LittleEndian(bytes[5..]);
        var at = 9 + (long)marks * MarkSize + (long)retractions * RetractionSize;
        if (marks < 0 || retractions < 0 || at >= bytes.Length) return null;

        var shipment = new Shipment
        {
            Key = key,
            Marks = [.. MemoryMarshal.Cast<byte, ScanMark>(bytes.Slice(9, marks * MarkSize))],
            Retractions = [.. MemoryMarshal.Cast<byte, RetractionMark>(bytes.Slice(9 + marks * MarkSize, retractions * RetractionSize))],
        };
        try { shipment = ReadRest(shipment, bytes[(int)at..]); }
        catch (Exception damaged) when (damaged is JsonException or FormatException or InvalidOperationException) { return null; }
        return shipment with { Standings = ShipmentFold.Of(shipment.Marks.AsSpan(), shipment.Retractions.AsSpan(), shipment.Names.AsSpan(), asOf), FoldedAt = asOf };
    }

    private static Shipment ReadRest(Shipment shipment, ReadOnlySpan<byte> bytes)
    {
        var json = new Utf8JsonReader(bytes);
        var document = JsonElement.ParseValue(ref json);
        var next = shipment with { Version = document.GetProperty("version"u8).GetInt32(), RecordedAt = document.GetProperty("at"u8).GetDateTimeOffset() };
        if (document.TryGetProperty("heard"u8, out var heard)) next = next with { LastHeardAt = heard.GetDateTimeOffset() };
        if (document.TryGetProperty("names"u8, out var names)) next = next with { Names = [.. names.EnumerateArray().Select(n => n.GetString()!)] };
        if (document.TryGetProperty("links"u8, out var links)) next = next with { Links = [.. links.EnumerateArray().Select(l => new TrackingLink(l[0].GetString()!, l[1].GetString(), l[2].GetString()!))] };
        next = next with { Journey = ReadJourney(document.GetProperty("journey"u8)) };
        if (document.TryGetProperty("carrierDate"u8, out var date)) next = next with { CarrierDate = new CarrierDate(DateOnly.FromDayNumber(date[0].GetInt32()), DateOnly.FromDayNumber(date[1].GetInt32()), date[2].GetDateTimeOffset()) };
        next = next with { Uses = [.. document.GetProperty("uses"u8).EnumerateArray().Select((u, n) => new UseRecord(n, u[0].GetString(), ShipmentJson.ParseKey(u[1].GetString()!)))] };
        if (document.TryGetProperty("estimate"u8, out var estimate)) next = next with { Estimate = ((EstimateIssued)ShipmentJson.ReadEvent(estimate)!).Estimate };
        if (document.TryGetProperty("shown"u8, out var shown)) next = next with { Shown = ((WindowShown)ShipmentJson.ReadEvent(shown)!).Window };
        if (document.TryGetProperty("shownBefore"u8, out var replaced)) next = next with { ShownBefore = ((WindowShown)ShipmentJson.ReadEvent(replaced)!).Window };
        if (document.TryGetProperty("silent"u8, out var silent)) next = next with { SilentSince = silent.GetDateTimeOffset() };
        if (document.TryGetProperty("links#"u8, out var generation)) next = next with { LinkGeneration = generation.GetInt32() };
        return next;
    }

    private static void WriteJourney(Utf8JsonWriter json, JourneyHints journey)
    {
        json.WriteStartArray();
        json.WriteStringValue(journey.Service);
        json.WriteStringValue(journey.OriginCountry);
        json.WriteStringValue(journey.OriginRegion);
        json.WriteStringValue(journey.OriginPostalCode);
        json.WriteStringValue(journey.DestinationCountry);
        json.WriteStringValue(journey.DestinationRegion);
        json.WriteStringValue(journey.DestinationPostalCode);
        json.WriteStringValue(journey.DestinationCity);
        if (journey.WeightGrams is { } grams) json.WriteNumberValue(grams); else json.WriteNullValue();
        json.WriteStringValue(journey.ShipperReference);
        if (journey.PickedUpOn is { } day) json.WriteNumberValue(day.DayNumber); else json.WriteNullValue();
        json.WriteEndArray();
    }

    private static JourneyHints ReadJourney(JsonElement j) => new(
        j[0].GetString(), j[1].GetString(), j[2].GetString(), j[3].GetString(), j[4].GetString(), j[5].GetString(), j[6].GetString(), j[7].GetString(),
        j[8].ValueKind == JsonValueKind.Number ? j[8].GetInt32() : null, j[9].GetString(),
        j[10].ValueKind == JsonValueKind.Number ? DateOnly.FromDayNumber(j[10].GetInt32()) : null);
}
