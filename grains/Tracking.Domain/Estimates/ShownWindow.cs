namespace Tracking.Domain.Estimates;

/// <summary>Why the page shows another window than before. The numbers are stored; none is reused.</summary>
[GenerateSerializer, Alias("tracking.window-reason")]
public enum WindowReason : byte
{
    /// <summary>The first window of this parcel.</summary>
    First = 0,
    /// <summary>The parcel came a stage further and we know more.</summary>
    StageReached = 1,
    /// <summary>The carrier reported a disruption.</summary>
    Disruption = 2,
    /// <summary>The shown days passed and the parcel is not there.</summary>
    EndPassed = 3,
    /// <summary>Nothing was scanned and the shown days grew improbable.</summary>
    NotScanned = 4,
    /// <summary>Parcels on this route are slower at present.</summary>
    RouteSlower = 5,
    /// <summary>Parcels on this route are faster at present.</summary>
    RouteFaster = 6,
    /// <summary>Longer under way than almost any parcel before: no date is shown.</summary>
    Overdue = 7,
    /// <summary>It was scanned, but it is behind most parcels of its route.</summary>
    BehindOthers = 8,
    /// <summary>A storm was announced for the destination, and parcels are slower.</summary>
    Storm = 9,
    /// <summary>A strike was announced for the destination, and parcels are slower.</summary>
    Strike = 10,
    /// <summary>A peak was announced for the destination, and parcels are slower.</summary>
    Peak = 11,
    /// <summary>Something else was announced for the destination, and parcels are slower.</summary>
    Announced = 12,
}

/// <summary>What made us look again.</summary>
public enum WindowTrigger : byte
{
    /// <summary>Time passed: the end of a shown day, silence, a new snapshot.</summary>
    Clock = 0,
    /// <summary>A scan that changed neither stage nor fortune.</summary>
    Scan = 1,
    /// <summary>A scan that brought a new stage.</summary>
    Stage = 2,
    /// <summary>A scan that reported a disruption.</summary>
    Disruption = 3,
}

/// <summary>
/// What the page shows for one parcel, and how often it had to change its mind. Whole local days at the door, both included; both null while overdue.
/// </summary>
/// <param name="Confidence">Mass of the window when it was published, 0 to 1.</param>
/// <param name="PublishedAt">When this window was first shown.</param>
/// <param name="SnapshotId">Which snapshot it came from.</param>
/// <param name="Revisions">How many windows were shown before this one and replaced. Days that merely passed are not a revision.</param>
/// <param name="Flips">How many of those moved earlier after an earlier one had moved later.</param>
/// <param name="MovedLater">The last revision that moved at all moved the window's end later.</param>
[GenerateSerializer, Immutable, Alias("tracking.shown-window")]
public sealed record ShownWindow(
    [property: Id(0)] DateOnly? From,
    [property: Id(1)] DateOnly? To,
    [property: Id(2)] double Confidence,
    [property: Id(3)] DateTimeOffset PublishedAt,
    [property: Id(4)] long SnapshotId,
    [property: Id(5)] WindowReason Reason,
    [property: Id(6)] int Revisions = 0,
    [property: Id(7)] int Flips = 0,
    [property: Id(8)] bool MovedLater = false)
{
    /// <summary>The days still possible on this day: what a page prints. Null while overdue, or when the window has passed and awaits its replacement.</summary>
    public (DateOnly From, DateOnly To)? VisibleOn(DateOnly today)
        => From is { } from && To is { } to && to >= today ? (from > today ? from : today, to) : null;
}
