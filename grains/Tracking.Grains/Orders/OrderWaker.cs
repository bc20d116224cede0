using Tracking.Contracts.Orders;
using Tracking.Grains.Partitions;

namespace Tracking.Grains.Orders;

/// <summary>An order whose time has come is looked at by its grain.</summary>
public sealed class OrderWaker(IGrainFactory grains) : IStreamWaker
{
    public char Kind => OrderStreams.Kind;

    public Task WakeAsync(string stream) => OrderStreams.KeyOf(stream) is { } key ? grains.GetGrain<IOrderGrain>(key.ToString()).Wake() : Task.CompletedTask;
}
