namespace Tracking.Journal;

/// <summary>
/// The small state of rarely written grains (settings, policies, preferences), one row each, changed by compare-and-set. The embedded runtime's
/// <c>IPersistentState</c> stands on it; under Orleans its AdoNet storage takes the same place.
/// </summary>
public interface IGrainStateStore
{
    /// <summary>The stored state, or null when there is none.</summary>
    ValueTask<GrainStateRow?> GetAsync(string type, string key, CancellationToken cancel = default);

    /// <summary>Stores state where <paramref name="etag"/> is still the stored one (0: nothing is stored yet). The new etag, or null when somebody else wrote first.</summary>
    ValueTask<long?> PutAsync(string type, string key, ReadOnlyMemory<byte> data, long etag, CancellationToken cancel = default);

    /// <summary>Deletes state where <paramref name="etag"/> is still the stored one. False: somebody else wrote first, or nothing is stored.</summary>
    ValueTask<bool> DeleteAsync(string type, string key, long etag, CancellationToken cancel = default);
}

/// <param name="Etag">Counts writes of this row from 1.</param>
public sealed record GrainStateRow(long Etag, ReadOnlyMemory<byte> Data);
