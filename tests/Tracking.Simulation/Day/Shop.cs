using System.Collections.Immutable;
using System.Text;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Orders;
using Tracking.Journal;
using Tracking.Simulation.Model;

namespace Tracking.Simulation.Day;

/// <summary>The shop whose parcels these are: thirty orders, some of two parcels, ten customers, and a policy whose purse does not hold enough for all.</summary>
internal static class Shop
{
    public const int Orders = 30;
    /// <summary>Minor units a day; half a dozen offers.</summary>
    public const long PerDay = 3_000;

    public static readonly OrderPeople People = new("Buyer", "buyer@example.com");

    // In the partitions that are read.
    private static readonly OrderKey[] Keys = Enumerable.Range(0, int.MaxValue).Select(static n => new OrderKey("demo", $"W{n:0000}")).Where(static key => Partitions.Of(OrderStreams.Of(key)) < 4).Take(Orders).ToArray();

    public static readonly RecoveryPolicy Policy = PolicyReader.Read(Encoding.UTF8.GetBytes($$"""
        {
          "version": 1, "currency": "USD", "zone": "America/Chicago", "settleMinutes": 10,
          "budget": { "perDay": {{PerDay}} },
          "rules": [
            { "id": "late", "causes": ["predicted-promise-miss", "promise-missed", "carrier-delay", "silent"],
              "remedies": [ { "kind": "discount", "cost": 500, "percent": 10 }, { "kind": "free-shipping", "cost": 490 } ], "expiresDays": 14 },
            { "id": "broken", "causes": ["lost", "damaged"], "remedies": [ { "kind": "discount", "cost": 2000, "percent": 20 } ] }
          ]
        }
        """), null, out _) ?? throw new InvalidOperationException("The shop's policy cannot be read.");

    public static OrderKey Key(int order) => Keys[order];

    /// <summary>Parcel 2n is order n's, and every fifth order has parcel 2n + 1 as well.</summary>
    public static IEnumerable<int> ParcelsOf(int order) => order % 5 == 0 ? [2 * order, 2 * order + 1] : [2 * order];

    public static int OrderNumber(OrderKey key) => Array.IndexOf(Keys, key);

    public static OrderContent Content(int order) => new()
    {
        Value = new Money(12_990, "USD"),
        Customer = $"c{order % 10}",
        Country = "US",
        Language = "en",
        Lines = [new OrderLine("1", 1, "ring", "Silver ring", 12_990)],
        Promise = new OrderPromise(DateOnly.FromDateTime(Plan.Start.UtcDateTime).AddDays(1 + order % 3), Zone: "America/Chicago"),
        Shipments = [.. ParcelsOf(order).Select(static p => new OrderShipment(Plan.Key(p).Carrier, Plan.Key(p).Number, []))],
    };
}

/// <summary>The channel to buyers: keeps what it was told, once per id; fails now and then, having told or not.</summary>
internal sealed class ModelNotices(World world) : INotices
{
    public async ValueTask SendAsync(Notice notice, CancellationToken cancel = default)
    {
        if (world.Dice.Chance(20)) await Task.Delay(world.Dice.Milliseconds(0, 300), world.Clock, cancel);
        if (world.Trouble.FailingReactions > 0 && world.Dice.Chance(50))
        {
            world.Trouble.FailingReactions--;
            if (world.Dice.Chance(50)) world.Verifier.Shop.Told(notice);
            throw new InvalidOperationException("The channel did not answer.");
        }
        world.Verifier.Shop.Told(notice);
    }

    public ValueTask<int> EraseAsync(string retailer, string subject, CancellationToken cancel = default) => new(0);
}
