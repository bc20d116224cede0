using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tracking.Domain.Claims;

/// <summary>How appends of a case are stored: <c>{"v":1,"at":…,"events":[{"e":"claim-opened",…}]}</c>, and the personal part apart. Unknown fields are ignored.</summary>
public static class CaseJson
{
    public const int FormatVersion = 1;

    private static readonly JsonSerializerOptions Options = Make();

    public static byte[] WriteOpen(CaseAppend append) => JsonSerializer.SerializeToUtf8Bytes(new Stored(FormatVersion, append.RecordedAt, append.Events), Options);

    /// <summary>Empty when nothing is personal.</summary>
    public static byte[] WritePersonal(CaseAppend append) => append.Personal is { IsEmpty: false } personal ? JsonSerializer.SerializeToUtf8Bytes(personal, Options) : [];

    public static CaseAppend Read(ReadOnlySpan<byte> open, ReadOnlySpan<byte> personal = default)
    {
        var stored = JsonSerializer.Deserialize<Stored>(open, Options) ?? throw new JsonException("A case's append is 'null'.");
        return new CaseAppend(stored.At, stored.Events, personal.IsEmpty ? null : JsonSerializer.Deserialize<CasePersonal>(personal, Options));
    }

    private sealed record Stored(int V, DateTimeOffset At, ImmutableArray<CaseEvent> Events);

    private static JsonSerializerOptions Make() => new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,   // read by machines only; pages encode what they show
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };
}
