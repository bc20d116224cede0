using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Tracking.Domain.Customers;
using Tracking.Domain.Orders;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Orders;

/// <summary>
/// Reads an order as a shop writes it. Everything unreadable is found at once, each with a JSON pointer; unknown members are ignored. What the order must be beside
/// readable is <see cref="OrderRules"/>'s business.
/// </summary>
internal sealed class OrderReading
{
    public List<OrderProblem> Problems { get; } = [];

    public string? Id { get; private set; }
    public OrderPeople People { get; private set; } = OrderPeople.Nobody;

    public static OrderReading Of(JsonElement root, out OrderContent content)
    {
        var reading = new OrderReading();
        content = reading.Order(root);
        return reading;
    }

    private OrderContent Order(JsonElement root)
    {
        Id = Text(root, "id", "");
        var customer = Object(root, "customer", "");
        var recipient = Object(root, "recipient", "");
        var address = Object(root, "address", "");
        People = new OrderPeople(
            Text(customer, "name", "/customer"), Text(customer, "email", "/customer"), Text(customer, "phone", "/customer"),
            Text(recipient, "name", "/recipient"), Text(recipient, "email", "/recipient"), Text(recipient, "message", "/recipient", 2_000),
            Strings(address, "lines", "/address") is { Count: > 0 } lines ? string.Join('\n', lines) : null, Text(address, "postalCode", "/address"), Text(address, "city", "/address"));

        var value = Object(root, "value", "");
        if (value.ValueKind != JsonValueKind.Object) Wrong("/value", "The value is missing: { \"minor\": 12990, \"currency\": \"EUR\" }.");
        return new OrderContent
        {
            PlacedAt = Instant(root, "placedAt"),
            Value = new Money(Whole(value, "minor", "/value") ?? Missing(value, "/value/minor", "The amount in minor units is missing."), Text(value, "currency", "/value") ?? ""),
            Customer = Text(customer, "id", "/customer"), Tier = Text(customer, "tier", "/customer"),
            Language = Text(root, "language", "", 35), Country = Text(root, "country", "")?.ToUpperInvariant(),
            Gift = Flag(root, "gift", "") ?? false, Occasion = Day(root, "occasion", ""),
            Signature = Text(root, "signature", "") switch
            {
                null => SignatureWish.ByRule, "required" => SignatureWish.Required, "none" => SignatureWish.NotRequired,
                var other => Choose(SignatureWish.ByRule, "/signature", $"'{other}' is neither required nor none."),
            },
            ShippingPaid = Whole(root, "shippingPaid", ""),
            Promise = Promise(Object(root, "promise", "")),
            Lines = [.. Items(root, "lines", "").Select(Line)],
            Shipments = [.. Items(root, "shipments", "").Select(s => Shipment(s.Item, s.At))],
        };
    }

    private OrderPromise? Promise(JsonElement promise)
    {
        if (promise.ValueKind != JsonValueKind.Object) return null;
        if (Day(promise, "by", "/promise") is { } by) return new OrderPromise(by, Day(promise, "from", "/promise"), Text(promise, "zone", "/promise"));
        if (!promise.TryGetProperty("by", out _)) Wrong("/promise/by", "The last promised day is missing.");
        return null;
    }

    private OrderLine Line((JsonElement Item, string At) line) => new(
        Text(line.Item, "id", line.At) ?? "", (int)Math.Clamp(Whole(line.Item, "quantity", line.At) ?? Missing(line.Item, line.At + "/quantity", "The quantity is missing."), int.MinValue, int.MaxValue),
        Text(line.Item, "sku", line.At), Text(line.Item, "name", line.At), Whole(line.Item, "unitPrice", line.At), Flag(line.Item, "signature", line.At), Text(line.Item, "category", line.At, Customer.MaxCategory));

    /// <summary>One parcel; its carrier and number are normalised as everywhere.</summary>
    public OrderShipment Shipment(JsonElement item, string at, string? carrier = null, string? number = null)
    {
        carrier ??= Text(item, "carrier", at);
        number ??= Text(item, "trackingNumber", at);
        if (!Carrier.TryNormalize(carrier, out var slug)) Wrong(at + "/carrier", $"'{carrier}' is no carrier: letters, digits and hyphens, at most 40.");
        if (!TrackingNumber.TryNormalize(number, out var normal)) Wrong(at + "/trackingNumber", $"'{number}' is no tracking number.");
        var lines = Items(item, "lines", at).Select(l => new ShippedLine(Text(l.Item, "line", l.At) ?? Choose("", l.At + "/line", "The line's id is missing."), (int)Math.Clamp(Whole(l.Item, "quantity", l.At) ?? 1, int.MinValue, int.MaxValue)));
        return new OrderShipment(slug, normal, [.. lines], Flag(item, "untracked", at) ?? false);
    }

