using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Tracking.LoadTest.Report;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Commands;

/// <summary><c>compare a.json b.json</c>: what changed, and whether it got worse.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var before = new Argument<FileInfo>("before") { Description = "result.json, knee.json or what throughput --json wrote." };
        var after = new Argument<FileInfo>("after") { Description = "The same, later." };
        var command = new Command("compare", "Compares two results; exit 99 when a figure got worse by more than noise explains.") { before, after };
        command.SetAction((parsed, stop) => ExitCodes.GuardAsync(async () =>
        {
            var (figures, notes) = Comparison.Of(await ReadAsync(parsed.GetValue(before)!, stop), await ReadAsync(parsed.GetValue(after)!, stop));
            var table = new Table().Border(TableBorder.Minimal).AddColumn("figure").AddColumn(new TableColumn("before").RightAligned())
                .AddColumn(new TableColumn("after").RightAligned()).AddColumn(new TableColumn("change").RightAligned()).AddColumn("");
            foreach (var f in figures)
                table.AddRow(f.Name, N(f.Before), N(f.After), f.Change is { } c ? c.ToString("+0.0 %;-0.0 %;0 %", CultureInfo.InvariantCulture) : "", f.Worse ? "WORSE" : "");
            AnsiConsole.Write(table);
            foreach (var note in notes) Console.WriteLine(note);
            var worse = figures.Where(f => f.Worse).Select(f => f.Name).ToList();
            Console.WriteLine(worse.Count == 0 ? "No figure got worse." : $"Worse: {string.Join(", ", worse)}.");
            return worse.Count == 0 ? ExitCodes.Passed : ExitCodes.ThresholdCrossed;
        }));
        return command;

        static string N(double? n) => n is { } value ? value.ToString(Math.Abs(value) >= 100 ? "N0" : "0.###", CultureInfo.InvariantCulture) : "not measured";
    }

    private static async Task<string> ReadAsync(FileInfo file, CancellationToken stop) =>
        file.Exists ? await File.ReadAllTextAsync(file.FullName, stop) : throw new SetUpException($"There is no file {file.FullName}.");
}
