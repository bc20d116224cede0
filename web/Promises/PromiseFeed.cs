using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tracking.Domain.Estimates;
using Tracking.Web.Language;
using Tracking.Web.Retailers;

namespace Tracking.Web.Promises;

/// <summary>One line of a feed's answer: a date for an item and a service, or what was wrong with the item.</summary>
internal sealed record FeedLine(int Item, string? Sku, PromiseQuestion? Asked, Promise? Promise, string? Line, string? Problem);

/// <summary>Dates for many products and destinations at once. One bad item never fails its neighbours.</summary>
internal static class PromiseFeed
{
    public static List<FeedLine> Make(IReadOnlyList<Dictionary<string, string>> items, Retailer retailer, EddSnapshot edd, DateTimeOffset now, Texts texts)
    {
        var lines = new List<FeedLine>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i];
            var sku = item.GetValueOrDefault("sku");
            if (PromiseQuery.Read(item.GetValueOrDefault, retailer, now, out var problem) is not { } asked)
            {
                lines.Add(new FeedLine(i + 1, sku, null, null, null, problem));
                continue;
            }
            var promises = PromiseMaker.Make(edd, retailer, asked);
            if (promises.Count == 0) lines.Add(new FeedLine(i + 1, sku, asked, null, null, "Every warehouse is closed for months."));
            foreach (var promise in promises) lines.Add(new FeedLine(i + 1, sku, asked, promise, PromiseWords.Line(promise, asked.At, texts), null));
        }
        return lines;
    }

    public static List<Dictionary<string, string>> ReadJson(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("items"u8, out var list) || list.ValueKind != JsonValueKind.Array)
            throw new FormatException("A feed is an object with an array 'items'.");
        var items = new List<Dictionary<string, string>>();
        foreach (var item in list.EnumerateArray())
        {
            var fields = new Dictionary<string, string>(StringComparer.Ordinal);
            if (item.ValueKind == JsonValueKind.Object)
                foreach (var field in item.EnumerateObject())
                    fields[field.Name] = field.Value.ValueKind switch
                    {
                        JsonValueKind.Array => string.Join(',', field.Value.EnumerateArray().Select(v => v.ToString())), JsonValueKind.Null => "", _ => field.Value.ToString(),
                    };
            items.Add(fields);
        }
        return items;
    }

    public static List<Dictionary<string, string>> ReadCsv(ReadOnlySpan<byte> body)
    {
        var rows = Csv.Rows(Encoding.UTF8.GetString(body)).GetEnumerator();
        if (!rows.MoveNext()) throw new FormatException("The feed is empty; its first line names the columns: sku,country,postalCode,service.");
        var columns = rows.Current;
        if (!columns.Contains("country", StringComparer.Ordinal)) throw new FormatException("The first line names no column 'country'.");
        var items = new List<Dictionary<string, string>>();
        while (rows.MoveNext())
        {
            var fields = new Dictionary<string, string>(StringComparer.Ordinal);
            for (var i = 0; i < Math.Min(columns.Count, rows.Current.Count); i++) fields[columns[i]] = rows.Current[i];
            items.Add(fields);
        }
        return items;
    }

    public static void WriteJson(IBufferWriter<byte> output, List<FeedLine> lines, long snapshot)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteNumber("snapshot", snapshot);
        json.WriteStartArray("items");
        foreach (var line in lines)
        {
            json.WriteStartObject();
            json.WriteNumber("item", line.Item);
            if (line.Sku is not null) json.WriteString("sku", line.Sku);
            if (line.Problem is not null) json.WriteString("problem", line.Problem);
            if (line.Promise is { } promise)
                foreach (var (name, value) in Fields(line.Asked!, promise, line.Line!))
                    if (value is not null) json.WriteString(name, value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WriteCsv(IBufferWriter<byte> output, List<FeedLine> lines)
    {
        var text = new StringBuilder("item,sku,country,postalCode,carrier,service,from,to,mass,by,byMass,orderBy,basis,line,problem\n");
        foreach (var line in lines)
        {
            text.Append(line.Item.ToString(CultureInfo.InvariantCulture)).Append(',').Append(Csv.Field(line.Sku));
            if (line.Promise is { } promise)
                foreach (var (_, value) in Fields(line.Asked!, promise, line.Line!)) text.Append(',').Append(Csv.Field(value));
            else text.Append(",,,,,,,,,,,,");
            text.Append(',').Append(Csv.Field(line.Problem)).Append('\n');
        }
        output.Write(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static (string Name, string? Value)[] Fields(PromiseQuestion asked, Promise promise, string line) =>
    [
        ("country", asked.Country), ("postalCode", asked.PostalCode), ("carrier", promise.Service.Carrier), ("service", promise.Service.Service),
        ("from", promise.Window is { } w ? PromiseJson.Day(w.From) : null), ("to", promise.Window is { } v ? PromiseJson.Day(v.To) : null), ("mass", Share(promise.Window?.Mass)),
        ("by", promise.By is { } by ? PromiseJson.Day(by.Day) : null), ("byMass", Share(promise.By?.Mass)), ("orderBy", promise.OrderBy?.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture)),
        ("basis", PromiseWords.Basis(promise.Basis)), ("line", line),
    ];

    private static string? Share(double? share) => share is { } s ? Math.Round(s, 3).ToString(CultureInfo.InvariantCulture) : null;
}

/// <summary>Comma-separated values as spreadsheets write them: quotes around what holds commas, doubled quotes inside.</summary>
internal static class Csv
{
    public static IEnumerable<List<string>> Rows(string text)
    {
        var (row, field, quoted, any) = (new List<string>(), new StringBuilder(), false, false);
        for (var i = text.StartsWith('\uFEFF') ? 1 : 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted)
            {
                if (c != '"') field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') { field.Append('"'); i++; }
                else quoted = false;
                continue;
            }
            switch (c)
            {
                case '"' when field.Length == 0: (quoted, any) = (true, true); break;
                case ',': row.Add(field.ToString().Trim()); field.Clear(); any = true; break;
                case '\n':
                    if (any || field.Length > 0) { row.Add(field.ToString().Trim()); yield return row; }
                    (row, any) = ([], false);
                    field.Clear();
                    break;
                case '\r': break;
                default: field.Append(c); break;
            }
        }
        if (!any && field.Length == 0) yield break;
        row.Add(field.ToString().Trim());
        yield return row;
    }

    /// <summary>A spreadsheet must not take a text for a formula.</summary>
    public static string Field(string? value)
    {
        if (string.IsNullOrEmpty(value)) return "";
        if (value[0] is '=' or '+' or '-' or '@') value = "'" + value;
        return value.AsSpan().IndexOfAny("\",\n\r") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
