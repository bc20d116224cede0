using System.Collections.Immutable;
using Tracking.Carriers.Json;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Ups;

/// <summary>A Track Alert push: one event a request, any field of it absent or empty.</summary>
internal static class UpsAlert
{
    public static DecodedItem Decode(JsonMessage document, JsonPart alert, string pointer, FeedContext context)
    {
        var original = document.Slice(alert);
        var written = alert.Text("trackingNumber"u8);
        if (!TrackingNumber.TryNormalize(written, out var number))
            return DecodedItem.Unreadable(original, pointer, "number.missing", written is null ? "The alert has no tracking number." : $"'{written}' cannot be a tracking number.");

        var status = alert["activityStatus"u8];
        string? type = status.Text("type"u8), code = status.Text("code"u8), statusCode = status.Text("descriptionCode"u8), text = status.AsReceived("description"u8);
        var at = alert["activityLocation"u8];
        var place = UpsTrack.PlaceOf(at.Text("city"u8), at.Text("stateProvince"u8), at.Text("postalCode"u8), Countries.Alpha2OrAsTold(at.Text("country"u8) ?? at.Text("countryCode"u8)));

        var notes = new List<DecodeProblem>();
        var occurred = UpsTimes.Read(
            alert.Text("localActivityDate"u8), alert.Text("localActivityTime"u8), alert.Text("gmtActivityDate"u8), alert.Text("gmtActivityTime"u8),
            alert.Text("gmtOffset"u8), place, context, out var problem, out var note);
        if (problem is not null) return DecodedItem.Unreadable(original, pointer, problem.Code, problem.Detail);
        if (note is not null) notes.Add(note);

        var byType = false;
        // Without any status the alert can still change the date: that is all that type U says as well.
        var meaning = type is null && code is null && statusCode is null && text is null && alert.Text("scheduledDeliveryDate"u8) is not null
            ? UpsCodes.Of("U", null, null, null, out _)
            : UpsCodes.Of(type, code, statusCode, text, out byType);
        if (byType) notes.Add(UpsTrack.ByType(type, code));
        var isDelivered = meaning.Status == Milestone.Delivered;
        if (isDelivered && !occurred.IsTold)
        {
            occurred = UpsTimes.Read(alert.Text("actualDeliveryDate"u8), alert.Text("actualDeliveryTime"u8), null, null, alert.Text("gmtOffset"u8), place, context, out problem, out note);
            if (problem is not null) { notes.Add(problem); occurred = OccurredTime.Untold; }
            if (note is not null) notes.Add(note);
        }
        if (!occurred.IsTold && meaning.Kind == ScanKind.Scan) notes.Add(new DecodeProblem("time.missing", "The alert tells no time."));

        // The window of a delivered parcel is history; what it was delivered at is the scan itself.
        var eta = isDelivered ? null : UpsTimes.Eta(
            alert.Text("scheduledDeliveryDate"u8), alert.Text("deliveryStartTime"u8), alert.Text("deliveryEndTime"u8),
            meaning.Kind == ScanKind.Estimate ? EtaKind.Rescheduled : EtaKind.Scheduled, out note);
        if (!isDelivered && note is not null && !notes.Contains(note)) notes.Add(note);

        var scan = new Scan
        {
            Carrier = UpsDecoder.Slug,
            TrackingNumber = number,
            Kind = meaning.Kind,
            Status = meaning.Status,
            SubStatus = meaning.SubStatus,
            Reason = meaning.Reason,
            Modifiers = meaning.Modifiers | (byType ? Modifiers.Unmapped : 0) | (meaning.Kind == ScanKind.Estimate && eta is not null ? Modifiers.Rescheduled : 0),
            Raw = new RawCodes(type, code, statusCode, Text: text),
            Occurred = occurred,
            Place = place,
            Eta = eta,
            Delivery = Proof(alert, pointer),
            Evidence = new Evidence(null, pointer),
            Source = context.Source(),
        };
        return DecodedItem.Of([scan], original, pointer, [.. notes]);
    }

    private static DeliveryProof? Proof(JsonPart alert, string pointer)
    {
        var photo = alert["deliveryPhoto"u8];
        var images = ImmutableArray<string>.Empty;
        if (photo.IsObject ? photo.Text("photo"u8) is not null : photo.Text() is not null) images = [photo.IsObject ? $"{pointer}/deliveryPhoto/photo" : $"{pointer}/deliveryPhoto"];
        return UpsCodes.Proof(alert.Text("receivedBy"u8), null, images);
    }
}
