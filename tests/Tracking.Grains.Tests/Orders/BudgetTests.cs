using System.Collections.Immutable;
using Tracking.Contracts.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Grains.Tests.Orders;

public sealed class BudgetTests(ITestOutputHelper output)
{
    private static readonly OrderKey Order = new("demo", "1");

    private static RecoveryDecision Decision(int number, long cost, long limit) => new()
    {
        Offer = OfferId.Of(new OrderKey("demo", $"{number}"), new CauseKey(Cause.Lost, 0, 1)), Cause = new CauseKey(Cause.Lost, 0, 1), At = OrderWorld.Morning, Currency = "EUR",
        Reserve = cost, Purses = [new Purse("day-2026-11-16", limit)], Facts = new DisruptionFacts(),
    };

    [Theory]
    [InlineData(1)]   // all cost 5.00
    [InlineData(2)]   // between 3.00 and 7.00
    public async Task A_thousand_among_ten_thousand_at_once_spends_nearly_all_and_never_more(int kind)
    {
        await using var world = await OrderWorld.StartAsync();
        const long Limit = 100_000;

        var answers = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(i => world.Purses.ReserveAsync(Order, Decision(i, kind == 1 ? 500 : 300 + i * 37 % 401, Limit))));

        var standing = await world.Purses.StandingAsync("demo", "EUR", "day-2026-11-16");
        standing.Reserved.ShouldBeLessThanOrEqualTo(Limit);
        standing.Reserved.ShouldBeGreaterThanOrEqualTo(99_000);
        answers.Count(a => a is null).ShouldBe(standing.Offers);
        output.WriteLine($"{standing.Reserved / 100m:N2} of 1,000.00 given to {standing.Offers} of 10,000 orders at once.");
    }

    [Fact]
    public async Task An_offer_reserves_once_and_what_it_gives_back_goes_to_another()
    {
        await using var world = await OrderWorld.StartAsync();
        var (first, second) = (Decision(1, 800, 1_000), Decision(2, 800, 1_000));
        (await world.Purses.ReserveAsync(Order, first)).ShouldBeNull();
        (await world.Purses.ReserveAsync(Order, first)).ShouldBeNull();
        (await world.Purses.ReserveAsync(Order, second)).ShouldBe("day-2026-11-16");

        await world.Purses.ReleaseAsync(Order, first);
        await world.Purses.ReleaseAsync(Order, first);

        (await world.Purses.ReserveAsync(Order, second)).ShouldBeNull();
        (await world.Purses.ReserveAsync(Order, first)).ShouldNotBeNull();   // given back is given back
        (await world.Purses.StandingAsync("demo", "EUR", "day-2026-11-16")).Reserved.ShouldBe(800);
    }

    [Fact]
    public async Task A_cheaper_remedy_gives_the_rest_back_and_spending_twice_counts_once()
    {
        await using var world = await OrderWorld.StartAsync();
        var decision = Decision(1, 800, 1_000);
        await world.Purses.ReserveAsync(Order, decision);

        await world.Purses.SpendAsync(Order, decision, 300);
        await world.Purses.SpendAsync(Order, decision, 300);
        await world.Purses.ReleaseAsync(Order, decision);

        var standing = await world.Purses.StandingAsync("demo", "EUR", "day-2026-11-16");
        (standing.Reserved, standing.Spent).ShouldBe((0, 300));
        (await world.Purses.ReserveAsync(Order, Decision(2, 700, 1_000))).ShouldBeNull();
    }

    [Fact]
    public async Task An_offer_that_one_of_two_purses_cannot_pay_is_paid_by_none()
    {
        await using var world = await OrderWorld.StartAsync();
        var decision = Decision(1, 500, 100_000) with { Purses = ImmutableArray.Create(new Purse("day-2026-11-16", 100_000), new Purse("campaign-winter", 400)) };

        (await world.Purses.ReserveAsync(Order, decision)).ShouldBe("campaign-winter");

        (await world.Purses.StandingAsync("demo", "EUR", "day-2026-11-16")).Reserved.ShouldBe(0);
    }

    [Fact]
    public async Task A_ledger_keeps_offers_apart_by_the_days_a_policy_asks_for()
    {
        await using var world = await OrderWorld.StartAsync();
        var customer = world.Grains.Silo.Grains.GetGrain<ICustomerGrain>("demo/c-1");
        LedgerEntry Entry(string offer, string order, int day) => new(offer, order, new CauseKey(Cause.Lost, 0, 1), OrderWorld.Morning.AddDays(day), 500, "EUR", 30);
        (await customer.Enter(Entry("a", "1", 0))).ShouldBeNull();
        (await customer.Enter(Entry("a", "1", 0))).ShouldBeNull();

        (await customer.Enter(Entry("b", "2", 10))).ShouldNotBeNull().ShouldContain("30 days");
        (await customer.Enter(Entry("b", "2", 60))).ShouldNotBeNull();   // the answer to an id stays
        (await customer.Enter(Entry("c", "3", 31))).ShouldBeNull();
        (await customer.Ledger()).Lines.Length.ShouldBe(2);
    }
}
