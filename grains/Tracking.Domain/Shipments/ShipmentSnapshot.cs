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
        try { ReadRest(shipment, bytes[(int)at..]); }
        catch (Exception damaged) when (damaged is JsonException or FormatException or InvalidOperationException or OverflowException) { return null; }
        shipment.Standings = ShipmentFold.Of(shipment.Marks.AsSpan(), shipment.Retractions.AsSpan(), shipment.Names.AsSpan(), asOf);
        shipment.FoldedAt = asOf;
        return shipment;
    }

    // Every cold scan passes here, so it is read as it comes and not made into a document first.
    private static void ReadRest(Shipment shipment, ReadOnlySpan<byte> bytes)
    {
        var json = new Utf8JsonReader(bytes);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("version"u8)) { json.Read(); shipment.Version = json.GetInt32(); }
            else if (json.ValueTextEquals("at"u8)) { json.Read(); shipment.RecordedAt = json.GetDateTimeOffset(); }
            else if (json.ValueTextEquals("heard"u8)) { json.Read(); shipment.LastHeardAt = json.GetDateTimeOffset(); }
            else if (json.ValueTextEquals("names"u8))
            {
                var names = ImmutableArray.CreateBuilder<string>();
                json.Read();
                while (Element(ref json)) names.Add(json.GetString()!);
                shipment.Names = names.ToImmutable();
            }
            else if (json.ValueTextEquals("links"u8))
            {
                var links = ImmutableArray.CreateBuilder<TrackingLink>();
                json.Read();
                while (Element(ref json)) { links.Add(new TrackingLink(Text(ref json)!, Text(ref json), Text(ref json)!)); json.Read(); }
                shipment.Links = links.ToImmutable();
            }
            else if (json.ValueTextEquals("journey"u8)) { json.Read(); shipment.Journey = ReadJourney(ref json); }
            else if (json.ValueTextEquals("carrierDate"u8))
            {
                json.Read();
                shipment.CarrierDate = new CarrierDate(DateOnly.FromDayNumber(Number(ref json)!.Value), DateOnly.FromDayNumber(Number(ref json)!.Value), Instant(ref json));
                json.Read();
            }
            else if (json.ValueTextEquals("uses"u8))
            {
                var uses = ImmutableArray.CreateBuilder<UseRecord>(1);
                json.Read();
                while (Element(ref json)) { uses.Add(new UseRecord(uses.Count, Text(ref json), ShipmentJson.ParseKey(Text(ref json)!))); json.Read(); }
                shipment.Uses = uses.DrainToImmutable();
            }
            else if (json.ValueTextEquals("estimate"u8)) { json.Read(); shipment.Estimate = ((EstimateIssued)ShipmentJson.ReadEvent(ref json)!).Estimate; }
            else if (json.ValueTextEquals("shown"u8)) { json.Read(); shipment.Shown = ((WindowShown)ShipmentJson.ReadEvent(ref json)!).Window; }
            else if (json.ValueTextEquals("shownBefore"u8)) { json.Read(); shipment.ShownBefore = ((WindowShown)ShipmentJson.ReadEvent(ref json)!).Window; }
            else if (json.ValueTextEquals("silent"u8)) { json.Read(); shipment.SilentSince = json.GetDateTimeOffset(); }
            else if (json.ValueTextEquals("links#"u8)) { json.Read(); shipment.LinkGeneration = json.GetInt32(); }
            else { json.Read(); json.Skip(); }
        }
        if (shipment.Version == 0) throw new FormatException("A snapshot without a version.");
    }

    private static bool Element(ref Utf8JsonReader json) => json.Read() && json.TokenType != JsonTokenType.EndArray;

    private static string? Text(ref Utf8JsonReader json) { json.Read(); return json.GetString(); }

    private static int? Number(ref Utf8JsonReader json) { json.Read(); return json.TokenType == JsonTokenType.Null ? null : json.GetInt32(); }

    private static DateTimeOffset Instant(ref Utf8JsonReader json) { json.Read(); return json.GetDateTimeOffset(); }

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

    private static JourneyHints ReadJourney(ref Utf8JsonReader json)
    {
        var told = new JourneyHints(
            Text(ref json), Text(ref json), Text(ref json), Text(ref json), Text(ref json), Text(ref json), Text(ref json), Text(ref json),
            Number(ref json), Text(ref json), Number(ref json) is { } day ? DateOnly.FromDayNumber(day) : null);
        json.Read();
        return told;
    }
}
