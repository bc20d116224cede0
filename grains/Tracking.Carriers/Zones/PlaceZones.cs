using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using NodaTime;
using NodaTime.TimeZones;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Zones;

/// <summary>
/// Finds the zone of a place, where the place decides it; null where it does not.
/// <para>Countries whose zones have kept one clock since 2018 count as one zone. US states, Canadian provinces, Australian and Brazilian and Mexican states have
/// tables; states that two zones divide are looked up by postcode, then by town (<c>split-places.csv</c>), and are unknown without either. A
/// few states in which only one or two towns keep another clock count as whole, those towns as unknown (<see cref="Exceptions"/>).</para>
/// </summary>
public static class PlaceZones
{
    private static readonly FrozenDictionary<string, string> UnitedStates = Table("""
        AL America/Chicago AR America/Chicago AZ America/Phoenix CA America/Los_Angeles CO America/Denver CT America/New_York DC America/New_York
        DE America/New_York GA America/New_York HI Pacific/Honolulu IA America/Chicago IL America/Chicago LA America/Chicago MA America/New_York
        MD America/New_York ME America/New_York MN America/Chicago MO America/Chicago MS America/Chicago MT America/Denver NC America/New_York
        NH America/New_York NJ America/New_York NM America/Denver NV America/Los_Angeles NY America/New_York OH America/New_York OK America/Chicago
        PA America/New_York RI America/New_York SC America/New_York UT America/Denver VA America/New_York VT America/New_York WA America/Los_Angeles
        WI America/Chicago WV America/New_York WY America/Denver
        PR America/Puerto_Rico VI America/St_Thomas GU Pacific/Guam MP Pacific/Saipan AS Pacific/Pago_Pago
        """);

    private static readonly FrozenDictionary<string, string> Canada = Table("""
        AB America/Edmonton MB America/Winnipeg NB America/Moncton NS America/Halifax PE America/Halifax YT America/Whitehorse NT America/Yellowknife
        """);

    private static readonly FrozenDictionary<string, string> Australia = Table("""
        NSW Australia/Sydney ACT Australia/Sydney VIC Australia/Melbourne TAS Australia/Hobart QLD Australia/Brisbane SA Australia/Adelaide
        NT Australia/Darwin WA Australia/Perth
        """);

    // Amazonas has a corner on Acre's clock and Pernambuco an island; both without roads to the rest, both left to the state's own clock.
    private static readonly FrozenDictionary<string, string> Brazil = Table("""
        AC America/Rio_Branco AL America/Maceio AM America/Manaus AP America/Belem BA America/Bahia CE America/Fortaleza DF America/Sao_Paulo
        ES America/Sao_Paulo GO America/Sao_Paulo MA America/Fortaleza MG America/Sao_Paulo MS America/Campo_Grande MT America/Cuiaba PA America/Belem
        PB America/Fortaleza PE America/Recife PI America/Fortaleza PR America/Sao_Paulo RJ America/Sao_Paulo RN America/Fortaleza
        RO America/Porto_Velho RR America/Boa_Vista RS America/Sao_Paulo SC America/Sao_Paulo SE America/Maceio SP America/Sao_Paulo TO America/Araguaina
        """);

    // Chihuahua and Coahuila, Nuevo León and Tamaulipas keep the United States' summer time in a strip along the border: left out.
    private static readonly FrozenDictionary<string, string> Mexico = Table("""
        AG America/Mexico_City AGS America/Mexico_City BC America/Tijuana BCN America/Tijuana BCS America/Mazatlan BS America/Mazatlan
        CAM America/Merida CMX America/Mexico_City CDMX America/Mexico_City DF America/Mexico_City COL America/Mexico_City CHP America/Mexico_City CHIS America/Mexico_City
        DUR America/Mexico_City DGO America/Mexico_City GUA America/Mexico_City GTO America/Mexico_City GRO America/Mexico_City HID America/Mexico_City HGO America/Mexico_City
        JAL America/Mexico_City MEX America/Mexico_City EM America/Mexico_City MIC America/Mexico_City MICH America/Mexico_City MOR America/Mexico_City
        OAX America/Mexico_City PUE America/Mexico_City QUE America/Mexico_City QRO America/Mexico_City ROO America/Cancun QROO America/Cancun QR America/Cancun
        SLP America/Mexico_City SIN America/Mazatlan SON America/Hermosillo TAB America/Mexico_City TLA America/Mexico_City TLAX America/Mexico_City
        VER America/Mexico_City YUC America/Merida ZAC America/Mexico_City
        """);

