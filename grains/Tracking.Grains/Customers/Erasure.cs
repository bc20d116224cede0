using Microsoft.Extensions.Logging;
using Tracking.Contracts.Claims;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Domain.Orders;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Changes;
using Tracking.Grains.Claims;
using Tracking.Grains.Orders;
using Tracking.Grains.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Customers;

/// <inheritdoc cref="IErasure"/>
public sealed partial class Erasure(IEventJournal journal, OrderLoader orders, ShipmentLoader shipments, INotices notices, IGrainFactory grains, TimeProvider clock, ILogger<Erasure> log) : IErasure
{
    public async Task<ErasureReceipt?> CustomerAsync(string retailer, string customer, CancellationToken cancel = default)
    {
        var stream = OrderStreams.Customer(retailer, customer);
        if ((await journal.LoadAsync(stream, cancel)).Tail.Count == 0) return null;
        var grain = grains.GetGrain<ICustomerGrain>($"{retailer}/{customer}");
        var counts = new Counts();
        foreach (var id in await grain.Orders())
        {
            var order = await orders.LoadAsync(new OrderKey(retailer, id), cancel);
            if (order.CustomerId == customer) await OrderAsync(order, counts, cancel);   // told anew for somebody else meanwhile, it is theirs
        }
        await SubjectAsync(retailer, stream, counts, cancel);
        await grain.Erased();
        return Done(counts, retailer);
    }

    public async Task<ErasureReceipt?> OrderAsync(OrderKey key, CancellationToken cancel = default)
    {
        var order = await orders.LoadAsync(key, cancel);
        if (order.Version == 0) return null;
        var counts = new Counts();
        await OrderAsync(order, counts, cancel);
        if (order.Content is { Customer: null }) await SubjectAsync(key.Retailer, OrderStreams.Customer(key.Retailer, order.CustomerId), counts, cancel);
        return Done(counts, key.Retailer);
    }

    // Parcels first: an order that lost its people is still known by its parcels, so that a call that broke off can be made again.
    private async Task OrderAsync(Order order, Counts counts, CancellationToken cancel)
    {
        foreach (var shipment in order.Shipments) await ShipmentAsync(shipment.KeyIn(order.Key.Retailer), counts, cancel);
        await SubjectAsync(order.Key.Retailer, OrderStreams.Of(order.Key), counts, cancel);
        counts.Orders++;
    }

    private async Task ShipmentAsync(ShipmentKey key, Counts counts, CancellationToken cancel)
    {
        var known = await shipments.LoadAsync(key, cancel);
        for (var use = 0; use < Math.Max(known.Uses.Length, 1); use++) await KeyAsync(ChangeStream.Of($"{key}/{LinkTokens.UseId(key, use)}"), counts, cancel);
        await SubjectAsync(key.Retailer, CaseStream.Of(key), counts, cancel);
        await grains.GetGrain<ICaseGrain>(key.ToString()).Forget();
        await SubjectAsync(key.Retailer, ShipmentStream.Of(key), counts, cancel);
        counts.Shipments++;
    }

    private async Task SubjectAsync(string retailer, string stream, Counts counts, CancellationToken cancel)
    {
        await KeyAsync(stream, counts, cancel);
        counts.Letters += await notices.EraseAsync(retailer, stream, cancel);
    }

    private async Task KeyAsync(string stream, Counts counts, CancellationToken cancel)
    {
        await journal.EraseAsync(stream, cancel);
        counts.Streams++;
    }

    private ErasureReceipt Done(Counts counts, string retailer)
    {
        LogErased(log, retailer, counts.Orders, counts.Shipments, counts.Letters);
        return new ErasureReceipt(counts.Orders, counts.Shipments, counts.Streams, counts.Letters, clock.GetUtcNow());
    }

    private sealed class Counts
    {
        public int Orders, Shipments, Streams, Letters;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Somebody of {Retailer} was erased: {Orders} orders, {Shipments} parcels, {Letters} letters.")]
    private static partial void LogErased(ILogger log, string retailer, int orders, int shipments, int letters);
}
