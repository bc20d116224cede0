using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Promotions;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Tests.Orders;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Promotions;

/// <summary>What a shop's promotion system hears: everything, in its order, each message with one id, however long its server is away.</summary>
public sealed class PromotionTests
{
    private sealed class Shop : IPromotionChannel
    {
        public ConcurrentQueue<(string Id, JsonElement Body)> Heard { get; } = new();
        public int Tries;
        public Func<PromotionAnswer> Answer { get; set; } = static () => PromotionAnswer.Ok;

        public bool IsOpen(string retailer) => retailer == "demo";

        public ValueTask<PromotionAnswer> SendAsync(string retailer, string id, ReadOnlyMemory<byte> body, CancellationToken cancel = default)
        {
            Interlocked.Increment(ref Tries);
            var answer = Answer();
            if (answer.Taken) Heard.Enqueue((id, JsonDocument.Parse(body).RootElement));
            return new(answer);
        }
    }

    [Fact]
    public async Task An_offer_is_told_when_it_is_made_and_when_it_is_taken_with_the_code()
    {
        var shop = new Shop();
        await using var world = await StartAsync(shop);
        var offer = await OfferAsync(world);
        await QuietAsync(world, offer, 1);

        var code = (await world.Order("1").Accept(offer, RemedyKind.Discount, "shopper")).Offer!.Code;
        await world.SettleAsync();
        await world.SettleAsync();
        await QuietAsync(world, offer, 2);

        shop.Heard.Select(h => h.Id).ShouldBe([$"{offer}-made", $"{offer}-accepted"]);
        var accepted = shop.Heard.Last().Body;
        accepted.GetProperty("type").GetString().ShouldBe("offer.accepted");
        (accepted.GetProperty("data").GetProperty("code").GetString(), accepted.GetProperty("data").GetProperty("offer").GetString()).ShouldBe((code, offer));
        Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(accepted)).ShouldNotContain("canary", Case.Insensitive);
    }

    [Fact]
    public async Task A_server_that_is_away_holds_up_nobody_and_hears_everything_in_order_when_it_is_back()
    {
        var shop = new Shop { Answer = static () => new PromotionAnswer(false, Problem: "answered 503") };
        await using var world = await StartAsync(shop);
        var offer = await OfferAsync(world);
        world.Notices.Of(NoticeKind.Offer).ShouldHaveSingleItem();   // the buyer does not wait for the shop's server
        (await world.Order("1").Accept(offer, RemedyKind.Discount, "shopper")).First.ShouldBeTrue();
        await world.SettleAsync();
        world.Notices.Of(NoticeKind.OfferAccepted).ShouldHaveSingleItem();

        await world.PassAsync(TimeSpan.FromHours(3));
        await TriedAsync(world, shop, 5);
        var waiting = (await world.Grains.Silo.Services.GetRequiredService<IPromotionReader>().UndeliveredAsync("demo", 10)).ShouldHaveSingleItem();
        waiting.Messages.Select(m => (m.Id, m.State)).ShouldBe([($"{offer}-made", PromotionState.Owed), ($"{offer}-accepted", PromotionState.Owed)]);
        waiting.Messages[0].Problem.ShouldBe("answered 503");
        shop.Tries.ShouldBeLessThan(60);   // the pause grows up to ten minutes

        shop.Answer = static () => PromotionAnswer.Ok;
        await world.PassAsync(TimeSpan.FromMinutes(11));
        await QuietAsync(world, offer, 2);
        shop.Heard.Select(h => h.Id).ShouldBe([$"{offer}-made", $"{offer}-accepted"]);
    }

    [Fact]
    public async Task What_is_given_up_after_days_is_listed_and_can_be_sent_again_with_its_id()
    {
        var shop = new Shop { Answer = static () => new PromotionAnswer(false, Problem: "could not be reached", RetryAfter: TimeSpan.FromHours(5)) };
        await using var world = await StartAsync(shop);
        var offer = await OfferAsync(world);
        for (var hour = 0; hour < 80 && (await MessagesAsync(world)).All(m => m.State != PromotionState.GivenUp); hour++)
        {
            await world.PassAsync(TimeSpan.FromHours(1));
            await TriedAsync(world, shop, hour / 2);
        }
        (await MessagesAsync(world)).ShouldHaveSingleItem().ShouldSatisfyAllConditions(m => m.State.ShouldBe(PromotionState.GivenUp), m => m.Problem.ShouldBe("could not be reached"));
        var tries = shop.Tries;

        shop.Answer = static () => PromotionAnswer.Ok;
        (await Outbox(world).Again()).ShouldBe(1);
        await QuietAsync(world, offer, 1);
        (shop.Heard.Single().Id, shop.Tries).ShouldBe(($"{offer}-made", tries + 1));
    }

    [Fact]
    public async Task A_message_told_twice_is_owed_once()
    {
        var shop = new Shop();
        await using var world = await StartAsync(shop);
        var message = new PromotionMessage("x-made", "offer.made", "{}");
        await Task.WhenAll(Outbox(world).Owe(message), Outbox(world).Owe(message), Outbox(world).Owe(message));
        await QuietAsync(world, "x", 1);
        await Outbox(world).Owe(message);
        await Outbox(world).Wake();
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        (await MessagesAsync(world)).ShouldHaveSingleItem().State.ShouldBe(PromotionState.Told);
        shop.Heard.Count.ShouldBe(1);
    }

    private static Task<OrderWorld> StartAsync(Shop shop)
        => OrderWorld.StartAsync(An.Policy.Replace(", \"silent\"", "", StringComparison.Ordinal), more: services => services.AddSingleton<IPromotionChannel>(shop));

    private static async Task<string> OfferAsync(OrderWorld world)
    {
        await world.Order("1").Place(An.Order(promise: null), An.People, world.Clock.GetUtcNow());
        await world.SettleAsync();
        await world.ScanAsync(A.Scan(Milestone.InTransit, "2026-11-16T02:00:00-06:00", modifiers: Modifiers.Delayed));
        await world.PassAsync(TimeSpan.FromMinutes(15));
        return (await world.ViewAsync("1")).Order.Offers.ShouldHaveSingleItem().Id;
    }

    private static IPromotionGrain Outbox(OrderWorld world) => world.Grains.Silo.Grains.GetGrain<IPromotionGrain>("demo/1");

    private static async Task<IReadOnlyList<PromotionView>> MessagesAsync(OrderWorld world) => await Outbox(world).List();

    // A try runs beside whoever asked for it; every look lets the grain's own turns go on.
    private static async Task QuietAsync(OrderWorld world, string offer, int messages)
    {
        for (var look = 0; look < 2_000; look++)
        {
            world.Clock.MoveTo(world.Clock.GetUtcNow());
            var all = await MessagesAsync(world);
            if (all.Count == messages && all.All(m => m.State == PromotionState.Told)) return;
            await Task.Yield();
        }
        throw new TimeoutException($"Not all of {offer} was told: {string.Join(", ", await MessagesAsync(world))}");
    }

    private static async Task TriedAsync(OrderWorld world, Shop shop, int times)
    {
        for (var look = 0; look < 2_000 && shop.Tries < times; look++)
        {
            world.Clock.MoveTo(world.Clock.GetUtcNow());
            await MessagesAsync(world);
        }
    }
}
