namespace Tracking.Domain.Vocabulary;

/// <summary>
/// Carrier slugs. Every spelling a feed uses (name, SCAC, aggregator slug) meets one slug of <c>carriers.csv</c>; a slug the table does not
/// know is accepted when it looks like one, so that a regional carrier needs no release of ours.
/// </summary>
public static class Carrier
{
    private static readonly Dictionary<string, string> Slugs = LoadTable();

    /// <summary>
    /// Finds the slug for a carrier's name: <c>USPS</c>, <c>dhl_express</c> and <c>UPSN</c> (SCAC) become <c>usps</c>, <c>dhl-express</c> and <c>ups</c>.
    /// False when the name is empty or cannot be a slug (<c>[a-z0-9-]{1,40}</c> after folding case, spaces, dots and underscores).
    /// </summary>
    public static bool TryNormalize(string? name, out string slug)
    {
        slug = "";
        if (string.IsNullOrWhiteSpace(name) || name.Length > 80) return false;
        if (Slugs.TryGetValue(name, out var known)) { slug = known; return true; }
        var folded = Fold(name);
        if (folded.Length is 0 or > 40) return false;
        slug = Slugs.GetValueOrDefault(folded, folded);
        return true;
    }

    /// <summary>The display name of a known slug ("UPS"), else the slug itself.</summary>
    public static string DisplayName(string slug) => Names.GetValueOrDefault(slug, slug);

    /// <summary>The slug as a label of a metric: itself when the table knows it, else <c>other</c>. Labels must be few, whatever names are sent.</summary>
    public static string Label(string slug) => Names.ContainsKey(slug) ? slug : "other";

    private static readonly Dictionary<string, string> Names = LoadNames();

    private static string Fold(string name)
    {
        Span<char> text = stackalloc char[name.Length];
        var length = 0;
        foreach (var c in name.AsSpan().Trim())
        {
            if (char.IsAsciiLetterOrDigit(c)) text[length++] = char.ToLowerInvariant(c);
            else if (c is ' ' or '_' or '-' or '.' or '/') { if (length > 0 && text[length - 1] != '-') text[length++] = '-'; }
            else return "";
        }
        while (length > 0 && text[length - 1] == '-') length--;
        return new string(text[..length]);
    }

    // carriers.csv: slug,name,aliases separated by |
    private static IEnumerable<string[]> Rows()
    {
        using var stream = typeof(Carrier).Assembly.GetManifestResourceStream("Vocabulary/carriers.csv")!;
        using var reader = new StreamReader(stream);
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
            if (line.Length > 0)
                yield return line.Split(',');
    }

    private static Dictionary<string, string> LoadTable()
    {
        var slugs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var row in Rows())
        {
            slugs.Add(row[0], row[0]);
            foreach (var alias in row[2].Split('|', StringSplitOptions.RemoveEmptyEntries))
                slugs.Add(alias, row[0]);
        }
        return slugs;
    }

    private static Dictionary<string, string> LoadNames() => Rows().ToDictionary(r => r[0], r => r[1]);
}
