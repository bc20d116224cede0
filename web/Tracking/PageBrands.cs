using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace Tracking.Web.Pages;

/// <summary>Finds a shop's look by the retailer's id.</summary>
public interface IPageBrands
{
    Brand For(string retailer);
}

/// <summary>
/// Brands as configured: <c>Retailers:{id}:Name</c>, <c>:Locale</c> and <c>:Branding:Colour</c>. Followed live; a colour that cannot be read gives way to ours.
/// </summary>
public sealed class ConfiguredBrands : IPageBrands, IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly IDisposable _reload;
    private volatile ConcurrentDictionary<string, Brand> _brands = new(StringComparer.Ordinal);

    public ConfiguredBrands(IConfiguration configuration)
    {
        _configuration = configuration;
        _reload = ChangeToken.OnChange(configuration.GetReloadToken, () => _brands = new(StringComparer.Ordinal));
    }

    public Brand For(string retailer) => _brands.GetOrAdd(retailer, Make);

    public void Dispose() => _reload.Dispose();

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
