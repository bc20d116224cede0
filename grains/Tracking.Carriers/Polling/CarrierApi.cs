using System.Collections.Frozen;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tracking.Carriers.Polling;

/// <summary>How one carrier is asked: where, with which proof, and for how many numbers at once.</summary>
public abstract class CarrierApi
{
    private static readonly FrozenDictionary<string, CarrierApi> All
        = ((CarrierApi[])[new UpsApi(), new FedExApi(), new UspsApi(), new DhlApi()]).ToFrozenDictionary(a => a.Format, StringComparer.OrdinalIgnoreCase);

    /// <summary>The API of an account's carrier; null for a carrier that cannot be asked.</summary>
    public static CarrierApi? Find(string carrier) => All.GetValueOrDefault(carrier);

    /// <summary>The account's carrier a shipment's carrier is asked through (every division of DHL through <c>dhl</c>); null for one that cannot be asked.</summary>
    public static string? AccountOf(string carrier)
        => All.ContainsKey(carrier) ? carrier : carrier.StartsWith("dhl-", StringComparison.Ordinal) || carrier == "deutsche-post" ? "dhl" : carrier.StartsWith("fedex-", StringComparison.Ordinal) ? "fedex" : null;

    /// <summary>The format of the answers, which is also the carrier's name.</summary>
    public abstract string Format { get; }
    /// <summary>The production address.</summary>
    public abstract Uri Production { get; }
    /// <summary>True where tokens are given to a client id and a secret; false where requests carry a key.</summary>
    public virtual bool NeedsClientId => true;
    /// <summary>Numbers per request.</summary>
    public virtual int BatchSize => 1;

    /// <summary>The request for a token by OAuth client credentials; null where requests carry a key instead.</summary>
    public abstract HttpRequestMessage? TokenRequest(PollAccount account);

    /// <summary>The question. <paramref name="token"/> is empty where <see cref="TokenRequest"/> is null.</summary>
    public abstract HttpRequestMessage Question(PollAccount account, string token, IReadOnlyList<PollTarget> targets, string questionId);

    protected Uri At(PollAccount account, string path)
    {
        var start = (account.BaseAddress ?? Production).AbsoluteUri.TrimEnd('/');
        return new Uri(start + path);
    }

    protected static HttpRequestMessage Bearer(HttpMethod method, Uri address, string token)
    {
        var request = new HttpRequestMessage(method, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        return request;
    }

    protected static StringContent Json(JsonNode body) => new(body.ToJsonString(JsonSerializerOptions.Default), Encoding.UTF8, "application/json");

    private sealed class UpsApi : CarrierApi
    {
        public override string Format => "ups";
        public override Uri Production { get; } = new("https://onlinetools.ups.com");

        public override HttpRequestMessage TokenRequest(PollAccount account)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, At(account, "/security/v1/oauth/token"))
            {
                Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{account.ClientId}:{account.ClientSecret}")));
            return request;
        }

        public override HttpRequestMessage Question(PollAccount account, string token, IReadOnlyList<PollTarget> targets, string questionId)
        {
            var request = Bearer(HttpMethod.Get, At(account, $"/api/track/v1/details/{Uri.EscapeDataString(targets[0].Key.Number)}?locale=en_US&returnSignature=true&returnPOD=true"), token);
            request.Headers.TryAddWithoutValidation("transId", questionId);
            request.Headers.TryAddWithoutValidation("transactionSrc", "tracking");
            return request;
        }
    }

    private sealed class FedExApi : CarrierApi
    {
        public override string Format => "fedex";
        public override Uri Production { get; } = new("https://apis.fedex.com");
        public override int BatchSize => 30;

        public override HttpRequestMessage TokenRequest(PollAccount account) => new(HttpMethod.Post, At(account, "/oauth/token"))
        {
            Content = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", account.ClientId), new("client_secret", account.ClientSecret)]),
        };

        public override HttpRequestMessage Question(PollAccount account, string token, IReadOnlyList<PollTarget> targets, string questionId)
        {
            var request = Bearer(HttpMethod.Post, At(account, "/track/v1/trackingnumbers"), token);
            request.Headers.TryAddWithoutValidation("x-customer-transaction-id", questionId);
            request.Content = Json(new JsonObject
            {
                ["includeDetailedScans"] = true,
                ["trackingInfo"] = new JsonArray([.. targets.Select(t => (JsonNode)new JsonObject { ["trackingNumberInfo"] = new JsonObject { ["trackingNumber"] = t.Key.Number } })]),
            });
            return request;
        }
    }

    private sealed class UspsApi : CarrierApi
    {
        public override string Format => "usps";
        public override Uri Production { get; } = new("https://apis.usps.com");

        public override HttpRequestMessage TokenRequest(PollAccount account) => new(HttpMethod.Post, At(account, "/oauth2/v3/token"))
        {
            Content = Json(new JsonObject { ["client_id"] = account.ClientId, ["client_secret"] = account.ClientSecret, ["grant_type"] = "client_credentials", ["scope"] = "tracking" }),
        };

        // SUMMARY answers in sentences only.
        public override HttpRequestMessage Question(PollAccount account, string token, IReadOnlyList<PollTarget> targets, string questionId)
            => Bearer(HttpMethod.Get, At(account, $"/tracking/v3/tracking/{Uri.EscapeDataString(targets[0].Key.Number)}?expand=DETAIL"), token);
    }

    private sealed class DhlApi : CarrierApi
    {
        public override string Format => "dhl";
        public override Uri Production { get; } = new("https://api-eu.dhl.com");
        public override bool NeedsClientId => false;

        public override HttpRequestMessage? TokenRequest(PollAccount account) => null;

        public override HttpRequestMessage Question(PollAccount account, string token, IReadOnlyList<PollTarget> targets, string questionId)
        {
            var service = targets[0].Division ?? targets[0].Key.Carrier switch
            {
                "dhl-express" => "express",
                "dhl-paket" => "parcel-de",
                "deutsche-post" => "post-de",
                "dhl" => null,
                var division => division["dhl-".Length..],
            };
            var query = $"/track/shipments?trackingNumber={Uri.EscapeDataString(targets[0].Key.Number)}{(service is null ? "" : $"&service={Uri.EscapeDataString(service)}")}";
            var request = new HttpRequestMessage(HttpMethod.Get, At(account, query));
            request.Headers.TryAddWithoutValidation("DHL-API-Key", account.ClientSecret);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            return request;
        }
    }
}
