using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Claims;
using Tracking.Contracts.Orders;
using Tracking.Domain.Claims;
using Tracking.Domain.Orders;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Http;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Web.Orders;

/// <summary><c>/v1/orders</c>: what a shop tells of its orders, and what became of them.</summary>
public static class OrderEndpoints
{
    private const long MaxBody = 1 << 20;

    public static IEndpointRouteBuilder MapOrders(this IEndpointRouteBuilder app)
    {
        Taking(app.MapPost("/v1/orders", PlaceAsync), "PlaceOrder", "Takes an order. The same content again is 200; another content under the same id is 409 and names the fields.").Produces(201, contentType: "application/json");
        app.MapGet("/v1/orders/{id}", GetAsync).WithName("GetOrder").WithTags("Orders").WithSummary("The order with its shipments, dates and offers. Its version is the ETag.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404);
        Taking(app.MapPut("/v1/orders/{id}", ChangeAsync), "ChangeOrder", "Replaces what the shop tells of an order; with If-Match only if it still has that version.").ProducesProblem(412).ProducesProblem(404);
        Taking(app.MapPost("/v1/orders/{id}/cancel", CancelAsync), "CancelOrder", "Cancels an order; open offers end.").ProducesProblem(404).ProducesProblem(412);
        Taking(app.MapPost("/v1/orders/{id}/lines/{line}/cancel", CancelLineAsync), "CancelOrderLine",
            "An item cannot be sent, or (backOrdered) only later; with the price the shop keeps (rainCheck, minor units) and another item it suggests (alternative).").ProducesProblem(404).ProducesProblem(412);
        Taking(app.MapPut("/v1/orders/{id}/shipments/{carrier}/{number}", ShipmentAsync), "PutOrderShipment", "Adds a parcel to an order, or tells anew what is in it.").ProducesProblem(404).ProducesProblem(412);
        app.MapGet("/v1/orders/{id}/history", HistoryAsync).WithName("GetOrderHistory").WithTags("Orders").WithSummary("Everything stored about an order, each fact and decision with its reason in a sentence.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404);
        return app;

        static RouteHandlerBuilder Taking(RouteHandlerBuilder route, string name, string summary)
            => route.WithName(name).WithTags("Orders").WithSummary(summary).Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(409).ProducesProblem(413).ProducesProblem(422).ProducesProblem(503);
    }

    private static async Task<IResult> PlaceAsync(HttpContext http, RetailerDirectory retailers, IGrainFactory grains, IOrderReader reader, TimeProvider clock)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        var (root, wrong) = await BodyAsync(http);
        if (wrong is not null) return wrong;
        using (root)
        {
            var reading = OrderReading.Of(root!.RootElement, out var content);
            if (reading.Id is null) reading.Problems.Add(new OrderProblem("/id", "The order's id is missing."));
            else if (!OrderKey.IsId(reading.Id)) reading.Problems.Add(new OrderProblem("/id", "An order's id is 1 to 100 printable characters without space, slash and tilde."));
            if (reading.Problems.Count > 0) return Invalid(reading.Problems);
            var key = new OrderKey(retailer.Id, reading.Id!);
            var reply = await grains.GetGrain<IOrderGrain>(key.ToString()).Place(content, reading.People, clock.GetUtcNow());
            if (reply is { Refusal: OrderRefusal.None, Changed: true })
            {
                http.Response.StatusCode = 201;
                http.Response.Headers.Location = $"/v1/orders/{Uri.EscapeDataString(key.Order)}";
            }
            return await AnswerAsync(http, key, reply, reader);
        }
    }

    private static Task<IResult> ChangeAsync(string id, HttpContext http, RetailerDirectory retailers, IGrainFactory grains, IOrderReader reader, TimeProvider clock)
        => TellAsync(id, http, retailers, grains, reader, needsBody: true, async (order, root, version) =>
        {
            var reading = OrderReading.Of(root, out var content);
            if (reading.Id is { } told && told != id) reading.Problems.Add(new OrderProblem("/id", $"The body speaks of order '{told}' and the address of '{id}'."));
            return reading.Problems.Count > 0 ? Refused(reading.Problems) : await order.Change(content, reading.People, clock.GetUtcNow(), version);
        });

    private static Task<IResult> CancelAsync(string id, HttpContext http, RetailerDirectory retailers, IGrainFactory grains, IOrderReader reader)
        => TellAsync(id, http, retailers, grains, reader, needsBody: false, (order, root, version) => order.Cancel(Text(root, "reason"), version));

    private static Task<IResult> CancelLineAsync(string id, string line, HttpContext http, RetailerDirectory retailers, IGrainFactory grains, IOrderReader reader, TimeProvider clock)
        => TellAsync(id, http, retailers, grains, reader, needsBody: false, (order, root, version) =>
        {
            var problems = new List<OrderProblem>();
            var report = new LineReport(line, (int?)Whole(root, "quantity", problems), Flag(root, "backOrdered", problems), Whole(root, "rainCheck", problems), Text(root, "alternative"));
            return problems.Count > 0 ? Task.FromResult(Refused(problems)) : order.LineUnavailable(report, clock.GetUtcNow(), version);
        });

    private static Task<IResult> ShipmentAsync(string id, string carrier, string number, HttpContext http, RetailerDirectory retailers, IGrainFactory grains, IOrderReader reader, TimeProvider clock)
        => TellAsync(id, http, retailers, grains, reader, needsBody: false, (order, root, version) =>
        {
            var reading = new OrderReading();
            var shipment = reading.Shipment(root, "", carrier, number);
            return reading.Problems.Count > 0 ? Task.FromResult(Refused(reading.Problems)) : order.PutShipment(shipment, clock.GetUtcNow(), version);
        });

    private static async Task<IResult> TellAsync(
        string id, HttpContext http, RetailerDirectory retailers, IGrainFactory grains, IOrderReader reader, bool needsBody, Func<IOrderGrain, JsonElement, int?, Task<OrderReply>> tell)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (!OrderKey.IsId(id)) return Unknown();
        if (!TryVersion(http, out var version)) return Problems.Of(400, "if-match-unreadable", "If-Match is the ETag of the order as it was read, such as \"3\".");
        var (root, wrong) = await BodyAsync(http);
        if (wrong is not null && (needsBody || http.Request.ContentLength is > 0)) return wrong;
        using (root)
        {
            var key = new OrderKey(retailer.Id, id);
            return await AnswerAsync(http, key, await tell(grains.GetGrain<IOrderGrain>(key.ToString()), root?.RootElement ?? default, version), reader);
        }
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, RetailerDirectory retailers, IOrderReader reader)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        return OrderKey.IsId(id) && await reader.ReadAsync(new OrderKey(retailer.Id, id), http.RequestAborted) is { Order.Content: not null } view ? await WriteAsync(http, view) : Unknown();
    }

    private static async Task<IResult> HistoryAsync(string id, HttpContext http, RetailerDirectory retailers, IOrderReader reader)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (!OrderKey.IsId(id) || await reader.HistoryAsync(new OrderKey(retailer.Id, id), http.RequestAborted) is not { } entries) return Unknown();
        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        json.WriteString("order", id);
        json.WriteStartArray("entries");
        foreach (var entry in entries)
        {
            json.WriteStartObject();
            json.WriteNumber("version", entry.Version);
            json.WriteString("recordedAt", entry.RecordedAt.UtcDateTime);
            if (entry.Erased) json.WriteBoolean("erased", true);
            json.WriteStartArray("facts");
            foreach (var fact in entry.Facts)
            {
                json.WriteStartObject();
                json.WriteString("type", fact.Type);
                json.WriteString("why", fact.Why);
                json.WritePropertyName("facts");
                JsonSerializer.Serialize(json, fact.Event, OrderJson.Options);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        return Results.Empty;
    }

    // Said at checkout, so that nobody is surprised at the door.
    private static SignatureNeed? SignatureOf(HttpContext http, OrderView view)
    {
        var content = view.Order.Content!;
        if (content.Signature != SignatureWish.ByRule) return null;
        if (content.Lines.FirstOrDefault(l => l.Signature == true) is { } line) return new SignatureNeed(true, "asked", $"The shop asks for a signature on line {line.Id}.");
        return http.RequestServices.GetService<ICaseReader>()?.NeedsSignature(view.Order.Key.Retailer, content.Value, [.. content.Lines.Select(l => l.Sku).OfType<string>()]);
    }

    // ---- what all of them share ------------------------------------------------------------------------------------------

    private static async Task<IResult> AnswerAsync(HttpContext http, OrderKey key, OrderReply reply, IOrderReader reader) => reply.Refusal switch
    {
        OrderRefusal.None => await reader.ReadAsync(key, http.RequestAborted) is { } view ? await WriteAsync(http, view) : Unknown(),
        OrderRefusal.Unknown => Problems.NotFound(reply.Problem ?? "No such order is known."),
        OrderRefusal.Conflict => Problems.Of(409, "order-differs", reply.Problem!, fields: Fields(reply)),
        OrderRefusal.OtherCustomer => Problems.Of(409, "shipment-of-another-customer", reply.Problem!, fields: Fields(reply)),
        OrderRefusal.WrongVersion => Problems.Of(412, "order-changed-meanwhile", reply.Problem!),
        OrderRefusal.Cancelled => Problems.Of(409, "order-cancelled", reply.Problem!),
        OrderRefusal.NotStored => Problems.Of(503, "storage-away", reply.Problem!, 1),
        _ => Problems.Of(422, "order-invalid", reply.Problem!, fields: Fields(reply)),
    };

    private static async Task<IResult> WriteAsync(HttpContext http, OrderView view)
    {
        http.Response.Headers.ETag = $"\"{view.Order.Revision.ToString(CultureInfo.InvariantCulture)}\"";
        await using var json = JsonAnswer.Start(http);
        OrderJsonView.Write(json, view, SignatureOf(http, view));
        return Results.Empty;
    }

    private static async Task<(JsonDocument? Root, IResult? Wrong)> BodyAsync(HttpContext http)
    {
        if (await BodyReading.WholeAsync(http, MaxBody) is not { } body) return (null, Problems.Of(413, "too-large", "An order has at most 1 MB."));
        try
        {
            var root = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 16 });
            if (root.RootElement.ValueKind == JsonValueKind.Object) return (root, null);
            root.Dispose();
            return (null, Problems.Of(400, "json-unreadable", "The body is no JSON object."));
        }
        catch (JsonException) { return (null, Problems.Of(400, "json-unreadable", "The body is no JSON.")); }
    }

    private static bool TryVersion(HttpContext http, out int? version)
    {
        version = null;
        var told = http.Request.Headers.IfMatch.ToString();
        if (told.Length == 0 || told == "*") return true;
        if (!int.TryParse(told.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
        version = number;
        return true;
    }

    private static OrderReply Refused(List<OrderProblem> problems) => new(OrderRefusal.Invalid, 0, false, string.Join(" ", problems.Select(p => p.Problem)), [.. problems.Select(p => p.Field)]);

    private static IResult Invalid(List<OrderProblem> problems) => Problems.Of(422, "order-invalid", string.Join(" ", problems.Select(p => p.Problem)), fields: [.. problems.Select(p => p.Field)]);

    private static IReadOnlyList<string>? Fields(OrderReply reply) => reply.Fields.IsDefaultOrEmpty ? null : reply.Fields;

    private static IResult Unknown() => Problems.NotFound("No such order is known.");

    private static string? Text(JsonElement of, string name)
        => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= 200 } text ? text : null;

    private static long? Whole(JsonElement of, string name, List<OrderProblem> problems)
    {
        if (of.ValueKind != JsonValueKind.Object || !of.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number is >= 0 and <= int.MaxValue) return number;
        problems.Add(new OrderProblem("/" + name, $"'{name}' is a whole number from 0 on."));
        return null;
    }

    private static bool Flag(JsonElement of, string name, List<OrderProblem> problems)
    {
        if (of.ValueKind != JsonValueKind.Object || !of.TryGetProperty(name, out var value) || value.ValueKind is JsonValueKind.Null) return false;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        problems.Add(new OrderProblem("/" + name, $"'{name}' is true or false."));
        return false;
    }
}
