using System.Text;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Tests.Recovery;

/// <summary>Who is offered what, and who is not and why: every condition that a policy can name, one at a time.</summary>
public sealed class RecoveryDeskTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 18, 11, 0, 0, TimeSpan.Zero);
    private static readonly DisruptionFacts Facts = new() { Party = Party.Carrier, Shipments = 1, Open = 1, PromisedBy = new DateOnly(2026, 11, 20), ExpectedOn = new DateOnly(2026, 11, 22), SlipDays = 2, Probability = 0.9, Since = Noon };

    private static readonly OrderContent Content = new()
    {
        Value = new Money(9_900, "EUR"), Customer = "c-1", Tier = "gold", Country = "DE", Lines = [new OrderLine("1", 1, "hat", "Felt hat")], Shipments = [new OrderShipment("ups", "1Z1", [])],
        Promise = new OrderPromise(new DateOnly(2026, 11, 20)),
    };

    [Fact]
    public void A_late_order_is_offered_what_the_rule_holds_and_the_dearest_is_reserved()
    {
        var decided = Decide(Policy());

        (decided.Withheld, decided.Rule, decided.Reserve, decided.Tell).ShouldBe((Withheld.Not, "late", 500L, true));
        decided.Remedies.Select(r => r.Kind).ShouldBe([RemedyKind.Discount, RemedyKind.WaitAndSee]);
        decided.Purses.ShouldHaveSingleItem().ShouldBe(new Purse("day-2026-11-18", 50_000));
        WhyDecided.Of(decided).ShouldContain("rule late of policy version 4 offers discount or wait-and-see, reserving 5.00 EUR");
    }

    [Theory]
    [InlineData("\"who\": { \"tiers\": [\"platinum\", \"black\"] }", "is for platinum or black")]
    [InlineData("\"who\": { \"minValue\": 10000 }", "is for orders of at least 100.00 EUR")]
    [InlineData("\"who\": { \"maxValue\": 9000 }", "is for orders of at most 90.00 EUR")]
    [InlineData("\"who\": { \"gift\": true }", "is for gifts")]
    [InlineData("\"who\": { \"occasion\": true }", "is for orders with an occasion")]
    [InlineData("\"who\": { \"countries\": [\"AT\"] }", "is for AT")]
    [InlineData("\"who\": { \"parties\": [\"weather\"] }", "is not for what carrier answers for")]
    [InlineData("\"minSlipDays\": 3", "asks for 3 days of slip, and it is 2")]
    [InlineData("\"when\": \"after-promise\"", "speaks only after the promised day")]
    public void Whoever_a_rule_is_not_for_is_told_and_the_reason_is_kept(string condition, string why)
    {
        var decided = Decide(Policy(condition));

        (decided.Withheld, decided.Detail, decided.Tell).ShouldBe((Withheld.NotQualified, $"rule late {why}", true));
        WhyDecided.Of(decided).ShouldEndWith($"but it does not qualify: rule late {why}.");
    }

    [Theory]
    [InlineData("\"who\": { \"tiers\": [\"gold\"] }")]
    [InlineData("\"who\": { \"minValue\": 9900, \"maxValue\": 9900 }")]
    [InlineData("\"who\": { \"gift\": false, \"occasion\": false }")]
    [InlineData("\"who\": { \"countries\": [\"AT\", \"DE\"], \"parties\": [\"carrier\"] }")]
    [InlineData("\"minSlipDays\": 2")]
    [InlineData("\"when\": \"before-promise\"")]
    [InlineData("\"shipments\": \"all\"")]
    public void Whoever_a_rule_is_for_is_offered_something(string condition) => Decide(Policy(condition)).Withheld.ShouldBe(Withheld.Not);

    [Fact]
    public void Buyers_without_a_name_are_served_too_unless_the_rule_says_otherwise()
    {
        Decide(Policy(), content: Content with { Customer = null }).Withheld.ShouldBe(Withheld.Not);
        Decide(Policy("\"who\": { \"anonymous\": false }"), content: Content with { Customer = null }).Detail.ShouldBe("rule late is not for anonymous buyers");
        Decide(Policy("\"who\": { \"tiers\": [\"gold\"] }"), content: Content with { Customer = null, Tier = null }).Withheld.ShouldBe(Withheld.NotQualified);
    }

    [Fact]
    public void A_rule_for_all_parcels_waits_until_all_are_hit()
    {
        var policy = Policy("\"shipments\": \"all\"");

        Decide(policy, facts: Facts with { Shipments = 1, Open = 3 }).Detail.ShouldBe("rule late asks for all parcels, and 1 of 3 are hit");
        Decide(policy, facts: Facts with { Shipments = 3, Open = 3 }).Withheld.ShouldBe(Withheld.Not);
        Decide(Policy(), facts: Facts with { Shipments = 1, Open = 3 }).Withheld.ShouldBe(Withheld.Not);   // one is enough unless it says all
    }

    [Fact]
    public void Holidays_rest_or_ask_for_more_and_change_how_long_an_offer_lasts()
    {
        Decide(Policy(more: "\"holidays\": [ { \"from\": \"2026-11-18\", \"rest\": true } ],")).ShouldSatisfyAllConditions(d => d.Withheld.ShouldBe(Withheld.Holiday), d => d.Tell.ShouldBeTrue());
        Decide(Policy("\"minSlipDays\": 1", "\"holidays\": [ { \"from\": \"2026-11-15\", \"to\": \"2026-11-30\", \"extraSlipDays\": 2 } ],")).Detail.ShouldBe("rule late asks for 3 days of slip, and it is 2");
        Decide(Policy(more: "\"holidays\": [ { \"from\": \"2026-11-15\", \"to\": \"2026-11-30\", \"expiresDays\": 30 } ],")).ExpiresAt.ShouldBe(Noon.AddDays(30));
    }

    [Fact]
    public void A_campaigns_rules_come_first_and_pay_from_both_purses()
    {
        var decided = Decide(Policy(more: """
            "campaigns": [ { "id": "winter", "from": "2026-11-15", "to": "2026-12-24", "budget": 9000,
              "rules": [ { "id": "warm", "causes": ["predicted-promise-miss"], "remedies": [ { "kind": "free-shipping", "cost": 900 } ] } ] } ],
            """));

        (decided.Rule, decided.Reserve).ShouldBe(("warm", 900L));
        decided.Purses.ShouldBe([new Purse("day-2026-11-18", 50_000), new Purse("campaign-winter", 9_000)]);
    }

    [Fact]
    public void Of_several_causes_at_one_moment_the_gravest_is_offered_for_and_told_and_the_others_rest()
    {
        var order = Order(Content);
        var both = RecoveryDesk.Decide(order, Policy(), new DueMoment(Noon, [new Detected(new CauseKey(Cause.Damaged, 0, 1), Facts), new Detected(new CauseKey(Cause.PredictedPromiseMiss, 1, 1), Facts)]), Noon);

        both.Select(d => (d.Cause.Cause, d.Withheld, d.Tell)).ShouldBe([(Cause.Damaged, Withheld.Not, true), (Cause.PredictedPromiseMiss, Withheld.CoolDown, false)]);

        var later = order.Apply(new OrderAppend(Noon, [new RemedyDecided(both[0])]));
        Decide(Policy(), at: Noon.AddHours(71), order: later).Detail.ShouldBe($"offer {both[0].Offer}");
        Decide(Policy(), at: Noon.AddHours(73), order: later).Withheld.ShouldBe(Withheld.Not);
    }

    [Fact]
    public void What_fell_due_while_nobody_looked_for_days_is_no_longer_said_sorry_for()
        => Decide(Policy(), now: Noon.AddHours(73)).ShouldSatisfyAllConditions(d => d.Withheld.ShouldBe(Withheld.TooLate), d => d.Tell.ShouldBeFalse());

    [Fact]
    public void A_rain_check_needs_the_price_and_an_alternative_the_item_that_the_shop_named()
    {
        var policy = Policy();
        RecoveryDecision Cancelled(long? price, string? item)
        {
            var order = Order(Content).Apply(new OrderAppend(Noon, [new LineUnavailable("1", 1, LineTrouble.Cancelled, price, item, 1, Noon)]));
            return RecoveryDesk.Decide(order, policy, new DueMoment(Noon, [new Detected(new CauseKey(Cause.LineCancelled, 0, 1), Facts with { Line = "1" })]), Noon)[0];
        }

        Cancelled(4_000, "Wool hat").Remedies.ShouldBe([new Remedy(RemedyKind.RainCheck, 300, Item: "Felt hat", Price: 4_000), new Remedy(RemedyKind.Alternative, 200, Item: "Wool hat")]);
        Cancelled(4_000, null).Remedies.Select(r => r.Kind).ShouldBe([RemedyKind.RainCheck]);
        Cancelled(null, null).ShouldSatisfyAllConditions(d => d.Withheld.ShouldBe(Withheld.NotQualified), d => d.Detail.ShouldBe("no remedy of rule gone is possible for this order"), d => d.Tell.ShouldBeTrue());
    }

    [Fact]
    public void Where_no_rule_speaks_people_are_told_all_the_same()
        => Decide(Policy(), cause: new CauseKey(Cause.Customs, 0, 1)).ShouldSatisfyAllConditions(d => d.Withheld.ShouldBe(Withheld.NoRule), d => d.Tell.ShouldBeTrue(), d => WhyDecided.Of(d).ShouldBe("Customs stopped it, but policy version 4 has no rule for it."));

    private static RecoveryDecision Decide(
        RecoveryPolicy policy, OrderContent? content = null, DisruptionFacts? facts = null, DateTimeOffset? at = null, DateTimeOffset? now = null, Order? order = null, CauseKey? cause = null)
        => RecoveryDesk.Decide(order ?? Order(content ?? Content), policy, new DueMoment(at ?? Noon, [new Detected(cause ?? new CauseKey(Cause.PredictedPromiseMiss, 1, 1), facts ?? Facts)]), now ?? at ?? Noon).ShouldHaveSingleItem();

    private static Order Order(OrderContent content) => Domain.Orders.Order.Unseen(new OrderKey("demo", "1")).Apply(new OrderAppend(Noon.AddDays(-2), [new OrderPlaced(content, Noon.AddDays(-2))]));

    private static RecoveryPolicy Policy(string condition = "\"expiresDays\": 14", string more = "")
    {
        var text = $$"""
            {
              "version": 4, "currency": "EUR", "zone": "Europe/Berlin", "budget": { "perDay": 50000 }, {{more}}
              "rules": [
                { "id": "late", "causes": ["predicted-promise-miss", "damaged"], {{condition}}, "remedies": [ { "kind": "discount", "cost": 500 }, { "kind": "wait-and-see" } ] },
                { "id": "gone", "causes": ["line-cancelled"], "remedies": [ { "kind": "rain-check", "cost": 300 }, { "kind": "alternative", "cost": 200 } ] }
              ]
            }
            """;
        return PolicyReader.Read(Encoding.UTF8.GetBytes(text), "EUR", out var problems) ?? throw new InvalidOperationException(string.Join(" ", problems));
    }
}
