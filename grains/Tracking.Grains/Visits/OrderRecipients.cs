using Tracking.Contracts.Ports;
using Tracking.Domain.Orders;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Orders;

namespace Tracking.Grains.Visits;

/// <summary>
/// Whom a parcel goes to, as its order tells; what the order leaves out, the carriers' own scans. A gift goes to its recipient: the buyer's address opens it
/// too, but codes are sent to the one who is given it.
/// </summary>
public sealed class OrderRecipients(OrderLoader orders, ShipmentRecipients scans) : IRecipients
{
    public async ValueTask<RecipientFacts?> FindAsync(ShipmentKey key, string useId, CancellationToken cancel = default)
    {
        var told = await scans.FindAsync(key, useId, cancel);
        foreach (var bound in await orders.OrdersOfAsync(key, cancel))
        {
            if (bound.IsStandIn) continue;
            var (order, people) = await orders.LoadWithPeopleAsync(bound, cancel);
            if (order.Content is { } content && order.Shipments.FirstOrDefault(s => s.KeyIn(key.Retailer) == key) is { } shipment) return Facts(bound, content, people, shipment, told);
        }
        return told;
    }

    public async ValueTask<GuestOrder?> FindOrderAsync(string retailer, string number, CancellationToken cancel = default)
    {
        if (!OrderKey.IsId(number)) return null;
        var key = new OrderKey(retailer, number);
        var (order, people) = await orders.LoadWithPeopleAsync(key, cancel);
        if (order.Version == 0 || order.Content is not { } content) return null;
        // The order's own door until it has a parcel: no carrier is called "order".
        var door = order.Shipments.IsEmpty ? new ShipmentKey(retailer, "order", number) : order.Shipments[0].KeyIn(retailer);
        return new GuestOrder(number, door, Facts(key, content, people, null, null));
    }

    public ValueTask<ImmutableArray<string>> BoughtBeforeAsync(OrderKey order, CancellationToken cancel = default) => orders.BoughtBesideAsync(order, cancel);

    private static RecipientFacts Facts(OrderKey key, OrderContent content, OrderPeople? people, OrderShipment? shipment, RecipientFacts? told) => new()
    {
        Order = key.Order,
        Name = people?.RecipientName ?? people?.Name,
        Email = people?.RecipientEmail ?? people?.Email,
        BuyerEmail = content.Gift ? people?.Email : null,
        Phone = content.Gift ? null : people?.Phone,
        Address = people?.Address is { } address ? [.. address.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)] : [],
        PostalCode = people?.PostalCode ?? told?.PostalCode,
        City = people?.City ?? told?.City,
        Country = content.Country ?? told?.Country,
        Items = ItemsOf(content, shipment),
        IsGift = content.Gift,
        SignatureNeeded = content.Signature == SignatureWish.Required,
        Occasion = content.Occasion,
        Language = content.Language,
    };

    private static ImmutableArray<ParcelItem> ItemsOf(OrderContent content, OrderShipment? shipment)
    {
        if (shipment is null || shipment.Lines.IsDefaultOrEmpty) return [.. content.Lines.Select(l => new ParcelItem(l.Name ?? l.Sku ?? l.Id, l.Quantity, l.Category))];
        var items = ImmutableArray.CreateBuilder<ParcelItem>();
        foreach (var shipped in shipment.Lines)
            if (content.Lines.FirstOrDefault(l => l.Id == shipped.Line) is { } line)
                items.Add(new ParcelItem(line.Name ?? line.Sku ?? line.Id, shipped.Quantity, line.Category));
        return items.ToImmutable();
    }
}
