using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Silo;
using Tracking.LoadTest.Throughput;

namespace Tracking.LoadTest.Commands;

/// <summary><c>throughput --postgres …</c>: warm, cold, per-scan writes and raw inserts in one run, with every acked scan read back.</summary>
internal static class ThroughputCommand
{
    public static Command Create()
    {
        var postgres = new Option<string>("--postgres") { Required = true, Description = "Connection string of the database to measure. It keeps the run's scans: use one that is for this." };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 10, Description = "Length of each measured phase, 1 to 600. Default 10: the whole run takes about two minutes." };
        var json = new Option<string?>("--json") { Description = "Writes the result here as well." };
        var shipments = new Option<int>("--shipments") { DefaultValueFactory = _ => 40_000, Description = "Shipments held warm, and over which memory is measured. Default 40,000." };
        var run = new Option<int?>("--run") { Description = "Six digits inside this run's tracking numbers. Default: from the clock." };
        var gate = new Option<bool>("--gate") { Description = "Exit 99 unless warm is at least 6 x per-scan writes and 15 % of raw inserts, and cold at least half of warm." };
        var quick = new Option<bool>("--quick") { Description = "Warm and cold only, nothing read back: for tuning the engine, never for publishing." };
        var set = CommandLine.Settings();
        var command = new Command("throughput", "Measures a Release silo on PostgreSQL: warm, cold, one statement per scan, and the database alone; reads every acked scan back.")
        {
            postgres, seconds, json, shipments, run, gate, quick, set,
        };
        command.SetAction((parsed, stop) => ExitCodes.GuardAsync(async () =>
        {
            var options = new ThroughputOptions(
                parsed.GetValue(postgres)!, parsed.GetValue(seconds), parsed.GetValue(shipments), parsed.GetValue(run) ?? CommandLine.RunNow(),
                CommandLine.ParseSettings(parsed.GetValue(set)!)) { Quick = parsed.GetValue(quick) };
            if (options.Seconds is < 1 or > 600) throw new SetUpException($"--seconds {options.Seconds}: it is 1 to 600.");
            if (options.Shipments is < 2_000 or > 5_000_000) throw new SetUpException($"--shipments {options.Shipments}: it is 2,000 to 5,000,000.");
            if (options.Run is < 0 or > 999_999) throw new SetUpException($"--run {options.Run}: it is 0 to 999999.");

            var server = await ThroughputRun.DescribePostgresAsync(options.Postgres, stop);
            var result = new ThroughputResult
            {
                Command = CommandLine.Repeat(Environment.GetCommandLineArgs().Skip(1)), Version = CommandLine.Version, Commit = Repository.Commit(),
                StartedAt = DateTimeOffset.UtcNow, Machine = MachineFacts.Read(server), Run = options.Run, SecondsPerPhase = options.Seconds,
            };
            Console.Error.WriteLine(result.Machine);
            try
            {
                await new ThroughputRun(options, line => Console.Error.WriteLine(line)).RunAsync(result, stop);
            }
            finally
            {
                if (parsed.GetValue(json) is { } file) CommandLine.WriteFile(file, result.ToJson());
                Print(result);
            }
            if (result.Verification is { Holds: false }) return ExitCodes.InvariantBroken;
            if (result.Interrupted) return ExitCodes.SetUpFailed;
            return parsed.GetValue(gate) && !Passes(result) ? ExitCodes.ThresholdCrossed : ExitCodes.Passed;
        }));
        return command;
    }

    private static bool Passes(ThroughputResult result) =>
        result.Ratios is { WarmToPerScanWrites: >= 6, WarmToRawInserts: >= 0.15, ColdToWarm: >= 0.5 };

    private static void Print(ThroughputResult result)
    {
        var table = new Table().Border(TableBorder.Minimal).AddColumn("phase").AddColumn(Right("scans/s")).AddColumn(Right("ack p50")).AddColumn(Right("ack p99"))
            .AddColumn(Right("scans")).AddColumn(Right("silo CPU")).AddColumn(Right("our CPU"));
        Row("warm", result.Warm);
        Row("cold", result.Cold);
        foreach (var (name, figures) in result.PerScanWritesDetail) Row($"per-scan, {name}", figures);
        foreach (var raw in result.RawInsertsDetail)
            table.AddRow($"raw, unnest {raw.Batch} x {raw.Connections}", N(raw.RowsPerSecond), "", "", "", "", "");
        AnsiConsole.Write(table);
        foreach (var problem in result.Problems) Line("not accepted", problem);

        Cost("fill", result.Fill);
        Cost("warm", result.Warm);
        Cost("cold", result.Cold);
        var ratios = result.Ratios;
        Line("warm / per-scan writes", ratios.WarmToPerScanWrites is { } a ? a.ToString("F1", CultureInfo.InvariantCulture) + " x" : "not measured");
        Line("warm / raw inserts", ratios.WarmToRawInserts is { } b ? b.ToString("P1", CultureInfo.InvariantCulture) : "not measured");
        Line("cold / warm", ratios.ColdToWarm is { } c ? c.ToString("P0", CultureInfo.InvariantCulture) : "not measured");
        Line("memory", result.BytesPerShipment is { } bytes ? $"{N(bytes)} bytes per shipment of 8 scans, over {N(result.ShipmentsInMemory)} shipments (resident growth)" : "not measured");
        Line("start", result.StartToReadyMs is { } ready ? $"ready in {N(ready)} ms, first ack in {N(result.StartToFirstAckMs ?? 0)} ms" : "not measured");
        Line("read back", result.Verification is { } v
            ? $"{N(v.Acked)} acked, {N(v.Stored)} stored, lost {N(v.Lost)}, duplicates {N(v.Duplicates)}" + (v.Foreign > 0 ? $", never sent {N(v.Foreign)}" : "")
            : "not read back: nothing can be said about lost scans");
        Line("machine", result.Machine.ToString());
        Line("built from", $"{result.Version}, commit {result.Commit}");
        Line("again", result.Command);
        if (result.Interrupted) Console.WriteLine("Interrupted: phases that did not run are missing above.");

        static void Cost(string name, PhaseFigures? figures)
        {
            if (figures?.Cost is { } cost) Line($"a scan, {name}", cost.ToString());
        }
        void Row(string name, PhaseFigures? f)
        {
            if (f is null) table.AddRow(name, "not measured", "", "", "", "", "");
            else table.AddRow(name, N(f.ScansPerSecond), Ms(f.AckP50Ms), Ms(f.AckP99Ms), N(f.Scans), P(f.ServerCpu), P(f.GeneratorCpu));
        }
        static TableColumn Right(string title) => new TableColumn(title).RightAligned();
        static void Line(string name, string text) => Console.WriteLine($"{name,-24}{text}");
        static string N(double number) => number.ToString("N0", CultureInfo.InvariantCulture);
        static string Ms(double ms) => ms.ToString("F1", CultureInfo.InvariantCulture) + " ms";
        static string P(double share) => share.ToString("P0", CultureInfo.InvariantCulture);
    }
}
