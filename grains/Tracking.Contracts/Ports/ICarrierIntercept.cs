using Tracking.Domain.Changes;
using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Ports;

/// <summary>
/// The way to whoever can change a delivery under way: a carrier's own interface, or the shop that has one. Called behind the journal, so perhaps more than
/// once for one request: the id tells.
/// </summary>
public interface ICarrierIntercept
{
    /// <summary>
    /// Hands a request over. <see cref="ChangeState.Asked"/>: taken, the answer comes later (by <c>POST /v1/shipments/…/changes/{id}</c>). Throws when it
    /// cannot be handed over now; it is tried again with growing pauses.
    /// </summary>
    ValueTask<InterceptAnswer> AskAsync(InterceptRequest request, CancellationToken cancel = default);
}

/// <param name="Words">What the recipient wrote. Personal.</param>
public sealed record InterceptRequest(string Id, ShipmentKey Shipment, ChangeKind Kind, DateOnly? Day, string? Words, DateTimeOffset AskedAt)
{
    public override string ToString() => $"{Kind.Name()} {Id}";
}

/// <param name="Reason">In the carrier's words; shown to the recipient.</param>
public readonly record struct InterceptAnswer(ChangeState State, string? Reason = null);
