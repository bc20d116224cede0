using System.Collections.Immutable;
using Tracking.Backtest;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Domain.Tests.Estimates;

public sealed class JournalReplayTests
{
    private static readonly JourneyHints Lane = new("GROUND", "US", "NJ", "07001", "US", "CA", "94107");

    /// <summary>Two hundred parcels over four weeks, some scans never told.</summary>
    private static List<RecordedAppend> Appends(double lost, Func<ShipmentKey, Milestone, DateTimeOffset, DateTimeOffset>? when = null)
    {
        var dice = new Random(11);
        var start = new DateTimeOffset(2026, 3, 2, 14, 0, 0, TimeSpan.Zero);
        var appends = new List<RecordedAppend>();
        for (var i = 0; i < 200; i++)
        {
            var key = new ShipmentKey("demo", "ups", $"1ZREPLAY{i:D5}");
            var at = start.AddHours(i * 3.3);
            var version = 0;
            foreach (var (status, hours) in new[] { (Milestone.LabelCreated, 0.0), (Milestone.Accepted, 6), (Milestone.InTransit, 10), (Milestone.InTransit, 14 + dice.NextDouble() * 40), (Milestone.OutForDelivery, 8), (Milestone.Delivered, 3) })
            {
                at = at.AddHours(hours);
                var told = when?.Invoke(key, status, at) ?? at;
                if (status != Milestone.Delivered && dice.NextDouble() < lost) continue;
                appends.Add(new RecordedAppend(key, ++version, told, [new RecordedScan(A.Scan(status, told.ToString("O"), key: key, code: $"{status}{at.Ticks}") with { Journey = Lane }, told)]));
            }
        }
        appends.Sort((a, b) => a.At.CompareTo(b.At));
        return appends;
    }

    private static JournalReplay Replay(List<RecordedAppend> appends)
    {
        var replay = new JournalReplay(TimeSpan.FromMinutes(10), null);
        replay.Run(appends, wakesAreRecorded: false);
        return replay;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.01)]
    [InlineData(0.05)]
    [InlineData(0.15)]
    [InlineData(0.5)]
    public void Missing_scans_leave_fewer_lessons_and_every_delivered_parcel_scored(double lost)
    {
        var replay = Replay(Appends(lost));

        replay.Learner.Refused.ShouldBe(0);
        replay.Learner.Open.ShouldBe(0);
        replay.Learner.Learned.ShouldBeInRange(100, 600);
        replay.Book.Parcels.ShouldBeInRange((long)(200 * (1 - Math.Pow(lost, 3)) - 12), 200);   // a parcel without any scan before its delivery has nothing to score
        var whole = replay.Book.Cells.Single(c => c is { Retailer: "", Carrier: "", Lane: "", Stage: JourneyStage.Transit });
        whole.Mae.ShouldBeLessThan(2);
    }

    [Fact]
    public void Two_replays_give_equal_books_to_the_last_bit() => Replay(Appends(0.05)).Book.Write().ShouldBe(Replay(Appends(0.05)).Book.Write());

    [Fact]
    public void Shifting_what_comes_later_changes_nothing_that_was_learned_before()
    {
        var moment = new DateTimeOffset(2026, 3, 15, 0, 0, 0, TimeSpan.Zero);
        var plain = Appends(0).Where(a => a.At < moment).ToList();
        var shifted = Appends(0, (_, _, at) => at < moment ? at : at.AddHours(31)).Where(a => a.At < moment).ToList();

        Replay(shifted).Book.Write().ShouldBe(Replay(plain).Book.Write());
    }

    [Fact]
    public void A_carriers_clock_that_jumps_ahead_teaches_no_impossible_wait()
    {
        var replay = Replay([.. Appends(0).Select(a => a.Version == 3 ? a with { Scans = [.. a.Scans.Select(s => s with { Scan = A.Scan(Milestone.InTransit, a.At.AddDays(40).ToString("O"), key: a.Key, code: "jump") with { Journey = Lane } })] } : a)]);

        replay.Book.Parcels.ShouldBe(200);
        replay.Learner.Refused.ShouldBe(0);
        replay.Book.Cells.Single(c => c is { Retailer: "", Carrier: "", Lane: "", Stage: JourneyStage.Transit }).Mae.ShouldBeLessThan(2);
    }
}
