namespace Tracking.LoadTest.Workload;

/// <summary>What can happen to a parcel, before any carrier puts it into words.</summary>
public enum Happening : byte
{
    LabelCreated, Accepted, Departed, Arrived, OutForDelivery, AttemptFailed, WeatherDelay, AtPickupPoint, Delivered,
}

/// <summary>
/// One happening in each vocabulary the tool speaks: ours (the public scan JSON), UPS (type, code, three-digit code), EasyPost (status and detail)
/// and DPD's scan codes.
/// </summary>
public sealed record Wording(
    string Status, string Code, string? Modifier, string? Reason,
    string UpsType, string UpsCode, string UpsStatusCode, string UpsText,
    string EasyPostStatus, string EasyPostDetail, string EasyPostMessage,
    string DpdCode)
{
    private static readonly Wording[] All =
    [
        new("LABEL_CREATED", "MP", null, null, "M", "MP", "003", "Shipper created a label, UPS has not received the package yet. ",
            "pre_transit", "label_created", "Shipping Label Created, USPS Awaiting Item", "05"),
        new("ACCEPTED", "OR", null, null, "I", "OR", "160", "Arrived at Facility",
            "in_transit", "received_at_origin_facility", "Accepted at USPS Origin Facility", "05"),
        new("IN_TRANSIT", "DP", null, null, "I", "DP", "005", "Departed from Facility",
            "in_transit", "departed_facility", "Departed USPS Regional Facility", "20"),
        new("IN_TRANSIT", "AR", null, null, "I", "AR", "005", "Arrived at Facility",
            "in_transit", "arrived_at_facility", "Arrived at USPS Regional Facility", "10"),
        new("OUT_FOR_DELIVERY", "OT", null, null, "I", "OT", "021", "Out for Delivery",
            "out_for_delivery", "out_for_delivery", "Out for Delivery", "03"),
        new("ATTEMPT_FAILED", "L1", null, "recipient.closed", "X", "L1", "022", "The receiver's location was closed on the first delivery attempt.",
            "in_transit", "unable_to_deliver", "Delivery Attempted - No Access to Delivery Location", "14"),
        new("IN_TRANSIT", "DJ", "delayed", "external.weather", "X", "DJ", "051", "Severe weather conditions have delayed delivery.",
            "in_transit", "weather_delay", "Weather Delay", "02"),
        new("AVAILABLE_FOR_PICKUP", "2Q", null, null, "I", "2Q", "040", "Your package is at the access point and ready for pickup.",
            "available_for_pickup", "arrived_at_pickup_location", "Available for Pickup", "23"),
        new("DELIVERED", "FS", null, null, "D", "FS", "011", "DELIVERED ",
            "delivered", "arrived_at_destination", "Delivered, Front Door/Porch", "13"),
    ];

    public static Wording Of(Happening happening) => All[(int)happening];
}
