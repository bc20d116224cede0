using System.Text.Json;
using System.Text.Json.Serialization;
using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Throughput;

/// <summary>One pumped phase. Rates are per second, times in milliseconds.</summary>
public sealed record PhaseFigures(double ScansPerSecond, double AckP50Ms, double AckP99Ms, long Scans, long NotAccepted, double Seconds, double GeneratorCpu, double ServerCpu, string? Problem)
{
    /// <summary>What each scan of this phase cost.</summary>
    public ScanCost? Cost { get; init; }

    public static PhaseFigures Of(Pumped pumped) => new(
        Math.Round(pumped.ScansPerSecond), pumped.Ack.Percentile(50) / 1000.0, pumped.Ack.Percentile(99) / 1000.0, pumped.Outcomes.Accepted,
        pumped.Outcomes.None + pumped.Outcomes.Failed + pumped.Outcomes.Rejected + pumped.Outcomes.Quarantined + pumped.Outcomes.Duplicate,
        Math.Round(pumped.Seconds, 3), Math.Round(pumped.GeneratorCpu, 3), Math.Round(pumped.ServerCpu, 3), pumped.Problem) { Cost = pumped.Cost };
}

public sealed record Ratios(double? WarmToPerScanWrites, double? WarmToRawInserts, double? ColdToWarm);

/// <summary>What <c>throughput --json</c> writes. Phases that did not run (Ctrl-C, a failure) are absent, never zero.</summary>
public sealed record ThroughputResult
{
    public required string Command { get; init; }
    public required string Version { get; init; }
    public required string Commit { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required MachineFacts Machine { get; init; }
    public int Run { get; init; }
    public int SecondsPerPhase { get; init; }
    public bool Interrupted { get; set; }

    public PhaseFigures? Warm { get; set; }
    public PhaseFigures? Cold { get; set; }
    /// <summary>Scans/s of the same binary with one statement per scan: the better of the two shapes in <see cref="PerScanWritesDetail"/>.</summary>
    public double? PerScanWrites { get; set; }
    /// <summary>Rows/s of batched inserts alone: the best of <see cref="RawInsertsDetail"/>.</summary>
    public double? RawInserts { get; set; }
    public Ratios Ratios => new(Ratio(Warm?.ScansPerSecond, PerScanWrites), Ratio(Warm?.ScansPerSecond, RawInserts), Ratio(Cold?.ScansPerSecond, Warm?.ScansPerSecond));
    public long? Lost { get; set; }
    public long? Duplicates { get; set; }
    /// <summary>Growth of the silo's resident memory per shipment of 8 scans.</summary>
    public double? BytesPerShipment { get; set; }
    public long ShipmentsInMemory { get; set; }

    public PhaseFigures? Fill { get; set; }
    public PhaseFigures? Populate { get; set; }
    public Dictionary<string, PhaseFigures> PerScanWritesDetail { get; } = [];
    public List<RawInsert> RawInsertsDetail { get; } = [];
    /// <summary>Whatever was not accepted, by phase, in words.</summary>
    public List<string> Problems { get; } = [];
    public Verification? Verification { get; set; }
    public long? ExportedLines { get; set; }
    public double? ExportSeconds { get; set; }
    public double? StartToReadyMs { get; set; }
    public double? StartToFirstAckMs { get; set; }

    private static double? Ratio(double? one, double? other) => one is { } a && other is > 0 and { } b ? Math.Round(a / b, 4) : null;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";
}
