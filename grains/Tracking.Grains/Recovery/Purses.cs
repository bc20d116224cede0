using Microsoft.Extensions.Options;
using Tracking.Contracts.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Grains.Recovery;

/// <summary>Reserves, spends and gives back what an offer may cost, in all of its purses. Everything by the offer's id, so everything may be repeated.</summary>
public sealed class Purses(IGrainFactory grains, IOptions<RecoveryOptions> options)
{
    /// <summary>Null when every purse holds it; otherwise the one that has not enough (the others got theirs back).</summary>
    public async Task<string?> ReserveAsync(OrderKey order, RecoveryDecision decision)
    {
        for (var i = 0; i < decision.Purses.Length; i++)
        {
            if (await Share(order, decision, decision.Purses[i]).Reserve(decision.Offer, decision.Reserve, decision.Purses[i].Limit)) continue;
            for (var held = 0; held < i; held++) await Share(order, decision, decision.Purses[held]).Release(decision.Offer);
            return decision.Purses[i].Id;
        }
        return null;
    }

    public Task SpendAsync(OrderKey order, RecoveryDecision decision, long cost) => Task.WhenAll(decision.Purses.Select(p => Share(order, decision, p).Spend(decision.Offer, cost)));

    public Task ReleaseAsync(OrderKey order, RecoveryDecision decision) => Task.WhenAll(decision.Purses.Select(p => Share(order, decision, p).Release(decision.Offer)));

    /// <summary>What a purse's shares have given out, together.</summary>
    public async Task<BudgetStanding> StandingAsync(string retailer, string currency, string purse)
    {
        var all = await Task.WhenAll(Enumerable.Range(0, options.Value.BudgetShares).Select(s => grains.GetGrain<IBudgetShareGrain>(Key(retailer, currency, purse, s)).Standing()));
        return new BudgetStanding(all.Sum(s => s.Drawn), all.Sum(s => s.Reserved), all.Sum(s => s.Spent), all.Sum(s => s.Offers));
    }

    // An offer asks the same share every time: its id says which.
    private IBudgetShareGrain Share(OrderKey order, RecoveryDecision decision, Purse purse)
        => grains.GetGrain<IBudgetShareGrain>(Key(order.Retailer, decision.Currency, purse.Id, Journal.Partitions.Of(decision.Offer) % options.Value.BudgetShares));

    public static string Key(string retailer, string currency, string purse, int share) => FormattableString.Invariant($"{retailer}/{currency}/{purse}/{share}");
}
