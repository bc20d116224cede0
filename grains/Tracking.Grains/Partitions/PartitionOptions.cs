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
    /// <summary>False: nothing is swept and no reaction runs (for measurements only).</summary>
    public bool Enabled { get; set; } = true;
}
