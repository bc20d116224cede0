using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Domain.Customers;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Orders;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Orders;

/// <summary>Whole stories, from checkout to the last word.</summary>
public sealed class StoryTests
{
    [Fact]
    public async Task A_storm_makes_an_order_late_and_the_buyer_chooses_once_how_it_is_put_right()
    {
        await using var world = await OrderWorld.StartAsync(An.Policy);

        // Monday: checkout. Delivery is promised by Thursday.
        (await world.Order("1001").Place(An.Order(), An.People, world.Clock.GetUtcNow())).Refusal.ShouldBe(OrderRefusal.None);
        await world.SettleAsync();

        // Tuesday: it leaves Duluth. The buyer hears of that.
        await world.PassAsync(TimeSpan.FromHours(26));
        await world.ScanAsync(A.Scan(Milestone.Accepted, "2026-11-17T03:30:00-06:00", city: "Duluth"));
        world.Notices.Of(NoticeKind.Shipped).ShouldHaveSingleItem().To!.Email.ShouldBe("canary@example.com");

        // Wednesday: a storm. The carrier says delayed, and Thursday becomes improbable.
        await world.PassAsync(TimeSpan.FromHours(30));
        await world.ScanAsync(A.Scan(Milestone.Exception, "2026-11-18T09:30:00-06:00", city: "Chicago", modifiers: Modifiers.Delayed, reason: Reason.ExternalWeather));
        world.Notices.Of(NoticeKind.Offer).ShouldBeEmpty();   // it settles first: the next scan may disprove it
        await world.PassAsync(TimeSpan.FromMinutes(15));

        // One notice with three remedies; nothing else is said about it.
        var notice = world.Notices.Of(NoticeKind.Offer).ShouldHaveSingleItem();
        notice.Facts.Remedies.ShouldBe(["discount", "free-shipping", "wait-and-see"]);
        notice.Facts.Reason.ShouldBe(Reason.ExternalWeather);
        world.Notices.Of(NoticeKind.Delayed).ShouldBeEmpty();
        var offer = (await world.Reader.OffersOfAsync(A.Key)).ShouldHaveSingleItem();
        offer.Facts!.Party.ShouldBe(Party.Weather);

        // She takes the discount, and clicks twice.
        var accepted = await world.Order("1001").Accept(offer.Id, RemedyKind.Discount, "shopper");
        accepted.First.ShouldBeTrue();
        accepted.Offer!.Code.ShouldNotBeNull().ShouldStartWith("SORRY-");
        var again = await world.Order("1001").Accept(offer.Id, RemedyKind.Discount, "shopper");
        (again.First, again.Offer!.Code).ShouldBe((false, accepted.Offer.Code));
        (await world.Order("1001").Accept(offer.Id, RemedyKind.FreeShipping, "shopper")).Refusal.ShouldBe(OfferRefusal.AlreadyAccepted);
        await world.SettleAsync();
        world.Notices.Of(NoticeKind.OfferAccepted).ShouldHaveSingleItem().Facts.Code.ShouldBe(accepted.Offer.Code);
        (await world.Purses.StandingAsync("demo", "USD", "day-2026-11-18")).Spent.ShouldBe(500);

        // Saturday: it arrives, two days late. No second apology; the delivery is told.
        await world.PassAsync(TimeSpan.FromDays(3));
        await world.ScanAsync(A.Scan(Milestone.Delivered, "2026-11-21T10:00:00-06:00", city: "Duluth"));
        await world.PassAsync(TimeSpan.FromDays(20));
        world.Notices.Of(NoticeKind.Offer).Count().ShouldBe(1);
        world.Notices.Of(NoticeKind.Delayed).ShouldBeEmpty();
        world.Notices.Of(NoticeKind.Delivered).ShouldHaveSingleItem();
        var view = await world.ViewAsync("1001");
        (view.Delivered, view.Late).ShouldBe((1, true));

        // Every decision says why.
        var history = (await world.Reader.HistoryAsync(new OrderKey("demo", "1001")))!.SelectMany(e => e.Facts).ToList();
        history.ShouldAllBe(f => f.Why.Length > 10 && f.Why.EndsWith('.'));
        history.Count(f => f.Type == "decision").ShouldBeGreaterThan(1);   // the later kinds of the same lateness were weighed too, and withheld
    }

