using Tracking.Domain.Customers;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Orders;

/// <summary>How orders and what belongs to them are named in the journal.</summary>
public static class OrderStreams
{
    public const char Kind = 'o', CustomerKind = 'c', BudgetKind = 'g', BindingKind = 'x';

    public static string Of(OrderKey key) => "o/" + key;

    public static OrderKey? KeyOf(string stream) => stream.StartsWith("o/", StringComparison.Ordinal) ? OrderKey.Parse(stream[2..]) : null;

    public static string Customer(string retailer, string customer) => $"c/{retailer}/{customer}";

    public static string Budget(string grainKey) => "g/" + grainKey;

    /// <summary>Which orders a shipment carries.</summary>
    public static string Binding(ShipmentKey shipment) => "x/" + shipment;

    /// <summary>Stands from a retailer's first order on: before that nobody needs to look whose a shipment is.</summary>
    public static string HasOrders(string retailer) => "x/" + retailer;
}

/// <summary>Brings orders, and what reached us of their shipments, into memory.</summary>
public sealed class OrderLoader(IEventJournal journal)
{
    public async ValueTask<Order> LoadAsync(OrderKey key, CancellationToken cancel = default)
    {
        var order = Order.Unseen(key);
        foreach (var row in (await journal.LoadAsync(OrderStreams.Of(key), cancel)).Tail) order = order.Apply(OrderJson.Read(row.Open.Span));
        return order;
    }

    /// <summary>The order with the people of its newest telling; null where there were none or they were erased.</summary>
    public async ValueTask<(Order Order, OrderPeople? People)> LoadWithPeopleAsync(OrderKey key, CancellationToken cancel = default)
    {
        var (order, people) = (Order.Unseen(key), (OrderPeople?)null);
        await foreach (var row in journal.ReadAsync(OrderStreams.Of(key), cancel))
        {
            var append = OrderJson.Read(row.Open.Span);
            order = order.Apply(append);
            if (append.Events.Any(static e => e is OrderPlaced or OrderChanged)) people = OrderJson.ReadPeople(row.Personal.Span);
        }
        return (order, people);
    }

    public async ValueTask<ShipmentStory> StoryAsync(OrderShipment told, ShipmentKey key, CancellationToken cancel = default)
    {
        var scans = ImmutableArray.CreateBuilder<RecordedScan>();
        DateOnly? shown = null;
        DateTimeOffset? first = null;
        await foreach (var row in journal.ReadAsync(ShipmentStream.Of(key), cancel))
        {
            var append = ShipmentJson.Read(row.Open.Span);
            first ??= row.RecordedAt;
            scans.AddRange(append.Scans);
            foreach (var happened in append.Events)
                if (happened is WindowShown window) shown = window.Window.To;
        }
        return new ShipmentStory(told, key, scans.ToImmutable(), shown) { FirstRecordedAt = first };
    }

    /// <summary>Orders bound to a shipment; empty for none.</summary>
    public async ValueTask<IReadOnlyList<OrderKey>> OrdersOfAsync(ShipmentKey shipment, CancellationToken cancel = default)
    {
        var bound = new List<OrderKey>(1);
        foreach (var row in (await journal.LoadAsync(OrderStreams.Binding(shipment), cancel)).Tail)
            foreach (var binding in ShipmentOrdersGrain.Read(row))
                bound.Add(new OrderKey(shipment.Retailer, binding.Order));
        return bound;
    }

    /// <summary>Categories that the customer of an order bought in other orders, newest first; empty where the shop named none, or no customer.</summary>
    public async ValueTask<ImmutableArray<string>> BoughtBesideAsync(OrderKey key, CancellationToken cancel = default)
    {
        if ((await LoadAsync(key, cancel)).Content?.Customer is not { } customer) return [];
        var (known, _, _) = await JournalledState<Customer, CustomerEvent>.ReadAsync(journal, OrderStreams.Customer(key.Retailer, customer), Customer.Unknown, static (c, happened, _) => c.Apply(happened), cancel);
        return known.BoughtBeside(key.Order);
    }

    public async ValueTask<bool> HasOrdersAsync(string retailer, CancellationToken cancel = default)
        => (await journal.LoadAsync(OrderStreams.HasOrders(retailer), cancel)).Tail.Count > 0;
}
