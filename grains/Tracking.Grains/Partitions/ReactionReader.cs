using Microsoft.Extensions.Logging;
using Tracking.Grains.Telemetry;
using Tracking.Journal;

namespace Tracking.Grains.Partitions;

/// <summary>
/// Runs the reactions of one partition behind the cursor <c>reactions</c>. A page of marked rows is handled (streams side by side, the rows of one stream one
/// after the other) and only then the position is saved, by compare-and-set: a crash or a second reader repeats work and skips none. A row that fails is set
/// aside in the same save and tried again after 1 s, 2 s, 4 s … up to <see cref="PartitionOptions.LongestRetrySeconds"/>, for ever; only its own stream waits. When
/// <see cref="PartitionOptions.SetAsideLimit"/> rows wait, nothing new is read until some succeed: then it is not one bad row but something everybody needs.
/// </summary>
public sealed partial class ReactionReader(
    int partition, IEventJournal journal, IReadOnlyList<IReaction> reactions, PartitionOptions options, TrackingMetrics metrics, TimeProvider clock, ILogger log)
{
    public const string CursorName = "reactions";

    private ReaderCursor? _cursor;
    private SetAside _aside = SetAside.Read(default);
    private int _counted;

    /// <summary>Reads one page and tries again what is due. The number of rows read; a full page means that there may be more.</summary>
    public async Task<int> ReadAsync(CancellationToken cancel)
    {
        if (reactions.Count == 0) return 0;
        try
        {
            if (_cursor is null)
            {
                _cursor = await journal.LoadCursorAsync(CursorName, partition, cancel);
                _aside = SetAside.Read(_cursor.State);
            }
            var changed = await TryAgainAsync(cancel);
            var full = _aside.Count >= options.SetAsideLimit;
            if (full) LogFull(log, partition, _aside.Count);
            var page = full ? new PartitionPage([], _cursor.Position) : await journal.ReadMarkedAsync(partition, _cursor.Position, options.ReactionPage, cancel);
            if (page.Rows.Count > 0)
            {
                metrics.ReactionLag.Record(Math.Max(0, (clock.GetUtcNow() - page.Rows[0].RecordedAt).TotalSeconds));
                await HandleAsync(page.Rows, cancel);
                changed = true;
            }
            if (changed) await SaveAsync(page, cancel);
            return page.Rows.Count;
        }
        catch
        {
            Forget();
            throw;
        }
    }

    /// <summary>Starts again from what is stored. Also when somebody else reads this partition from now on.</summary>
    public void Forget()
    {
        _cursor = null;
        Count(0);
    }

    private async Task SaveAsync(PartitionPage page, CancellationToken cancel)
    {
        var recordedAt = page.Rows.Count > 0 ? page.Rows[^1].RecordedAt : _cursor!.RecordedAt;
        var moved = _cursor! with { Position = page.Position, RecordedAt = recordedAt, State = _aside.Write() };
        if (!await journal.SaveCursorAsync(moved, cancel))
        {
            Forget();   // another activation reads here too; what both did was done once
            return;
        }
        _cursor = moved with { Revision = moved.Revision + 1 };
        Count(_aside.Count);
    }

    private async Task HandleAsync(IReadOnlyList<JournalRow> rows, CancellationToken cancel)
    {
        var streams = new Queue<List<JournalRow>>();
        var known = new Dictionary<string, List<JournalRow>>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            if (!Wanted(row.Stream)) continue;
            if (!known.TryGetValue(row.Stream, out var of)) streams.Enqueue(known[row.Stream] = of = []);
            of.Add(row);
        }
        await Workers(Math.Min(options.ReactionsAtOnce, streams.Count), async () =>
        {
            while (streams.TryDequeue(out var stream)) await HandleStreamAsync(stream, cancel);
        });
    }

    private async Task HandleStreamAsync(List<JournalRow> rows, CancellationToken cancel)
    {
        foreach (var row in rows)
        {
            if (_aside.Holds(row.Stream) || await ReactAsync(row, 1, cancel) is not null) _aside.Add(row.Stream, row.Version, clock.GetUtcNow());
        }
    }

    private async Task<bool> TryAgainAsync(CancellationToken cancel)
    {
        var due = new Queue<string>(_aside.Due(clock.GetUtcNow()));
        if (due.Count == 0) return false;
        await Workers(Math.Min(options.ReactionsAtOnce, due.Count), async () =>
        {
            while (due.TryDequeue(out var stream)) await TryStreamAgainAsync(stream, cancel);
        });
        return true;
    }

    private async Task TryStreamAgainAsync(string stream, CancellationToken cancel)
    {
        var versions = _aside.VersionsOf(stream).ToHashSet();
        await foreach (var row in journal.ReadAsync(stream, cancel))
        {
            if (!versions.Contains(row.Version)) continue;
            if (await ReactAsync(row, 2, cancel) is { } failed)
            {
                var tries = _aside.Again(stream, clock.GetUtcNow(), TimeSpan.FromSeconds(options.LongestRetrySeconds));
                if (tries % 10 == 0) LogStillFailing(log, stream, row.Version, tries, failed);
                return;
            }
            _aside.Done(stream, row.Version);
        }
    }

    private async Task<string?> ReactAsync(JournalRow row, int attempt, CancellationToken cancel)
    {
        foreach (var reaction in reactions)
        {
            if (!reaction.Kinds.Contains(row.Stream[0], StringComparison.Ordinal)) continue;
            try
            {
                await reaction.ReactAsync(row, cancel);
            }
            catch (Exception failed) when (failed is not OperationCanceledException || !cancel.IsCancellationRequested)
            {
                metrics.ReactionsFailed.Add(1, new KeyValuePair<string, object?>("reaction", reaction.Name));
                if (attempt == 1) LogSetAside(log, row.Stream, row.Version, reaction.Name, failed.Message);
                return failed.Message;
            }
        }
        metrics.ReactionsRun.Add(1);
        return null;
    }

    private bool Wanted(string stream)
    {
        foreach (var reaction in reactions)
            if (reaction.Kinds.Contains(stream[0], StringComparison.Ordinal))
                return true;
        return false;
    }

    private void Count(int aside)
    {
        metrics.ReactionsSetAside.Add(aside - _counted);
        _counted = aside;
    }

    // No semaphore: these all run in the turns of one activation.
    private static Task Workers(int count, Func<Task> work) => Task.WhenAll(Enumerable.Range(0, count).Select(_ => work()));

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Stream} version {Version}: the reaction {Reaction} failed and is set aside to be tried again: {Problem}")]
    private static partial void LogSetAside(ILogger log, string stream, int version, string reaction, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Stream} version {Version} still fails after {Tries} tries; a person is needed: {Problem}")]
    private static partial void LogStillFailing(ILogger log, string stream, int version, int tries, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "Partition {Partition} reads no further: {Count} rows are set aside.")]
    private static partial void LogFull(ILogger log, int partition, int count);
}
