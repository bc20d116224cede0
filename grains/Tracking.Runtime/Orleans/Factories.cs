using Orleans.Runtime;

namespace Orleans;

/// <summary>Makes references. Making one touches nothing: the grain is activated by the first call.</summary>
public interface IGrainFactory
{
    /// <exception cref="ArgumentException">No registered class implements the interface, or several do and none is meant by name.</exception>
    TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithIntegerKey;

    /// <inheritdoc cref="GetGrain{T}(long, string?)"/>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey;

    /// <summary>The reference of a grain whose whole name is known.</summary>
    TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable;

    /// <summary>A reference that grains can call, to an object of this process that the caller keeps alive.</summary>
    TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver;

    /// <summary>Ends a reference of <see cref="CreateObjectReference{T}"/>; later calls to it do nothing.</summary>
    void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver;
}

/// <summary>The grains as seen from outside of them.</summary>
public interface IClusterClient : IGrainFactory
{
    IServiceProvider ServiceProvider { get; }
}