    [Fact]
    public async Task What_was_bought_in_earlier_orders_is_known_by_category_and_not_the_order_itself()
    {
        await using var world = await OrderWorld.StartAsync();
        var loader = world.Grains.Silo.Services.GetRequiredService<OrderLoader>();
        async Task PlaceAsync(string id, string? customer, string number, params string?[] categories)
        {
            (await world.Order(id).Place(An.Order(customer: customer, shipments: [number], lines: [.. categories.Select((c, i) => new OrderLine($"{i}", 1, Name: "Thing", Category: c))]), An.People, world.Clock.GetUtcNow())).Problem.ShouldBeNull();
            await world.SettleAsync();
        }
        async Task<string[]> BeforeAsync(string id) => [.. await loader.BoughtBesideAsync(new OrderKey("demo", id))];

        await PlaceAsync("1", "c-9", "1Z7X904E0342100871", "hats", null, "hats", "scarves");
        await PlaceAsync("2", "c-9", "1Z7X904E0342100872", "gloves");
        await PlaceAsync("3", "c-8", "1Z7X904E0342100873", "boats");
        await PlaceAsync("4", null, "1Z7X904E0342100874", "tents");

        (await BeforeAsync("2")).ShouldBe(["hats", "scarves"]);
        (await BeforeAsync("1")).ShouldBe(["gloves"]);
        (await BeforeAsync("3")).ShouldBeEmpty();   // another customer
        (await BeforeAsync("4")).ShouldBeEmpty();   // nobody we know
        (await BeforeAsync("none")).ShouldBeEmpty();

        // Told anew an order is for what it is told to be for now.
        (await world.Order("1").Change(An.Order(customer: "c-9", shipments: ["1Z7X904E0342100871"], lines: [new OrderLine("0", 1, Name: "Thing", Category: "socks")]), An.People, world.Clock.GetUtcNow(), null)).Changed.ShouldBeTrue();
        await world.SettleAsync();
        (await BeforeAsync("2")).ShouldBe(["socks"]);
        for (var i = 0; i < Customer.MaxPurchases + 3; i++) await PlaceAsync($"more-{i}", "c-9", $"1Z7X904E03421009{i:D2}", $"kind-{i}");
        (await BeforeAsync("none-of-c-9")).ShouldBeEmpty();
        (await BeforeAsync("2")).Length.ShouldBe(Customer.MaxPurchases);   // bounded, the newest
    }

