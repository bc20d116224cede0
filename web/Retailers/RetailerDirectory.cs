using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Tracking.Contracts.Estimates;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Retailers;

/// <summary>A retailer that is known now. Instances are replaced, never changed, when configuration is reloaded.</summary>
public sealed record Retailer(string Id, RetailerOptions Options)
{
    public string DisplayName => Options.Name ?? Id;

    /// <summary>How it ships, read from the options once.</summary>
    public Shipping Shipping { get; } = Shipping.Read(Id, Options.Shipping, Options.Zone, []);

    /// <summary>This retailer's shipment, as an address names it; null where that is no carrier's slug or no tracking number.</summary>
    public ShipmentKey? ShipmentOf(string? carrier, string? number)
        => Carrier.TryNormalize(carrier, out var slug) && TrackingNumber.TryNormalize(number, out var normal) ? new ShipmentKey(Id, slug, normal) : null;
}

/// <summary>A feed with its retailer.</summary>
public sealed record RetailerFeed(Retailer Retailer, string FeedId, FeedOptions Options);

/// <summary>
/// Who may speak. Keys are compared as SHA-256 digests, so neither memory nor a comparison's duration gives one away. A reload that cannot be
/// read keeps the last good state and says so.
/// </summary>
public sealed partial class RetailerDirectory : IDeliverySharing, IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly ILogger<RetailerDirectory> _log;
    private readonly IDisposable _reload;
    private volatile State _state;

    public RetailerDirectory(IConfiguration configuration, ILogger<RetailerDirectory> log)
    {
        _configuration = configuration;
        _log = log;
        _state = Load(configuration, out _);
        _reload = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    public IEnumerable<Retailer> All => _state.Retailers.Values;

    /// <summary>Retailers that let their deliveries feed what everybody's estimates start from.</summary>
    public IReadOnlyCollection<string> Sharing => _state.Sharing;

    public Retailer? Find(string id) => _state.Retailers.GetValueOrDefault(id);

    /// <summary>The retailer whose live secret key this is, or null.</summary>
    public Retailer? FindByKey(string key) => _state.Keys.GetValueOrDefault(Digest(key));

    /// <summary>The retailer of a publishable key, and where the key may be used; null for one that is not known.</summary>
    public (Retailer Retailer, PublishableKeyOptions Key)? FindByPublishableKey(string key) => _state.Publishable.TryGetValue(key, out var found) ? found : null;

    /// <summary>The feed that an address names, or null.</summary>
    public RetailerFeed? FindFeed(string feedId) => _state.Feeds.GetValueOrDefault(feedId);

    /// <summary>Everything wrong with the configured retailers, one sentence each. Empty: nothing.</summary>
    public static IReadOnlyList<string> Check(IConfiguration configuration)
    {
        Load(configuration, out var problems);
        return problems;
    }

    /// <summary>What is allowed and probably not meant, one sentence each.</summary>
    public static IReadOnlyList<string> Notes(IConfiguration configuration)
        => [.. from retailer in Load(configuration, out _).Retailers.Values
               from pushed in retailer.Options.PushedCarriers()
               from poll in retailer.Options.Polls
               where poll.Value.Carrier.Equals(pushed.Carrier, StringComparison.OrdinalIgnoreCase)
               select $"Retailers:{retailer.Id}:Polls:{poll.Key} is not used: the feed {pushed.FeedId} pushes {pushed.Carrier}, and a carrier that pushes is never asked."];

    /// <summary>True when no retailer is configured, so that only the demo retailer on loopback exists.</summary>
    public bool IsDemoOnly => _state.DemoOnly;

    public void Dispose() => _reload.Dispose();

    private void Reload()
    {
        var next = Load(_configuration, out var problems);
        if (problems.Count > 0)
        {
            LogReloadRefused(_log, string.Join(" ", problems));
            return;
        }
        _state = next;
        LogReloaded(_log, next.Retailers.Count);
    }

    private sealed record State(
        FrozenDictionary<string, Retailer> Retailers, FrozenDictionary<string, Retailer> Keys, FrozenDictionary<string, RetailerFeed> Feeds, bool DemoOnly,
        FrozenDictionary<string, (Retailer Retailer, PublishableKeyOptions Key)> Publishable)
    {
        public IReadOnlyCollection<string> Sharing { get; } = [.. Retailers.Values.Where(r => r.Options.ShareDeliveries).Select(r => r.Id)];
    }

    private static State Load(IConfiguration configuration, out List<string> problems)
    {
        problems = [];
        var retailers = new Dictionary<string, Retailer>(StringComparer.Ordinal);
        var keys = new Dictionary<string, Retailer>(StringComparer.Ordinal);
        var feeds = new Dictionary<string, RetailerFeed>(StringComparer.Ordinal);
        var publishable = new Dictionary<string, (Retailer Retailer, PublishableKeyOptions Key)>(StringComparer.Ordinal);
        foreach (var section in configuration.GetSection("Retailers").GetChildren())
        {
            var id = section.Key;
            if (!IsId(id)) { problems.Add($"Retailers:{id}: an id is 1 to 40 of a-z, 0-9 and hyphen."); continue; }
            RetailerOptions options;
            try { options = section.Get<RetailerOptions>() ?? new RetailerOptions(); }
            catch (InvalidOperationException wrong) { problems.Add($"Retailers:{id}: {wrong.InnerException?.Message ?? wrong.Message}"); continue; }

            var retailer = new Retailer(id, options);
            retailers[id] = retailer;
            if (options.Keys.Count == 0 && options.Feeds.Count == 0) problems.Add($"Retailers:{id}:Keys is empty, so nobody could send or read anything; `retailer add {id}` makes a key.");
            foreach (var key in options.Keys)
            {
                if (key.StartsWith("sha256:", StringComparison.Ordinal) && key.Length != 71) { problems.Add($"Retailers:{id}:Keys holds a digest that is not 64 hexadecimal digits."); continue; }
                if (!key.StartsWith("sha256:", StringComparison.Ordinal) && key.Length < 4) { problems.Add($"Retailers:{id}:Keys holds a key shorter than 4 characters."); continue; }
                var digest = key.StartsWith("sha256:", StringComparison.Ordinal) ? key[7..].ToLowerInvariant() : Digest(key);
                if (!keys.TryAdd(digest, retailer)) problems.Add($"Retailers:{id}:Keys holds a key that {keys[digest].Id} has too.");
            }
            if (!TimeZoneInfo.TryFindSystemTimeZoneById(options.Zone, out _)) problems.Add($"Retailers:{id}:Zone is '{options.Zone}', which is no IANA zone.");
            if (options.Currency.Length != 3 || !options.Currency.All(char.IsAsciiLetterUpper)) problems.Add($"Retailers:{id}:Currency is '{options.Currency}'; it is an ISO 4217 code such as EUR.");
            Shipping.Read(id, options.Shipping, options.Zone, problems);
            foreach (var key in options.PublishableKeys)
            {
                if (key.Key.Length < 8) problems.Add($"Retailers:{id}:PublishableKeys holds a key shorter than 8 characters.");
                else if (!publishable.TryAdd(key.Key, (retailer, key))) problems.Add($"Retailers:{id}:PublishableKeys holds a key that {publishable[key.Key].Retailer.Id} has too.");
                foreach (var origin in key.Origins)
                    if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri.PathAndQuery != "/" || origin.EndsWith('/'))
                        problems.Add($"Retailers:{id}:PublishableKeys:Origins holds '{origin}'; an origin is such as https://shop.example, without a path.");
            }
            if (options.PromisesPerSecond < 0) problems.Add($"Retailers:{id}:PromisesPerSecond is negative; 0 means no limit.");
            if (options.ScansPerSecond < 0) problems.Add($"Retailers:{id}:ScansPerSecond is negative; 0 means no limit.");
            foreach (var (feedId, feed) in options.Feeds)
            {
                if (feedId.Length is < 1 or > 100 || !feedId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) problems.Add($"Retailers:{id}:Feeds:{feedId}: a feed id is 1 to 100 letters, digits, hyphens and underscores.");
                else if (string.IsNullOrWhiteSpace(feed.Format)) problems.Add($"Retailers:{id}:Feeds:{feedId}:Format is missing.");
                else if (!feeds.TryAdd(feedId, new RetailerFeed(retailer, feedId, feed))) problems.Add($"Retailers:{id}:Feeds:{feedId}: {feeds[feedId].Retailer.Id} has a feed of that id too; an id is unique over all retailers.");
                if (feed.SignatureHash.ToLowerInvariant() is not ("sha256" or "sha1" or "sha384" or "sha512")) problems.Add($"Retailers:{id}:Feeds:{feedId}:SignatureHash is '{feed.SignatureHash}'; it is sha256, sha1, sha384 or sha512.");
                if (feed.SignatureEncoding.ToLowerInvariant() is not ("base64" or "hex")) problems.Add($"Retailers:{id}:Feeds:{feedId}:SignatureEncoding is '{feed.SignatureEncoding}'; it is base64 or hex.");
                if (feed.Zone is not null && !TimeZoneInfo.TryFindSystemTimeZoneById(feed.Zone, out _)) problems.Add($"Retailers:{id}:Feeds:{feedId}:Zone is '{feed.Zone}', which is no IANA zone.");
            }
            var asked = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (var (name, poll) in options.Polls)
            {
                problems.AddRange(poll.Of(id).Problems().Select(wrong => $"Retailers:{id}:Polls:{name}:{wrong}"));
                if (!asked.Add(poll.Carrier)) problems.Add($"Retailers:{id}:Polls:{name}: {poll.Carrier} is asked by another account of this retailer already.");
            }
        }

        var demo = retailers.Count == 0;
        if (demo)
        {
            var retailer = new Retailer("demo", new RetailerOptions
            {
                Name = "Demo Shop", Keys = ["demo"], PublishableKeys = [new PublishableKeyOptions { Key = "demo-publishable" }],
                Shipping = new ShippingOptions
                {
                    Warehouses = { ["newark"] = new WarehouseOptions { Country = "US", Region = "NJ", PostalCode = "07114", Zone = "America/New_York", CutOff = "16:00" } },
                    Services = { ["ups/GROUND"] = "UPS Ground", ["ups/2ND_DAY_AIR"] = "UPS 2nd Day Air" },
                },
            });
            retailers.Add("demo", retailer);
            keys.Add(Digest("demo"), retailer);
            publishable.Add("demo-publishable", (retailer, retailer.Options.PublishableKeys[0]));
        }
        return new State(retailers.ToFrozenDictionary(StringComparer.Ordinal), keys.ToFrozenDictionary(StringComparer.Ordinal), feeds.ToFrozenDictionary(StringComparer.Ordinal), demo, publishable.ToFrozenDictionary(StringComparer.Ordinal));
    }

    public static bool IsId(string id) => id.Length is > 0 and <= 40 && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    public static string Digest(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    [LoggerMessage(Level = LogLevel.Information, Message = "Retailers were reloaded: {Count} are known.")]
    private static partial void LogReloaded(ILogger log, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The changed retailer configuration was refused and the last good one stays: {Problems}")]
    private static partial void LogReloadRefused(ILogger log, string problems);
}
