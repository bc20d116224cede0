using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Tracking.Runtime;

/// <summary>One named state of one grain, kept by a storage.</summary>
internal sealed class PersistentState<T>(string name, GrainId grain, IGrainStorage storage) : IPersistentState<T>
{
    private readonly GrainState<T> _record = new(Fresh());

    public T State
    {
        get => _record.State!;
        set => _record.State = value;
    }

    public string? Etag => _record.ETag;
    public bool RecordExists => _record.RecordExists;

    public Task ReadStateAsync() => storage.ReadStateAsync(name, grain, _record);
    public Task WriteStateAsync() => storage.WriteStateAsync(name, grain, _record);
    public Task ClearStateAsync() => storage.ClearStateAsync(name, grain, _record);

    private static T? Fresh() => MemoryGrainStorage.Fresh<T>();
}
