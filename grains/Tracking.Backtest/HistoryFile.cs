using System.Globalization;
using System.IO.Compression;
using CsvHelper;
using CsvHelper.Configuration;
using Tracking.Domain.Estimates;
using Tracking.Domain.Vocabulary;

namespace Tracking.Backtest;

/// <summary>
/// A retailer's own finished deliveries as CSV, one line each. Columns by name, in any order: <c>handedOverAt</c> and <c>deliveredAt</c> are needed; <c>orderedAt</c>, <c>carrier</c>,
/// <c>service</c>, <c>originCountry</c>, <c>originRegion</c>, <c>originPostalCode</c>, <c>country</c>, <c>region</c>, <c>postalCode</c>, <c>promisedDate</c> (yyyy-MM-dd, as stated at the order),
/// <c>distanceKm</c> and <c>id</c> are used where they are. Times are RFC 3339 with an offset, or local readings with <c>--zone</c>.
/// </summary>
public static class HistoryFile
{
    public const int MostRows = 2_000_000;

    private static readonly string[] Needed = ["handedOverAt", "deliveredAt"];
    private static readonly string[] Known = [.. Needed, "id", "orderedAt", "carrier", "service", "originCountry", "originRegion", "originPostalCode", "country", "region", "postalCode", "promisedDate", "distanceKm"];

    /// <summary>Reads the file into moments in time order. Lines that cannot be used are named in <paramref name="problem"/> and left out.</summary>
    /// <exception cref="FormatException">The file as a whole cannot be used: no header, a needed column is missing, too many lines.</exception>
    public static (IReadOnlyList<HistoryStep> Steps, int Rows) Read(string file, string retailer, TimeZoneInfo? zone, Action<string> problem, Action<double>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(problem);
        using var raw = File.OpenRead(file);
        Stream stream = file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
        using var csv = new CsvReader(new StreamReader(stream), new CsvConfiguration(CultureInfo.InvariantCulture) { PrepareHeaderForMatch = h => h.Header.Trim().ToUpperInvariant(), TrimOptions = TrimOptions.Trim, BadDataFound = null, MissingFieldFound = null });
        if (!csv.Read() || !csv.ReadHeader()) throw new FormatException("The file is empty; its first line names the columns.");
        var columns = csv.HeaderRecord!.Select(c => c.Trim()).ToArray();
        foreach (var needed in Needed)
            if (!columns.Contains(needed, StringComparer.OrdinalIgnoreCase)) throw new FormatException($"The first line names no column '{needed}'. Known columns: {string.Join(", ", Known)}.");
        foreach (var strange in columns.Where(c => !Known.Contains(c, StringComparer.OrdinalIgnoreCase))) problem($"line 1: the column '{strange}' is not known and not used");

        var steps = new List<HistoryStep>();
        var seen = new HashSet<ulong>();
        var rows = 0;
        while (csv.Read())
        {
            cancel.ThrowIfCancellationRequested();
            var line = csv.Parser.RawRow;
            if (++rows > MostRows) throw new FormatException($"The file has more than {MostRows} lines; cut it.");
            if (rows % 4_096 == 0) progress?.Invoke(raw.Length == 0 ? 1 : (double)raw.Position / raw.Length);
            if (Row(csv, columns, retailer, zone, line, out var wrong) is not { } moments) problem($"line {line}: {wrong}");
            else if (!seen.Add(moments[0].Journey)) problem($"line {line}: the same parcel stands on an earlier line");
            else steps.AddRange(moments);
        }
        steps.Sort(static (a, b) => a.At != b.At ? a.At.CompareTo(b.At) : a.Journey != b.Journey ? a.Journey.CompareTo(b.Journey) : a.What.CompareTo(b.What));
        progress?.Invoke(1);
        return (steps, rows);
    }

