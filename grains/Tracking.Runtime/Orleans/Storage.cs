using Orleans.Core;
using Orleans.Runtime;

namespace Orleans.Core
{
    /// <summary>One stored value. Writing fails with <see cref="Storage.InconsistentStateException"/> if somebody else wrote since it was read.</summary>
    public interface IStorage
    {
        string? Etag { get; }
        bool RecordExists { get; }
        Task ClearStateAsync();
        Task WriteStateAsync();
        Task ReadStateAsync();
    }

    public interface IStorage<TState> : IStorage
    {
        TState State { get; set; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>State of a grain that is written rarely; read before <see cref="IGrainBase.OnActivateAsync"/>.</summary>
    public interface IPersistentState<TState> : IStorage<TState>;

    /// <summary>On a constructor parameter of type <see cref="IPersistentState{T}"/>: its name, and the name of the storage that keeps it (none: the default one).</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute : Attribute
    {
        public PersistentStateAttribute(string stateName, string? storageName = null)
        {
            ArgumentNullException.ThrowIfNull(stateName);
            StateName = stateName;
            StorageName = storageName;
        }

        public string StateName { get; }
        public string? StorageName { get; }
    }
}

namespace Orleans
{
    public interface IGrainState<T>
    {
        T? State { get; set; }
        string? ETag { get; set; }
        bool RecordExists { get; set; }
    }

    [GenerateSerializer]
    public sealed class GrainState<T> : IGrainState<T>
    {
        public GrainState() { }
        public GrainState(T? state) : this(state, null) { }
        public GrainState(T? state, string? eTag)
        {
            State = state;
            ETag = eTag;
        }

        [Id(0)] public T? State { get; set; }
        [Id(1)] public string? ETag { get; set; }
        [Id(2)] public bool RecordExists { get; set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>
    /// Where <see cref="IPersistentState{T}"/> is kept; register one per name as a keyed service. Reading fills the state and its etag (a missing record:
    /// a fresh state, no etag); writing and clearing compare the etag first.
    /// </summary>
    public interface IGrainStorage
    {
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <exception cref="InconsistentStateException">The stored etag is another one; nothing was written.</exception>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <exception cref="InconsistentStateException">The stored etag is another one; nothing was cleared.</exception>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
    }

    /// <summary>Somebody else wrote the state since it was read. If it escapes a grain's call, that activation ends and the next one reads again.</summary>
    [GenerateSerializer]
    public class InconsistentStateException : OrleansException
    {
        public InconsistentStateException() { }
        public InconsistentStateException(string message) : base(message) { }
        public InconsistentStateException(string message, Exception? innerException) : base(message, innerException!) { }

        public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag, Exception? storageException) : base(errorMsg, storageException!)
        {
            StoredEtag = storedEtag;
            CurrentEtag = currentEtag;
        }

        public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag) : this(errorMsg, storedEtag, currentEtag, null) { }

        [Id(0)] internal bool IsSourceActivation { get; set; } = true;
        [Id(1)] public string? StoredEtag { get; private set; }
        [Id(2)] public string? CurrentEtag { get; private set; }
    }
}
