using Tracking.Contracts.Ports;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Claims;
using Tracking.Grains.Customers;
using Tracking.Grains.Recovery;
using Tracking.Grains.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Orders;

/// <summary>Makes notices of what orders stored. Each has an id by its cause, so telling twice is telling once; words are the channel's.</summary>
public sealed class OrderTeller(IEventJournal journal, OrderLoader loader, ShipmentLoader shipments, LinkTokens links, PolicyBook policies, INotices notices, CaseLoader? cases = null)
{
    /// <summary>
    /// A parcel left, or came, after its order was told; what had reached us before is no news. By receipt times, so that it does not matter which of the two was worked off first.
    /// </summary>
    public async ValueTask MovedAsync(OrderKey key, ShipmentKey shipment, ShipmentAppend append, DateTimeOffset at, CancellationToken cancel)
    {
        if (!append.Events.Any(static e => e is MilestoneReached reached && Tells(reached) is not null)) return;
        await MovedAsync(await loader.LoadAsync(key, cancel), shipment, append, at, cancel);
    }

    /// <summary>The same for all that reached us of a shipment while its order was on its way into the journal.</summary>
    public async ValueTask MovedAsync(Order order, ShipmentKey shipment, CancellationToken cancel)
    {
        await foreach (var row in journal.ReadAsync(ShipmentStream.Of(shipment), cancel)) await MovedAsync(order, shipment, ShipmentJson.Read(row.Open.Span), row.RecordedAt, cancel);
    }

    private async ValueTask MovedAsync(Order order, ShipmentKey shipment, ShipmentAppend append, DateTimeOffset at, CancellationToken cancel)
    {
        if (!order.ShipmentsSince.TryGetValue($"{shipment.Carrier}/{shipment.Number}", out var since)) return;
        var received = append.Scans.IsEmpty ? at : append.Scans.Max(static s => s.ReceivedAt);
        if (received < since.Received) return;
        foreach (var happened in append.Events)
            if (happened is MilestoneReached reached && Tells(reached) is { } kind) await MovedAsync(order, shipment, reached, kind, at, cancel);
    }

    private static NoticeKind? Tells(MilestoneReached reached) => reached.To switch
    {
        Milestone.Delivered when reached.From != Milestone.Delivered => NoticeKind.Delivered,
        Milestone.Accepted or Milestone.InTransit or Milestone.OutForDelivery when reached.From is Milestone.Unknown or Milestone.LabelCreated => NoticeKind.Shipped,
        _ => null,
    };

    private async ValueTask MovedAsync(Order order, ShipmentKey shipment, MilestoneReached reached, NoticeKind kind, DateTimeOffset at, CancellationToken cancel)
    {
        var use = LinkTokens.UseId(shipment, reached.Use);
        // The parcel's case knows whether somebody must be home, by the shop's wish or its rule.
        var signature = kind == NoticeKind.Shipped && (order.Content?.Signature == SignatureWish.Required || (cases is not null && (await cases.LoadAsync(shipment, cancel)).Signature is { Required: true }));
        await SendAsync(order, kind, [shipment.ToString(), use], at, new NoticeFacts { Carrier = shipment.Carrier, SignatureNeeded = signature }, shipment, cancel);
    }

    /// <summary>Bad news without an offer.</summary>
    public ValueTask ToldAsync(Order order, RecoveryDecision decision, DateTimeOffset at, CancellationToken cancel)
    {
        return SendAsync(order, KindOf(decision.Cause.Cause), [decision.Offer], at, Facts(order, decision), Speaking(order, decision), cancel);
    }

    /// <summary>Bad news with a choice: one notice for both.</summary>
    public ValueTask OfferAsync(Order order, RecoveryDecision decision, NoticeKind kind, DateTimeOffset at, CancellationToken cancel)
    {
        var facts = Facts(order, decision) with
        {
            Remedies = [.. decision.Remedies.Select(r => r.Kind.Name())],
            Until = decision.ExpiresAt is { } until ? policies.Of(order.Key.Retailer).DayOf(until) : null,
        };
        return SendAsync(order, kind, [decision.Offer], at, facts, Speaking(order, decision), cancel);
    }

