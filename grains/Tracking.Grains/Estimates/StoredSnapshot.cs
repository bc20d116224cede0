using Tracking.Domain.Estimates;
using Tracking.Journal;

namespace Tracking.Grains.Estimates;

/// <summary>The newest estimate snapshot as it is stored, for commands that only read.</summary>
public static class StoredSnapshot
{
    /// <summary>What everybody starts with, where nothing was learned yet or what was learned cannot be read.</summary>
    public static async Task<EddSnapshot> ReadAsync(IEventJournal journal, CancellationToken cancel = default)
    {
        var cursor = await journal.LoadCursorAsync(LearningGrain.Reader, 0, cancel);
        if (cursor.State.IsEmpty) return EddSnapshot.ColdStart;
        try { return LearningState.Read(cursor.State).Desk.Learner is { Published: > 0 } learner ? learner.Frozen() : EddSnapshot.ColdStart; }
        catch (InvalidDataException) { return EddSnapshot.ColdStart; }
    }
}
