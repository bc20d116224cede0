using System.Text;
using Tracking.Domain.Recovery;

namespace Tracking.Domain.Tests.Recovery;

public sealed class PolicyReaderTests
{
    private const string Good = """
        {
          "version": 3, "currency": "EUR", "zone": "Europe/Berlin",
          "budget": { "perDay": 50000 },
          "rules": [
            { "id": "late", "causes": ["predicted-promise-miss"], "minSlipDays": 1, "who": { "tiers": ["gold"], "minValue": 5000 },
              "remedies": [ { "kind": "discount", "cost": 500, "percent": 10 }, { "kind": "apology" } ], "expiresDays": 14, "remindDays": 7 }
          ],
          "campaigns": [
            { "id": "winter", "from": "2026-12-01", "to": "2026-12-26", "budget": 1000000 },
            { "id": "sale", "from": "2027-01-02", "to": "2027-01-20", "budget": 1000000 }
          ],
          "holidays": [ { "from": "2026-12-25", "rest": true } ]
        }
        """;

    [Fact]
    public void A_good_policy_is_read_whole()
    {
        var policy = Read(Good, out var problems)!;

        problems.ShouldBeEmpty();
        (policy.Version, policy.BudgetPerDay, policy.Rules[0].Remedies.Length, policy.Campaigns.Length).ShouldBe((3, 50_000L, 2, 2));
        policy.HolidayOn(new DateOnly(2026, 12, 25))!.Rest.ShouldBeTrue();
    }

    [Theory]
    [InlineData("\"kind\": \"discount\"", "\"kind\": \"hug\"", 6, "'hug' is no remedy", "discount, free-shipping")]
    [InlineData("\"cost\": 500", "\"cost\": -1", 6, "negative", "Write 0 or more")]
    [InlineData("\"from\": \"2027-01-02\"", "\"from\": \"2026-12-20\"", 10, "overlap", "Begin sale after 2026-12-26")]
    [InlineData("{ \"perDay\": 50000 }", "{ \"perDay\": 50000, \"currency\": \"USD\" }", 3, "The budget is in USD and the policy in EUR", "Write \"currency\": \"EUR\"")]
    [InlineData("\"budget\": { \"perDay\": 50000 },", "", 1, "would spend without limit", "Add \"budget\"")]
    [InlineData("\"budget\": 1000000 },", "\"currency\": \"EUR\" },", 9, "would spend without limit", "Add \"budget\"")]
    [InlineData("{ \"perDay\": 50000 }", "{ }", 3, "would spend without limit", "Add \"perDay\"")]
    [InlineData("\"currency\": \"EUR\"", "\"currency\": \"USD\"", 2, "The policy is in USD and the shop in EUR", "Write \"currency\": \"EUR\"")]
    [InlineData("\"cost\": 500", "\"cost\": 5.50", 6, "minor units", "write 550")]
    [InlineData("predicted-promise-miss", "bad-hair-day", 5, "is no cause", "Write one of lost")]
    [InlineData("\"remindDays\": 7", "\"remindDays\": 20", 6, "comes when the offer has expired", "Write less than 14")]
    [InlineData("\"minSlipDays\"", "\"minSlipDay\"", 5, "'minSlipDay' is not known here", "Write one of")]
    [InlineData("\"version\": 3,", "\"version\": 3", 2, "This is no JSON", "missing comma")]
    public void A_problem_names_its_line_and_the_fix(string good, string bad, int line, string problem, string fix)
    {
        Good.ShouldContain(good);
        Read(Good.Replace(good, bad, StringComparison.Ordinal), out var problems).ShouldBeNull();

        problems.ShouldContain(p => p.Line == line && p.Problem.Contains(problem, StringComparison.Ordinal) && p.Fix.Contains(fix, StringComparison.Ordinal), string.Join("\n", problems));
    }

    [Fact]
    public void All_problems_are_found_at_once()
    {
        Read(Good.Replace("500,", "-5,", StringComparison.Ordinal).Replace("Europe/Berlin", "Berlin", StringComparison.Ordinal), out var problems).ShouldBeNull();

        problems.Count.ShouldBeGreaterThanOrEqualTo(2);
    }

    private static RecoveryPolicy? Read(string text, out IReadOnlyList<PolicyProblem> problems) => PolicyReader.Read(Encoding.UTF8.GetBytes(text), "EUR", out problems);
}
