using System.Collections.Concurrent;
using NodaTime;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Zones;

/// <summary>
/// Builds an <see cref="OccurredTime"/> from what a message told, never inventing an offset.
/// <para>A local time that a daylight-saving change skips keeps its clock reading and has neither offset nor instant. One that occurs twice has neither as well:
/// which of the two hours was meant is not in the message, and picking one would look exact. Both keep their zone source, and
/// <c>note</c> says <c>time.dst-gap</c> or <c>time.dst-fold</c>.</para>
/// </summary>
public static class EventTimes
{
    private static readonly ConcurrentDictionary<string, DateTimeZone> Zones = new(StringComparer.Ordinal);

    /// <summary>An IANA zone by name, or null; <c>UTC</c> is one.</summary>
    public static DateTimeZone? FindZone(string? name)
    {
        if (string.IsNullOrWhiteSpace(name)) return null;
        if (Zones.TryGetValue(name, out var known)) return known;
        // Only zones that exist are kept: messages of some formats name zones, and may name anything.
        return DateTimeZoneProviders.Tzdb.GetZoneOrNull(name.Trim()) is { } zone ? Zones[zone.Id] = zone : null;
    }

    /// <summary>A local time without offset: the place's zone if the place decides it, else the feed's configured zone, else unknown.</summary>
    public static OccurredTime Local(DateTime local, Precision precision, Place? place, FeedContext context)
        => Local(local, precision, place, context, out _);

    public static OccurredTime Local(DateTime local, Precision precision, Place? place, FeedContext context, out DecodeProblem? note)
    {
        if (precision == Precision.Day) { note = null; return Date(DateOnly.FromDateTime(local), place, context); }
        var (zone, source) = ZoneOf(place, context);
        if (zone is null) { note = null; return OccurredTime.AtLocal(local, precision); }
        return InZone(local, precision, zone, source, out note);
    }

    /// <summary>A local time in a zone that is known from elsewhere: a code of the format, a profile.</summary>
    public static OccurredTime InZone(DateTime local, Precision precision, DateTimeZone zone, ZoneSource source, out DecodeProblem? note)
    {
        note = null;
        local = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        if (precision == Precision.Day) return OnDay(DateOnly.FromDateTime(local), zone, source);
        if (local.Year is <= 1 or >= 9999) return OccurredTime.AtLocal(local, precision);
        var map = zone.MapLocal(LocalDateTime.FromDateTime(local));
        if (map.Count == 1) return FromOffset(local, map.EarlyInterval.WallOffset.ToTimeSpan(), precision, source);
        note = map.Count == 0
            ? new DecodeProblem("time.dst-gap", $"The clock reading {local:yyyy-MM-dd HH:mm:ss} does not exist in {zone.Id}: a daylight-saving change skips it.")
            : new DecodeProblem("time.dst-fold", $"The clock reading {local:yyyy-MM-dd HH:mm:ss} occurs twice in {zone.Id}; the message does not say which is meant.");
        return new OccurredTime(local, null, null, precision, source);
    }

    /// <summary>A local time with its offset, as the message told both.</summary>
    public static OccurredTime FromOffset(DateTime local, TimeSpan offset, Precision precision = Precision.Second, ZoneSource source = ZoneSource.Explicit)
    {
        local = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        if (precision == Precision.Day) return OccurredTime.On(DateOnly.FromDateTime(local), offset, source);
        // A DateTimeOffset knows whole minutes up to 14 hours; local mean times and slips beyond that keep the reading only.
        if (offset.Duration() > TimeSpan.FromHours(14) || offset.Ticks % TimeSpan.TicksPerMinute != 0 || local.Year is <= 1 or >= 9999)
            return OccurredTime.AtLocal(local, precision);
        return OccurredTime.At(new DateTimeOffset(local, offset), precision, source);
    }

