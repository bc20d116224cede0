using Tracking.Domain.Estimates;

namespace Tracking.Contracts.Estimates;

/// <summary>The estimates of this node: the snapshot in use and how well the engine keeps its word. Reading is a field, never a call.</summary>
public interface IEstimates
{
    EddSnapshot Current { get; }

    /// <summary>Stated against kept, as of the newest snapshot; null before the first.</summary>
    CalibrationBook? Book { get; }

    LearningStatus Status { get; }

    /// <summary>Why the newest snapshot is not in use, in a sentence; null when it is.</summary>
    string? Trouble { get; }
}

/// <summary>Which retailers let their deliveries feed what all retailers' estimates start from (<c>Retailers:{id}:ShareDeliveries</c>).</summary>
public interface IDeliverySharing
{
    IReadOnlyCollection<string> Sharing { get; }
}
