using Orleans.Runtime;

namespace Tracking.Runtime;

/// <summary>An object outside the grains that grains may call. Held weakly; calls run one after the other.</summary>
internal sealed class Observer(EmbeddedSilo silo, GrainId id, object target) : Activation(silo, id, null)
{
    private readonly WeakReference _target = new(target);

    internal static readonly GrainType Type = GrainType.Create("sys.observer");

    public override object? GrainInstance => _target.Target;
}
