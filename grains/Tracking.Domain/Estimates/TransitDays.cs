using System.Collections.Frozen;
using System.Globalization;

namespace Tracking.Domain.Estimates;

/// <summary>
/// What carriers publish about themselves (<c>transit-days.csv</c>): where every statistic starts. Learning corrects this figure by a factor, so a new
/// carrier in an old installation starts from its own word, not from the average of the others.
/// </summary>
internal readonly record struct TransitDays(double MedianDays, int Spread)
{
    /// <summary>Standard deviations of the logarithm that a cold shape may have; <see cref="Spread"/> indexes them.</summary>
    public static readonly ImmutableArray<double> Spreads = [0.25, 0.4, 0.55, 0.75];

    private const double PerWorkingDay = 7 / 5.4;   // a working day in days of the carrier clock, most Saturdays half counted

    private static readonly FrozenDictionary<ulong, TransitDays> Table = Load();
    private static readonly FrozenSet<string> CustomsUnion = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
        "CH", "GB", "LI", "NO");

    /// <summary>The stage's expected remaining days (of the carrier clock) before anything was learned.</summary>
    public static TransitDays Of(JourneyStage stage, ulong carrier, ulong service, string? origin, string? destination) => stage switch
    {
        JourneyStage.Handling => new(1.6, 3),
        JourneyStage.Transit => Transit(carrier, service, origin, destination),
        JourneyStage.DestinationHub => new(1.1, 2),
        JourneyStage.OutForDelivery => new(0.3, 2),
        JourneyStage.Reattempt => new(1.4, 3),
        JourneyStage.Customs => new(0.8 * Transit(carrier, service, origin, destination).MedianDays + 2, 3),
        JourneyStage.ReadyForPickup => new(2.2, 3),
        _ => new(0.6 * Transit(carrier, service, origin, destination).MedianDays + 1.5, 3),
    };

    private static TransitDays Transit(ulong carrier, ulong service, string? origin, string? destination)
    {
        var scope = Scope(origin, destination);
        return Table.TryGetValue(Key(carrier, service, scope), out var days) || Table.TryGetValue(Key(carrier, 0, scope), out days)
            || Table.TryGetValue(Key(0, 0, scope), out days) ? days : default;
    }

    // An unknown end is taken for domestic: most parcels are.
    private static int Scope(string? origin, string? destination)
        => origin is null || destination is null || origin.Equals(destination, StringComparison.OrdinalIgnoreCase) ? 0
            : CustomsUnion.Contains(origin) && CustomsUnion.Contains(destination) || IsNorthAmerica(origin) && IsNorthAmerica(destination) ? 1 : 2;

    private static bool IsNorthAmerica(string country) => country is "US" or "CA" or "MX" or "us" or "ca" or "mx";

    private static ulong Key(ulong carrier, ulong service, int scope) => Hash64.Key(Hash64.Mix(carrier, service), (ulong)scope + 1);

    private static FrozenDictionary<ulong, TransitDays> Load()
    {
        var table = new Dictionary<ulong, TransitDays>();
        foreach (var row in EstimateTables.Rows("transit-days.csv"))
        {
            var (median, p90) = (double.Parse(row[3], CultureInfo.InvariantCulture), double.Parse(row[4], CultureInfo.InvariantCulture));
            var spread = Math.Log(p90 / median) / 1.2816;
            var nearest = 0;
            for (var i = 1; i < Spreads.Length; i++)
                if (Math.Abs(Spreads[i] - spread) < Math.Abs(Spreads[nearest] - spread)) nearest = i;
            var scope = row[2] switch { "domestic" => 0, "neighbour" => 1, "abroad" => 2, _ => throw new FormatException($"'{row[2]}' is no scope of transit-days.csv.") };
            foreach (var service in row[1].Split(';'))
                table.Add(Key(row[0] == "*" ? 0 : Hash64.Text(row[0]), service == "*" ? 0 : Hash64.Text(service), scope), new(median * PerWorkingDay, nearest));
        }
        return table.ToFrozenDictionary();
    }
}
