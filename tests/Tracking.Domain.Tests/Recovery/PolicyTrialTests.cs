using System.Text;
using Tracking.Domain.Estimates;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Domain.Tests.Recovery;

public sealed class PolicyTrialTests
{
    private static readonly DateTimeOffset Monday = new(2026, 11, 16, 12, 0, 0, TimeSpan.Zero);

    private const string Policy = """
        {
          "version": 7, "currency": "EUR", "settleMinutes": 0, "spacingDays": 30, "budget": { "perDay": 2000 },
          "rules": [ { "id": "late", "causes": ["carrier-delay", "line-cancelled"], "remedies": [ { "kind": "discount", "cost": 500 }, { "kind": "free-shipping", "cost": 300 } ] } ]
        }
        """;

    [Fact]
    public void Three_late_orders_of_three_customers_would_have_been_offered_something_each()
    {
        var report = Try(Policy, Late(1, "a"), Late(2, "b"), Late(3, "c"));

        (report.Offers, report.Cost, report.Orders).ShouldBe((3, 1_500L, 3));
        report.Sentence.ShouldBe("would have offered 3 times, 15.00 EUR");
        report.ByCause.ShouldBe([new TrialLine("carrier-delay", 3, 1_500)]);
        report.ByRemedy.ShouldBe([new TrialLine("discount", 3, 1_500), new TrialLine("free-shipping", 3, 900)]);
    }

    [Fact]
    public void The_days_purse_and_the_spacing_between_a_customers_offers_hold_as_they_would_have()
    {
        var report = Try(Policy, Late(1, "a"), Late(2, "a"), Late(3, "b"), Late(4, "c"), Late(5, "d"), Late(6, "e"));

        report.Offers.ShouldBe(4);   // 20.00 a day
        report.Withheld.ShouldBe([("budget", 1), ("spacing", 1)]);
        report.Purses.ShouldHaveSingleItem().ShouldBe(("day-2026-11-16", 2_000L, 2_000L));
    }

    [Fact]
    public void What_was_decided_then_does_not_matter_and_what_was_told_later_was_not_known()
    {
        var (key, appends, stories) = Late(1, "a");
        var decided = new RecoveryDecision { Offer = "x", Cause = new CauseKey(Cause.CarrierDelay, 0, 1), At = Monday, Facts = new DisruptionFacts(), Withheld = Withheld.NoRule };
        // The order is cancelled a day after it was late.
        OrderAppend[] all = [.. appends, new OrderAppend(Monday.AddMinutes(31), [new RemedyDecided(decided)]), new OrderAppend(Monday.AddDays(1), [new OrderCancelled(null)])];

        Try(Policy, (key, all, stories)).Offers.ShouldBe(1);
        Try(Policy, (key, [appends[0], new OrderAppend(Monday.AddMinutes(5), [new OrderCancelled(null)])], stories)).Offers.ShouldBe(0);   // cancelled before
    }

    [Fact]
    public void Only_the_days_that_are_asked_about_count()
    {
        var trial = new PolicyTrial(Read(Policy), EddSnapshot.ColdStart, Monday.AddDays(1), Monday.AddDays(2));
        var (key, appends, stories) = Late(1, "a");
        trial.Take(key, appends, stories);

        trial.Run().Offers.ShouldBe(0);
    }

    [Fact]
    public void A_parcel_nobody_ordered_is_tried_too()
    {
        var (_, _, stories) = Late(1, "a");

        Try(Policy, (OrderKey.StandIn(A.Key, 0), [], stories)).Offers.ShouldBe(1);
    }

    [Theory]
    [InlineData("TEN-1\nTEN-2\r\n\n# spare\nTEN-1\nbad code\n", "TEN-1 TEN-2", 2)]
    [InlineData("\uFEFFFIRST\n", "FIRST", 0)]
    [InlineData("", "", 0)]
    public void A_pool_is_one_code_a_line_and_says_which_line_is_none(string text, string codes, int wrong)
    {
        var problems = new List<string>();
        CodePool.Read("ten", Encoding.UTF8.GetBytes(text), problems).Codes.ShouldBe(codes.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        problems.Count.ShouldBe(wrong);
        problems.ShouldAllBe(p => p.StartsWith("line ", StringComparison.Ordinal) && !p.Contains("TEN", StringComparison.Ordinal));
    }

    private static (OrderKey Key, OrderAppend[] Appends, Dictionary<string, ShipmentStory> Stories) Late(int number, string customer)
    {
        var told = new OrderShipment(A.Key.Carrier, A.Key.Number, []);
        var content = new OrderContent { Value = new Money(9_900, "EUR"), Customer = customer, Lines = [new OrderLine("1", 1)], Shipments = [told] };
        var at = Monday.AddMinutes(number);
        var scan = A.Scan(Milestone.InTransit, "2026-11-16T05:00:00-06:00", modifiers: Modifiers.Delayed);
        return (new OrderKey("demo", $"{number}"), [new OrderAppend(at, [new OrderPlaced(content, at)])],
            new() { [$"{told.Carrier}/{told.Number}"] = new ShipmentStory(told, A.Key, [new RecordedScan(scan, at.AddMinutes(30))]) });
    }

    private static TrialReport Try(string policy, params (OrderKey Key, OrderAppend[] Appends, Dictionary<string, ShipmentStory> Stories)[] orders)
    {
        var trial = new PolicyTrial(Read(policy), EddSnapshot.ColdStart, DateTimeOffset.MinValue, Monday.AddDays(5));
        foreach (var (key, appends, stories) in orders) trial.Take(key, appends, stories);
        return trial.Run();
    }

    private static RecoveryPolicy Read(string policy) => PolicyReader.Read(Encoding.UTF8.GetBytes(policy), "EUR", out var problems) ?? throw new InvalidOperationException(string.Join(" ", problems));
}
