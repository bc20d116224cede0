using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Estimates;

/// <summary>
/// All that an estimate may know of one parcel: open facts only, never a name or a street. Every member may be missing; a missing one falls back
/// to its parent (no postcode: the lane; no region: the country pair; no service: the carrier). A value on the stack, so that asking costs no memory.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.journey-facts")]
public readonly record struct JourneyFacts
{
    /// <summary>Carrier slug (<see cref="Vocabulary.Carrier"/>); null before a carrier is chosen.</summary>
    [Id(0)] public string? Carrier { get; init; }
    /// <summary>The carrier's service as told ("GROUND", "Ground", "03" where it sends codes). Letters and digits count, case does not.</summary>
    [Id(1)] public string? Service { get; init; }
    /// <summary>Whose parcel. Handling time is learned per retailer; with several warehouses append one (<c>shop/leipzig</c>).</summary>
    [Id(2)] public string? Retailer { get; init; }

    /// <summary>ISO 3166-1 alpha-2.</summary>
    [Id(3)] public string? OriginCountry { get; init; }
    /// <summary>State or province code.</summary>
    [Id(4)] public string? OriginRegion { get; init; }
    [Id(5)] public string? OriginPostalCode { get; init; }
    /// <summary>ISO 3166-1 alpha-2.</summary>
    [Id(6)] public string? DestinationCountry { get; init; }
    [Id(7)] public string? DestinationRegion { get; init; }
    [Id(8)] public string? DestinationPostalCode { get; init; }
    /// <summary>IANA zone of the door (<c>America/Sao_Paulo</c>). Missing or unknown: the most populous zone of the destination country, else UTC.</summary>
    [Id(9)] public string? DestinationZone { get; init; }

    [Id(10)] public JourneyStage Stage { get; init; }
    /// <summary>When the parcel came into <see cref="Stage"/>. A time after "now" (a carrier's clock jump) counts as now.</summary>
    [Id(11)] public DateTimeOffset StageEnteredAt { get; init; }
    [Id(12)] public DateTimeOffset? OrderedAt { get; init; }
    [Id(13)] public DateTimeOffset? HandedOverAt { get; init; }
    [Id(14)] public DateTimeOffset? LastScanAt { get; init; }

    [Id(15)] public Milestone Milestone { get; init; }
    [Id(16)] public Modifiers Modifiers { get; init; }
    /// <summary>The carrier's (or, before it speaks, the shop's) own date: evidence with the trust its history earned, not gospel.</summary>
    [Id(17)] public CarrierDate? CarrierDate { get; init; }
    /// <summary>Great-circle distance in kilometres, where somebody knows it.</summary>
    [Id(18)] public double? DistanceKm { get; init; }
}

/// <summary>A stated delivery date or range of dates, local days at the door, both ends included.</summary>
/// <param name="StatedAt">When it was stated; an estimate for an earlier moment must not use it.</param>
[GenerateSerializer, Immutable, Alias("tracking.carrier-date")]
public readonly record struct CarrierDate(
    [property: Id(0)] DateOnly From,
    [property: Id(1)] DateOnly To,
    [property: Id(2)] DateTimeOffset StatedAt);
