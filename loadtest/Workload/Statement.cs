namespace Tracking.LoadTest.Workload;

/// <summary>
/// One scan as it is sent. <paramref name="Event"/> counts distinct scans of the run; a copy has the number of its original.
/// <paramref name="Retracts"/> names the event taken back, -1 for none.
/// </summary>
public readonly record struct Statement(long Event, Parcel Parcel, int Step, Happening Happening, Facility Facility, long UtcSeconds, bool Copy = false, long Retracts = -1);
