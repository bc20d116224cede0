using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Tests.Measure;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void A_percentile_is_right_to_three_significant_digits_from_microseconds_to_hours()
    {
        for (long value = 1; value < 40_000_000_000; value = value * 7 / 5 + 1)
        {
            var histogram = new LatencyHistogram();
            histogram.Record(value);
            histogram.Record(long.MaxValue);            // so that the maximum does not hide the bucket's width

            var read = histogram.Percentile(50);

            read.ShouldBeGreaterThanOrEqualTo(value);
            ((double)(read - value) / value).ShouldBeLessThanOrEqualTo(0.001);
        }
    }

    [Fact]
    public void Buckets_join_without_gap_or_overlap()
    {
        for (var i = 0; i < 20_000; i++)
        {
            LatencyHistogram.IndexOf(LatencyHistogram.HighestOf(i)).ShouldBe(i);
            LatencyHistogram.IndexOf(LatencyHistogram.HighestOf(i) + 1).ShouldBe(i + 1);
        }
    }

    [Fact]
    public void Percentiles_of_one_to_a_thousand_are_themselves()
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 1000; i++) histogram.Record(i);

        histogram.Percentile(50).ShouldBe(500);
        histogram.Percentile(99).ShouldBe(990);
        histogram.Percentile(99.9).ShouldBe(999);
        histogram.Percentile(100).ShouldBe(1000);
        histogram.Mean.ShouldBe(500.5);
        histogram.CountUpTo(250).ShouldBe(250);
    }

    [Fact]
    public void Merging_is_counting_together_not_averaging()
    {
        var quick = new LatencyHistogram();
        var slow = new LatencyHistogram();
        quick.Record(1_000, 98);
        slow.Record(1_000_000, 2);

        quick.Merge(slow);

        quick.Percentile(98).ShouldBe(1_000);
        quick.Percentile(99).ShouldBe(1_000_000);
        quick.Count.ShouldBe(100);
    }

    [Fact]
    public void Nothing_recorded_reads_as_zero_and_a_negative_duration_counts_as_zero()
    {
        var histogram = new LatencyHistogram();
        histogram.Percentile(99).ShouldBe(0);
        histogram.Record(-5);
        histogram.Percentile(100).ShouldBe(0);
        histogram.Count.ShouldBe(1);
    }

    [Fact]
    public void Threads_that_record_together_lose_no_count()
    {
        var histogram = new LatencyHistogram();
        Parallel.For(0, 8, thread => { for (var i = 0; i < 10_000; i++) histogram.Record(i + thread); });

        histogram.Count.ShouldBe(80_000);
        histogram.Max.ShouldBe(10_006);
        histogram.Buckets().Sum(b => b.Count).ShouldBe(80_000);
    }
}
