using Tracking.Domain.Recovery;
using Tracking.Grains.Recovery;
using Tracking.Web.Retailers;

namespace Tracking.Silo.Hosting;

/// <summary>
/// Recovery policies as files: <c>policies/{retailer}.json</c> below the data folder, looked at every two seconds. A file with a problem is not used: what it said before
/// stays, and the problem is logged once with its line and what to do.
/// </summary>
internal sealed partial class PolicyFiles(string folder, PolicyBook book, RetailerDirectory retailers, TimeProvider clock, ILogger<PolicyFiles> log) : WatchedFiles(clock)
{
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

    protected override IEnumerable<string> Files() => Paths(folder);

    protected override void Use(FileInfo file)
    {
        var retailer = Path.GetFileNameWithoutExtension(file.Name);
        if (retailers.Find(retailer) is not { } known) LogStranger(log, file.Name, retailer);
        else if (PolicyReader.Read(File.ReadAllBytes(file.FullName), known.Options.Currency, out var problems) is not { } policy) LogRefused(log, file.Name, string.Join(" ", problems));
        else
        {
            book.Publish(retailer, policy);
            LogPublished(log, retailer, policy.Version);
        }
    }

    protected override void Refuse(FileInfo file, string problem) => LogRefused(log, file.FullName, problem);

    private static IEnumerable<string> Paths(string folder) => Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal) : [];

    [LoggerMessage(Level = LogLevel.Information, Message = "Recovery policy of {Retailer}: version {Version} is used from now on.")]
    private static partial void LogPublished(ILogger log, string retailer, int version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The recovery policy {File} was refused and the last good one stays: {Problems}")]
    private static partial void LogRefused(ILogger log, string file, string problems);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The recovery policy {File} belongs to no retailer: '{Retailer}' is not known.")]
    private static partial void LogStranger(ILogger log, string file, string retailer);
}
