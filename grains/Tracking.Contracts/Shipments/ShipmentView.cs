using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Shipments;

/// <summary>
/// A shipment as people see it. Holds no personal data unless <see cref="TrackingEvent.Text"/> or <see cref="TrackingEvent.Proof"/> were asked for:
/// the tracking page's shared view never does.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.shipment-view")]
public sealed record ShipmentView
{
    [Id(0)] public required ShipmentKey Key { get; init; }
    /// <summary>Public id of this use of the number.</summary>
    [Id(1)] public required string UseId { get; init; }
    [Id(2)] public int Version { get; init; }
    [Id(3)] public DateTimeOffset RecordedAt { get; init; }
    [Id(4)] public Milestone Status { get; init; }
    [Id(5)] public string? SubStatus { get; init; }
    [Id(6)] public Modifiers Modifiers { get; init; }
    [Id(7)] public Reason Reason { get; init; }
    /// <summary>When the current status began, as far as the order of scans tells.</summary>
    [Id(8)] public DateTimeOffset? Since { get; init; }
    /// <summary>What pages show; null when no date can be given.</summary>
    [Id(9)] public ShownWindow? Window { get; init; }
    [Id(10)] public DeliveryEstimate? Estimate { get; init; }
    [Id(11)] public CarrierDate? CarrierDate { get; init; }
    [Id(12)] public DateTimeOffset? LastHeardAt { get; init; }
    [Id(13)] public DateTimeOffset? NextScanExpectedBy { get; init; }
    [Id(14)] public DateTimeOffset? SilentSince { get; init; }
    [Id(15)] public ImmutableArray<PieceView> Pieces { get; init; } = [];
    /// <summary>Newest first. A live update carries the newest few.</summary>
    [Id(16)] public ImmutableArray<TrackingEvent> Events { get; init; } = [];
    [Id(17)] public int EventCount { get; init; }
    [Id(18)] public ImmutableArray<UseView> Uses { get; init; } = [];
    [Id(19)] public ImmutableArray<TrackingLink> Links { get; init; } = [];
    [Id(20)] public string? DestinationCity { get; init; }
    [Id(21)] public string? DestinationRegion { get; init; }
    [Id(22)] public string? DestinationCountry { get; init; }
    [Id(23)] public string? Service { get; init; }
    /// <summary>IANA zone of the destination as far as it is known.</summary>
    [Id(24)] public string? DestinationZone { get; init; }
    [Id(25)] public int LinkGeneration { get; init; }
    /// <summary>What pages showed before <see cref="Window"/>, to be struck out beside it; null when nothing was replaced.</summary>
    [Id(26)] public ShownWindow? WindowBefore { get; init; }
    /// <summary>Where it goes, as the carriers told it; only for those entitled.</summary>
    [Id(27)] public string? DestinationPostalCode { get; init; }
}

[GenerateSerializer, Immutable, Alias("tracking.piece-view")]
public sealed record PieceView([property: Id(0)] string? PieceId, [property: Id(1)] Milestone Status, [property: Id(2)] Modifiers Modifiers);

[GenerateSerializer, Immutable, Alias("tracking.use-view")]
public sealed record UseView([property: Id(0)] string Id, [property: Id(1)] string? UniqueId, [property: Id(2)] Milestone Status, [property: Id(3)] DateTimeOffset? FirstAt);

/// <summary>One line of a history.</summary>
/// <param name="At">The instant its place in the order stands for.</param>
/// <param name="Text">The carrier's own text; only for those entitled.</param>
[GenerateSerializer, Immutable, Alias("tracking.event-view")]
public sealed record TrackingEvent(
    [property: Id(0)] DedupKey Key,
    [property: Id(1)] ScanKind Kind,
    [property: Id(2)] Milestone? Status,
    [property: Id(3)] string? SubStatus,
    [property: Id(4)] Modifiers Modifiers,
    [property: Id(5)] Reason Reason,
    [property: Id(6)] OccurredTime Occurred,
    [property: Id(7)] DateTimeOffset At,
    [property: Id(8)] bool Retracted,
    [property: Id(9)] Place? Place,
    [property: Id(10)] RawCodes? Raw,
    [property: Id(11)] string? PieceId,
    [property: Id(12)] DateTimeOffset ReceivedAt,
    [property: Id(13)] DeliveryProof? Proof = null,
    [property: Id(14)] string? EventId = null,
    [property: Id(15)] ScanSource? Source = null,
    [property: Id(16)] Evidence? Evidence = null,
    [property: Id(17)] EtaStatement? Eta = null,
    [property: Id(18)] string? Carrier = null);
