using Tracking.Carriers.Json;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Dhl;

/// <summary>One event of Unified, or the latest status, read but not yet understood.</summary>
internal sealed record DhlEvent(
    string Pointer, string? When, string? StatusCode, string? Status, string? Description, string? Remark,
    string? Locality, string? Country, string? PostalCode, string? Street, List<string>? Pieces)
{
    /// <summary>A place that only the latest status tells of this event: kept as text, and no part of the event's identity.</summary>
    public string? LatestLocality { get; init; }

    public string? Words => Description is null ? Status : Status is null || Description == Status ? Description : $"{Status}\n{Description}";

    public static DhlEvent Read(JsonPart part, string pointer)
    {
        var location = part["location"u8];
        var address = location["address"u8] is { IsObject: true } nested ? nested : location;
        List<string>? pieces = null;
        foreach (var piece in part["pieceIds"u8].Items())
            if (piece.Text() is { } id && (pieces ??= []).Count < 100)
                pieces.Add(id);
        return new DhlEvent(
            pointer, part.Text("timestamp"u8), part.Text("statusCode"u8), part.AsReceived("status"u8), part.AsReceived("description"u8), part.AsReceived("remark"u8),
            address.Text("addressLocality"u8) ?? location.Text(), address.Text("countryCode"u8) ?? address.Text("country"u8), address.Text("postalCode"u8), address.Text("streetAddress"u8), pieces);
    }
}
