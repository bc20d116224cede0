using System.Xml.Linq;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Report;

namespace Tracking.LoadTest.Tests.Report;

public sealed class ReportTests
{
    private static RunResult Result(Verdict verdict = Verdict.Passed, int seconds = 300)
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 50_000; i++) histogram.Record(i * 7);
        return new RunResult
        {
            Scenario = "black-friday", Sentence = "A <day> & a night.", Seed = 1, Run = 2, Command = "dotnet run --project loadtest -- black-friday", Version = "0.1.0", Commit = "abc",
            StartedAt = DateTimeOffset.UnixEpoch, Machine = new MachineFacts { Cores = 2, CpuModel = "x", MemoryBytes = 1L << 34, Os = "Linux", DotNet = ".NET 10" },
            Server = "stub", Seconds = seconds, Batch = 100, Verdict = verdict, Thresholds = [new("ack.p99 < 250ms", 347.1, false), new("lost == 0", null, false), new("errors < 0.1%", 0, true)],
            Metrics = new Dictionary<string, double> { ["served"] = 1234, ["errors"] = 0 }, Generator = new GeneratorCheck(0.001, 0.2),
            Sends = new OpenModelOutcome(100, 100, 0, 0, 100, false), Scans = 10_000, Outcomes = new Dictionary<string, long> { ["accepted"] = 10_000 },
            Ack = Latencies.Of(histogram), PageUpdate = Latencies.Of(histogram), Verification = new Verification(10, 10, 0, 0, 0, 0), Phases = [new PhaseResult("p", 1, 1, 1, Latencies.Of(histogram, false), 0, 0, 0)],
            Series = [.. Enumerable.Range(1, seconds).Select(i => new Second(i, 1_000, 990 + i % 7, 0, 3, 9, 20, 50, 12, 300 + i, 0.4, 0.1))],
            Faults = [new FaultResult(20, "silo killed (SIGKILL), back after 1 s", 3_000)], Problems = new Dictionary<string, long> { ["HTTP 503"] = 3 },
        };
    }

    [Fact]
    public void The_page_stands_alone_below_a_megabyte_and_runs_no_script()
    {
        var html = HtmlReport.Of(Result(seconds: 3_600));

        html.Length.ShouldBeLessThan(1_000_000);
        html.ShouldNotContain("<script");
        html.ShouldNotContain("src=");
        html.ShouldNotContain("http://");
        html.ShouldContain("A &lt;day&gt; &amp; a night.");
        html.ShouldContain("prefers-color-scheme:dark");
        html.ShouldContain("dotnet run --project loadtest -- black-friday");
        html.Split("<svg").Length.ShouldBeGreaterThan(6);
    }

    [Fact]
    public void Every_chart_is_well_formed()
    {
        var html = HtmlReport.Of(Result());
        foreach (var part in html.Split("<svg").Skip(1)) XElement.Parse("<svg" + part[..(part.IndexOf("</svg>", StringComparison.Ordinal) + 6)]).Name.LocalName.ShouldBe("svg");
    }

    [Fact]
    public void A_run_in_which_nothing_happened_has_a_page_too()
    {
        var nothing = Latencies.Of(new LatencyHistogram());
        var html = HtmlReport.Of(Result() with
        {
            Ack = nothing, PageUpdate = nothing,
            Series = [.. Enumerable.Range(1, 10).Select(i => new Second(i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))],
        });
        html.Length.ShouldBeLessThan(100_000);
    }

    [Theory]
    [InlineData(Verdict.Passed, "Passed")]
    [InlineData(Verdict.ThresholdCrossed, "ack.p99 < 250ms, lost == 0 did not hold")]
    [InlineData(Verdict.GeneratorLimited, "No verdict")]
    [InlineData(Verdict.Interrupted, "Interrupted")]
    public void The_verdict_comes_in_words(Verdict verdict, string words) => HtmlReport.Words(Result(verdict)).Words.ShouldContain(words);

    [Fact]
    public void JUnit_has_a_case_for_each_threshold_the_read_back_and_the_generator()
    {
        var suite = XDocument.Parse(JUnit.Of(Result())).Descendants("testsuite").Single();

        suite.Elements("testcase").Count().ShouldBe(5);
        suite.Attribute("failures")!.Value.ShouldBe("2");
        suite.Descendants("failure").Last().Attribute("message")!.Value.ShouldBe("not measured");
    }

    [Fact]
    public void A_result_compared_with_itself_is_not_worse_and_a_slower_one_is()
    {
        var before = Result() with { Metrics = new Dictionary<string, double> { ["served"] = 1_000, ["ack.p99"] = 20, ["lost"] = 0 } };
        var after = before with { Metrics = new Dictionary<string, double> { ["served"] = 900, ["ack.p99"] = 20.5, ["lost"] = 0 } };

        Comparison.Of(before.ToJson(), before.ToJson()).Figures.ShouldAllBe(f => !f.Worse);
        Comparison.Of(before.ToJson(), after.ToJson()).Figures.Where(f => f.Worse).Select(f => f.Name).ShouldBe(["served"]);
        Comparison.Of(before.ToJson(), (after with { Seed = 9 }).ToJson()).Notes.ShouldHaveSingleItem().ShouldContain("seeds");
    }

    [Theory]
    [InlineData(0, 100, 5)]
    [InlineData(0, 0.004, 5)]
    [InlineData(3, 87_654, 7)]
    [InlineData(0, 0, 5)]
    [InlineData(5, 5, 7)]
    [InlineData(0, 1e-300, 5)]
    [InlineData(1e15, 1e15 + 1, 5)]
    public void Axis_ticks_are_round_and_cover_the_range(double from, double to, int about)
    {
        var ticks = Chart.RoundTicks(from, to, about);
        ticks[0].ShouldBeLessThanOrEqualTo(from);
        ticks[^1].ShouldBeGreaterThanOrEqualTo(to * 0.999999);
        ticks.Count.ShouldBeInRange(2, 100);
    }
}
