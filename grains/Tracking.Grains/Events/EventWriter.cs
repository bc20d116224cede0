using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tracking.Contracts.Ports;
using Tracking.Domain.Changes;
using Tracking.Domain.Claims;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Changes;
using Tracking.Grains.Claims;
using Tracking.Grains.Orders;
using Tracking.Grains.Promotions;
using Tracking.Grains.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Events;

/// <summary>Says what a stored row means for its retailer. From the row and from decisions that never change, so the same row is the same events in every reading.</summary>
public sealed class EventWriter(OrderLoader orders)
{
    public async ValueTask WriteAsync(JournalRow row, List<RetailerEvent> into, CancellationToken cancel)
    {
        if (ShipmentStream.KeyOf(row.Stream) is { } shipment) Shipment(row, shipment, into);
        else if (OrderStreams.KeyOf(row.Stream) is { } order) await OrderAsync(row, order, into, cancel);
        else if (CaseStream.KeyOf(row.Stream) is { } parcel) Case(row, parcel, into);
        else if (row.Stream[0] == ChangeStream.Kind) Change(row, into);
    }

    private static void Shipment(JournalRow row, ShipmentKey key, List<RetailerEvent> into)
    {
        var number = 0;
        foreach (var happened in ShipmentJson.Read(row.Open.Span).Events)
        {
            var id = IdOf(row, number++);
            switch (happened)
            {
                case MilestoneReached e:
                    Add("shipment.status", json =>
                    {
                        json.WriteString("from", e.From.Name());
                        json.WriteString("status", e.To.Name());
                        if (e.Modifiers != Modifiers.None)
                        {
                            json.WriteStartArray("modifiers");
                            foreach (var modifier in e.Modifiers.List()) json.WriteStringValue(modifier);
                            json.WriteEndArray();
                        }
                        if (e.Reason != Reason.None) json.WriteString("reason", e.Reason.Name());
                        json.WriteString("occurredAt", e.At.UtcDateTime);
                        json.WriteString("use", LinkTokens.UseId(key, e.Use));
                    });
                    break;
                case WindowShown { Window: var window } e:
                    Add("shipment.window", json =>
                    {
                        if (window.From is { } from) json.WriteString("from", Day(from));
                        if (window.To is { } to) json.WriteString("to", Day(to));
                        json.WriteNumber("revision", window.Revisions);
                        json.WriteString("reason", JsonNamingPolicy.KebabCaseLower.ConvertName(window.Reason.ToString()));
                        json.WriteString("use", LinkTokens.UseId(key, e.Use));
                    });
                    break;
                case WentSilent e:
                    Add("shipment.silent", json =>
                    {
                        json.WriteString("lastScanAt", e.LastScanAt.UtcDateTime);
                        json.WriteString("expectedBy", e.ExpectedBy.UtcDateTime);
                        json.WriteString("use", LinkTokens.UseId(key, e.Use));
                    });
                    break;
            }

            void Add(string type, Action<Utf8JsonWriter> write) => into.Add(new RetailerEvent(id, type, row.RecordedAt, null, key, Data(write)));
        }
    }

