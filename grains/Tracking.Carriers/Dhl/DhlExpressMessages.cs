using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Dhl;

/// <summary>One waybill, read from XML-PI or MyDHL JSON but not yet understood.</summary>
internal sealed class DhlWaybill
{
    public required string Pointer { get; init; }
    public required ReadOnlyMemory<byte> Original { get; init; }
    public string? Number { get; init; }
    public (string? Code, string? Text)? Condition { get; init; }
    public string? Product { get; init; }
    public Place? Origin { get; init; }
    public Place? Destination { get; init; }
    public int? WeightGrams { get; init; }
    public string? Reference { get; init; }
    public string? Estimate { get; init; }
    public int PieceCount { get; init; }
    public List<string> Pieces { get; } = [];
    public List<DhlCheckpoint> Events { get; } = [];
}

/// <summary>One checkpoint. <see cref="Signatory"/> is free text on most of them and a signature only on <c>OK</c>.</summary>
internal sealed record DhlCheckpoint(
    string Pointer, string? Date, string? Time, string? GmtOffset, string? Code, string? Text, string? Signatory, string? AreaCode, string? AreaText, string? Piece);
