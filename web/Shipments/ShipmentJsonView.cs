using System.Globalization;
using System.Text.Json;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Shipments;

/// <summary>The JSON of <c>GET /v1/shipments/…</c>. Names are the canonical model's; instants are UTC with the told local time beside them.</summary>
internal static class ShipmentJsonView
{
    public static void Write(Utf8JsonWriter json, ShipmentView view, string trackingUrl)
    {
        json.WriteStartObject();
        json.WriteString("carrier", view.Key.Carrier);
        json.WriteString("trackingNumber", view.Key.Number);
        json.WriteString("use", view.UseId);
        json.WriteNumber("version", view.Version);
        json.WriteString("recordedAt", view.RecordedAt.UtcDateTime);
        json.WriteString("status", view.Status.Name());
        if (view.SubStatus is not null) json.WriteString("subStatus", view.SubStatus);
        WriteModifiers(json, view.Modifiers);
        json.WriteString("reason", view.Reason.Name());
        if (view.Since is { } since) json.WriteString("since", since.UtcDateTime);

        if (view.Window is { } window)
        {
            json.WriteStartObject("eta");
            if (window.From is { } from) json.WriteString("from", Day(from));
            if (window.To is { } to) json.WriteString("to", Day(to));
            json.WriteNumber("confidence", Math.Round(window.Confidence, 3));
            if (view.Estimate is { } estimate)
            {
                json.WriteString("p10", estimate.P10.UtcDateTime);
                json.WriteString("p50", estimate.P50.UtcDateTime);
                json.WriteString("p90", estimate.P90.UtcDateTime);
                if (estimate.IsOverdue) json.WriteBoolean("overdue", true);
                if (estimate.HourFrom is { } hourFrom && estimate.HourTo is { } hourTo)
                {
                    json.WriteString("hourFrom", hourFrom.ToString("HH:mm", CultureInfo.InvariantCulture));
                    json.WriteString("hourTo", hourTo.ToString("HH:mm", CultureInfo.InvariantCulture));
                }
            }
            json.WriteString("reason", WindowPolicy.Say(window.Reason));
            json.WriteNumber("revisions", window.Revisions);
            json.WriteNumber("snapshot", window.SnapshotId);
            json.WriteEndObject();
        }
        else json.WriteNull("eta");

        if (view.CarrierDate is { } stated)
        {
            json.WriteStartObject("carrierEta");
            json.WriteString("from", Day(stated.From));
            json.WriteString("to", Day(stated.To));
            json.WriteString("statedAt", stated.StatedAt.UtcDateTime);
            json.WriteEndObject();
        }
        json.WriteNull("promise");   // no order has promised anything for this shipment
        if (view.LastHeardAt is { } heard) json.WriteString("lastHeardAt", heard.UtcDateTime);
        if (view.NextScanExpectedBy is { } expected) json.WriteString("nextScanExpectedBy", expected.UtcDateTime);
        if (view.SilentSince is { } silent) json.WriteString("silentSince", silent.UtcDateTime);

        if (!view.Pieces.IsEmpty)
        {
            json.WriteStartArray("pieces");
            foreach (var piece in view.Pieces)
            {
                json.WriteStartObject();
                json.WriteString("pieceId", piece.PieceId);
                json.WriteString("status", piece.Status.Name());
                WriteModifiers(json, piece.Modifiers);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteStartArray("events");
        foreach (var line in view.Events) WriteEvent(json, line);
        json.WriteEndArray();
        json.WriteStartArray("uses");
        foreach (var use in view.Uses)
        {
            json.WriteStartObject();
            json.WriteString("use", use.Id);
            if (use.UniqueId is not null) json.WriteString("uniqueId", use.UniqueId);
            json.WriteString("status", use.Status.Name());
            if (use.FirstAt is { } first) json.WriteString("firstAt", first.UtcDateTime);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (!view.Links.IsEmpty)
        {
            json.WriteStartArray("links");
            foreach (var link in view.Links)
            {
                json.WriteStartObject();
                json.WriteString("kind", link.Kind);
                if (link.Carrier is not null) json.WriteString("carrier", link.Carrier);
                json.WriteString("number", link.Number);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteString("trackingUrl", trackingUrl);
        json.WriteEndObject();
    }

    private static void WriteEvent(Utf8JsonWriter json, TrackingEvent line)
    {
        json.WriteStartObject();
        json.WriteString("dedupKey", line.Key.ToString());
        if (line.EventId is not null) json.WriteString("eventId", line.EventId);
        json.WriteString("kind", line.Kind switch
        {
            ScanKind.Estimate => "estimate", ScanKind.Appointment => "appointment", ScanKind.Information => "information", ScanKind.Retraction => "retraction",
            ScanKind.Snapshot => "snapshot", _ => "scan",
        });
        if (line.Status is { } status) json.WriteString("status", status.Name());
        if (line.SubStatus is not null) json.WriteString("subStatus", line.SubStatus);
        WriteModifiers(json, line.Modifiers);
        if (line.Reason != Reason.None) json.WriteString("reason", line.Reason.Name());
        if (line.Retracted) json.WriteBoolean("retracted", true);
        ScanJson.WriteTime(json, line.Occurred);
        if (line.ReceivedAt != default) json.WriteString("receivedAt", line.ReceivedAt.UtcDateTime);
        if (line.PieceId is not null) json.WriteString("pieceId", line.PieceId);
        ScanJson.WriteParts(json, line.Raw, line.Place, line.Eta, line.Proof);
        if (line.Evidence is { } evidence)
        {
            json.WriteStartObject("evidence");
            if (evidence.PayloadId is not null) json.WriteString("payloadId", evidence.PayloadId);
            if (evidence.Pointer is not null) json.WriteString("pointer", evidence.Pointer);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void WriteModifiers(Utf8JsonWriter json, Modifiers modifiers)
    {
        json.WriteStartArray("modifiers");
        foreach (var name in modifiers.List()) json.WriteStringValue(name);
        json.WriteEndArray();
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
