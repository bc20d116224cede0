using Tracking.Contracts.Shipments;
using Tracking.Domain.Claims;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Grains.Claims;

/// <summary>What is known of a parcel for its case, out of its scans. Says that somebody signed, never who.</summary>
public sealed class ParcelFactsReader(IShipmentReader shipments)
{
    /// <summary>Null when no such shipment, or no such use of its number, is known.</summary>
    public async Task<ParcelFacts?> ReadAsync(ShipmentKey key, string? use = null, CancellationToken cancel = default)
        => await shipments.ReadFullAsync(key, use: use, cancel: cancel) is { } view ? Of(view) : null;

    public static ParcelFacts Of(ShipmentView view)
    {
        var events = view.Events.Where(e => !e.Retracted && (e.Modifiers & Modifiers.Future) == 0).ToList();
        var scans = events.Where(e => e.Kind is ScanKind.Scan or ScanKind.Snapshot && e.At > DateTimeOffset.UnixEpoch).ToList();
        var proofs = events.Select(e => e.Proof).OfType<DeliveryProof>().ToList();
        var delivered = view.Status == Milestone.Delivered ? scans.Where(e => e.Status == Milestone.Delivered).Select(e => (DateTimeOffset?)e.At).Max() ?? view.Since : null;
        return new ParcelFacts
        {
            UseId = view.UseId,
            ShipmentVersion = view.Version,
            Status = view.Status,
            DeliveredAt = delivered,
            LastScanAt = scans.Count == 0 ? view.LastHeardAt : scans.Max(e => e.At),
            Scans = scans.Count,
            Abroad = (view.Modifiers & Modifiers.Customs) != 0 || (view.DestinationCountry is { } home && events.Any(e => e.Place?.Country is { } country && country != home)),
            Signed = proofs.Any(p => p.SignedBy is not null),
            Photos = proofs.SelectMany(p => p.Images.IsDefault ? [] : p.Images).Distinct(StringComparer.Ordinal).Count(),
            Position = events.Any(e => e.Status == Milestone.Delivered && e.Place is { Lat: not null, Lon: not null }),
            LeftElsewhere = proofs.Any(p => p.LeftAt is not null || Elsewhere(p.RecipientType)),
            MovedAfterDelivery = (view.Modifiers & Modifiers.Contradiction) != 0 || (delivered is { } at && scans.Any(e => e.At > at && e.Status is Milestone.InTransit or Milestone.OutForDelivery or Milestone.AttemptFailed && e.At > at)),
            LossReported = view.Status == Milestone.Failed || view.Reason == Reason.CarrierLost,
            DamageReported = (view.Modifiers & Modifiers.Damaged) != 0 || events.Any(e => e.Reason == Reason.CarrierDamage),
            Partial = (view.Modifiers & Modifiers.Partial) != 0 || view.Pieces.Any(p => p.Status != Milestone.Delivered),
            Attempts = Math.Max(scans.Count(e => e.Status == Milestone.AttemptFailed), proofs.Max(p => p.Attempts) is { } told && view.Status == Milestone.AttemptFailed ? told : 0),
            From = view.Window?.From,
            To = view.Window?.To,
            Zone = view.DestinationZone,
        };
    }

    private static bool Elsewhere(string? recipient)
        => recipient is not null && (recipient.Contains("neighbo", StringComparison.OrdinalIgnoreCase) || recipient.Contains("safe", StringComparison.OrdinalIgnoreCase) || recipient.Contains("porch", StringComparison.OrdinalIgnoreCase));
}
