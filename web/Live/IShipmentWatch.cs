using System.Collections.Immutable;
using Orleans;
using Tracking.Contracts.Live;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Live;

/// <summary>Asks whoever holds a shipment to push its news to this node for the length of a lease.</summary>
public interface IShipmentWatch
{
    /// <summary>Takes or renews the lease; answers the view if it is newer than what this node has.</summary>
    Task<ShipmentView?> WatchAsync(ShipmentKey key, int knownVersion, TimeSpan lease, CancellationToken cancel);
}

/// <summary>The shipment's grain holds it; news come back through an observer.</summary>
public sealed class GrainShipmentWatch(IGrainFactory grains, ILivePages pages) : IShipmentWatch
{
    private readonly Node _node = new(pages);   // references hold their object weakly: this is what keeps it
    private readonly Lock _lock = new();
    private IWatchNode? _reference;

    public Task<ShipmentView?> WatchAsync(ShipmentKey key, int knownVersion, TimeSpan lease, CancellationToken cancel)
        => grains.GetGrain<IShipmentGrain>(key.ToString()).Watch(Reference(), lease, knownVersion).WaitAsync(cancel);

    private IWatchNode Reference()
    {
        lock (_lock) return _reference ??= grains.CreateObjectReference<IWatchNode>(_node);
    }

    private sealed class Node(ILivePages pages) : IWatchNode
    {
        public Task Push(ImmutableArray<ShipmentView> views)
        {
            foreach (var view in views) pages.Publish(view);
            return Task.CompletedTask;
        }
    }
}
