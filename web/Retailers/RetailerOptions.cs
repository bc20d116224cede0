using Tracking.Carriers.Polling;

namespace Tracking.Web.Retailers;

/// <summary>One retailer as configured under <c>Retailers:{id}</c> (appsettings, <c>data/retailers/*.json</c>, environment). Reloaded live.</summary>
public sealed class RetailerOptions
{
    /// <summary>What shoppers read. Default: the id.</summary>
    public string? Name { get; set; }
    /// <summary>IANA zone of the retailer's day. Default: Etc/UTC.</summary>
    public string Zone { get; set; } = "Etc/UTC";
    /// <summary>ISO 4217 code. Default: EUR.</summary>
    public string Currency { get; set; } = "EUR";
    /// <summary>BCP 47 language of pages when the shopper's is not spoken. Default: en.</summary>
    public string Locale { get; set; } = "en";
    /// <summary>Secret API keys: <c>sha256:{64 hex digits}</c> of the key (what <c>retailer add</c> writes), or the key itself. At least one.</summary>
    public List<string> Keys { get; set; } = [];
    /// <summary>Keys that may stand in a browser: promise and widget only, from the origins named with them.</summary>
    public List<PublishableKeyOptions> PublishableKeys { get; set; } = [];
    /// <summary>Promises per second for all publishable keys together, each node counting for itself; five seconds' worth may come at once. Default 200; 0 means no limit.</summary>
    public int PromisesPerSecond { get; set; } = 200;
    /// <summary>Warehouses, cut-offs and services, for dates before purchase.</summary>
    public ShippingOptions Shipping { get; set; } = new();
    /// <summary>
    /// True: this retailer's finished deliveries feed the statistics that every retailer's estimates start from, and the public calibration page. Default false: they teach its own
    /// estimates only.
    /// </summary>
    public bool ShareDeliveries { get; set; }
    /// <summary>Scans per second this retailer may send over all nodes' doors, each node counting for itself; 0 (default) means no limit.</summary>
    public int ScansPerSecond { get; set; }
    /// <summary>Feeds by id. An id is unique over all retailers: the address <c>/v1/feeds/{format}/{id}</c> names the retailer.</summary>
    public Dictionary<string, FeedOptions> Feeds { get; set; } = new(StringComparer.Ordinal);
    /// <summary>Carriers that are asked with this retailer's own accounts, by a name of the operator's; one per carrier.</summary>
    public Dictionary<string, PollAccount> Polls { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Carriers whose own words come to us by a feed: a carrier that pushes is never asked. A feed of an aggregator counts for the shipments that it tells of, not before.</summary>
    public IEnumerable<(string FeedId, string Carrier)> PushedCarriers()
        => Feeds.Where(f => f.Value.Format is not null).Select(f => (f.Key, Carrier: CarrierApi.AccountOf(f.Value.Format.ToLowerInvariant()) is null ? f.Value.Carrier : f.Value.Format.ToLowerInvariant()))
            .Where(f => f.Carrier is not null)!;
}

/// <summary>One carrier feed of a retailer.</summary>
public sealed class FeedOptions
{
    /// <summary>Name of a format (<c>ups</c>, <c>easypost</c>, <c>csv</c>), or of a mapping of the operator's.</summary>
    public string Format { get; set; } = "";
    /// <summary>Signing secrets or shared credentials; several while they rotate. Empty: the address itself is the only proof, so it must be long and random.</summary>
    public List<string> Secrets { get; set; } = [];
    /// <summary>For shared credentials: the header that carries one. Default: the format's own.</summary>
    public string? Header { get; set; }
    /// <summary>For body signatures: <c>sha256</c> (default), <c>sha1</c>, <c>sha384</c> or <c>sha512</c>. Only for carriers that do not publish theirs (USPS).</summary>
    public string SignatureHash { get; set; } = "sha256";
    /// <summary>For body signatures: <c>base64</c> (default), or <c>hex</c>, which is then accepted as well. Only where descriptions disagree (FedEx, USPS).</summary>
    public string SignatureEncoding { get; set; } = "base64";
    /// <summary>Carrier slug for formats that do not name one.</summary>
    public string? Carrier { get; set; }
    /// <summary>IANA zone of local times whose place does not tell.</summary>
    public string? Zone { get; set; }
}
