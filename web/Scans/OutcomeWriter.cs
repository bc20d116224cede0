using System.Text.Json;
using Tracking.Domain.Shipments;
using Tracking.Web.Http;

namespace Tracking.Web.Scans;

/// <summary>Writes what became of each scan, one JSON object each: the same in an array and as NDJSON lines.</summary>
internal static class OutcomeWriter
{
    private static readonly JsonEncodedText[] Outcomes =
    [
        JsonEncodedText.Encode("accepted"), JsonEncodedText.Encode("duplicate"), JsonEncodedText.Encode("rejected"), JsonEncodedText.Encode("quarantined"), JsonEncodedText.Encode("failed"),
    ];

    public static void Write(Utf8JsonWriter json, int index, in Incoming entry, string? pointer = null, string? quarantineId = null)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, index);
        if (pointer is not null) json.WriteString("pointer"u8, pointer);
        json.WriteString("outcome"u8, Outcomes[(int)entry.Outcome]);
        if (entry.Scan is { } scan)
        {
            json.WriteString("shipment"u8, $"{scan.Carrier}/{scan.TrackingNumber}");
            if (entry.Outcome is ScanOutcome.Accepted or ScanOutcome.Duplicate) json.WriteNumber("version"u8, entry.Version);
        }
        if (quarantineId is not null) json.WriteString("quarantineId"u8, quarantineId);
        if (entry.ProblemCode is not null)
        {
            json.WritePropertyName("problem"u8);
            Problems.Write(json, entry.Outcome == ScanOutcome.Failed ? 503 : 422, entry.ProblemCode.Replace('.', '-'), entry.ProblemDetail ?? "");
        }
        json.WriteEndObject();
    }
}
