using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Orders;

/// <summary>What is wrong with something the shop told, and where in it (a JSON pointer).</summary>
public sealed record OrderProblem(string Field, string Problem);

/// <summary>What an order must be before it is taken. All problems at once; nothing is half taken.</summary>
public static class OrderRules
{
    /// <param name="before">What is known already, with cancelled lines and parcels that are not told again; null for a new order.</param>
    /// <param name="now">A promise must not have passed when it is made.</param>
    public static ImmutableArray<OrderProblem> Check(OrderContent content, Order? before, DateTimeOffset now)
    {
        var problems = ImmutableArray.CreateBuilder<OrderProblem>();
        if (content.Lines.IsDefaultOrEmpty) Add("/lines", "An order has at least one line.");
        else if (content.Lines.Length > Order.MaxLines) Add("/lines", $"An order has at most {Order.MaxLines} lines; this one has {content.Lines.Length}.");
        if (Currencies.Digits(content.Value.Currency) is null) Add("/value/currency", $"'{content.Value.Currency}' is no currency with minor units (ISO 4217), such as EUR.");
        if (content.Value.Minor < 0) Add("/value/minor", "The value is negative.");
        if (content.Customer is { } customer && !OrderKey.IsId(customer)) Add("/customer/id", "A customer's id is 1 to 100 printable characters without space, slash and tilde.");
        if (content.ShippingPaid < 0) Add("/shippingPaid", "What was paid for shipping is negative.");
        if (content.Country is { } country && !(country.Length == 2 && country.All(char.IsAsciiLetterUpper))) Add("/country", $"'{country}' is no ISO 3166-1 code of two letters.");
        Promise(content, before, now, Add);

        var lines = new Dictionary<string, OrderLine>(StringComparer.Ordinal);
        for (var i = 0; i < (content.Lines.IsDefault ? 0 : content.Lines.Length); i++)
        {
            var line = content.Lines[i];
            if (string.IsNullOrWhiteSpace(line.Id) || line.Id.Length > 100) Add($"/lines/{i}/id", "A line's id has 1 to 100 characters.");
            else if (!lines.TryAdd(line.Id, line)) Add($"/lines/{i}/id", $"Two lines have the id '{line.Id}'.");
            if (line.Quantity is < 1 or > 1_000_000) Add($"/lines/{i}/quantity", "A quantity is 1 to 1,000,000.");
            if (line.UnitPrice < 0) Add($"/lines/{i}/unitPrice", "The price is negative.");
        }
        var shipments = content.Shipments.IsDefault ? [] : content.Shipments;
        if (shipments.Length > Order.MaxShipments) Add("/shipments", $"An order has at most {Order.MaxShipments} shipments.");
        for (var i = 0; i < shipments.Length; i++)
            for (var j = 0; j < i; j++)
                if (shipments[i].Carrier == shipments[j].Carrier && shipments[i].Number == shipments[j].Number) Add($"/shipments/{i}", $"Shipment {shipments[i].Carrier} {shipments[i].Number} stands twice.");
        Shipped(lines, Together(before?.Shipments ?? [], shipments), "/shipments", Add);
        return problems.ToImmutable();

        void Add(string field, string problem) => problems.Add(new OrderProblem(field, problem));
    }

    /// <summary>Whether one more parcel fits the order.</summary>
    public static ImmutableArray<OrderProblem> CheckShipment(Order order, OrderShipment shipment)
    {
        var problems = ImmutableArray.CreateBuilder<OrderProblem>();
        var all = Together(order.Shipments, [shipment]);
        if (all.Length > Order.MaxShipments) problems.Add(new OrderProblem("/", $"An order has at most {Order.MaxShipments} shipments."));
        Shipped((order.Content?.Lines ?? []).ToDictionary(l => l.Id, StringComparer.Ordinal), all, "/lines", (field, problem) => problems.Add(new OrderProblem(field, problem)));
        return problems.ToImmutable();
    }

    private static void Promise(OrderContent content, Order? before, DateTimeOffset now, Action<string, string> add)
    {
        if (content.Promise is not { } promise) return;
        if (promise.Zone is { } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)) add("/promise/zone", $"'{zone}' is no IANA zone.");
        if (promise.From > promise.By) add("/promise/from", "The promise begins after it ends.");
        // Told again, or with an order placed in the past (a history that is loaded), it may have passed; then it counts from the day of the order.
        if (before?.Promise?.Promise == promise) return;
        var from = content.PlacedAt is { } placed && placed < now ? placed : now;
        var today = DateOnly.FromDateTime(new DateTime(Estimates.ZoneOffsets.Of(promise.Zone, content.Country).ToLocal(from.UtcTicks)));
        if (promise.By < today) add("/promise/by", $"The promised day {promise.By:yyyy-MM-dd} had passed when it was promised ({today:yyyy-MM-dd}).");
        if (promise.By > today.AddYears(2)) add("/promise/by", "The promised day is more than two years ahead.");
        if (content.PlacedAt > now.AddDays(1)) add("/placedAt", "The order is placed in the future.");
    }

    private static void Shipped(Dictionary<string, OrderLine> lines, ImmutableArray<OrderShipment> shipments, string field, Action<string, string> add)
    {
        var shipped = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var shipment in shipments)
            foreach (var part in shipment.Lines.IsDefault ? [] : shipment.Lines)
            {
                if (part.Quantity < 1) { add(field, $"Shipment {shipment.Carrier} {shipment.Number} carries {part.Quantity} of line '{part.Line}'."); continue; }
                if (!lines.ContainsKey(part.Line)) { add(field, $"Shipment {shipment.Carrier} {shipment.Number} carries line '{part.Line}', which the order does not have."); continue; }
                shipped[part.Line] = shipped.GetValueOrDefault(part.Line) + part.Quantity;
            }
        foreach (var (line, quantity) in shipped)
            if (quantity > lines[line].Quantity) add(field, $"Of line '{line}' {quantity} would be shipped and {lines[line].Quantity} were ordered.");
    }

    private static ImmutableArray<OrderShipment> Together(ImmutableArray<OrderShipment> known, ImmutableArray<OrderShipment> told)
    {
        foreach (var shipment in told)
        {
            known = known.RemoveAll(s => s.Carrier == shipment.Carrier && s.Number == shipment.Number);
            known = known.Add(shipment);
        }
        return known;
    }
}
