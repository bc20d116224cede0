using Tracking.Contracts.Shipments;
using Tracking.Grains.Partitions;

namespace Tracking.Grains.Shipments;

/// <summary>A shipment whose time has come is looked at by its grain.</summary>
public sealed class ShipmentWaker(IGrainFactory grains) : IStreamWaker
{
    public char Kind => ShipmentStream.Kind;

    public Task WakeAsync(string stream) => ShipmentStream.KeyOf(stream) is { } key ? grains.GetGrain<IShipmentGrain>(key.ToString()).Wake() : Task.CompletedTask;
}
