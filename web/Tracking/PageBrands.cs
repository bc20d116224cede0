using System.Collections.Concurrent;
using System.Collections.Frozen;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace Tracking.Web.Pages;

/// <summary>Finds a shop's look by the retailer's id.</summary>
public interface IPageBrands
{
    Brand For(string retailer);

    /// <summary>True for a retailer that there is.</summary>
    bool Knows(string retailer) => true;

    /// <summary>The retailer whose own host name this is (<c>Retailers:{id}:Branding:Hosts</c>); null for ours.</summary>
    string? OfHost(string host) => null;
}

/// <summary>
/// Brands as configured: <c>Retailers:{id}:Name</c>, <c>:Locale</c> and <c>:Branding:Colour</c>. Followed live; a colour that cannot be read gives way to ours.
/// </summary>
public sealed class ConfiguredBrands : IPageBrands, IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly IDisposable _reload;
    private volatile ConcurrentDictionary<string, Brand> _brands = new(StringComparer.Ordinal);
    private volatile FrozenDictionary<string, string> _hosts;

    public ConfiguredBrands(IConfiguration configuration)
    {
        _configuration = configuration;
        _hosts = Hosts(configuration);
        _reload = ChangeToken.OnChange(configuration.GetReloadToken, () =>
        {
            _brands = new(StringComparer.Ordinal);
            _hosts = Hosts(configuration);
        });
    }

    public Brand For(string retailer) => _brands.GetOrAdd(retailer, Make);

    public bool Knows(string retailer)
        => _configuration.GetSection("Retailers").GetSection(retailer).Exists() || retailer == "demo" && !_configuration.GetSection("Retailers").GetChildren().Any();

    public string? OfHost(string host) => _hosts.GetValueOrDefault(host);

    public void Dispose() => _reload.Dispose();

    // Of two retailers that claim one host the first has it; Check says so.
    private static FrozenDictionary<string, string> Hosts(IConfiguration configuration)
    {
        var hosts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var retailer in configuration.GetSection("Retailers").GetChildren())
            foreach (var host in retailer.GetSection("Branding:Hosts").GetChildren())
                if (host.Value is { Length: > 0 } name)
                    hosts.TryAdd(name, retailer.Key);
        return hosts.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    private Brand Make(string retailer)
    {
        var section = _configuration.GetSection("Retailers").GetSection(retailer);
        var name = section["Name"] ?? (retailer == "demo" ? "Demo Shop" : retailer);
        Brand.TryCreate(name, section["Branding:Colour"], section["Locale"], out var brand, out _);
        return brand;
    }

    /// <summary>Everything wrong with the brands of a configuration, a sentence each.</summary>
    public static IReadOnlyList<string> Check(IConfiguration configuration)
    {
        var problems = new List<string>();
        foreach (var retailer in configuration.GetSection("Retailers").GetChildren())
            if (!Brand.TryCreate(retailer.Key, retailer["Branding:Colour"], null, out var brand, out var problem))
                problems.Add($"Retailers:{retailer.Key}:Branding:Colour: {problem}");
            else if (brand.Corrected)
                problems.Add($"Retailers:{retailer.Key}:Branding:Colour is too pale to be read on a light page; pages use {brand.Light} instead.");
        return problems;
    }
}
