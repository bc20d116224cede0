using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Tests.Workload;

public sealed class ScanFeedTests
{
    private const long Now = 1_795_000_000;
    private static readonly FeedManners Plain = new() { ActiveParcels = 100, Duplicates = 0, Disorder = 0, Late = 0, Missing = 0, Corrected = 0 };

    private static List<Statement> Draw(FeedManners manners, int count, ulong seed = 1, Action<ScanFeed>? set = null)
    {
        var feed = new ScanFeed(new ParcelBook(seed, 1), manners, seed, Now);
        set?.Invoke(feed);
        return [.. Enumerable.Range(0, count).Select(_ => feed.Next())];
    }

    private static string Told(IEnumerable<Statement> scans) => string.Join('\n', scans.Select(s => $"{s.Event} {s.Parcel.Id} {s.Step} {s.Copy} {s.Retracts} {s.UtcSeconds}"));

    [Fact]
    public void One_seed_sends_the_same_scans_in_the_same_order()
    {
        var manners = new FeedManners { ActiveParcels = 200, HotParcels = 2, HotShare = 0.1 };

        Told(Draw(manners, 5_000)).ShouldBe(Told(Draw(manners, 5_000)));
        Told(Draw(manners, 5_000)).ShouldNotBe(Told(Draw(manners, 5_000, seed: 2)));
    }

    [Fact]
    public void A_plain_feed_tells_each_parcels_scans_in_order_and_once()
    {
        var scans = Draw(Plain, 5_000);

        scans.Select(s => s.Event).ShouldBe(Enumerable.Range(0, 5_000).Select(i => (long)i));
        foreach (var parcel in scans.GroupBy(s => s.Parcel.Id))
            parcel.Zip(parcel.Skip(1)).ShouldAllBe(two => two.Second.Step == two.First.Step + 1 && two.Second.UtcSeconds > two.First.UtcSeconds);
        scans.ShouldAllBe(s => s.UtcSeconds < Now);
    }

    [Fact]
    public void Copies_are_word_for_word_and_come_after_their_original()
    {
        var scans = Draw(Plain with { Duplicates = 0.2 }, 10_000);
        var seen = new Dictionary<long, Statement>();
        foreach (var scan in scans)
        {
            if (scan.Copy) scan.ShouldBe(seen[scan.Event] with { Copy = true });
            else seen.Add(scan.Event, scan);
        }
        ((double)scans.Count(s => s.Copy) / scans.Count).ShouldBeInRange(0.18, 0.22);
    }

    [Fact]
    public void Disorder_and_lateness_move_scans_behind_younger_ones_and_lose_none()
    {
        var scans = Draw(Plain with { Disorder = 0.1, Late = 0.01 }, 20_000);
        var events = scans.Select(s => s.Event).ToList();

        events.Distinct().Count().ShouldBe(events.Count);
        events.Zip(events.Skip(1)).Count(two => two.Second < two.First).ShouldBeGreaterThan(1_000);
        events.Where((e, place) => place - e > 900).Count().ShouldBeGreaterThan(50);
        Enumerable.Range(0, 10_000).Select(i => (long)i).Except(events).ShouldBeEmpty();
    }

    [Fact]
    public void A_missing_scan_leaves_a_gap_in_its_parcel_and_no_gap_in_the_count()
    {
        var scans = Draw(Plain with { Missing = 0.1 }, 10_000);

        scans.Select(s => s.Event).Distinct().Count().ShouldBe(10_000);
        scans.GroupBy(s => s.Parcel.Id).Sum(p => p.Zip(p.Skip(1)).Count(two => two.Second.Step > two.First.Step + 1)).ShouldBeGreaterThan(300);
    }

    [Fact]
    public void A_correction_takes_its_target_back_and_tells_it_again()
    {
        var scans = Draw(Plain with { Corrected = 0.05 }, 10_000);
        var byEvent = scans.ToDictionary(s => s.Event);
        var retractions = scans.Where(s => s.Retracts >= 0).ToList();

        retractions.Count.ShouldBeGreaterThan(300);
        foreach (var retraction in retractions.SkipLast(20))
        {
            byEvent[retraction.Retracts].Parcel.ShouldBe(retraction.Parcel);
            byEvent[retraction.Retracts].Step.ShouldBe(retraction.Step);
        }
    }

    [Fact]
    public void Hot_parcels_get_their_share_and_never_the_same_scan_twice()
    {
        var scans = Draw(Plain with { HotParcels = 1, HotShare = 0.3 }, 10_000);
        var hot = scans.GroupBy(s => s.Parcel.Id).MaxBy(p => p.Count())!;

        (hot.Count() / 10_000.0).ShouldBeInRange(0.27, 0.33);
        hot.Select(s => s.UtcSeconds).Distinct().Count().ShouldBe(hot.Count());
    }

    [Fact]
    public void In_a_storm_the_hubs_scans_are_weather_delays_at_one_hub()
    {
        var scans = Draw(Plain, 5_000, set: feed => feed.Storm = true);

        scans.ShouldNotContain(s => s.Happening == Happening.Arrived && s.Facility.Id.StartsWith("HUB"));
        scans.Count(s => s.Happening == Happening.WeatherDelay && s.Facility.Id == "HUB-SDF").ShouldBeGreaterThan(1_000);
    }

    [Fact]
    public void No_two_different_scans_say_the_same_of_one_parcel_at_one_instant()
    {
        // They would be one scan to any server, and the tool would call the second one lost.
        var scans = Draw(new FeedManners { ActiveParcels = 50, HotParcels = 2, HotShare = 0.3, Corrected = 0.05 }, 30_000).Where(s => !s.Copy).ToList();

        scans.Select(s => (s.Parcel.Id, s.UtcSeconds, s.Happening, s.Facility.Id, s.Retracts >= 0)).Distinct().Count().ShouldBe(scans.Count);
    }
}
