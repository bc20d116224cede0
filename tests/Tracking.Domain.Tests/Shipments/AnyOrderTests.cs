using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Domain.Tests.Shipments;

/// <summary>The same set of scans, in any order and multiplicity, gives byte-equal projections (invariant I3).</summary>
public sealed class AnyOrderTests
{
    private static readonly DateTimeOffset AsOf = new(2025, 9, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void All_720_orders_of_six_conflicting_scans_give_one_state()
    {
        Scan[] scans =
        [
            A.Scan(Milestone.Delivered, "2025-03-11T14:02:00-05:00", code: "KB", eventId: "d-1"),
            A.Scan(Milestone.OutForDelivery, "2025-03-11T14:09:00", code: "OT"),                                                          // no zone
            A.Scan(Milestone.InTransit, "2025-03-11", code: "AR"),                                                                        // a day
            A.Scan(null, "2025-03-12T09:00:00Z", kind: ScanKind.Retraction, retracts: new RetractionTarget(EventId: "d-1")),
            A.Scan(Milestone.Delivered, "2025-09-04T12:00:00Z", code: "FS"),                                                              // three days ahead
            A.Scan(Milestone.Accepted, "2025-08-30T09:00:00Z", code: "OR"),                                                               // the number again
        ];

        var states = Permutations(scans).Select(order => ShipmentProjection.Of(A.Shipment().AsKnownAt(AsOf, order))).ToList();

        states.Count.ShouldBe(720);
        states.Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public void Six_scans_with_two_deliveries_months_apart_give_one_state_in_all_orders()
    {
        Scan[] scans =
        [
            A.Scan(Milestone.Delivered, "2025-03-11T14:02:00-05:00"),
            A.Scan(Milestone.LabelCreated, "2025-07-01"),
            A.Scan(Milestone.Accepted, "2025-07-02T08:00:00"),
            A.Scan(Milestone.OutForDelivery, "2025-03-11T14:09:00-05:00"),
            A.Scan(Milestone.Delivered, "2025-07-04", use: "second"),
            A.Scan(Milestone.Returning, null),
        ];

        Permutations(scans).Select(order => ShipmentProjection.Of(A.Shipment().AsKnownAt(AsOf, order))).Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public void Ten_thousand_random_sets_with_duplicates_give_one_state_each()
    {
        var property = Prop.ForAll<int>(seed =>
        {
            var dice = new Random(seed);
            var set = Enumerable.Range(0, dice.Next(1, 24)).Select(_ => RandomScan(dice)).ToList();
            var expected = ShipmentProjection.Of(A.Shipment().AsKnownAt(AsOf, set));

            // Shuffled, some doubled, cut into random batches.
            var again = set.Concat(set.Where(_ => dice.Next(3) == 0)).OrderBy(_ => dice.Next()).ToList();
            var shipment = A.Shipment();
            for (var at = 0; at < again.Count;)
            {
                var size = Math.Min(dice.Next(1, 6), again.Count - at);
                shipment = shipment.Record([.. again.GetRange(at, size)], AsOf, AsOf, Domain.Estimates.EddSnapshot.ColdStart).Next;
                at += size;
            }
            return ShipmentProjection.Of(shipment.AsOf(AsOf)) == expected;
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(10_000).WithStartSize(0).WithEndSize(int.MaxValue), property);
    }

    [Fact]
    public void Replaying_the_stored_appends_gives_the_shipment_that_deciding_them_gave()
    {
        var property = Prop.ForAll<int>(seed =>
        {
            var dice = new Random(seed);
            var shipment = A.Shipment();
            var replayed = A.Shipment();
            var atOnce = new ShipmentReplay(A.Shipment());
            for (var i = 0; i < 8; i++)
            {
                var now = AsOf.AddHours(i);
                var decided = shipment.Record([RandomScan(dice), RandomScan(dice)], now, now, Domain.Estimates.EddSnapshot.ColdStart);
                shipment = decided.Next;
                if (decided.Append is null) continue;
                var open = new System.Buffers.ArrayBufferWriter<byte>();
                var personal = new System.Buffers.ArrayBufferWriter<byte>();
                ShipmentJson.WriteOpen(open, decided.Append);
                ShipmentJson.WritePersonal(personal, decided.Append, []);
                replayed = replayed.Apply(ShipmentJson.Read(open.WrittenSpan, personal.WrittenSpan));
                atOnce.Add(ShipmentJson.Read(open.WrittenSpan, personal.WrittenSpan));
            }
            var started = ShipmentSnapshot.Read(shipment.Key, ShipmentSnapshot.Write(shipment), shipment.FoldedAt);
            return Same(shipment, replayed) && Same(shipment, atOnce.End()) && Same(shipment, started!);
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500).WithStartSize(0).WithEndSize(int.MaxValue), property);
    }

    private static bool Same(Shipment a, Shipment b)
        => ShipmentProjection.Of(a) == ShipmentProjection.Of(b)
        && a.Version == b.Version && a.RecordedAt == b.RecordedAt && a.LastHeardAt == b.LastHeardAt
        && a.Estimate == b.Estimate && a.Shown == b.Shown && a.Uses.SequenceEqual(b.Uses) && a.Journey == b.Journey && a.CarrierDate == b.CarrierDate
        && a.Marks.SequenceEqual(b.Marks);

    private static Scan RandomScan(Random dice)
    {
        var status = dice.Next(10) == 0 ? (Milestone?)null : (Milestone)dice.Next(1, 13);
        var at = new DateTime(2025, 3, 1).AddHours(dice.Next(24 * 20)).AddDays(dice.Next(4) == 0 ? 120 : 0);
        var text = dice.Next(5) switch
        {
            0 => at.ToString("yyyy-MM-dd"),
            1 => at.ToString("yyyy-MM-ddTHH:mm:ss"),
            2 => dice.Next(6) == 0 ? null : at.ToString("yyyy-MM-ddTHH:mm") + "+01:00",
            _ => at.ToString("yyyy-MM-ddTHH:mm:ss") + "-05:00",
        };
        var code = dice.Next(3) == 0 ? null : "C" + dice.Next(6);
        var retraction = dice.Next(12) == 0;
        return A.Scan(
            retraction ? null : status, text, code, city: dice.Next(2) == 0 ? null : "City" + dice.Next(3),
            modifiers: dice.Next(8) == 0 ? (Modifiers)(1 << dice.Next(13)) & ~(Modifiers.Future | Modifiers.Contradiction | Modifiers.Partial) : 0,
            reason: dice.Next(6) == 0 ? Reason.CarrierDamage : Reason.None,
            piece: dice.Next(5) == 0 ? "P" + dice.Next(3) : null,
            use: dice.Next(7) == 0 ? "U" + dice.Next(2) : null,
            kind: retraction ? ScanKind.Retraction : ScanKind.Scan,
            retracts: !retraction ? null : dice.Next(4) == 0 ? new RetractionTarget() : new RetractionTarget(Code: "C" + dice.Next(6)),
            published: dice.Next(4) == 0 ? new DateTime(2025, 4, 1).AddMinutes(dice.Next(60)).ToString("yyyy-MM-ddTHH:mm:ss") + "Z" : null);
    }

    private static IEnumerable<T[]> Permutations<T>(T[] items)
    {
        if (items.Length <= 1) { yield return items; yield break; }
        for (var i = 0; i < items.Length; i++)
            foreach (var rest in Permutations(items.Where((_, n) => n != i).ToArray()))
                yield return [items[i], .. rest];
    }
}
