namespace Tracking.Deploy.Tests;

/// <summary>Orleans build only: the recorded list is what a running node says.</summary>
public sealed class OrleansMetricsTests(RunningSilo silo) : IClassFixture<RunningSilo>
{
    [Fact]
    public void The_recorded_list_names_what_a_running_node_exports()
    {
        var exported = MetricNames.Families(silo.ScrapeOrSkip());
        // A single node has no neighbour to measure; what it counts must be there with its type.
        foreach (var (name, kind) in OrleansMetrics.Recorded.Where(recorded => exported.ContainsKey(recorded.Key))) exported[name].ShouldBe(kind, name);
        OrleansMetrics.Recorded.Keys.Count(exported.ContainsKey).ShouldBeGreaterThan(OrleansMetrics.Recorded.Count * 3 / 4);
    }
}
