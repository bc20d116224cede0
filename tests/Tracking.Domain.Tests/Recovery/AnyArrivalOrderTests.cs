using System.Collections.Immutable;
using System.Text;
using Tracking.Domain.Estimates;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Domain.Tests.Recovery;

/// <summary>Scans in any order of arrival: each disruption is decided at most once, never after it was disproved, and alike whenever everything had arrived in time.</summary>
public sealed class AnyArrivalOrderTests(ITestOutputHelper output)
{
    private const int Schedules = 10_000;
    private static readonly DateTimeOffset Start = new(2026, 11, 16, 14, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);
    private static readonly ShipmentKey[] Parcels = [new("demo", "ups", "1Z1"), new("demo", "ups", "1Z2")];

    private static readonly RecoveryPolicy Policy = PolicyReader.Read(Encoding.UTF8.GetBytes("""
        { "version": 1, "currency": "USD", "settleMinutes": 30, "coolDownHours": 0, "spacingDays": 0, "budget": { "perDay": 100000 },
          "rules": [ { "id": "all", "causes": ["lost","damaged","returned","carrier-delay","attempt-failed","held","address-trouble","contradiction"],
                       "remedies": [ { "kind": "discount", "cost": 500 }, { "kind": "apology" } ] } ] }
        """), null, out _)!;

    [Fact]
    public void Ten_thousand_arrival_orders_decide_each_cause_once_and_none_that_was_disproved()
    {
        var (decisions, inTime) = (0, 0);
        for (var seed = 0; seed < Schedules; seed++)
        {
            var dice = new Random(seed);
            var scans = Scans(dice);
            var early = dice.Next(2) == 0;   // everything arrives before the first decision falls due
            var arrivals = scans.OrderBy(_ => dice.Next()).Select((s, i) => (s.Parcel, new RecordedScan(s.Scan, Start.AddSeconds(early ? 1 + i * 60 : 1 + dice.Next(7_200))))).ToList();
            var order = Play(arrivals);

            order.Offers.Select(o => o.Decision.Cause).ShouldBeUnique($"seed {seed}");
            foreach (var offer in order.Offers)
            {
                // What had reached us by the moment of the decision says so itself.
                var known = Parcels.Select(p => new KnownShipment(new OrderShipment(p.Carrier, p.Number, []), Fold(p, arrivals, offer.Decision.At))).ToList();
                Disruptions.Of(order, known, EddSnapshot.ColdStart, Policy.Thresholds, offer.Decision.At).ShouldContain(d => d.Key == offer.Decision.Cause, $"seed {seed}: {offer.Decision.Cause} at {offer.Decision.At}");
                decisions++;
            }
            if (!early) continue;
            inTime++;
            var sorted = scans.Select((s, i) => (s.Parcel, new RecordedScan(s.Scan, Start.AddSeconds(1 + i * 60)))).ToList();
            Set(Play(sorted)).ShouldBe(Set(order), $"seed {seed}");
        }
        decisions.ShouldBeGreaterThan(Schedules / 4);
        output.WriteLine($"{Schedules} schedules, {decisions} decisions, {inTime} of them with all scans in time and compared with another order of arrival.");
    }

    // Causes by when they showed differ from order to order of arrival; what was decided about them does not.
    private static List<string> Set(Order order) => [.. order.Offers.Select(o => $"{o.Id} {o.Decision.Withheld} {string.Join(',', o.Decision.Remedies)} {o.Decision.Reserve}").Order(StringComparer.Ordinal)];

    private static Order Play(List<(ShipmentKey Parcel, RecordedScan Scan)> arrivals)
    {
        var order = Order.Unseen(new OrderKey("demo", "1")).Apply(new OrderAppend(Start, [new OrderPlaced(new OrderContent
        {
            Value = new Money(5_000, "USD"), Lines = [new OrderLine("1", 1)], Shipments = [.. Parcels.Select(p => new OrderShipment(p.Carrier, p.Number, []))],
        }, Start)]));
        var looks = new SortedSet<DateTimeOffset>(arrivals.Select(a => a.Scan.ReceivedAt + Grace));
        while (looks.Count > 0)
        {
            var now = looks.Min;
            looks.Remove(now);
            if (now > Start.AddHours(6)) break;
            var stories = Parcels.Select(p => new ShipmentStory(new OrderShipment(p.Carrier, p.Number, []), p, [.. arrivals.Where(a => a.Parcel == p && a.Scan.ReceivedAt <= now).Select(a => a.Scan)])).ToList();
            var look = OrderClock.Look(order, stories, Policy, EddSnapshot.ColdStart, now, Grace, null);
            order = look.Next;
            if (look.DueAt is { } due) looks.Add(due > now ? due : now.AddSeconds(1));
        }
        return order;
    }

    private static Shipment Fold(ShipmentKey parcel, List<(ShipmentKey Parcel, RecordedScan Scan)> arrivals, DateTimeOffset at)
    {
        ImmutableArray<RecordedScan> scans = [.. arrivals.Where(a => a.Parcel == parcel && a.Scan.ReceivedAt <= at).Select(a => a.Scan)];
        return scans.IsEmpty ? Shipment.Unseen(parcel) : Shipment.Unseen(parcel).Apply(new ShipmentAppend(at, scans, [])).AsOf(at);
    }

    private static List<(ShipmentKey Parcel, Scan Scan)> Scans(Random dice)
    {
        var scans = new List<(ShipmentKey, Scan)>();
        var count = 2 + dice.Next(5);
        for (var i = 0; i < count; i++)
        {
            var parcel = Parcels[dice.Next(2)];
            var at = $"2026-11-16T{1 + dice.Next(6):D2}:{dice.Next(60):D2}:00-06:00";
            scans.Add((parcel, dice.Next(9) switch
            {
                < 3 => A.Scan(Milestone.InTransit, at, code: "D" + i, modifiers: Modifiers.Delayed, key: parcel),
                3 => A.Scan(Milestone.Exception, at, code: "X" + i, modifiers: Modifiers.Damaged, reason: Reason.CarrierDamage, key: parcel),
                4 => A.Scan(Milestone.AttemptFailed, at, code: "F" + i, reason: Reason.RecipientUnavailable, key: parcel),
                5 => A.Scan(Milestone.Failed, at, code: "L" + i, reason: Reason.CarrierLost, key: parcel),
                6 => A.Scan(Milestone.Delivered, at, code: "OK" + i, key: parcel),
                7 => A.Scan(null, at, kind: ScanKind.Retraction, retracts: new RetractionTarget(Code: "D" + dice.Next(4)), key: parcel),
                _ => A.Scan(Milestone.InTransit, at, code: "T" + i, key: parcel),
            }));
        }
        return scans;
    }
}
