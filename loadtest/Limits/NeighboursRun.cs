using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Silo;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Limits;

/// <summary>What a loud retailer does to a quiet one. Times in milliseconds, rates in scans per second.</summary>
public sealed record NeighboursResult
{
    public string Kind => "neighbours";
    public double QuietRate { get; set; }
    public double Quota { get; set; }
    public double LoudOffered { get; set; }
    /// <summary>The quiet one's ack p99 while the loud one keeps to its quota, and while it sends ten times as much.</summary>
    public double P99BesideQuota { get; set; }
    public double P99BesideFlood { get; set; }
    public double P50BesideQuota { get; set; }
    public double P50BesideFlood { get; set; }
    public double Growth => P99BesideQuota <= 0 ? 0 : Math.Round(P99BesideFlood / P99BesideQuota - 1, 3);
    public long QuietRefused { get; set; }
    public double LoudServed { get; set; }
    public long LoudRefused { get; set; }
    public Verification? Verification { get; set; }
}

/// <summary>R-19: one retailer sends ten times its quota; another, who keeps to its own business, must hardly notice.</summary>
public sealed class NeighboursRun(OwnServer server, int run, double seconds, double quietRate, double quota, Action<string> say)
{
    public const string Quiet = "quiet-key", Loud = "loud-key";
    private const int QuietBatch = 10, LoudBatch = 100;

    private readonly MachineClock _clock = new();
    private readonly AckLedger _ledger = new();

    /// <summary>Settings of a server with those two retailers.</summary>
    public static Dictionary<string, string> Settings(double quota) => new()
    {
        ["Retailers__quiet__Keys__0"] = Quiet, ["Retailers__loud__Keys__0"] = Loud,
        ["Retailers__loud__ScansPerSecond"] = ((int)quota).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    public async Task<NeighboursResult> RunAsync(CancellationToken stop)
    {
        var result = new NeighboursResult { QuietRate = quietRate, Quota = quota, LoudOffered = quota * 10 };
        var payloads = new Payloads(run);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var quiet = new PreparedBodies(payloads, _ledger, 0, 5_000, run, QuietBatch, now);
        var loud = new PreparedBodies(payloads, _ledger, 1_000_000, 20_000, run, LoudBatch, now);
        quiet.Make((int)(quietRate / QuietBatch * (3 * seconds + 10)));
        loud.Make((int)(quota / LoudBatch * (3 * seconds + 30)));
        using var quietSender = new PreparedSender(server.Address, Quiet, 64, _ledger, _clock);
        using var loudSender = new PreparedSender(server.Address, Loud, 128, _ledger, _clock);

        say("Warming up, and using up the loud one's ten seconds of credit …");
        await BothAsync(quiet, quietSender, loud, loudSender, quota * 10, 6, stop);
        say($"Quiet {quietRate:N0} scans/s beside a loud one that keeps to its {quota:N0} …");
        var calm = await BothAsync(quiet, quietSender, loud, loudSender, quota, seconds, stop);
        say($"… and beside {result.LoudOffered:N0}.");
        var flood = await BothAsync(quiet, quietSender, loud, loudSender, result.LoudOffered, seconds, stop);
        (result.P50BesideQuota, result.P99BesideQuota) = (calm.Ack.Percentile(50) / 1000.0, calm.Ack.Percentile(99) / 1000.0);
        (result.P50BesideFlood, result.P99BesideFlood) = (flood.Ack.Percentile(50) / 1000.0, flood.Ack.Percentile(99) / 1000.0);
        result.QuietRefused = calm.QuietRefused + flood.QuietRefused;
        (result.LoudServed, result.LoudRefused) = (Math.Round(flood.LoudServed / seconds), flood.LoudRefused);

        await server.ReadBackAsync((in StoredScan scan) => { if (payloads.TryReadEvent(scan.EventId, out var @event)) _ledger.MarkFound(@event); }, CancellationToken.None);
        result.Verification = _ledger.Verify();
        return result;
    }

    private sealed class Seen
    {
        public readonly LatencyHistogram Ack = new();
        public long QuietRefused, LoudServed, LoudRefused;
    }

    private async Task<Seen> BothAsync(PreparedBodies quiet, PreparedSender quietSender, PreparedBodies loud, PreparedSender loudSender, double loudRate, double length, CancellationToken stop)
    {
        var seen = new Seen();
        var flooding = Paced(loudRate / LoudBatch, async _ =>
        {
            var body = loud.Take();
            var replied = await loudSender.SendAsync(body);
            if (replied.Status == 200) { Interlocked.Add(ref seen.LoudServed, replied.Accepted); return; }
            loud.GiveBack(body);
            Interlocked.Increment(ref seen.LoudRefused);
        });
        var working = Paced(quietRate / QuietBatch, async send =>
        {
            var body = quiet.Take();
            var replied = await quietSender.SendAsync(body);
            if (replied.Status == 200) seen.Ack.Record(_clock.Micros - send.IntendedMicros);
            else Interlocked.Increment(ref seen.QuietRefused);
        });
        await Task.WhenAll(flooding, working);
        return seen;

        // Each pacer sleeps on a thread of its own.
        Task<OpenModelOutcome> Paced(double perSecond, Func<Send, Task> send) => Task.Factory.StartNew(
            () => new OpenModel(_clock, new OpenModelOptions(128)).RunAsync(RateCurve.Steady(perSecond, length), send, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }
}
