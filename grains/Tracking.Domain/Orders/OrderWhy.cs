using System.Globalization;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Orders;

/// <summary>What an order's event says, in one sentence, for histories and support.</summary>
public static class OrderWhy
{
    public static string Type(OrderEvent happened) => happened switch
    {
        OrderPlaced => "placed", OrderChanged => "changed", OrderCancelled => "cancelled", LineUnavailable => "line-unavailable", ShipmentAdded => "shipment-added", DatesNoted => "dates",
        RemedyDecided => "decision", OfferMade => "offer-made", OfferWithheld => "offer-withheld", OfferAccepted => "offer-accepted", OfferDeclined => "offer-declined",
        OfferReminded => "offer-reminded", OfferExpired => "offer-expired", PromiseKeptAgain => "promise-kept-again", DecisionsAdopted => "adopted", _ => "other",
    };

    /// <param name="order">The order after it.</param>
    public static string Of(OrderEvent happened, Order order) => happened switch
    {
        OrderPlaced(var content, _) => $"The shop told us of the order: {Count(content.Lines.Length, "line")} for {content.Value}{Promised(content)}.",
        OrderChanged(var content, _) => $"The shop changed the order: {Count(content.Lines.Length, "line")} for {content.Value}{Promised(content)}.",
        OrderCancelled(var why) => why is null ? "The shop cancelled the order." : $"The shop cancelled the order: {why}.",
        LineUnavailable line => $"The shop {(line.Trouble == LineTrouble.Cancelled ? "cancelled" : "back-ordered")} {line.Quantity} of line {line.Line}.",
        ShipmentAdded(var shipment, _) => $"The shop added shipment {shipment.Carrier} {shipment.Number}.",
        DatesNoted dates => $"{dates.Delivered} of {dates.Shipments} parcels had arrived; the carrier's date was {Day(dates.Carrier)}, ours {Day(dates.Ours)}, pages showed {Day(dates.Shown)}.",
        RemedyDecided(var decision) => WhyDecided.Of(decision),
        OfferMade(var offer) => $"Budget and ledger have offer {offer}, so the buyer may be told.",
        OfferWithheld(var offer, _, _) => order.FindOffer(offer) is { } standing ? WhyDecided.Of(standing) : $"Offer {offer} was withheld.",
        OfferAccepted accepted => $"The {accepted.By} took {accepted.Remedy.Name()} of offer {accepted.Offer}{(accepted.From is { } pool ? $", with a code of pool {pool}" : accepted.EmptyPool is { } empty ? $", with a generated code because pool {empty} is used up" : "")}.",
        OfferDeclined declined => $"The {declined.By} wanted nothing of offer {declined.Offer}.",
        OfferReminded(var offer) => $"Offer {offer} was still open, as its rule says when to remind.",
        OfferExpired(var offer, var why) => why switch
        {
            "promise-kept" => $"Offer {offer} ended unanswered because the promise was kept after all.",
            "order-cancelled" => $"Offer {offer} ended because the order was cancelled.",
            _ => $"Nobody answered offer {offer} in time.",
        },
        PromiseKeptAgain kept => $"Everything arrived within promise {kept.Promise} although the buyer had been told otherwise.",
        DecisionsAdopted adopted => order.Key.IsStandIn ? $"Order {adopted.From} is now known for this shipment and goes on from here."
            : $"{adopted.Settled.Length} decisions were taken before this order was known and stay.",
        _ => "Something was stored that this version cannot explain.",
    };

    private static string Promised(OrderContent content) => content.Promise is { } promise ? $", promised by {Day(promise.By)}" : "";

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static string Day(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "unknown";
}
