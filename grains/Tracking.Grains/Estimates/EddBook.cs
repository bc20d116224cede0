using Tracking.Contracts.Estimates;
using Tracking.Domain.Estimates;

namespace Tracking.Grains.Estimates;

/// <summary>
/// The estimate snapshot this node uses now. Grains read it without a call; whoever publishes a newer one replaces it whole, so an estimate never
/// mixes two. One per silo.
/// </summary>
public sealed class EddBook : IEstimates
{
    private volatile EddSnapshot _current = EddSnapshot.ColdStart;
    private volatile CalibrationBook? _book;
    private volatile LearningStatus _status = LearningStatus.None;
    private volatile string? _trouble;

    public EddSnapshot Current => _current;
    public CalibrationBook? Book => _book;
    public LearningStatus Status => _status;
    public string? Trouble => _trouble ?? _status.Trouble;

    /// <summary>Takes a newer snapshot; an older one changes nothing. True if it was taken.</summary>
    public bool Publish(EddSnapshot snapshot)
    {
        while (true)
        {
            var known = _current;
            if (snapshot.Id <= known.Id) return false;
            if (Interlocked.CompareExchange(ref _current, snapshot, known) == known) return true;
        }
    }

    /// <summary>Takes what is stored, before anybody was asked.</summary>
    public void Begin(EddSnapshot snapshot, CalibrationBook book)
    {
        if (Publish(snapshot)) _book = book;
    }

    /// <summary>Takes what the learning grain answered. Bytes that cannot be read change nothing, and their reason is kept for people.</summary>
    /// <returns>Null, or why the last good snapshot stays.</returns>
    public string? Take(LearnedModel model)
    {
        _status = model.Status;
        if (model.Snapshot.IsDefaultOrEmpty) return null;
        try
        {
            var snapshot = SnapshotCodec.Read(model.Snapshot.AsMemory(), _current);
            var book = CalibrationBook.Read(model.Book.AsMemory());
            Publish(snapshot);
            _book = book;
            return _trouble = null;
        }
        catch (InvalidDataException damaged)
        {
            return _trouble = FormattableString.Invariant($"Snapshot {model.SnapshotId} could not be read and snapshot {_current.Id} stays in use: {damaged.Message}");
        }
    }
}
