using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Estimates;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Estimates;
using Tracking.Journal;
using Tracking.Journal.Memory;
using Tracking.Testing;

namespace Tracking.Grains.Tests;

public sealed class LearningTests
{
    private static readonly JourneyHints Lane = new("GROUND", "US", "NJ", "07001", "US", "CA", "94107");
    private static readonly TimeSpan Round = TimeSpan.FromMinutes(10);

    private static Scan At(ShipmentKey key, Milestone status, DateTimeOffset at) => A.Scan(status, at.ToString("O"), key: key) with { Journey = Lane };

    private static ShipmentKey Key(int number, string retailer = "demo") => new(retailer, "ups", $"1ZLEARN{number:D6}");

    /// <summary>A parcel that was labelled, handed over and delivered; each told when it happened.</summary>
    private static async Task PlayAsync(GrainTestSilo silo, ShipmentKey key, params (Milestone Status, double Hours)[] scans)
    {
        foreach (var (status, hours) in scans)
        {
            await silo.Silo.Elapse(TimeSpan.FromHours(hours));
            var now = silo.Silo.Clock.GetUtcNow();
            await silo.Shipment(key).RecordScans(new ScanBatch([At(key, status, now)], now, []));
        }
    }

    private static Task DeliverAsync(GrainTestSilo silo, ShipmentKey key)
        => PlayAsync(silo, key, (Milestone.LabelCreated, 0), (Milestone.Accepted, 1), (Milestone.OutForDelivery, 20), (Milestone.Delivered, 2));

    private static ILearningGrain Learning(GrainTestSilo silo) => silo.Silo.Grains.GetGrain<ILearningGrain>(0);

    [Fact]
    public async Task A_delivered_parcel_teaches_every_stage_it_went_through_and_is_scored()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await Learning(silo).Newest(0);
        await DeliverAsync(silo, Key(1));
        await silo.Silo.Elapse(Round);

        var model = await Learning(silo).Newest(0);

