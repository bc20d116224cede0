using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Recovery;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Orders;

/// <summary>A shop's own codes: each to one offer, the same one however often it is asked for, and what happens when none is left.</summary>
public sealed class CodePoolTests
{
    private static readonly string Policy = An.Policy
        .Replace("\"settleMinutes\": 10", "\"settleMinutes\": 10, \"spacingDays\": 0", StringComparison.Ordinal)
        .Replace("\"cost\": 500, \"percent\": 10", "\"cost\": 500, \"percent\": 10, \"pool\": \"ten-percent\"", StringComparison.Ordinal)
        .Replace(", \"silent\"", "", StringComparison.Ordinal);

    private static readonly string NoOthers = Policy.Replace("\"pool\": \"ten-percent\"", "\"pool\": \"ten-percent\", \"whenEmpty\": \"withhold\"", StringComparison.Ordinal);

    [Fact]
    public async Task Each_offer_draws_a_code_of_its_own_and_draws_it_once()
    {
        await using var world = await StartAsync(Policy, "TEN-A", "TEN-B");
        var (first, second) = (await OfferAsync(world, 1), await OfferAsync(world, 2));

        (await Book(world).Standing("ten-percent")).ShouldBe(new CodeStanding(0, 2, 0));
        var taken = await world.Order("1").Accept(first.Id, RemedyKind.Discount, "shopper");
        var again = await world.Order("1").Accept(first.Id, RemedyKind.Discount, "shopper");
        var other = await world.Order("2").Accept(second.Id, RemedyKind.Discount, "shopper");
        await world.SettleAsync();

        (taken.First, again.First, again.Offer!.Code).ShouldBe((true, false, taken.Offer!.Code));
        new[] { taken.Offer.Code, other.Offer!.Code }.Order().ShouldBe(["TEN-A", "TEN-B"]);
        world.Notices.Of(NoticeKind.OfferAccepted).Select(n => n.Facts.Code).Order().ShouldBe(["TEN-A", "TEN-B"]);
        (await Book(world).Standing("ten-percent")).ShouldBe(new CodeStanding(2, 0, 0));
        (await WhyAsync(world, "1")).ShouldContain(w => w.EndsWith("with a code of pool ten-percent.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_the_pool_is_used_up_a_code_is_generated_and_the_history_says_why()
    {
        await using var world = await StartAsync(Policy);
        var offer = await OfferAsync(world, 1);

        var taken = await world.Order("1").Accept(offer.Id, RemedyKind.Discount, "shopper");

        taken.Offer!.Code.ShouldNotBeNull().ShouldStartWith("SORRY-");
        (await WhyAsync(world, "1")).ShouldContain(w => w.EndsWith("with a generated code because pool ten-percent is used up.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_the_policy_wants_no_other_codes_there_is_no_offer_and_the_buyer_is_told_all_the_same()
    {
        await using var world = await StartAsync(NoOthers, "TEN-A");
        await OfferAsync(world, 1);
        await DelayAsync(world, 2);

        var withheld = (await world.ViewAsync("2")).Order.Offers.ShouldHaveSingleItem();
        (withheld.State, withheld.Why, withheld.Detail).ShouldBe((OfferState.Withheld, Withheld.Codes, "pool ten-percent"));
        WhyDecided.Of(withheld).ShouldEndWith("but the shop's codes are used up: pool ten-percent.");
        world.Notices.Of(NoticeKind.Delayed).ShouldHaveSingleItem().Order.ShouldBe("2");
        (await world.Purses.StandingAsync("demo", "USD", "day-2026-11-16")).Offers.ShouldBe(1);

        // A fuller file changes nothing for what was settled, and is there for the next.
        Put(world, "TEN-A", "TEN-B");
        await world.PassAsync(TimeSpan.FromHours(1));
        (await world.ViewAsync("2")).Order.Offers.ShouldHaveSingleItem().State.ShouldBe(OfferState.Withheld);
        (await OfferAsync(world, 3)).State.ShouldBe(OfferState.Open);
    }

    [Fact]
    public async Task What_nobody_was_told_goes_back_to_the_pool()
    {
        await using var world = await StartAsync(NoOthers, "TEN-A");
        var first = await OfferAsync(world, 1);
        await world.Order("1").Accept(first.Id, RemedyKind.FreeShipping, "shopper");
        await world.SettleAsync();
        (await Book(world).Standing("ten-percent")).ShouldBe(new CodeStanding(0, 0, 1));

        var second = await OfferAsync(world, 2);
        await world.Order("2").Decline(second.Id, "shopper");
        await world.SettleAsync();

        var third = await OfferAsync(world, 3);
        (await world.Order("3").Accept(third.Id, RemedyKind.Discount, "shopper")).Offer!.Code.ShouldBe("TEN-A");
        await world.SettleAsync();
        (await Book(world).Standing("ten-percent")).ShouldBe(new CodeStanding(1, 0, 0));
    }

    [Fact]
    public async Task A_hundred_at_once_over_sixty_codes_get_sixty_different_ones_and_forty_get_none()
    {
        await using var world = await StartAsync(Policy, [.. Enumerable.Range(0, 60).Select(i => $"CODE-{i:00}")]);

        var codes = await Task.WhenAll(Enumerable.Range(0, 100).SelectMany(i => new[] { i, i }).Select(i => Book(world).Reserve("ten-percent", $"offer-{i}", RemedyKind.Discount, true)));

        codes.Where(c => c is not null).Distinct().Count().ShouldBe(60);
        for (var i = 0; i < codes.Length; i += 2) codes[i].ShouldBe(codes[i + 1]);   // asked twice, answered alike
        codes.Count(c => c is null).ShouldBe(80);
    }

    [Fact]
    public async Task A_code_that_stands_in_two_pools_is_given_once()
    {
        await using var world = await StartAsync(Policy, "BOTH");
        Shelf(world).Put("demo", new CodePool("other", ["BOTH"]));

        (await Book(world).Reserve("ten-percent", "a", RemedyKind.Discount, false)).ShouldBe("BOTH");
        (await Book(world).Reserve("other", "b", RemedyKind.Discount, false)).ShouldBeNull();
    }

    private static async Task<OrderWorld> StartAsync(string policy, params string[] codes)
    {
        var world = await OrderWorld.StartAsync(policy);
        Put(world, codes);
        return world;
    }

    private static void Put(OrderWorld world, params string[] codes) => Shelf(world).Put("demo", CodePool.Read("ten-percent", Encoding.ASCII.GetBytes(string.Join('\n', codes))));

    private static CodeShelf Shelf(OrderWorld world) => world.Grains.Silo.Services.GetRequiredService<CodeShelf>();

    private static ICodeBookGrain Book(OrderWorld world) => world.Grains.Silo.Grains.GetGrain<ICodeBookGrain>("demo");

    private static async Task DelayAsync(OrderWorld world, int order)
    {
        var number = $"1Z7X904E03421009{order:00}";
        (await world.Order($"{order}").Place(An.Order(promise: null, customer: $"c-{order}", shipments: [number]), An.People, world.Clock.GetUtcNow())).Problem.ShouldBeNull();
        await world.SettleAsync();
        await world.ScanAsync(A.Scan(Milestone.InTransit, "2026-11-16T02:00:00-06:00", modifiers: Modifiers.Delayed, key: new ShipmentKey("demo", "ups", number)));
        await world.PassAsync(TimeSpan.FromMinutes(15));
    }

    private static async Task<OfferStanding> OfferAsync(OrderWorld world, int order)
    {
        await DelayAsync(world, order);
        return (await world.ViewAsync($"{order}")).Order.Offers.ShouldHaveSingleItem();
    }

    private static async Task<IReadOnlyList<string>> WhyAsync(OrderWorld world, string order)
        => [.. (await world.Reader.HistoryAsync(new OrderKey("demo", order)))!.SelectMany(e => e.Facts).Select(f => f.Why)];
}
