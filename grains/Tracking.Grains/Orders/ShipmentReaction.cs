using Tracking.Contracts.Orders;
using Tracking.Domain.Estimates;
using Tracking.Domain.Orders;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Partitions;
using Tracking.Grains.Recovery;
using Tracking.Grains.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Orders;

/// <summary>
/// A shipment moved: its orders look at it, and the buyer hears of the milestones people wait for. Without an order it stands for one itself, where the retailer's
/// policy minds such parcels and there is trouble. For retailers without orders and policy this costs one read a row, and nothing else.
/// </summary>
public sealed class ShipmentReaction(IGrainFactory grains, OrderLoader loader, PolicyBook policies, OrderTeller teller) : IReaction
{
    public string Name => "shipment-orders";
    public string Kinds => "s";

    public async ValueTask ReactAsync(JournalRow row, CancellationToken cancel)
    {
        if (ShipmentStream.KeyOf(row.Stream) is not { } key) return;
        var minds = policies.MindsStandIns(key.Retailer);
        var orders = await loader.HasOrdersAsync(key.Retailer, cancel) ? await loader.OrdersOfAsync(key, cancel) : [];
        if (orders.Count == 0 && !minds) return;

        var append = ShipmentJson.Read(row.Open.Span);
        if (orders.Count == 0)
        {
            var standIn = OrderKey.StandIn(key, append.Events.Select(UseOf).DefaultIfEmpty(0).Max());
            // Once it stands for its order it hears of everything, as an order does.
            if (IsTrouble(append) || (await loader.LoadAsync(standIn, cancel)).Version > 0)
                await grains.GetGrain<IOrderGrain>(standIn.ToString()).Look(key);
            return;
        }
        foreach (var order in orders) await grains.GetGrain<IOrderGrain>(order.ToString()).Look(key);
        await teller.MovedAsync(orders[0], key, append, row.RecordedAt, cancel);
    }

    /// <summary>What a parcel that nobody ordered is woken up for. From then on its own clock looks after it.</summary>
    public static bool IsTrouble(ShipmentAppend append) => append.Events.Any(IsTrouble) || append.Scans.Any(static s => IsTrouble(s.Scan.Status, s.Scan.Modifiers));

    private static bool IsTrouble(ShipmentEvent happened) => happened switch
    {
        WentSilent => true,
        WindowShown { Window: { Revisions: > 0, Reason: WindowReason.Disruption or WindowReason.EndPassed or WindowReason.NotScanned or WindowReason.RouteSlower or WindowReason.Overdue or WindowReason.BehindOthers } } => true,
        MilestoneReached reached => IsTrouble(reached.To, reached.Modifiers),
        _ => false,
    };

    // Also of a scan that changed no milestone, because it came behind newer ones.
    private static bool IsTrouble(Milestone? status, Modifiers modifiers)
        => status is Milestone.Exception or Milestone.AttemptFailed or Milestone.Returning or Milestone.Returned or Milestone.Failed
            || (modifiers & (Modifiers.Delayed | Modifiers.Damaged | Modifiers.Held | Modifiers.Contradiction)) != 0;

    private static int UseOf(ShipmentEvent happened) => happened switch
    {
        MilestoneReached reached => reached.Use,
        EstimateIssued issued => issued.Use,
        WindowShown shown => shown.Use,
        WentSilent silent => silent.Use,
        _ => 0,
    };
}
