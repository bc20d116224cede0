using System.Globalization;
using System.Text.Json;
using Tracking.Domain.Estimates;
using Tracking.Web.Language;

namespace Tracking.Web.Promises;

internal static class PromiseJson
{
    public static void Write(Utf8JsonWriter json, PromiseQuestion asked, IReadOnlyList<Promise> promises, EddSnapshot edd, DateTimeOffset validUntil, Texts texts)
    {
        json.WriteStartObject();
        json.WriteStartObject("destination");
        json.WriteString("country", asked.Country);
        if (asked.PostalCode is not null) json.WriteString("postalCode", asked.PostalCode);
        if ((asked.Region ?? edd.RegionOf(asked.Country, asked.PostalCode)) is { } region) json.WriteString("region", region);
        json.WriteEndObject();
        json.WriteNumber("snapshot", edd.Id);
        json.WriteString("validUntil", validUntil.UtcDateTime);
        json.WriteString("lang", texts.Tag);
        json.WriteString("hours", texts.Get("promise.hours").Format(texts.Tag, [("h", "{h}"), ("m", "{m}")]));
        json.WriteString("minutes", texts.Get("promise.minutes").Format(texts.Tag, [("m", "{m}")]));
        json.WriteStartArray("services");
        foreach (var promise in promises) Write(json, asked, promise, texts);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, PromiseQuestion asked, Promise promise, Texts texts)
    {
        json.WriteStartObject();
        if (promise.Service.Carrier is not null) json.WriteString("carrier", promise.Service.Carrier);
        if (promise.Service.Service is not null) json.WriteString("service", promise.Service.Service);
        if (promise.Service.Name is not null) json.WriteString("name", promise.Service.Name);
        if (promise.Warehouse is not null) json.WriteString("warehouse", promise.Warehouse.Id);
        if (promise.Window is { } window)
        {
            json.WriteStartObject("window");
            json.WriteString("from", Day(window.From));
            json.WriteString("to", Day(window.To));
            json.WriteNumber("mass", Math.Round(window.Mass, 3));
            json.WriteEndObject();
        }
        else json.WriteNull("window");
        By(json, "by", promise.By);
        json.WriteString("p10", promise.P10.UtcDateTime);
        json.WriteString("p50", promise.P50.UtcDateTime);
        json.WriteString("p90", promise.P90.UtcDateTime);
        if (promise.OrderBy is { } orderBy) json.WriteString("orderBy", orderBy);
        if (promise.HandedOverAt is { } handed) json.WriteString("handedOverAt", handed);
        if (promise.Later is not null) By(json, "ifLater", promise.Later);
        json.WriteString("basis", PromiseWords.Basis(promise.Basis));
        if (promise.Notice != NoticeKind.None) json.WriteString("notice", promise.Notice.ToString().ToLowerInvariant());
        json.WriteStartObject("text");
        json.WriteString("line", PromiseWords.Line(promise, asked.At, texts));
        if (PromiseWords.Within(promise, asked.At, texts) is { } within) json.WriteString("within", within);
        json.WriteString("arrives", PromiseWords.Arrives(promise, asked.At, texts));
        if (PromiseWords.Sure(promise, texts) is { } sure) json.WriteString("sure", sure);
        if (PromiseWords.Notice(promise.Notice, texts) is { } notice) json.WriteString("notice", notice);
        json.WriteEndObject();
        if (!promise.Occasions.IsEmpty)
        {
            json.WriteStartArray("orderBefore");
            foreach (var occasion in promise.Occasions)
            {
                json.WriteStartObject();
                json.WriteString("holiday", occasion.Name);
                json.WriteString("day", Day(occasion.Day));
                if (occasion.OrderBy is { } until)
                {
                    json.WriteString("orderBy", until);
                    json.WriteNumber("mass", Math.Round(occasion.Mass, 3));
                }
                else json.WriteNull("orderBy");
                json.WriteString("text", PromiseWords.Occasion(occasion, promise, asked.At, texts));
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        if (!promise.Windows.IsEmpty)
        {
            json.WriteStartArray("deliveryWindows");
            foreach (var (from, to, share) in promise.Windows)
            {
                json.WriteStartObject();
                json.WriteString("from", from.ToString("HH:mm", CultureInfo.InvariantCulture));
                json.WriteString("to", to.ToString("HH:mm", CultureInfo.InvariantCulture));
                json.WriteNumber("share", Math.Round(share, 3));
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void By(Utf8JsonWriter json, string name, (DateOnly Day, double Mass)? by)
    {
        if (by is not { } day) { json.WriteNull(name); return; }
        json.WriteStartObject(name);
        json.WriteString("day", Day(day.Day));
        json.WriteNumber("mass", Math.Round(day.Mass, 3));
        json.WriteEndObject();
    }

    public static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
