namespace Tracking.Silo.Hosting;

/// <summary>Files that people write while the server runs: looked at before anything starts and every two seconds after, each read when it is new or has changed.</summary>
internal abstract class WatchedFiles(TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private readonly Dictionary<string, (DateTime Written, long Length)> _known = new(StringComparer.Ordinal);

    /// <summary>The files that are there now.</summary>
    protected abstract IEnumerable<string> Files();

    /// <summary>Uses a file that is new or has changed. May throw what reading a file throws.</summary>
    protected abstract void Use(FileInfo file);

    /// <summary>Says that a file cannot be read; what it said before stays.</summary>
    protected abstract void Refuse(FileInfo file, string problem);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Look();   // before anything is decided or given out
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Period, clock, stopping);
                Look();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }   // a stop is no fault
    }

    private void Look()
    {
        foreach (var path in Files())
        {
            var file = new FileInfo(path);
            try
            {
                var now = (file.LastWriteTimeUtc, file.Length);
                if (_known.TryGetValue(path, out var before) && before == now) continue;
                _known[path] = now;
                Use(file);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException) { Refuse(file, unreadable.Message); }
        }
    }
}
