using Tracking.Domain.Estimates;

namespace Tracking.Domain.Tests.Estimates;

public sealed class SnapshotTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

    private static JourneyFacts Lane(int region) => new()
    {
        Carrier = "ups", Service = "GROUND", Retailer = "shop", OriginCountry = "US", OriginRegion = "NJ", OriginPostalCode = "07001",
        DestinationCountry = "US", DestinationRegion = region % 2 == 0 ? "CA" : "NY", DestinationPostalCode = $"9{region % 10}101", DestinationZone = "America/New_York",
    };

    private static EddLearner Taught(int waits = 3_000)
    {
        var learner = new EddLearner();
        var dice = new Random(7);
        for (var i = 0; i < waits; i++)
        {
            var ended = Start.AddMinutes(i * 30);
            learner.Advance(ended);
            var days = (i % 2 == 0 ? 6 : 2) * (0.7 + dice.NextDouble() * 0.8);
            var facts = Lane(i) with { Stage = JourneyStage.Transit, StageEnteredAt = ended.AddDays(-days), HandedOverAt = ended.AddDays(-days), OrderedAt = ended.AddDays(-days - 1) };
            learner.Learn(new ClosedStage(facts, JourneyStage.Transit, ended.AddDays(-days), ended));
        }
        return learner;
    }

    private static JourneyFacts At(DateTimeOffset now, int region) => Lane(region) with { Stage = JourneyStage.Transit, StageEnteredAt = now };

    [Fact]
    public void A_lane_learns_its_own_speed()
    {
        var now = Start.AddDays(63);
        var snapshot = Taught().Publish(now);

        var far = (snapshot.Estimate(At(now, 0), now)!.Value.P50 - now).TotalDays;
        var near = (snapshot.Estimate(At(now, 1), now)!.Value.P50 - now).TotalDays;

        far.ShouldBeInRange(5, 8.5);
        near.ShouldBeInRange(1, 3.6);
    }

    [Fact]
    public void A_lane_never_seen_starts_at_its_region()
    {
        var now = Start.AddDays(63);
        var snapshot = Taught().Publish(now);
        var unseen = At(now, 0) with { OriginRegion = "TX", DestinationPostalCode = "00000" };

        (snapshot.Estimate(unseen, now)!.Value.P50 - now).TotalDays.ShouldBeInRange(4.5, 9);
    }

    [Fact]
    public void A_published_snapshot_never_changes()
    {
        var learner = Taught();
        var now = Start.AddDays(63);
        var snapshot = learner.Publish(now);
        var before = snapshot.Estimate(At(now, 0), now);
        for (var i = 0; i < 500; i++) learner.Learn(new ClosedStage(Lane(0), JourneyStage.Transit, now.AddDays(-30), now.AddMinutes(i)));

        snapshot.Estimate(At(now, 0), now).ShouldBe(before);
        learner.Publish(now.AddDays(1)).Id.ShouldBe(snapshot.Id + 1);
    }

    [Fact]
    public void A_snapshot_reads_back_to_the_same_estimates()
    {
        var now = Start.AddDays(63);
        var snapshot = Taught().Publish(now);
        var bytes = SnapshotCodec.Write(snapshot);

        var read = SnapshotCodec.Read(bytes);

        read.Id.ShouldBe(snapshot.Id);
        read.AsOf.ShouldBe(snapshot.AsOf);
        for (var hours = 0; hours < 400; hours += 7)
            for (var region = 0; region < 4; region++)
                read.Estimate(At(now, region), now.AddHours(hours)).ShouldBe(snapshot.Estimate(At(now, region), now.AddHours(hours)));
        SnapshotCodec.Write(read).ShouldBe(bytes);
    }

    [Fact]
    public void A_snapshot_that_was_damaged_says_so()
    {
        var bytes = SnapshotCodec.Write(Taught(200).Publish(Start.AddDays(10)));
        var flipped = (byte[])bytes.Clone();
        flipped[bytes.Length / 2] ^= 1;

        Should.Throw<InvalidDataException>(() => SnapshotCodec.Read(flipped)).Message.ShouldContain("checksum");
        Should.Throw<InvalidDataException>(() => SnapshotCodec.Read(bytes.AsMemory(0, bytes.Length - 9)));
        Should.Throw<InvalidDataException>(() => SnapshotCodec.Read(ReadOnlyMemory<byte>.Empty));
    }

    [Fact]
    public void Impossible_waits_are_refused_and_counted()
    {
        var learner = new EddLearner();

        learner.Learn(new ClosedStage(Lane(0), JourneyStage.Transit, Start, Start.AddHours(-1))).ShouldBeFalse();
        learner.Learn(new ClosedStage(Lane(0), JourneyStage.Transit, Start, Start.AddDays(400))).ShouldBeFalse();

        learner.Refused.ShouldBe(2);
        learner.Learned.ShouldBe(0);
    }

    [Fact]
    public void An_estimate_allocates_nothing()
    {
        var now = Start.AddDays(63);
        var snapshot = Taught().Publish(now);
        var facts = At(now, 0);
        var window = WindowPolicy.Next(snapshot, facts, now, null, WindowTrigger.Scan);
        for (var i = 0; i < 200; i++) _ = snapshot.Estimate(facts, now.AddHours(i));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 200; i++)
        {
            _ = snapshot.Estimate(facts, now.AddMinutes(i));
            _ = snapshot.NextScanExpectedBy(facts, now.AddMinutes(i));
            _ = WindowPolicy.Next(snapshot, facts, now.AddMinutes(i), window, WindowTrigger.Scan);
        }
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    [Fact]
    public void Gaps_between_scans_are_learned_and_silence_gets_a_date()
    {
        var learner = Taught();
        var now = Start.AddDays(63);
        var cold = EddSnapshot.ColdStart.NextScanExpectedBy(At(now, 0), now)!.Value;
        for (var i = 0; i < 2_000; i++) learner.LearnGap(At(now, 0), now.AddHours(-5 - i % 3), now);

        var learned = learner.Publish(now).NextScanExpectedBy(At(now, 0), now)!.Value;

        learned.ExpectedBy.ShouldBeGreaterThan(now);
        learned.SilentAfter.ShouldBeGreaterThan(learned.ExpectedBy);
        learned.SilentAfter.ShouldBeLessThan(cold.SilentAfter);
    }

    [Fact]
    public void A_posted_notice_slows_the_zone_before_deliveries_do()
    {
        var now = Start.AddDays(63);
        var plain = Taught();
        var warned = Taught();
        var notice = new RouteNotice("ups", "US", "CA", now.AddDays(-1), now.AddDays(9), now.AddDays(-1), 0.4);
        warned.Post(notice).ShouldBeTrue();

        var without = plain.Publish(now.AddDays(1)).Estimate(At(now.AddDays(1), 0), now.AddDays(1))!.Value;
        var with = warned.Publish(now.AddDays(1)).Estimate(At(now.AddDays(1), 0), now.AddDays(1))!.Value;

        with.P50.ShouldBeGreaterThan(without.P50);
        warned.Post(notice with { Pace = 0 }).ShouldBeFalse();
    }
}
