using Tracking.Backtest;

namespace Tracking.Silo.Commands;

/// <summary><c>silo -- backtest &lt;folder&gt; [--from D] [--to D] [--json FILE] [--html FILE] [--estimates FILE]</c>: how good the estimates are on recorded deliveries.</summary>
public static class BacktestCommand
{
    /// <summary>Exit code 0 with a report, 2 when the folder cannot be replayed, 130 when cancelled. Progress goes to standard error when that is a terminal.</summary>
    public static Task<int> RunAsync(string folder, DateOnly? from, DateOnly? to, string? jsonPath, string? htmlPath, TextWriter output, CancellationToken cancel, string? estimatesPath = null)
        => Backtests.RunAsync(folder, from, to, jsonPath, htmlPath, estimatesPath, output, Console.IsErrorRedirected ? null : Draw, cancel);

    private static void Draw(double done)
    {
        const int Width = 40;
        var filled = (int)(done * Width);
        Console.Error.Write($"\r[{new string('#', filled)}{new string('.', Width - filled)}] {done:P0} ");
        if (done >= 1) Console.Error.WriteLine();
    }
}
