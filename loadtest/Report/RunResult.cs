using System.Text.Json;
using System.Text.Json.Serialization;
using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Report;

/// <summary>Percentiles of one histogram in milliseconds, and the histogram itself (highest microsecond of a bucket, count), so that files can be merged.</summary>
public sealed record Latencies(long Count, double P50, double P90, double P99, double P999, double Max, IReadOnlyList<long[]> Buckets)
{
    public static Latencies Of(LatencyHistogram h, bool buckets = true) => new(
        h.Count, Ms(h.Percentile(50)), Ms(h.Percentile(90)), Ms(h.Percentile(99)), Ms(h.Percentile(99.9)), Ms(h.Max),
        buckets ? [.. h.Buckets().Select(b => new[] { b.Micros, b.Count })] : []);

    private static double Ms(long micros) => Math.Round(micros / 1000.0, 3);
}

/// <summary>One second of a run. Latencies are those of requests answered in it, in milliseconds; rates are scans per second.</summary>
public sealed record Second(int At, double Offered, double Served, double Errors, double AckP50, double AckP99, double AckMax,
    long Watchers, double PageP99, double ServerMb, double ServerCpu, double GeneratorCpu);

public sealed record PhaseResult(string Name, double Seconds, double OfferedPerSecond, double ServedPerSecond, Latencies Ack, double ErrorShare, double ServerCpu, double GeneratorCpu);

public sealed record ThresholdResult(string Text, double? Measured, bool Holds);

public sealed record FaultResult(double At, string What, double? RecoveryMs);

[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
public enum Verdict { Passed, ThresholdCrossed, InvariantBroken, GeneratorLimited, Interrupted }

/// <summary>Everything a run saw. What was not measured is absent.</summary>
public sealed record RunResult
{
    public string Kind => "run";
    public required string Scenario { get; init; }
    public required string Sentence { get; init; }
    public required ulong Seed { get; init; }
    public required int Run { get; init; }
    public required string Command { get; init; }
    public required string Version { get; init; }
    public required string Commit { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required MachineFacts Machine { get; init; }
    public required string Server { get; init; }
    public required double Seconds { get; init; }
    public required int Batch { get; init; }

    public required Verdict Verdict { get; init; }
    public string? AbortedBy { get; init; }
    public required IReadOnlyList<ThresholdResult> Thresholds { get; init; }
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }
    public required GeneratorCheck Generator { get; init; }
    public required OpenModelOutcome Sends { get; init; }
    public required long Scans { get; init; }
    public required IReadOnlyDictionary<string, long> Outcomes { get; init; }
    public required Latencies Ack { get; init; }
    public Latencies? PageUpdate { get; init; }
    public Verification? Verification { get; init; }
    public string? NotReadBack { get; init; }
    public required IReadOnlyList<PhaseResult> Phases { get; init; }
    public required IReadOnlyList<Second> Series { get; init; }
    public required IReadOnlyList<FaultResult> Faults { get; init; }
    public required IReadOnlyDictionary<string, long> Problems { get; init; }

    public static IReadOnlyDictionary<string, long> Named(in OutcomeCounts counts) => new Dictionary<string, long>
    {
        ["accepted"] = counts.Accepted, ["duplicate"] = counts.Duplicate, ["rejected"] = counts.Rejected,
        ["quarantined"] = counts.Quarantined, ["failed"] = counts.Failed, ["unanswered"] = counts.None,
    };

    public string ToJson() => JsonSerializer.Serialize(this, ResultJson.Options) + "\n";
}

/// <summary>How result files are written and read.</summary>
public static class ResultJson
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
