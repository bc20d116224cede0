using Tracking.Contracts.Orders;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Orders;

/// <summary>Reads orders from the journal on whichever node is asked.</summary>
public sealed class OrderReader(IEventJournal journal, IHeadStore heads, OrderLoader loader, ShipmentLoader shipments, TimeProvider clock) : IOrderReader
{
    public async Task<OrderView?> ReadAsync(OrderKey key, CancellationToken cancel = default)
    {
        var (order, people) = await loader.LoadWithPeopleAsync(key, cancel);
        if (order.Version == 0) return null;
        var now = clock.GetUtcNow();
        var known = await Task.WhenAll(order.Shipments.Select(async told => new KnownShipment(told, (await shipments.LoadAsync(told.KeyIn(key.Retailer), cancel)).AsOf(now))));
        var views = known.Select(k => new OrderShipmentView(
            k.Told, k.Status, k.Current?.Modifiers ?? 0, k.Status == Milestone.Delivered ? k.ArrivedAt : null, k.Status.IsTerminal() ? null : k.Shipment.Shown,
            k.Current is null ? null : LinkTokens.UseId(k.Shipment.Key, Math.Max(k.Shipment.OrdinalOf(k.Current), 0))));
        var ends = Disruptions.PromiseEnds(order, known);
        var late = !order.Cancelled && ends is { } end && Disruptions.Of(order, known, Domain.Estimates.EddSnapshot.ColdStart, new Thresholds(), now < end ? end.AddTicks(-1) : now).Any(d => d.Key.Cause == Cause.PromiseMissed);
        return new OrderView(order, [.. views], known.Count(k => k.Status == Milestone.Delivered), late, ends, people);
    }

    public async Task<IReadOnlyList<OrderHistoryEntry>?> HistoryAsync(OrderKey key, CancellationToken cancel = default)
    {
        var entries = new List<OrderHistoryEntry>();
        var order = Order.Unseen(key);
        await foreach (var row in journal.ReadAsync(OrderStreams.Of(key), cancel))
        {
            var append = OrderJson.Read(row.Open.Span);
            order = order.Apply(append);
            entries.Add(new OrderHistoryEntry(row.Version, row.RecordedAt, [.. append.Events.Select(e => new OrderHistoryFact(OrderWhy.Type(e), OrderWhy.Of(e, order), e))], row.Erased));
        }
        return entries.Count == 0 ? null : entries;
    }

    public async Task<IReadOnlyList<OrderKey>> OrdersOfAsync(ShipmentKey shipment, CancellationToken cancel = default)
    {
        var orders = new List<OrderKey>();
        foreach (var key in await loader.OrdersOfAsync(shipment, cancel))
            if ((await loader.LoadAsync(key, cancel)).Shipments.Any(s => s.KeyIn(key.Retailer) == shipment)) orders.Add(key);
        if ((await loader.LoadAsync(OrderKey.StandIn(shipment, 0), cancel)).Offers.Length > 0) orders.Add(OrderKey.StandIn(shipment, 0));
        return orders;
    }

    public async Task<OrderKey?> OrderOfOfferAsync(string offer, CancellationToken cancel = default)
        => OfferId.IsId(offer) && await heads.FindLinkAsync(OfferId.HashOf(offer), cancel) is { } row ? OrderStreams.KeyOf(row.Stream) : null;

    public async Task<IReadOnlyList<OfferView>> OffersOfAsync(ShipmentKey shipment, CancellationToken cancel = default)
    {
        var offers = new List<OfferView>();
        var now = clock.GetUtcNow();
        foreach (var key in await OrdersOfAsync(shipment, cancel))
            foreach (var offer in (await loader.LoadAsync(key, cancel)).Offers)
                if (offer.CanBeAnswered(now) || offer.State == OfferState.Accepted) offers.Add(OfferView.Of(key, offer));
        return offers;
    }
}