    private async ValueTask OrderAsync(JournalRow row, OrderKey key, List<RetailerEvent> into, CancellationToken cancel)
    {
        var append = OrderJson.Read(row.Open.Span);
        // Decisions never change, so reading them later than the row says the same.
        var order = append.Events.Any(static e => e is OfferMade or OfferWithheld or OfferAccepted or OfferDeclined or OfferExpired or OfferReminded or PromiseKeptAgain) ? await orders.LoadAsync(key, cancel) : null;
        var number = 0;
        foreach (var happened in append.Events)
        {
            var id = IdOf(row, number++);
            switch (happened)
            {
                case OrderPlaced or OrderChanged or OrderCancelled or LineUnavailable or ShipmentAdded: Fact("order." + OrderWhy.Type(happened), id); break;
                case RemedyDecided { Decision: { IsOffer: false } decision }:
                    Offer("offer.withheld", decision, json => json.WriteString("withheld", decision.Withheld.Name()), WhyDecided.Of(decision));
                    if (decision.Tell) Notice(OrderTeller.KindOf(decision.Cause.Cause), decision.Offer);
                    break;
                case OfferWithheld e when order!.FindOffer(e.Offer) is { } standing:
                    Offer("offer.withheld", standing.Decision, json => json.WriteString("withheld", e.Why.Name()), OrderWhy.Of(e, order));
                    if (standing.Decision.Tell) Notice(OrderTeller.KindOf(standing.Decision.Cause.Cause), e.Offer);
                    break;
                case OfferMade e when order!.FindOffer(e.Offer) is { Decision: var decision }:
                    Offer("offer.made", decision, json =>
                    {
                        if (decision.ExpiresAt is { } until) json.WriteString("expiresAt", until.UtcDateTime);
                        json.WriteStartArray("remedies");
                        foreach (var remedy in decision.Remedies) json.WriteStringValue(remedy.Kind.Name());
                        json.WriteEndArray();
                    }, WhyDecided.Of(decision));
                    Notice(NoticeKind.Offer, e.Offer);
                    break;
                case OfferAccepted e when order!.FindOffer(e.Offer) is { Decision: var decision }:
                    Offer("offer.accepted", decision, json =>
                    {
                        json.WriteString("remedy", e.Remedy.Name());
                        if (e.Code is not null) json.WriteString("code", e.Code);
                        json.WriteString("by", e.By);
                        json.WriteNumber("cost", decision.Remedies.First(r => r.Kind == e.Remedy).Cost);
                        json.WriteString("currency", decision.Currency);
                    }, OrderWhy.Of(e, order));
                    Notice(NoticeKind.OfferAccepted, e.Offer);
                    break;
                case OfferDeclined e when order!.FindOffer(e.Offer) is { Decision: var decision }: Offer("offer.declined", decision, json => json.WriteString("by", e.By), OrderWhy.Of(e, order)); break;
                case OfferExpired e when order!.FindOffer(e.Offer) is { Decision: var decision }: Offer("offer.expired", decision, json => json.WriteString("reason", e.Why), OrderWhy.Of(e, order)); break;
                case OfferReminded e: Notice(NoticeKind.OfferReminder, e.Offer); break;
                case PromiseKeptAgain e:
                    Fact("order.promise-kept-again", id);
                    Notice(NoticeKind.PromiseKeptAgain, key.Order, e.Promise.ToString(CultureInfo.InvariantCulture));
                    break;
            }

            void Fact(string type, string of) => into.Add(new RetailerEvent(of, type, row.RecordedAt, key.Order, null, Data(json => json.WriteString("why", OrderWhy.Of(happened, order ?? Order.Unseen(key))))));

            // As the webhook to the promotion system calls it.
            void Offer(string type, RecoveryDecision decision, Action<Utf8JsonWriter> more, string why) => into.Add(new RetailerEvent(PromotionSender.IdOf(decision.Offer, type), type, row.RecordedAt, key.Order, key.StandsFor, Data(json =>
            {
                json.WriteString("offer", decision.Offer);
                json.WriteString("cause", decision.Cause.Cause.Name());
                json.WriteNumber("policyVersion", decision.PolicyVersion);
                more(json);
                json.WriteString("why", why);
            })));

            void Notice(NoticeKind kind, params string[] cause)
                => into.Add(new RetailerEvent(NoticeId.Of(key.Retailer, kind, cause), "notice", row.RecordedAt, key.Order, key.StandsFor, Data(json => json.WriteString("kind", kind.Name()))));
        }
    }

    private static void Case(JournalRow row, ShipmentKey key, List<RetailerEvent> into)
    {
        var number = 0;
        foreach (var happened in CaseJson.Read(row.Open.Span).Events)
        {
            var id = IdOf(row, number++);
            switch (happened)
            {
                case ClaimOpened e: Add($"{e.Id}-opened", "claim.opened", json => { json.WriteString("claim", e.Id); json.WriteString("kind", e.Kind.Name()); }); break;
                case ClaimDecided e:
                    Add($"{e.Id}-decided", "claim.decided", json =>
                    {
                        json.WriteString("claim", e.Id);
                        json.WriteBoolean("granted", e.Granted);
                        if (e.Amount is { } amount)
                        {
                            json.WriteNumber("minor", amount.Minor);
                            json.WriteString("currency", amount.Currency);
                        }
                        json.WriteString("why", e.Why);
                    });
                    break;
                case NoticeOwed e: Add(id, "notice", json => json.WriteString("kind", e.Kind)); break;
            }

            void Add(string of, string type, Action<Utf8JsonWriter> write) => into.Add(new RetailerEvent(of, type, row.RecordedAt, null, key, Data(write)));
        }
    }

    private static void Change(JournalRow row, List<RetailerEvent> into)
    {
        if (ChangeJson.Read(row.Open, default) is ChangeAsked asked)
            into.Add(new RetailerEvent(asked.Id, "delivery.change.asked", row.RecordedAt, null, ChangeStream.ShipmentOf(ChangeStream.KeyOf(row.Stream)), Data(json => json.WriteString("kind", asked.Kind.Name()))));
    }

    // A stored row never changes, so its place in the journal names its event for good.
    private static string IdOf(JournalRow row, int number)
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"event\n{row.Stream}\n{row.Version}\n{number}"))).AsSpan(0, 16));

    private static JsonElement Data(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return JsonDocument.Parse(bytes.ToArray()).RootElement;
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
