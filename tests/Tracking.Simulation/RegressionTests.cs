using Tracking.Simulation.Day;

namespace Tracking.Simulation;

/// <summary>Histories that once broke a promise, cut down to what matters, each with its story. They are written out, not drawn, so that they outlive changes of the plan.</summary>
public sealed class RegressionTests
{
    // Seed 2. A carrier stamped a scan for tomorrow afternoon. It is kept, and counts from the moment it is at most a day ahead; the shipment asks to be woken then. But by then it had left
    // memory, and reading it back folded it as of now: the future scan was simply there, "nothing new", and nobody was told that the parcel had moved: no order, no notice, no page.
    // Now a shipment is read as of what was decided last.
    [Fact]
    public void A_stamp_from_tomorrow_is_told_when_tomorrow_comes_although_nobody_looked() => Holds(2, new Op(13, What.Post, 41, 0x801803980A3F7640));

    // Seed 8. The only thing heard of a parcel had no time at all (carriers write 19000101 for "we do not know"). It was stored; then the shipment asked when to be woken, and the time zone
    // table was asked for a day before the beginning of time. The sender got an error for a scan that was stored, its head was never written, and after a restart the partition that
    // tried to make that head ended its sweep for good.
    [Fact]
    public void A_parcel_whose_only_scan_has_no_time_is_answered_and_gets_its_head() => Holds(8, new Op(13, What.Post, 46, 0x1914E96F9171D8BD));

    // Seed 2 again, some hours on. Five parcels of one partition, one of which nobody can read any more. It fell due, waking it failed, and the failure left the partition's timer unset:
    // no parcel of that partition was ever woken again, until a restart. The same happened when a parcel was so busy that it refused calls. Now each wake fails alone.
    [Fact]
    public void A_parcel_that_nobody_can_read_does_not_end_the_sweep_of_its_partition()
        => Holds(2,
            new Op(117, What.Post, 19, 0x2DC9839A17B62A15), new Op(118, What.Post, 13, 0xBDE4CF86AA698F39), new Op(119, What.Post, 37, 0x67A8ABB47214A4D4),
            new Op(122, What.Post, 40, 0x2D8191946381AB8E), new Op(316, What.Poison, 37, 0xEFAF3FA155F044D8));

    private static void Holds(ulong seed, params Op[] ops) => World.Run(new Plan(seed, 0), ops).Broken.ShouldBeNull();
}
