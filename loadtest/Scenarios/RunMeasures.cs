using System.Collections.Concurrent;
using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Scenarios;

/// <summary>What a run counts while it runs. Senders write from many threads; the ticker reads once a second.</summary>
public sealed class RunMeasures
{
    private readonly Lock _gate = new();
    private OutcomeCounts _outcomes;
    private LatencyHistogram _interval = new();
    private long _intervalServed, _intervalErrors;
    private readonly ConcurrentDictionary<string, long> _problems = new();

    public LatencyHistogram Ack { get; } = new();
    public LatencyHistogram[] AckByPhase { get; }
    public long[] ServedByPhase { get; }
    public long[] ErrorsByPhase { get; }
    public long[] SentByPhase { get; }

    private readonly IReadOnlyList<Phase> _phases;

    public RunMeasures(IReadOnlyList<Phase> phases)
    {
        _phases = phases;
        AckByPhase = [.. phases.Select(_ => new LatencyHistogram())];
        (ServedByPhase, ErrorsByPhase, SentByPhase) = (new long[phases.Count], new long[phases.Count], new long[phases.Count]);
    }

    public OutcomeCounts Outcomes { get { lock (_gate) return _outcomes; } }

    public IReadOnlyDictionary<string, long> Problems => new Dictionary<string, long>(_problems);

    /// <summary>One request came back, or did not. Latency counts for every request that was answered at all: a quick refusal is no good latency, so those are kept out.</summary>
    public void Answered(int phase, long latencyMicros, bool ok, in OutcomeCounts outcomes, string? problem)
    {
        var errors = outcomes.None + outcomes.Failed + outcomes.Rejected;
        lock (_gate) _outcomes.Add(outcomes);
        Interlocked.Add(ref SentByPhase[phase], outcomes.Stored + outcomes.Quarantined + errors);
        Interlocked.Add(ref ServedByPhase[phase], outcomes.Stored);
        Interlocked.Add(ref ErrorsByPhase[phase], errors);
        Interlocked.Add(ref _intervalServed, outcomes.Stored);
        Interlocked.Add(ref _intervalErrors, errors);
        if (ok)
        {
            if (_phases[phase].Counted) Ack.Record(latencyMicros);
            AckByPhase[phase].Record(latencyMicros);
            Volatile.Read(ref _interval).Record(latencyMicros);
        }
        // The words of a few kinds of problem are enough; a flood of different ones is counted under one name.
        if (problem is not null) _problems.AddOrUpdate(_problems.Count < 12 || _problems.ContainsKey(problem) ? problem : "other problems", 1, (_, n) => n + 1);
    }

    /// <summary>Scans that were due and never sent, because too many were waiting.</summary>
    public void Dropped(int phase, long scans)
    {
        lock (_gate) _outcomes.None += scans;
        Interlocked.Add(ref ErrorsByPhase[phase], scans);
        Interlocked.Add(ref SentByPhase[phase], scans);
    }

    /// <summary>What happened since the last call.</summary>
    public (LatencyHistogram Ack, long Served, long Errors) TakeInterval() =>
        (Interlocked.Exchange(ref _interval, new LatencyHistogram()), Interlocked.Exchange(ref _intervalServed, 0), Interlocked.Exchange(ref _intervalErrors, 0));
}
