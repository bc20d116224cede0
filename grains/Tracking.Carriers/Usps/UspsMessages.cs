using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Usps;

// What Tracking v3, the push and Web Tools have in common, read but not yet understood.

/// <summary>One mail piece: a Tracking v3 answer, a notification, or one <c>TrackInfo</c>.</summary>
internal sealed class UspsPiece
{
    public required string Pointer { get; init; }
    public required ReadOnlyMemory<byte> Original { get; init; }
    public string? Number { get; init; }
    /// <summary><c>uniqueMailPieceID</c> or <c>MPSUFFIX</c>: which use of the number.</summary>
    public string? UniqueId { get; init; }
    public string? IntakeDate { get; init; }
    public string? Status { get; init; }
    public string? StatusCategory { get; init; }
    public string? StatusSummary { get; init; }
    public string? MailClass { get; init; }
    public string? ServiceTypeCode { get; init; }
    public string? ReturnDateNotice { get; init; }
    public Place? Origin { get; init; }
    public Place? Destination { get; init; }
    public (string? Code, string? Text)? Error { get; init; }
    public List<UspsEvent> Events { get; } = [];
    public List<UspsPromise> Promises { get; } = [];
}

/// <summary>One event. Tracking v3 tells its time as <see cref="Local"/>, <see cref="Gmt"/> and <see cref="GmtOffset"/>, Web Tools as <see cref="Date"/> and <see cref="Time"/>.</summary>
internal sealed class UspsEvent
{
    public required string Pointer { get; init; }
    public string? Code { get; init; }
    public string? Text { get; init; }
    public string? Local { get; init; }
    public string? Gmt { get; init; }
    public string? GmtOffset { get; init; }
    public string? Date { get; init; }
    public string? Time { get; init; }
    public string? City { get; init; }
    public string? State { get; init; }
    public string? Zip { get; init; }
    public string? Country { get; init; }
    public string? Firm { get; init; }
    public string? Name { get; init; }
    public string? AuthorizedAgent { get; init; }
    public string? ActionCode { get; init; }
    public string? ReasonCode { get; init; }
    public double? Lat { get; init; }
    public double? Lon { get; init; }
}

/// <summary>A delivery date: one text for date and time, or a date with the window's two times.</summary>
internal sealed record UspsPromise(string Name, EtaKind Kind, string When, string? From, string? To, string? Type, string Pointer);
