using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Tracking.Domain.Estimates;

namespace Tracking.Grains.Estimates;

/// <summary>
/// A retailer's own history in the journal: stream <c>l/{retailer}/{import}</c>, one append for some hundred moments in time order. The learning grain takes them like any other row, so an import
/// that breaks off goes on where it stopped and none of it counts twice.
/// </summary>
public static class HistoryCodec
{
    public const char Kind = 'l';

    /// <param name="import">Names the content: the same file again is the same stream.</param>
    public static string Stream(string retailer, string import) => $"l/{retailer}/{import}";

    public static byte[] Write(IReadOnlyList<HistoryStep> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        var output = new ArrayBufferWriter<byte>(steps.Count * 128);
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("v"u8, 1);
            json.WriteStartArray("steps"u8);
            foreach (var step in steps)
            {
                var facts = step.Facts;
                json.WriteStartArray();
                json.WriteNumberValue((int)step.What);
                json.WriteStringValue(step.Journey.ToString("x16", CultureInfo.InvariantCulture));
                Time(json, step.At);
                foreach (var text in new[] { facts.Carrier, facts.Service, facts.OriginCountry, facts.OriginRegion, facts.OriginPostalCode, facts.DestinationCountry, facts.DestinationRegion, facts.DestinationPostalCode })
                    json.WriteStringValue(text);
                Time(json, facts.OrderedAt);
                Time(json, facts.HandedOverAt);
                if (facts.CarrierDate is { } date) json.WriteNumberValue(date.To.DayNumber); else json.WriteNullValue();
                if (facts.DistanceKm is { } km) json.WriteNumberValue(km); else json.WriteNullValue();
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return output.WrittenSpan.ToArray();
    }

    public static IReadOnlyList<HistoryStep> Read(string retailer, ReadOnlySpan<byte> open)
    {
        var reader = new Utf8JsonReader(open);
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.GetProperty("v"u8).GetInt32() != 1) throw new InvalidDataException("An imported history of another format.");
        var steps = new List<HistoryStep>();
        foreach (var s in document.RootElement.GetProperty("steps"u8).EnumerateArray())
        {
            var ordered = Time(s[11]);
            var facts = new JourneyFacts
            {
                Retailer = retailer, Carrier = s[3].GetString(), Service = s[4].GetString(), OriginCountry = s[5].GetString(), OriginRegion = s[6].GetString(), OriginPostalCode = s[7].GetString(),
                DestinationCountry = s[8].GetString(), DestinationRegion = s[9].GetString(), DestinationPostalCode = s[10].GetString(), OrderedAt = ordered, HandedOverAt = Time(s[12]),
                CarrierDate = s[13].ValueKind == JsonValueKind.Number && ordered is { } stated ? new CarrierDate(DateOnly.FromDayNumber(s[13].GetInt32()), DateOnly.FromDayNumber(s[13].GetInt32()), stated) : null,
                DistanceKm = s[14].ValueKind == JsonValueKind.Number ? s[14].GetDouble() : null,
            };
            steps.Add(new HistoryStep((HistoryMoment)s[0].GetInt32(), ulong.Parse(s[1].GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture), Time(s[2])!.Value, facts));
        }
        return steps;
    }

    // Seconds since 1970: half a line shorter than a date, and these files have many.
    private static void Time(Utf8JsonWriter json, DateTimeOffset? at)
    {
        if (at is { } time) json.WriteNumberValue(time.ToUnixTimeSeconds()); else json.WriteNullValue();
    }

    private static DateTimeOffset? Time(JsonElement seconds) => seconds.ValueKind == JsonValueKind.Number ? DateTimeOffset.FromUnixTimeSeconds(seconds.GetInt64()) : null;
}