    [Fact]
    public async Task A_cancelled_line_is_told_once_with_its_price_kept()
    {
        await using var world = await OrderWorld.StartAsync(An.Policy);
        await world.Order("1002").Place(An.Order(lines: [new("1", 1, "hat", "Felt hat", 4_000), new("2", 2, "gloves", "Gloves", 4_000)]), An.People, world.Clock.GetUtcNow());
        await world.SettleAsync();

        (await world.Order("1002").LineUnavailable(new LineReport("1", null, false, 4_000, "Wool hat"), world.Clock.GetUtcNow(), null)).Changed.ShouldBeTrue();
        (await world.Order("1002").LineUnavailable(new LineReport("1", null, false, 4_000, "Wool hat"), world.Clock.GetUtcNow(), null)).Changed.ShouldBeFalse();
        await world.SettleAsync();
        await world.PassAsync(TimeSpan.FromMinutes(15));

        var offer = world.Notices.Of(NoticeKind.Offer).ShouldHaveSingleItem();
        offer.Facts.Item.ShouldBe("Felt hat");
        offer.Facts.Remedies.ShouldBe(["rain-check", "alternative", "discount"]);
        var made = (await world.ViewAsync("1002")).Order.Offers.ShouldHaveSingleItem();
        made.Decision.Remedies[0].ShouldBe(new Remedy(RemedyKind.RainCheck, 300, Item: "Felt hat", Price: 4_000));
        var accepted = await world.Order("1002").Accept(made.Id, RemedyKind.RainCheck, "retailer");
        accepted.Offer!.Code.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_split_order_that_one_storm_hits_gets_one_offer()
    {
        string[] numbers = ["1Z7X904E0342100870", "1Z7X904E0342100871", "1Z7X904E0342100872"];
        await using var world = await OrderWorld.StartAsync(An.Policy);
        await world.Order("1003").Place(An.Order(shipments: numbers), An.People, world.Clock.GetUtcNow());
        await world.SettleAsync();
        foreach (var number in numbers)
        {
            await world.ScanAsync(A.Scan(Milestone.InTransit, "2026-11-16T02:00:00-06:00", modifiers: Modifiers.Delayed, reason: Reason.ExternalWeather, key: new ShipmentKey("demo", "ups", number)));
            await world.PassAsync(TimeSpan.FromMinutes(4));
        }
        await world.PassAsync(TimeSpan.FromDays(1));

        world.Notices.Of(NoticeKind.Offer).ShouldHaveSingleItem();
        var made = (await world.ViewAsync("1003")).Order.Offers.Where(o => o.State == OfferState.Open).ShouldHaveSingleItem();
        (made.Decision.Facts.Shipments, made.Decision.Facts.Open).ShouldBe((3, 3));
    }

    [Fact]
    public async Task A_newer_policy_offers_nothing_for_what_an_older_one_settled()
    {
        await using var world = await OrderWorld.StartAsync(An.Policy.Replace("\"carrier-delay\", ", "", StringComparison.Ordinal).Replace("\"predicted-promise-miss\", ", "", StringComparison.Ordinal));
        await world.Order("1004").Place(An.Order(promise: "2026-12-01"), An.People, world.Clock.GetUtcNow());
        await world.SettleAsync();
        await world.ScanAsync(A.Scan(Milestone.InTransit, "2026-11-16T02:00:00-06:00", modifiers: Modifiers.Delayed));
        await world.PassAsync(TimeSpan.FromHours(1));
        var before = (await world.ViewAsync("1004")).Order.Offers;
        before.ShouldHaveSingleItem().Why.ShouldBe(Withheld.NoRule);

        world.Publish(An.Policy.Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal));
        await world.ScanAsync(A.Scan(Milestone.InTransit, "2026-11-16T04:00:00-06:00", modifiers: Modifiers.Delayed, city: "Fargo"));
        await world.PassAsync(TimeSpan.FromHours(2));

        (await world.ViewAsync("1004")).Order.Offers.Select(o => (o.Id, o.Decision.PolicyVersion, o.State)).ShouldBe(before.Select(o => (o.Id, 1, OfferState.Withheld)));
    }

