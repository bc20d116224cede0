using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Dhl;

/// <summary>Who has a delivered parcel, or where it lies, by the sub-status that a RIC reason or a text gave it.</summary>
internal static class DhlDeliveries
{
    public static DeliveryProof? Of(string? subStatus, string? signedBy = null) => subStatus switch
    {
        "neighbour" or "family" or "agent" => new DeliveryProof(signedBy, RecipientType: subStatus, Images: []),
        "parcelBox" => new DeliveryProof(signedBy, LeftAt: "parcel box", Images: []),
        "preferredPlace" => new DeliveryProof(signedBy, LeftAt: "preferred place", Images: []),
        "servicePoint" => new DeliveryProof(signedBy, LeftAt: "service point", Images: []),
        _ => signedBy is null ? null : new DeliveryProof(signedBy, Images: []),
    };
}
