using System.Text.Json;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Normalized;

/// <summary>
/// Scans in our own words: what <c>POST /v1/scans</c> takes and <c>decode</c> prints. A local time finds its zone by its place; a year that can only be a
/// slip is refused here, where the sender can still mend it.
/// </summary>
public static class NormalizedScans
{
    /// <summary>Nobody ships a parcel before this year...</summary>
    public const int FirstYear = 2000;
    /// <summary>...or later than this many years from now.</summary>
    public const int YearsAhead = 2;

    /// <summary>
    /// Reads one scan. The reader stands on the opening brace and ends on the closing one, whatever is wrong between them. Throws
    /// <see cref="JsonException"/> where the text is no JSON.
    /// </summary>
    public static Scan? TryRead(ref Utf8JsonReader json, FeedContext context, out ScanProblem? problem)
    {
        Scan? scan;
        var ours = context.Source();
        try { scan = ScanJson.TryRead(ref json, out problem, out _, unlessTold: ours); }
        // A name with bytes that are no UTF-8: the reader says so only when it is asked for the text.
        catch (InvalidOperationException e) { throw new JsonException("A name or text holds bytes that are no UTF-8.", e); }
        if (scan is null) return null;

        if (scan.Occurred.Local is { } local && (local.Year < FirstYear || local.Year > context.ReceivedAt.Year + YearsAhead))
        {
            problem = new ScanProblem("scan.time-implausible", $"occurredAt lies in the year {local.Year}; scans from {FirstYear} to {context.ReceivedAt.Year + YearsAhead} are taken.", "/occurredAt");
            return null;
        }
        var occurred = scan.Occurred;
        if (occurred is { Local: { } reading, ZoneSource: ZoneSource.Unknown, Offset: null })
        {
            occurred = occurred.Precision == Precision.Day
                ? EventTimes.Date(DateOnly.FromDateTime(reading), scan.Place, context)
                : EventTimes.Local(reading, occurred.Precision, scan.Place, context);
        }
        // Who sent it is ours to say, never the sender's.
        if (ReferenceEquals(scan.Source, ours) && scan.Evidence is null && occurred == scan.Occurred) return scan;
        return scan with { Occurred = occurred, Source = context.Source(scan.Source?.Sequence), Evidence = null };
    }
}
