using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Simulation.Model;

namespace Tracking.Simulation.Day;

/// <summary>What one seed means: which parcels there are, what carriers say of them, and what happens in which order.</summary>
internal sealed class Plan
{
    public const int Parcels = 60;
    public static readonly DateTimeOffset Start = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    // All parcels lie in four partitions, so that each partition has something to do.
    private static readonly ShipmentKey[] Numbers = Enumerable.Range(0, int.MaxValue).Select(static n => new ShipmentKey("demo", "ups", $"SIM{n:000000}"))
        .Where(static key => Partitions.Of(ShipmentStream.Of(key)) < 4).Take(Parcels).ToArray();

    private readonly Scan[][] _statements;

    public Plan(ulong seed, int operations)
    {
        Seed = seed;
        _statements = new Scan[Parcels][];
        for (var p = 0; p < Parcels; p++) _statements[p] = Statements(Numbers[p], new Dice(Dice.Mix(seed, 1_000 + (ulong)p)));
        var dice = new Dice(Dice.Mix(seed, 1));
        // Each run knows some kinds of trouble only, so that rare ones are not always drowned by common ones.
        var troubles = new List<What>();
        foreach (var trouble in Troubles)
            if (dice.Chance(trouble == What.Burst ? 10 : 45)) troubles.Add(trouble);
        var often = dice.Next(1, 7);
        Ops = [.. Enumerable.Range(0, operations).Select(n => new Op(n, Draw(dice, troubles, often, HasShop), dice.Next(Parcels), dice.Draw()))];
    }

    public ulong Seed { get; }
    public IReadOnlyList<Op> Ops { get; }

    /// <summary>Every third seed has a shop with orders; the others show how shipments do alone.</summary>
    public bool HasShop => Seed % 3 == 0;

    public static ShipmentKey Key(int parcel) => Numbers[parcel];

    public static int ParcelOf(ShipmentKey key) => Array.IndexOf(Numbers, key);

    public Scan Statement(int parcel, int index) => _statements[parcel][index % _statements[parcel].Length];

    private static readonly What[] Troubles =
    [
        What.Kill, What.Kill, What.Twin, What.Settle, What.DatabaseDown, What.DiskFull, What.LoseReplies, What.LandLate, What.Refuse, What.LoseCalls, What.FailReactions, What.LosePushes, What.SlowPages, What.SetClock,
        What.Collect, What.Burst,
    ];

    private static What Draw(Dice dice, List<What> troubles, int often, bool shop)
    {
        if (troubles.Count > 0 && dice.Chance(often)) return troubles[dice.Next(troubles.Count)];
        return dice.Next(1_000) switch
        {
            < 90 when shop => dice.Chance(60) ? What.Order : What.Accept,
            < 780 => What.Post,
            < 850 => What.Open,
            < 890 => What.Close,
            < 940 => What.Read,
            < 999 => What.Pass,
            _ => What.Poison,
        };
    }

    // ---- what carriers say -----------------------------------------------------------------------------------------------

    private static readonly Milestone[] Journey =
        [Milestone.LabelCreated, Milestone.Accepted, Milestone.InTransit, Milestone.InTransit, Milestone.Exception, Milestone.OutForDelivery, Milestone.AttemptFailed, Milestone.OutForDelivery, Milestone.Delivered];

    private static readonly string[] Cities = ["Duluth", "Memphis", "Louisville"];

    // Twenty-four statements: a journey over some days, told with and without zones, reworded, taken back, and sometimes wrong.
    private static Scan[] Statements(ShipmentKey key, Dice dice)
    {
        var start = Start.AddDays(-2).AddMinutes(dice.Next(3 * 24 * 60));
        var statements = new Scan[24];
        for (var i = 0; i < statements.Length; i++)
        {
            if (i > 4 && dice.Chance(12))
            {
                var before = statements[dice.Next(i)];
                // The same event in other words, published later: what a carrier sends when it corrects itself.
                statements[i] = before with { Status = Journey[dice.Next(Journey.Length)], PublishedAt = Start.AddMinutes(dice.Next(5_000)), Modifiers = dice.Chance(50) ? Modifiers.Delayed : 0 };
                continue;
            }
            var step = dice.Chance(15) ? dice.Next(Journey.Length) : Math.Min(i / 2, Journey.Length - 1);
            var at = start.AddHours(step * 13).AddMinutes(dice.Next(13 * 60));
            if (dice.Chance(3)) at = at.AddDays(dice.Next(2, 6));   // a stamp from the future
            statements[i] = new Scan
            {
                Carrier = key.Carrier,
                TrackingNumber = key.Number,
                Kind = dice.Chance(3) ? ScanKind.Retraction : ScanKind.Scan,
                Status = dice.Chance(8) ? null : Journey[step],
                Occurred = dice.Next(10) switch
                {
                    0 => OccurredTime.On(DateOnly.FromDateTime(at.Date)),
                    1 => OccurredTime.AtLocal(at.DateTime),
                    2 => OccurredTime.Untold,
                    _ => OccurredTime.At(new DateTimeOffset(at.UtcTicks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero).ToOffset(TimeSpan.FromHours(-5))),
                },
                Raw = new RawCodes(Code: $"C{dice.Next(6)}", Text: $"statement {i}"),
                Place = dice.Chance(60) ? new Place(City: Cities[dice.Next(Cities.Length)], Country: "US") : null,
                Modifiers = dice.Chance(8) ? Modifiers.Delayed : 0,
                Reason = dice.Chance(6) ? Reason.CarrierDamage : Reason.None,
                EventId = $"e{i}",
                Eta = dice.Chance(15) ? new EtaStatement(at.Date.AddDays(2), at.Date.AddDays(3), null, Precision.Day, EtaKind.Estimated) : null,
                Retracts = null,
            };
            if (statements[i].Kind == ScanKind.Retraction) statements[i] = statements[i] with { Retracts = new RetractionTarget(Code: $"C{dice.Next(6)}") };
        }
        return statements;
    }
}
