using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Tracking.LoadTest.Limits;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Report;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Commands;

/// <summary><c>overload</c>, <c>neighbours</c> and <c>growth</c>: what happens at the edges. Each starts a server of its own and judges what it saw.</summary>
internal static class LimitCommands
{
    private static readonly Option<string?> Postgres = new("--postgres") { Description = "Connection string for the server the tool starts; it keeps the run's scans. Default: SQLite in a folder of its own." };
    private static readonly Option<string?> Json = new("--json") { Description = "Writes the result here as well." };
    private static readonly Option<int?> Run = new("--run") { Description = "Six digits inside this run's tracking numbers. Default: from the clock." };

    public static void AddTo(RootCommand root)
    {
        root.Subcommands.Add(Overload());
        root.Subcommands.Add(Neighbours());
        root.Subcommands.Add(Growth());
        root.Subcommands.Add(FanOut());
    }

    private static Command Overload()
    {
        var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 20, Description = "Length of the knee's measurement and of the overload, 3 to 600. Default 20." };
        var times = new Option<double>("--times") { DefaultValueFactory = _ => 3, Description = "How much too much: times the knee. Default 3." };
        var batch = new Option<int>("--batch") { DefaultValueFactory = _ => 100, Description = "Scans per request, 1 to 1,000. Default 100." };
        var accepted = new Option<double>("--accepted-p99") { DefaultValueFactory = _ => 500, Description = "What was accepted is answered within this many milliseconds, p99. Default 500: twice the goal of knee." };
        var set = CommandLine.Settings();
        var command = new Command("overload", "Offers three times the knee with bodies made beforehand: goodput at least 90 % of the knee, refusals within 10 ms, calm afterwards.") { Postgres, seconds, times, batch, accepted, Json, Run, set };
        command.SetAction((parsed, stop) => ExitCodes.GuardAsync(async () =>
        {
            var length = Within(parsed.GetValue(seconds), 3, 600, "--seconds");
            await using var server = await StartAsync(parsed.GetValue(Postgres), CommandLine.ParseSettings(parsed.GetValue(set)!), stop);
            var r = await new OverloadRun(server, "demo", parsed.GetValue(Run) ?? CommandLine.RunNow(), length, Within(parsed.GetValue(times), 1, 20, "--times"), (int)Within(parsed.GetValue(batch), 1, 1000, "--batch"), Line).RunAsync(stop);
            Say($"offered {r.Offered:N0}/s, knee {r.Knee:N0}/s: goodput {r.Goodput:N0}/s ({r.GoodputShare:P0}); accepted p50 {r.AcceptedP50Ms:F1} ms, p99 {r.AcceptedP99Ms:F1} ms; {r.Refused:N0} refusals, p50 {r.RefusedP50Ms:F1} ms, p99 {r.RefusedP99Ms:F1} ms; memory {r.MemoryGrowthMb:+0.0;-0.0} MB; calm after {r.RecoverySeconds:F1} s");
            return Judge(parsed.GetValue(Json), r, r.Verification,
                ("goodput at least 90 % of the knee", r.GoodputShare >= 0.9),
                ("refusals in at most 10 ms (p99)", r.Refused > 0 && r.RefusedP99Ms <= 10),
                ("every refusal says when to come back", r.SilentRefusals == 0),
                ("no request without an answer", r.Unanswered == 0),
                ($"what was accepted within {parsed.GetValue(accepted):0} ms (p99)", r.AcceptedP99Ms <= parsed.GetValue(accepted)),
                ("normal within 10 s", r.RecoverySeconds < 10));
        }));
        return command;
    }

    private static Command Neighbours()
    {
        var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 20, Description = "Length of each of the two phases, 3 to 600. Default 20." };
        var quiet = new Option<double>("--quiet") { DefaultValueFactory = _ => 500, Description = "Scans per second of the quiet retailer. Default 500." };
        var quota = new Option<double>("--quota") { DefaultValueFactory = _ => 1_000, Description = "Quota of the loud one; it sends ten times as much. Default 1,000." };
        var set = CommandLine.Settings();
        var command = new Command("neighbours", "One retailer sends ten times its quota: another's ack p99 grows by at most 25 %, and nothing of it is refused.") { Postgres, seconds, quiet, quota, Json, Run, set };
        command.SetAction((parsed, stop) => ExitCodes.GuardAsync(async () =>
        {
            var length = Within(parsed.GetValue(seconds), 3, 600, "--seconds");
            var most = Within(parsed.GetValue(quota), 100, 100_000, "--quota");
            var settings = NeighboursRun.Settings(most);
            foreach (var (name, value) in CommandLine.ParseSettings(parsed.GetValue(set)!)) settings[name] = value;
            await using var server = await StartAsync(parsed.GetValue(Postgres), settings, stop);
            var r = await new NeighboursRun(server, parsed.GetValue(Run) ?? CommandLine.RunNow(), length, Within(parsed.GetValue(quiet), 10, 100_000, "--quiet"), most, Line).RunAsync(stop);
            Say($"quiet p50 {r.P50BesideQuota:F1} → {r.P50BesideFlood:F1} ms, p99 {r.P99BesideQuota:F1} → {r.P99BesideFlood:F1} ms ({r.Growth:+0 %;-0 %}); quiet refused {r.QuietRefused}; loud served {r.LoudServed:N0}/s, refused {r.LoudRefused:N0} requests");
            return Judge(parsed.GetValue(Json), r, r.Verification,
                ("the quiet one's p99 grows by at most 25 % (2 ms are noise)", r.P99BesideFlood <= Math.Max(r.P99BesideQuota * 1.25, r.P99BesideQuota + 2)),
                ("nothing of the quiet one is refused", r.QuietRefused == 0),
                ("the loud one is refused", r.LoudRefused > 0),
                ("the loud one gets its quota", r.LoudServed >= 0.9 * r.Quota));
        }));
        return command;
    }

    private static Command Growth()
    {
        var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 8, Description = "Length of each measurement, 1 to 600. Default 8." };
        var sizes = new Option<string>("--sizes") { DefaultValueFactory = _ => "10000,100000,1000000", Description = "Shipments in the database, each at least 10,000, rising. Default 10000,100000,1000000." };
        var set = CommandLine.Settings();
        var command = new Command("growth", "Throughput and memory with more and more shipments in the database: flat within 20 %.") { Postgres, seconds, sizes, Json, Run, set };
        command.SetAction((parsed, stop) => ExitCodes.GuardAsync(async () =>
        {
            var length = Within(parsed.GetValue(seconds), 1, 600, "--seconds");
            var wanted = parsed.GetValue(sizes)!.Split(',').Select(s => int.TryParse(s.Trim(), CultureInfo.InvariantCulture, out var n) ? n : 0).ToList();
            if (wanted.Count < 2 || wanted[0] < 10_000 || wanted[^1] > 9_000_000 || wanted.Zip(wanted.Skip(1)).Any(p => p.Second <= p.First)) throw new SetUpException("--sizes: two or more rising numbers from 10,000 to 9,000,000.");
            await using var server = await StartAsync(parsed.GetValue(Postgres), CommandLine.ParseSettings(parsed.GetValue(set)!), stop);
            var r = await new GrowthRun(server, "demo", parsed.GetValue(Run) ?? CommandLine.RunNow(), length, wanted, Line).RunAsync(stop);
            foreach (var p in r.Points) Say($"{p.Shipments,10:N0} shipments: warm {p.WarmScansPerSecond,8:N0}/s ({p.Warm?.SiloMicros:F1} µs of silo a scan, p99 {p.AckP99Ms:F0} ms), cold {p.ColdScansPerSecond,8:N0}/s ({p.Cold?.SiloMicros:F1} µs), {p.ResidentMb:N0} MB");
            return Judge(parsed.GetValue(Json), r, null, ("warm throughput flat within 20 %", r.Spread <= 0.2));
        }));
        return command;
    }

    private static Command FanOut()
    {
        var watchers = new Option<int>("--watchers") { DefaultValueFactory = _ => 10_000, Description = "Open pages, 100 to 25,000. Default 10,000." };
        var updates = new Option<double>("--updates") { DefaultValueFactory = _ => 80_000, Description = "Updates per second that are due on all pages together. Default 80,000." };
        var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 10, Description = "For how long, 1 to 600. Default 10." };
        var stalled = new Option<int>("--stalled") { DefaultValueFactory = _ => 300, Description = "Pages that take nothing off the wire, afterwards; 0 to 5,000. Default 300." };
        var set = CommandLine.Settings();
        var command = new Command("fanout", "Ten thousand open pages on one process: memory of each, updates a second on all of them, and what those cost that do not read.") { Postgres, watchers, updates, seconds, stalled, Json, Run, set };
        command.SetAction((parsed, stop) => ExitCodes.GuardAsync(async () =>
        {
            var settings = FanOutRun.Settings();
            foreach (var (name, value) in CommandLine.ParseSettings(parsed.GetValue(set)!)) settings[name] = value;
            var count = (int)Within(parsed.GetValue(watchers), 100, 25_000, "--watchers");
            var rate = Within(parsed.GetValue(updates), 100, 1_000_000, "--updates");
            var length = Within(parsed.GetValue(seconds), 1, 600, "--seconds");
            var deaf = (int)Within(parsed.GetValue(stalled), 0, 5_000, "--stalled");
            await using var server = await StartAsync(parsed.GetValue(Postgres), settings, stop);
            var r = await new FanOutRun(server, "demo", parsed.GetValue(Run) ?? CommandLine.RunNow(), count, rate, length, deaf, Line).RunAsync(stop);
            Say($"{r.Watchers:N0} pages, open after {r.ConnectSeconds:F1} s, {r.KbPerWatcher:F1} kB each; {r.Delivered:N0} updates/s arrived of {r.Offered:N0} due, {r.P50Ms:F0} ms after the ack, p99 {r.P99Ms:F0} ms (server {r.ServerCpu:P0} of all cores, generator {r.GeneratorCpu:P0})");
            if (deaf > 0) Say($"{r.Stalled:N0} that did not read: {r.KbPerStalled:F1} kB each, {r.StalledCaughtUp:N0} had the newest version once they read again, after {r.StalledTold:N0} of {r.StalledMissed:N0}");
            return Judge(parsed.GetValue(Json), r, null,
                ("an open page costs at most 25 kB", r.KbPerWatcher <= 25),
                ("95 % of the updates due arrived", r.Delivered >= 0.95 * r.Offered),
                ("no page went backwards or stayed behind", r.Backwards == 0 && r.Behind == 0),
                ("a page that does not read costs at most 64 kB", deaf == 0 || r.KbPerStalled <= 64),
                ("and has the newest version once it reads", r.StalledCaughtUp == r.Stalled));
        }));
        return command;
    }

    private static Task<OwnServer> StartAsync(string? postgres, Dictionary<string, string> settings, CancellationToken stop) => OwnServer.StartAsync(postgres, null, settings, Line, stop);

    private static double Within(double value, double least, double most, string name) =>
        value >= least && value <= most ? value : throw new SetUpException(string.Create(CultureInfo.InvariantCulture, $"{name} {value}: it is {least:N0} to {most:N0}."));

    private static int Judge<T>(string? file, T result, Verification? read, params (string What, bool Holds)[] wanted)
    {
        var machine = MachineFacts.Read();
        foreach (var (what, holds) in wanted) Say($"{(holds ? "holds" : "DOES NOT HOLD"),-14} {what}");
        if (read is not null) Say($"read back      {read.Acked:N0} acked, {read.Stored:N0} stored, lost {read.Lost:N0}, duplicates {read.Duplicates:N0}");
        Say($"machine        {machine}");
        Say($"again          {CommandLine.Repeat(Environment.GetCommandLineArgs().Skip(1))}");
        if (file is not null)
        {
            var document = new
            {
                Result = result, Holds = wanted.ToDictionary(w => w.What, w => w.Holds), Machine = machine, CommandLine.Version, Commit = Repository.Commit(),
                Command = CommandLine.Repeat(Environment.GetCommandLineArgs().Skip(1)), At = DateTimeOffset.UtcNow,
            };
            CommandLine.WriteFile(file, JsonSerializer.Serialize(document, ResultJson.Options) + "\n");
        }
        return read is { Holds: false } ? ExitCodes.InvariantBroken : wanted.All(w => w.Holds) ? ExitCodes.Passed : ExitCodes.ThresholdCrossed;
    }

    private static void Say(FormattableString line) => Console.Error.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static void Line(string line) => Console.Error.WriteLine(line);
}
