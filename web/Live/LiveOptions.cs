using System.ComponentModel.DataAnnotations;

namespace Tracking.Web.Live;

/// <summary>Limits of live pages, section <c>Live</c>. Defaults are those of the security rules.</summary>
public sealed class LiveOptions
{
    /// <summary>Open sockets and event streams of one link. Default 5: a person's devices and tabs. The next page polls.</summary>
    [Range(1, 1_000_000)] public int SocketsPerLink { get; set; } = 5;

    /// <summary>Open sockets and event streams from one address. Default 20: a household or a small office behind one address.</summary>
    [Range(1, 1_000_000)] public int SocketsPerAddress { get; set; } = 20;

    /// <summary>
    /// Whether <see cref="SocketsPerAddress"/> also counts loopback peers. Default no: a loopback peer is a proxy on this machine (which speaks for
    /// everybody) or this machine's owner.
    /// </summary>
    public bool CountLoopback { get; set; }

    /// <summary>Open pages of this node. Default 50,000: at 25 kB each about 1.2 GB. Later ones poll.</summary>
    [Range(1, 10_000_000)] public int Watchers { get; set; } = 50_000;

    /// <summary>Origins beside the page's own that may open a socket, such as <c>https://shop.example</c>. Default none.</summary>
    public List<string> AllowedOrigins { get; set; } = [];

    /// <summary>Messages a watcher may send in a minute. Default 10: it has one thing to say.</summary>
    [Range(1, 10_000)] public int MessagesPerMinute { get; set; } = 10;

    /// <summary>Seconds a single send may take before the connection is cut. Default 30.</summary>
    [Range(1, 600)] public int SlowSendSeconds { get; set; } = 30;

    /// <summary>Seconds between renewals of leases. Default 5: a missed push is repaired within that time.</summary>
    [Range(1, 60)] public int RenewSeconds { get; set; } = 5;

    /// <summary>Seconds a lease lasts without renewal. Default 15: three renewals.</summary>
    [Range(2, 300)] public int LeaseSeconds { get; set; } = 15;

    /// <summary>Seconds over which pages come back after a polite close. Default 10.</summary>
    [Range(1, 600)] public int DrainSpreadSeconds { get; set; } = 10;
}
