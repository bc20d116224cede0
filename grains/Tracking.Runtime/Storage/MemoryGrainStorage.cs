using System.Collections.Concurrent;
using System.Globalization;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Tracking.Runtime;

/// <summary>States in memory, copied in and out so that a grain cannot change what is stored without writing it.</summary>
public sealed class MemoryGrainStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(string Name, GrainId Grain), (object? State, string ETag)> _records = new();
    private readonly ArgumentCodec _codec = new();
    private readonly Lock _gate = new();
    private long _writes;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_gate)
        {
            if (_records.TryGetValue((stateName, grainId), out var record))
            {
                grainState.State = _codec.Copy((T)record.State!);
                grainState.ETag = record.ETag;
                grainState.RecordExists = true;
            }
            else Reset(grainState);
        }
        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_gate)
        {
            Compare(stateName, grainId, grainState.ETag);
            var etag = (++_writes).ToString(CultureInfo.InvariantCulture);
            _records[(stateName, grainId)] = (_codec.Copy(grainState.State), etag);
            grainState.ETag = etag;
            grainState.RecordExists = true;
        }
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_gate)
        {
            Compare(stateName, grainId, grainState.ETag);
            _records.TryRemove((stateName, grainId), out _);
            Reset(grainState);
        }
        return Task.CompletedTask;
    }

    internal static T? Fresh<T>() =>
        typeof(T).IsValueType || typeof(T) == typeof(string) || typeof(T).IsAbstract || typeof(T).GetConstructor(Type.EmptyTypes) is null ? default : Activator.CreateInstance<T>();

    private static void Reset<T>(IGrainState<T> grainState)
    {
        grainState.State = Fresh<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    private void Compare(string stateName, GrainId grainId, string? expected)
    {
        var stored = _records.TryGetValue((stateName, grainId), out var record) ? record.ETag : null;
        if (stored != expected) throw new InconsistentStateException($"State {stateName} of {grainId} was written by somebody else.", stored, expected);
    }
}
