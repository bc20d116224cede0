namespace Orleans.Runtime;

/// <summary>The name of a grain within its type. Equal when the text is equal, character by character.</summary>
[GenerateSerializer, Immutable]
public readonly struct IdSpan : IEquatable<IdSpan>
{
    [Id(0)] private readonly string? _value;
    [Id(1)] private readonly int _hash;

    private IdSpan(string value)
    {
        _value = value;
        _hash = value.GetHashCode(StringComparison.Ordinal);   // seeded per process: keys come from outside and must not be made to collide
    }

    public bool IsDefault => string.IsNullOrEmpty(_value);

    public static IdSpan Create(string id) => new(id);

    public bool Equals(IdSpan obj) => _hash == obj._hash && string.Equals(_value, obj._value);
    public override bool Equals(object? obj) => obj is IdSpan other && Equals(other);
    public override int GetHashCode() => _hash;
    public override string ToString() => _value ?? "";
    public static bool operator ==(IdSpan left, IdSpan right) => left.Equals(right);
    public static bool operator !=(IdSpan left, IdSpan right) => !left.Equals(right);
}

/// <summary>The stable name of a grain class: its <see cref="GrainTypeAttribute"/>, or its class name in lower case without "Grain".</summary>
[GenerateSerializer, Immutable]
public readonly struct GrainType(IdSpan id) : IEquatable<GrainType>
{
    [Id(0)] private readonly IdSpan _value = id;

    public IdSpan Value => _value;
    public bool IsDefault => _value.IsDefault;

    public static GrainType Create(string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        return new GrainType(IdSpan.Create(value));
    }

    public bool Equals(GrainType obj) => _value.Equals(obj._value);
    public override bool Equals(object? obj) => obj is GrainType other && Equals(other);
    public override int GetHashCode() => _value.GetHashCode();
    public override string ToString() => _value.ToString();
    public static bool operator ==(GrainType left, GrainType right) => left.Equals(right);
    public static bool operator !=(GrainType left, GrainType right) => !left.Equals(right);
}

/// <summary>The whole name of a grain: type and key, written <c>type/key</c>.</summary>
[GenerateSerializer, Immutable]
public readonly struct GrainId(GrainType type, IdSpan key) : IEquatable<GrainId>
{
    [Id(0)] private readonly GrainType _type = type;
    [Id(1)] private readonly IdSpan _key = key;

    public GrainType Type => _type;
    public IdSpan Key => _key;
    public bool IsDefault => _type.IsDefault && _key.IsDefault;

    public static GrainId Create(string type, string key) => Create(GrainType.Create(type), key);

    public static GrainId Create(GrainType type, string key)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        return new GrainId(type, IdSpan.Create(key));
    }

    /// <summary>Reads <c>type/key</c>; everything after the first slash is the key.</summary>
    /// <exception cref="ArgumentException">There is no slash.</exception>
    public static GrainId Parse(string value)
    {
        var slash = value.IndexOf('/');
        if (slash < 0) throw new ArgumentException($"\"{value}\" is not a grain id: it has no slash between type and key.", nameof(value));
        return new GrainId(new GrainType(IdSpan.Create(value[..slash])), IdSpan.Create(value[(slash + 1)..]));
    }

    public bool Equals(GrainId other) => _key.Equals(other._key) && _type.Equals(other._type);
    public override bool Equals(object? obj) => obj is GrainId other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(_type, _key);
    public override string ToString() => $"{_type}/{_key}";
    public static bool operator ==(GrainId left, GrainId right) => left.Equals(right);
    public static bool operator !=(GrainId left, GrainId right) => !left.Equals(right);
}
