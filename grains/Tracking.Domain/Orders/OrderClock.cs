using Tracking.Domain.Estimates;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Orders;

/// <param name="Append">What is to be stored; null: nothing.</param>
/// <param name="Next">The order once that is stored.</param>
/// <param name="DueAt">When to look again; null: never, until something is heard.</param>
public readonly record struct OrderLook(OrderAppend? Append, Order Next, DateTimeOffset? DueAt);

/// <summary>What scans and the passing of time mean for an order: decisions that fell due, reminders, the end of offers, a promise kept after all, and when to look again.</summary>
public static class OrderClock
{
    /// <summary>
    /// Looks at an order. Only what reached us up to <paramref name="now"/> less <paramref name="grace"/> counts: the grace is for scans that are being stored
    /// at this moment, so that whoever looks later sees the same.
    /// </summary>
    /// <param name="before">Nothing that falls due from then on is decided; for a stand-in whose order was told then.</param>
    /// <param name="knownDue">When this order was to be woken, as far as that is stored for sure; null: unknown or never.</param>
    public static OrderLook Look(
        Order order, IReadOnlyList<ShipmentStory> stories, RecoveryPolicy policy, EddSnapshot edd, DateTimeOffset now, TimeSpan grace, DateTimeOffset? knownDue,
        DateTimeOffset? before = null)
    {
        if (order.TakenOverBy is not null) return new OrderLook(null, order, null);
        var until = before is { } end && end < now - grace ? end.AddTicks(-1) : now - grace;
        var walked = DisruptionWalk.Walk(order, stories, edd, policy.Thresholds, policy.Settle, policy.Since, until);
        var at = RecordedTime.Next(now, order.RecordedAt);
        var events = ImmutableArray.CreateBuilder<OrderEvent>();
        var next = order;

        foreach (var moment in walked.Moments)
            foreach (var decision in RecoveryDesk.Decide(next, policy, moment, now))
                Add(new RemedyDecided(decision));
        if (walked.Kept && next.Promise is { } promise && !next.KeptAgain.Contains(promise.Revision) && Doubted(next, promise) is { } doubted)
            Add(new PromiseKeptAgain(doubted.Id, promise.Revision, until));
        foreach (var offer in next.Offers)
        {
            if (offer.State != OfferState.Open) continue;
            if (offer.Decision.ExpiresAt <= now) Add(new OfferExpired(offer.Id, "time"));
            else if (offer.Decision.EndsWhenRestored && walked.Kept) Add(new OfferExpired(offer.Id, "promise-kept"));
            else if (!offer.Reminded && offer.Decision.RemindAt <= now) Add(new OfferReminded(offer.Id));
        }

        var due = Due(next, walked.Next + grace, now);
        var dates = walked.Dates with { LookAt = due };
        var earlier = due is { } wanted && (knownDue is not { } known || wanted < known);
        if (earlier || !dates.SaysAs(next.Dates)) Add(dates);
        return new OrderLook(events.Count == 0 ? null : new OrderAppend(at, events.ToImmutable()), events.Count == 0 ? order : order.Apply(new OrderAppend(at, events.ToImmutable())), due);

        void Add(OrderEvent happened)
        {
            events.Add(happened);
            next = order.Apply(new OrderAppend(at, events.ToImmutable()));
        }
    }

    // A decision that told the buyer of lateness for this promise, which then was kept.
    private static OfferStanding? Doubted(Order order, PromiseRevision promise)
    {
        foreach (var offer in order.Offers)
            if (offer.Decision.Tell && offer.Decision.Cause.Cause.IsDelay() && offer.Decision.At >= promise.Since && offer.State != OfferState.Decided)
                return offer;
        return null;
    }

    private static DateTimeOffset? Due(Order order, DateTimeOffset? look, DateTimeOffset now)
    {
        var due = look;
        foreach (var offer in order.Offers)
        {
            if (offer.State != OfferState.Open) continue;
            Earlier(offer.Decision.ExpiresAt);
            if (!offer.Reminded) Earlier(offer.Decision.RemindAt);
        }
        return due is { } at && at <= now ? now.AddSeconds(1) : due;

        void Earlier(DateTimeOffset? candidate)
        {
            if (candidate is { } c && (due is null || c < due)) due = c;
        }
    }
}
