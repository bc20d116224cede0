using System.ComponentModel.DataAnnotations;

namespace Tracking.Grains.Recovery;

/// <summary>How decisions are taken, whatever they are. Section <c>Recovery</c>.</summary>
public sealed class RecoveryOptions
{
    /// <summary>Seconds between the moment a decision is about and looking at it. Default 2: longer than a scan takes from our door to the disk, so that everything received by then is stored.</summary>
    [Range(0, 300)] public double GraceSeconds { get; set; } = 2;
    /// <summary>Shares of a purse. Default 16: enough that no one of them is a bottleneck, few enough to gather what is left over. Only for new purses.</summary>
    [Range(1, 256)] public int BudgetShares { get; set; } = 16;
    /// <summary>Hours after which a message that a shop's promotion system does not take is given up; it is kept, listed and can be sent again. Default 72: a weekend and a day.</summary>
    [Range(1, 720)] public double PromotionGiveUpHours { get; set; } = 72;
    /// <summary>Longest pause between two tries of such a message, in seconds; pauses double up to it. Default 600: a server that is back is told within ten minutes.</summary>
    [Range(1, 3_600)] public double PromotionLongestPauseSeconds { get; set; } = 600;
}
