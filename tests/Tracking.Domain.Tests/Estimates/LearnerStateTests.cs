using Tracking.Backtest;
using Tracking.Domain.Estimates;

namespace Tracking.Domain.Tests.Estimates;

public sealed class LearnerStateTests
{
    private static IEnumerable<(DateTimeOffset At, int What, RecordedDelivery Of)> Events()
        => AShop.Year(perDay: 5).SelectMany(d => new[] { (d.Purchased, 0, d), (d.HandedOver, 1, d), (d.Delivered, 2, d) }).OrderBy(e => e.Item1).ThenBy(e => e.Item3.Journey).ThenBy(e => e.Item2);

    private static void Tell(EddLearner learner, (DateTimeOffset At, int What, RecordedDelivery Of) told)
    {
        var (at, what, d) = told;
        learner.Advance(at);
        if (what == 0) learner.Begin(d.Journey, d.AtPurchase);
        if (what == 1)
        {
            learner.Learn(new ClosedStage(d.AtPurchase, JourneyStage.Handling, d.Purchased, d.HandedOver, d.Journey));
            learner.Begin(d.Journey, d.AtHandOver);
        }
        if (what == 2)
        {
            learner.LearnGap(d.AtHandOver, d.HandedOver, d.Delivered);
            learner.Learn(new ClosedStage(d.AtHandOver, JourneyStage.Transit, d.HandedOver, d.Delivered, d.Journey));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]   // every shop keeps books of its own
    public void A_learner_that_is_read_back_goes_on_exactly_where_it_stood(bool sharing)
    {
        var learner = new EddLearner(sharing);
        EddLearner? other = null;
        var n = 0;
        foreach (var told in Events())
        {
            Tell(learner, told);
            if (other is not null) Tell(other, told);
            if (++n == 900)
            {
                learner.Post(new RouteNotice(null, "BR", "RJ", told.At.AddDays(-1), told.At.AddDays(9), told.At, 0.6, NoticeKind.Strike, "s"));
                learner.Publish(told.At);
                other = EddLearner.Read(learner.Write());   // in the middle of a day, with parcels under way
                SnapshotCodec.Write(other.Frozen()).ShouldBe(SnapshotCodec.Write(learner.Frozen()));
            }
            if (n % 500 == 0 && other is not null) Same(learner.Publish(told.At), other.Publish(told.At), told.Of, told.At);
        }
        n.ShouldBeGreaterThan(2_000);
        other!.Open.ShouldBe(learner.Open);
        other.Learned.ShouldBe(learner.Learned);
    }

    private static void Same(EddSnapshot left, EddSnapshot right, RecordedDelivery of, DateTimeOffset now)
    {
        right.Id.ShouldBe(left.Id);
        foreach (var days in new[] { 0, 3, 9, 20 })
        {
            right.Estimate(of.AtHandOver, now.AddDays(days)).ShouldBe(left.Estimate(of.AtHandOver, now.AddDays(days)));
            right.Estimate(of.AtPurchase, now.AddDays(days)).ShouldBe(left.Estimate(of.AtPurchase, now.AddDays(days)));
            right.NextScanExpectedBy(of.AtHandOver, now.AddDays(days)).ShouldBe(left.NextScanExpectedBy(of.AtHandOver, now.AddDays(days)));
        }
    }

    [Fact]
    public void State_that_was_damaged_or_is_of_another_format_says_so()
    {
        var bytes = new EddLearner().Write();
        var flipped = (byte[])bytes.Clone();
        flipped[20] ^= 1;

        Should.Throw<InvalidDataException>(() => EddLearner.Read(flipped)).Message.ShouldContain("checksum");
        Should.Throw<InvalidDataException>(() => EddLearner.Read(bytes.AsMemory(0, bytes.Length - 1)));
        Should.Throw<InvalidDataException>(() => EddLearner.Read(SnapshotCodec.Write(EddSnapshot.ColdStart))).Message.ShouldContain("not a learner");
    }

    // The file was written by release 0.1 from the first 600 events below. It must stay readable, or StateVersion must rise and the release notes say that learning begins anew.
    [Fact]
    public void State_that_an_earlier_release_wrote_is_read()
    {
        var learner = EddLearner.Read(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Estimates", "Recorded", "learner-1.bin")));

        learner.Learned.ShouldBe(382);
        learner.Published.ShouldBe(1);
        var d = AShop.Year(perDay: 5)[300];
        var estimate = learner.Frozen().Estimate(d.AtHandOver, d.HandedOver)!.Value;
        (estimate.P50 - d.HandedOver).TotalDays.ShouldBe(GoldenDays, 0.01);   // processors differ in their last digits
    }

    private const double GoldenDays = 7.5560;

    [Fact]
    public void A_notice_holds_from_the_moment_it_is_posted_until_it_is_taken_back()
    {
        var learner = new EddLearner();
        foreach (var told in Events().Take(1_200)) Tell(learner, told);
        var now = learner.Now;
        var facts = AShop.Year(perDay: 5)[0].AtHandOver with { StageEnteredAt = now, HandedOverAt = now, LastScanAt = now };
        var usual = learner.Publish(now).Estimate(facts, now)!.Value.P50;

        learner.Post(new RouteNotice(null, "BR", null, now, now.AddDays(20), now, 0.4, NoticeKind.Storm, "storm"));
        var slowed = learner.Publish(now);
        learner.Retract("storm");
        var after = learner.Publish(now);

        slowed.Estimate(facts, now)!.Value.P50.ShouldBeGreaterThan(usual.AddHours(12));
        slowed.NoticeAt(null, "br", "SP").ShouldBe(NoticeKind.Storm);
        after.Estimate(facts, now)!.Value.P50.ShouldBe(usual);
    }

    [Fact]
    public void The_announced_reason_is_given_when_a_window_moves_under_it()
    {
        var learner = new EddLearner();
        foreach (var told in Events().Take(1_200)) Tell(learner, told);
        var now = learner.Now;
        var facts = AShop.Year(perDay: 5)[0].AtHandOver with { StageEnteredAt = now, HandedOverAt = now, LastScanAt = now };
        var shown = WindowPolicy.Next(learner.Publish(now), facts, now, null, WindowTrigger.Stage)!;

        learner.Post(new RouteNotice(null, "BR", null, now, now.AddDays(20), now, 0.3, NoticeKind.Strike, "strike"));
        var moved = WindowPolicy.Next(learner.Publish(now), facts, now.AddHours(1), shown, WindowTrigger.Clock)!;

        moved.To!.Value.ShouldBeGreaterThan(shown.To!.Value);
        moved.Reason.ShouldBe(WindowReason.Strike);
    }
}
