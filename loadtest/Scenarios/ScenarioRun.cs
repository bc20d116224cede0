using System.Collections.Concurrent;
using System.Diagnostics;
using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Report;
using Tracking.LoadTest.Silo;
using Tracking.LoadTest.Throughput;
using Tracking.LoadTest.Watch;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Scenarios;

/// <summary>What is driven: a server of our own, or one somebody named.</summary>
public sealed record RunTarget(Uri Address, string Key, string Described, OwnServer? Own);

/// <param name="Rate">Multiplies every rate of the scenario. Default 1.</param>
/// <param name="Stretch">Multiplies every length of the scenario, faults included. Default 1.</param>
/// <param name="QuietSeconds">How long to wait after the last send for every page to be current. Default 10.</param>
/// <param name="WarmUpSeconds">Scans of other parcels, sent to a server of our own before anything is measured: its first seconds are the compiler's. Default 3.</param>
/// <param name="ReadBack">Ends the server and reads its store back. False where the same server goes on (knee). Default true.</param>
public sealed record RunOptions(int Run, string Command, double Rate = 1, double Stretch = 1, double QuietSeconds = 10, double WarmUpSeconds = 3, bool ReadBack = true);

/// <summary>Sees a run second by second.</summary>
public interface IRunView
{
    void Tick(Second second, double done, OpenModel model);
    void Say(string line);
}

/// <summary>
/// Plays one scenario against one target: offers its load, keeps its watchers, does its faults at their time, heals, waits for quiet, reads back
/// everything it was promised, and says whether what must hold held.
/// </summary>
public sealed class ScenarioRun(Scenario scenario, RunTarget target, RunOptions options, IRunView view)
{
    private sealed class Buffers(int batch)
    {
        public readonly Body Lines = new(batch * 320), Csv = new(batch * 100), One = new(8 * 1024), Answer = new(batch * 160);
        public readonly Outcome[] Outcomes = new Outcome[Math.Max(batch, 64)];
        public readonly int[] Versions = new int[Math.Max(batch, 64)];
        public readonly Statement[] Drawn = new Statement[batch];
        public readonly List<int> Scans = [], Rows = [], Singles = [];
    }

    private readonly MachineClock _clock = new();
    private readonly Glass _glass = new();
    private readonly AckLedger _ledger = new();
    private readonly FormatLedger _formats = new();
    private readonly Payloads _payloads = new(options.Run);
    private readonly RunMeasures _measures = new(scenario.Load.Phases);
    private readonly ConcurrentBag<Buffers> _buffers = [];
    private readonly List<Second> _series = [];
    private readonly Lock _feedGate = new();
    private readonly int _batch = scenario.Load.Batch;
    private ScanClient _client = null!;
    private ParcelBook _book = null!;
    private ScanFeed _feed = null!;
    private double[] _phaseEnds = null!;
    private (double Generator, double Server, int Ticks)[] _phaseCpu = null!;
    private long _begun;
    private long _scans;
    private double _loadSeconds;
    private string? _abortedBy;
    private OrderLoad? _orders;
    /// <summary>When the server's newest process began, until it has acked something; 0 then.</summary>
    private long _bornMicros;
    private readonly ConcurrentQueue<long> _firstAcks = new();

