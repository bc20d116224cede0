namespace Tracking.Journal;

/// <summary>
/// One open database and everything that is kept in it. Open it with <see cref="JournalFactory"/>. Disposing drains: what was queued is written (or answered that
/// it was not), offered heads are flushed, the lock is given back.
/// </summary>
public abstract class JournalStore : IAsyncDisposable
{
    public abstract IEventJournal Journal { get; }

    public abstract IHeadStore Heads { get; }

    public abstract Contracts.Ports.IQuarantine Quarantine { get; }

    public abstract IGrainStateStore GrainState { get; }

    /// <summary>Product, version and place, without secrets: for the start-up line and the console.</summary>
    public abstract string Description { get; }

    /// <summary>Null when an append could be stored now; otherwise one line that names what fails. Answers within <see cref="JournalOptions.AnswerWithin"/>.</summary>
    public abstract ValueTask<string?> PingAsync(CancellationToken cancel = default);

    /// <summary>Cancelled when another process took the database over after our connection was lost: stop serving. Versions fence its writes and ours meanwhile.</summary>
    public abstract CancellationToken LockLost { get; }

    /// <summary>
    /// Begins a new life of the database, after a restore or a move and before anything else runs on it: readers then resume an hour before the newest row they had read
    /// instead of trusting positions that mean nothing any more.
    /// </summary>
    public abstract ValueTask RenewEpochAsync(CancellationToken cancel = default);

    public abstract ValueTask DisposeAsync();
}
