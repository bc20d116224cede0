using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Dhl;

internal static class DhlTimes
{
    /// <summary>
    /// Unified's timestamps are clock readings of the place. A <c>Z</c> comes and goes between two copies of one event and means nothing; a numeric offset is
    /// meant. Midnight without an offset is a day.
    /// </summary>
    public static OccurredTime Unified(string? text, Place? place, FeedContext context, out DecodeProblem? problem, out DecodeProblem? note)
    {
        problem = note = null;
        switch (DateText.TryIso(text, out var local, out var offset, out var precision))
        {
            case DateReading.Missing or DateReading.Placeholder: return OccurredTime.Untold;
            case DateReading.Impossible: problem = EventTimes.Impossible(text); return OccurredTime.Untold;
        }
        problem = EventTimes.Implausible(local, context);
        if (problem is not null) return OccurredTime.Untold;
        if (offset is { } told && !EndsInZ(text)) return EventTimes.FromOffset(local, told, precision);
        return precision == Precision.Day || local.TimeOfDay == TimeSpan.Zero
            ? EventTimes.Date(DateOnly.FromDateTime(local), place, context)
            : EventTimes.Local(local, precision, place, context, out note);
    }

    /// <summary>A delivery date or time of the destination; null when it is none. <c>Z</c> is not taken for an offset here either.</summary>
    public static EtaStatement? Promise(string? text, FeedContext context)
    {
        if (Reading(text, context) is not { } at) return null;
        return new EtaStatement(at.Local, at.Local, at.Offset, at.Precision, EtaKind.Estimated);
    }

    public static (DateTime Local, TimeSpan? Offset, Precision Precision)? Reading(string? text, FeedContext context)
    {
        if (text is null) return null;
        // XML-PI: "2025-03-12 23:59:00 GMT+01:00"
        var gmt = text.IndexOf(" GMT", StringComparison.Ordinal);
        if (gmt > 0) text = text[..gmt] + text[(gmt + 4)..].Trim();
        if (DateText.TryIso(text, out var local, out var offset, out var precision) != DateReading.Told || EventTimes.Implausible(local, context) is not null) return null;
        if (EndsInZ(text)) offset = null;
        if (local.TimeOfDay == TimeSpan.Zero) precision = Precision.Day;
        return (local, precision == Precision.Day ? null : offset, precision);
    }

    private static bool EndsInZ(string? text) => text is [.., 'Z' or 'z'];
}
