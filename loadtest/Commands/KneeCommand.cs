using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Report;
using Tracking.LoadTest.Scenarios;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Commands;

/// <summary>What <c>knee</c> writes. Rates are scans per second.</summary>
public sealed record KneeResult
{
    public string Kind => "knee";
    public required double Knee { get; init; }
    /// <summary>70 % of the knee: what one may plan with.</summary>
    public required double SafeRate { get; init; }
    /// <summary>(highest - lowest) / median of the repeats.</summary>
    public required double Spread { get; init; }
    public required bool GeneratorLimited { get; init; }
    public required string Goal { get; init; }
    public required IReadOnlyList<KneeFound> Repeats { get; init; }
    public required string Server { get; init; }
    public required MachineFacts Machine { get; init; }
    public required string Command { get; init; }
    public required string Version { get; init; }
    public required string Commit { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
}

/// <summary><c>knee</c>: how much is too much.</summary>
internal static class KneeCommand
{
    // Ten seconds of pages that arrive, and two to settle.
    private const double ArrivingSeconds = 12;

    public static Command Create()
    {
        var target = new TargetOptions();
        var scenarioName = new Option<string>("--scenario") { DefaultValueFactory = _ => "steady-day", Description = "Whose workload, watchers and batch size are used. Default steady-day." };
        var start = new Option<double>("--start") { DefaultValueFactory = _ => 1_000, Description = "First rate tried, scans/s. Default 1,000." };
        var p99 = new Option<double>("--p99") { DefaultValueFactory = _ => 250, Description = "A rate holds while ack p99 stays below this many milliseconds, errors below 0.1 %, and 97 % of what is offered is served. Default 250." };
        var seconds = new Option<double>("--step-seconds") { DefaultValueFactory = _ => 30, Description = "Length of a step. Default 30." };
        var settle = new Option<double>("--settle-seconds") { DefaultValueFactory = _ => 5, Description = "Pause between steps. Default 5." };
        var repeats = new Option<int>("--repeats") { DefaultValueFactory = _ => 3, Description = "Searches, 1 to 10; the knee is their median. Default 3." };
        var outTo = new Option<string?>("--out") { Description = "Folder for knee.json and knee.html. Default: artifacts/loadtest/knee-<time>." };
        var command = new Command("knee", "Finds the highest steady rate that meets the goal: doubling, then bisecting to within 5 %, repeated.")
        {
            scenarioName, start, p99, seconds, settle, repeats, outTo,
        };
        target.AddTo(command);
        command.SetAction((parsed, stop) => ExitCodes.GuardAsync(async () =>
        {
            var scenario = Scenario.Read(parsed.GetValue(scenarioName)!) with { Faults = [], Thresholds = [], AbortOn = [] };
            var (most, stepSeconds, goal) = (parsed.GetValue(target.MaxRate), parsed.GetValue(seconds), parsed.GetValue(p99));
            if (!(parsed.GetValue(start) > 0) || !(stepSeconds >= 1) || parsed.GetValue(repeats) is < 1 or > 10) throw new SetUpException("--start must be above 0, --step-seconds at least 1, --repeats 1 to 10.");
            var started = DateTimeOffset.UtcNow;
            var deadline = started.AddMinutes(parsed.GetValue(target.MaxMinutes));
            var run = CommandLine.RunNow();
            var (found, warmed) = (new List<KneeFound>(), false);
            var opened = await target.OpenAsync(parsed, line => Console.Error.WriteLine(line), stop);
            try
            {
                for (var repeat = 1; repeat <= parsed.GetValue(repeats); repeat++)
                {
                    var knee = await KneeSearch.FindAsync(parsed.GetValue(start), most, rate => TryAsync(rate));
                    found.Add(knee);
                    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"search {repeat}: {knee.Rate:N0} scans/s{(knee.GeneratorLimited ? " (generator limited beyond)" : "")}"));
                    if (DateTimeOffset.UtcNow > deadline) { Console.Error.WriteLine("Out of time (--max-minutes); the knee stands on the searches so far."); break; }
                }
            }
            catch (OperationCanceledException) when (found.Count > 0)
            {
                Console.Error.WriteLine("Interrupted; the knee stands on the searches so far.");
            }
            finally
            {
                if (opened.Own is { } own) await own.DisposeAsync();
            }
            var median = Math.Round(KneeSearch.Median(found.Select(f => f.Rate)));
            var result = new KneeResult
            {
                Knee = median, SafeRate = Math.Round(median * 0.7), Spread = median <= 0 ? 0 : Math.Round((found.Max(f => f.Rate) - found.Min(f => f.Rate)) / median, 3),
                GeneratorLimited = found.Any(f => f.GeneratorLimited), Goal = string.Create(CultureInfo.InvariantCulture, $"ack p99 < {goal:0.#} ms, errors < 0.1 %, 97 % served"),
                Repeats = found, Server = opened.Described, Machine = MachineFacts.Read(), Command = CommandLine.Repeat(Environment.GetCommandLineArgs().Skip(1)),
                Version = CommandLine.Version, Commit = Repository.Commit(), StartedAt = started,
            };
            var folder = parsed.GetValue(outTo) ?? Path.Combine(Repository.Root, "artifacts", "loadtest", $"knee-{started.UtcDateTime:yyyyMMdd-HHmmss}");
            CommandLine.WriteFile(Path.Combine(folder, "knee.json"), JsonSerializer.Serialize(result, ResultJson.Options) + "\n");
            CommandLine.WriteFile(Path.Combine(folder, "knee.html"), Html(result));
            Console.WriteLine(Sentence(result));
            Console.WriteLine(result.Machine);
            Console.WriteLine($"report: {Path.Combine(folder, "knee.html")}");
            Console.WriteLine($"again:  {result.Command}");
            return median > 0 ? ExitCodes.Passed : result.GeneratorLimited ? ExitCodes.SetUpFailed : ExitCodes.ThresholdCrossed;

            async Task<KneeStep> TryAsync(double rate)
            {
                stop.ThrowIfCancellationRequested();
                // Pages that open all at once are another load than pages that are open: they come first.
                Phase[] arriving = scenario.Watchers is { Count: > 0 } ? [new Phase { Name = "arriving", Seconds = ArrivingSeconds, From = rate, Counted = false }] : [];
                var steady = scenario with { Load = scenario.Load with { Phases = [.. arriving, new Phase { Name = "steady", Seconds = stepSeconds, From = rate }] } };
                run = (run + 1) % 1_000_000;
                // A server that has just started compiles its hot code for half a minute; the first rates tried must not pay for that.
                var result = await new ScenarioRun(steady, opened, new RunOptions(run, "", QuietSeconds: 0, WarmUpSeconds: warmed ? 0 : 30, ReadBack: false), new PlainView(TextWriter.Null)).RunAsync(stop);
                stop.ThrowIfCancellationRequested();
                warmed = true;
                var served = result.Metrics["served"];
                var errors = result.Metrics.GetValueOrDefault("errors", 1);
                var held = result.Ack.P99 < goal && errors < 0.001 && served >= 0.97 * rate;
                var step = new KneeStep(Math.Round(rate), held, !held && result.Generator.Limited, Math.Round(served), result.Ack.P50, result.Ack.P99, errors);
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{rate,9:N0}/s  served {served,9:N0}/s  ack p50 {step.AckP50,7:F1} ms p99 {step.AckP99,8:F1} ms  errors {errors:P2}  {(held ? "holds" : step.Generator ? "generator limited" : "too much")}"));
                await Task.Delay(TimeSpan.FromSeconds(parsed.GetValue(settle)), stop);
                return step;
            }
        }));
        return command;
    }

    private static string Sentence(KneeResult r) => r.Knee <= 0
        ? r.GeneratorLimited ? "No knee was found: the generator was the limit already at the first rates. Is the machine busy with something else?"
            : "No knee was found: not even the lowest rate tried met the goal."
        : string.Create(CultureInfo.InvariantCulture,
        $"The knee is at {r.Knee:N0} scans/s (median of {r.Repeats.Count}, spread {r.Spread:P0}); a safe rate is {r.SafeRate:N0} scans/s.")
        + (r.GeneratorLimited ? " The generator was the limit in at least one search: the server can do more." : "");

    private static string Html(KneeResult r)
    {
        IReadOnlyList<(double, double)> By(Func<KneeStep, double> of) =>
            [.. r.Repeats.SelectMany(f => f.Steps).GroupBy(s => s.Rate).OrderBy(g => g.Key).Select(g => (g.Key, KneeSearch.Median(g.Select(of))))];
        var offered = By(s => s.Rate);
        (double, string)[] marks = [(r.Knee, "knee"), (r.SafeRate, "safe")];
        var html = new StringBuilder($"<h1>The knee</h1><p class=\"soft\">{r.StartedAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC · {Chart.Text(r.Server)}</p><div class=\"verdict ok\">{Chart.Text(Sentence(r))}</div><p>A rate holds while {Chart.Text(r.Goal)}.</p><div class=\"charts\">");
        html.Append(Chart.Svg("Throughput and goodput against offered load", "scans/s", "offered scans/s", [new("offered", 2, offered, Dashed: true), new("served", 1, By(s => s.Served))], marks: marks));
        html.Append(Chart.Svg("Ack p99 against offered load", "ms", "offered scans/s", [new("p50", 1, By(s => s.AckP50)), new("p99", 2, By(s => s.AckP99))], marks: marks));
        html.Append("</div><h2>Every step</h2><div class=\"wide\"><table><tr><th>search</th><th>offered/s</th><th>served/s</th><th>ack p50</th><th>ack p99</th><th>errors</th><th>holds</th></tr>");
        for (var i = 0; i < r.Repeats.Count; i++)
            foreach (var s in r.Repeats[i].Steps)
                html.Append(CultureInfo.InvariantCulture, $"<tr><td>{i + 1}</td><td>{s.Rate:N0}</td><td>{s.Served:N0}</td><td>{s.AckP50:F1} ms</td><td>{s.AckP99:F1} ms</td><td>{s.ErrorShare:P2}</td><td>{(s.Held ? "yes" : s.Generator ? "generator limited" : "no")}</td></tr>");
        html.Append($"</table></div><p>{Chart.Text(r.Machine.ToString())}</p><p>version {r.Version}, commit {r.Commit}</p><p><code>{Chart.Text(r.Command)}</code></p>");
        return HtmlReport.Page("The knee", html.ToString());
    }
}
