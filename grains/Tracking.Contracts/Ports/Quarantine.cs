namespace Tracking.Contracts.Ports;

/// <summary>What could not be read, with its original bytes (sealed), until someone fixes the mapping and replays it.</summary>
public interface IQuarantine
{
    /// <summary>Stores items durably; when the task completes they are flushed, and only then may the sender be told so. Same id: stored once.</summary>
    ValueTask AddAsync(IReadOnlyList<QuarantinedItem> items, CancellationToken cancel = default);
    /// <summary>A retailer's items, newest first. Bodies are not loaded.</summary>
    ValueTask<IReadOnlyList<QuarantinedItem>> ListAsync(string retailer, DateTimeOffset? before, int limit, bool includeReplayed, CancellationToken cancel = default);
    /// <summary>One item with its body, or null. An id of another retailer is not found.</summary>
    ValueTask<QuarantinedItem?> FindAsync(string retailer, string id, CancellationToken cancel = default);
    /// <summary>Marks an item as read after all. True if it was open.</summary>
    ValueTask<bool> MarkReplayedAsync(string retailer, string id, DateTimeOffset at, CancellationToken cancel = default);
}

/// <param name="Id">Digest of retailer, feed and bytes: the same garbage sent twice is one item.</param>
public sealed record QuarantinedItem(
    string Id,
    string Retailer,
    string Format,
    string? Feed,
    DateTimeOffset ReceivedAt,
    string Code,
    string Detail,
    string Pointer,
    ReadOnlyMemory<byte> Body,
    DateTimeOffset? ReplayedAt = null);
