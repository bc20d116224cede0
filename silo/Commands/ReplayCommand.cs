using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
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
    private const int Chunk = 512;

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
            // Rows come partition by partition, so a worker that has a partition has all of its shipments' appends, in order.
            var workers = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Worker()).ToArray();
            var chunk = new List<JournalRow>(Chunk);
            var partition = -1;
            await foreach (var row in store.Journal.ReadAllAsync(cancel))
            {
                var of = Partitions.Of(row.Stream);
                if (of != partition || chunk.Count == Chunk)
                {
                    if (chunk.Count > 0) await workers[partition % workers.Length].TakeAsync(chunk, ended: of != partition);
                    (chunk, partition) = (new List<JournalRow>(Chunk), of);
                }
                chunk.Add(row);
            }
            if (chunk.Count > 0) await workers[partition % workers.Length].TakeAsync(chunk, ended: true);
            await Task.WhenAll(workers.Select(w => w.EndAsync()));
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

    // Folds whole partitions; forgets a partition's shipments when it has ended, so memory holds a few of 256.
    private sealed class Worker
    {
        private readonly Channel<(List<JournalRow> Rows, bool Ended)> _chunks = Channel.CreateBounded<(List<JournalRow>, bool)>(8);
        private readonly Task _folding;

        public Worker() => _folding = Task.Run(FoldAsync);

        public long Shipments { get; private set; }
        public long Appends { get; private set; }
        /// <summary>Scans and what was decided of them.</summary>
        public long Events { get; private set; }

        // A worker that failed takes nothing more; waiting for it tells why.
        public async Task TakeAsync(List<JournalRow> rows, bool ended)
        {
            if (_folding.IsFaulted) await _folding;
            await _chunks.Writer.WriteAsync((rows, ended));
        }

        public Task EndAsync()
        {
            _chunks.Writer.TryComplete();
            return _folding;
        }

        private async Task FoldAsync()
        {
            var shipments = new Dictionary<string, Shipment>(StringComparer.Ordinal);
            try
            {
                await foreach (var (rows, ended) in _chunks.Reader.ReadAllAsync())
                {
                    foreach (var row in rows)
                    {
                        if (!shipments.TryGetValue(row.Stream, out var shipment))
                        {
                            if (ShipmentStream.KeyOf(row.Stream) is not { } key) continue;
                            shipment = Shipment.Unseen(key);
                        }
                        var append = ShipmentJson.Read(row.Open.Span);
                        shipments[row.Stream] = shipment.Apply(append);
                        Appends++;
                        Events += append.Scans.Length + append.Events.Length;
                    }
                    if (!ended) continue;
                    Shipments += shipments.Count;
                    shipments.Clear();
                }
            }
            catch (Exception failed)
            {
                _chunks.Writer.TryComplete(failed);
                throw;
            }
        }
    }
}
