using System.Globalization;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Scenarios;

/// <param name="Growth">This year against the forecast's numbers. Default 1.5.</param>
/// <param name="ParcelsPerOrder">Default 1.2.</param>
/// <param name="ScansPerParcel">Default 9: eight when all goes well, and what repeats.</param>
/// <param name="BusiestHour">Share of a day's orders in its busiest hour, when the forecast counts days. Default 0.12.</param>
/// <param name="Burst">How much busier the busiest minute is than its hour. Default 2: hubs post in bulk.</param>
/// <param name="CostPerHour">What the machines cost an hour, in any currency; null leaves the cost out.</param>
public sealed record CapacityAssumptions(
    double Growth = 1.5, double ParcelsPerOrder = 1.2, double ScansPerParcel = 9, double BusiestHour = 0.12, double Burst = 2, double? CostPerHour = null);

/// <summary>What a forecast needs, against what a cluster holds. Rates are scans per second.</summary>
public sealed record CapacityAnswer(string Busiest, double OrdersAtPeakHour, double Needed, double Holds, double Safe, double? CostPerMillionScans)
{
    public bool Enough => Needed <= Safe;

    public string Sentence => string.Create(CultureInfo.InvariantCulture,
        $"This cluster holds {Holds:N0} scans/s ({Safe:N0} safely); your busiest time, {Busiest}, needs {Needed:N0} scans/s: {(Enough ? $"enough, {Safe / Math.Max(Needed, 0.001):0.#} times over" : $"not enough, {Needed / Math.Max(Safe, 0.001):0.#} such clusters' worth")}.")
        + (CostPerMillionScans is { } cost ? string.Create(CultureInfo.InvariantCulture, $" A million scans cost {cost:0.####} at the safe rate.") : "");
}

/// <summary>
/// Reads a retailer's order forecast: CSV with a header, a column <c>orders</c>, and a column <c>hour</c> (or <c>time</c>) or <c>date</c> (or <c>day</c>)
/// that says what a row counts. Separator comma or semicolon; thousands without separators.
/// </summary>
public static class Capacity
{
    public static CapacityAnswer Answer(IEnumerable<string> forecast, double holds, CapacityAssumptions assumptions)
    {
        if (!(holds > 0)) throw new SetUpException("What the cluster holds must be above 0 scans/s.");
        using var lines = forecast.Where(l => !string.IsNullOrWhiteSpace(l)).GetEnumerator();
        if (!lines.MoveNext()) throw new SetUpException("The forecast is empty.");
        var separator = lines.Current.Contains(';', StringComparison.Ordinal) ? ';' : ',';
        var header = lines.Current.TrimStart('\uFEFF').Split(separator).Select(h => h.Trim().Trim('"').ToLowerInvariant()).ToList();
        var orders = header.IndexOf("orders");
        var hour = Math.Max(header.IndexOf("hour"), header.IndexOf("time"));
        var day = Math.Max(header.IndexOf("date"), header.IndexOf("day"));
        if (orders < 0 || (hour < 0 && day < 0)) throw new SetUpException("The forecast needs a header with the column orders, and hour (or time) or date (or day).");

        (string When, double PerHour) busiest = ("", -1);
        for (var line = 2; lines.MoveNext(); line++)
        {
            var cells = lines.Current.Split(separator);
            if (cells.Length <= orders || !double.TryParse(cells[orders].Trim().Trim('"'), NumberStyles.Float, CultureInfo.InvariantCulture, out var count) || count < 0)
                throw new SetUpException($"Line {line} of the forecast has no number of orders: {lines.Current}");
            var perHour = hour >= 0 ? count : count * assumptions.BusiestHour;
            if (perHour <= busiest.PerHour) continue;
            var when = string.Join(' ', new[] { day, hour }.Where(c => c >= 0 && c < cells.Length).Select(c => cells[c].Trim().Trim('"')));
            busiest = (when, perHour);
        }
        if (busiest.PerHour < 0) throw new SetUpException("The forecast has a header and no rows.");
        var peak = busiest.PerHour * assumptions.Growth;
        var needed = peak * assumptions.ParcelsPerOrder * assumptions.ScansPerParcel / 3600 * assumptions.Burst;
        var safe = holds * 0.7;
        return new CapacityAnswer($"{busiest.When} x {assumptions.Growth.ToString("0.##", CultureInfo.InvariantCulture)}", Math.Round(peak), Math.Round(needed, 1), holds, Math.Round(safe),
            assumptions.CostPerHour is { } cost ? cost / (safe * 3600) * 1e6 : null);
    }
}
