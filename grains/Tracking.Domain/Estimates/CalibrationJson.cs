using System.Text.Json;

namespace Tracking.Domain.Estimates;

/// <summary>The machine's form of a calibration cell: days for errors and widths, 0 to 1 for shares. The calibration page and the backtest write the same.</summary>
public static class CalibrationJson
{
    public static void Write(Utf8JsonWriter json, CalibrationCell cell)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(cell);
        json.WriteStartObject();
        if (cell.Retailer.Length > 0) json.WriteString("retailer", cell.Retailer);
        json.WriteString("carrier", cell.Carrier.Length > 0 ? cell.Carrier : "all");
        json.WriteString("lane", cell.Lane.Length > 0 ? cell.Lane : "all");
        json.WriteString("stage", Name(cell.Stage));
        json.WriteNumber("n", cell.Count);
        json.WriteNumber("mae", cell.Mae);
        json.WriteNumber("bias", cell.Bias);
        json.WriteNumber("pinball", cell.Pinball);
        Share(json, "cover80", cell.Cover80);
        json.WriteNumber("width80", cell.Width);
        json.WriteStartArray("levels");
        foreach (var (stated, kept) in cell.Levels) Point(json, stated, cell.Count, kept);
        json.WriteEndArray();
        json.WriteStartArray("windows");
        foreach (var (stated, count, kept) in cell.Windows) Point(json, stated, count, kept);
        json.WriteEndArray();
        json.WriteNumber("parcels", cell.Parcels);
        json.WriteNumber("revisionsPerParcel", cell.RevisionsPerParcel);
        json.WriteNumber("flipShare", cell.FlipShare);
        json.WriteNumber("recentN", cell.RecentCount);
        Share(json, "recentCover80", cell.RecentCover80);
        json.WriteBoolean("alarm", cell.Drifts);
        json.WriteEndObject();
    }

    private static void Point(Utf8JsonWriter json, double stated, long count, KeptShare kept)
    {
        json.WriteStartObject();
        json.WriteNumber("stated", stated);
        json.WriteNumber("n", count);
        json.WriteNumber("kept", kept.Kept);
        json.WriteNumber("low", kept.Low);
        json.WriteNumber("high", kept.High);
        json.WriteEndObject();
    }

    private static void Share(Utf8JsonWriter json, string name, KeptShare share)
    {
        json.WriteStartObject(name);
        json.WriteNumber("kept", share.Kept);
        json.WriteNumber("low", share.Low);
        json.WriteNumber("high", share.High);
        json.WriteEndObject();
    }

    public static string Name(JourneyStage stage) => stage switch
    {
        JourneyStage.Handling => "purchase", JourneyStage.Transit => "handover", JourneyStage.DestinationHub => "destination-hub", JourneyStage.OutForDelivery => "out-for-delivery",
        JourneyStage.Reattempt => "reattempt", JourneyStage.Customs => "customs", JourneyStage.ReadyForPickup => "ready-for-pickup", JourneyStage.Held => "held", _ => "over",
    };
}
