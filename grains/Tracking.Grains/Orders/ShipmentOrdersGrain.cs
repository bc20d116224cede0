using System.Text.Json;
using Tracking.Contracts.Orders;
using Tracking.Domain.Orders;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;

namespace Tracking.Grains.Orders;

/// <summary>An order was bound to a shipment.</summary>
internal sealed record OrderBound(string Order, string Customer, DateTimeOffset At);

/// <inheritdoc cref="IShipmentOrdersGrain"/>
[GrainType("shipment-orders")]
public sealed class ShipmentOrdersGrain(IEventJournal journal, OrderLoader loader, TimeProvider clock) : Grain, IShipmentOrdersGrain
{
    /// <summary>A binding whose order was never stored (its call died in between) holds the shipment this long.</summary>
    private static readonly TimeSpan Provisional = TimeSpan.FromMinutes(1);
    /// <summary>Orders that may share one parcel.</summary>
    private const int MaxOrders = 50;

    private JournalledState<Bindings, OrderBound>? _bindings;

    private ShipmentKey Key => ShipmentKey.Parse(this.GetPrimaryKeyString());

    public async Task<string?> Bind(string order, string customer)
    {
        var state = _bindings ??= new(journal, OrderStreams.Binding(Key), new Bindings([]), static (b, bound, _) => new Bindings(b.Orders.Add(bound)), clock);
        var bindings = await state.GetAsync();
        if (bindings.Orders.Any(b => b.Order == order && b.Customer == customer)) return null;
        foreach (var other in bindings.Orders)
            if (other.Customer != customer && other.Order != order && await HoldsAsync(other)) return other.Order;
        if (bindings.Orders.Length >= MaxOrders) return bindings.Orders[0].Order;
        await state.AppendAsync(new OrderBound(order, customer, clock.GetUtcNow()));
        return null;
    }

    private async ValueTask<bool> HoldsAsync(OrderBound other)
    {
        if (clock.GetUtcNow() - other.At < Provisional) return true;
        var order = await loader.LoadAsync(new OrderKey(Key.Retailer, other.Order));
        return order.CustomerId == other.Customer && order.Shipments.Any(s => s.Carrier == Key.Carrier && s.Number == Key.Number);
    }

    internal static IEnumerable<OrderBound> Read(JournalRow row) => JsonSerializer.Deserialize<StoredBindings>(row.Open.Span, OrderJson.Options)!.Events;

    private sealed record StoredBindings(ImmutableArray<OrderBound> Events);

    private sealed record Bindings(ImmutableArray<OrderBound> Orders);
}