    [Fact]
    public async Task A_cause_that_is_disproved_while_it_settles_is_none()
    {
        await using var world = await OrderWorld.StartAsync(An.Policy);
        await world.Order("1005").Place(An.Order(promise: "2026-12-01"), An.People, world.Clock.GetUtcNow());
        await world.SettleAsync();
        await world.ScanAsync(A.Scan(Milestone.InTransit, "2026-11-16T02:00:00-06:00", code: "X1", modifiers: Modifiers.Delayed));
        await world.PassAsync(TimeSpan.FromMinutes(5));
        await world.ScanAsync(A.Scan(null, "2026-11-16T02:00:00-06:00", kind: Tracking.Domain.Shipments.ScanKind.Retraction, retracts: new(Code: "X1")));
        await world.PassAsync(TimeSpan.FromHours(2));

        (await world.ViewAsync("1005")).Order.Offers.ShouldBeEmpty();
        world.Notices.Of(NoticeKind.Delayed).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_promise_that_is_kept_after_all_is_told_and_ends_the_offer_where_the_policy_says_so()
    {
        await using var world = await OrderWorld.StartAsync(An.Policy.Replace("\"keep\"", "\"end\"", StringComparison.Ordinal));
        await world.Order("1006").Place(An.Order(promise: "2026-11-20"), An.People, world.Clock.GetUtcNow());
        await world.SettleAsync();
        await world.ScanAsync(A.Scan(Milestone.InTransit, "2026-11-16T02:00:00-06:00", modifiers: Modifiers.Delayed, reason: Reason.ExternalWeather));
        await world.PassAsync(TimeSpan.FromHours(2));
        world.Notices.Of(NoticeKind.Offer).ShouldHaveSingleItem();

        await world.PassAsync(TimeSpan.FromDays(2));
        await world.ScanAsync(A.Scan(Milestone.Delivered, "2026-11-18T03:00:00-06:00"));
        await world.PassAsync(TimeSpan.FromHours(1));

        world.Notices.Of(NoticeKind.PromiseKeptAgain).ShouldHaveSingleItem();
        (await world.ViewAsync("1006")).Order.Offers.Count(o => o.State == OfferState.Expired).ShouldBe(1);
        (await world.Purses.StandingAsync("demo", "USD", "day-2026-11-16")).Reserved.ShouldBe(0);
    }

    [Fact]
    public async Task A_parcel_nobody_told_an_order_for_is_looked_after_and_its_order_goes_on_from_there()
    {
        await using var world = await OrderWorld.StartAsync(An.Policy);
        await world.ScanAsync(A.Scan(Milestone.InTransit, "2026-11-16T02:00:00-06:00", modifiers: Modifiers.Delayed));
        await world.PassAsync(TimeSpan.FromHours(1));
        var offer = (await world.Reader.OffersOfAsync(A.Key)).ShouldHaveSingleItem();
        offer.Order.IsStandIn.ShouldBeTrue();

        await world.Order("1007").Place(An.Order(promise: null), An.People, world.Clock.GetUtcNow());
        await world.SettleAsync();
        await world.PassAsync(TimeSpan.FromHours(4));

        (await world.ViewAsync("1007")).Order.Offers.ShouldNotContain(o => o.Decision.Cause == offer.Cause);
        (await world.Grains.Silo.Grains.GetGrain<IOrderGrain>(offer.Order.ToString()).Accept(offer.Id, RemedyKind.Discount, "shopper")).First.ShouldBeTrue();
    }

    [Fact]
    public async Task An_offer_nobody_answers_is_recalled_once_ends_and_gives_its_money_back()
    {
        await using var world = await OrderWorld.StartAsync(An.Policy.Replace(", \"silent\"", "", StringComparison.Ordinal));
        await world.Order("1008").Place(An.Order(promise: null), An.People, world.Clock.GetUtcNow());
        await world.SettleAsync();
        await world.ScanAsync(A.Scan(Milestone.InTransit, "2026-11-16T02:00:00-06:00", modifiers: Modifiers.Delayed));
        await world.PassAsync(TimeSpan.FromDays(8));
        world.Notices.Of(NoticeKind.OfferReminder).ShouldHaveSingleItem();
        await world.PassAsync(TimeSpan.FromDays(8));

        var offer = (await world.ViewAsync("1008")).Order.Offers.Single(o => o.Decision.IsOffer);
        offer.State.ShouldBe(OfferState.Expired);
        (await world.Order("1008").Accept(offer.Id, RemedyKind.Discount, "shopper")).Refusal.ShouldBe(OfferRefusal.Expired);
        var purse = await world.Purses.StandingAsync("demo", "USD", "day-2026-11-16");
        (purse.Reserved, purse.Spent).ShouldBe((0, 0));
        (await world.Grains.Silo.Grains.GetGrain<ICustomerGrain>("demo/c-1").Ledger()).Lines.ShouldHaveSingleItem().Outcome.ShouldBe("expired");
    }

    [Fact]
    public async Task An_untracked_parcel_never_becomes_late()
    {
        await using var world = await OrderWorld.StartAsync(An.Policy);
        await world.Order("1009").Place(An.Order(untracked: true), An.People, world.Clock.GetUtcNow());
        await world.SettleAsync();
        await world.PassAsync(TimeSpan.FromDays(30));

        var view = await world.ViewAsync("1009");
        view.Late.ShouldBeFalse();
        view.Order.Offers.ShouldBeEmpty();
        world.Notices.All.ShouldBeEmpty();
    }
}
