using System.Collections.Concurrent;
using System.Collections.Immutable;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Orders;

namespace Tracking.Web.Tests.Pages;

/// <summary>Orders and their offers in memory.</summary>
internal sealed class FakeOrders : IOrderReader, IOfferDesk
{
    private readonly ConcurrentDictionary<OrderKey, OrderView> _orders = new();
    private readonly ConcurrentDictionary<ShipmentKey, OfferView> _offers = new();
    private readonly Lock _lock = new();

    /// <summary>How often an offer was really taken.</summary>
    public int Taken { get; private set; }

    public OrderKey Add(string number, bool gift, params ShipmentView[] parcels)
    {
        var key = new OrderKey("demo", number);
        var order = Order.Unseen(key) with
        {
            Version = 1,
            Content = new OrderContent { Value = new Money(129_900, "EUR"), Gift = gift, Lines = [new OrderLine("1", 1, Name: "CANARY wool hat", UnitPrice: 129_900)] },
        };
        _orders[key] = new OrderView(order, [.. parcels.Select(p => new OrderShipmentView(new OrderShipment(p.Key.Carrier, p.Key.Number, [new ShippedLine("1", 1)]), p.Status, p.Modifiers, null, null, p.UseId))],
            parcels.Count(p => p.Status == Milestone.Delivered), false, null, null);
        return key;
    }

    public string Offer(OrderKey order, ShipmentKey parcel)
    {
        var id = "offer-" + parcel.Number;
        _offers[parcel] = new OfferView { Id = id, Order = order, State = OfferState.Open, Currency = "EUR", Remedies = [new Remedy(RemedyKind.Discount, 500, Percent: 10), new Remedy(RemedyKind.FreeShipping, 490)], ExpiresAt = DateTimeOffset.UtcNow.AddDays(7) };
        return id;
    }

    public Task<OrderView?> ReadAsync(OrderKey key, CancellationToken cancel = default) => Task.FromResult(_orders.GetValueOrDefault(key));
    public Task<IReadOnlyList<OrderHistoryEntry>?> HistoryAsync(OrderKey key, CancellationToken cancel = default) => Task.FromResult<IReadOnlyList<OrderHistoryEntry>?>(null);
    public Task<IReadOnlyList<OrderKey>> OrdersOfAsync(ShipmentKey shipment, CancellationToken cancel = default) => Task.FromResult<IReadOnlyList<OrderKey>>([]);
    public Task<OrderKey?> OrderOfOfferAsync(string offer, CancellationToken cancel = default) => Task.FromResult<OrderKey?>(null);

    public Task<IReadOnlyList<OfferView>> OffersOfAsync(ShipmentKey shipment, CancellationToken cancel = default)
        => Task.FromResult<IReadOnlyList<OfferView>>(_offers.TryGetValue(shipment, out var offer) && offer.State is OfferState.Open or OfferState.Accepted ? [_offers[shipment]] : []);

    public Task<OfferReply> AcceptAsync(OrderKey order, string offer, RemedyKind remedy) => AnswerAsync(offer, o => o with { State = OfferState.Accepted, Accepted = remedy, Code = "HAT-10-OFF" });
    public Task<OfferReply> DeclineAsync(OrderKey order, string offer) => AnswerAsync(offer, o => o with { State = OfferState.Declined });

    private Task<OfferReply> AnswerAsync(string id, Func<OfferView, OfferView> change)
    {
        lock (_lock)
        {
            var (key, offer) = _offers.First(o => o.Value.Id == id);
            if (offer.State != OfferState.Open) return Task.FromResult(new OfferReply(OfferRefusal.AlreadyAccepted, false, offer));
            Taken++;
            _offers[key] = change(offer);
            return Task.FromResult(new OfferReply(OfferRefusal.None, true, _offers[key]));
        }
    }
}
