using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Grains.Recovery;

/// <summary>The shop's promotion system hears of an offer's life, with the offer's own id: at least once, so it can tell a repetition.</summary>
public interface IPromotions
{
    /// <param name="what"><c>offer.made</c>, <c>offer.accepted</c>, <c>offer.declined</c>, <c>offer.expired</c>.</param>
    /// <param name="at">When it was stored.</param>
    Task SendAsync(OrderKey order, string what, RecoveryDecision decision, RemedyKind? remedy, string? code, DateTimeOffset at, CancellationToken cancel);
}
