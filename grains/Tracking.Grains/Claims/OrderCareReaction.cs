using Tracking.Contracts.Claims;
using Tracking.Contracts.Orders;
using Tracking.Domain.Claims;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Orders;
using Tracking.Grains.Partitions;
using Tracking.Journal;

namespace Tracking.Grains.Claims;

/// <summary>
/// What an order means for the cases of its parcels: whether a signature is expected, how a recovery ended, that the customer came back. Every part may be repeated.
/// </summary>
public sealed class OrderCareReaction(IGrainFactory grains, OrderLoader orders, CareRules rules) : IReaction
{
    /// <summary>Days after a recovery within which another order counts as coming back.</summary>
    public const int CameBackWithin = 90;

    public string Name => "order-care";
    public string Kinds => "o";

    public async ValueTask ReactAsync(JournalRow row, CancellationToken cancel)
    {
        if (OrderStreams.KeyOf(row.Stream) is not { } key) return;
        var append = OrderJson.Read(row.Open.Span);
        if (append.Events.Any(static e => e is OrderPlaced or OrderChanged or ShipmentAdded)) await ExpectAsync(key, cancel);
        foreach (var happened in append.Events)
            switch (happened)
            {
                case OfferAccepted e: await RecoveredAsync(key, e.Offer, e.Remedy, cancel); break;
                case OfferDeclined e: await RecoveredAsync(key, e.Offer, null, cancel); break;
                case OfferExpired e: await RecoveredAsync(key, e.Offer, null, cancel); break;
                case OrderPlaced { Content.Customer: { } customer } e: await CameBackAsync(key, customer, e.Content.PlacedAt ?? append.RecordedAt, cancel); break;
            }
    }

    // Most orders need no signature, and then no case is woken for it.
    private async Task ExpectAsync(OrderKey key, CancellationToken cancel)
    {
        var order = await orders.LoadAsync(key, cancel);
        if (order.Content is not { } content || order.Cancelled) return;
        var care = rules.For(key.Retailer);
        foreach (var shipment in order.Shipments)
        {
            var goods = new ParcelGoods(order, shipment);
            var asked = goods.Signature;
            if (asked != true && (asked == false || !care.Signature.Decide(content.Value.Amount, content.Value.Currency, care.Currency, goods.Items).Required)) continue;
            Stored(await Case(shipment.KeyIn(key.Retailer)).Expect(new SignatureNotice(asked, content.Value, goods.Items, content.Language, null, null, Tell: true)));
        }
    }

    private async Task RecoveredAsync(OrderKey key, string offer, RemedyKind? accepted, CancellationToken cancel)
    {
        var order = await orders.LoadAsync(key, cancel);
        if (order.FindOffer(offer) is not { } standing) return;
        var decision = standing.Decision;
        var remedy = accepted is { } chosen ? decision.Remedies.FirstOrDefault(r => r.Kind == chosen) : null;
        Money? cost = decision.Currency.Length == 3 ? new Money(remedy?.Cost ?? 0, decision.Currency) : null;
        var offered = string.Join('+', decision.Remedies.Select(r => r.Kind.Name()).Order(StringComparer.Ordinal));
        Stored(await Case(KeyOf(order, decision)).Recovered(new RecoveryNote(offer, decision.Cause.Cause.Name(), remedy?.Kind.Name() ?? offered, cost, accepted is not null, order.Content?.Language)));
    }

    private async Task CameBackAsync(OrderKey key, string customer, DateTimeOffset placedAt, CancellationToken cancel)
    {
        var since = placedAt.AddDays(-CameBackWithin);
        foreach (var line in (await grains.GetGrain<ICustomerGrain>($"{key.Retailer}/{customer}").Ledger()).Lines)
        {
            if (line.Outcome != "accepted" || line.Entry.Order == key.Order || line.Entry.At < since || line.Entry.At >= placedAt) continue;
            var order = await orders.LoadAsync(new OrderKey(key.Retailer, line.Entry.Order), cancel);
            if (order.FindOffer(line.Entry.Offer) is { } standing) Stored(await Case(KeyOf(order, standing.Decision)).BoughtAgain(line.Entry.Offer));
        }
        foreach (var claim in await grains.GetGrain<IClaimantGrain>($"{key.Retailer}/{ParcelCase.ClaimantOf(key.Retailer, customer)}").Made())
            if (claim.At >= since && claim.At < placedAt) Stored(await Case(claim.Parcel).BoughtAgain(claim.Id));
    }

    /// <summary>The parcel that speaks for a decision; before anything is shipped a case under the order's own name, which no carrier can have.</summary>
    private static ShipmentKey KeyOf(Order order, RecoveryDecision decision)
    {
        if (decision.Facts.Speaking is { } speaking && speaking.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash) return new ShipmentKey(order.Key.Retailer, speaking[..slash], speaking[(slash + 1)..]);
        return order.Shipments.FirstOrDefault()?.KeyIn(order.Key.Retailer) ?? new ShipmentKey(order.Key.Retailer, "~order", order.Key.Order);
    }

    private ICaseGrain Case(ShipmentKey key) => grains.GetGrain<ICaseGrain>(key.ToString());

    // The partition reader tries again.
    private static void Stored(CaseAnswer answer)
    {
        if (answer.NotStored) throw new TimeoutException("A case could not be stored now.");
    }
}
