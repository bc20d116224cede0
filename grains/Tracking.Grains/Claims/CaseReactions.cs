using Tracking.Contracts.Claims;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Claims;
using Tracking.Domain.Orders;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Orders;
using Tracking.Grains.Partitions;
using Tracking.Grains.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Claims;

/// <summary>A case whose time has come is looked at by its grain.</summary>
public sealed class CaseWaker(IGrainFactory grains) : IStreamWaker
{
    public char Kind => CaseStream.Kind;

    public Task WakeAsync(string stream) => CaseStream.KeyOf(stream) is { } key ? grains.GetGrain<ICaseGrain>(key.ToString()).Wake() : Task.CompletedTask;
}

/// <summary>
/// A parcel was handed over, missed somebody or ended: its case looks at it, if there is one. Most parcels have none, and finding that out is one batched read.
/// </summary>
public sealed class ParcelMovedReaction(IEventJournal journal, IGrainFactory grains, ClaimMetrics metrics) : IReaction
{
    public string Name => "case-follows-parcel";
    public string Kinds => "s";

    public async ValueTask ReactAsync(JournalRow row, CancellationToken cancel)
    {
        if (ShipmentStream.KeyOf(row.Stream) is not { } key) return;
        var moved = ShipmentJson.Read(row.Open.Span).Events.OfType<MilestoneReached>().Where(e => e.From != e.To).ToList();
        if (!moved.Exists(e => e.To == Milestone.AttemptFailed || e.To.IsTerminal() || (e.From < Milestone.Accepted && e.To >= Milestone.Accepted))) return;
        var state = await journal.LoadAsync(CaseStream.Of(key), cancel);
        if (state.Head is not null || state.Tail.Count > 0) await grains.GetGrain<ICaseGrain>(key.ToString()).Wake();
        else if (moved.Exists(e => e.To == Milestone.AttemptFailed)) metrics.AttemptMissed(expected: false);
    }
}

/// <summary>Sends the notices that a case decided on. Ids come from their causes, so a repeated row sends nothing new.</summary>
public sealed class CaseNoticeReaction(CaseLoader loader, IShipmentReader shipments, ParcelGoodsReader goods, OrderLoader orders, IRecipients recipients, INotices notices) : IReaction
{
    public string Name => "case-notices";
    public string Kinds => "k";

    public async ValueTask ReactAsync(JournalRow row, CancellationToken cancel)
    {
        if (CaseStream.KeyOf(row.Stream) is not { } key) return;
        var owed = CaseJson.Read(row.Open.Span).Events.OfType<NoticeOwed>().ToList();
        if (owed.Count == 0) return;
        var parcel = await loader.LoadAsync(key, cancel);
        var view = await shipments.ReadAsync(key, cancel: cancel);
        var page = view is null ? null : "/t/" + shipments.LinkToken(key, view.UseId, LinkTokens.Public, view.LinkGeneration);
        var bought = await goods.ReadAsync(key, cancel);
        var people = bought is null ? null : (await orders.LoadWithPeopleAsync(bought.Order.Key, cancel)).People;
        // Where the claim or expectation named somebody, they are told; otherwise whoever the order is for.
        var person = view is null || parcel.Contact.Email is not null ? null : await recipients.FindAsync(key, view.UseId, cancel);
        foreach (var notice in owed)
            if (KindOf(notice.Kind) is { } kind && (bought is null || kind is not (NoticeKind.Shipped or NoticeKind.AttemptMissed)))   // its order tells that
                await notices.SendAsync(Make(notice, kind, parcel, bought, people, person, page, row.RecordedAt), cancel);
    }

    private static Notice Make(NoticeOwed owed, NoticeKind kind, ParcelCase parcel, ParcelGoods? bought, OrderPeople? people, RecipientFacts? person, string? page, DateTimeOffset at)
    {
        var (name, email, phone) = (parcel.Contact.Name ?? people?.Name ?? person?.Name, parcel.Contact.Email ?? people?.Email ?? person?.Email, people?.Phone ?? person?.Phone);
        var claim = parcel.Find(owed.Cause);
        return new Notice
        {
            // As the order's own notice would be called: a parcel that left is told once.
            Id = kind == NoticeKind.Shipped ? NoticeId.Of(parcel.Key.Retailer, kind, parcel.Key.ToString(), owed.Cause) : NoticeId.Of(parcel.Key.Retailer, kind, owed.Cause),
            Retailer = parcel.Key.Retailer,
            Kind = kind,
            Subject = CaseStream.Of(parcel.Key),
            At = at,
            Order = claim?.Order ?? bought?.Order.Key.Order ?? person?.Order,
            Shipment = parcel.Key,
            Language = parcel.Language ?? bought?.Order.Content?.Language ?? person?.Language,
            To = (name ?? email ?? phone) is null ? null : new Recipient(name, email, phone),
            Facts = new NoticeFacts
            {
                From = owed.From, To = owed.To, Carrier = parcel.Key.Carrier, Amount = owed.Amount?.Amount, Currency = owed.Amount?.Currency, SignatureNeeded = kind == NoticeKind.Shipped && parcel.Signature is { Required: true },
            },
            Link = page is null ? null : kind == NoticeKind.Survey ? page + "/survey" : page,
        };
    }

    private static NoticeKind? KindOf(string name)
    {
        foreach (var kind in Enum.GetValues<NoticeKind>())
            if (kind.Name() == name) return kind;
        return null;   // written by a newer release; it sends it
    }
}
