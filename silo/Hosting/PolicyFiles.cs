using Tracking.Domain.Recovery;
using Tracking.Grains.Recovery;
using Tracking.Web.Retailers;

namespace Tracking.Silo.Hosting;

/// <summary>
/// Recovery policies as files: <c>policies/{retailer}.json</c> below the data folder, looked at every two seconds. A file with a problem is not used: what it said before
/// stays, and the problem is logged once with its line and what to do.
/// </summary>
internal sealed partial class PolicyFiles(string folder, PolicyBook book, RetailerDirectory retailers, TimeProvider clock, ILogger<PolicyFiles> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private readonly Dictionary<string, (DateTime Written, long Length)> _known = new(StringComparer.Ordinal);

    public static string Folder(IConfiguration configuration) => Path.Combine(SiloConfiguration.DataFolder(configuration), "policies");

    /// <summary>Everything wrong with the files of a folder, one sentence each.</summary>
    public static IReadOnlyList<string> Check(string folder, Func<string, string?> currencyOf)
    {
        var problems = new List<string>();
        foreach (var path in Paths(folder))
        {
            var name = $"policies/{Path.GetFileName(path)}";
            var retailer = Path.GetFileNameWithoutExtension(path);
            if (currencyOf(retailer) is not { } currency) { problems.Add($"{name}: no retailer '{retailer}' is known; the file is named after one."); continue; }
            try
            {
                PolicyReader.Read(File.ReadAllBytes(path), currency, out var wrong);
                problems.AddRange(wrong.Select(w => $"{name}: {w}"));
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException) { problems.Add($"{name} cannot be read: {unreadable.Message}"); }
        }
        return problems;
    }

    /// <summary>The policies of a folder that can be read, each with its file.</summary>
    public static IEnumerable<(RecoveryPolicy Policy, string Path)> Readable(string folder)
    {
        foreach (var path in Paths(folder))
        {
            byte[] text;
            try { text = File.ReadAllBytes(path); }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException) { continue; }   // said already
            if (PolicyReader.Read(text, null, out _) is { } policy) yield return (policy, path);
        }
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Look();   // before anything is decided
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
        foreach (var path in Paths(folder))
        {
            try
            {
                var file = new FileInfo(path);
                var now = (file.LastWriteTimeUtc, file.Length);
                if (_known.TryGetValue(path, out var before) && before == now) continue;
                _known[path] = now;
                var retailer = Path.GetFileNameWithoutExtension(path);
                if (retailers.Find(retailer) is not { } known) { LogStranger(log, file.Name, retailer); continue; }
                if (PolicyReader.Read(File.ReadAllBytes(path), known.Options.Currency, out var problems) is not { } policy) { LogRefused(log, file.Name, string.Join(" ", problems)); continue; }
                book.Publish(retailer, policy);
                LogPublished(log, retailer, policy.Version);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException) { LogRefused(log, path, unreadable.Message); }
        }
    }

    private static IEnumerable<string> Paths(string folder) => Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal) : [];

    [LoggerMessage(Level = LogLevel.Information, Message = "Recovery policy of {Retailer}: version {Version} is used from now on.")]
    private static partial void LogPublished(ILogger log, string retailer, int version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The recovery policy {File} was refused and the last good one stays: {Problems}")]
    private static partial void LogRefused(ILogger log, string file, string problems);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The recovery policy {File} belongs to no retailer: '{Retailer}' is not known.")]
    private static partial void LogStranger(ILogger log, string file, string retailer);
}
