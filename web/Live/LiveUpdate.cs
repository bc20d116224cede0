using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tracking.Web.Live;

/// <summary>A snapshot, rendered once for everyone who reads the same language.</summary>
[JsonConverter(typeof(AsWritten))]
public sealed record LiveUpdate(int Version, DateTimeOffset RecordedAt, byte[] Json)
{
    // The bytes are JSON already.
    private sealed class AsWritten : JsonConverter<LiveUpdate>
    {
        public override LiveUpdate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("Snapshots only leave.");

        public override void Write(Utf8JsonWriter writer, LiveUpdate value, JsonSerializerOptions options) => writer.WriteRawValue(value.Json, skipInputValidation: true);
    }
}
