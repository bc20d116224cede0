using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tracking.Backtest;
using Tracking.Contracts.Estimates;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Estimates;
using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Testing;

namespace Tracking.Grains.Tests;

public sealed class CalibrationEqualsBacktestTests
{
    private static readonly TimeSpan Grid = TimeSpan.FromSeconds(600);   // as GrainTestSilo publishes

    [Fact]
    public async Task The_live_calibration_and_the_backtest_of_its_own_export_are_equal_to_the_last_digit()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var book = silo.Silo.Services.GetRequiredService<EddBook>();
        var learning = silo.Silo.Grains.GetGrain<ILearningGrain>(0);
        await learning.Newest(0);
        var start = silo.Silo.Clock.GetUtcNow();

        // Sixty parcels of two retailers in nine days, told when they happen, never on the grid.
        var dice = new Random(2026);
        var told = new List<(DateTimeOffset At, ShipmentKey Key, Milestone Status)>();
        for (var i = 0; i < 60; i++)
        {
            var key = new ShipmentKey(i % 2 == 0 ? "demo" : "acme", "ups", $"1ZEQUAL{i:D6}");
            var at = start.AddMinutes(7 + dice.Next(3 * 24 * 60)).AddSeconds(dice.Next(1, 59));
            foreach (var (status, hours) in new[] { (Milestone.LabelCreated, 0.0), (Milestone.Accepted, 5 + dice.NextDouble() * 20), (Milestone.InTransit, 8), (Milestone.OutForDelivery, 10 + dice.NextDouble() * 60), (Milestone.Delivered, 4) })
            {
                at = at.AddHours(hours);
                told.Add((new DateTimeOffset(at.UtcTicks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond + TimeSpan.TicksPerMillisecond, TimeSpan.Zero), key, status));
            }
        }
        told.Sort((a, b) => a.At.CompareTo(b.At));
        var tick = LearningDesk.NextOnGrid(start, Grid);
        foreach (var (at, key, status) in told)
        {
            await TickUntilAsync(at);
            await silo.Silo.Elapse(at - silo.Silo.Clock.GetUtcNow());
            var scan = A.Scan(status, at.ToString("O"), key: key) with { Journey = new JourneyHints("GROUND", "US", "NJ", "07001", "US", key.Retailer == "demo" ? "CA" : "NY", "94107") };
            await silo.Shipment(key).RecordScans(new ScanBatch([scan], at, []));
        }
        await TickUntilAsync(told[^1].At + Grid + Grid);

        var replay = new JournalReplay(Grid, []);
        var file = Path.Combine(Path.GetTempPath(), $"tracking-export-{Guid.NewGuid():N}.jsonl");
        try
        {
            await ExportAsync(silo.Journal, file);
            var (appends, wakesAreRecorded, leftOut) = JournalReplay.Read(JournalReplay.Files(file));
            leftOut.ShouldBe(0);
            replay.Run(appends, wakesAreRecorded);
        }
        finally { File.Delete(file); }

        book.Book!.Parcels.ShouldBe(60);
        Numbers(replay.Book).ShouldBe(Numbers(book.Book));
        replay.Book.Write().ShouldBe(book.Book.Write());   // every sum, to the last bit
        book.Current.Id.ShouldBeGreaterThan(20);

        async Task TickUntilAsync(DateTimeOffset until)
        {
            for (; tick < until; tick += Grid)
            {
                await silo.Silo.Elapse(tick - silo.Silo.Clock.GetUtcNow());
                book.Take(await learning.Newest(book.Current.Id)).ShouldBeNull();
            }
        }
    }

    private static string Numbers(CalibrationBook book)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { SkipValidation = true, Indented = true }))
            foreach (var cell in book.Cells) CalibrationJson.Write(json, cell);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    // The lines of `silo -- export --decisions`.
    private static async Task ExportAsync(IEventJournal journal, string file)
    {
        await using var output = File.Create(file);
        await using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        await foreach (var row in journal.ReadAllAsync())
        {
            if (ShipmentStream.KeyOf(row.Stream) is not { } key) continue;
            var append = ShipmentJson.Read(row.Open.Span);
            foreach (var (scan, receivedAt) in append.Scans)
            {
                Head();
                json.WritePropertyName("scan");
                ScanJson.Write(json, scan, ScanParts.Open, receivedAt);
                Tail();
            }
            foreach (var happened in append.Events)
            {
                Head();
                json.WritePropertyName("decision");
                ShipmentJson.WriteEvent(json, happened);
                Tail();
            }

            void Head()
            {
                json.WriteStartObject();
                json.WriteString("retailer", key.Retailer);
                json.WriteString("carrier", key.Carrier);
                json.WriteString("trackingNumber", key.Number);
                json.WriteNumber("version", row.Version);
                json.WriteString("recordedAt", row.RecordedAt.UtcDateTime);
            }

            void Tail()
            {
                json.WriteEndObject();
                json.Flush();
                json.Reset();
                output.WriteByte((byte)'\n');
            }
        }
    }
}
