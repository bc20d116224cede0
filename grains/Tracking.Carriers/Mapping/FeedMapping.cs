using System.Collections.Frozen;
using System.Collections.Immutable;
using NodaTime;
using Tracking.Carriers.Flat;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Mapping;

/// <summary>What is wrong in a mapping file, where, and what to write instead.</summary>
/// <param name="Line">Line in the file, from 1; 0 when the file as a whole is meant.</param>
/// <param name="Setting">The setting: <c>date.format</c>.</param>
public sealed record MappingProblem(int Line, string Setting, string Problem, string Fix)
{
    public override string ToString() => $"{(Line > 0 ? $"line {Line}, " : "")}{Setting}: {Problem} {Fix}".TrimEnd();
}

/// <summary>The form of the files a mapping reads.</summary>
public enum MappingForm : byte { Delimited, Fixed, Json, Xml, Edifact }

/// <summary>Where a value is found: the first of the paths that has one, or a constant.</summary>
/// <param name="Paths">Column names (or <c>#3</c>, from 1) of a row; paths of a JSON or XML item.</param>
public sealed record MappedField(ImmutableArray<string> Paths, string? Constant = null);

/// <summary>How a time is written.</summary>
/// <param name="Columns">One place with date and time, or two with one each.</param>
/// <param name="Formats">.NET patterns, or <c>iso</c>, <c>unix</c>, <c>unixMillis</c>; the first that fits reads the value.</param>
/// <param name="NoTime">What the time part says when there is none: <c>0000</c>.</param>
public sealed record MappedDate(ImmutableArray<MappedField> Columns, ImmutableArray<string> Formats, ImmutableArray<string> NoTime, MappedZone Zone);

/// <summary>How the zone of a time without an offset is found: fixed, by the value of a field (a depot), by the event's place, or as the feed is configured.</summary>
public sealed record MappedZone(DateTimeZone? Fixed, MappedField? By, FrozenDictionary<string, DateTimeZone>? Zones, bool ByPlace)
{
    public static readonly MappedZone Place = new(null, null, null, true);
}

/// <summary>
/// A format that an operator described instead of a programmer: a mapping file, read and checked. See the worked example in the README of this project.
/// </summary>
public sealed record FeedMapping
{
    public required string Format { get; init; }
    public required string Description { get; init; }
    public required MappingForm Form { get; init; }
    /// <summary>Carrier slug of every scan; null when a field or the feed's configuration names it.</summary>
    public string? CarrierSlug { get; init; }

    // ---- rows --------------------------------------------------------------------------------------------------------
    public RowSyntax Syntax { get; init; } = new(';');
    public bool HasHeader { get; init; } = true;
    /// <summary>Names of columns without a header, in order.</summary>
    public ImmutableArray<string> Columns { get; init; } = [];
    /// <summary>Fixed width: name, first position (from 0) and length.</summary>
    public ImmutableArray<(string Name, int Start, int Length)> Positions { get; init; } = [];
    public int SkipLines { get; init; }
    /// <summary>Only rows whose column has one of these values are events; null: every row.</summary>
    public (MappedField Field, FrozenSet<string> Values)? Only { get; init; }
    /// <summary>Rows whose column has one of these values (the empty one included) are no events.</summary>
    public ImmutableArray<(MappedField Field, FrozenSet<string> Values)> Ignore { get; init; } = [];

    // ---- JSON and XML ------------------------------------------------------------------------------------------------
    /// <summary>The way to the repeating element, outermost first.</summary>
    public ImmutableArray<string> Items { get; init; } = [];

    // ---- fields ------------------------------------------------------------------------------------------------------
    public required MappedField Number { get; init; }
    public MappedField? Carrier { get; init; }
    public ImmutableArray<MappedField> Code { get; init; } = [];
    public MappedField? Status { get; init; }
    public MappedDate? Date { get; init; }
    public MappedDate? PublishedAt { get; init; }
    public MappedDate? EtaFrom { get; init; }
    public MappedDate? EtaTo { get; init; }
    public EtaKind EtaKind { get; init; }
    public FrozenDictionary<string, CodeMeaning> Codes { get; init; } = FrozenDictionary<string, CodeMeaning>.Empty;
    /// <summary>The plain text fields, by their setting's name.</summary>
    public FrozenDictionary<string, MappedField> Texts { get; init; } = FrozenDictionary<string, MappedField>.Empty;
    public string? WeightUnit { get; init; }

    /// <summary>Settings that are a plain field, and what they become.</summary>
    public static readonly FrozenSet<string> TextSettings = new[]
    {
        "pieceId", "uniqueId", "eventId", "type", "text", "lang", "locationText", "subStatus", "street", "city", "region", "postalCode", "country", "facility", "facilityType", "lat", "lon",
        "receiver", "leftAt", "image", "cod", "attempts", "reference", "service", "weight", "alternateNumber", "masterNumber",
        "originCountry", "originRegion", "originPostalCode", "destinationCountry", "destinationRegion", "destinationPostalCode", "destinationCity",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>What codes mean, most exact key first: <c>71/NHOME</c>, then <c>71/*</c>, <c>71</c>, <c>*</c>.</summary>
    public CodeMeaning MeaningOf(ReadOnlySpan<string?> codes)
    {
        var first = codes.Length > 0 ? codes[0] : null;
        if (first is null && codes.Length > 0) first = "";
        if (codes.Length > 2 && codes[2] is { } third && Codes.TryGetValue($"{first}/{codes[1]}/{third}", out var exact)) return exact;
        if (codes.Length > 1 && codes[1] is { } second && Codes.TryGetValue($"{first}/{second}", out exact)) return exact;
        if (codes.Length > 1 && Codes.TryGetValue($"{first}/*", out exact)) return exact;
        if (codes.Length > 1 && codes[1] is { } only && Codes.TryGetValue($"*/{only}", out exact)) return exact;
        if (first is not null && Codes.TryGetValue(first, out exact)) return exact;
        return Codes.GetValueOrDefault("*") ?? CodeMeaning.Unmapped;
    }
}
