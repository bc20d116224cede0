using Tracking.LoadTest.Scenarios;

namespace Tracking.LoadTest.Tests.Scenarios;

public sealed class ThresholdTests
{
    [Theory]
    [InlineData("ack.p99 < 250ms", 249.9, true)]
    [InlineData("ack.p99 < 250ms", 250, false)]
    [InlineData("ack.p999 <= 2s", 2000, true)]
    [InlineData("ack.p50 < 500us", 0.6, false)]
    [InlineData("errors < 0.1%", 0.0009, true)]
    [InlineData("errors<0.1%", 0.001, false)]
    [InlineData("lost == 0", 0, true)]
    [InlineData("lost == 0", 1, false)]
    [InlineData("served >= 30000", 30000, true)]
    [InlineData("memory_growth < 200MB", 201, false)]
    public void A_threshold_reads_its_unit_and_judges(string text, double measured, bool holds) => Threshold.Parse(text).Holds(measured).ShouldBe(holds);

    [Fact]
    public void What_was_not_measured_meets_nothing() => Threshold.Parse("lost == 0").Holds(null).ShouldBeFalse();

    [Theory]
    [InlineData("ack.p99")]
    [InlineData("ack.p99 < fast")]
    [InlineData("speed < 3ms")]
    [InlineData("ack.p99 < 250")]
    [InlineData("lost < 3ms")]
    [InlineData("errors < -1%")]
    public void What_is_no_threshold_is_refused_with_its_words(string text) => Should.Throw<FormatException>(() => Threshold.Parse(text)).Message.ShouldContain(text);
}
