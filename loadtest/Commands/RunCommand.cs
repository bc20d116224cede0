using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Tracking.LoadTest.Report;
using Tracking.LoadTest.Scenarios;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Commands;

/// <summary><c>run</c> (or just a scenario's name), <c>chaos</c> and <c>demo</c>: play a scenario, judge it, write the report.</summary>
internal static class RunCommand
{
    public static void AddTo(RootCommand root)
    {
        Attach(root, new Argument<string?>("scenario") { Arity = ArgumentArity.ZeroOrOne, Description = "Name of a scenario, or a file." }, chaos: false);
        var run = new Command("run", "Plays a scenario and judges it by its thresholds.");
        Attach(run, new Argument<string?>("scenario") { Description = "Name of a scenario, or a file." }, chaos: false);
        var chaos = new Command("chaos", "Plays a scenario with faults on a server of its own, heals, waits for quiet and compares what was promised with what is stored and shown.");
        Attach(chaos, new Argument<string?>("scenario") { Description = "Name of a scenario, or a file." }, chaos: true);
        root.Subcommands.Add(run);
        root.Subcommands.Add(chaos);
        root.Subcommands.Add(Demo());
        var list = new Command("list", "Names the scenarios that come with the tool.");
        list.SetAction(_ => List());
        root.Subcommands.Add(list);
    }

    private static int List()
    {
        foreach (var name in Scenario.Names()) Console.WriteLine($"{name,-20}{Scenario.Read(name).Sentence}");
        return ExitCodes.Passed;
    }

    private static void Attach(Command command, Argument<string?> name, bool chaos)
    {
        var target = new TargetOptions();
        var rate = new Option<double>("--rate") { DefaultValueFactory = _ => 1, Description = "Multiplies every rate of the scenario. Default 1." };
        var stretch = new Option<double>("--stretch") { DefaultValueFactory = _ => 1, Description = "Multiplies every length of the scenario. Default 1." };
        var seed = new Option<ulong?>("--seed") { Description = "Another seed than the scenario's." };
        var run = new Option<int?>("--run") { Description = "Six digits inside this run's tracking numbers. Default: from the clock." };
        var watchers = new Option<int?>("--watchers") { Description = "Another number of watchers than the scenario's." };
        var warmUp = new Option<double>("--warm-up") { DefaultValueFactory = _ => 3, Description = "Seconds of other parcels first, uncounted, on a server the tool starts; 0 to 300. Default 3; a server that has just started compiles its hot code for half a minute." };
        var outTo = new Option<string?>("--out") { Description = "Folder for report.html, result.json and junit.xml. Default: artifacts/loadtest/<scenario>-<time>." };
        command.Arguments.Add(name);
        target.AddTo(command);
        foreach (var option in (Option[])[rate, stretch, seed, run, watchers, warmUp, outTo]) command.Options.Add(option);
        command.SetAction((parsed, stop) => ExitCodes.GuardAsync(async () =>
        {
            if (parsed.GetValue(name) is not { } asked)
            {
                Console.WriteLine("Which scenario? (--help tells the commands)");
                return List();
            }
            var scenario = Adjusted(Scenario.Read(asked), parsed.GetValue(seed), parsed.GetValue(watchers));
            if (chaos && scenario.Faults.Count == 0) throw new SetUpException($"{scenario.Name} has no faults; there is nothing to prove by chaos. Use run.");
            if (parsed.GetValue(target.Target) is not null && scenario.Faults.Any(f => f.Do is not (FaultKind.Storm or FaultKind.Calm)))
                throw new SetUpException("This scenario does faults, and those are done only to processes the tool started itself, not to --target.");
            if (parsed.GetValue(target.Target) is not null && scenario.Orders is not null)
                throw new SetUpException("This scenario tells orders, and what they are owed needs a policy on a server the tool started itself, not on --target.");
            if (parsed.GetValue(target.PgData) is null && scenario.Faults.FirstOrDefault(f => f.Do is FaultKind.PausePostgres or FaultKind.RestartPostgresFast or FaultKind.RestartPostgresImmediate) is { } needs)
                throw new SetUpException($"The fault {needs.Do} needs --postgres and --pgdata, a database that may be restarted.");
            if (parsed.GetValue(target.Postgres) is null && scenario.Faults.FirstOrDefault(f => f.IsOnTheWay) is { } onTheWay)
                throw new SetUpException($"The fault {onTheWay.Do} happens on the way to PostgreSQL and needs --postgres.");
            var (r, s) = (parsed.GetValue(rate), parsed.GetValue(stretch));
            if (!(r > 0) || !(s > 0)) throw new SetUpException("--rate and --stretch must be above 0.");
            if (parsed.GetValue(warmUp) is not (>= 0 and <= 300)) throw new SetUpException("--warm-up is 0 to 300 seconds.");
            target.RequireBounds(parsed, scenario.Load.Phases.Max(p => Math.Max(p.From, p.To ?? p.From)) * r, scenario.Load.Phases.Sum(p => p.Seconds) * s);
            var options = new RunOptions(parsed.GetValue(run) ?? CommandLine.RunNow(), CommandLine.Repeat(Environment.GetCommandLineArgs().Skip(1)), r, s, WarmUpSeconds: parsed.GetValue(warmUp));
            return await PlayAsync(scenario, options, token => target.OpenAsync(parsed, line => Console.Error.WriteLine(line), token, scenario.Faults.Any(f => f.IsOnTheWay)), parsed.GetValue(outTo), stop);
        }));
    }

