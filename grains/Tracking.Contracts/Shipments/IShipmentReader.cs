using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Shipments;

/// <summary>
/// Reads shipments from what is stored, without waking a grain: an acked scan is there, and any node answers alike. Time travel is the same fold
/// over a prefix.
/// </summary>
public interface IShipmentReader
{
    /// <summary>The shipment as it is, or as it was known at <paramref name="at"/>; null when nothing had been recorded by then.</summary>
    /// <param name="use">A use's public id; null for the youngest.</param>
    Task<ShipmentView?> ReadAsync(ShipmentKey key, DateTimeOffset? at = null, string? use = null, CancellationToken cancel = default);

    /// <summary>The same with the carriers' texts, exact places and proofs, for the retailer whose parcel it is. Erased parts stay away.</summary>
    Task<ShipmentView?> ReadFullAsync(ShipmentKey key, DateTimeOffset? at = null, string? use = null, CancellationToken cancel = default);

    /// <summary>Every append with its reasons, oldest first; null when there is none.</summary>
    Task<ShipmentHistory?> HistoryAsync(ShipmentKey key, CancellationToken cancel = default);

    /// <summary>
    /// Finds what a link token opens; null for a token never issued or cut short. Whoever reads the view compares
    /// <see cref="LinkTarget.Generation"/> with <see cref="ShipmentView.LinkGeneration"/>: an older one was revoked.
    /// </summary>
    Task<LinkTarget?> OpenLinkAsync(string token, CancellationToken cancel = default);

    /// <summary>The link token of a use for an audience; the same for everyone who asks, until revoked.</summary>
    string LinkToken(ShipmentKey key, string useId, string audience, int generation);
}

/// <summary>What a link opens.</summary>
public sealed record LinkTarget(ShipmentKey Key, string UseId, string Audience, int Generation);

public sealed record ShipmentHistory(ShipmentKey Key, ImmutableArray<HistoryEntry> Entries);

/// <summary>One append: what became known then, what it led to, and why in a sentence.</summary>
public sealed record HistoryEntry(int Version, DateTimeOffset RecordedAt, ImmutableArray<RecordedScan> Scans, ImmutableArray<HistoryDecision> Decisions, bool Erased);

public sealed record HistoryDecision(string Type, string Why, ShipmentEvent Event);
