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

    /// <summary>A logo by its address.</summary>
    Asset? Logo(string path) => null;
}

/// <summary>
/// Brands as configured: <c>Retailers:{id}:Name</c>, <c>:Locale</c> and <c>:Branding</c> (<see cref="BrandOptions"/>). Followed live; a token that cannot be used is left out.
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

    /// <summary>A logo by its address; null when no shop shows it.</summary>
    public Asset? Logo(string path)
    {
        foreach (var brand in _brands.Values)
            if (brand.Logo?.File.Path == path)
                return brand.Logo.File;
        // Another node drew the page: its shop may not have been asked for here yet.
        foreach (var retailer in _configuration.GetSection("Retailers").GetChildren())
            if (retailer["Branding:Logo"] is { Length: > 0 } && For(retailer.Key).Logo?.File is { } file && file.Path == path)
                return file;
        return null;
    }

    private Brand Make(string retailer)
    {
        var section = _configuration.GetSection("Retailers").GetSection(retailer);
        var name = section["Name"] ?? (retailer == "demo" ? "Demo Shop" : retailer);
        return BrandReader.Read(name, section["Locale"], Options(section), out _);
    }

    private static BrandOptions Options(IConfigurationSection retailer)
    {
        try { return retailer.GetSection("Branding").Get<BrandOptions>() ?? new BrandOptions(); }
        catch (InvalidOperationException) { return new BrandOptions { Colour = retailer["Branding:Colour"] }; }   // Check names what is wrong
    }

    /// <summary>What of the configured brands cannot be used, a sentence each. A silo does not start with it.</summary>
    public static IReadOnlyList<string> Problems(IConfiguration configuration)
    {
        var problems = new List<string>();
        var hosts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var retailer in configuration.GetSection("Retailers").GetChildren())
        {
            BrandOptions options;
            try { options = retailer.GetSection("Branding").Get<BrandOptions>() ?? new BrandOptions(); }
            catch (InvalidOperationException wrong)
            {
                problems.Add($"Retailers:{retailer.Key}:Branding: {wrong.InnerException?.Message ?? wrong.Message}");
                continue;
            }
            BrandReader.Read(retailer.Key, null, options, out var found);
            problems.AddRange(found.Select(f => $"Retailers:{retailer.Key}:Branding:{f}"));
            foreach (var host in options.Hosts)
                if (!hosts.TryAdd(host, retailer.Key))
                    problems.Add($"Retailers:{retailer.Key}:Branding:Hosts: {hosts[host]} has '{host}' too.");
        }
        return problems;
    }

    /// <summary>What of the configured brands was corrected, a sentence each.</summary>
    public static IReadOnlyList<string> Notes(IConfiguration configuration)
    {
        var notes = new List<string>();
        foreach (var retailer in configuration.GetSection("Retailers").GetChildren())
            if (Brand.TryCreate(retailer.Key, retailer["Branding:Colour"], null, out var brand, out _) && brand.Corrected)
                notes.Add($"Retailers:{retailer.Key}:Branding:Colour is too pale to be read on a light page; pages use {brand.Light} instead.");
        return notes;
    }

    /// <summary>Problems and notes together.</summary>
    public static IReadOnlyList<string> Check(IConfiguration configuration) => [.. Problems(configuration), .. Notes(configuration)];
}
