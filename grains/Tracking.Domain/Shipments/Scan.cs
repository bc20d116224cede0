using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>What kind of statement a scan is.</summary>
[GenerateSerializer, Alias("tracking.scan-kind")]
public enum ScanKind : byte
{
    /// <summary>Something happened to the parcel.</summary>
    Scan = 0,
    /// <summary>A delivery date, from the carrier.</summary>
    Estimate = 1,
    /// <summary>A delivery date that was agreed.</summary>
    Appointment = 2,
    /// <summary>A fact that moves nothing: reference, proof, weight, document.</summary>
    Information = 3,
    /// <summary>Takes back an earlier scan (<see cref="Scan.Retracts"/>).</summary>
    Retraction = 4,
    /// <summary>A current status without the history behind it.</summary>
    Snapshot = 5,
}

/// <summary>
/// One carrier statement about one parcel, normalised and complete: raw codes apart from their meaning, local time with how its zone was found.
/// The shape and its JSON are <c>canonical event</c> of the README in <c>grains/Tracking.Carriers</c>. A scan never changes after it was decoded.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.scan")]
public sealed record Scan
{
    /// <summary>Carrier slug (<see cref="Vocabulary.Carrier"/>).</summary>
    [Id(0)] public required string Carrier { get; init; }
    /// <summary>Normalised number (<see cref="Vocabulary.TrackingNumber"/>).</summary>
    [Id(1)] public required string TrackingNumber { get; init; }
    /// <summary>The carrier's own name for this use of the number (FedEx <c>trackingNumberUniqueId</c>, USPS <c>uniqueMailPieceID</c>). A date is none: UPS names it in one answer and not in the next.</summary>
    [Id(2)] public string? UniqueId { get; init; }
    /// <summary>Which piece of a multi-piece shipment; null when the number is the piece.</summary>
    [Id(3)] public string? PieceId { get; init; }
    /// <summary>Other numbers of the same parcel.</summary>
    [Id(4)] public ImmutableArray<TrackingLink> Links { get; init; } = [];

    [Id(5)] public ScanKind Kind { get; init; }
    /// <summary>The milestone this scan states; null when it states none (information, unmapped code).</summary>
    [Id(6)] public Milestone? Status { get; init; }
    [Id(7)] public string? SubStatus { get; init; }
    [Id(8)] public Modifiers Modifiers { get; init; }
    [Id(9)] public Reason Reason { get; init; }
    /// <summary>Exactly as received, columns apart; null when the sender speaks our own vocabulary.</summary>
    [Id(10)] public RawCodes? Raw { get; init; }

    [Id(11)] public OccurredTime Occurred { get; init; }
    /// <summary>When the sender wrote the message.</summary>
    [Id(12)] public DateTimeOffset? PublishedAt { get; init; }
    /// <summary>When an aggregator saw it.</summary>
    [Id(13)] public DateTimeOffset? ObservedAt { get; init; }

    [Id(14)] public Place? Place { get; init; }
    [Id(15)] public EtaStatement? Eta { get; init; }
    [Id(16)] public DeliveryProof? Delivery { get; init; }

    /// <summary>The sender's own event id. Serves request idempotency only, never identity: senders change it on retry.</summary>
    [Id(17)] public string? EventId { get; init; }
    /// <summary>For a retraction: what it takes back.</summary>
    [Id(18)] public RetractionTarget? Retracts { get; init; }
    [Id(19)] public Evidence? Evidence { get; init; }
    [Id(20)] public ScanSource? Source { get; init; }

    /// <summary>Facts about the journey that messages carry beside events: service, origin and destination area, shipper, weight. Open data only.</summary>
    [Id(21)] public JourneyHints? Journey { get; init; }

    /// <summary>Identity: equal for two copies of one statement, whoever sent them and whenever. See <see cref="DedupKeys"/>.</summary>
    public DedupKey Key => DedupKeys.Of(this);   // not kept: a cached field would take part in the record's equality
}

/// <summary>Codes and texts exactly as received. <see cref="Text"/> and <see cref="LocationText"/> are free carrier text and are stored sealed.</summary>
[GenerateSerializer, Immutable, Alias("tracking.raw")]
public sealed record RawCodes(
    [property: Id(0)] string? Type = null,
    [property: Id(1)] string? Code = null,
    [property: Id(2)] string? SubCode = null,
    [property: Id(3)] string? ReasonCode = null,
    [property: Id(4)] string? ReasonSubCode = null,
    [property: Id(5)] string? Text = null,
    [property: Id(6)] string? Lang = null,
    [property: Id(7)] string? LocationText = null);

