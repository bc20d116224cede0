using System.Diagnostics.Metrics;

namespace Tracking.Silo.Files;

/// <summary>What an operator sees of dropped files. Labels are outcomes, never names of files.</summary>
internal sealed class FileMetrics : IDisposable
{
    private readonly Meter _meter = new("Tracking.Files");
    private readonly Counter<long> _files, _scans;
    private long _waiting, _waitingBytes;
    private readonly Lock _gate = new();
    private readonly HashSet<FileProgress> _reading = [];

    public FileMetrics()
    {
        _files = _meter.CreateCounter<long>("tracking.files", description: "Dropped files that were dealt with, by outcome: done or refused.");
        _scans = _meter.CreateCounter<long>("tracking.file_scans", description: "What became of the scans of dropped files, by outcome.");
        _meter.CreateObservableGauge("tracking.files_waiting", () => Interlocked.Read(ref _waiting), description: "Files in the drop folder that are still to be read.");
        _meter.CreateObservableGauge("tracking.files_waiting_bytes", () => Interlocked.Read(ref _waitingBytes), "By", "Their bytes.");
        _meter.CreateObservableGauge("tracking.files_reading", () => Sum(_ => 1), description: "Files being read now.");
        _meter.CreateObservableGauge("tracking.files_reading_left_bytes", () => Sum(p => Math.Max(0, p.Length - p.Position)), "By", "Bytes of them that are still to be read.");
    }

    public void Waiting(int files, long bytes)
    {
        Interlocked.Exchange(ref _waiting, files);
        Interlocked.Exchange(ref _waitingBytes, bytes);
    }

    public void Begin(FileProgress progress) { lock (_gate) _reading.Add(progress); }

    public void End(FileProgress progress) { lock (_gate) _reading.Remove(progress); }

    public void File(string outcome) => _files.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Scans(string outcome, int count)
    {
        if (count > 0) _scans.Add(count, new KeyValuePair<string, object?>("outcome", outcome));
    }

    private long Sum(Func<FileProgress, long> what) { lock (_gate) return _reading.Sum(what); }

    public void Dispose() => _meter.Dispose();
}
