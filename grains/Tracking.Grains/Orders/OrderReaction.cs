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
/// What follows from what an order stored: purse, then ledger, then the offer, then the buyer, each by the offer's id. A crash at any place repeats it from the
/// stored row on, and everybody asked twice answers the same.
/// </summary>
public sealed class OrderReaction(IGrainFactory grains, OrderLoader loader, Purses purses, OrderTeller teller, IPromotions promotions) : IReaction
{
    public string Name => "order";
    public string Kinds => "o";

    public async ValueTask ReactAsync(JournalRow row, CancellationToken cancel)
    {
        if (OrderStreams.KeyOf(row.Stream) is not { } key) return;
        var append = OrderJson.Read(row.Open.Span);
        if (append.Events.Any(static e => e is OrderPlaced or OrderChanged)) await KnowCustomerAsync(key, append, OrderJson.ReadPeople(row.Personal.Span));
        if (append.Events.Any(static e => e is OrderPlaced or OrderChanged or ShipmentAdded or LineUnavailable)) await grains.GetGrain<IOrderGrain>(key.ToString()).Look(null);

        foreach (var happened in append.Events)
        {
            switch (happened)
            {
                case RemedyDecided { Decision: { IsOffer: true } decision }: await SettleAsync(key, decision, cancel); break;
                case RemedyDecided { Decision: { Tell: true } decision }: await teller.ToldAsync(key, decision, append.RecordedAt, cancel); break;
                case OfferMade made: await MadeAsync(key, made.Offer, append.RecordedAt, cancel); break;
                case OfferAccepted accepted: await AcceptedAsync(key, accepted, append.RecordedAt, cancel); break;
                case OfferDeclined declined: await EndedAsync(key, declined.Offer, "declined", append.RecordedAt, cancel); break;
                case OfferExpired expired: await EndedAsync(key, expired.Offer, "expired", append.RecordedAt, cancel); break;
                case OfferReminded reminded: await teller.OfferAsync(key, await DecisionAsync(key, reminded.Offer, cancel), NoticeKind.OfferReminder, append.RecordedAt, cancel); break;
                case PromiseKeptAgain kept: await teller.KeptAgainAsync(key, kept, append.RecordedAt, cancel); break;
            }
        }
    }

    // Decided, not told: purse and ledger first. What they answer is stored by the order; only its first answer counts.
    private async Task SettleAsync(OrderKey key, RecoveryDecision decision, CancellationToken cancel)
    {
        var order = await loader.LoadAsync(key, cancel);
        if (order.FindOffer(decision.Offer) is not { State: OfferState.Decided }) return;   // settled by an earlier run
        var (answer, detail) = (Withheld.Not, (string?)null);
        if (await purses.ReserveAsync(key, decision) is { } empty) (answer, detail) = (Withheld.Budget, empty);
        else
        {
            var entry = new LedgerEntry(decision.Offer, key.Order, decision.Cause, decision.At, decision.Reserve, decision.Currency, decision.SpacingDays);
            if (await Customer(key, order).Enter(entry) is { } why)
            {
                (answer, detail) = (Withheld.Spacing, why);
                await purses.ReleaseAsync(key, decision);
            }
        }
        var state = await grains.GetGrain<IOrderGrain>(key.ToString()).Settle(decision.Offer, answer, detail);
        if (state == OfferState.Withheld && decision.Tell) await teller.ToldAsync(key, decision, decision.At, cancel);   // no offer, but bad news is told
        if (state == OfferState.Withheld && answer == Withheld.Not)
        {
            // Another run was told no before us; what we hold goes back.
            await purses.ReleaseAsync(key, decision);
            await Customer(key, order).Close(decision.Offer, "expired", null, 0);
        }
    }

    private async Task MadeAsync(OrderKey key, string offer, DateTimeOffset at, CancellationToken cancel)
    {
        var decision = await DecisionAsync(key, offer, cancel);
        await promotions.SendAsync(key, "offer.made", decision, null, null, at, cancel);
        await teller.OfferAsync(key, decision, NoticeKind.Offer, at, cancel);
    }

    private async Task AcceptedAsync(OrderKey key, OfferAccepted accepted, DateTimeOffset at, CancellationToken cancel)
    {
        var order = await loader.LoadAsync(key, cancel);
        var decision = order.FindOffer(accepted.Offer)!.Decision;
        var cost = decision.Remedies.First(r => r.Kind == accepted.Remedy).Cost;
        await purses.SpendAsync(key, decision, cost);
        await Customer(key, order).Close(accepted.Offer, "accepted", accepted.Remedy, cost);
        await promotions.SendAsync(key, "offer.accepted", decision, accepted.Remedy, accepted.Code, at, cancel);
        await teller.AcceptedAsync(key, decision, accepted, at, cancel);
    }

    private async Task EndedAsync(OrderKey key, string offer, string how, DateTimeOffset at, CancellationToken cancel)
    {
        var order = await loader.LoadAsync(key, cancel);
        var decision = order.FindOffer(offer)!.Decision;
        await purses.ReleaseAsync(key, decision);
        await Customer(key, order).Close(offer, how, null, 0);
        await promotions.SendAsync(key, "offer." + how, decision, null, null, at, cancel);
    }

    private async Task<RecoveryDecision> DecisionAsync(OrderKey key, string offer, CancellationToken cancel) => (await loader.LoadAsync(key, cancel)).FindOffer(offer)!.Decision;

    private async Task KnowCustomerAsync(OrderKey key, OrderAppend append, OrderPeople? people)
    {
        var content = append.Events.Select(static e => e switch { OrderPlaced placed => placed.Content, OrderChanged changed => changed.Content, _ => null }).Last(static c => c is not null)!;
        var customer = content.Customer ?? "~" + key.Order;
        await grains.GetGrain<ICustomerGrain>($"{key.Retailer}/{customer}").Know(new CustomerCard(content.Tier, content.Language, people?.Name, people?.Email, people?.Phone));
    }

    private ICustomerGrain Customer(OrderKey key, Order order) => grains.GetGrain<ICustomerGrain>($"{key.Retailer}/{order.CustomerId}");
}
