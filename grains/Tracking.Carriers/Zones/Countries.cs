using System.Collections.Frozen;

namespace Tracking.Carriers.Zones;

/// <summary>Country codes of ISO 3166-1: every spelling a feed uses (<c>USA</c>, <c>276</c>, <c>Germany</c>) to the two letters of <see cref="Domain.Shipments.Place"/>.</summary>
public static class Countries
{
    private static readonly FrozenDictionary<string, string> Codes = Load();

    /// <summary>The alpha-2 code in capitals; null for a country nobody knows. <c>UK</c> and <c>EL</c> are taken for GB and GR, as carriers use them.</summary>
    public static string? Alpha2(string? country)
    {
        if (string.IsNullOrEmpty(country)) return null;
        return Codes.GetValueOrDefault(country) ?? Codes.GetValueOrDefault(country.Trim().TrimEnd('.'));
    }

    /// <summary>Alpha-2 where the country is known, else the text as it came: a fact is not dropped because a table lacks it.</summary>
    public static string? Alpha2OrAsTold(string? country)
        => CarrierText.Value(country) is { } told ? Alpha2(told) ?? told : null;

    internal static IEnumerable<string> All => Codes.Values.Distinct();

    private static FrozenDictionary<string, string> Load()
    {
        using var stream = typeof(Countries).Assembly.GetManifestResourceStream("Zones/countries.csv")!;
        using var reader = new StreamReader(stream);
        var codes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0) continue;
            var cells = line.Split(',');
            var alpha2 = string.Intern(cells[0]);
            foreach (var name in (string[])[cells[0], cells[1], cells[2], cells[2].TrimStart('0'), .. cells[3].Split('|')])
                codes.TryAdd(name.TrimEnd('.'), alpha2);
        }
        codes["UK"] = "GB";
        codes["EL"] = "GR";
        return codes.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}
