using System.Collections.Immutable;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Dialects;

/// <summary>
/// What the output dialects need to know of a parcel: where it is believed to be now, and the scans behind it, oldest first. Holds nothing that a page for anyone with
/// the tracking number must not show, except what <see cref="Events"/> carry; the dialects leave that out.
/// </summary>
public sealed record ParcelSnapshot
{
    /// <summary>Carrier slug.</summary>
    public required string Carrier { get; init; }
    public required string TrackingNumber { get; init; }
    public Milestone Status { get; init; }
    public Reason Reason { get; init; }
    /// <summary>The public page, absolute.</summary>
    public string? TrackingUrl { get; init; }
    /// <summary>The delivery window we stand by; local time of the destination.</summary>
    public EtaStatement? Expected { get; init; }
    public string? OrderNumber { get; init; }
    /// <summary>The retailer's name.</summary>
    public string? Merchant { get; init; }
    public string? ItemName { get; init; }
    /// <summary>Area only: city, region, postal code, country.</summary>
    public Place? Origin { get; init; }
    public Place? Destination { get; init; }
    public ImmutableArray<Scan> Events { get; init; } = [];
}
