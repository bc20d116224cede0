using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Tracking.Backtest;

/// <summary>Reads a folder of recorded deliveries, replays it and writes the report.</summary>
public static class Backtests
{
    /// <summary>
    /// Exit code 0 when a report was written, 2 when the folder cannot be read (one line on <paramref name="output"/> says why), 130 when cancelled.
    /// </summary>
    /// <param name="folder">Holds files of the Olist layout (all that look like <c>delivered_flat</c>), <c>milestones.csv[.gz]</c> of Cargo 2000, or lines that <c>silo -- export</c> printed (<c>*.ndjson</c>, <c>*.jsonl</c>, also as one file).</param>
    /// <param name="sharing">For our own journal: retailers that share their deliveries; null: all.</param>
    /// <param name="grid">For our own journal: the grid of snapshots, as <c>Learning:PublishSeconds</c>; null: the usual one.</param>
    /// <param name="from">First purchase day to judge; null: the last 30 % of the purchases.</param>
    /// <param name="to">Last purchase day to judge, included; null: the last one known.</param>
    /// <param name="estimatesPath">Every issued estimate as CSV, to compare two replays byte by byte; null for none.</param>
    /// <param name="progress">Called with the share done, 0 to 1, a few hundred times.</param>
    public static async Task<int> RunAsync(string folder, DateOnly? from, DateOnly? to, string? jsonPath, string? htmlPath, string? estimatesPath, TextWriter output,
        Action<double>? progress, CancellationToken cancel, IReadOnlyCollection<string>? sharing = null, TimeSpan? grid = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        try
        {
            if (JournalReplay.Files(folder) is { Count: > 0 } exported) return await JournalAsync(exported, jsonPath, htmlPath, output, progress, sharing, grid ?? JournalReplay.UsualGrid, cancel);
            if (!Directory.Exists(folder))
            {
                await output.WriteLineAsync($"There is no folder '{folder}'.");
                return 2;
            }
            if (OlistLayout.Fits(folder)) return await OlistAsync(folder, from, to, jsonPath, htmlPath, estimatesPath, output, progress, cancel);
            if (Cargo2000Replay.File(folder) is not null)
            {
                var report = Cargo2000Replay.Run(folder, cancel: cancel);
                report.WriteText(output);
                if (jsonPath is not null) await WriteAsync(jsonPath, report.ToJson().ToJsonString(BacktestReport.Indented) + "\n", cancel);
                return 0;
            }
            await output.WriteLineAsync($"'{folder}' holds neither a file with the columns of delivered_flat.csv, nor milestones.csv, nor what `export` prints (*.ndjson, *.jsonl).");
            return 2;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await output.WriteLineAsync("Cancelled.");
            return 130;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or CsvHelper.CsvHelperException or FormatException)
        {
            await output.WriteLineAsync($"The folder '{folder}' could not be replayed: {e.Message}");
            return 2;
        }
    }

    private static async Task<int> OlistAsync(string folder, DateOnly? from, DateOnly? to, string? jsonPath, string? htmlPath, string? estimatesPath, TextWriter output,
        Action<double>? progress, CancellationToken cancel)
    {
        var (deliveries, leftOut, files) = OlistLayout.Read(folder);
        if (deliveries.Count == 0)
        {
            await output.WriteLineAsync($"'{folder}' holds no usable delivery ({leftOut} rows left out).");
            return 2;
        }
        var first = from ?? deliveries[(int)(deliveries.Count * 0.7)].PurchaseDay;
        var last = to ?? deliveries[^1].PurchaseDay;
        await output.WriteLineAsync($"{deliveries.Count} deliveries from {string.Join(", ", files.Select(Path.GetFileName))} ({leftOut} rows left out: incomplete, out of order in time, or repeated).");
        var outcome = new OlistReplay(deliveries, first, last) { TimesEstimates = true }.Run(progress, cancel);
        if (outcome.AtPurchase.Count == 0)
        {
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"No purchase lies between {first:yyyy-MM-dd} and {last:yyyy-MM-dd}."));
            return 2;
        }
        var report = new BacktestReport(outcome, first, last);
        report.WriteText(output);
        if (jsonPath is not null) await WriteAsync(jsonPath, report.ToJson().ToJsonString(BacktestReport.Indented) + "\n", cancel);
        if (htmlPath is not null) await WriteAsync(htmlPath, BacktestHtml.Render(report), cancel);
        if (estimatesPath is not null) await WriteAsync(estimatesPath, Lines(outcome), cancel);
        return 0;
    }

    private static async Task<int> JournalAsync(IReadOnlyList<string> files, string? jsonPath, string? htmlPath, TextWriter output, Action<double>? progress, IReadOnlyCollection<string>? sharing, TimeSpan grid, CancellationToken cancel)
    {
        var (appends, wakesAreRecorded, leftOut) = JournalReplay.Read(files, cancel);
        var replay = new JournalReplay(grid, sharing);
        replay.Run(appends, wakesAreRecorded, progress, cancel);
        var report = new JournalReport(replay, appends.Select(a => a.Key).Distinct().Count(), appends.Count, leftOut);
        report.WriteText(output);
        if (jsonPath is not null) await WriteAsync(jsonPath, report.ToJson(), cancel);
        if (htmlPath is not null) await WriteAsync(htmlPath, report.ToHtml(), cancel);
        return 0;
    }

    private static string Lines(OlistOutcome outcome)
    {
        var lines = new StringBuilder("journey,stage,at,p05,p10,p50,p90,p95\n");
        foreach (var (stage, issued) in new[] { ("purchase", outcome.AtPurchase), ("handover", outcome.AtHandOver) })
            foreach (var i in issued)
                lines.Append(CultureInfo.InvariantCulture, $"{i.Of.Journey:x16},{stage},{i.At:O},{i.P05:O},{i.P10:O},{i.P50:O},{i.P90:O},{i.P95:O}\n");
        return lines.ToString();
    }

    private static async Task WriteAsync(string path, string text, CancellationToken cancel)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(path, text, cancel);
    }
}
