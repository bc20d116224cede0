using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tracking.Silo.Telemetry;

/// <summary>What this node tells operators about itself beside its work. Section <c>Telemetry</c>.</summary>
internal sealed class TelemetryOptions
{
    /// <summary>Nodes that should be running. Default 1. An alert rises when fewer answer; it is a promise of the operator's, not a limit.</summary>
    [System.ComponentModel.DataAnnotations.Range(1, 1_000)] public int ExpectedNodes { get; set; } = 1;

    /// <summary>Certificate files (PEM or DER) whose end this node announces, such as the ones nginx or Kestrel serve. Default none.</summary>
    public List<string> Certificates { get; set; } = [];
}

/// <summary>What the process itself uses, and how long its certificates last.</summary>
internal sealed class ProcessMetrics : IDisposable
{
    private static readonly TimeSpan ReadAgainAfter = TimeSpan.FromMinutes(5);

    private readonly Meter _meter = new("Tracking.Process");
    private readonly TelemetryOptions _options;
    private readonly TimeProvider _clock;
    private readonly DriveInfo? _disk;
    private readonly Dictionary<string, (DateTimeOffset Read, DateTimeOffset? Ends)> _certificates = new(StringComparer.Ordinal);

    public ProcessMetrics(TelemetryOptions options, string dataFolder, TimeProvider clock)
    {
        (_options, _clock) = (options, clock);
        try { _disk = new DriveInfo(Path.GetFullPath(dataFolder)); }
        catch (ArgumentException) { }   // no drive can be told from this path; then none is measured
        _meter.CreateObservableGauge("tracking.process_memory_bytes", () => Environment.WorkingSet, "By", "Resident memory of the process.");
        _meter.CreateObservableGauge("tracking.process_memory_limit_bytes", () => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, "By", "Memory this process may use: the machine's, or its container's.");
        _meter.CreateObservableGauge("tracking.threadpool_queue", () => ThreadPool.PendingWorkItemCount, description: "Work items waiting for a thread.");
        _meter.CreateObservableGauge("tracking.disk_free_bytes", () => Disk(static disk => disk.AvailableFreeSpace), "By", "Free space where the data folder lies.");
        _meter.CreateObservableGauge("tracking.disk_size_bytes", () => Disk(static disk => disk.TotalSize), "By", "Size of the disk where the data folder lies.");
        _meter.CreateObservableCounter("tracking.log_lines_dropped", () => LogOutput.Dropped, description: "Log lines that could not be written: the disk they go to is full, or nobody reads them any more.");
        _meter.CreateObservableGauge("tracking.nodes_expected", () => _options.ExpectedNodes, description: "Nodes that should be running, as configured (Telemetry:ExpectedNodes).");
        _meter.CreateObservableGauge("tracking.certificate_remaining_seconds", Certificates, "s", "Until a configured certificate ends; below zero when it ended or cannot be read.");
    }

    public void Dispose() => _meter.Dispose();

    private List<Measurement<long>> Disk(Func<DriveInfo, long> what)
    {
        try { return _disk is null ? [] : [new(what(_disk))]; }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException) { return []; }
    }

    private List<Measurement<double>> Certificates()
    {
        var now = _clock.GetUtcNow();
        var all = new List<Measurement<double>>();
        foreach (var file in _options.Certificates)
        {
            if (!_certificates.TryGetValue(file, out var known) || now - known.Read > ReadAgainAfter) _certificates[file] = known = (now, EndOf(file));
            all.Add(new(known.Ends is { } ends ? (ends - now).TotalSeconds : -1, new KeyValuePair<string, object?>("file", Path.GetFileName(file))));
        }
        return all;
    }

    private static DateTimeOffset? EndOf(string file)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(file);
            return certificate.NotAfter.ToUniversalTime();
        }
        catch (Exception unreadable) when (unreadable is CryptographicException or IOException or UnauthorizedAccessException) { return null; }
    }
}
