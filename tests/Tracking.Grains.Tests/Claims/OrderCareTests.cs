using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Claims;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Domain.Claims;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Claims;
using Tracking.Grains.Tests.Orders;
using Tracking.Grains.Visits;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Claims;

/// <summary>What orders and cases know of each other.</summary>
public sealed class OrderCareTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private static Task<OrderWorld> StartAsync(string? policy = null) => OrderWorld.StartAsync(policy,
        new() { ["Retailers:demo:Currency"] = "USD", ["Retailers:demo:Signature:Above"] = "1000", ["Retailers:demo:Signature:Items:0"] = "gold" },
        services => services.AddSingleton<IRecipients, ShipmentRecipients>().AddCases());

    private static ICaseGrain Case(OrderWorld world, ShipmentKey? key = null) => world.Grains.Silo.Grains.GetGrain<ICaseGrain>((key ?? A.Key).ToString());
    private static ICaseReader Reader(OrderWorld world) => world.Grains.Silo.Services.GetRequiredService<ICaseReader>();
    private static string Now(OrderWorld world) => world.Clock.GetUtcNow().ToString("O");

    [Theory]
    [InlineData(240_000, "ring", true, "value"), InlineData(5_000, "GOLD", true, "item"), InlineData(5_000, "ring", false, null)]
    public async Task An_order_sets_the_expectation_of_its_parcels_by_the_rule(long value, string sku, bool required, string? rule)
    {
        await using var world = await StartAsync();
        await world.Order("1001").Place(An.Order(value, lines: [new OrderLine("1", 1, sku, "A ring", value)]), An.People, OrderWorld.Morning);
        await world.SettleAsync();
        var parcel = await Reader(world).ReadAsync(A.Key, Cancel);
        (parcel?.Signature?.Required ?? false, parcel?.Signature?.Rule).ShouldBe((required, rule));
        world.Notices.Of(NoticeKind.SignatureNeeded).Count().ShouldBe(required ? 1 : 0);
    }

    [Fact]
    public async Task The_shipped_notice_of_an_order_says_once_that_somebody_must_be_home_and_so_does_the_evening_before()
    {
        await using var world = await StartAsync();
        await world.Order("1001").Place(An.Order(240_000), An.People, OrderWorld.Morning);
        await world.SettleAsync();
        await world.PassAsync(TimeSpan.FromHours(5));
        await world.ScanAsync(A.Scan(Milestone.InTransit, Now(world), city: "Duluth"));
        var shipped = world.Notices.Of(NoticeKind.Shipped).ShouldHaveSingleItem();
        (shipped.Facts.SignatureNeeded, shipped.To!.Email).ShouldBe((true, "canary@example.com"));
        await world.PassAsync(TimeSpan.FromDays(8));
        world.Notices.Of(NoticeKind.SignatureEveningBefore).ShouldAllBe(n => n.To!.Email == "canary@example.com");
        world.Notices.Of(NoticeKind.SignatureEveningBefore).Count().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_claim_knows_from_the_order_what_the_parcel_is_worth_and_who_bought_it()
    {
        await using var world = await StartAsync();
        await world.Order("1001").Place(An.Order(4_500), An.People, OrderWorld.Morning);
        await world.ScanAsync(A.Scan(Milestone.Delivered, Now(world)));
        await world.PassAsync(TimeSpan.FromDays(6));
        var answer = await Case(world).File(new ClaimFiling { Kind = ClaimKind.DeliveredNotReceived, FiledBy = "shopper" });
        answer.Claim.ShouldNotBeNull().ShouldSatisfyAllConditions(
            c => c.Value.ShouldBe(new Money(4_500, "USD")), c => c.Order.ShouldBe("1001"), c => c.Claimant.ShouldBe(ParcelCase.ClaimantOf("demo", "c-1")), c => c.Status.ShouldBe(ClaimStatus.Granted));
        await world.SettleAsync();
        var told = world.Notices.Of(NoticeKind.ClaimGranted).ShouldHaveSingleItem();
        (told.To!.Email, told.Order, told.Facts.Amount, told.Language).ShouldBe(("canary@example.com", "1001", 45m, "en"));
    }

    [Fact]
    public async Task A_shopper_who_misses_one_item_of_many_is_not_paid_the_whole_parcel()
    {
        await using var world = await StartAsync();
        await world.Order("1001").Place(An.Order(9_000, lines: [new OrderLine("1", 1, "a", "A", 8_000), new OrderLine("2", 1, "b", "B", 1_000)]), An.People, OrderWorld.Morning);
        await world.ScanAsync(A.Scan(Milestone.Delivered, Now(world)));
        (await Case(world).File(new ClaimFiling { Kind = ClaimKind.MissingItem, Line = "7" })).Refusal!.Code.ShouldBe("claim-line-unknown");
        (await Case(world).File(new ClaimFiling { Kind = ClaimKind.MissingItem, FiledBy = "shopper" })).Claim!.ShouldSatisfyAllConditions(c => c.Value.ShouldBeNull(), c => c.Path.ShouldBe(ClaimPath.Person));
        (await Case(world).File(new ClaimFiling { Kind = ClaimKind.MissingItem, Line = "2" })).Refusal!.Code.ShouldBe("claim-settled-otherwise");
    }

    [Fact]
    public async Task What_an_accepted_offer_put_right_is_not_paid_again_without_a_person()
    {
        await using var world = await StartAsync(An.Policy);
        await world.Order("1001").Place(An.Order(4_500), An.People, OrderWorld.Morning);
        await world.ScanAsync(A.Scan(Milestone.InTransit, Now(world)));
        await world.PassAsync(TimeSpan.FromHours(1));
        await world.ScanAsync(A.Scan(Milestone.Failed, Now(world), reason: Reason.CarrierLost));
        await world.PassAsync(TimeSpan.FromHours(1));
        var offer = (await world.Reader.OffersOfAsync(A.Key)).ShouldHaveSingleItem();
        (await world.Order("1001").Accept(offer.Id, RemedyKind.Reship, "shopper")).First.ShouldBeTrue();
        await world.SettleAsync();
        var claim = (await Case(world).File(new ClaimFiling { Kind = ClaimKind.Lost })).Claim.ShouldNotBeNull();
        claim.Evidence.ShouldContain(e => e.Code == "compensated");
        (claim.Path, claim.Status).ShouldBe((ClaimPath.Person, ClaimStatus.Open));
        claim.Reasons.ShouldHaveSingleItem().ShouldContain("accepted already");
    }

    [Fact]
    public async Task An_accepted_offer_is_asked_about_once_and_another_order_counts_as_coming_back()
    {
        await using var world = await StartAsync(An.Policy);
        await world.Order("1001").Place(An.Order(4_500), An.People, OrderWorld.Morning);
        await world.ScanAsync(A.Scan(Milestone.InTransit, Now(world)));
        await world.PassAsync(TimeSpan.FromHours(1));
        await world.ScanAsync(A.Scan(Milestone.Exception, Now(world), modifiers: Modifiers.Damaged, reason: Reason.CarrierDamage));
        await world.PassAsync(TimeSpan.FromHours(1));
        var offer = (await world.Reader.OffersOfAsync(A.Key)).ShouldHaveSingleItem();
        await world.Order("1001").Accept(offer.Id, RemedyKind.Retroactive, "shopper");
        await world.SettleAsync();
        await world.PassAsync(TimeSpan.FromDays(5));
        world.Notices.Of(NoticeKind.Survey).ShouldBeEmpty();   // it is not there yet
        await world.ScanAsync(A.Scan(Milestone.Delivered, Now(world)));
        await world.PassAsync(TimeSpan.FromDays(5));
        world.Notices.Of(NoticeKind.Survey).ShouldHaveSingleItem().Link!.ShouldEndWith("/survey");
        await Case(world).Rate(5);
        await world.Order("1002").Place(An.Order(3_000, promise: null, shipments: []), An.People, OrderWorld.Morning);
        await world.SettleAsync();
        var recovery = (await Reader(world).ReadAsync(A.Key, Cancel))!.Recoveries.ShouldHaveSingleItem();
        recovery.ShouldSatisfyAllConditions(
            r => r.Id.ShouldBe(offer.Id), r => r.Cause.ShouldBe("damaged"), r => r.Remedy.ShouldBe("retroactive"), r => r.Cost.ShouldBe(new Money(2_000, "USD")), r => r.Score.ShouldBe(5), r => r.BoughtAgain.ShouldBeTrue());
    }

    [Fact]
    public async Task A_declined_offer_is_counted_and_nobody_is_asked()
    {
        await using var world = await StartAsync(An.Policy);
        await world.Order("1001").Place(An.Order(4_500), An.People, OrderWorld.Morning);
        await world.ScanAsync(A.Scan(Milestone.InTransit, Now(world)));
        await world.PassAsync(TimeSpan.FromHours(1));
        await world.ScanAsync(A.Scan(Milestone.Exception, Now(world), modifiers: Modifiers.Damaged, reason: Reason.CarrierDamage));
        await world.PassAsync(TimeSpan.FromHours(1));
        await world.Order("1001").Decline((await world.Reader.OffersOfAsync(A.Key)).Single().Id, "shopper");
        await world.SettleAsync();
        await world.PassAsync(TimeSpan.FromDays(10));
        var recovery = (await Reader(world).ReadAsync(A.Key, Cancel))!.Recoveries.ShouldHaveSingleItem();
        (recovery.Accepted, recovery.Remedy, recovery.AskedAt).ShouldBe((false, "reship+retroactive", null));
        world.Notices.Of(NoticeKind.Survey).ShouldBeEmpty();
    }
}
