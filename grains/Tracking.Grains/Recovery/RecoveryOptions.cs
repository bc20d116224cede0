using System.ComponentModel.DataAnnotations;

namespace Tracking.Grains.Recovery;

/// <summary>How decisions are taken, whatever they are. Section <c>Recovery</c>.</summary>
public sealed class RecoveryOptions
{
    /// <summary>Seconds between the moment a decision is about and looking at it. Default 2: longer than a scan takes from our door to the disk, so that everything received by then is stored.</summary>
    [Range(0, 300)] public double GraceSeconds { get; set; } = 2;
    /// <summary>Shares of a purse. Default 16: enough that no one of them is a bottleneck, few enough to gather what is left over. Only for new purses.</summary>
    [Range(1, 256)] public int BudgetShares { get; set; } = 16;
}