/// <summary>
/// Where. Country is ISO 3166-1 alpha-2, region the carrier's state or province code. <see cref="Line"/> (a street) and exact coordinates are personal
/// when the place is a door, and are stored sealed.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.place")]
public sealed record Place(
    [property: Id(0)] string? Line = null,
    [property: Id(1)] string? City = null,
    [property: Id(2)] string? Region = null,
    [property: Id(3)] string? PostalCode = null,
    [property: Id(4)] string? Country = null,
    [property: Id(5)] string? FacilityId = null,
    [property: Id(6)] string? FacilityType = null,
    [property: Id(7)] double? Lat = null,
    [property: Id(8)] double? Lon = null,
    [property: Id(9)] string? GeoSource = null);

[GenerateSerializer, Alias("tracking.eta-kind")]
public enum EtaKind : byte { Estimated = 0, Scheduled = 1, Rescheduled = 2, Guaranteed = 3, Predicted = 4 }

/// <summary>
/// A carrier's delivery date or window. Local times of the destination; <see cref="Precision"/> Day means whole days, and a day stays a day.
/// <see cref="To"/> equals <see cref="From"/> for a single date. Offset only if the message carried one.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.eta")]
public sealed record EtaStatement(
    [property: Id(0)] DateTime? From,
    [property: Id(1)] DateTime? To,
    [property: Id(2)] TimeSpan? Offset,
    [property: Id(3)] Precision Precision,
    [property: Id(4)] EtaKind Kind,
    [property: Id(5)] string? Source = null);

/// <summary>Proof of delivery. Names and images are personal and are stored sealed; images are references, never bytes.</summary>
[GenerateSerializer, Immutable, Alias("tracking.proof")]
public sealed record DeliveryProof(
    [property: Id(0)] string? SignedBy = null,
    [property: Id(1)] string? LeftAt = null,
    [property: Id(2)] string? RecipientType = null,
    [property: Id(3)] int? Attempts = null,
    [property: Id(4)] ImmutableArray<string> Images = default,
    [property: Id(5)] string? CodAmount = null);

/// <summary>Another number of the same parcel. <see cref="Kind"/>: <c>master</c>, <c>handover</c>, <c>alternate</c>, <c>return</c>, <c>reference</c>.</summary>
[GenerateSerializer, Immutable, Alias("tracking.link")]
public sealed record TrackingLink(
    [property: Id(0)] string Kind,
    [property: Id(1)] string? Carrier,
    [property: Id(2)] string Number);

/// <summary>Which stored original, and where in it (JSON pointer, XPath, segment or line number).</summary>
[GenerateSerializer, Immutable, Alias("tracking.evidence")]
public sealed record Evidence(
    [property: Id(0)] string? PayloadId,
    [property: Id(1)] string? Pointer);

[GenerateSerializer, Alias("tracking.signature-state")]
public enum SignatureState : byte { NotSupported = 0, Absent = 1, Verified = 2, Failed = 3 }

/// <summary>Who told us, over what, and how far they proved it.</summary>
[GenerateSerializer, Immutable, Alias("tracking.source")]
public sealed record ScanSource(
    [property: Id(0)] string? Feed,
    [property: Id(1)] string? Channel,
    [property: Id(2)] SignatureState Signature,
    [property: Id(3)] string? Sequence = null);

/// <summary>
/// What a retraction takes back: the sender's event id, or the raw codes (and, if told, the local time) of the target. It may arrive before its target.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.retraction")]
public sealed record RetractionTarget(
    [property: Id(0)] string? EventId = null,
    [property: Id(1)] string? Type = null,
    [property: Id(2)] string? Code = null,
    [property: Id(3)] DateTime? Local = null,
    [property: Id(4)] Milestone? Status = null);

/// <summary>Open facts about a journey, as far as a message carries them. Postal codes and cities of both ends, never streets.</summary>
[GenerateSerializer, Immutable, Alias("tracking.journey")]
public sealed record JourneyHints(
    [property: Id(0)] string? Service = null,
    [property: Id(1)] string? OriginCountry = null,
    [property: Id(2)] string? OriginRegion = null,
    [property: Id(3)] string? OriginPostalCode = null,
    [property: Id(4)] string? DestinationCountry = null,
    [property: Id(5)] string? DestinationRegion = null,
    [property: Id(6)] string? DestinationPostalCode = null,
    [property: Id(7)] string? DestinationCity = null,
    [property: Id(8)] int? WeightGrams = null,
    [property: Id(9)] string? ShipperReference = null,
    [property: Id(10)] DateOnly? PickedUpOn = null);
