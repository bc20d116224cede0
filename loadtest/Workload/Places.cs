namespace Tracking.LoadTest.Workload;

/// <summary>A place that scans parcels. The offset is the zone's on the days a run plays (no run plays a change of the clocks).</summary>
public sealed record Facility(string Id, string City, string Region, string PostalCode, string Country, int OffsetMinutes);

/// <summary>The map the parcels travel: pick-up places, hubs and towns. Cities and postal codes are real, facility ids are ours.</summary>
public static class Places
{
    public static readonly IReadOnlyList<Facility> Origins =
    [
        new("OR-REN", "RENO", "NV", "89502", "US", -480),
        new("OR-CMH", "GROVEPORT", "OH", "43125", "US", -300),
        new("OR-DFW", "FORT WORTH", "TX", "76177", "US", -360),
        new("OR-EWR", "EDISON", "NJ", "08817", "US", -300),
        new("OR-ATL", "UNION CITY", "GA", "30291", "US", -300),
        new("OR-SEA", "KENT", "WA", "98032", "US", -480),
    ];

    public static readonly IReadOnlyList<Facility> Hubs =
    [
        new("HUB-SDF", "LOUISVILLE", "KY", "40213", "US", -300),
        new("HUB-MEM", "MEMPHIS", "TN", "38118", "US", -360),
        new("HUB-IND", "INDIANAPOLIS", "IN", "46241", "US", -300),
        new("HUB-ONT", "ONTARIO", "CA", "91761", "US", -480),
        new("HUB-PHL", "PHILADELPHIA", "PA", "19153", "US", -300),
    ];

    public static readonly IReadOnlyList<Facility> Towns =
    [
        new("DC-DLH", "DULUTH", "MN", "55802", "US", -360),
        new("DC-MCN", "MACON", "GA", "31201", "US", -300),
        new("DC-BOI", "BOISE", "ID", "83702", "US", -420),
        new("DC-PWM", "PORTLAND", "ME", "04101", "US", -300),
        new("DC-TUS", "TUCSON", "AZ", "85701", "US", -420),
        new("DC-MSN", "MADISON", "WI", "53703", "US", -360),
        new("DC-SAV", "SAVANNAH", "GA", "31401", "US", -300),
        new("DC-EUG", "EUGENE", "OR", "97401", "US", -480),
        new("DC-BUF", "BUFFALO", "NY", "14202", "US", -300),
        new("DC-LIT", "LITTLE ROCK", "AR", "72201", "US", -360),
        new("DC-ABQ", "ALBUQUERQUE", "NM", "87102", "US", -420),
        new("DC-RIC", "RICHMOND", "VA", "23219", "US", -300),
    ];
}
