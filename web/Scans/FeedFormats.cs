using Microsoft.Extensions.Logging;
using Tracking.Carriers;
using Tracking.Carriers.Mapping;

namespace Tracking.Web.Scans;

/// <summary>
/// The formats that this silo reads: the built-in ones, and the operator's mapping files. The folder is looked at again when it changed, at most every
/// few seconds; a file that is wrong is left out and said once, and never takes a right one with it.
/// </summary>
public sealed partial class FeedFormats(string folder, TimeProvider clock, ILogger<FeedFormats> log)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);

    private readonly Lock _loading = new();
    private volatile Loaded? _loaded;

    public IEnumerable<string> Names => FeedDecoders.BuiltIn.Concat(Current().Decoders).Select(d => d.Format);

    public FeedDecoder? Find(string format) => FeedDecoders.Find(format) ?? Current().Find(format);

    private MappedFormats Current()
    {
        var now = clock.GetTimestamp();
        if (_loaded is { } fresh && clock.GetElapsedTime(fresh.LookedAt, now) < LookEvery) return fresh.Formats;
        lock (_loading)
        {
            var stamp = Stamp();
            if (_loaded is { } known && known.Stamp == stamp) return (_loaded = known with { LookedAt = now }).Formats;
            var formats = MappedFormats.Load(folder);
            foreach (var (file, problem) in formats.Problems) LogWrong(log, file, problem.ToString());
            _loaded = new Loaded(formats, stamp, now);
            return formats;
        }
    }

    // Names, sizes and times of the files: cheap, and different after every change that matters.
    private string Stamp() => !Directory.Exists(folder) ? "" : string.Join('|', new DirectoryInfo(folder).EnumerateFiles("*.json")
        .OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => $"{f.Name}:{f.Length}:{f.LastWriteTimeUtc.Ticks}"));

    private sealed record Loaded(MappedFormats Formats, string Stamp, long LookedAt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The mapping file {File} is left out: {Problem}")]
    private static partial void LogWrong(ILogger log, string file, string problem);
}
