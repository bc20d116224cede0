using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Grains.Visits;

/// <summary>What a shipment's own scans tell of its recipient: the postcode and city it goes to. A parcel without an order has no more.</summary>
public sealed class ShipmentRecipients(IShipmentReader reader) : IRecipients
{
    public async ValueTask<RecipientFacts?> FindAsync(ShipmentKey key, string useId, CancellationToken cancel = default)
        => await reader.ReadFullAsync(key, use: useId, cancel: cancel) is { } view
            ? new RecipientFacts { PostalCode = view.DestinationPostalCode, City = view.DestinationCity, Country = view.DestinationCountry }
            : null;

    public ValueTask<GuestOrder?> FindOrderAsync(string retailer, string number, CancellationToken cancel = default) => new((GuestOrder?)null);
}
