using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.FedEx;

/// <summary>What FedEx's times mean: a scan's offset is that of its place, any other offset is that of a FedEx system.</summary>
internal static class FedExTimes
{
    /// <summary>
    /// When a scan happened. With an offset: exact. Without one: the clock of a place whose zone FedEx does not tell, and a day where it reads midnight. Ground
    /// writes the pickup <em>day</em> as midnight with an offset.
    /// </summary>
    public static OccurredTime Scan(FedExEvent told, string? network, FeedContext context, out DecodeProblem? problem)
    {
        problem = null;
        switch (DateText.TryIso(told.When, out var local, out var offset, out var precision))
        {
            case DateReading.Missing or DateReading.Placeholder: return OccurredTime.Untold;
            case DateReading.Impossible: problem = EventTimes.Impossible(told.When); return OccurredTime.Untold;
        }
        problem = EventTimes.Implausible(local, context);
        if (problem is not null) return OccurredTime.Untold;

        var midnight = precision == Precision.Day || local.TimeOfDay == TimeSpan.Zero;
        if (offset is not { } known)
            return midnight ? EventTimes.Date(DateOnly.FromDateTime(local), null, context) : EventTimes.Local(local, precision, null, context);
        return midnight && told.Code == "PU" && network == "FDXG"
            ? OccurredTime.On(DateOnly.FromDateTime(local), known, ZoneSource.Explicit)
            : EventTimes.FromOffset(local, known, precision);
    }

    /// <summary>
    /// A date of <c>dateAndTimes</c>: midnight is a day, whatever the offset beside it. Any other time keeps its reading, and its offset as claimed. Untold when it is no date.
    /// </summary>
    public static OccurredTime System(string text, FeedContext context)
    {
        if (DateText.TryIso(text, out var local, out var offset, out var precision) != DateReading.Told || EventTimes.Implausible(local, context) is not null)
            return OccurredTime.Untold;
        if (precision == Precision.Day || local.TimeOfDay == TimeSpan.Zero) return OccurredTime.On(DateOnly.FromDateTime(local));
        return offset is { } claimed ? EventTimes.Claimed(local, claimed, precision) : OccurredTime.AtLocal(local, precision);
    }

    /// <summary>A delivery window. It has an offset only where every end that is told has the same; <c>begins</c> often lacks the one that <c>ends</c> has.</summary>
    public static EtaStatement? Window(FedExWindow told, FeedContext context, List<DecodeProblem> notes)
    {
        var begins = End(told.Begins, told, context, notes);
        var ends = End(told.Ends, told, context, notes);
        if ((begins ?? ends) is not { } any) return null;
        var offset = begins is null ? ends!.Value.Offset : ends is null || begins.Value.Offset == ends.Value.Offset ? begins.Value.Offset : null;
        var kind = told.Name == "estimatedDeliveryTimeWindow" ? EtaKind.Estimated : EtaKind.Scheduled;
        var precision = begins is { } b && ends is { } e ? (b.Precision < e.Precision ? b.Precision : e.Precision) : any.Precision;
        return new EtaStatement(begins?.Local, ends?.Local, offset, precision, kind, told.Name);
    }

    private static (DateTime Local, TimeSpan? Offset, Precision Precision)? End(string? text, FedExWindow told, FeedContext context, List<DecodeProblem> notes)
    {
        switch (DateText.TryIso(text, out var local, out var offset, out var precision))
        {
            case DateReading.Missing or DateReading.Placeholder: return null;
            case DateReading.Told when EventTimes.Implausible(local, context) is null: return (local, offset, precision);
            default:
                notes.Add(EventTimes.Impossible(text) with { Detail = $"{told.Pointer}: '{text}' is no time that can be used." });
                return null;
        }
    }
}
