namespace Orleans.Runtime
{
    /// <summary>Anything that can be called by reference: a grain or an observer.</summary>
    public interface IAddressable;
}

namespace Orleans
{
    using Orleans.Runtime;

    /// <summary>Marks a grain interface. Its methods answer <see cref="Task"/>, <see cref="Task{T}"/>, <see cref="ValueTask"/> or <see cref="ValueTask{T}"/>.</summary>
    public interface IGrain : IAddressable;

    /// <summary>A grain named by a string.</summary>
    public interface IGrainWithStringKey : IGrain;

    /// <summary>A grain named by a whole number.</summary>
    public interface IGrainWithIntegerKey : IGrain;

    /// <summary>
    /// Marks an interface that grains call back. A reference made by <see cref="IGrainFactory.CreateObjectReference{T}"/> holds its object weakly:
    /// whoever made it keeps the object alive, and a call to an object that is gone does nothing.
    /// </summary>
    public interface IGrainObserver : IAddressable;
}
