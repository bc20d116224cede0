using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace Tracking.LoadTest.Measure;

/// <summary>Where a figure was measured. Every figure the tool prints stands beside these.</summary>
public sealed record MachineFacts
{
    public required int Cores { get; init; }
    public required string CpuModel { get; init; }
    public required long MemoryBytes { get; init; }
    public required string Os { get; init; }
    public required string DotNet { get; init; }
    /// <summary>What else the machine was busy with when the run began: the one-minute load average; null where there is none.</summary>
    public double? LoadAverage { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Postgres { get; init; }

    public static MachineFacts Read(string? postgres = null) => new()
    {
        Cores = Environment.ProcessorCount,
        CpuModel = FirstValue("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        MemoryBytes = FirstValue("/proc/meminfo", "MemTotal") is { } kb && long.TryParse(kb.Split(' ')[0], out var k)
            ? k * 1024 : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        Os = RuntimeInformation.OSDescription,
        DotNet = RuntimeInformation.FrameworkDescription,
        LoadAverage = File.Exists("/proc/loadavg") && double.TryParse(File.ReadAllText("/proc/loadavg").Split(' ')[0],
            System.Globalization.CultureInfo.InvariantCulture, out var load) ? load : null,
        Postgres = postgres,
    };

    public override string ToString()
    {
        FormattableString line = $"{Cores} cores ({CpuModel}), {MemoryBytes / (1024.0 * 1024 * 1024):F0} GiB, {Os}, {DotNet}";
        return FormattableString.Invariant(line) + (Postgres is null ? "" : ", " + Postgres)
            + (LoadAverage is { } load ? FormattableString.Invariant($", load average at start {load:F2}") : "");
    }

    private static string? FirstValue(string file, string key) => !File.Exists(file) ? null
        : File.ReadLines(file).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
