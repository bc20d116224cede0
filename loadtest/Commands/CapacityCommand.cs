using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Tracking.LoadTest.Scenarios;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Commands;

/// <summary><c>capacity --forecast orders.csv --knee knee.json</c>: is it enough for the day that comes?</summary>
internal static class CapacityCommand
{
    public static Command Create()
    {
        var forecast = new Option<FileInfo>("--forecast") { Required = true, Description = "CSV with a header: orders, and hour or date." };
        var knee = new Option<FileInfo?>("--knee") { Description = "knee.json of the cluster." };
        var holds = new Option<double?>("--holds") { Description = "Scans/s the cluster holds, instead of --knee." };
        var usual = new CapacityAssumptions();
        var growth = Number("--growth", usual.Growth, "This year against the forecast's numbers.");
        var parcels = Number("--parcels-per-order", usual.ParcelsPerOrder, "Parcels an order becomes.");
        var scans = Number("--scans-per-parcel", usual.ScansPerParcel, "Scans a parcel gets, repeats included.");
        var hour = Number("--busiest-hour", usual.BusiestHour, "Share of a day's orders in its busiest hour, when the forecast counts days.");
        var burst = Number("--burst", usual.Burst, "How much busier the busiest minute is than its hour.");
        var cost = new Option<double?>("--cost-per-hour") { Description = "What the machines cost an hour." };
        var command = new Command("capacity", "Says whether a cluster holds a retailer's forecast, and what a million scans cost.") { forecast, knee, holds, growth, parcels, scans, hour, burst, cost };
        command.SetAction((parsed, stop) => ExitCodes.GuardAsync(async () =>
        {
            var file = parsed.GetValue(forecast)!;
            if (!file.Exists) throw new SetUpException($"There is no file {file.FullName}.");
            var answer = Capacity.Answer(await File.ReadAllLinesAsync(file.FullName, stop), parsed.GetValue(holds) ?? Knee(parsed.GetValue(knee)),
                new CapacityAssumptions(parsed.GetValue(growth), parsed.GetValue(parcels), parsed.GetValue(scans), parsed.GetValue(hour), parsed.GetValue(burst), parsed.GetValue(cost)));
            Console.WriteLine(answer.Sentence);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Reckoned with {answer.OrdersAtPeakHour:N0} orders in the peak hour, {parsed.GetValue(parcels):0.##} parcels an order, {parsed.GetValue(scans):0.##} scans a parcel, a burst of {parsed.GetValue(burst):0.##}; safe is 70 % of the knee."));
            return answer.Enough ? ExitCodes.Passed : ExitCodes.ThresholdCrossed;
        }));
        return command;

        static Option<double> Number(string name, double usual, string words) =>
            new(name) { DefaultValueFactory = _ => usual, Description = string.Create(CultureInfo.InvariantCulture, $"{words} Default {usual:0.##}.") };
    }

    private static double Knee(FileInfo? file)
    {
        if (file is not { Exists: true }) throw new SetUpException("Say what the cluster holds: --knee knee.json, or --holds scans/s.");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(file.FullName));
            return json.RootElement.GetProperty("knee").GetDouble();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new SetUpException($"{file.Name} is not what knee writes: {e.Message}");
        }
    }
}
