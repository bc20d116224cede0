using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Estimates;
using Tracking.Journal;

namespace Tracking.Grains.Estimates;

/// <summary>
/// Brings the newest snapshot to this node, the stored one before its first grain runs, and keeps the learning grain at work: being asked is what keeps it. A snapshot that cannot be read leaves the last good one in use, and the log, a
/// counter and the calibration page say so.
/// </summary>
public sealed partial class EddKeeper(IGrainFactory grains, IEventJournal journal, EddBook book, IOptions<LearningOptions> options, LearningMetrics metrics, TimeProvider clock, ILogger<EddKeeper> log)
    : BackgroundService, IHostedLifecycleService
{
    /// <summary>Before any service starts: a node that has just come must not draw a date, or offer something for a missed one, from numbers that are long outdone.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (!options.Value.Enabled) return;
        try
        {
            if (await StoredSnapshot.ReadWithBookAsync(journal, cancellationToken) is { } stored) book.Begin(stored.Snapshot, stored.Book);
        }
        catch (Exception refused) when (refused is JournalUnavailableException or TimeoutException) { LogAway(log, refused.Message); }   // whoever decides meanwhile cannot store it either
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        if (!options.Value.Enabled) return;
        string? said = null;
        try
        {
            while (true)
            {
                try { said = await LookAsync(said); }
                catch (Exception refused) when (refused is not OperationCanceledException) { LogAway(log, refused.Message); }   // the next look tries again
                await Task.Delay(TimeSpan.FromSeconds(options.Value.LookSeconds), clock, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }   // a stop is no fault
    }

    private async Task<string?> LookAsync(string? said)
    {
        var model = await grains.GetGrain<ILearningGrain>(0).Newest(book.Current.Id);
        var trouble = book.Take(model);
        if (trouble is null)
        {
            if (!model.Snapshot.IsDefaultOrEmpty) LogTaken(log, book.Current.Id, model.Status.Learned, model.Status.Open);
            return null;
        }
        metrics.SnapshotsRefused.Add(1);
        if (trouble != said) LogRefused(log, trouble);
        return trouble;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Snapshot {Snapshot} is in use: {Learned} waits learned, {Open} parcels followed.")]
    private static partial void LogTaken(ILogger log, long snapshot, long learned, int open);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Trouble}")]
    private static partial void LogRefused(ILogger log, string trouble);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The learning grain could not be asked and will be again: {Problem}")]
    private static partial void LogAway(ILogger log, string problem);
}
