using Tracking.Simulation.Day;
using Tracking.Simulation.Model;

namespace Tracking.Simulation.Planted;

/// <summary>
/// R-30, the proof that the others can fail: bugs put in on purpose, one at a time, each found by the simulator. The faults sit in the model around the product
/// (database, wiring, senders), so the product has no switch that could turn one on. The tenth,
/// a decoder that swallows what it cannot read, is in <see cref="DecoderTests"/>.
/// </summary>
public sealed class PlantedFaultTests
{
    [Fact]
    public void An_ack_before_the_commit_is_noticed() => Noticed(PlantedFault.AckBeforeCommit, "I1");

    [Fact]
    public void A_missing_unique_index_is_noticed() => Noticed(PlantedFault.NoUniqueIndex, "I2");

    [Fact]
    public void Forgetting_what_was_heard_before_is_noticed() => Noticed(PlantedFault.DedupeForgets, "I");

    [Fact]
    public void A_reader_that_skips_late_commits_is_noticed() => Noticed(PlantedFault.CursorSkipsLateCommits, "I5");

    [Fact]
    public void A_queue_without_end_is_noticed() => Noticed(PlantedFault.UnboundedQueue, "I9");

    [Fact]
    public void A_retry_under_another_identity_is_noticed() => Noticed(PlantedFault.RetryWithoutId, "I2");

    [Fact]
    public void A_head_that_an_older_one_overwrites_is_noticed() => Noticed(PlantedFault.VersionCheckDropped, "I3");

    [Fact]
    public void A_page_that_shows_whatever_came_last_is_noticed() => Noticed(PlantedFault.PushWithoutVersion, "I6");

    [Fact]
    public void A_purse_that_is_asked_in_one_turn_and_emptied_in_another_is_noticed() => Noticed(PlantedFault.BudgetOutsideTheTurn, "I4");

    [Fact]
    public void Without_a_planted_fault_the_same_days_hold()
        => Seeds.Run(1, 4).Broken.ShouldBeEmpty();

    private static void Noticed(PlantedFault fault, string invariant)
    {
        var report = Seeds.Run(1, 60, planted: fault, stopAfter: 1);

        report.Broken.ShouldNotBeEmpty($"sixty days with the bug {fault} and nobody noticed");
        report.Broken[0].Outcome.Broken!.ShouldStartWith(invariant);
    }
}
