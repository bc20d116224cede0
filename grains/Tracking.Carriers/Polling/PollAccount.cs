using System.ComponentModel.DataAnnotations;

namespace Tracking.Carriers.Polling;

/// <summary>
/// A retailer's own access to one carrier's tracking API, configured as <c>Retailers:{id}:Polls:{name}</c>. The carrier bills and limits the retailer, so every account has a
/// budget of its own.
/// </summary>
public sealed class PollAccount
{
    private string _retailer = "";

    /// <summary>Whose shipments this account asks for.</summary>
    public string Retailer => _retailer;

    /// <summary>The account, from where it is configured.</summary>
    public PollAccount Of(string retailer)
    {
        _retailer = retailer;
        return this;
    }

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

    /// <summary>What is wrong with the account, one sentence each, without its secret.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Carrier)) yield return "Carrier is missing; it is ups, fedex, usps or dhl.";
        else if (CarrierApi.Find(Carrier) is not { } api) yield return $"Carrier is '{Carrier}', which nobody can ask; it is ups, fedex, usps or dhl.";
        else if (api.NeedsClientId && string.IsNullOrWhiteSpace(ClientId)) yield return $"ClientId is missing; {api.Format} gives tokens to a client id and a secret.";
        if (string.IsNullOrWhiteSpace(ClientSecret)) yield return "ClientSecret is missing (for DHL it is the API key).";
        if (BaseAddress is not null && (!BaseAddress.IsAbsoluteUri || BaseAddress.Scheme is not ("https" or "http"))) yield return $"BaseAddress is '{BaseAddress}', which is no web address.";
        else if (BaseAddress is { Scheme: "http", IsLoopback: false }) yield return $"BaseAddress is '{BaseAddress}': credentials go over https, or to this machine.";
        if (RequestsPerMinute is < 1 or > 6000) yield return $"RequestsPerMinute is {RequestsPerMinute}; it is 1 to 6000.";
        if (RequestsPerDay is < 0 or > 10_000_000) yield return $"RequestsPerDay is {RequestsPerDay}; it is 0 (no limit) to 10000000.";
        if (Timeout < TimeSpan.FromSeconds(1) || Timeout > TimeSpan.FromMinutes(5)) yield return $"Timeout is {Timeout}; it is one second to five minutes.";
    }
}
