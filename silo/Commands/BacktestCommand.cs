using System.CommandLine;
using Tracking.Backtest;

namespace Tracking.Silo.Commands;

/// <summary><c>silo -- backtest &lt;folder&gt; [--from D] [--to D] [--json FILE] [--html FILE] [--estimates FILE]</c>: how good the estimates are on recorded deliveries.</summary>
public static class BacktestCommand
{
    public static Command Create()
    {
        var folder = new Argument<FileSystemInfo>("folder") { Description = "Recorded deliveries: an olist or a cargo2000 folder, or what `export` prints (a *.ndjson or *.jsonl file, or a folder of them)." };
        var from = new Option<DateOnly?>("--from") { Description = "First purchase day that is reported (yyyy-MM-dd)." };
        var to = new Option<DateOnly?>("--to") { Description = "Last purchase day that is reported (yyyy-MM-dd)." };
        var json = new Option<FileInfo?>("--json") { Description = "Writes the report as JSON too." };
        var html = new Option<FileInfo?>("--html") { Description = "Writes the report as one HTML page too." };
        var estimates = new Option<FileInfo?>("--estimates") { Description = "Writes every estimate made, one line each." };
        var sharing = new Option<string?>("--sharing") { Description = "For an export: retailers that share their deliveries, with commas; all (default) or none." };
        var every = new Option<double?>("--snapshot-seconds") { Description = "For an export: the grid of snapshots, as Learning:PublishSeconds (60)." };
        var command = new Command("backtest", "Replays recorded deliveries in time order, learning only from what was known, and says how good the estimates were.") { folder, from, to, json, html, estimates, sharing, every };
        command.SetAction((parsed, cancel) => RunAsync(
            parsed.GetValue(folder)!.FullName, parsed.GetValue(from), parsed.GetValue(to), parsed.GetValue(json)?.FullName, parsed.GetValue(html)?.FullName, Console.Out, cancel, parsed.GetValue(estimates)?.FullName,
            parsed.GetValue(sharing) switch { null or "all" => null, "none" => [], var list => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) },
            parsed.GetValue(every) is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null));
        return command;
    }

    /// <summary>Exit code 0 with a report, 2 when the folder cannot be replayed, 130 when cancelled. Progress goes to standard error when that is a terminal.</summary>
    public static Task<int> RunAsync(string folder, DateOnly? from, DateOnly? to, string? jsonPath, string? htmlPath, TextWriter output, CancellationToken cancel, string? estimatesPath = null,
        IReadOnlyCollection<string>? sharing = null, TimeSpan? grid = null)
        => Backtests.RunAsync(folder, from, to, jsonPath, htmlPath, estimatesPath, output, Terminal.Bar(), cancel, sharing, grid);
}