    public ValueTask AcceptedAsync(Order order, RecoveryDecision decision, OfferAccepted accepted, DateTimeOffset at, CancellationToken cancel)
    {
        var remedy = decision.Remedies.First(r => r.Kind == accepted.Remedy);
        var facts = new NoticeFacts
        {
            Remedies = [remedy.Kind.Name()], Code = accepted.Code, Item = remedy.Item,
            Amount = remedy.Cost > 0 ? new Money(remedy.Cost, decision.Currency).Amount : null, Currency = remedy.Cost > 0 ? decision.Currency : null,
        };
        return SendAsync(order, NoticeKind.OfferAccepted, [decision.Offer], at, facts, Speaking(order, decision), cancel);
    }

    public ValueTask KeptAgainAsync(Order order, PromiseKeptAgain kept, DateTimeOffset at, CancellationToken cancel)
    {
        return SendAsync(order, NoticeKind.PromiseKeptAgain, [order.Key.Order, FormattableString.Invariant($"{kept.Promise}")], at, new NoticeFacts { Before = order.Promise?.Promise.By }, order.Shipments.FirstOrDefault()?.KeyIn(order.Key.Retailer), cancel);
    }

    internal static NoticeKind KindOf(Cause cause) => cause switch
    {
        Cause.LineCancelled or Cause.BackOrdered => NoticeKind.ItemCancelled,
        Cause.AttemptFailed => NoticeKind.AttemptMissed,
        _ => NoticeKind.Delayed,
    };

    private static NoticeFacts Facts(Order order, RecoveryDecision decision) => new()
    {
        To = decision.Facts.ExpectedOn,
        Before = decision.Facts.PromisedBy ?? decision.Facts.CarrierBy,
        Reason = decision.Facts.Reason,
        Carrier = decision.Facts.Speaking is { } speaking ? speaking[..speaking.IndexOf('/', StringComparison.Ordinal)] : null,
        Item = decision.Facts.Line is { } line ? order.Content?.Lines.FirstOrDefault(l => l.Id == line)?.Name ?? line : null,
    };

    private static ShipmentKey? Speaking(Order order, RecoveryDecision decision)
    {
        if (decision.Facts.Speaking is not { } speaking) return order.Shipments.FirstOrDefault()?.KeyIn(order.Key.Retailer);
        var slash = speaking.IndexOf('/', StringComparison.Ordinal);
        return new ShipmentKey(order.Key.Retailer, speaking[..slash], speaking[(slash + 1)..]);
    }

    private async ValueTask SendAsync(Order order, NoticeKind kind, string[] cause, DateTimeOffset at, NoticeFacts facts, ShipmentKey? shipment, CancellationToken cancel)
    {
        var subject = OrderStreams.Customer(order.Key.Retailer, order.CustomerId);
        var to = order.Content is null ? null : await BuyerAsync(order.Key, subject, cancel);
        string? link = null;
        if (shipment is { } key)
        {
            var known = await shipments.LoadAsync(key, cancel);
            if (known.Current is { } use) link = "/t/" + links.Token(key, LinkTokens.UseId(key, Math.Max(known.OrdinalOf(use), 0)), LinkTokens.Public, known.LinkGeneration);
        }
        await notices.SendAsync(new Notice
        {
            Id = NoticeId.Of(order.Key.Retailer, kind, cause),
            Retailer = order.Key.Retailer, Kind = kind, Subject = subject, At = at, Order = order.Key.IsStandIn ? null : order.Key.Order, Shipment = shipment,
            Language = order.Content?.Language, To = to, Facts = facts, Link = link,
        }, cancel);
    }

    // As the order told them. The customer's card is filled in behind the order and may not be there yet, and a notice that found nobody is never sent again.
    private async ValueTask<Recipient?> BuyerAsync(OrderKey key, string customer, CancellationToken cancel)
    {
        var (_, people) = await loader.LoadWithPeopleAsync(key, cancel);
        if (people is { Email: not null } or { Phone: not null }) return new Recipient(people.Name, people.Email, people.Phone);
        return await CustomerContacts.ReadAsync(journal, customer) is { } known ? new Recipient(known.Name, known.Email, known.Phone) : null;
    }
}
