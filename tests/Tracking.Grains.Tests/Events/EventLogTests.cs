using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Ports;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Tests.Orders;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Events;

public sealed class EventLogTests
{
    [Fact]
    public async Task A_page_of_any_length_ends_in_a_cursor_that_neither_skips_nor_repeats()
    {
        await using var world = await StoryAsync();
        var whole = await ReadAsync(world, 1_000);
        whole.Count.ShouldBeGreaterThan(5);
        foreach (var limit in (int[])[1, 2, 3, 7])
        {
            var pieces = await ReadAsync(world, limit);
            pieces.Select(e => e.Id).ShouldBeUnique();
            pieces.Select(e => e.Id).ShouldBe(whole.Select(e => e.Id), ignoreOrder: true);
        }
        (await Log(world).ReadAsync("stranger", null, 100))!.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_comes_later_comes_after_the_cursor_and_alone()
    {
        await using var world = await StoryAsync();
        var page = (await Log(world).ReadAsync("demo", null, 1_000))!;
        page.More.ShouldBeFalse();
        (await Log(world).ReadAsync("demo", page.Next, 1_000))!.Events.ShouldBeEmpty();

        await world.ScanAsync(A.Scan(Milestone.Delivered, "2026-11-16T02:10:00-06:00"));

        var later = (await Log(world).ReadAsync("demo", page.Next, 1_000))!.Events;
        later.ShouldContain(e => e.Type == "shipment.status" && e.Data.GetProperty("status").GetString() == "DELIVERED");
        later.Select(e => e.Id).Intersect(page.Events.Select(e => e.Id)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("!")]
    [InlineData("AQAA")]
    [InlineData("AgAA")]
    public async Task What_is_no_cursor_is_refused(string text)
    {
        await using var world = await OrderWorld.StartAsync();
        (await Log(world).ReadAsync("demo", text, 10)).ShouldBeNull();
    }

    private static async Task<OrderWorld> StoryAsync()
    {
        var world = await OrderWorld.StartAsync(An.Policy);
        await world.Order("1").Place(An.Order(), An.People, world.Clock.GetUtcNow());
        await world.SettleAsync();
        await world.ScanAsync(A.Scan(Milestone.InTransit, "2026-11-16T02:00:00-06:00", modifiers: Modifiers.Delayed));
        await world.PassAsync(TimeSpan.FromMinutes(15));
        var offer = (await world.ViewAsync("1")).Order.Offers.First(o => o.State == OfferState.Open).Id;
        await world.Order("1").Accept(offer, RemedyKind.Discount, "shopper");
        await world.SettleAsync();
        return world;
    }

    private static IEventLog Log(OrderWorld world) => world.Grains.Silo.Services.GetRequiredService<IEventLog>();

    private static async Task<List<RetailerEvent>> ReadAsync(OrderWorld world, int limit)
    {
        var (all, after) = (new List<RetailerEvent>(), (string?)null);
        for (var pages = 0; pages < 200; pages++)
        {
            var page = (await Log(world).ReadAsync("demo", after, limit))!;
            all.AddRange(page.Events);
            after = page.Next;
            if (!page.More) return all;
        }
        throw new InvalidOperationException("The log has no end.");
    }
}
