using Tracking.Domain.Orders;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Tests.Orders;

public sealed class OrderRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 16, 12, 0, 0, TimeSpan.Zero);

    private static readonly OrderContent Good = new()
    {
        Value = new Money(5_000, "EUR"), Country = "DE", Promise = new OrderPromise(new DateOnly(2026, 11, 18)),
        Lines = [new OrderLine("1", 2)], Shipments = [new OrderShipment("ups", "1Z1", [new ShippedLine("1", 1)])],
    };

    [Fact]
    public void A_plain_order_is_fine() => OrderRules.Check(Good, null, Now).ShouldBeEmpty();

    [Fact]
    public void An_order_without_lines_is_refused() => Refused(Good with { Lines = [] }, "/lines");

    [Fact]
    public void A_promise_in_the_past_is_refused() => Refused(Good with { Promise = new OrderPromise(new DateOnly(2026, 11, 15)) }, "/promise/by");

    [Fact]
    public void The_last_hours_of_the_promised_day_are_not_the_past()
        => OrderRules.Check(Good with { Promise = new OrderPromise(new DateOnly(2026, 11, 16)) }, null, new DateTimeOffset(2026, 11, 16, 22, 30, 0, TimeSpan.Zero)).ShouldBeEmpty();

    [Theory]
    [InlineData("XAU")]
    [InlineData("XXX")]
    [InlineData("EURO")]
    [InlineData("")]
    public void A_currency_without_minor_units_is_refused(string currency) => Refused(Good with { Value = new Money(5_000, currency) }, "/value/currency");

    [Fact]
    public void More_of_a_line_shipped_than_ordered_is_refused()
        => Refused(Good with { Shipments = [new OrderShipment("ups", "1Z1", [new ShippedLine("1", 2)]), new OrderShipment("ups", "1Z2", [new ShippedLine("1", 1)])] }, "/shipments");

    [Fact]
    public void A_parcel_told_later_counts_with_those_before()
    {
        var order = Order.Unseen(new OrderKey("demo", "1")).Apply(new OrderAppend(Now, [new OrderPlaced(Good, Now)]));

        OrderRules.CheckShipment(order, new OrderShipment("ups", "1Z2", [new ShippedLine("1", 1)])).ShouldBeEmpty();
        OrderRules.CheckShipment(order, new OrderShipment("ups", "1Z2", [new ShippedLine("1", 2)])).ShouldHaveSingleItem().Problem.ShouldBe("Of line '1' 3 would be shipped and 2 were ordered.");
    }

    [Fact]
    public void Two_tellings_that_differ_name_the_fields()
    {
        var other = Good with { Value = new Money(6_000, "EUR"), Lines = [new OrderLine("1", 3)] };

        OrderDifference.Of(Good, new OrderPeople("A"), other, new OrderPeople("B")).ShouldBe(["/lines/0/quantity", "/value/minor", "/people/name"]);
        OrderDifference.Of(Good, null, Good, new OrderPeople("B")).ShouldBeEmpty();
    }

    [Fact]
    public void Appends_of_an_order_read_back_equal_as_stored()
    {
        OrderEvent[] events = [new OrderPlaced(Good, Now), new LineUnavailable("1", 1, LineTrouble.BackOrdered, 400, "other", 1, Now), new ShipmentAdded(Good.Shipments[0]), new OfferExpired("x", "time")];
        var stored = OrderJson.WriteOpen(new OrderAppend(Now, [.. events]));

        OrderJson.WriteOpen(OrderJson.Read(stored)).ShouldBe(stored);
    }

    [Fact]
    public void A_yen_has_no_cents_and_prints_none() => (new Money(1_500, "JPY").ToString(), new Money(1_500, "EUR").ToString(), new Money(1_500, "KWD").ToString()).ShouldBe(("1,500 JPY", "15.00 EUR", "1.500 KWD"));

    private static void Refused(OrderContent content, string field) => OrderRules.Check(content, null, Now).ShouldContain(p => p.Field.StartsWith(field, StringComparison.Ordinal) && p.Problem.EndsWith('.'));
}
