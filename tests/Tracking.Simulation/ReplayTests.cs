using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Journal.Memory;
using Tracking.Simulation.Day;
using Tracking.Simulation.Model;

namespace Tracking.Simulation;

/// <summary>R-17: the journal's scans, told again. Into an empty database with the receipt times of the log and the same snapshot they make the same journal, byte for byte; into the full one, nothing.</summary>
public sealed class ReplayTests
{
    [Fact]
    public async Task A_journal_told_again_to_an_empty_database_is_the_same_journal()
    {
        for (ulong seed = 1; seed <= 10; seed++)
        {
            var first = await LivedAsync(seed);
            var second = new MemoryStore();
            foreach (var parcel in Enumerable.Range(0, Plan.Parcels))
            {
                var shipment = Shipment.Unseen(Plan.Key(parcel));
                await foreach (var row in ((IEventJournal)first).ReadAsync(ShipmentStream.Of(Plan.Key(parcel))))
                {
                    var told = ShipmentJson.Read(row.Open.Span, row.Personal.Span);
                    shipment = await StoreAsync(second, shipment, told.Scans[0].ReceivedAt, row.RecordedAt, [.. told.Scans.Select(static scan => scan.Scan)]);
                }
            }

            (await RowsAsync(second)).ShouldBe(await RowsAsync(first), $"seed {seed}");
        }
    }

    [Fact]
    public async Task A_journal_told_again_to_the_full_database_changes_nothing()
    {
        var store = await LivedAsync(11);
        var before = await RowsAsync(store);

        foreach (var parcel in Enumerable.Range(0, Plan.Parcels))
        {
            var shipment = await ReadAsync(store, parcel);
            await foreach (var row in ((IEventJournal)store).ReadAsync(ShipmentStream.Of(Plan.Key(parcel))))
                shipment = await StoreAsync(store, shipment, row.RecordedAt, Plan.Start.AddDays(30), [.. ShipmentJson.Read(row.Open.Span, row.Personal.Span).Scans.Select(static scan => scan.Scan)]);
        }

        (await RowsAsync(store)).ShouldBe(before);
    }

    [Fact]
    public async Task Any_past_instant_folded_on_another_machine_is_what_was_known_then()
    {
        var store = await LivedAsync(12);
        foreach (var parcel in Enumerable.Range(0, Plan.Parcels))
        {
            var lived = Shipment.Unseen(Plan.Key(parcel));
            await foreach (var row in ((IEventJournal)store).ReadAsync(ShipmentStream.Of(Plan.Key(parcel))))
            {
                lived = lived.Apply(ShipmentJson.Read(row.Open.Span));
                var elsewhere = Shipment.Unseen(Plan.Key(parcel));
                await foreach (var again in ((IEventJournal)store).ReadAsync(ShipmentStream.Of(Plan.Key(parcel))))
                    if (again.RecordedAt <= row.RecordedAt)
                        elsewhere = elsewhere.Apply(ShipmentJson.Read(again.Open.Span));

                ShipmentProjection.Of(elsewhere.AsOf(row.RecordedAt)).ShouldBe(ShipmentProjection.Of(lived));
                var started = ShipmentSnapshot.Read(Plan.Key(parcel), ShipmentSnapshot.Write(lived), row.RecordedAt)!;
                ShipmentProjection.Of(started).ShouldBe(ShipmentProjection.Of(lived));
            }
        }
    }

    // Some days in which carriers say everything they have to say, in random order and often twice.
    private static async Task<MemoryStore> LivedAsync(ulong seed)
    {
        var plan = new Plan(seed, 0);
        var dice = new Dice(seed);
        var store = new MemoryStore();
        var shipments = Enumerable.Range(0, Plan.Parcels).Select(static parcel => Shipment.Unseen(Plan.Key(parcel))).ToArray();
        var now = Plan.Start;
        for (var i = 0; i < 2_000; i++)
        {
            now += dice.Milliseconds(0, 200_000);
            var parcel = dice.Next(Plan.Parcels);
            shipments[parcel] = await StoreAsync(store, shipments[parcel], now, now, [.. Enumerable.Range(0, dice.Next(1, 4)).Select(_ => plan.Statement(parcel, dice.Next(24)))]);
        }
        return store;
    }

    private static async Task<Shipment> StoreAsync(MemoryStore store, Shipment shipment, DateTimeOffset receivedAt, DateTimeOffset now, Scan[] scans)
    {
        var decided = shipment.Record([.. scans], receivedAt, now, EddSnapshot.ColdStart);
        if (decided.Append is { } append) await store.AppendAsync(AppendCodec.Encode(ShipmentStream.Of(shipment.Key), shipment.Version + 1, append, [], null));
        return decided.Next;
    }

    private static async Task<Shipment> ReadAsync(MemoryStore store, int parcel)
    {
        var shipment = Shipment.Unseen(Plan.Key(parcel));
        await foreach (var row in ((IEventJournal)store).ReadAsync(ShipmentStream.Of(Plan.Key(parcel)))) shipment = shipment.Apply(ShipmentJson.Read(row.Open.Span));
        return shipment;
    }

    // By stream: in which order rows of different streams lie is not part of what is promised.
    private static async Task<List<string>> RowsAsync(MemoryStore store)
    {
        var rows = new List<string>();
        await foreach (var row in ((IEventJournal)store).ReadAllAsync()) rows.Add($"{row.Stream} {row.Version:0000} {row.Marked} {Convert.ToBase64String(row.Open.Span)} {Convert.ToBase64String(row.Personal.Span)}");
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }
}
