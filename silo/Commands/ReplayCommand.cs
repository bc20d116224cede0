using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tracking.Domain.Shipments;
using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Silo.Hosting;

namespace Tracking.Silo.Commands;

/// <summary>
/// Folds the whole journal again, every shipment from its first append, and prints how long that took as one JSON line: how long a rebuild would take, and
/// that every stored append can still be read. Reads only, also beside a running silo.
/// </summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        var command = new Command("replay", "Folds every stored append again and prints shipments, events and events a second as JSON.") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction((parsed, cancel) => RunAsync([.. parsed.UnmatchedTokens], cancel));
        return command;
    }

    private static async Task<int> RunAsync(string[] settings, CancellationToken cancel)
    {
        var builder = SiloConfiguration.CreateBuilder(settings);
        var storage = Configured.Storage(builder.Configuration);
        storage.Access = StorageAccess.ReadOnly;
        try
        {
            await using var store = await JournalFactory.OpenAsync(storage, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, cancel);
            var began = Stopwatch.GetTimestamp();
            // Each worker reads and folds its own partitions, and a partition holds whole shipments: nothing is passed between them.
            var workers = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Worker()).ToArray();
            await Task.WhenAll(workers.Select((worker, i) =>
                Task.Run(() => worker.FoldAsync(store.Journal, Partitions.Count * i / workers.Length, Partitions.Count * (i + 1) / workers.Length, cancel), cancel)));
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            // The busy machine's own measure: what it cost, whatever else ran meanwhile.
            var cpu = Environment.CpuUsage.TotalTime.TotalSeconds;
            var events = workers.Sum(w => w.Events);
            Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
            {
                ["shipments"] = workers.Sum(w => w.Shipments), ["appends"] = workers.Sum(w => w.Appends), ["events"] = events,
                ["seconds"] = Math.Round(seconds, 3), ["eventsPerSecond"] = Math.Round(events / seconds), ["cpuSeconds"] = Math.Round(cpu, 3),
            }));
            return 0;
        }
        catch (StorageStartException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
        catch (JsonException unreadable)
        {
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"A stored append cannot be read: {unreadable.Message}"));
            return 1;
        }
    }

    // Forgets a partition's shipments when it has ended, so memory holds one partition of 256 for each worker.
    private sealed class Worker
    {
        private readonly Dictionary<string, ShipmentReplay> _shipments = new(StringComparer.Ordinal);

        public long Shipments { get; private set; }
        public long Appends { get; private set; }
        /// <summary>Scans and what was decided of them.</summary>
        public long Events { get; private set; }

        public async Task FoldAsync(IEventJournal journal, int from, int to, CancellationToken cancel)
        {
            var partition = from;
            await foreach (var row in journal.ReadOpenAsync(from, to, cancel))
            {
                if (Partitions.Of(row.Stream) is var of && of != partition)
                {
                    End();
                    partition = of;
                }
                if (!_shipments.TryGetValue(row.Stream, out var shipment))
                {
                    if (ShipmentStream.KeyOf(row.Stream) is not { } key) continue;
                    _shipments.Add(row.Stream, shipment = new ShipmentReplay(Shipment.Unseen(key)));
                }
                var append = ShipmentJson.Read(row.Open.Span);
                shipment.Add(append);
                Appends++;
                Events += append.Scans.Length + append.Events.Length;
            }
            End();
        }

        private void End()
        {
            foreach (var shipment in _shipments.Values) shipment.End();
            Shipments += _shipments.Count;
            _shipments.Clear();
        }
    }
}
