using System.ComponentModel.DataAnnotations;

namespace Tracking.Carriers.Polling;

/// <summary>A retailer's own access to one carrier's tracking API. The carrier bills and limits the retailer, so every account has a budget of its own.</summary>
public sealed class PollAccount
{
    /// <summary>Whose shipments this account asks for.</summary>
    [Required] public string Retailer { get; set; } = "";
    /// <summary><c>ups</c>, <c>fedex</c>, <c>usps</c> or <c>dhl</c>; the last asks for every division of DHL.</summary>
    [Required] public string Carrier { get; set; } = "";
    /// <summary>OAuth client id. Not used for DHL.</summary>
    public string ClientId { get; set; } = "";
    /// <summary>OAuth client secret; for DHL the API key.</summary>
    [Required] public string ClientSecret { get; set; } = "";
    /// <summary>Where the carrier's API is. Default: the carrier's production address; a stand-in or the carrier's test system otherwise.</summary>
    public Uri? BaseAddress { get; set; }
    /// <summary>Requests per minute. Default 60: below what each of the four allows a new account.</summary>
    [Range(1, 6000)] public int RequestsPerMinute { get; set; } = 60;
    /// <summary>Requests per UTC day; 0 means no daily limit. Default 0. DHL's first tier allows 250.</summary>
    [Range(0, 10_000_000)] public int RequestsPerDay { get; set; }
    /// <summary>Longest wait for one answer. Default 30 s: carriers answer in one to five.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);
}
