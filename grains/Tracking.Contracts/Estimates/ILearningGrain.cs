namespace Tracking.Contracts.Estimates;

/// <summary>
/// Learns from every retailer's finished journeys and publishes snapshots. One in the cluster (key 0): it reads the journal behind a position that is stored in one row with what was learned,
/// so a crash repeats work and never counts twice.
/// </summary>
[Alias("tracking.learning-grain")]
public interface ILearningGrain : IGrainWithIntegerKey
{
    /// <summary>The newest model if it is newer than what the caller has, with how the learning stands. Being called keeps the grain learning.</summary>
    [Alias("newest")] Task<LearnedModel> Newest(long knownSnapshot);
}

/// <param name="SnapshotId">Id of the newest snapshot; 0 before the first.</param>
/// <param name="Snapshot">The snapshot's bytes; empty when the caller has it already.</param>
/// <param name="Book">The calibration book's bytes; empty likewise.</param>
[GenerateSerializer, Immutable, Alias("tracking.learned-model")]
public sealed record LearnedModel(
    [property: Id(0)] long SnapshotId,
    [property: Id(1)] ImmutableArray<byte> Snapshot,
    [property: Id(2)] ImmutableArray<byte> Book,
    [property: Id(3)] LearningStatus Status);

/// <summary>How the learning stands.</summary>
/// <param name="Learned">Waits learned from so far.</param>
/// <param name="Refused">Waits refused because their times are impossible.</param>
/// <param name="Open">Parcels under way that are followed.</param>
/// <param name="PastDeadline">Those of them past the instant by which 97 of 100 like them had arrived.</param>
/// <param name="PublishedAt">What the newest snapshot is as of.</param>
/// <param name="Trouble">What went wrong last, in a sentence; null when nothing does.</param>
[GenerateSerializer, Immutable, Alias("tracking.learning-status")]
public sealed record LearningStatus(
    [property: Id(0)] long Learned,
    [property: Id(1)] long Refused,
    [property: Id(2)] int Open,
    [property: Id(3)] int PastDeadline,
    [property: Id(4)] DateTimeOffset PublishedAt,
    [property: Id(5)] string? Trouble)
{
    public static readonly LearningStatus None = new(0, 0, 0, 0, DateTimeOffset.UnixEpoch, null);
}
