using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Dialects;

/// <summary>
/// schema.org <c>ParcelDelivery</c> as JSON-LD, for mails and order pages. A snapshot, not a history. Never writes names, streets, coordinates, carrier texts or the access
/// code of a locker: anyone with the tracking number may read it.
/// </summary>
public static class SchemaOrg
{
    public static byte[] ParcelDelivery(ParcelSnapshot parcel)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(bytes)) ParcelDelivery(json, parcel);
        return bytes.WrittenSpan.ToArray();
    }

    public static void ParcelDelivery(Utf8JsonWriter json, ParcelSnapshot parcel)
    {
        json.WriteStartObject();
        json.WriteString("@context", "https://schema.org");
        json.WriteString("@type", "ParcelDelivery");
        json.WriteString("trackingNumber", parcel.TrackingNumber);
        if (parcel.TrackingUrl is { } url) json.WriteString("trackingUrl", url);
        Named(json, "provider", "Organization", Carrier.DisplayName(parcel.Carrier));
        if (parcel.ItemName is { } item) Named(json, "itemShipped", "Product", item);

        json.WriteStartObject("partOfOrder");
        json.WriteString("@type", "Order");
        if (parcel.OrderNumber is { } number) json.WriteString("orderNumber", number);
        if (parcel.Merchant is { } merchant) Named(json, "merchant", "Organization", merchant);
        if (OrderStatus(parcel.Status, parcel.Reason) is { } status) json.WriteString("orderStatus", $"https://schema.org/{status}");
        json.WriteEndObject();

        Address(json, "originAddress", parcel.Origin);
        Address(json, "deliveryAddress", parcel.Destination);
        if (parcel.Expected is { } eta && (eta.From ?? eta.To) is { } first)
        {
            // Both ends are needed to state a window, also when it is one day.
            json.WriteString("expectedArrivalFrom", Written(first, eta.Offset, eta.Precision));
            json.WriteString("expectedArrivalUntil", Written(eta.To ?? first, eta.Offset, eta.Precision));
        }
        if (parcel.Status == Milestone.AvailableForPickup) json.WriteString("hasDeliveryMethod", "http://purl.org/goodrelations/v1#DeliveryModePickUp");
        DeliveryStatus(json, parcel);
        json.WriteEndObject();
    }

    /// <summary>The nearest word of schema.org's OrderStatus; null while nothing is known.</summary>
    public static string? OrderStatus(Milestone status, Reason reason) => (status, reason) switch
    {
        (Milestone.Exception or Milestone.AttemptFailed, Reason.RecipientPayment) => "OrderPaymentDue",
        (Milestone.LabelCreated, _) => "OrderProcessing",
        (Milestone.Accepted or Milestone.InTransit or Milestone.OutForDelivery, _) => "OrderInTransit",
        (Milestone.AvailableForPickup, _) => "OrderPickupAvailable",
        (Milestone.Delivered, _) => "OrderDelivered",
        (Milestone.Exception or Milestone.AttemptFailed or Milestone.Failed, _) => "OrderProblem",
        (Milestone.Returning or Milestone.Returned, _) => "OrderReturned",
        (Milestone.Cancelled, _) => "OrderCancelled",
        _ => null,
    };

    private static void DeliveryStatus(Utf8JsonWriter json, ParcelSnapshot parcel)
    {
        Scan? last = null;
        foreach (var scan in parcel.Events) if (scan.Status is not null && scan.Kind is ScanKind.Scan or ScanKind.Snapshot) last = scan;
        if (last is null && parcel.Status == Milestone.Unknown) return;
        json.WriteStartObject("deliveryStatus");
        json.WriteString("@type", "DeliveryEvent");
        json.WriteString("name", (last?.Status ?? parcel.Status).Name());
        if (last?.Occurred is { IsTold: true } occurred)
        {
            var when = Written(occurred.Local!.Value, occurred.Utc is null ? null : occurred.Offset, occurred.Precision);
            json.WriteString("startDate", when);
            if (last.Status == Milestone.AvailableForPickup) json.WriteString("availableFrom", when);
        }
        if (last?.Place is { } place && (place.City ?? place.Country) is not null)
        {
            json.WriteStartObject("location");
            json.WriteString("@type", "Place");
            Address(json, "address", place);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void Address(Utf8JsonWriter json, string name, Place? place)
    {
        if (place is null || (place.City ?? place.Region ?? place.PostalCode ?? place.Country) is null) return;
        json.WriteStartObject(name);
        json.WriteString("@type", "PostalAddress");
        if (place.City is { } city) json.WriteString("addressLocality", city);
        if (place.Region is { } region) json.WriteString("addressRegion", region);
        if (place.PostalCode is { } postal) json.WriteString("postalCode", postal);
        if (place.Country is { } country) json.WriteString("addressCountry", country);
        json.WriteEndObject();
    }

    private static void Named(Utf8JsonWriter json, string property, string type, string name)
    {
        json.WriteStartObject(property);
        json.WriteString("@type", type);
        json.WriteString("name", name);
        json.WriteEndObject();
    }

    // A day is a Date; a time without a known offset is a DateTime without one, which schema.org allows.
    private static string Written(DateTime local, TimeSpan? offset, Precision precision)
        => precision == Precision.Day ? local.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : local.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) + (offset is { } known ? ScanJson.FormatOffset(known) : "");
}