    private static Command Demo()
    {
        var target = new TargetOptions();
        var outTo = new Option<string?>("--out") { Description = "Folder for the report. Default: artifacts/loadtest/demo-<time>." };
        var command = new Command("demo", "Black Friday in two minutes on this machine: starts everything, opens pages, ends with the report.") { outTo };
        target.AddTo(command);
        command.SetAction((parsed, stop) => ExitCodes.GuardAsync(() =>
        {
            var scenario = Adjusted(Scenario.Read("black-friday"), null, 100) with { Name = "demo" };
            var options = new RunOptions(CommandLine.RunNow(), CommandLine.Repeat(Environment.GetCommandLineArgs().Skip(1)), Rate: 0.2, Stretch: 0.3);
            return PlayAsync(scenario, options, token => target.OpenAsync(parsed, line => Console.Error.WriteLine(line), token), parsed.GetValue(outTo), stop);
        }));
        return command;
    }

    private static Scenario Adjusted(Scenario scenario, ulong? seed, int? watchers) => scenario with
    {
        Seed = seed ?? scenario.Seed,
        Watchers = watchers switch
        {
            null => scenario.Watchers,
            0 => null,
            { } count => (scenario.Watchers ?? new Watch.CrowdOptions(count)) with { Count = count },
        },
    };

    private static async Task<int> PlayAsync(Scenario scenario, RunOptions options, Func<CancellationToken, Task<RunTarget>> open, string? outTo, CancellationToken stop)
    {
        var target = await open(stop);
        RunResult result;
        try
        {
            result = await LiveView.WithAsync($"{scenario.Name} · {target.Described}", view => new ScenarioRun(scenario, target, options, view).RunAsync(stop));
        }
        catch (Exception e) when (target.Own is { } own && e is not (OperationCanceledException or SetUpException))
        {
            throw new SetUpException($"{e.Message} {own.LastLines}", e);
        }
        finally
        {
            if (target.Own is { } own) await own.DisposeAsync();
        }
        var folder = outTo ?? Path.Combine(Repository.Root, "artifacts", "loadtest", $"{scenario.Name}-{result.StartedAt.UtcDateTime:yyyyMMdd-HHmmss}");
        CommandLine.WriteFile(Path.Combine(folder, "result.json"), result.ToJson());
        CommandLine.WriteFile(Path.Combine(folder, "report.html"), HtmlReport.Of(result));
        CommandLine.WriteFile(Path.Combine(folder, "junit.xml"), JUnit.Of(result));
        Print(result, Path.Combine(folder, "report.html"));
        return ExitCode(result.Verdict);
    }

    internal static int ExitCode(Verdict verdict) => verdict switch
    {
        Verdict.Passed => ExitCodes.Passed,
        Verdict.ThresholdCrossed => ExitCodes.ThresholdCrossed,
        Verdict.InvariantBroken => ExitCodes.InvariantBroken,
        _ => ExitCodes.SetUpFailed,
    };

    private static void Print(RunResult run, string report)
    {
        var table = new Table().Border(TableBorder.Minimal).AddColumn("threshold").AddColumn(new TableColumn("measured").RightAligned()).AddColumn("holds");
        foreach (var t in run.Thresholds)
            table.AddRow(Markup.Escape(t.Text), t.Measured is { } m ? m.ToString("0.###", CultureInfo.InvariantCulture) : "not measured", t.Holds ? "yes" : "NO");
        if (run.Thresholds.Count > 0) AnsiConsole.Write(table);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{run.Scans:N0} scans, {run.Metrics.GetValueOrDefault("served"):N0}/s served; ack p50 {run.Ack.P50:0.#} ms, p99 {run.Ack.P99:0.#} ms, max {run.Ack.Max:0.#} ms")
            + (run.PageUpdate is { } page ? string.Create(CultureInfo.InvariantCulture, $"; scan to glass p50 {page.P50:0.#} ms, p99 {page.P99:0.#} ms over {page.Count:N0} updates") : ""));
        Console.WriteLine(run.Verification is { } v
            ? string.Create(CultureInfo.InvariantCulture, $"read back: {v.Acked:N0} acked, {v.Stored:N0} stored, lost {v.Lost:N0}, duplicates {v.Duplicates:N0}") : run.NotReadBack);
        if (run.Metrics.TryGetValue("eligible", out var eligible))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"offers: {eligible:N0} orders owed one, {run.Metrics["offers_missing"]:N0} without, {run.Metrics["offers_twice"]:N0} offered twice"));
        if (run.Metrics.TryGetValue("first_ack", out var firstAck)) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"first ack at most {firstAck:N0} ms after a process was started"));
        foreach (var (problem, times) in run.Problems) Console.WriteLine($"{times} x {problem}");
        Console.WriteLine(run.Generator);
        Console.WriteLine(run.Machine);
        Console.WriteLine($"report: {report}");
        Console.WriteLine($"again:  {run.Command}");
        Console.WriteLine(HtmlReport.Words(run).Words);
    }
}
