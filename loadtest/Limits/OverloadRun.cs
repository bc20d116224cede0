using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Silo;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Limits;

/// <summary>What a server does with more than it can: times in milliseconds, rates in scans per second.</summary>
public sealed record OverloadResult
{
    public string Kind => "overload";
    /// <summary>Acked scans/s of a closed loop while the generator sends, and has refused for a wrong key, as many further bodies as it will send in vain under overload.</summary>
    public double Knee { get; set; }
    /// <summary>Scans/s of those bodies.</summary>
    public double KneeBeside { get; set; }
    public double Offered { get; set; }
    public double Goodput { get; set; }
    public double GoodputShare => Knee <= 0 ? 0 : Math.Round(Goodput / Knee, 3);
    public double AcceptedP50Ms { get; set; }
    public double AcceptedP99Ms { get; set; }
    public long Refused { get; set; }
    public double RefusedP50Ms { get; set; }
    public double RefusedP99Ms { get; set; }
    /// <summary>Refusals without a Retry-After, and requests that got no answer. Both must be 0.</summary>
    public long SilentRefusals { get; set; }
    public long Unanswered { get; set; }
    public double MemoryGrowthMb { get; set; }
    /// <summary>Seconds until half the knee was served again without a refusal.</summary>
    public double RecoverySeconds { get; set; }
    public Verification? Verification { get; set; }
}

/// <summary>
/// three times the knee. The knee is taken while the generator burns the same processor time, because both share the machine: what overload costs the
/// server is then all that differs.
/// </summary>
public sealed class OverloadRun(OwnServer server, string key, int run, double seconds, double times, int batch, Action<string> say)
{
    private const int Connections = 256, Closed = 24;

    private readonly MachineClock _clock = new();
    private readonly AckLedger _ledger = new();
    private readonly LatencyHistogram _accepted = new(), _refused = new();
    private long _good, _bad, _silent, _unanswered;

    public async Task<OverloadResult> RunAsync(CancellationToken stop)
    {
        var result = new OverloadResult();
        var payloads = new Payloads(run);
        var bodies = new PreparedBodies(payloads, _ledger, 0, 20_000, run, batch, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        using var sender = new PreparedSender(server.Address, key, Connections, _ledger, _clock);
        using var stranger = new PreparedSender(server.Address, "nobody", Connections, _ledger, _clock);
        bodies.Make(4_000);

        say("Warming up …");
        await ClosedAsync(sender, bodies, 4, stop);
        var rough = await ClosedAsync(sender, bodies, Math.Min(5, seconds), stop);
        // The strangers are as many as will later be refused, which follows from the knee they are there to find: taken again until they fit.
        var wrongKey = bodies.Take();
        for (var (tries, strangers) = (0, rough * (times - 1)); tries < 4; tries++, strangers = result.Knee * (times - 1))
        {
            if (tries > 0 && Math.Abs(result.Knee * (times - 1) / result.KneeBeside - 1) < 0.1) break;
            say($"About {strangers / (times - 1):N0} scans/s; the knee, while {strangers:N0} scans/s of strangers are turned away …");
            result.KneeBeside = Math.Round(strangers);
            bodies.Make((int)(strangers / (times - 1) * seconds / batch));
            var burning = new OpenModel(_clock, new OpenModelOptions(Connections)).RunAsync(RateCurve.Steady(strangers / batch, seconds), _ => stranger.SendAsync(wrongKey), stop);
            result.Knee = Math.Round(await ClosedAsync(sender, bodies, seconds, stop));
            await burning;
        }
        bodies.GiveBack(wrongKey);

        bodies.Make((int)(result.Knee * seconds / batch));
        result.Offered = Math.Round(result.Knee * times);
        say($"The knee is {result.Knee:N0} scans/s. Offering {result.Offered:N0} for {seconds:0} s …");
        var memory = server.Reading.ResidentBytes;
        Interlocked.Exchange(ref _good, 0);
        var began = _clock.Micros;
        var offering = new OpenModel(_clock, new OpenModelOptions(Connections, Waiting: 100_000)).RunAsync(RateCurve.Steady(result.Offered / batch, seconds), _ => OfferAsync(sender, bodies), stop);
        await Task.Factory.StartNew(() => offering, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        result.Goodput = Math.Round(Interlocked.Read(ref _good) / Math.Max(seconds, (_clock.Micros - began) / 1e6));
        result.MemoryGrowthMb = Math.Round((server.Reading.ResidentBytes - memory) / 1e6, 1);
        (result.AcceptedP50Ms, result.AcceptedP99Ms) = (_accepted.Percentile(50) / 1000.0, _accepted.Percentile(99) / 1000.0);
        (result.Refused, result.RefusedP50Ms, result.RefusedP99Ms) = (_bad, _refused.Percentile(50) / 1000.0, _refused.Percentile(99) / 1000.0);
        (result.SilentRefusals, result.Unanswered) = (_silent, _unanswered);

        say("And back to half the knee …");
        var calm = _clock.Micros;
        var lastRefusal = calm;
        await new OpenModel(_clock, new OpenModelOptions(Connections)).RunAsync(RateCurve.Steady(result.Knee / 2 / batch, 10), async _ =>
        {
            if ((await OfferAsync(sender, bodies)).Status != 200) Interlocked.Exchange(ref lastRefusal, _clock.Micros);
        }, stop);
        result.RecoverySeconds = Math.Round((lastRefusal - calm) / 1e6, 1);

        await server.ReadBackAsync((in StoredScan scan) => { if (payloads.TryReadEvent(scan.EventId, out var @event)) _ledger.MarkFound(@event); }, CancellationToken.None);
        result.Verification = _ledger.Verify();
        return result;
    }

    private async Task<Replied> OfferAsync(PreparedSender sender, PreparedBodies bodies)
    {
        var body = bodies.Take();
        var replied = await sender.SendAsync(body);
        if (replied.Status == 200)
        {
            Interlocked.Add(ref _good, replied.Accepted);
            _accepted.Record(replied.Micros);
        }
        else if (replied.Refused)
        {
            bodies.GiveBack(body);
            Interlocked.Increment(ref _bad);
            _refused.Record(replied.Micros);
            if (!replied.SaysWhen) Interlocked.Increment(ref _silent);
        }
        else Interlocked.Increment(ref _unanswered);
        return replied;
    }

    // As much as it takes, no more: every connection has one body under way.
    private async Task<double> ClosedAsync(PreparedSender sender, PreparedBodies bodies, double length, CancellationToken stop)
    {
        long acked = 0;
        var began = _clock.Micros;
        await Task.WhenAll(Enumerable.Range(0, Closed).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested && _clock.Micros - began < length * 1e6)
            {
                var body = bodies.Take();
                var replied = await sender.SendAsync(body);
                if (replied.Status == 200) Interlocked.Add(ref acked, replied.Accepted);
                else if (replied.Refused) { bodies.GiveBack(body); await Task.Delay(20, CancellationToken.None); }
            }
        }, CancellationToken.None)));
        return acked / ((_clock.Micros - began) / 1e6);
    }
}