    // Postcodes whose town keeps another clock than its state, by law or by habit. Navajo Nation in Arizona keeps summer time, the Hopi villages inside it do not.
    private static readonly FrozenDictionary<string, string?> Exceptions = new Dictionary<string, string?>
    {
        ["89883"] = "America/Denver",      // West Wendover, Nevada
        ["89825"] = null,                  // Jackpot, Nevada, by habit
        ["73946"] = null,                  // Kenton, Oklahoma, by habit
        ["36867"] = null, ["36868"] = null, ["36869"] = null, ["36870"] = null,   // Phenix City, Alabama, by habit
        ["86033"] = "America/Denver", ["86044"] = "America/Denver", ["86045"] = "America/Denver", ["86053"] = "America/Denver", ["86054"] = "America/Denver",
        ["86503"] = "America/Denver", ["86504"] = "America/Denver", ["86505"] = "America/Denver", ["86507"] = "America/Denver", ["86510"] = "America/Denver",
        ["86511"] = "America/Denver", ["86514"] = "America/Denver", ["86515"] = "America/Denver", ["86520"] = "America/Denver", ["86535"] = "America/Denver",
        ["86538"] = "America/Denver", ["86540"] = "America/Denver", ["86544"] = "America/Denver", ["86545"] = "America/Denver", ["86547"] = "America/Denver",
        ["86556"] = "America/Denver",
        ["86020"] = null, ["86031"] = null, ["86035"] = null, ["86502"] = null, ["86506"] = null, ["86508"] = null, ["86512"] = null,   // on the boundary
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, string> RegionNames = LoadRegionNames();
    private static readonly ConcurrentDictionary<string, DateTimeZone?> WholeCountries = new(StringComparer.Ordinal);
    private static readonly Lazy<Split> SplitPlaces = new(LoadSplit);

    public static DateTimeZone? Find(Place? place) => place is null ? null : Find(place.Country, place.Region, place.PostalCode, place.City);

    public static DateTimeZone? Find(string? country, string? region, string? postalCode) => Find(country, region, postalCode, null);

    /// <summary>
    /// The zone of a place. Country by any name <see cref="Countries"/> knows; region by code (<c>TX</c>, <c>US-TX</c>) or, for the United States and Canada, by
    /// name. Without a country nothing is found, except for a US state with a five-digit ZIP code, which no other country writes.
    /// </summary>
    public static DateTimeZone? Find(string? country, string? region, string? postalCode, string? city)
    {
        var alpha2 = Countries.Alpha2(country);
        if (alpha2 is null)
        {
            if (!string.IsNullOrWhiteSpace(country) || !IsZip(postalCode) || Region("US", region) is not { } state) return null;
            return UnitedStates.ContainsKey(state) || SplitPlaces.Value.IsSplit(state) ? InUnitedStates(state, postalCode, city) : null;
        }
        switch (alpha2)
        {
            case "US": return InUnitedStates(Region("US", region), postalCode, city);
            case "CA": return InCanada(Region("CA", region), postalCode, city);
            case "AU": return InAustralia(Region("AU", region), postalCode);
            case "BR": return Named(Region("BR", region) is { } b ? Brazil.GetValueOrDefault(b) : null);
            case "MX": return Named(Region("MX", region) is { } m ? Mexico.GetValueOrDefault(m) : null);
            // Legal time is Beijing's everywhere; the second zone of tzdb is custom in Xinjiang.
            case "CN": return Named("Asia/Shanghai");
            case "ES": return Postal(postalCode) is { Length: 5 } es ? Named(es.StartsWith("35", StringComparison.Ordinal) || es.StartsWith("38", StringComparison.Ordinal) ? "Atlantic/Canary" : "Europe/Madrid") : null;
            case "PT": return Postal(postalCode) is { Length: >= 4 } pt ? Named(string.CompareOrdinal(pt, "95") >= 0 ? "Atlantic/Azores" : "Europe/Lisbon") : null;
            default: return WholeCountries.GetOrAdd(alpha2, WholeCountry);
        }
    }

    /// <summary>How towns are compared: capitals without accents and punctuation; SAINT, FORT and MOUNT shortened.</summary>
    public static string Fold(string town)
    {
        if (town.Length > 80) return "";
        string decomposed;
        try { decomposed = town.Normalize(NormalizationForm.FormD); }
        catch (ArgumentException) { return ""; }   // half a surrogate pair
        var text = new StringBuilder(town.Length);
        foreach (var c in decomposed)
        {
            if (char.IsAsciiLetterOrDigit(c)) text.Append(char.ToUpperInvariant(c));
            else if (CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark) { }
            else if (text.Length > 0 && text[^1] != ' ') text.Append(' ');
        }
        var words = text.ToString().TrimEnd().Split(' ');
        for (var i = 0; i < words.Length; i++)
            words[i] = words[i] switch { "SAINT" => "ST", "SAINTE" => "STE", "FORT" => "FT", "MOUNT" => "MT", _ => words[i] };
        return string.Join(' ', words);
    }

    private static DateTimeZone? InUnitedStates(string? state, string? postalCode, string? city)
    {
        if (state is null) return null;
        var zip = Postal(postalCode);
        var hasZip = zip is { Length: >= 5 };
        if (hasZip && Exceptions.TryGetValue(zip![..5], out var exception) && UnitedStates.ContainsKey(state)) return Named(exception);
        if (UnitedStates.TryGetValue(state, out var zone)) return Named(zone);
        return Named(hasZip ? SplitPlaces.Value.ByPostcode(state, zip!) ?? SplitPlaces.Value.ByTown(state, city) : SplitPlaces.Value.ByTown(state, city));
    }

    private static DateTimeZone? InCanada(string? province, string? postalCode, string? city)
    {
        var code = Postal(postalCode) is { Length: >= 3 } p ? p[..3].ToUpperInvariant() : null;
        if (province is null && code is not null) province = code[0] switch
        {
            'T' => "AB", 'R' => "MB", 'E' => "NB", 'B' => "NS", 'C' => "PE", 'V' => "BC", 'K' or 'L' or 'M' or 'N' or 'P' => "ON", 'G' or 'H' or 'J' => "QC", 'S' => "SK", 'A' => "NL", _ => null,
        };
        if (province is null) return null;
        if (Canada.TryGetValue(province, out var zone)) return Named(zone);
        var byCode = (province, code) switch
        {
            (_, null) => null,
            ("BC", "V0B" or "V0C" or "V0A") => null,                     // the Kootenays and the north: both clocks in one area
            ("BC", "V1A" or "V1C") => "America/Edmonton",                // Kimberley, Cranbrook
            ("BC", "V1G" or "V1J") => "America/Dawson_Creek",            // Peace River
            ("BC", ['V', ..]) => "America/Vancouver",
            ("ON", "P0T" or "P0V") => null,                              // around 90° west
            ("ON", "P0W" or "P0X" or "P8N" or "P8T" or "P9A" or "P9N") => "America/Winnipeg",
            ("ON", ['K' or 'L' or 'M' or 'N' or 'P', ..]) => "America/Toronto",
            ("QC", "G0G") => null,                                       // the lower north shore
            ("QC", "G4T") => "America/Halifax",                          // Magdalen Islands
            ("QC", ['G' or 'H' or 'J', ..]) => "America/Toronto",
            ("SK", "S0P") => null,
            ("SK", "S9V") => "America/Edmonton",                         // Lloydminster
            ("SK", ['S', ..]) => "America/Regina",
            ("NL", "A0K") => null,
            ("NL", "A0P" or "A0R" or "A2V") => "America/Goose_Bay",      // Labrador
            ("NL", ['A', ..]) => "America/St_Johns",
            _ => null,
        };
        if (byCode is not null) return Named(byCode);
        return code is null ? Named(SplitPlaces.Value.ByTown(province, city)) : null;
    }

    private static DateTimeZone? InAustralia(string? state, string? postalCode) => state is null ? null : (state, Postal(postalCode)) switch
    {
        ("NSW", "2880") => Named("Australia/Broken_Hill"),
        ("NSW", "2898") => Named("Australia/Lord_Howe"),
        ("WA", "6443") => null,   // Eucla, by habit
        _ => Named(Australia.GetValueOrDefault(state)),
    };

    // One zone, or several that have kept one clock since 2018 (Germany's Büsingen, Argentina's provinces).
    private static DateTimeZone? WholeCountry(string alpha2)
    {
        var zones = (TzdbDateTimeZoneSource.Default.ZoneLocations ?? [])
            .Where(l => l.CountryCode == alpha2).Select(l => DateTimeZoneProviders.Tzdb[l.ZoneId]).ToList();
        if (zones.Count <= 1) return zones.FirstOrDefault();
        var clocks = zones.Select(Clock).ToList();
        return clocks.Skip(1).All(c => c.SequenceEqual(clocks[0])) ? zones[0] : null;

        static List<(Instant, Offset)> Clock(DateTimeZone zone)
            => [.. zone.GetZoneIntervals(Instant.FromUtc(2018, 1, 1, 0, 0), Instant.FromUtc(2038, 1, 1, 0, 0))
                .Select(i => (i.HasStart && i.Start > Instant.FromUtc(2018, 1, 1, 0, 0) ? i.Start : Instant.FromUtc(2018, 1, 1, 0, 0), i.WallOffset))
                .Aggregate(new List<(Instant, Offset)>(), (all, next) => { if (all.Count == 0 || all[^1].Item2 != next.WallOffset) all.Add(next); return all; })];
    }

    private static string? Region(string country, string? region)
    {
        if (string.IsNullOrWhiteSpace(region)) return null;
        region = region.Trim();
        if (region.Length > 3 && region[2] is '-' or ' ' && region.StartsWith(country, StringComparison.OrdinalIgnoreCase)) region = region[3..];
        if (region.Length <= 4) return IsUpper(region) ? region : region.ToUpperInvariant();
        return country is "US" or "CA" ? RegionNames.GetValueOrDefault(region) : null;
    }

    private static bool IsUpper(string text)
    {
        foreach (var c in text)
            if (!char.IsAsciiLetterUpper(c))
                return false;
        return true;
    }

    private static string? Postal(string? code)
    {
        if (string.IsNullOrWhiteSpace(code)) return null;
        code = code.Trim();
        return code.Contains(' ', StringComparison.Ordinal) ? code.Replace(" ", "", StringComparison.Ordinal) : code;
    }

    private static bool IsZip(string? code)
        => Postal(code) is { Length: 5 or 9 or 10 } zip && !zip.AsSpan(0, 5).ContainsAnyExceptInRange('0', '9');

    private static DateTimeZone? Named(string? zone) => EventTimes.FindZone(zone);

    private static FrozenDictionary<string, string> Table(string pairs)
    {
        var words = pairs.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var table = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < words.Length; i += 2) table.Add(words[i], words[i + 1]);
        return table.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static FrozenDictionary<string, string> LoadRegionNames()
    {
        const string names = """
            AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|
            IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|
            NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|
            SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|PR Puerto Rico|
            AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NS Nova Scotia|NT Northwest Territories|NU Nunavut|ON Ontario|
            PE Prince Edward Island|QC Quebec|QC Québec|SK Saskatchewan|YT Yukon
            """;
        return names.ReplaceLineEndings("").Split('|').Select(n => n.Trim())
            .ToFrozenDictionary(n => n[3..], n => n[..2], StringComparer.OrdinalIgnoreCase);
    }

    private static Split LoadSplit()
    {
        using var stream = typeof(PlaceZones).Assembly.GetManifestResourceStream("Zones/split-places.csv")!;
        using var reader = new StreamReader(stream);
        var postcodes = new Dictionary<(string, string), string>();
        var towns = new Dictionary<(string, string), string>();
        var header = true;
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#') continue;
            if (header) { header = false; continue; }
            var cells = line.Split(',');
            var table = cells[2] == "zip" ? postcodes : towns;
            foreach (var value in cells[3].Split('|')) table.Add((cells[0], value), cells[1]);
        }
        return new Split(postcodes.ToFrozenDictionary(), towns.ToFrozenDictionary(), postcodes.Keys.Select(k => k.Item1).ToFrozenSet());
    }

    private sealed class Split(FrozenDictionary<(string State, string Prefix), string> postcodes, FrozenDictionary<(string Region, string Town), string> towns, FrozenSet<string> states)
    {
        public bool IsSplit(string state) => states.Contains(state);

        public string? ByPostcode(string state, string postcode)
        {
            for (var length = 3; length <= 5; length++)
                if (postcodes.TryGetValue((state, postcode[..length]), out var zone))
                    return zone;
            return null;
        }

        public string? ByTown(string region, string? town)
            => string.IsNullOrWhiteSpace(town) ? null : towns.GetValueOrDefault((region, Fold(town)));
    }
}
