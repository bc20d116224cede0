using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Watch;

namespace Tracking.LoadTest.Tests.Watch;

public sealed class GlassTests
{
    private readonly Glass _glass = new();

    private Watcher Page(long parcel)
    {
        var page = new Watcher(new Uri("http://127.0.0.1:1"), "t", parcel, _glass, new MachineClock(), new CrowdCounts(), 1);
        _glass.Open(page);
        return page;
    }

    [Fact]
    public void A_page_that_shows_a_version_after_its_ack_took_the_time_between()
    {
        var page = Page(1);
        _glass.Acked(1, 5, nowMicros: 1_000);
        _glass.Shown(page, 5, nowMicros: 31_000);

        _glass.Latency.Count.ShouldBe(1);
        _glass.Latency.Percentile(50).ShouldBe(30_000);
    }

    [Fact]
    public void A_page_that_shows_it_before_the_ack_came_back_took_no_time()
    {
        var page = Page(1);
        _glass.Shown(page, 5, nowMicros: 900);
        _glass.Acked(1, 5, nowMicros: 1_000);

        _glass.Latency.Count.ShouldBe(1);
        _glass.Latency.Max.ShouldBe(0);
    }

    [Fact]
    public void A_newer_version_shows_every_version_it_skipped()
    {
        var page = Page(1);
        _glass.Acked(1, 5, 0);
        _glass.Acked(1, 6, 10_000);
        _glass.Acked(1, 7, 20_000);
        _glass.Shown(page, 7, 21_000);
        _glass.Shown(page, 7, 99_000);

        _glass.Latency.Count.ShouldBe(3);
        _glass.Latency.Max.ShouldBe(21_000);
    }

    [Fact]
    public void Every_page_counts_and_pages_of_other_parcels_do_not()
    {
        var (one, two, other) = (Page(1), Page(1), Page(2));
        _glass.Acked(1, 5, 0);
        _glass.Shown(one, 5, 1_000);
        _glass.Shown(two, 5, 2_000);
        _glass.Shown(other, 5, 3_000);

        _glass.Latency.Count.ShouldBe(2);
    }

    [Fact]
    public void A_page_opened_later_owes_nothing_for_what_was_acked_before()
    {
        Page(1);
        _glass.Acked(1, 5, 0);
        var late = Page(1);
        _glass.Shown(late, 5, 60_000_000);

        _glass.Latency.Count.ShouldBe(0);
    }

    [Fact]
    public void A_version_lower_than_the_one_shown_is_a_page_gone_backwards()
    {
        var page = Page(1);
        _glass.Shown(page, 6, 0);
        _glass.Shown(page, 5, 1);

        _glass.Backwards.ShouldBe(1);
        page.Shown.ShouldBe(6);
    }

    [Fact]
    public void An_answer_that_a_push_overtook_is_dropped_and_is_no_step_backwards()
    {
        var page = Page(1);
        _glass.Shown(page, 6, 0);
        _glass.Shown(page, 5, 1, asked: true);

        _glass.Backwards.ShouldBe(0);
        page.Shown.ShouldBe(6);
    }
}
