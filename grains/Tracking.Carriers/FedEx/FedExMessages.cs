using Tracking.Domain.Shipments;

namespace Tracking.Carriers.FedEx;

// What FedEx's three messages have in common, read but not yet understood: texts as they stood, with the place in the message where they stood.

/// <summary>One <c>trackResults[]</c> element or one <c>TrackDetails</c>: one use of one number.</summary>
internal sealed class FedExResult
{
    public required string Pointer { get; init; }
    public required ReadOnlyMemory<byte> Original { get; init; }

    public string? Number { get; set; }
    public string? AskedNumber { get; set; }
    public string? UniqueId { get; set; }
    /// <summary>FDXE, FDXG, FXSP, FXFR: which of FedEx's networks.</summary>
    public string? Network { get; set; }
    public string? ErrorCode { get; set; }
    public string? ErrorText { get; set; }

    public FedExEvent? Latest { get; set; }
    public List<FedExEvent> Events { get; } = [];
    public List<FedExDate> Dates { get; } = [];
    public List<FedExWindow> Windows { get; } = [];

    public string? ReceivedBy { get; set; }
    public string? SignedBy { get; set; }
    public string? DeliveredTo { get; set; }
    public int? Attempts { get; set; }
    public Place? DeliveredAt { get; set; }
    public List<string> Images { get; } = [];
    public Place? Hold { get; set; }
    public string? HoldPointer { get; set; }

    public string? Service { get; set; }
    public Place? Origin { get; set; }
    public Place? Destination { get; set; }
    public int? WeightGrams { get; set; }
    public List<(string Type, string Value)> Identifiers { get; } = [];
}

/// <summary>One scan, or the latest status. <see cref="Ancillary"/> is the latest status's own reasons and actions.</summary>
internal sealed class FedExEvent
{
    public required string Pointer { get; init; }
    public string? Code { get; init; }
    public string? DerivedCode { get; init; }
    public string? Text { get; init; }
    public string? ReasonCode { get; init; }
    public string? ReasonText { get; init; }
    public string? When { get; init; }
    public Place? Place { get; init; }
    public string? DelayType { get; init; }
    public string? DelaySubType { get; init; }
    public string? DelayStatus { get; init; }
    public List<FedExAncillary>? Ancillary { get; init; }
}

internal sealed record FedExAncillary(string? Reason, string? ReasonText, string? Action, string Pointer);

internal sealed record FedExDate(string Type, string When, string Pointer);

internal sealed record FedExWindow(string Name, string? Begins, string? Ends, string Pointer);
