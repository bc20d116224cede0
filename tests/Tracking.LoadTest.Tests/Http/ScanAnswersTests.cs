using Tracking.LoadTest.Http;

namespace Tracking.LoadTest.Tests.Http;

public sealed class ScanAnswersTests
{
    [Fact]
    public void Lines_and_a_results_array_read_alike()
    {
        var lines = "{\"index\":0,\"outcome\":\"accepted\",\"version\":7}\n{\"index\":1,\"outcome\":\"duplicate\",\"version\":3}\n{\"index\":2,\"outcome\":\"rejected\",\"problem\":{\"type\":\"x\"}}\n"u8;
        var array = "{ \"results\" : [ {\"index\":0,\"outcome\" : \"accepted\",\"version\": 7}, {\"index\":1,\"outcome\":\"duplicate\",\"version\":3}, {\"index\":2,\"outcome\":\"rejected\"} ] }"u8;
        foreach (var answer in (byte[][])[lines.ToArray(), array.ToArray()])
        {
            var (outcomes, versions) = (new Outcome[5], new int[5]);
            ScanAnswers.Read(answer, outcomes, versions).ShouldBe(3);
            outcomes[..3].ShouldBe([Outcome.Accepted, Outcome.Duplicate, Outcome.Rejected]);
            versions[..3].ShouldBe([7, 3, 0]);
        }
    }

    [Fact]
    public void An_outcome_nobody_knows_counts_as_failed_since_it_may_not_be_stored()
    {
        var outcomes = new Outcome[2];
        ScanAnswers.Read("{\"outcome\":\"perhaps\"}\n{\"outcome\":\"quarantined\"}"u8, outcomes).ShouldBe(2);
        outcomes.ShouldBe([Outcome.Failed, Outcome.Quarantined]);
    }

    [Fact]
    public void A_line_cut_in_the_middle_is_no_ack()
    {
        var outcomes = new Outcome[2];
        ScanAnswers.Read("{\"index\":0,\"outcome\":\"accepted\"}\n{\"index\":1,\"outcome\":\"acc"u8, outcomes);
        outcomes[0].ShouldBe(Outcome.Accepted);
        outcomes[1].ShouldBe(Outcome.Failed);
    }
}
