using System.ComponentModel.DataAnnotations;

namespace Tracking.Web.Changes;

/// <summary>Where recipients' requests go, per retailer: <c>Retailers:{id}:Changes</c>.</summary>
public sealed class ChangeOptions
{
    /// <summary>An https address of the shop's that takes requests as signed webhooks. Default none: the shop reads <c>GET /v1/shipments/…/changes</c>.</summary>
    public string? Url { get; set; }

    /// <summary>Standard Webhooks secret (<c>whsec_</c> and base64 of at least 24 bytes). Needed with <see cref="Url"/>.</summary>
    public string? Secret { get; set; }

    /// <summary>Whether the page offers changes at all. Default yes.</summary>
    public bool Offered { get; set; } = true;

    /// <summary>Seconds until an unanswered webhook counts as failed and is tried again. Default 15.</summary>
    [Range(1, 60)] public int TimeoutSeconds { get; set; } = 15;
}
