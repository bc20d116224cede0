using Tracking.Domain.Estimates;
using Tracking.Journal;

namespace Tracking.Grains.Estimates;

/// <summary>The newest estimate snapshot as it is stored: for commands that only read, and for a node that has not asked anybody yet.</summary>
public static class StoredSnapshot
{
    /// <summary>What everybody starts with, where nothing was learned yet or what was learned cannot be read.</summary>
    public static async Task<EddSnapshot> ReadAsync(IEventJournal journal, CancellationToken cancel = default)
        => (await ReadWithBookAsync(journal, cancel))?.Snapshot ?? EddSnapshot.ColdStart;

    /// <summary>With how well its bands were kept; null where nothing was published yet or what was cannot be read.</summary>
    public static async Task<(EddSnapshot Snapshot, CalibrationBook Book)?> ReadWithBookAsync(IEventJournal journal, CancellationToken cancel = default)
    {
        var cursor = await journal.LoadCursorAsync(LearningGrain.Reader, 0, cancel);
        if (cursor.State.IsEmpty) return null;
        try { return LearningState.Read(cursor.State).Desk is { Learner.Published: > 0 } desk ? (desk.Learner.Frozen(), desk.Book) : null; }
        catch (InvalidDataException) { return null; }
    }
}
