using Orleans.Placement;
using Orleans.Runtime;

namespace Orleans.Concurrency
{
    /// <summary>On an interface method: it changes nothing and may run while other such calls wait for something.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class ReadOnlyAttribute : Attribute;

    /// <summary>On a class: every call may start while others wait for something. Still one turn at a time.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class ReentrantAttribute : Attribute;

    /// <summary>On an interface method: it may start while any other call waits for something, and others while it waits.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class AlwaysInterleaveAttribute : Attribute;

    /// <summary>On an interface method: the caller does not wait and hears of no failure.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class OneWayAttribute : Attribute;

    /// <summary>On a class: several activations of one id may run side by side; a call goes to an idle one. Default: as many as there are processors.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class StatelessWorkerAttribute : PlacementAttribute
    {
        public StatelessWorkerAttribute(int maxLocalWorkers)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(maxLocalWorkers, 1);
            MaxLocalWorkers = maxLocalWorkers;
        }

        public StatelessWorkerAttribute() => MaxLocalWorkers = Environment.ProcessorCount;

        internal int MaxLocalWorkers { get; }
    }
}

namespace Orleans.Placement
{
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public abstract class PlacementAttribute : Attribute
    {
        private protected PlacementAttribute() { }
    }
}

namespace Orleans
{
    /// <summary>The stable name of a grain class, so that renaming the class renames no grain.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class GrainTypeAttribute(string grainType) : Attribute
    {
        internal GrainType GrainType { get; } = GrainType.Create(grainType);
    }
}
