using Tracking.Domain.Recovery;
using Tracking.Grains.Recovery;
using Tracking.Web.Retailers;

namespace Tracking.Silo.Hosting;

/// <summary>
/// Shops' own codes as files: <c>codes/{retailer}/{pool}.txt</c> below the data folder, one code a line, looked at every two seconds. Codes may be added at any time; one that was given out stays given,
/// whatever the file says later.
/// </summary>
internal sealed partial class CodeFiles(IConfiguration configuration, CodeShelf shelf, TimeProvider clock, ILogger<CodeFiles> log) : WatchedFiles(clock)
{
    private const long MaxBytes = 64 << 20;

    private static string Folder(IConfiguration configuration) => Path.Combine(SiloConfiguration.DataFolder(configuration), "codes");

    /// <summary>Everything wrong with the files, and pools that a policy names and nobody filled, one sentence each. No code is repeated.</summary>
    public static IReadOnlyList<string> Check(IConfiguration configuration)
    {
        var problems = new List<string>();
        var folder = Folder(configuration);
        foreach (var retailer in Directory.Exists(folder) ? Directory.GetDirectories(folder) : [])
        {
            var where = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var path in Paths(retailer))
            {
                var name = $"codes/{Path.GetFileName(retailer)}/{Path.GetFileName(path)}";
                if (!CodePool.IsName(Path.GetFileNameWithoutExtension(path))) { problems.Add($"{name}: a pool's name is 1 to 40 small letters, digits and hyphens."); continue; }
                try
                {
                    var wrong = new List<string>();
                    foreach (var code in Read(path, wrong).Codes)
                        if (!where.TryAdd(code, Path.GetFileName(path))) { wrong.Add($"a code of it stands in {where[code]} too; it is given out once."); break; }
                    problems.AddRange(wrong.Take(20).Select(w => $"{name}: {w}"));
                }
                catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException) { problems.Add($"{name} cannot be read: {unreadable.Message}"); }
            }
        }
        foreach (var (policy, path) in PolicyFiles.Readable(PolicyFiles.Folder(configuration)))
            foreach (var pool in policy.Pools)
                if (!File.Exists(Path.Combine(folder, Path.GetFileNameWithoutExtension(path), pool + ".txt")))
                    problems.Add($"policies/{Path.GetFileName(path)}: its pool '{pool}' has no file codes/{Path.GetFileNameWithoutExtension(path)}/{pool}.txt, one code a line.");
        return problems;
    }

    protected override IEnumerable<string> Files()
    {
        var folder = Folder(configuration);
        if (!Directory.Exists(folder)) return [];
        return Directory.GetDirectories(folder).Where(static f => RetailerDirectory.IsId(Path.GetFileName(f))).SelectMany(Paths).Where(static path => CodePool.IsName(Path.GetFileNameWithoutExtension(path)));
    }

    protected override void Use(FileInfo file)
    {
        var retailer = file.Directory!.Name;
        var problems = new List<string>();
        var pool = Read(file.FullName, problems);
        shelf.Put(retailer, pool);
        LogRead(log, retailer, pool.Name, pool.Codes.Length);
        if (problems.Count > 0) LogLines(log, retailer, pool.Name, problems.Count, problems[0]);
    }

    protected override void Refuse(FileInfo file, string problem) => LogRefused(log, file.Name, problem);

    private static CodePool Read(string path, List<string> problems)
    {
        if (new FileInfo(path).Length > MaxBytes) throw new IOException("A pool's file has at most 64 MB.");
        return CodePool.Read(Path.GetFileNameWithoutExtension(path), File.ReadAllBytes(path), problems);
    }

    private static IEnumerable<string> Paths(string folder) => Directory.GetFiles(folder, "*.txt").Order(StringComparer.Ordinal);

    [LoggerMessage(Level = LogLevel.Information, Message = "Codes of {Retailer}: pool {Pool} holds {Count}.")]
    private static partial void LogRead(ILogger log, string retailer, string pool, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Codes of {Retailer}: {Count} lines of pool {Pool} are not used; the first: {Problem}")]
    private static partial void LogLines(ILogger log, string retailer, string pool, int count, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The file of codes {File} cannot be read and what it said before stays: {Problem}")]
    private static partial void LogRefused(ILogger log, string file, string problem);
}
