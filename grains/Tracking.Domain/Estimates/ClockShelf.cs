using System.Collections.Concurrent;

namespace Tracking.Domain.Estimates;

/// <summary>
/// The carrier clocks that were asked for, built once each: a pure function of profile and holidays, kept because building takes a millisecond. A new
/// profile means a new shelf entry; snapshots share the shelf of their learner. Bounded; beyond the bound a clock is built anew each time.
/// </summary>
internal sealed class ClockShelf
{
    private const int Most = 4_096;

    private readonly ConcurrentDictionary<ulong, (ImmutableArray<double> Profile, CarrierClock Clock)> _clocks = new();

    public CarrierClock Of(ulong fleet, ImmutableArray<double> profile, string? country, string? region)
    {
        var (land, state) = (Hash64.Text(country), Hash64.Text(region));
        if (!Holidays.HasOwn(land, state)) state = 0;
        var key = Hash64.Key(profile == WeekProfile.Default ? land : fleet, state);
        if (_clocks.TryGetValue(key, out var found) && found.Profile == profile) return found.Clock;
        var clock = new CarrierClock(profile.AsSpan(), country, state == 0 ? null : region);
        if (_clocks.Count < Most || _clocks.ContainsKey(key)) _clocks[key] = (profile, clock);
        return clock;
    }
}
