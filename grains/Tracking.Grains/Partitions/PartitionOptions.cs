using System.ComponentModel.DataAnnotations;

namespace Tracking.Grains.Partitions;

/// <summary>How partitions are read and swept. Section <c>Partitions</c>.</summary>
public sealed class PartitionOptions
{
    /// <summary>Seconds between two looks at a partition where something happens. Default 1: what is due is woken within a second.</summary>
    [Range(0.1, 60)] public double BusySeconds { get; set; } = 1;
    /// <summary>Seconds between two looks at a quiet partition, reached by doubling. Default 5: a promise about to break can wait that long, and 256 quiet partitions cost 50 small queries a second.</summary>
    [Range(0.1, 600)] public double QuietSeconds { get; set; } = 5;
    /// <summary>Shipments woken at once per partition. Default 200: bounded work per turn.</summary>
    [Range(1, 10_000)] public int WakeLimit { get; set; } = 200;
    /// <summary>Rows whose reactions run before the position is saved. Default 200: what a crash repeats at most, per partition.</summary>
    [Range(1, 10_000)] public int ReactionPage { get; set; } = 200;
    /// <summary>Streams of a partition whose reactions run together. Default 16: enough to share the journal's batches, and bounded.</summary>
    [Range(1, 1_000)] public int ReactionsAtOnce { get; set; } = 16;
    /// <summary>Longest pause between two tries of a failing reaction, in seconds. Default 300: whoever repairs something waits five minutes at most.</summary>
    [Range(1, 86_400)] public double LongestRetrySeconds { get; set; } = 300;
    /// <summary>Failing rows of one partition that wait aside before it reads no further. Default 500: they lie in the cursor's row, which stays below 50 kB.</summary>
    [Range(1, 5_000)] public int SetAsideLimit { get; set; } = 500;
    /// <summary>False: nothing is swept and no reaction runs (for measurements only).</summary>
    public bool Enabled { get; set; } = true;
}