    private static HistoryStep[]? Row(CsvReader csv, string[] columns, string retailer, TimeZoneInfo? zone, int line, out string wrong)
    {
        wrong = "";
        if (Time("handedOverAt", ref wrong) is not { } handedOver || Time("deliveredAt", ref wrong) is not { } delivered) { if (wrong.Length == 0) wrong = "handedOverAt or deliveredAt is empty"; return null; }
        var ordered = Time("orderedAt", ref wrong);
        if (wrong.Length > 0) return null;
        if (delivered < handedOver) { wrong = "deliveredAt lies before handedOverAt"; return null; }
        if (ordered > handedOver) { wrong = "orderedAt lies after handedOverAt"; return null; }
        if (delivered - (ordered ?? handedOver) > TimeSpan.FromDays(366)) { wrong = "the delivery took more than a year"; return null; }
        string? carrier = null;
        if (Text("carrier") is { } name)
        {
            if (!Carrier.TryNormalize(name, out var slug)) { wrong = $"carrier '{name}' is no carrier's name"; return null; }
            carrier = slug;
        }
        foreach (var column in new[] { "country", "originCountry" })
            if (Text(column) is { } country && (country.Length != 2 || !country.All(char.IsAsciiLetter))) { wrong = $"{column} '{country}' is not two letters"; return null; }
        CarrierDate? promised = null;
        if (Text("promisedDate") is { } date)
        {
            if (!DateOnly.TryParseExact(date, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)) { wrong = $"promisedDate '{date}' is not yyyy-MM-dd"; return null; }
            if (ordered is { } stated) promised = new CarrierDate(day, day, stated);
        }
        double? distance = null;
        if (Text("distanceKm") is { } km)
        {
            if (!double.TryParse(km, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || number is < 0 or > 25_000) { wrong = $"distanceKm '{km}' is no distance on earth"; return null; }
            distance = number;
        }
        var journey = Journeys.Number($"{retailer}/history/{Text("id") ?? string.Join('|', columns.Select(c => csv[c]))}");
        var facts = new JourneyFacts
        {
            Retailer = retailer, Carrier = carrier, Service = Text("service"), OriginCountry = Text("originCountry")?.ToUpperInvariant(), OriginRegion = Text("originRegion"), OriginPostalCode = Text("originPostalCode"),
            DestinationCountry = Text("country")?.ToUpperInvariant(), DestinationRegion = Text("region"), DestinationPostalCode = Text("postalCode"), OrderedAt = ordered, CarrierDate = promised, DistanceKm = distance,
        };
        var handed = facts with { HandedOverAt = handedOver };
        HistoryStep[] carried = [new(HistoryMoment.HandedOver, journey, handedOver, handed), new(HistoryMoment.Delivered, journey, delivered, handed)];
        return ordered is { } at ? [new(HistoryMoment.Ordered, journey, at, facts), .. carried] : carried;

        string? Text(string column) => columns.Contains(column, StringComparer.OrdinalIgnoreCase) && csv[column] is { Length: > 0 and <= 200 } text ? text : null;

        DateTimeOffset? Time(string column, ref string mistake)
        {
            if (Text(column) is not { } text) return null;
            var hasOffset = text.EndsWith('Z') || text.EndsWith('z') || text.Length > 19 && text.LastIndexOfAny(['+', '-']) > 10;
            if (hasOffset ? DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) : Local(text, out instant))
            {
                if (instant.Year is >= 2000 and <= 2100) return new DateTimeOffset(instant.UtcTicks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
                mistake = $"{column} '{text}' is not of this century";
                return null;
            }
            mistake = hasOffset || zone is not null ? $"{column} '{text}' is no time" : $"{column} '{text}' has no offset; give one, or say --zone";
            return null;
        }

        bool Local(string text, out DateTimeOffset instant)
        {
            instant = default;
            if (zone is null || !DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local)) return false;
            if (zone.IsInvalidTime(local)) local = local.AddHours(1);
            instant = new DateTimeOffset(local, zone.GetUtcOffset(local));
            return true;
        }
    }
}
