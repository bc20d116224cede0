namespace Tracking.Deploy.Tests;

public sealed class MetricNamesTests
{
    [Theory]
    [InlineData("sum by (carrier) (rate(tracking_x_total{carrier=\"ups\"}[5m])) > 3", "tracking_x_total")]
    [InlineData("clamp_min(3 * max by (a) (one_seconds), 1800)", "one_seconds")]
    [InlineData("a_total / on (instance) group_left (node) b_total and c > 1e3", "a_total b_total c")]
    [InlineData("tracking:errors:ratio_rate1h > 14.4 * 0.0005", "tracking:errors:ratio_rate1h")]
    [InlineData("histogram_quantile(0.99, sum by (le) (rate(x_bucket[$__rate_interval])))", "x_bucket")]
    [InlineData("absent(up{job=\"tracking\"} == 1)", "up")]
    [InlineData("(sum(rate(x{y=~\"a|b\"}[1h])) or vector(0))", "x")]
    public void A_metric_is_what_is_no_function_keyword_or_label(string expression, string names)
        => MetricNames.In(expression).Order(StringComparer.Ordinal).ShouldBe(names.Split(' '));

    [Fact]
    public void A_histogram_makes_buckets_sum_and_count_and_nothing_of_its_own_name()
    {
        var families = MetricNames.Families("# TYPE a_seconds histogram\n# TYPE b_total counter\n");

        MetricNames.IsMadeBy("a_seconds_bucket", families).ShouldBeTrue();
        MetricNames.IsMadeBy("a_seconds", families).ShouldBeFalse();
        MetricNames.IsMadeBy("b_total", families).ShouldBeTrue();
        MetricNames.IsMadeBy("b_total_sum", families).ShouldBeFalse();
    }
}
