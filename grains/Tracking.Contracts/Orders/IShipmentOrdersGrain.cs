namespace Tracking.Contracts.Orders;

/// <summary>Which orders a shipment carries. Key: the shipment's. Its stream is found by whoever hears of a shipment and wants to know whose it is.</summary>
[Alias("tracking.shipment-orders-grain")]
public interface IShipmentOrdersGrain : IGrainWithStringKey
{
    /// <summary>
    /// Binds an order. Null when it is bound (also when it was before); otherwise the customer's order that has the shipment already: a parcel goes to one person.
    /// </summary>
    [Alias("bind")] Task<string?> Bind(string order, string customer);
}
