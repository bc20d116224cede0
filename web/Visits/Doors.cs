using Tracking.Contracts.Visits;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Pages;

/// <summary>Finds the door of a parcel.</summary>
public interface IDoors
{
    IDoorGrain Of(ShipmentKey parcel);
}

/// <summary>Doors are grains: one count over all nodes and channels.</summary>
public sealed class GrainDoors(IGrainFactory grains) : IDoors
{
    public IDoorGrain Of(ShipmentKey parcel) => grains.GetGrain<IDoorGrain>(parcel.ToString());
}
