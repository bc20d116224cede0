using Tracking.Domain.Claims;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Orders;

namespace Tracking.Grains.Claims;

/// <summary>What an order tells of a parcel: whose it is, what is in it and what that is worth.</summary>
public sealed record ParcelGoods(Order Order, OrderShipment Shipment)
{
    private OrderContent Content => Order.Content!;

    /// <summary>The value of what is in the parcel; null where the order does not tell.</summary>
    public Money? Value
    {
        get
        {
            if (Shipment.Lines.IsDefaultOrEmpty) return Order.Shipments.Length == 1 ? Content.Value : null;
            var sum = 0L;
            foreach (var shipped in Shipment.Lines)
            {
                if (Content.Lines.FirstOrDefault(l => l.Id == shipped.Line)?.UnitPrice is not { } price) return Order.Shipments.Length == 1 ? Content.Value : null;
                sum += price * shipped.Quantity;
            }
            return new Money(sum, Content.Value.Currency);
        }
    }

    /// <summary>Articles of the parcel, as the retailer's rules name them.</summary>
    public ImmutableArray<string> Items => [.. Lines.Select(l => l.Sku).OfType<string>()];

    /// <summary>Whether the shop itself says that somebody must sign; null: its rule decides.</summary>
    public bool? Signature => Content.Signature switch
    {
        SignatureWish.Required => true,
        SignatureWish.NotRequired => false,
        _ => Lines.Any(l => l.Signature == true) ? true : null,
    };

    /// <summary>A claim with what the order knows filled in. The refusal names a line that the order does not have.</summary>
    public (ClaimFiling Filing, CaseRefusal? Refusal) Complete(ClaimFiling filing)
    {
        var value = filing.Value;
        if (filing.Line is { } named)
        {
            if (Content.Lines.FirstOrDefault(l => l.Id == named) is not { } line) return (filing, new CaseRefusal("claim-line-unknown", $"Order {Order.Key.Order} has no line '{named}'."));
            var quantity = Shipment.Lines.IsDefaultOrEmpty ? line.Quantity : Shipment.Lines.Where(s => s.Line == named).Sum(s => s.Quantity);
            if (quantity == 0) return (filing, new CaseRefusal("claim-line-unknown", $"Line '{named}' of order {Order.Key.Order} is not in this parcel."));
            if (value is null && line.UnitPrice is { } price) value = new Money(price * quantity, Content.Value.Currency);
        }
        // Of a parcel that came, nobody knows what the missing or broken part is worth; a person asks.
        else if (filing.Kind is ClaimKind.Lost or ClaimKind.DeliveredNotReceived) value ??= Value;
        return (filing with { Order = filing.Order ?? Order.Key.Order, Customer = filing.Customer ?? Content.Customer, Value = value, Language = filing.Language ?? Content.Language }, null);
    }

    /// <summary>What the buyer accepted already that puts the same thing right.</summary>
    public ImmutableArray<string> Compensated =>
        [.. Order.Offers.Where(o => o.State == OfferState.Accepted && o.Remedy is RemedyKind.Reship or RemedyKind.Retroactive).Select(o => o.Remedy!.Value.Name())];

    private IEnumerable<OrderLine> Lines => Shipment.Lines.IsDefaultOrEmpty ? Content.Lines : Content.Lines.Where(l => Shipment.Lines.Any(s => s.Line == l.Id));
}

/// <summary>Finds the order of a parcel. A parcel of several orders, or of none, has no goods that one could name.</summary>
public sealed class ParcelGoodsReader(OrderLoader orders)
{
    public async ValueTask<ParcelGoods?> ReadAsync(ShipmentKey key, CancellationToken cancel = default)
    {
        ParcelGoods? found = null;
        foreach (var order in await orders.OrdersOfAsync(key, cancel))
        {
            var loaded = await orders.LoadAsync(order, cancel);
            if (loaded.Content is null || loaded.Shipments.FirstOrDefault(s => s.KeyIn(key.Retailer) == key) is not { } shipment) continue;
            if (found is not null) return null;
            found = new ParcelGoods(loaded, shipment);
        }
        return found;
    }
}
