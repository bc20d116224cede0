using System.ComponentModel.DataAnnotations;

namespace Tracking.Web.Promotions;

/// <summary>Where a shop's promotion system hears of offers, per retailer: <c>Retailers:{id}:Promotions</c>.</summary>
public sealed class PromotionOptions
{
    /// <summary>An https address of the shop's that takes signed webhooks when an offer is made, accepted, declined or expired. Default none: nobody is told, and codes are the policy's business.</summary>
    public string? Url { get; set; }

    /// <summary>Standard Webhooks secret (<c>whsec_</c> and base64 of at least 24 bytes). Needed with <see cref="Url"/>.</summary>
    public string? Secret { get; set; }

    /// <summary>Seconds until an unanswered webhook counts as failed and is tried again. Default 15.</summary>
    [Range(1, 60)] public int TimeoutSeconds { get; set; } = 15;
}
