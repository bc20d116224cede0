using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;
using Tracking.Domain.Claims;

namespace Tracking.Grains.Claims;

/// <summary>One retailer's rules about claims and signatures, as configured now.</summary>
public sealed record Care(ClaimPolicy Claims, SignaturePolicy Signature, string Currency, TimeZoneInfo Zone);

/// <summary>Rules by retailer, out of <c>Retailers:{id}:Claims</c> and <c>:Signature</c>. Followed live; rules that cannot be meant are refused at start and by <c>check</c>, and on a reload the last good ones stay.</summary>
public sealed class CareRules : IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly IDisposable _reload;
    private readonly ConcurrentDictionary<string, Care> _good = new(StringComparer.Ordinal);
    private volatile ConcurrentDictionary<string, Care> _rules = new(StringComparer.Ordinal);

    public CareRules(IConfiguration configuration)
    {
        _configuration = configuration;
        _reload = ChangeToken.OnChange(configuration.GetReloadToken, () => _rules = new(StringComparer.Ordinal));
    }

    public Care For(string retailer) => _rules.GetOrAdd(retailer, Make);

    public void Dispose() => _reload.Dispose();

    /// <summary>Everything wrong with the configured rules, a sentence each.</summary>
    public static IReadOnlyList<string> Check(IConfiguration configuration)
    {
        var problems = new List<string>();
        foreach (var retailer in configuration.GetSection("Retailers").GetChildren())
        {
            Read<ClaimPolicy>(retailer, "Claims", p => p.Problems(), problems);
            Read<SignaturePolicy>(retailer, "Signature", p => p.Problems(), problems);
        }
        return problems;
    }

    private Care Make(string retailer)
    {
        var section = _configuration.GetSection("Retailers").GetSection(retailer);
        var problems = new List<string>();
        var claims = Read<ClaimPolicy>(section, "Claims", p => p.Problems(), problems);
        var signature = Read<SignaturePolicy>(section, "Signature", p => p.Problems(), problems);
        if (problems.Count > 0 && _good.TryGetValue(retailer, out var last)) return last;
        if (problems.Count > 0) (claims, signature) = (new ClaimPolicy { AutomaticPerDay = 0 }, new SignaturePolicy());   // never pay by rules that cannot be meant
        var care = new Care(claims, signature, section["Currency"] is { Length: 3 } currency ? currency : "EUR",
            TimeZoneInfo.TryFindSystemTimeZoneById(section["Zone"] ?? "Etc/UTC", out var zone) ? zone : TimeZoneInfo.Utc);
        if (problems.Count == 0) _good[retailer] = care;
        return care;
    }

    private static T Read<T>(IConfigurationSection retailer, string name, Func<T, IEnumerable<string>> check, List<string> problems) where T : class, new()
    {
        try
        {
            var rules = retailer.GetSection(name).Get<T>() ?? new T();
            problems.AddRange(check(rules).Select(p => $"Retailers:{retailer.Key}:{name}:{p}"));
            return rules;
        }
        catch (InvalidOperationException wrong)
        {
            problems.Add($"Retailers:{retailer.Key}:{name}: {wrong.InnerException?.Message ?? wrong.Message}");
            return new T();
        }
    }
}
