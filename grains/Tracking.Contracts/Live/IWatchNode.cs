using Tracking.Contracts.Shipments;

namespace Tracking.Contracts.Live;

/// <summary>
/// A node with open pages, as the grains see it. Pushes are lossy and versioned: a node that is gone loses nothing that the next renewal or page
/// load does not bring.
/// </summary>
[Alias("tracking.watch-node")]
public interface IWatchNode : IGrainObserver
{
    /// <summary>Newest views of watched shipments, one per shipment.</summary>
    [Alias("push")] Task Push(ImmutableArray<ShipmentView> views);
}

/// <summary>Where pushed views enter the web side of a node.</summary>
public interface ILivePages
{
    /// <summary>Hands a view to every open page of its shipment on this node. Never waits; an older version is ignored.</summary>
    void Publish(ShipmentView view);
}
