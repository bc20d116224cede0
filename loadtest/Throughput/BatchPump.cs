using System.Collections.Concurrent;
using System.Diagnostics;
using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Throughput;

/// <summary>What a pump achieved. The rate counts acked scans from the first byte sent to the last ack.</summary>
public sealed record Pumped(double Seconds, OutcomeCounts Outcomes, LatencyHistogram Ack, double GeneratorCpu, double ServerCpu, string? Problem)
{
    public ScanCost? Cost { get; init; }
    public double ScansPerSecond => Seconds <= 0 ? 0 : Outcomes.Accepted / Seconds;
}

/// <summary>
/// How fast can it go? A closed loop on purpose: a few connections, each with always one batch under way, so the rate is the server's own and the ack
/// times are those of a saturated server. For latency under a given load use a scenario or <c>knee</c>: those are open.
/// </summary>
public sealed class BatchPump(ScanClient client, Payloads payloads, AckLedger ledger, int? serverPid)
{
    /// <param name="next">Hands out the next scans as (first, count) of the phase's own numbering; count 0 when there are no more.</param>
    /// <param name="scan">The scan of that number; its event number is filled in here.</param>
    public async Task<Pumped> RunAsync(
        int connections, int batch, TimeSpan atMost, Func<int, (long First, int Count)> next, Func<long, Statement> scan, CancellationToken stop)
    {
        var ack = new LatencyHistogram();
        var totals = new ConcurrentBag<OutcomeCounts>();
        string? problem = null;
        var generator = new CpuMeter(Environment.ProcessId);
        var server = serverPid is { } pid ? new CpuMeter(pid) : null;
        var began = Stopwatch.GetTimestamp();
        var lastAck = began;

        async Task ConnectionAsync()
        {
            var (body, answer, outcomes, counts) = (new Body(batch * 320), new Body(batch * 160), new Outcome[batch], new OutcomeCounts());
            var failures = 0;
            while (!stop.IsCancellationRequested && failures < 20 && Stopwatch.GetElapsedTime(began) < atMost)
            {
                var (first, count) = next(batch);
                if (count == 0) break;
                var @event = ledger.Take(count);
                body.Clear();
                for (var i = 0; i < count; i++)
                {
                    payloads.ScanLine(body, scan(first + i) with { Event = @event + i });
                    ledger.MarkSent(@event + i);
                }
                var sent = Stopwatch.GetTimestamp();
                var told = await client.PostScansAsync(body, outcomes, null, answer).ConfigureAwait(false);
                var now = Stopwatch.GetTimestamp();
                for (var i = 0; i < told.Results; i++)
                {
                    ledger.MarkAnswer(@event + i, outcomes[i]);
                    counts.Count(outcomes[i]);
                }
                counts.Count(Outcome.None, count - told.Results);
                if (told.Ok && told.Results == count)
                {
                    failures = 0;
                    ack.Record((long)Stopwatch.GetElapsedTime(sent, now).TotalMicroseconds);
                    Interlocked.Exchange(ref lastAck, now);
                }
                else
                {
                    failures++;
                    problem ??= told.Ok ? $"{told.Results} of {count} scans were answered" : $"HTTP {told.Status}: {told.Problem}";
                    if (!told.Ok) await Task.Delay(50, CancellationToken.None).ConfigureAwait(false);
                }
            }
            totals.Add(counts);
        }

        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(ConnectionAsync, CancellationToken.None)));
        var outcomes = new OutcomeCounts();
        foreach (var counts in totals) outcomes.Add(counts);
        return new Pumped(Stopwatch.GetElapsedTime(began, lastAck).TotalSeconds, outcomes, ack, generator.Share(), server?.Share() ?? 0, problem);
    }

    /// <summary>Numbers 0, 1, 2 … without end, or up to <paramref name="most"/>.</summary>
    public static Func<int, (long First, int Count)> Counting(long most = long.MaxValue)
    {
        long taken = 0;
        return wanted =>
        {
            var first = Interlocked.Add(ref taken, wanted) - wanted;
            return first >= most ? (0, 0) : (first, (int)Math.Min(wanted, most - first));
        };
    }
}
