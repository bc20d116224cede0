using Microsoft.Extensions.Options;
using Tracking.Carriers;
using Tracking.Carriers.Files;
using Tracking.Domain.Shipments;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Silo.Files;

/// <summary>
/// Reads what carriers drop into <c>{retailer}/{feedId}/</c>, file by file, the way a feed's message is recorded. A file is read once it has settled and its name is final, goes on where
/// it was after a restart, and ends in <c>done/</c>, or in <c>refused/</c> with the reason beside it.
/// </summary>
internal sealed partial class DropFolderService(
    IOptions<DropFolderOptions> options, RetailerDirectory retailers, FeedIntake intake, IngestGate gate, FileMetrics metrics, TimeProvider clock, ILogger<DropFolderService> log) : BackgroundService
{
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(1), TellEvery = TimeSpan.FromSeconds(10), LongestPause = TimeSpan.FromSeconds(30);

    // How senders call a file that they are still writing.
    private static readonly string[] Unfinished = [".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download", ".writing", ".inprogress", ".lock", ".swp"];
    // An empty file of this kind beside another one says that the other one is whole.
    private static readonly string[] Triggers = [".sem", ".done", ".ok", ".trg", ".trigger", ".flag", ".ready", ".ctl"];

    private readonly Dictionary<string, (long Length, DateTime Changed, DateTimeOffset Since)> _settling = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> _reading = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        if (string.IsNullOrWhiteSpace(options.Value.DropFolder)) return;
        await Task.Yield();
        var root = Path.GetFullPath(options.Value.DropFolder);
        try
        {
            while (true)
            {
                try { Look(root, stopping); }
                catch (Exception trouble) when (trouble is IOException or UnauthorizedAccessException) { Once(trouble.Message, () => LogTrouble(log, root, trouble.Message)); }
                await Task.Delay(TimeSpan.FromSeconds(options.Value.LookSeconds), clock, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }
        await Task.WhenAll(_reading.Values);   // each writes down how far it came
    }

    // ---- what is there ---------------------------------------------------------------------------------------------------

    private void Look(string root, CancellationToken stopping)
    {
        if (Directory.CreateDirectory(root) is { Exists: true }) Once(root, () => LogWatches(log, root));
        foreach (var retailer in retailers.All)
            foreach (var feedId in retailer.Options.Feeds.Keys)
                Directory.CreateDirectory(Path.Combine(root, retailer.Id, feedId));   // where to put what, to be seen

        foreach (var ended in _reading.Where(r => r.Value.IsCompleted).Select(r => r.Key).ToList()) _reading.Remove(ended);
        var (files, bytes) = (0, 0L);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var retailerFolder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
            foreach (var folder in Directory.EnumerateDirectories(retailerFolder).Order(StringComparer.Ordinal))
            {
                var waiting = Candidates(folder);
                files += waiting.Count;
                bytes += waiting.Sum(f => f.Length);
                foreach (var file in waiting) seen.Add(file.FullName);
                if (waiting.Count == 0 || _reading.ContainsKey(folder)) continue;
                if (FeedOf(Path.GetFileName(retailerFolder), Path.GetFileName(folder)) is not { } feed)
                {
                    Once(folder, () => LogNoFeed(log, folder));
                    continue;
                }
                var settled = waiting.Where(HasSettled).ToList();
                if (settled.Count > 0 && _reading.Count < options.Value.FeedsAtOnce) _reading.Add(folder, ReadAsync(feed, folder, settled, stopping));
            }
        foreach (var gone in _settling.Keys.Except(seen).ToList()) _settling.Remove(gone);
        metrics.Waiting(files, bytes);
    }

    private List<FileInfo> Candidates(string folder)
    {
        var all = new DirectoryInfo(folder).GetFiles();
        var found = new List<FileInfo>();
        foreach (var file in all)
        {
            var name = file.Name;
            if (name.StartsWith('.') || name.StartsWith('~') || name.EndsWith('~') || Unfinished.Any(u => name.EndsWith(u, StringComparison.OrdinalIgnoreCase))) continue;
            if ((file.Attributes & (FileAttributes.ReparsePoint | FileAttributes.Hidden | FileAttributes.System)) != 0)
            {
                Once(file.FullName, () => LogLink(log, file.FullName));   // a link would read, and move, what lies elsewhere
                continue;
            }
            if (IsTrigger(file, all)) continue;
            found.Add(file);
        }
        // The running number in a name is the sender's order; where there is none, the time is.
        return [.. found.OrderBy(f => f.LastWriteTimeUtc).ThenBy(f => f.Name, StringComparer.Ordinal)];
    }

    private static bool IsTrigger(FileInfo file, FileInfo[] all)
        => file.Length <= 1024 && Triggers.Any(t => file.Name.EndsWith(t, StringComparison.OrdinalIgnoreCase)) && (file.Length == 0 || TriggeredBy(file, all));

    private static bool TriggeredBy(FileInfo trigger, FileInfo[] all)
    {
        var stem = Path.GetFileNameWithoutExtension(trigger.Name);
        return all.Any(f => f.Name != trigger.Name && (f.Name.Equals(stem, StringComparison.OrdinalIgnoreCase) || Path.GetFileNameWithoutExtension(f.Name).Equals(stem, StringComparison.OrdinalIgnoreCase)));
    }

    private bool HasSettled(FileInfo file)
    {
        var now = clock.GetUtcNow();
        var (length, changed) = (file.Length, file.LastWriteTimeUtc);
        if (!_settling.TryGetValue(file.FullName, out var known) || known.Length != length || known.Changed != changed)
        {
            _settling[file.FullName] = (length, changed, now);
            return options.Value.SettleSeconds == 0;
        }
        return now - known.Since >= TimeSpan.FromSeconds(options.Value.SettleSeconds);
    }

    /// <summary>A configured feed of the retailer, or, as with the retailer's own key, a format by name.</summary>
    private Feed? FeedOf(string retailerId, string feedId)
    {
        if (retailers.Find(retailerId) is not { } retailer) return null;
        if (retailer.Options.Feeds.TryGetValue(feedId, out var feed)) return intake.Find(feed.Format) is { } decoder ? new Feed(retailer, feedId, decoder, feed.Carrier, feed.Zone) : null;
        return intake.Find(feedId) is { } format ? new Feed(retailer, null, format, null, null) : null;
    }

    private sealed record Feed(Retailer Retailer, string? Id, FeedDecoder Decoder, string? Carrier, string? Zone)
    {
        public override string ToString() => $"{Retailer.Id}/{Id ?? Decoder.Format}";
    }

    // ---- one file after the other ----------------------------------------------------------------------------------------

    private async Task ReadAsync(Feed feed, string folder, List<FileInfo> files, CancellationToken stopping)
    {
        await Task.Yield();
        foreach (var file in files)
        {
            if (stopping.IsCancellationRequested) return;
            try { await ReadAsync(feed, folder, file, stopping); }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested) { return; }
            catch (FileNotFoundException) { }   // somebody took it back
            catch (Exception trouble) when (trouble is IOException or UnauthorizedAccessException) { Once($"{file.FullName}: {trouble.Message}", () => LogTrouble(log, file.FullName, trouble.Message)); }
        }
    }

    private async Task ReadAsync(Feed feed, string folder, FileInfo file, CancellationToken stopping)
    {
        var progressPath = Path.Combine(folder, ".progress", file.Name + ".json");
        var progress = FileProgress.Load(progressPath, FileProgress.IdentityOf(file), clock.GetUtcNow());
        progress.Length = file.Length;
        if (progress.Parts > 0 || progress.Entry > 0) LogGoesOn(log, file.Name, feed, progress.Parts, progress.Pointer);
        else LogReads(log, file.Name, feed, file.Length);
        var began = clock.GetTimestamp();
        var refusals = new List<DecodeProblem>();
        var cutShort = false;
        metrics.Begin(progress);
        try
        {
            using var content = FeedFile.Open(file.FullName, options.Value.MaxUnpackedBytes);
            var saver = new Saver(progress, progressPath, content, clock, log);
            var entry = -1;
            var read = 0;
            foreach (var part in content.Parts())
            {
                entry++;
                if (part.Refusal is { } refused) { refusals.Add(refused); continue; }
                read++;
                if (entry < progress.Entry) continue;
                if (entry > progress.Entry) (progress.Entry, progress.Parts) = (entry, 0);
                if (await ReadPartAsync(feed, file, part, progress, saver, stopping) is { } wrong) refusals.Add(wrong);
            }
            if (read == 0 && refusals.Count > 0 && entry > 0) refusals.Insert(0, new DecodeProblem("file.nothing-readable", $"{file.Name} holds nothing that can be read."));
        }
        catch (FeedFileException broken)
        {
            refusals.Insert(0, new DecodeProblem(broken.Code, broken.Message));
            cutShort = true;
        }
        catch (OperationCanceledException)
        {
            progress.Save(progressPath);   // as far as it came
            throw;
        }
        finally { metrics.End(progress); }

        file.Refresh();
        if (FileProgress.IdentityOf(file) != progress.Identity)
        {
            // It was not whole after all. What was read is stored; the rest is new when it is read again.
            LogChanged(log, file.Name, feed);
            FileProgress.Forget(progressPath);
            return;
        }
        var stored = progress.Accepted + progress.Duplicate;
        if (cutShort || refusals.Count > 0 && stored == 0) Refuse(feed, folder, file, refusals, stored);
        else
        {
            var moved = Move(file, Path.Combine(folder, "done"));
            if (refusals.Count > 0) File.WriteAllText(moved + ".reason.txt", Reasons(refusals, "Not all of this file could be read."));
            metrics.File("done");
            LogDone(log, file.Name, feed, progress.Accepted, progress.Duplicate, progress.Quarantined, progress.Rejected, clock.GetElapsedTime(began).TotalSeconds);
        }
        FileProgress.Forget(progressPath);
        TakeTriggers(folder, file.Name);
    }

    // Null, or why the part as a whole is nothing to read.
    private async Task<DecodeProblem?> ReadPartAsync(Feed feed, FileInfo file, FeedFilePart part, FileProgress progress, Saver saver, CancellationToken stopping)
    {
        var context = new FeedContext
        {
            Feed = feed.Id ?? feed.Decoder.Format, Channel = "file", ReceivedAt = progress.ReceivedAt, Carrier = feed.Carrier, Zone = feed.Zone, MaxMessageBytes = intake.MaxBytes,
            FileName = part.Name,
        };
        var chunk = new List<DecodedItem>();
        var (scans, passed, behind) = (0, 0L, progress.Parts);
        DecodeProblem? whole = null;
        await foreach (var item in feed.Decoder.DecodeAsync(part.Content, context, stopping))
        {
            if (passed++ < behind) continue;   // stored before the restart
            // A file that is another than it should be: kept whole, and said so, beside its entry in quarantine.
            whole = passed == 1 && item.Problem is { } problem && (item.Pointer.Length == 0 || item.Pointer == part.Name) ? problem : null;
            chunk.Add(item);
            scans += Math.Max(1, item.Scans.Length);
            if (scans < FeedIntake.BatchSize) continue;
            await StoreAsync();
        }
        if (chunk.Count > 0) await StoreAsync();
        return passed == 1 ? whole : null;

        async Task StoreAsync()
        {
            await RecordAsync(feed, chunk, context, progress, stopping);
            progress.Parts = passed;
            progress.Pointer = chunk[^1].Pointer;
            saver.Moved(file.Name, feed);
            chunk.Clear();
            scans = 0;
        }
    }

    // Until it is stored: a file cannot be answered "send it again".
    private async Task RecordAsync(Feed feed, List<DecodedItem> chunk, FeedContext context, FileProgress progress, CancellationToken stopping)
    {
        for (var tries = 0; ; tries++)
        {
            while (gate.RetryAfter(feed.Retailer) is { } seconds) await Task.Delay(TimeSpan.FromSeconds(seconds), clock, stopping);
            var answers = await intake.RecordAsync(feed.Retailer, feed.Decoder.Format, chunk, context, feed.Id, stopping);
            if (answers.Any(a => a.Outcome == ScanOutcome.Failed))
            {
                if (tries == 0) LogWaits(log, feed);
                var pause = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Min(tries, 10)), LongestPause.TotalSeconds));
                await Task.Delay(pause, clock, stopping);
                continue;
            }
            int Of(ScanOutcome outcome) => answers.Count(a => a.Outcome == outcome);
            var (accepted, duplicate, quarantined, rejected) = (Of(ScanOutcome.Accepted), Of(ScanOutcome.Duplicate), Of(ScanOutcome.Quarantined), Of(ScanOutcome.Rejected));
            progress.Accepted += accepted;
            progress.Duplicate += duplicate;
            progress.Quarantined += quarantined;
            progress.Rejected += rejected;
            metrics.Scans("accepted", accepted);
            metrics.Scans("duplicate", duplicate);
            metrics.Scans("quarantined", quarantined);
            metrics.Scans("rejected", rejected);
            return;
        }
    }

    private sealed class Saver(FileProgress progress, string path, FeedFile content, TimeProvider clock, ILogger log)
    {
        private long _savedAt = clock.GetTimestamp(), _toldAt = clock.GetTimestamp();

        public void Moved(string name, Feed feed)
        {
            progress.Position = content.Position;
            if (clock.GetElapsedTime(_savedAt) >= SaveEvery)
            {
                progress.Save(path);
                _savedAt = clock.GetTimestamp();
            }
            if (clock.GetElapsedTime(_toldAt) < TellEvery) return;
            LogProgress(log, name, feed, progress.Length == 0 ? 100 : progress.Position * 100 / progress.Length, progress.Accepted, progress.Pointer);
            _toldAt = clock.GetTimestamp();
        }
    }

    // ---- where files end -------------------------------------------------------------------------------------------------

    private void Refuse(Feed feed, string folder, FileInfo file, List<DecodeProblem> reasons, long stored)
    {
        var name = file.Name;
        var moved = Move(file, Path.Combine(folder, "refused"));
        File.WriteAllText(moved + ".reason.txt", Reasons(reasons, stored == 0 ? "This file was refused; nothing of it was recorded." : $"This file was refused; {stored:N0} scans of it were recorded before it broke off."));
        metrics.File("refused");
        LogRefused(log, name, feed, reasons[0].Detail);
    }

    private string Reasons(List<DecodeProblem> reasons, string headline)
        => $"{headline}\n{string.Concat(reasons.Take(1000).Select(r => $"{r.Code}: {r.Detail}\n"))}{clock.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}\n";

    // A second file of one name stands beside the first.
    private string Move(FileInfo file, string to)
    {
        Directory.CreateDirectory(to);
        var target = Path.Combine(to, file.Name);
        for (var n = 2; File.Exists(target); n++) target = Path.Combine(to, $"{Path.GetFileNameWithoutExtension(file.Name)}.{clock.GetUtcNow():yyyyMMddHHmmss}{(n > 2 ? $"-{n}" : "")}{file.Extension}");
        File.Move(file.FullName, target);
        return target;
    }

    private static void TakeTriggers(string folder, string name)
    {
        var stem = Path.GetFileNameWithoutExtension(name);
        foreach (var trigger in Triggers)
            foreach (var path in (ReadOnlySpan<string>)[Path.Combine(folder, name + trigger), Path.Combine(folder, stem + trigger)])
                if (File.Exists(path) && new FileInfo(path).Length <= 1024)
                    File.Delete(path);
    }

    private void Once(string what, Action tell)
    {
        lock (_told)
        {
            if (_told.Count > 10_000) _told.Clear();
            if (!_told.Add(what)) return;
        }
        tell();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Files dropped into {Folder}/{{retailer}}/{{feedId}}/ are read.")]
    private static partial void LogWatches(ILogger log, string folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Files wait in {Folder}: no retailer and feed (or format) of those names is configured.")]
    private static partial void LogNoFeed(ILogger log, string folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} is a link or hidden and is left alone.")]
    private static partial void LogLink(ILogger log, string file);

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} of {Feed} is read: {Bytes} bytes.")]
    private static partial void LogReads(ILogger log, string file, Feed feed, long bytes);

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} of {Feed} goes on behind {Parts} parts that are stored ({Pointer}).")]
    private static partial void LogGoesOn(ILogger log, string file, Feed feed, long parts, string? pointer);

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} of {Feed}: {Percent} % read, {Accepted} scans recorded, at {Pointer}.")]
    private static partial void LogProgress(ILogger log, string file, Feed feed, long percent, long accepted, string? pointer);

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} of {Feed} is done: {Accepted} scans recorded, {Duplicate} known before, {Quarantined} quarantined, {Rejected} rejected, in {Seconds:0.0} s.")]
    private static partial void LogDone(ILogger log, string file, Feed feed, long accepted, long duplicate, long quarantined, long rejected, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} of {Feed} was refused: {Reason}")]
    private static partial void LogRefused(ILogger log, string file, Feed feed, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} of {Feed} changed while it was read and is read again.")]
    private static partial void LogChanged(ILogger log, string file, Feed feed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Scans of {Feed} cannot be stored now; its file waits.")]
    private static partial void LogWaits(ILogger log, Feed feed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} cannot be read or moved: {Problem}")]
    private static partial void LogTrouble(ILogger log, string path, string problem);
}
