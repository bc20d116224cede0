using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace Tracking.Domain.Estimates;

/// <summary>
/// The offsets of one IANA zone as a sorted list of changes, 2014 to 2042, so that a conversion is a short search and no allocation
/// (<see cref="TimeZoneInfo"/> allocates and takes microseconds). The rules are those of the machine's time zone data.
/// </summary>
internal sealed class ZoneOffsets
{
    private static readonly ConcurrentDictionary<string, ZoneOffsets> Known = new(StringComparer.Ordinal);
    private static readonly FrozenDictionary<string, string> MainZones = LoadMainZones();

    public static readonly ZoneOffsets Utc = new(TimeZoneInfo.Utc);

    private readonly long[] _changes;   // UTC ticks from which _offsets[i] holds; the first is the beginning of time
    private readonly long[] _offsets;

    private ZoneOffsets(TimeZoneInfo zone)
    {
        var changes = new List<long> { 0 };
        var first = new DateTime(2014, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var offsets = new List<long> { zone.GetUtcOffset(first).Ticks };
        for (var day = first; day.Year < 2042; day = day.AddDays(1))
        {
            var after = zone.GetUtcOffset(day.AddDays(1)).Ticks;
            if (after == offsets[^1]) continue;
            var (low, high) = (day, day.AddDays(1));
            while (high - low > TimeSpan.FromMinutes(1))
            {
                var middle = low.AddTicks((high - low).Ticks / 2 / TimeSpan.TicksPerMinute * TimeSpan.TicksPerMinute);
                if (zone.GetUtcOffset(middle).Ticks == after) high = middle; else low = middle;
            }
            changes.Add(high.Ticks);
            offsets.Add(after);
        }
        _changes = [.. changes];
        _offsets = [.. offsets];
    }

    /// <summary>The zone of that name; for a missing or unknown name the most populous zone of the country; for an unknown country UTC.</summary>
    public static ZoneOffsets Of(string? zone, string? country)
    {
        if (zone is not null)
        {
            if (Known.TryGetValue(zone, out var known)) return known;
            if (zone.Length <= 64 && Known.Count < 1_000 && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found))
                return Known.GetOrAdd(zone, new ZoneOffsets(found));
        }
        return country is not null && MainZones.TryGetValue(country, out var main) && main != zone ? Of(main, null) : Utc;
    }

    public long OffsetTicks(long utcTicks)
    {
        var at = Array.BinarySearch(_changes, utcTicks);
        return _offsets[at >= 0 ? at : Math.Max(~at - 1, 0)];   // a day before the beginning of time is still a question
    }

    public long ToLocal(long utcTicks) => utcTicks + OffsetTicks(utcTicks);

    /// <summary>The instant of a local clock reading. One that occurs twice is the earlier; one that is skipped moves on by the gap.</summary>
    public long ToUtc(long localTicks)
    {
        var before = OffsetTicks(localTicks - TimeSpan.TicksPerDay);
        var utc = localTicks - before;
        var offset = OffsetTicks(utc);
        return offset <= before && OffsetTicks(utc - 1) == before ? utc : localTicks - offset < utc && OffsetTicks(localTicks - offset) == before ? utc : localTicks - offset;
    }

    // countries.csv: country,zone
    private static FrozenDictionary<string, string> LoadMainZones()
        => EstimateTables.Rows("countries.csv").ToFrozenDictionary(r => r[0], r => r[1], StringComparer.OrdinalIgnoreCase);
}

/// <summary>The small tables of this folder, shipped inside the assembly. Lines that start with # are comments.</summary>
internal static class EstimateTables
{
    public static IEnumerable<string[]> Rows(string name)
    {
        using var stream = typeof(EstimateTables).Assembly.GetManifestResourceStream("Estimates/" + name)
            ?? throw new InvalidOperationException($"The table Estimates/{name} is not in the assembly.");
        using var reader = new StreamReader(stream);
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
            if (line.Length > 0 && line[0] != '#')
                yield return line.Split(',');
    }
}
