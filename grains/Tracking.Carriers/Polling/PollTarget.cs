using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Polling;

/// <summary>A shipment somebody wants to hear of, and what is known of it.</summary>
/// <param name="LastHeardAt">When a carrier last told something new; null for never.</param>
/// <param name="OpenedAt">When the shipment became known to us.</param>
/// <param name="Pushed">True when something about it came by push: then it is not asked for.</param>
/// <param name="Division">DHL's <c>service</c>, where the carrier's slug does not tell it.</param>
public sealed record PollTarget(
    ShipmentKey Key, Milestone Status, DateTimeOffset OpenedAt, DateTimeOffset? LastHeardAt = null, bool Pushed = false, string? Division = null);

/// <summary>What a carrier answered, whole, for the format's decoder. Several shipments may stand in one answer.</summary>
public sealed record PollAnswer(string Retailer, string Format, IReadOnlyList<PollTarget> Asked, ReadOnlyMemory<byte> Body, DateTimeOffset ReceivedAt);

/// <summary>When a shipment is asked for next, and how often in a row that failed. What survives a restart.</summary>
public readonly record struct PollDue(DateTimeOffset Due, int Failures);

/// <summary>The host's side of polling: it knows the shipments and keeps the answers.</summary>
public interface IPollHost
{
    /// <summary>
    /// What is known of a shipment now, just before it is asked for: a push or a delivery may have told of it elsewhere meanwhile. Null: it is not to be asked for any more.
    /// </summary>
    ValueTask<PollTarget?> LookAsync(PollTarget known, CancellationToken cancel);

    /// <summary>
    /// Takes an answer in: decodes it and records its scans, with channel <c>poll</c>. When the task completes the answer is durable; when it fails, the question is asked again
    /// later. False when the answer is a polite "not found".
    /// </summary>
    ValueTask<bool> TakeAsync(PollAnswer answer, CancellationToken cancel);
}
