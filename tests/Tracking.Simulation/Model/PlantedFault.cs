namespace Tracking.Simulation.Model;

/// <summary>Bugs put in on purpose, to prove that somebody would notice. They live in the model around the product, never in it.</summary>
internal enum PlantedFault
{
    None,
    /// <summary>The journal answers as soon as an append is queued.</summary>
    AckBeforeCommit,
    /// <summary>The database takes a version of a stream that it has.</summary>
    NoUniqueIndex,
    /// <summary>What a shipment heard before it was last read into memory is forgotten.</summary>
    DedupeForgets,
    /// <summary>Readers move past transactions that are still open.</summary>
    CursorSkipsLateCommits,
    /// <summary>Calls wait for a grain without limit.</summary>
    UnboundedQueue,
    /// <summary>A retried message is a new message.</summary>
    RetryWithoutId,
    /// <summary>An older head overwrites a newer one.</summary>
    VersionCheckDropped,
    /// <summary>Whether a purse has enough is asked in one turn and taken in another.</summary>
    BudgetOutsideTheTurn,
    /// <summary>An open page shows whatever came last.</summary>
    PushWithoutVersion,
}
