using System.Globalization;
using System.Text.Json;
using Tracking.Contracts.Orders;
using Tracking.Domain.Claims;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Orders;

/// <summary>Orders and offers as JSON for the shop.</summary>
internal static class OrderJsonView
{
    /// <param name="need">What the retailer's rule says about a signature; null where the order says it itself.</param>
    public static void Write(Utf8JsonWriter json, OrderView view, SignatureNeed? need = null)
    {
        var (order, content) = (view.Order, view.Order.Content!);
        json.WriteStartObject();
        json.WriteString("id", order.Key.Order);
        json.WriteNumber("version", order.Revision);
        json.WriteString("status", order.Cancelled ? "CANCELLED" : view.Shipments.Length > 0 && view.Delivered == view.Shipments.Length ? "DELIVERED" : view.Delivered > 0 ? "PARTLY_DELIVERED" : view.Shipments.Length > 0 ? "SHIPPED" : "OPEN");
        json.WriteNumber("delivered", view.Delivered);
        json.WriteNumber("of", view.Shipments.Length);
        json.WriteBoolean("late", view.Late);
        if (order.PlacedAt is { } placed) json.WriteString("placedAt", placed.UtcDateTime);
        json.WriteStartObject("value");
        json.WriteNumber("minor", content.Value.Minor);
        json.WriteString("currency", content.Value.Currency);
        json.WriteEndObject();
        json.WriteStartObject("customer");
        if (content.Customer is not null) json.WriteString("id", content.Customer);
        if (content.Tier is not null) json.WriteString("tier", content.Tier);
        if (view.People?.Name is { } name) json.WriteString("name", name);
        if (view.People?.Email is { } email) json.WriteString("email", email);
        if (view.People?.Phone is { } phone) json.WriteString("phone", phone);
        json.WriteEndObject();
        if (content.Gift) json.WriteBoolean("gift", true);
        if (content.Occasion is { } occasion) json.WriteString("occasion", Day(occasion));
        if (content.Signature != SignatureWish.ByRule) json.WriteString("signature", content.Signature == SignatureWish.Required ? "required" : "none");
        if (need is { Required: true })
        {
            json.WriteString("signature", "required");
            json.WriteString("signatureWhy", need.Why);
        }

        json.WriteStartArray("lines");
        foreach (var line in content.Lines)
        {
            json.WriteStartObject();
            json.WriteString("id", line.Id);
            json.WriteNumber("quantity", line.Quantity);
            json.WriteNumber("toCome", order.Wanted(line));
            if (line.Sku is not null) json.WriteString("sku", line.Sku);
            if (line.Name is not null) json.WriteString("name", line.Name);
            if (line.Category is not null) json.WriteString("category", line.Category);
            if (line.UnitPrice is { } price) json.WriteNumber("unitPrice", price);
            foreach (var gone in order.Unavailable.Where(u => u.Told.Line == line.Id).TakeLast(1))
                json.WriteString("trouble", gone.Told.Trouble == LineTrouble.Cancelled ? "cancelled" : "back-ordered");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("shipments");
        foreach (var shipment in view.Shipments)
        {
            json.WriteStartObject();
            json.WriteString("carrier", shipment.Shipment.Carrier);
            json.WriteString("trackingNumber", shipment.Shipment.Number);
            json.WriteString("status", shipment.Status.Name());
            if (shipment.DeliveredAt is { } at) json.WriteString("deliveredAt", at.UtcDateTime);
            if (shipment.Shown?.To is { } to) json.WriteString("expectedBy", Day(to));
            if (shipment.Shipment.Untracked) json.WriteBoolean("untracked", true);
            json.WriteStartArray("lines");
            foreach (var line in shipment.Shipment.Lines)
            {
                json.WriteStartObject();
                json.WriteString("line", line.Line);
                json.WriteNumber("quantity", line.Quantity);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        Promises(json, view);
        json.WriteStartArray("offers");
        foreach (var offer in order.Offers) WriteOffer(json, OfferView.Of(order.Key, offer));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // Four dates, four owners.
    private static void Promises(Utf8JsonWriter json, OrderView view)
    {
        var order = view.Order;
        json.WriteStartObject("dates");
        if (order.Promise is { } promise)
        {
            json.WriteStartObject("promise");
            json.WriteNumber("revision", promise.Revision);
            if (promise.Promise.From is { } from) json.WriteString("from", Day(from));
            json.WriteString("by", Day(promise.Promise.By));
            if (view.PromiseEnds is { } ends) json.WriteString("ends", ends.UtcDateTime);
            json.WriteEndObject();
        }
        if (order.Dates is { } dates)
        {
            if (dates.Carrier is { } carrier) json.WriteString("carrier", Day(carrier));
            if (dates.Ours is { } ours) json.WriteString("ours", Day(ours));
            if (dates.Shown is { } shown) json.WriteString("shown", Day(shown));
        }
        json.WriteEndObject();
    }

    public static void WriteOffer(Utf8JsonWriter json, OfferView offer)
    {
        json.WriteStartObject();
        json.WriteString("id", offer.Id);
        json.WriteString("order", offer.Order.Order);
        json.WriteString("state", offer.State.ToString().ToLowerInvariant());
        json.WriteString("cause", offer.Cause.Cause.Name());
        json.WriteNumber("occurrence", offer.Cause.Occurrence);
        if (offer.Facts is { } facts) json.WriteString("party", facts.Party.ToString().ToLowerInvariant());
        json.WriteString("why", offer.Why);
        json.WriteString("decidedAt", offer.DecidedAt.UtcDateTime);
        json.WriteNumber("policyVersion", offer.PolicyVersion);
        if (offer.Rule is not null) json.WriteString("rule", offer.Rule);
        if (offer.Withheld != Withheld.Not) json.WriteString("withheld", offer.Withheld.Name());
        if (offer.ExpiresAt is { } until) json.WriteString("expiresAt", until.UtcDateTime);
        json.WriteStartArray("remedies");
        foreach (var remedy in offer.Remedies)
        {
            json.WriteStartObject();
            json.WriteString("kind", remedy.Kind.Name());
            json.WriteNumber("cost", remedy.Cost);
            json.WriteString("currency", offer.Currency);
            if (remedy.Percent is { } percent) json.WriteNumber("percent", percent);
            if (remedy.Item is not null) json.WriteString("item", remedy.Item);
            if (remedy.Price is { } price) json.WriteNumber("price", price);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (offer.Accepted is { } accepted) json.WriteString("accepted", accepted.Name());
        if (offer.Code is not null) json.WriteString("code", offer.Code);
        json.WriteEndObject();
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
