using System.Collections.Immutable;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Tests.Orders;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Embedded;

/// <summary>A scan with the instant it reached us; <see cref="Again"/> is when it comes a second time, or null.</summary>
internal sealed record Arrival(TimeSpan After, ShipmentKey Shipment, Scan Scan, TimeSpan? Again);

internal sealed record Told(TimeSpan After, string Order, OrderContent Content);

/// <summary>What the shopper takes, as soon as there is something to take after that time.</summary>
internal sealed record Taken(TimeSpan After, string Order, RemedyKind Remedy);

/// <summary>
/// One recorded afternoon, made from a seed: two orders (one split, one anonymous and told late), a parcel nobody ordered, and what their carriers said, in which order and when it
/// reached us. Twelve orders of scans, doubles, contradictions and retractions come out of the same few words.
/// </summary>
internal sealed record Afternoon(ImmutableArray<Told> Orders, ImmutableArray<Arrival> Arrivals, ImmutableArray<Taken> Answers)
{
    // All in one partition, so that one reader sees everything and the schedules stay short.
    private const int Partition = 7;
    private static readonly ShipmentKey[] Parcels = [.. Enumerable.Range(0, 1_000_000).Select(i => new ShipmentKey("demo", "ups", $"1Z{i:D6}")).Where(k => Journal.Partitions.Of($"s/{k}") == Partition && Journal.Partitions.Of($"o/{OrderKey.StandIn(k, 0)}") == Partition).Take(4)];
    private static readonly string[] Ids = [.. Enumerable.Range(0, 10_000).Select(i => $"n{i}").Where(id => Journal.Partitions.Of($"o/demo/{id}") == Partition).Take(2)];

    public static int OnlyPartition => Partition;

    public static Afternoon Of(int seed)
    {
        var dice = new Dice((ulong)seed);
        var orders = ImmutableArray.Create(
            new Told(TimeSpan.Zero, Ids[0], An.Order(promise: "2026-11-19", customer: "c-1", shipments: [Parcels[0].Number, Parcels[1].Number])),
            new Told(TimeSpan.FromMinutes(2 + dice.Next(90)), Ids[1], An.Order(promise: "2026-11-18", customer: null, shipments: [Parcels[2].Number])));   // often after its parcel was scanned

        var arrivals = ImmutableArray.CreateBuilder<Arrival>();
        foreach (var parcel in Parcels)
        {
            var count = 1 + dice.Next(4);
            for (var i = 0; i < count; i++)
            {
                var at = $"2026-11-16T{1 + dice.Next(6):D2}:{dice.Next(60):D2}:00-06:00";
                var scan = dice.Next(10) switch
                {
                    < 3 => A.Scan(Milestone.InTransit, at, code: "D" + i, modifiers: Modifiers.Delayed, reason: Reason.ExternalWeather, key: parcel),
                    3 => A.Scan(Milestone.Exception, at, code: "X" + i, modifiers: Modifiers.Damaged, reason: Reason.CarrierDamage, key: parcel),
                    4 => A.Scan(Milestone.AttemptFailed, at, code: "F" + i, reason: Reason.RecipientUnavailable, key: parcel),
                    5 => A.Scan(Milestone.Failed, at, code: "L" + i, reason: Reason.CarrierLost, key: parcel),
                    6 => A.Scan(Milestone.Delivered, at, code: "OK" + i, key: parcel),
                    7 => A.Scan(null, at, kind: ScanKind.Retraction, retracts: new RetractionTarget(Code: "D" + dice.Next(3)), key: parcel),
                    _ => A.Scan(Milestone.InTransit, at, code: "T" + i, city: "Duluth", key: parcel),
                };
                var after = TimeSpan.FromSeconds(200 + dice.Next(6_000));
                arrivals.Add(new Arrival(after, parcel, scan, dice.Next(3) == 0 ? after + TimeSpan.FromSeconds(300 + dice.Next(2_000)) : null));
            }
        }
        return new Afternoon(orders, arrivals.ToImmutable(),
            [new Taken(TimeSpan.FromMinutes(80), Ids[0], RemedyKind.Discount), new Taken(TimeSpan.FromMinutes(80), Ids[1], RemedyKind.WaitAndSee)]);
    }
}

/// <summary>SplitMix64, for what is drawn outside of a scheduler.</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed * 2654435769 + 12345;

    public int Next(int bound)
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)bound);
    }
}