    // ---- small parts -----------------------------------------------------------------------------------------------------

    private void Wrong(string field, string problem) => Problems.Add(new OrderProblem(field, problem));

    private T Choose<T>(T instead, string field, string problem)
    {
        Wrong(field, problem);
        return instead;
    }

    private long Missing(JsonElement of, string field, string problem)
    {
        // Something unreadable there was complained of already.
        if (of.ValueKind == JsonValueKind.Object && !of.TryGetProperty(field[(field.LastIndexOf('/') + 1)..], out _)) Wrong(field, problem);
        return 0;
    }

    private JsonElement Object(JsonElement of, string name, string at)
    {
        if (!Has(of, name, out var value)) return default;
        if (value.ValueKind == JsonValueKind.Object) return value;
        Wrong($"{at}/{name}", $"'{name}' is an object.");
        return default;
    }

    private IEnumerable<(JsonElement Item, string At)> Items(JsonElement of, string name, string at)
    {
        if (!Has(of, name, out var list)) return [];
        if (list.ValueKind != JsonValueKind.Array) { Wrong($"{at}/{name}", $"'{name}' is a list."); return []; }
        if (list.GetArrayLength() > 1_000) { Wrong($"{at}/{name}", $"'{name}' has more than 1,000 items."); return []; }
        var items = new List<(JsonElement, string)>();
        foreach (var item in list.EnumerateArray())
        {
            var where = $"{at}/{name}/{items.Count}";
            if (item.ValueKind != JsonValueKind.Object) Wrong(where, "An object is expected here.");
            items.Add((item, where));
        }
        return items.Where(static i => i.Item1.ValueKind == JsonValueKind.Object);
    }

    private List<string> Strings(JsonElement of, string name, string at)
    {
        var texts = new List<string>();
        if (!Has(of, name, out var list)) return texts;
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > 10) { Wrong($"{at}/{name}", $"'{name}' is a list of at most ten texts."); return texts; }
        foreach (var item in list.EnumerateArray())
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { Length: <= 200 } text) texts.Add(text.Replace('\n', ' '));
            else Wrong($"{at}/{name}", "A text of at most 200 characters is expected here.");
        return texts;
    }

    private string? Text(JsonElement of, string name, string at, int most = 200)
    {
        if (!Has(of, name, out var value)) return null;
        if (value.ValueKind != JsonValueKind.String) { Wrong($"{at}/{name}", $"'{name}' is a text."); return null; }
        var text = value.GetString()!.Trim();
        if (text.Length > most) { Wrong($"{at}/{name}", $"'{name}' has at most {most} characters."); return null; }
        if (text.Contains('\0', StringComparison.Ordinal)) { Wrong($"{at}/{name}", $"'{name}' cannot hold U+0000."); return null; }
        return text.Length == 0 ? null : text;
    }

    private bool? Flag(JsonElement of, string name, string at)
    {
        if (!Has(of, name, out var value)) return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Wrong($"{at}/{name}", $"'{name}' is true or false.");
        return null;
    }

    private long? Whole(JsonElement of, string name, string at)
    {
        if (!Has(of, name, out var value)) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)) return number;
        Wrong($"{at}/{name}", $"'{name}' is a whole number; amounts are in minor units.");
        return null;
    }

    private DateOnly? Day(JsonElement of, string name, string at)
    {
        if (!Has(of, name, out var value)) return null;
        if (value.ValueKind == JsonValueKind.String && DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)) return day;
        Wrong($"{at}/{name}", $"'{name}' is a day such as 2026-12-24.");
        return null;
    }

    private DateTimeOffset? Instant(JsonElement of, string name)
    {
        if (!Has(of, name, out var value)) return null;
        if (value.ValueKind == JsonValueKind.String && Tracking.Domain.Shipments.ScanJson.TryReadTime(value.GetString()!, out var time) && time.Utc is { } utc) return utc;
        Wrong($"/{name}", $"'{name}' is an RFC 3339 instant with an offset.");
        return null;
    }

    private static bool Has(JsonElement of, string name, out JsonElement value)
    {
        value = default;
        return of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }
}
