using Tracking.Contracts.Changes;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Pages;

/// <summary>Finds what a parcel's recipient asked for.</summary>
public interface IChangeBooks
{
    IChangesGrain Of(ShipmentKey parcel, string useId);
}

public sealed class GrainChangeBooks(IGrainFactory grains) : IChangeBooks
{
    public IChangesGrain Of(ShipmentKey parcel, string useId) => grains.GetGrain<IChangesGrain>($"{parcel}/{useId}");
}
