using System.ComponentModel.DataAnnotations;

namespace Tracking.Grains.Estimates;

/// <summary>How the estimates learn. Section <c>Learning</c>.</summary>
public sealed class LearningOptions
{
    /// <summary>Seconds of the grid on which snapshots are published. Default 60: a lane's weeks do not change within a minute, and each snapshot is a copy of all that is known.</summary>
    [Range(1, 86_400)] public double PublishSeconds { get; set; } = 60;
    /// <summary>Seconds between two looks of a node for a newer snapshot. Default 10.</summary>
    [Range(0.1, 3_600)] public double LookSeconds { get; set; } = 10;
    /// <summary>Rows read in one go; they are learned from in bites of 15 ms, a fifth of one core. Default 5,000.</summary>
    [Range(10, 1_000_000)] public int RowsAtOnce { get; set; } = 5_000;
    /// <summary>False: nothing is learned and every estimate starts from published transit days (for measurements only).</summary>
    public bool Enabled { get; set; } = true;

    public TimeSpan Grid => TimeSpan.FromSeconds(PublishSeconds);
}
