namespace Tracking.Deploy.Tests;

/// <summary>The list recorded from the Orleans build.</summary>
internal static class OrleansMetrics
{
    public static IReadOnlyDictionary<string, string> Recorded { get; } = Repository.Read("deploy/prometheus/orleans-metrics.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(static line => line[0] != '#').Select(static line => line.Split(' ')).ToDictionary(static parts => parts[0], static parts => parts[1], StringComparer.Ordinal);
}
