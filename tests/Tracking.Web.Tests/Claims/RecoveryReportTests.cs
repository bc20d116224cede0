using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Claims;

namespace Tracking.Web.Tests.Claims;

public sealed class RecoveryReportTests
{
    private static Recovery Of(string cause, string remedy, long? cost, bool accepted, int? score = null, bool again = false, string currency = "EUR")
        => new() { Id = Guid.NewGuid().ToString(), Cause = cause, Remedy = remedy, Cost = cost is { } minor ? new Money(minor, currency) : null, Accepted = accepted, Score = score, BoughtAgain = again };

    [Fact]
    public void Cost_acceptance_satisfaction_and_repurchase_are_summed_by_cause_and_remedy()
    {
        var lines = RecoveryReport.Sum([Of("lost", "refund", 4500, true, 5, true), Of("lost", "refund", 5500, true, 3), Of("lost", "refund", 900, false), Of("lost", "reship", null, true, 4)]);
        lines.Count.ShouldBe(2);
        var refund = lines[0];
        (refund.Recoveries, refund.Accepted, refund.CostMinor, refund.Answers, refund.Satisfied, refund.BoughtAgain).ShouldBe((3, 2, 10_000, 2, 1, 1));
        (refund.Csat, refund.MeanScore, refund.Repurchase).ShouldBe((0.5, 4, 0.5));
        refund.Acceptance!.Value.ShouldBe(2 / 3.0, 1e-9);
    }

    [Fact]
    public void Costs_of_two_currencies_are_never_added()
        => RecoveryReport.Sum([Of("lost", "refund", 100, true), Of("lost", "refund", 100, true, currency: "JPY")]).Select(l => (l.Currency, l.CostMinor)).ShouldBe([("EUR", 100L), ("JPY", 100L)]);

    [Fact]
    public void Where_nobody_answered_there_is_no_share()
    {
        var line = RecoveryReport.Sum([Of("lost", "refund", 100, false)]).Single();
        (line.Csat, line.MeanScore, line.Repurchase, line.Acceptance).ShouldBe((null, null, null, 0));
    }

    [Fact]
    public void The_table_holds_no_formula_and_one_line_per_row()
    {
        var csv = RecoveryReport.Csv(RecoveryReport.Sum([Of("=cmd|' /C calc'!A0", "a,\"b\"\r\nc", 12_345, true, 4), Of("+1", "@x", 500, true, currency: "JPY")]));
        var rows = csv.Split("\r\n");
        rows[0].ShouldStartWith("cause,remedy,");
        csv.ShouldContain("'+1,'@x,1,1,500,JPY,");
        csv.ShouldContain("'=cmd|' /C calc'!A0,\"a,\"\"b\"\"\r\nc\",1,1,123.45,EUR,1,0,1,1,4,0");
    }
}
