using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Claims;

/// <summary>Reads cases from what is stored, without waking a grain.</summary>
public interface ICaseReader
{
    /// <summary>The case of a parcel; null when nothing was ever recorded.</summary>
    Task<CaseView?> ReadAsync(ShipmentKey key, CancellationToken cancel = default);

    /// <summary>The case that holds a claim; null for an id nobody gave out, and for another retailer's.</summary>
    Task<CaseView?> FindAsync(string retailer, string claimId, CancellationToken cancel = default);

    /// <summary>What a claimant and whoever decided wrote. Personal; empty when it was erased.</summary>
    Task<ImmutableArray<CasePersonal>> TextsAsync(ShipmentKey key, string claimId, CancellationToken cancel = default);

    /// <summary>A retailer's cases with claims, the one changed last first. <paramref name="open"/>: only those that wait for a person.</summary>
    Task<IReadOnlyList<CaseView>> ListAsync(string retailer, bool open, DateTimeOffset? before, int limit, CancellationToken cancel = default);

    /// <summary>A retailer's cases with recoveries, the one changed last first.</summary>
    Task<IReadOnlyList<CaseView>> RecoveriesAsync(string retailer, DateTimeOffset? before, int limit, CancellationToken cancel = default);

    /// <summary>The parcel's claim file, line by line: canonical JSON, each line chained to the one before. See <see cref="ClaimFile"/>.</summary>
    IAsyncEnumerable<string> FileAsync(ShipmentKey key, CancellationToken cancel = default);

    /// <summary>The digest of the line that opened or, once it is decided, decided a claim; it stays the same in every later file. Null for an unknown claim.</summary>
    Task<string?> FileHashAsync(ShipmentKey key, string claimId, CancellationToken cancel = default);

    /// <summary>What a retailer's rules say about a signature for these goods.</summary>
    SignatureNeed NeedsSignature(string retailer, Money? value, ImmutableArray<string> items);
}
