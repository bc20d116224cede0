namespace Tracking.Domain.Vocabulary;

/// <summary>How finely a time was told.</summary>
[GenerateSerializer, Alias("tracking.precision")]
public enum Precision : byte { Second = 0, Minute = 1, Day = 2 }

/// <summary>How the zone of a local time was found. Part of the fact: a guessed offset never looks like a told one.</summary>
[GenerateSerializer, Alias("tracking.zone-source")]
public enum ZoneSource : byte
{
    /// <summary>Nobody knows; <see cref="OccurredTime.Utc"/> is empty and the instant is uncertain by 14 hours either way.</summary>
    Unknown = 0,
    /// <summary>The message carried an offset.</summary>
    Explicit = 1,
    /// <summary>The message carried local time and UTC beside each other.</summary>
    UtcPair = 2,
    /// <summary>The message named its zone by a code of the format (X12 <c>ET</c>).</summary>
    Code = 3,
    /// <summary>Looked up from the place.</summary>
    Place = 4,
    /// <summary>The feed's own configuration says so.</summary>
    Profile = 5,
    /// <summary>An offset was written but the sender is known to attach it without meaning it (EasyPost's <c>Z</c>): uncertain by 14 hours like an unknown zone.</summary>
    Claimed = 6,
}

/// <summary>
/// When something happened, exactly as it was told: the local time at the event's place, the offset if one is known, and how it was found.
/// <see cref="Utc"/> is set only when the instant is known to the told precision; a day is never turned into a midnight.
/// A carrier's placeholder (<c>19000101</c>) is the default value: no local time at all.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.occurred")]
public readonly record struct OccurredTime(
    [property: Id(0)] DateTime? Local,
    [property: Id(1)] TimeSpan? Offset,
    [property: Id(2)] DateTimeOffset? Utc,
    [property: Id(3)] Precision Precision,
    [property: Id(4)] ZoneSource ZoneSource)
{
    /// <summary>How far a zone-less time may lie from the same clock reading in UTC.</summary>
    public static readonly TimeSpan ZoneUncertainty = TimeSpan.FromHours(14);

    /// <summary>No time was told, or only a placeholder.</summary>
    public static readonly OccurredTime Untold;

    public bool IsTold => Local is not null;

    /// <summary>An instant with its offset, told by the message.</summary>
    public static OccurredTime At(DateTimeOffset told, Precision precision = Precision.Second, ZoneSource source = ZoneSource.Explicit)
        => new(told.DateTime, told.Offset, told.ToUniversalTime(), precision, source);

    /// <summary>A local time whose zone nobody knows.</summary>
    public static OccurredTime AtLocal(DateTime local, Precision precision = Precision.Second)
        => new(DateTime.SpecifyKind(local, DateTimeKind.Unspecified), null, null, precision, ZoneSource.Unknown);

    /// <summary>A calendar day at the event's place. The offset may be known; the instant is not.</summary>
    public static OccurredTime On(DateOnly day, TimeSpan? offset = null, ZoneSource source = ZoneSource.Unknown)
        => new(day.ToDateTime(TimeOnly.MinValue), offset, null, Precision.Day, source);

    /// <summary>True when the instant is known exactly (to a second or minute) and its zone was not merely claimed.</summary>
    public bool IsExact => Utc is not null && Precision != Precision.Day && ZoneSource is not (ZoneSource.Unknown or ZoneSource.Claimed);

    /// <summary>The earliest instant this may have been (inclusive). Untold: the beginning of time.</summary>
    public DateTimeOffset Earliest => IsExact ? Utc!.Value : Local is null ? DateTimeOffset.MinValue
        : Shift(Local.Value, Offset is { } o && ZoneSource != ZoneSource.Claimed ? -o : -ZoneUncertainty);

    /// <summary>The latest instant this may have been (exclusive for a day, inclusive otherwise). Untold: the end of time.</summary>
    public DateTimeOffset Latest => IsExact ? Utc!.Value : Local is null ? DateTimeOffset.MaxValue
        : Shift(Precision == Precision.Day ? Local.Value.AddDays(1) : Local.Value, Offset is { } o && ZoneSource != ZoneSource.Claimed ? -o : ZoneUncertainty);

    private static DateTimeOffset Shift(DateTime local, TimeSpan by) => new DateTimeOffset(DateTime.SpecifyKind(local, DateTimeKind.Utc)).Add(by);
}
