using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Tests.Measure;

public sealed class RateCurveTests
{
    [Fact]
    public void A_steady_curve_spaces_its_sends_evenly()
    {
        var curve = RateCurve.Steady(100, 10);

        curve.Total.ShouldBe(1000);
        curve.WhenMicros(0).ShouldBe(0);
        curve.WhenMicros(1).ShouldBe(10_000);
        curve.WhenMicros(999).ShouldBe(9_990_000);
        curve.WhenMicros(1001).ShouldBeNull();
    }

    [Fact]
    public void A_ramp_reaches_half_its_area_late()
    {
        var curve = new RateCurve([new RateStep(10, 0, 100)]);

        curve.Total.ShouldBe(500);
        curve.WhenMicros(250)!.Value.ShouldBeInRange(7_071_066, 7_071_069);
        curve.At(5).ShouldBe(50);
    }

    [Fact]
    public void Steps_join_and_a_pause_sends_nothing()
    {
        var curve = new RateCurve([new RateStep(1, 10, 10), new RateStep(5, 0, 0), new RateStep(1, 10, 10)]);

        curve.WhenMicros(9).ShouldBe(900_000);
        curve.WhenMicros(11).ShouldBe(6_100_000);
        curve.Seconds.ShouldBe(7);
        curve.Highest.ShouldBe(10);
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, -1, 1)]
    [InlineData(1, 1, double.NaN)]
    public void A_step_without_length_or_with_a_negative_rate_is_refused(double seconds, double from, double to) =>
        Should.Throw<ArgumentException>(() => new RateCurve([new RateStep(seconds, from, to)]));
}