    /// <summary>
    /// Local time and UTC side by side. Their difference is the offset when it is one that exists on earth (−12 to +14 h, whole quarter hours); otherwise the pair
    /// contradicts itself, the local time is taken alone by place, and the note says <c>time.pair-mismatch</c>.
    /// </summary>
    public static OccurredTime UtcPair(DateTime local, DateTime utc, Precision precision, Place? place, FeedContext context, out DecodeProblem? note)
    {
        var offset = local - utc;
        if (offset >= TimeSpan.FromHours(-12) && offset <= TimeSpan.FromHours(14) && offset.Ticks % (15 * TimeSpan.TicksPerMinute) == 0)
        {
            note = null;
            return FromOffset(local, offset, precision, ZoneSource.UtcPair);
        }
        var time = Local(local, precision, place, context, out _);
        note = new DecodeProblem("time.pair-mismatch", $"Local time {local:yyyy-MM-dd HH:mm:ss} and UTC {utc:yyyy-MM-dd HH:mm:ss} do not belong together; the local time was kept.");
        return time;
    }

    /// <summary>A time whose offset the sender is known to attach without meaning it: kept as claimed, without an instant.</summary>
    public static OccurredTime Claimed(DateTime local, TimeSpan? offset, Precision precision = Precision.Second)
        => new(DateTime.SpecifyKind(local, DateTimeKind.Unspecified), offset, null, precision, ZoneSource.Claimed);

    /// <summary>A calendar day at the place: a day stays a day. The offset is told where the zone is known and does not change on that day.</summary>
    public static OccurredTime Date(DateOnly day, Place? place, FeedContext context)
    {
        var (zone, source) = ZoneOf(place, context);
        return zone is null ? OccurredTime.On(day) : OnDay(day, zone, source);
    }

    /// <summary>
    /// ISO 8601 text in one call: with an offset exact, without one by place, a day as a day, a placeholder untold. Missing text is untold without a problem. A problem
    /// (<c>time.impossible</c>, <c>time.implausible</c>) means that this item cannot be read; <paramref name="note"/> is for what was odd but readable.
    /// </summary>
    public static OccurredTime Iso(string? text, Place? place, FeedContext context, out DecodeProblem? problem, out DecodeProblem? note)
    {
        note = null;
        switch (DateText.TryIso(text, out var local, out var offset, out var precision))
        {
            case DateReading.Impossible: problem = Impossible(text); return OccurredTime.Untold;
            case DateReading.Missing or DateReading.Placeholder: problem = null; return OccurredTime.Untold;
        }
        problem = Implausible(local, context);
        if (problem is not null) return OccurredTime.Untold;
        return offset is { } told ? FromOffset(local, told, precision) : Local(local, precision, place, context, out note);
    }

    public static DecodeProblem Impossible(string? text)
        => new("time.impossible", $"'{Shorten(text)}' is no date or time that exists.");

    /// <summary>
    /// Years nobody can have scanned a parcel in: before 2000 (a placeholder is not a year, ask <see cref="DateText.IsPlaceholder"/> first), or more than two years after the
    /// message arrived. Null when the year is fine.
    /// </summary>
    public static DecodeProblem? Implausible(DateTime local, FeedContext context)
    {
        var last = context.ReceivedAt == default ? 2100 : context.ReceivedAt.Year + 2;
        return local.Year >= 2000 && local.Year <= last ? null
            : new DecodeProblem("time.implausible", $"The year {local.Year} lies outside 2000 to {last}.");
    }

    private static (DateTimeZone? Zone, ZoneSource Source) ZoneOf(Place? place, FeedContext context)
        => PlaceZones.Find(place) is { } found ? (found, ZoneSource.Place)
        : FindZone(context.Zone) is { } profile ? (profile, ZoneSource.Profile)
        : (null, ZoneSource.Unknown);

    private static OccurredTime OnDay(DateOnly day, DateTimeZone zone, ZoneSource source)
    {
        if (day.Year is <= 1 or >= 9999) return OccurredTime.On(day);
        var date = new LocalDate(day.Year, day.Month, day.Day);
        var first = zone.GetUtcOffset(zone.AtStartOfDay(date).ToInstant());
        var last = zone.GetUtcOffset(zone.AtStartOfDay(date.PlusDays(1)).ToInstant() - Duration.Epsilon);
        return OccurredTime.On(day, first == last && first.Seconds % 60 == 0 ? first.ToTimeSpan() : null, source);
    }

    private static string Shorten(string? text) => text is null ? "" : text.Length <= 40 ? text : text[..40] + "…";
}
