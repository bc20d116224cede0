using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Domain.Customers;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Partitions;
using Tracking.Grains.Recovery;
using Tracking.Journal;

namespace Tracking.Grains.Orders;

/// <summary>
/// What follows from what an order stored: purse, then codes, then ledger, then the offer, then the buyer, each by the offer's id. A crash at any place repeats it from the
/// stored row on, and everybody asked twice answers the same.
/// </summary>
public sealed class OrderReaction(IGrainFactory grains, OrderLoader loader, Purses purses, PooledCodes codes, OrderTeller teller, IPromotions promotions) : IReaction
{
    public string Name => "order";
    public string Kinds => "o";

    public async ValueTask ReactAsync(JournalRow row, CancellationToken cancel)
    {
        if (OrderStreams.KeyOf(row.Stream) is not { } key) return;
        var append = OrderJson.Read(row.Open.Span);
        if (append.Events.Any(static e => e is OrderPlaced or OrderChanged)) await KnowCustomerAsync(key, append, OrderJson.ReadPeople(row.Personal.Span));
        if (append.Events.Any(static e => e is OrderPlaced or OrderChanged or ShipmentAdded or LineUnavailable)) await grains.GetGrain<IOrderGrain>(key.ToString()).Look(null);

        if (append.Events.Any(static e => e is OrderPlaced or OrderChanged or ShipmentAdded))
        {
            var told = await loader.LoadAsync(key, cancel);
            foreach (var shipment in told.Shipments) await teller.MovedAsync(told, shipment.KeyIn(key.Retailer), cancel);
        }
        if (!append.Events.Any(static e => e is RemedyDecided or OfferMade or OfferWithheld or OfferAccepted or OfferDeclined or OfferExpired or OfferReminded or PromiseKeptAgain)) return;
        var order = await loader.LoadAsync(key, cancel);
        foreach (var happened in append.Events)
        {
            switch (happened)
            {
                case RemedyDecided { Decision: { IsOffer: true } decision }: await SettleAsync(order, decision, cancel); break;
                case RemedyDecided { Decision: { Tell: true } decision }: await teller.ToldAsync(order, decision, append.RecordedAt, cancel); break;
                case OfferMade made: await MadeAsync(order, made.Offer, append.RecordedAt, cancel); break;
                case OfferWithheld withheld when order.FindOffer(withheld.Offer)!.Decision is { Tell: true } decision: await teller.ToldAsync(order, decision, append.RecordedAt, cancel); break;   // no offer, but bad news is told
                case OfferAccepted accepted: await AcceptedAsync(order, accepted, append.RecordedAt, cancel); break;
                case OfferDeclined declined: await EndedAsync(order, declined.Offer, "declined", append.RecordedAt, cancel); break;
                case OfferExpired expired: await EndedAsync(order, expired.Offer, "expired", append.RecordedAt, cancel); break;
                case OfferReminded reminded: await teller.OfferAsync(order, order.FindOffer(reminded.Offer)!.Decision, NoticeKind.OfferReminder, append.RecordedAt, cancel); break;
                case PromiseKeptAgain kept: await teller.KeptAgainAsync(order, kept, append.RecordedAt, cancel); break;
            }
        }
    }

    // Decided, not told: purse and ledger first. What they answer is stored by the order; only its first answer counts.
    private async Task SettleAsync(Order order, RecoveryDecision decision, CancellationToken cancel)
    {
        if (order.FindOffer(decision.Offer) is not { State: OfferState.Decided }) return;   // settled by an earlier run
        var key = order.Key;
        var (answer, detail) = (Withheld.Not, (string?)null);
        if (await purses.ReserveAsync(key, decision) is { } empty) (answer, detail) = (Withheld.Budget, empty);
        else if (await codes.ReserveAsync(key.Retailer, decision) is { } used)
        {
            (answer, detail) = (Withheld.Codes, $"pool {used}");
            await GiveBackAsync(key, decision);
        }
        else
        {
            var entry = new LedgerEntry(decision.Offer, key.Order, decision.Cause, decision.At, decision.Reserve, decision.Currency, decision.SpacingDays);
            if (await Customer(order).Enter(entry) is { } why)
            {
                (answer, detail) = why == Domain.Customers.Customer.WantsNone ? (Withheld.NotWanted, (string?)null) : (Withheld.Spacing, why);
                await GiveBackAsync(key, decision);
            }
        }
        var state = await grains.GetGrain<IOrderGrain>(key.ToString()).Settle(decision.Offer, answer, detail);
        if (state != OfferState.Withheld) return;
        if (answer == Withheld.Not)
        {
            // Another run was told no before us; what we hold goes back.
            await GiveBackAsync(key, decision);
            await Customer(order).Close(decision.Offer, "expired", null, 0);
        }
    }

    private async Task GiveBackAsync(OrderKey key, RecoveryDecision decision)
    {
        await purses.ReleaseAsync(key, decision);
        await codes.CloseAsync(key.Retailer, decision, null);
    }

    private async Task MadeAsync(Order order, string offer, DateTimeOffset at, CancellationToken cancel)
    {
        var decision = order.FindOffer(offer)!.Decision;
        await promotions.SendAsync(order.Key, "offer.made", decision, null, null, at, cancel);
        await teller.OfferAsync(order, decision, NoticeKind.Offer, at, cancel);
    }

    private async Task AcceptedAsync(Order order, OfferAccepted accepted, DateTimeOffset at, CancellationToken cancel)
    {
        var decision = order.FindOffer(accepted.Offer)!.Decision;
        var cost = decision.Remedies.First(r => r.Kind == accepted.Remedy).Cost;
        await purses.SpendAsync(order.Key, decision, cost);
        await codes.CloseAsync(order.Key.Retailer, decision, accepted.Remedy);
        await Customer(order).Close(accepted.Offer, "accepted", accepted.Remedy, cost);
        await promotions.SendAsync(order.Key, "offer.accepted", decision, accepted.Remedy, accepted.Code, at, cancel);
        await teller.AcceptedAsync(order, decision, accepted, at, cancel);
    }

    private async Task EndedAsync(Order order, string offer, string how, DateTimeOffset at, CancellationToken cancel)
    {
        var decision = order.FindOffer(offer)!.Decision;
        await GiveBackAsync(order.Key, decision);
        await Customer(order).Close(offer, how, null, 0);
        await promotions.SendAsync(order.Key, "offer." + how, decision, null, null, at, cancel);
    }

    private async Task KnowCustomerAsync(OrderKey key, OrderAppend append, OrderPeople? people)
    {
        var content = append.Events.Select(static e => e switch { OrderPlaced placed => placed.Content, OrderChanged changed => changed.Content, _ => null }).Last(static c => c is not null)!;
        var customer = content.Customer ?? "~" + key.Order;
        await grains.GetGrain<ICustomerGrain>($"{key.Retailer}/{customer}").Know(
            new CustomerCard(content.Tier, content.Language, people?.Name, people?.Email, people?.Phone, key.Order, [.. content.Lines.Select(static l => l.Category).OfType<string>()]));
    }

    private ICustomerGrain Customer(Order order) => grains.GetGrain<ICustomerGrain>($"{order.Key.Retailer}/{order.CustomerId}");
}