    public async Task<RunResult> RunAsync(CancellationToken stop)
    {
        var started = DateTimeOffset.UtcNow;
        _book = new ParcelBook(scenario.Seed, options.Run, scenario.Workload.Carriers, scenario.Workload.Formats);
        _feed = new ScanFeed(_book, scenario.Workload.Manners(), scenario.Seed, started.ToUnixTimeSeconds());
        var curve = scenario.Curve(options.Rate, options.Stretch);
        var ends = 0.0;
        _phaseEnds = [.. scenario.Load.Phases.Select(p => ends += p.Seconds * options.Stretch)];
        _phaseCpu = new (double, double, int)[_phaseEnds.Length];

        using var client = _client = new ScanClient(target.Address, target.Key, scenario.Load.InFlight, TimeSpan.FromSeconds(30));
        using var watcherClient = new ScanClient(target.Address, target.Key, 16, TimeSpan.FromSeconds(15));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var everybodyLeaves = new CancellationTokenSource();
        if (target.Own is not null && options.WarmUpSeconds > 0) await WarmUpAsync(client, started.ToUnixTimeSeconds(), stop);
        var model = new OpenModel(_clock, new OpenModelOptions(scenario.Load.InFlight, Arrivals: scenario.Load.Arrivals, Seed: scenario.Seed));
        var memoryBefore = target.Own?.Reading.ResidentBytes ?? 0;

        Crowd? crowd = null;
        var watching = Task.CompletedTask;
        if (scenario.Watchers is { Count: > 0 } people)
        {
            crowd = new Crowd(target.Address, watcherClient, _glass, _clock, people, scenario.Seed) { FirstLink = link => view.Say($"A page to watch: {link}") };
            watching = Task.Run(() => crowd.RunAsync(Watched, everybodyLeaves.Token), CancellationToken.None);
        }

        var ordering = Task.CompletedTask;
        using var ordersEnd = new CancellationTokenSource();
        if (scenario.Orders is { } shape)
        {
            Own().WritePolicy(OrderLoad.Policy);
            _orders = new OrderLoad(watcherClient.Http, options.Run, shape, _ledger, _payloads, started.ToUnixTimeSeconds());
            await Task.Delay(TimeSpan.FromSeconds(3), stop);      // policies are looked for every two seconds
            ordering = Task.Run(() => _orders.RunAsync(ordersEnd.Token), CancellationToken.None);
        }
        if (target.Own is { } born) born.Spawned = () => Interlocked.Exchange(ref _bornMicros, _clock.Micros);

        _begun = _clock.Micros;
        _glass.Counting = scenario.Load.Phases[0].Counted;
        // Faults answer to the outer stop only: the end of the load must not interrupt a healing.
        var faults = scenario.Faults.OrderBy(f => f.At).Select(f => FaultAsync(f, ended.Token)).ToArray();
        var ticking = TickAsync(curve, model, crowd, ended);
        OpenModelOutcome outcome;
        try
        {
            // The pacer sleeps on its own thread; see MachineClock.
            outcome = await Task.Factory.StartNew(() => model.RunAsync(curve, SendAsync, ended.Token), CancellationToken.None,
                TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        }
        finally
        {
            _loadSeconds = Math.Min(curve.Seconds, Math.Max(0.001, (_clock.Micros - _begun) / 1e6));
            await ended.CancelAsync();
            await ticking;
        }
        if (outcome.Dropped > 0) _measures.Dropped(PhaseAt(curve.Seconds), outcome.Dropped * _batch);
        var interrupted = stop.IsCancellationRequested;

        foreach (var fault in faults) await fault;
        if (target.Own is { } own) await own.HealAsync(CancellationToken.None);
        if (_orders is not null) await OrdersSettleAsync(ordering, ordersEnd, interrupted);
        long? stale = null;
        if (crowd is not null)
        {
            var quiet = Stopwatch.GetTimestamp();
            do
            {
                await Task.Delay(200, CancellationToken.None);
                stale = _glass.Stale();
            }
            while (stale > 0 && !interrupted && Stopwatch.GetElapsedTime(quiet).TotalSeconds < options.QuietSeconds);
        }
        await everybodyLeaves.CancelAsync();
        await watching;
        var memoryGrowth = target.Own is { } still ? (still.Reading.ResidentBytes - memoryBefore) / 1e6 : (double?)null;
        var (verification, notRead) = await VerifyAsync();
        return Result(started, curve, outcome, interrupted, crowd is not null, stale, memoryGrowth, verification, notRead);
    }

    // What was told is confirmed, and what is owed for it is decided: a minute for either, no longer.
    private async Task OrdersSettleAsync(Task ordering, CancellationTokenSource end, bool interrupted)
    {
        var patience = TimeSpan.FromSeconds(interrupted ? 0 : 60);
        end.CancelAfter(patience);
        await ordering;
        using var decided = new CancellationTokenSource(patience);
        await _orders!.OffersComeAsync(decided.Token);
    }

    private Task WarmUpAsync(ScanClient client, long now, CancellationToken stop)
    {
        // Parcels beyond any the run will reach, under event ids of another run.
        const long Beyond = 90_000_000;
        var parcels = Enumerable.Range(0, 500).Select(i => _book.Of(Beyond + i) with { Format = Format.Scans }).ToArray();
        return new BatchPump(client, new Payloads((options.Run + 500_000) % 1_000_000), new AckLedger(), serverPid: null).RunAsync(2, _batch, TimeSpan.FromSeconds(options.WarmUpSeconds),
            BatchPump.Counting(100_000), n => ScanFeed.Endless(parcels[n % parcels.Length], (int)(n / parcels.Length), now), stop);
    }

    // Watchers watch parcels whose acks tell a version; the famous one is the first hot parcel.
    private Parcel Watched(int number)
    {
        if (scenario.Watchers!.Famous) return _feed.HotParcels[0];
        for (var i = number; ; i++)
        {
            var parcel = _feed.ActiveParcel(i);
            if (parcel.Format == Format.Scans || i > number + 1_000) return parcel;
        }
    }

    private async Task SendAsync(Send send)
    {
        var b = _buffers.TryTake(out var used) ? used : new Buffers(_batch);
        try
        {
            lock (_feedGate)
                for (var i = 0; i < _batch; i++) b.Drawn[i] = _feed.Next();
            Interlocked.Add(ref _scans, _batch);
            b.Scans.Clear();
            b.Rows.Clear();
            b.Singles.Clear();
            for (var i = 0; i < _batch; i++)
                (b.Drawn[i].Parcel.Format switch { Format.Scans => b.Scans, Format.Csv => b.Rows, _ => b.Singles }).Add(i);
            var phase = PhaseAt((send.IntendedMicros - _begun) / 1e6);

            if (b.Scans.Count > 0)
            {
                b.Lines.Clear();
                foreach (var i in b.Scans)
                {
                    _payloads.ScanLine(b.Lines, b.Drawn[i]);
                    _ledger.MarkSent(b.Drawn[i].Event);
                }
                Array.Clear(b.Versions);
                var answer = await _client.PostScansAsync(b.Lines, b.Outcomes, b.Versions, b.Answer);
                var now = _clock.Micros;
                var counts = new OutcomeCounts();
                for (var k = 0; k < b.Scans.Count; k++)
                {
                    ref readonly var scan = ref b.Drawn[b.Scans[k]];
                    var became = k < answer.Results ? b.Outcomes[k] : Outcome.None;
                    counts.Count(became);
                    _ledger.MarkAnswer(scan.Event, became);
                    if (became == Outcome.Accepted && b.Versions[k] > 0) _glass.Acked(scan.Parcel.Id, b.Versions[k], now);
                }
                if (counts.Accepted > 0 && Volatile.Read(ref _bornMicros) is > 0 and var born && send.StartedMicros >= born && Interlocked.CompareExchange(ref _bornMicros, 0, born) == born)
                    _firstAcks.Enqueue(now - born);
                _measures.Answered(phase, now - send.IntendedMicros, answer.Ok && answer.Results == b.Scans.Count, counts, Words(answer, b.Scans.Count));
            }
            if (b.Rows.Count > 0) await SendRowsAsync(b, send, phase);
            foreach (var i in b.Singles) await SendHistoryAsync(b, b.Drawn[i], send, phase);
        }
        finally
        {
            _buffers.Add(b);
        }
    }

    private async Task SendRowsAsync(Buffers b, Send send, int phase)
    {
        b.Csv.Clear();
        Payloads.DpdHeader(b.Csv);
        foreach (var i in b.Rows)
        {
            Payloads.DpdRow(b.Csv, b.Drawn[i]);
            _formats.Sent(b.Drawn[i].Parcel.Id, FormatLedger.Bits(b.Drawn[i]));
        }
        var answer = await _client.PostFeedAsync(Format.Csv, b.Csv, b.Outcomes, b.Answer);
        var counts = new OutcomeCounts();
        for (var k = 0; k < b.Rows.Count; k++)
        {
            var became = k < answer.Results ? b.Outcomes[k] : Outcome.None;
            counts.Count(became);
            if (became is Outcome.Accepted or Outcome.Duplicate) _formats.Acked(b.Drawn[b.Rows[k]].Parcel.Id, FormatLedger.Bits(b.Drawn[b.Rows[k]]));
        }
        _measures.Answered(phase, _clock.Micros - send.IntendedMicros, answer.Ok, counts, Words(answer, b.Rows.Count));
    }

    // The carrier tells the parcel's whole story again; the newest of it counts as the one scan that was due.
    private async Task SendHistoryAsync(Buffers b, Statement scan, Send send, int phase)
    {
        var history = _feed.HistoryUpTo(scan);
        b.One.Clear();
        if (scan.Parcel.Format == Format.Ups) _payloads.UpsTrack(b.One, scan.Parcel, history);
        else _payloads.EasyPostTracker(b.One, scan.Parcel, history);
        _formats.Sent(scan.Parcel.Id, FormatLedger.Bits(scan));
        var answer = await _client.PostFeedAsync(scan.Parcel.Format, b.One, b.Outcomes, b.Answer);
        var counts = new OutcomeCounts();
        var worst = answer.Ok ? Outcome.Duplicate : Outcome.None;
        for (var k = 0; k < answer.Results; k++)
            worst = b.Outcomes[k] switch
            {
                Outcome.Accepted when worst == Outcome.Duplicate => Outcome.Accepted,
                Outcome.Accepted or Outcome.Duplicate => worst,
                var other => other,
            };
        counts.Count(worst);
        if (worst is Outcome.Accepted or Outcome.Duplicate) _formats.Acked(scan.Parcel.Id, FormatLedger.Bits(scan));
        _measures.Answered(phase, _clock.Micros - send.IntendedMicros, answer.Ok, counts, Words(answer, 0));
    }

    private static string? Words(Answer answer, int expected) =>
        answer.Status == 0 ? answer.Problem ?? "no answer"
        : !answer.Ok ? $"HTTP {answer.Status}"
        : answer.Results < expected ? "an answer with fewer results than scans" : null;

    private int PhaseAt(double seconds)
    {
        for (var i = 0; i < _phaseEnds.Length; i++)
            if (seconds < _phaseEnds[i])
                return i;
        return _phaseEnds.Length - 1;
    }

    private async Task TickAsync(RateCurve curve, OpenModel model, Crowd? crowd, CancellationTokenSource ended)
    {
        var aborts = scenario.AbortOn.Select(Threshold.Parse).ToList();
        var (generator, server, serverPid) = (new CpuMeter(Environment.ProcessId), (CpuMeter?)null, 0);
        var last = _clock.Micros;
        for (var at = 1; ; at++)
        {
            try
            {
                await Task.Delay(TimeSpan.FromMicroseconds(Math.Max(1, _begun + at * 1_000_000L - _clock.Micros)), ended.Token);
            }
            catch (OperationCanceledException)
            {
                // the last, shorter second is counted too
            }
            var (now, done) = (_clock.Micros, ended.IsCancellationRequested);
            var wall = Math.Max(0.05, (now - last) / 1e6);
            last = now;
            if (target.Own is { } own && own.Pid != serverPid) (server, serverPid) = (new CpuMeter(own.Pid), own.Pid);
            var (ack, served, errors) = _measures.TakeInterval();
            var second = new Second(at, Math.Round(curve.At(at - 0.5) * _batch), Math.Round(served / wall), Math.Round(errors / wall),
                ack.Percentile(50) / 1000.0, ack.Percentile(99) / 1000.0, ack.Max / 1000.0,
                crowd is null ? 0 : Interlocked.Read(ref crowd.Counts.Connected), _glass.TakeInterval().Percentile(99) / 1000.0,
                Math.Round((target.Own?.Reading.ResidentBytes ?? 0) / 1e6, 1), Math.Round(server?.Share() ?? 0, 3), Math.Round(generator.Share(), 3));
            _series.Add(second);
            _glass.Counting = scenario.Load.Phases[PhaseAt(at)].Counted;
            ref var cpu = ref _phaseCpu[PhaseAt(at - 0.5)];
            cpu = (cpu.Generator + second.GeneratorCpu, cpu.Server + second.ServerCpu, cpu.Ticks + 1);
            view.Tick(second, Math.Min(1, at / curve.Seconds), model);
            if (done) return;

            if (at < 5) continue;
            var soFar = Figures(crowd is not null, stale: null, growth: null, verification: null, model.Due, model.Dropped);
            if (aborts.FirstOrDefault(t => soFar.ContainsKey(t.Metric) && !t.Holds(soFar[t.Metric])) is { } crossed)
            {
                _abortedBy = crossed.Text;
                view.Say($"Stopped: {crossed.Text} does not hold.");
                await ended.CancelAsync();
            }
        }
    }

    private async Task FaultAsync(Fault fault, CancellationToken ended)
    {
        try
        {
            var wait = _begun + (long)(fault.At * options.Stretch * 1e6) - _clock.Micros;
            await Task.Delay(TimeSpan.FromMicroseconds(Math.Max(0, wait)), ended);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        view.Say($"{(_clock.Micros - _begun) / 1e6:F1} s: {Describe(fault)}");
        var length = TimeSpan.FromSeconds(fault.Seconds);
        var never = CancellationToken.None;         // a fault that began is ended properly
        switch (fault.Do)
        {
            case FaultKind.Storm: lock (_feedGate) _feed.Storm = true; break;
            case FaultKind.Calm: lock (_feedGate) _feed.Storm = false; break;
            case FaultKind.KillSilo: await Own().KillAsync(length, never); break;
            case FaultKind.RestartSilo: await Own().RestartAsync(never); break;
            case FaultKind.PauseSilo: await Own().PauseAsync(length, never); break;
            case FaultKind.RestartPostgresFast: await Own().RestartPostgresAsync("fast", never); break;
            case FaultKind.RestartPostgresImmediate: await Own().RestartPostgresAsync("immediate", never); break;
            case FaultKind.PausePostgres: await Own().PausePostgresAsync(length, never); break;
            case FaultKind.SlowPostgres: await Own().OnTheWayAsync(way => way.Delay = TimeSpan.FromMilliseconds(fault.Milliseconds), length, never); break;
            case FaultKind.HoldPostgres: await Own().OnTheWayAsync(static way => way.Hold(), length, never); break;
            case FaultKind.CutPostgres: await Own().OnTheWayAsync(static way => way.Cut(), length, never); break;
        }
    }

    private OwnServer Own() => target.Own ?? throw new SetUpException("Faults are done only to processes the tool started itself, not to --target.");

    private static string Describe(Fault fault) => fault.Do switch
    {
        FaultKind.Storm => "a storm stands over the hub",
        FaultKind.Calm => "the storm is over",
        FaultKind.KillSilo => $"silo killed (SIGKILL), back after {fault.Seconds:0.#} s",
        FaultKind.RestartSilo => "silo restarted (SIGTERM)",
        FaultKind.PauseSilo => $"silo stands still (SIGSTOP) for {fault.Seconds:0.#} s",
        FaultKind.RestartPostgresFast => "PostgreSQL restarted (fast)",
        FaultKind.RestartPostgresImmediate => "PostgreSQL restarted (immediate)",
        FaultKind.SlowPostgres => $"every statement reaches PostgreSQL {fault.Milliseconds:0} ms later for {fault.Seconds:0.#} s",
        FaultKind.HoldPostgres => $"nothing passes to or from PostgreSQL for {fault.Seconds:0.#} s",
        FaultKind.CutPostgres => $"connections to PostgreSQL break and are refused for {fault.Seconds:0.#} s",
        _ => $"PostgreSQL stands still for {fault.Seconds:0.#} s",
    };

    private async Task<(Verification?, string?)> VerifyAsync()
    {
        if (!options.ReadBack) return (null, "Not read back: the server goes on.");
        if (target.Own is not { } own) return (null, "The target's store cannot be read from here, so nothing is said about lost scans; run silo -- export there.");
        view.Say("Reading everything back (silo -- export) …");
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try
        {
            await own.ReadBackAsync((in scan) =>
            {
                if (!scan.Order.IsEmpty) { _orders?.Found(scan.Order, scan.Cause); return; }
                if (_payloads.TryReadEvent(scan.EventId, out var @event) && _ledger.WasSent(@event)) { _ledger.MarkFound(@event); return; }
                Span<char> number = stackalloc char[40];
                if (scan.TrackingNumber.Length > number.Length || scan.Carrier.Length > 20) return;
                var length = System.Text.Encoding.ASCII.GetChars(scan.TrackingNumber, number);
                if (_book.TryReadId(System.Text.Encoding.ASCII.GetString(scan.Carrier), number[..length], out var parcel))
                    _formats.Found(parcel, scan.Kind.IsEmpty || scan.Kind.SequenceEqual("scan"u8), System.Text.Encoding.ASCII.GetString(scan.DedupKey));
            }, patience.Token);
        }
        catch (OperationCanceledException)
        {
            return (null, "Reading back took longer than five minutes.");
        }
        if (_orders?.Missing(10) is { Count: > 0 } without) view.Say($"Without the offer they are owed: {string.Join(", ", without)}");
        return (FormatLedger.Sum(_ledger.Verify(), _formats.Verify()), null);
    }

    // Only what was measured is in here: a threshold on anything else does not hold.
    private Dictionary<string, double> Figures(bool watched, long? stale, double? growth, Verification? verification, long due, long dropped)
    {
        var counts = _measures.Outcomes;
        var all = counts.Stored + counts.Quarantined + counts.Rejected + counts.Failed + counts.None;
        var figures = new Dictionary<string, double>();
        Add("ack", _measures.Ack);
        if (watched) Add("page_update", _glass.Latency);
        if (all > 0)
        {
            figures["errors"] = (double)(counts.Failed + counts.None + counts.Rejected) / all;
            figures["goodput"] = (double)counts.Stored / all;
        }
        figures["rejected"] = counts.Rejected;
        figures["quarantined"] = counts.Quarantined;
        figures["served"] = counts.Stored / Math.Max(0.001, (_clock.Micros - _begun) / 1e6);
        if (due > 0) figures["dropped"] = (double)dropped / due;
        if (watched) figures["backwards"] = _glass.Backwards;
        if (stale is { } s) figures["stale"] = s;
        if (growth is { } mb) figures["memory_growth"] = mb;
        if (!_firstAcks.IsEmpty) figures["first_ack"] = _firstAcks.Max() / 1000.0;
        if (verification is { } v)
        {
            figures["lost"] = v.Lost;
            figures["duplicates"] = v.Duplicates + v.Foreign;
            if (_orders?.Verify() is { } offers) (figures["eligible"], figures["offers_twice"], figures["offers_missing"]) = (offers.Eligible, offers.Twice, offers.Missing);
        }
        return figures;

        void Add(string name, LatencyHistogram h)
        {
            if (h.Count == 0) return;
            (figures[name + ".p50"], figures[name + ".p90"], figures[name + ".p99"]) = (h.Percentile(50) / 1000.0, h.Percentile(90) / 1000.0, h.Percentile(99) / 1000.0);
            (figures[name + ".p999"], figures[name + ".max"]) = (h.Percentile(99.9) / 1000.0, h.Max / 1000.0);
        }
    }

    /// <summary>
    /// From a fault to the end of the last bad second before the next one: a second with errors above 0.1 % of what was offered, or in which nothing was
    /// served. To the resolution of a second.
    /// </summary>
    internal static double RecoveryMs(IReadOnlyList<Second> series, double faultAt, double until)
    {
        var last = series.Where(s => s.At > faultAt && s.At <= until && s.Offered > 0 && (s.Served == 0 || s.Errors > s.Offered * 0.001)).Select(s => (double?)s.At).LastOrDefault();
        return last is { } bad ? Math.Max(0, bad - faultAt) * 1000 : 0;
    }

    private RunResult Result(DateTimeOffset started, RateCurve curve, OpenModelOutcome outcome, bool interrupted, bool watched,
        long? stale, double? growth, Verification? verification, string? notRead)
    {
        var figures = Figures(watched, stale, growth, verification, outcome.Due, outcome.Dropped);
        figures["served"] = _measures.Outcomes.Stored / _loadSeconds;
        var felt = scenario.Faults.Where(f => f.Do is not (FaultKind.Storm or FaultKind.Calm)).OrderBy(f => f.At).ToList();
        var faults = felt.Select((f, i) => new FaultResult(f.At * options.Stretch, Describe(f),
            RecoveryMs(_series, f.At * options.Stretch, i + 1 < felt.Count ? felt[i + 1].At * options.Stretch : double.MaxValue))).ToList();
        if (faults.Count > 0) figures["recovery"] = faults.Max(f => f.RecoveryMs ?? 0);

        var thresholds = scenario.Thresholds.Select(Threshold.Parse).Select(t =>
            new ThresholdResult(t.Text, figures.TryGetValue(t.Metric, out var m) ? m : null, t.Holds(figures.TryGetValue(t.Metric, out m) ? m : null))).ToList();
        // CPU while the load was offered; the last second is cut short and left out.
        var busy = _series.Count > 1 ? _series.SkipLast(1).Average(s => s.GeneratorCpu) : 0;
        var generator = GeneratorCheck.Of(outcome, busy);
        var broken = verification is { Holds: false } || _glass.Backwards > 0 || stale > 0 || figures.GetValueOrDefault("offers_twice") > 0;
        // A late generator spoils times and rates. What was lost, stored twice or shown wrongly was so whoever was late.
        var verdict = broken ? Verdict.InvariantBroken
            : interrupted ? Verdict.Interrupted
            // Latency counts from when a send was due, so a late generator can only make a server look slower: what holds all the same, holds.
            : generator.Limited && (thresholds.Count == 0 || thresholds.Any(t => !t.Holds && Threshold.Parse(t.Text).IsTimed)) ? Verdict.GeneratorLimited
            : _abortedBy is not null || thresholds.Any(t => !t.Holds) ? Verdict.ThresholdCrossed : Verdict.Passed;

        var phases = scenario.Load.Phases.Select((p, i) =>
        {
            var seconds = p.Seconds * options.Stretch;
            var cpu = _phaseCpu[i];
            return new PhaseResult(p.Name, seconds, Math.Round((p.From + (p.To ?? p.From)) / 2 * options.Rate), Math.Round(_measures.ServedByPhase[i] / seconds),
                Latencies.Of(_measures.AckByPhase[i], buckets: false), _measures.SentByPhase[i] == 0 ? 0 : (double)_measures.ErrorsByPhase[i] / _measures.SentByPhase[i],
                Math.Round(cpu.Ticks == 0 ? 0 : cpu.Server / cpu.Ticks, 3), Math.Round(cpu.Ticks == 0 ? 0 : cpu.Generator / cpu.Ticks, 3));
        }).ToList();

        return new RunResult
        {
            Scenario = scenario.Name, Sentence = scenario.Sentence, Seed = scenario.Seed, Run = options.Run, Command = options.Command,
            Version = Commands.CommandLine.Version, Commit = Repository.Commit(), StartedAt = started,
            Machine = MachineFacts.Read(target.Own?.Store.StartsWith("PostgreSQL", StringComparison.Ordinal) == true ? target.Own.Store : null),
            Server = target.Described, Seconds = curve.Seconds, Batch = _batch, Verdict = verdict, AbortedBy = _abortedBy, Thresholds = thresholds, Metrics = figures,
            Generator = generator, Sends = outcome, Scans = _scans, Outcomes = RunResult.Named(_measures.Outcomes),
            Ack = Latencies.Of(_measures.Ack), PageUpdate = watched && _glass.Latency.Count > 0 ? Latencies.Of(_glass.Latency) : null,
            Verification = verification, NotReadBack = notRead, Phases = phases, Series = _series, Faults = faults, Problems = _measures.Problems,
        };
    }
}
