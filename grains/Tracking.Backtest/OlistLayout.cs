using System.Globalization;
using System.IO.Compression;
using CsvHelper;
using Tracking.Domain.Estimates;

namespace Tracking.Backtest;

/// <summary>
/// One delivered order of the Olist layout. Times are local Brazilian clock readings in the file and instants here.
/// </summary>
public sealed record RecordedDelivery(
    ulong Journey, DateTimeOffset Purchased, DateTimeOffset HandedOver, DateTimeOffset Delivered, DateOnly? Promised,
    string Seller, string OriginRegion, string OriginPostalCode, string DestinationRegion, string DestinationPostalCode, double? DistanceKm)
{
    public const string Zone = "America/Sao_Paulo";

    private static readonly TimeZoneInfo Local = TimeZoneInfo.FindSystemTimeZoneById(Zone);

    /// <summary>What was known at the order.</summary>
    public JourneyFacts AtPurchase => new()
    {
        Retailer = Seller, OriginCountry = "BR", OriginRegion = OriginRegion, OriginPostalCode = OriginPostalCode,
        DestinationCountry = "BR", DestinationRegion = DestinationRegion, DestinationPostalCode = DestinationPostalCode, DestinationZone = Zone,
        Stage = JourneyStage.Handling, StageEnteredAt = Purchased, OrderedAt = Purchased, DistanceKm = DistanceKm,
        CarrierDate = Promised is { } promised ? new CarrierDate(promised, promised, Purchased) : null,
    };

    /// <summary>What was known at hand-over.</summary>
    public JourneyFacts AtHandOver => AtPurchase with { Stage = JourneyStage.Transit, StageEnteredAt = HandedOver, HandedOverAt = HandedOver, LastScanAt = HandedOver };

    public DateOnly PurchaseDay => DayOf(Purchased);
    public DateOnly HandOverDay => DayOf(HandedOver);

    public static DateOnly DayOf(DateTimeOffset instant) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, Local).DateTime);

    public static DateTimeOffset At(DateOnly day, int hour = 0) => Instant(day.ToDateTime(new TimeOnly(hour, 0)));

    // A reading that a clock change skipped (midnight of a spring Sunday in Brazil) is an hour later; one that occurs twice is the earlier.
    internal static DateTimeOffset Instant(DateTime local)
    {
        if (Local.IsInvalidTime(local)) local = local.AddHours(1);
        var offset = Local.IsAmbiguousTime(local) ? Local.GetAmbiguousTimeOffsets(local).Max() : Local.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}

/// <summary>
/// Reads every file of a folder that looks like <c>delivered_flat</c>: <c>*.csv</c> and <c>*.csv.gz</c> whose header names order_id, purchase_ts,
/// carrier_ts, delivered_ts, the two states and zips. Rows that deliver before hand-over or hand over before purchase are counted and left out, and so is
/// an order that a second file repeats.
/// </summary>
public static class OlistLayout
{
    private static readonly string[] Needed = ["order_id", "purchase_ts", "carrier_ts", "delivered_ts", "seller_id", "s_zip", "s_state", "c_zip", "c_state"];

    public static bool Fits(string folder) => Files(folder).Any();

    public static (IReadOnlyList<RecordedDelivery> Deliveries, int LeftOut, IReadOnlyList<string> Files) Read(string folder)
    {
        var deliveries = new List<RecordedDelivery>();
        var seen = new HashSet<ulong>();
        var leftOut = 0;
        var files = Files(folder).ToArray();
        foreach (var file in files)
        {
            using var csv = Open(file);
            csv.Read();
            csv.ReadHeader();
            var hasPromise = csv.HeaderRecord!.Contains("promised_date");
            var hasDistance = csv.HeaderRecord!.Contains("dist_km");
            while (csv.Read())
            {
                if (Row(csv, hasPromise, hasDistance) is { } delivery && delivery.HandedOver >= delivery.Purchased && delivery.Delivered >= delivery.HandedOver && seen.Add(delivery.Journey))
                    deliveries.Add(delivery);
                else leftOut++;
            }
        }
        // The order of rows in the files must not matter: time, then number.
        deliveries.Sort((a, b) => a.Purchased != b.Purchased ? a.Purchased.CompareTo(b.Purchased) : a.Journey.CompareTo(b.Journey));
        return (deliveries, leftOut, files);
    }

    private static RecordedDelivery? Row(CsvReader csv, bool hasPromise, bool hasDistance)
    {
        if (Time(csv["purchase_ts"]) is not { } purchased || Time(csv["carrier_ts"]) is not { } handedOver || Time(csv["delivered_ts"]) is not { } delivered) return null;
        var promised = hasPromise && DateOnly.TryParse(csv["promised_date"].AsSpan()[..Math.Min(10, csv["promised_date"]!.Length)], CultureInfo.InvariantCulture, out var day) ? day : (DateOnly?)null;
        var distance = hasDistance && double.TryParse(csv["dist_km"], CultureInfo.InvariantCulture, out var km) ? km : (double?)null;
        return new RecordedDelivery(Journeys.Number(csv["order_id"]!), purchased, handedOver, delivered, promised, csv["seller_id"]!,
            csv["s_state"]!, Zip(csv["s_zip"]), csv["c_state"]!, Zip(csv["c_zip"]), distance);
    }

    // Prefixes lost their leading zero: 1001 is 01001.
    private static string Zip(string? zip) => (zip ?? "").PadLeft(5, '0');

    private static DateTimeOffset? Time(string? text)
        => DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local) ? RecordedDelivery.Instant(local) : null;

    private static IEnumerable<string> Files(string folder)
        => Directory.EnumerateFiles(folder).Where(f => f.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || f.EndsWith(".csv.gz", StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).Where(HasColumns);

    private static bool HasColumns(string file)
    {
        try
        {
            using var csv = Open(file);
            return csv.Read() && csv.ReadHeader() && Needed.All(csv.HeaderRecord!.Contains);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or CsvHelperException) { return false; }
    }

    internal static CsvReader Open(string file)
    {
        Stream stream = File.OpenRead(file);
        if (file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)) stream = new GZipStream(stream, CompressionMode.Decompress);
        return new CsvReader(new StreamReader(stream), CultureInfo.InvariantCulture);
    }
}

internal static class Journeys
{
    /// <summary>A stable number for a journey's name.</summary>
    public static ulong Number(string name)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var c in name) hash = (hash ^ c) * 0x100000001B3UL;
        return hash | 1;
    }
}