        model.Status.Learned.ShouldBe(3);   // packing, the carrier's way, the last mile
        model.Status.Open.ShouldBe(0);
        var book = CalibrationBook.Read(model.Book.AsMemory());
        book.Parcels.ShouldBe(1);
        book.Cells.Single(c => c.Lane == "US-NJ to US-CA" && c.Stage == JourneyStage.Transit).Count.ShouldBe(1);
        SnapshotCodec.Read(model.Snapshot.AsMemory()).Id.ShouldBe(model.SnapshotId);
    }

    [Fact]
    public async Task Nothing_new_gives_no_bytes()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await Learning(silo).Newest(0);
        await DeliverAsync(silo, Key(1));
        await silo.Silo.Elapse(Round);
        var model = await Learning(silo).Newest(0);

        (await Learning(silo).Newest(model.SnapshotId)).Snapshot.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public async Task After_a_restart_learning_goes_on_and_counts_nothing_twice()
    {
        var store = new MemoryStore();
        await using var silo = await GrainTestSilo.StartAsync(store);
        await Learning(silo).Newest(0);
        await DeliverAsync(silo, Key(1));
        await silo.Silo.Elapse(Round);
        var before = await Learning(silo).Newest(0);

        await silo.Silo.KillAsync();
        await silo.Silo.RestartAsync();
        var again = await Learning(silo).Newest(0);
        again.SnapshotId.ShouldBe(before.SnapshotId);
        again.Snapshot.ShouldBe(before.Snapshot);   // the same id is the same bytes

        await DeliverAsync(silo, Key(2));
        await silo.Silo.Elapse(Round);
        var after = await Learning(silo).Newest(0);
        after.SnapshotId.ShouldBeGreaterThan(before.SnapshotId);
        after.Status.Learned.ShouldBe(6);
        CalibrationBook.Read(after.Book.AsMemory()).Parcels.ShouldBe(2);
    }

    [Fact]
    public async Task A_node_that_starts_draws_dates_from_the_stored_snapshot_before_it_asks_anybody()
    {
        var store = new MemoryStore();
        await using var silo = await GrainTestSilo.StartAsync(store);
        await Learning(silo).Newest(0);
        var fresh = new EddBook();
        using (var first = Keeper(fresh)) await first.StartingAsync(default);
        fresh.Current.Id.ShouldBe(0);   // nothing is published yet, and that is no fault

        await DeliverAsync(silo, Key(1));
        await silo.Silo.Elapse(Round);
        var published = await Learning(silo).Newest(0);
        using (var next = Keeper(fresh)) await next.StartingAsync(default);

        fresh.Current.Id.ShouldBe(published.SnapshotId);
        fresh.Book!.Parcels.ShouldBe(1);

        EddKeeper Keeper(EddBook book) => new(silo.Silo.Grains, silo.Journal, book, Options.Create(new LearningOptions()), new LearningMetrics(book), silo.Silo.Clock, NullLogger<EddKeeper>.Instance);
    }

    [Fact]
    public async Task A_snapshot_whose_state_could_not_be_stored_is_never_given_out_and_its_rows_are_taken_again_once()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        silo.Journal.RefuseCursor = true;
        await Learning(silo).Newest(0);
        await DeliverAsync(silo, Key(1));
        await silo.Silo.Elapse(Round);
        (await Learning(silo).Newest(0)).SnapshotId.ShouldBe(0);

        silo.Journal.RefuseCursor = false;
        await silo.Silo.Elapse(Round * 3);
        (await Learning(silo).Newest(0)).Status.Learned.ShouldBe(3);
    }

    [Fact]
    public async Task State_that_was_damaged_is_learned_again_from_the_journal_and_ids_never_go_back()
    {
        var store = new MemoryStore();
        await using var silo = await GrainTestSilo.StartAsync(store);
        await Learning(silo).Newest(0);
        await DeliverAsync(silo, Key(1));
        await silo.Silo.Elapse(Round);
        var before = await Learning(silo).Newest(0);
        await silo.Silo.KillAsync();
        var cursor = await store.Journal.LoadCursorAsync(LearningGrain.Reader, 0);
        await store.Journal.SaveCursorAsync(cursor with { State = cursor.State.ToArray().Select((b, at) => at > 9_000 ? (byte)(b ^ 1) : b).ToArray() });
        await silo.Silo.RestartAsync();

        (await Learning(silo).Newest(before.SnapshotId)).Status.Trouble.ShouldNotBeNull();
        await silo.Silo.Elapse(Round);
        var after = await Learning(silo).Newest(before.SnapshotId);

        after.SnapshotId.ShouldBeGreaterThan(before.SnapshotId);
        after.Status.Learned.ShouldBe(3);
        after.Status.Trouble.ShouldBeNull();
    }

    [Fact]
    public async Task After_the_database_began_a_new_life_no_row_counts_twice()
    {
        var store = new MemoryStore();
        await using var silo = await GrainTestSilo.StartAsync(store);
        await Learning(silo).Newest(0);
        await DeliverAsync(silo, Key(1));
        await silo.Silo.Elapse(Round);
        await silo.Silo.KillAsync();
        await store.RenewEpochAsync();
        await silo.Silo.RestartAsync();
        await Learning(silo).Newest(0);
        await DeliverAsync(silo, Key(2));
        await silo.Silo.Elapse(Round);

        (await Learning(silo).Newest(0)).Status.Learned.ShouldBe(6);
    }

    [Fact]
    public async Task A_parcel_that_goes_back_teaches_nothing()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await Learning(silo).Newest(0);
        await PlayAsync(silo, Key(1), (Milestone.Accepted, 0), (Milestone.Returned, 90));
        await silo.Silo.Elapse(Round);

        var status = (await Learning(silo).Newest(0)).Status;
        status.Learned.ShouldBe(0);
        status.Open.ShouldBe(0);
    }

    [Fact]
    public async Task A_parcel_delivered_before_it_was_handed_over_is_refused_and_counted()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await Learning(silo).Newest(0);
        var (key, now) = (Key(1), silo.Silo.Clock.GetUtcNow());
        await silo.Shipment(key).RecordScans(new ScanBatch([At(key, Milestone.Accepted, now)], now, []));
        await silo.Silo.Elapse(TimeSpan.FromHours(3));
        await silo.Shipment(key).RecordScans(new ScanBatch([At(key, Milestone.Delivered, now.AddHours(-2))], silo.Silo.Clock.GetUtcNow(), []));
        await silo.Silo.Elapse(Round);

        var status = (await Learning(silo).Newest(0)).Status;
        status.Learned.ShouldBe(0);
        status.Open.ShouldBe(0);
    }

    [Fact]
    public async Task A_delivery_without_a_hand_over_teaches_only_the_stages_it_had()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await Learning(silo).Newest(0);
        await PlayAsync(silo, Key(1), (Milestone.LabelCreated, 0), (Milestone.Delivered, 40));
        await silo.Silo.Elapse(Round);

        (await Learning(silo).Newest(0)).Status.Open.ShouldBe(0);
    }

    [Fact]
    public async Task A_delivery_told_twice_teaches_once()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await Learning(silo).Newest(0);
        await DeliverAsync(silo, Key(1));
        await PlayAsync(silo, Key(1), (Milestone.InTransit, 14), (Milestone.Delivered, 20));
        await silo.Silo.Elapse(Round);

        (await Learning(silo).Newest(0)).Status.Learned.ShouldBe(3);
    }

    [Fact]
    public async Task Deliveries_of_a_retailer_that_does_not_share_move_no_other_retailers_dates()
    {
        await using var silo = await GrainTestSilo.StartAsync(sharing: new Sharing("open", "other"));
        await Learning(silo).Newest(0);
        for (var i = 0; i < 30; i++) await DeliverAsync(silo, Key(i, "closed"));
        await silo.Silo.Elapse(Round);
        var snapshot = SnapshotCodec.Read((await Learning(silo).Newest(0)).Snapshot.AsMemory());
        var now = silo.Silo.Clock.GetUtcNow();

        snapshot.Estimate(Facts("open", now), now)!.Value.P50.ShouldBe(EddSnapshot.ColdStart.Estimate(Facts("open", now), now)!.Value.P50);
        snapshot.Estimate(Facts("closed", now), now)!.Value.P50.ShouldBeLessThan(EddSnapshot.ColdStart.Estimate(Facts("closed", now), now)!.Value.P50);

        for (var i = 100; i < 130; i++) await DeliverAsync(silo, Key(i, "open"));
        await silo.Silo.Elapse(Round);
        var shared = SnapshotCodec.Read((await Learning(silo).Newest(0)).Snapshot.AsMemory());
        now = silo.Silo.Clock.GetUtcNow();
        shared.Estimate(Facts("other", now), now)!.Value.P50.ShouldBeLessThan(EddSnapshot.ColdStart.Estimate(Facts("other", now), now)!.Value.P50);
    }

    private static JourneyFacts Facts(string retailer, DateTimeOffset now) => new()
    {
        Carrier = "ups", Service = "GROUND", Retailer = retailer, OriginCountry = "US", OriginRegion = "NJ", OriginPostalCode = "07001", DestinationCountry = "US", DestinationRegion = "CA",
        DestinationPostalCode = "94107", Stage = JourneyStage.Transit, StageEnteredAt = now, HandedOverAt = now,
    };

    [Fact]
    public async Task A_notice_is_kept_repeated_quietly_and_slows_estimates_until_it_is_taken_back()
    {
        var store = new MemoryStore();
        await using var silo = await GrainTestSilo.StartAsync(store);
        await Learning(silo).Newest(0);
        var now = silo.Silo.Clock.GetUtcNow();
        var notice = new AreaNotice("storm-1", NoticeKind.Storm, null, "US", "CA", now.AddHours(-1), now.AddDays(6), 0.5, "Coast closed.", default);
        var notices = silo.Silo.Grains.GetGrain<IAreaNoticeGrain>(0);

        (await notices.Post(notice)).Outcome.ShouldBe(AreaNoticeOutcome.Posted);
        (await notices.Post(notice)).Outcome.ShouldBe(AreaNoticeOutcome.Unchanged);
        (await notices.Post(notice with { Pace = 0.4 })).Outcome.ShouldBe(AreaNoticeOutcome.Conflict);
        await silo.Silo.Elapse(Round);
        var slowed = SnapshotCodec.Read((await Learning(silo).Newest(0)).Snapshot.AsMemory());
        slowed.Estimate(Facts("demo", now), now)!.Value.P50.ShouldBeGreaterThan(EddSnapshot.ColdStart.Estimate(Facts("demo", now), now)!.Value.P50);
        slowed.NoticeAt("ups", "US", "CA").ShouldBe(NoticeKind.Storm);
        slowed.NoticeAt("ups", "US", "NY").ShouldBe(NoticeKind.None);

        await silo.Silo.KillAsync();
        await silo.Silo.RestartAsync();
        notices = silo.Silo.Grains.GetGrain<IAreaNoticeGrain>(0);
        (await notices.List()).Length.ShouldBe(1);
        await Learning(silo).Newest(0);
        (await notices.Retract("storm-1")).Outcome.ShouldBe(AreaNoticeOutcome.Retracted);
        (await notices.Retract("storm-1")).Outcome.ShouldBe(AreaNoticeOutcome.Unchanged);
        (await notices.Retract("never")).Outcome.ShouldBe(AreaNoticeOutcome.Unknown);
        await silo.Silo.Elapse(Round);
        SnapshotCodec.Read((await Learning(silo).Newest(0)).Snapshot.AsMemory()).NoticeAt("ups", "US", "CA").ShouldBe(NoticeKind.None);
    }

    [Fact]
    public async Task Imported_history_teaches_like_deliveries_and_once()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var journal = (IEventJournal)silo.Journal;
        var now = silo.Silo.Clock.GetUtcNow();
        var (ordered, handed, delivered) = (now.AddDays(-9), now.AddDays(-8), now.AddDays(-3));
        var facts = Facts("demo", handed) with { OrderedAt = ordered, HandedOverAt = null };
        HistoryStep[] steps =
        [
            new(HistoryMoment.Ordered, 5, ordered, facts), new(HistoryMoment.HandedOver, 5, handed, facts with { HandedOverAt = handed }),
            new(HistoryMoment.Delivered, 5, delivered, facts with { HandedOverAt = handed }),
        ];
        await journal.AppendAsync(new JournalAppend(HistoryCodec.Stream("demo", "abc"), 1, now, HistoryCodec.Write(steps), Marked: true));
        await Learning(silo).Newest(0);
        await silo.Silo.Elapse(Round);

        (await Learning(silo).Newest(0)).Status.Learned.ShouldBe(2);
    }

    [Fact]
    public void A_snapshot_that_cannot_be_read_leaves_the_last_good_one_in_use_and_says_so()
    {
        var book = new EddBook();
        var learner = new EddLearner();
        var good = learner.Publish(A.LongAfter);
        var books = new CalibrationBook().Write().ToImmutableArrayOfBytes();
        book.Take(new LearnedModel(1, SnapshotCodec.Write(good).ToImmutableArrayOfBytes(), books, LearningStatus.None)).ShouldBeNull();

        var torn = SnapshotCodec.Write(learner.Publish(A.LongAfter.AddDays(1)));
        torn[40] ^= 1;
        book.Take(new LearnedModel(2, torn.ToImmutableArrayOfBytes(), books, LearningStatus.None)).ShouldNotBeNull().ShouldContain("snapshot 1 stays in use");

        book.Current.Id.ShouldBe(1);
        book.Trouble.ShouldNotBeNull();
    }
}

internal static class Bytes
{
    public static System.Collections.Immutable.ImmutableArray<byte> ToImmutableArrayOfBytes(this byte[] bytes) => [.. bytes];
}
