using System.Buffers;
using System.Text.Json;
using Tracking.Contracts.Estimates;
using Tracking.Domain.Estimates;

namespace Tracking.Grains.Estimates;

/// <summary>Operators' notices in the journal: one stream, one append for each posting and each taking back.</summary>
public static class AreaNoticeCodec
{
    public const char Kind = 'n';
    public const string Stream = "n/area-notices";

    public static byte[] Write(AreaNotice notice)
    {
        ArgumentNullException.ThrowIfNull(notice);
        var output = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteNumber("v"u8, 1);
            json.WriteString("id"u8, notice.Id);
            json.WriteNumber("kind"u8, (int)notice.Kind);
            if (notice.Carrier is not null) json.WriteString("carrier"u8, notice.Carrier);
            json.WriteString("country"u8, notice.Country);
            if (notice.Region is not null) json.WriteString("region"u8, notice.Region);
            json.WriteString("from"u8, notice.From);
            json.WriteString("to"u8, notice.To);
            json.WriteNumber("pace"u8, notice.Pace);
            if (notice.Text is not null) json.WriteString("text"u8, notice.Text);
            json.WriteString("publishedAt"u8, notice.PublishedAt);
            if (notice.RetractedAt is { } retracted) json.WriteString("retractedAt"u8, retracted);
            json.WriteEndObject();
        }
        return output.WrittenSpan.ToArray();
    }

    public static AreaNotice Read(ReadOnlySpan<byte> open)
    {
        var reader = new Utf8JsonReader(open);
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        if (root.GetProperty("v"u8).GetInt32() != 1) throw new InvalidDataException("A notice of another format.");
        return new AreaNotice(
            root.GetProperty("id"u8).GetString()!, (NoticeKind)root.GetProperty("kind"u8).GetInt32(), Text("carrier"), root.GetProperty("country"u8).GetString()!, Text("region"),
            root.GetProperty("from"u8).GetDateTimeOffset(), root.GetProperty("to"u8).GetDateTimeOffset(), root.GetProperty("pace"u8).GetDouble(), Text("text"),
            root.GetProperty("publishedAt"u8).GetDateTimeOffset(), root.TryGetProperty("retractedAt"u8, out var retracted) ? retracted.GetDateTimeOffset() : null);

        string? Text(string name) => root.TryGetProperty(name, out var text) ? text.GetString() : null;
    }
}
