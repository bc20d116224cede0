using System.Text.Json;
using System.Text.Json.Serialization;
using Tracking.Domain.Recovery;

namespace Tracking.Domain.Orders;

/// <summary>
/// How appends of orders (and of the ledgers beside them) are stored: versioned JSON, an open half and a personal half. Members are only added; unknown ones are
/// ignored, an unknown event is refused rather than skipped.
/// </summary>
public static class OrderJson
{
    /// <summary>Written into every append; raised only when a reader of the older one would misread it.</summary>
    public const int FormatVersion = 1;

    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        AllowOutOfOrderMetadataProperties = true,
        Converters =
        {
            new NamedConverter<Cause>(Causes.Name, Causes.TryParse), new NamedConverter<RemedyKind>(Remedies.Name, Remedies.TryParse),
            new NamedConverter<Vocabulary.Reason>(Vocabulary.Reasons.Name, Vocabulary.Reasons.TryParse),
            new EmptyArrayConverterFactory(), new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower),
        },
    };

    public static byte[] WriteOpen(OrderAppend append) => JsonSerializer.SerializeToUtf8Bytes(new Stored<OrderEvent>(FormatVersion, append.RecordedAt, append.Events), Options);

    public static OrderAppend Read(ReadOnlySpan<byte> open)
    {
        var stored = JsonSerializer.Deserialize<Stored<OrderEvent>>(open, Options) ?? throw new JsonException("An append is null.");
        return new OrderAppend(stored.At, stored.Events);
    }

    /// <summary>The personal half; empty when there is nobody in it.</summary>
    public static ReadOnlyMemory<byte> WritePeople(OrderPeople? people)
        => people is null || people == OrderPeople.Nobody ? default : JsonSerializer.SerializeToUtf8Bytes(people, Options);

    /// <summary>Null when there was nobody, or it was erased.</summary>
    public static OrderPeople? ReadPeople(ReadOnlySpan<byte> personal) => personal.IsEmpty ? null : JsonSerializer.Deserialize<OrderPeople>(personal, Options);

    internal sealed record Stored<T>(int V, DateTimeOffset At, ImmutableArray<T> Events);

    // Names of our own vocabulary instead of the enums' C# names.
    private delegate bool Parse<T>(string? name, out T value);

    private sealed class NamedConverter<T>(Func<T, string> name, Parse<T> parse) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
            => parse(reader.GetString(), out var value) ? value : throw new JsonException($"'{reader.GetString()}' is no {typeof(T).Name}.");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(name(value));
    }

    // Not there, null and empty are the same list.
    private sealed class EmptyArrayConverterFactory : JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(ImmutableArray<>);

        public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options)
            => (JsonConverter)Activator.CreateInstance(typeof(EmptyArrayConverter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;
    }

    private sealed class EmptyArrayConverter<T> : JsonConverter<ImmutableArray<T>>
    {
        public override bool HandleNull => true;

        public override ImmutableArray<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
            => reader.TokenType == JsonTokenType.Null ? [] : [.. JsonSerializer.Deserialize<T[]>(ref reader, options)!];

        public override void Write(Utf8JsonWriter writer, ImmutableArray<T> value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            if (!value.IsDefault)
                foreach (var item in value) JsonSerializer.Serialize(writer, item, options);
            writer.WriteEndArray();
        }
    }
}
