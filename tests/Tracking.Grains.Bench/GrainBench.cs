using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Estimates;
using Tracking.Grains.Live;
using Tracking.Grains.Shipments;
using Tracking.Grains.Telemetry;
using Tracking.Journal;
using Tracking.Runtime;

namespace Tracking.Grains.Bench;

/// <summary>Real grains on the embedded runtime over a journal that answers later and keeps nothing: what calls, turns and activations cost by themselves.</summary>
internal static class GrainBench
{
    public static async Task RunAsync(ShipmentKey[] keys, Scan[] first, Func<int, Scan> second, Action<string, (double Bytes, double Micros)> say)
    {
        var nowhere = new Nowhere();
        var services = new ServiceCollection().AddEmbeddedActors(options => options.GrainAssemblies.Add(typeof(ShipmentGrain).Assembly))
            .AddSingleton<IEventJournal>(nowhere).AddSingleton<IHeadStore>(nowhere).AddSingleton<TrackingMetrics>().AddSingleton<EddBook>().AddSingleton<ShipmentLoader>()
            .AddSingleton(new LinkTokens(new byte[32])).AddSingleton<ShipmentViews>().AddSingleton<PushRouter>().BuildServiceProvider();
        var grains = services.GetRequiredService<IGrainFactory>();
        var names = Array.ConvertAll(keys, k => k.ToString());

        var before = GC.GetTotalMemory(forceFullCollection: true);
        say("grain call, cold", await CostAsync(keys.Length, p => grains.GetGrain<IShipmentGrain>(names[p]).RecordScans(new ScanBatch([first[p]], DateTimeOffset.UtcNow, []))));
        say("grain held, 1 scan", ((GC.GetTotalMemory(forceFullCollection: true) - before) / (double)keys.Length, 0));
        var scans = Enumerable.Range(0, keys.Length).Select(second).ToArray();
        say("grain call, warm", await CostAsync(keys.Length, p => grains.GetGrain<IShipmentGrain>(names[p]).RecordScans(new ScanBatch([scans[p]], DateTimeOffset.UtcNow, []))));
        say("grain call, duplicate", await CostAsync(keys.Length, p => grains.GetGrain<IShipmentGrain>(names[p]).RecordScans(new ScanBatch([scans[p]], DateTimeOffset.UtcNow, []))));
    }

    /// <summary>What a silo's grains hold once a burst is over: live bytes, and what the process grew by.</summary>
    public static async Task MemoryAsync(int count, Func<int, ShipmentKey> keyOf, Func<int, int, Scan> scanOf)
    {
        var nowhere = new Nowhere();
        var services = new ServiceCollection().AddEmbeddedActors(options => options.GrainAssemblies.Add(typeof(ShipmentGrain).Assembly))
            .AddSingleton<IEventJournal>(nowhere).AddSingleton<IHeadStore>(nowhere).AddSingleton<TrackingMetrics>().AddSingleton<EddBook>().AddSingleton<ShipmentLoader>()
            .AddSingleton(new LinkTokens(new byte[32])).AddSingleton<ShipmentViews>().AddSingleton<PushRouter>().BuildServiceProvider();
        var grains = services.GetRequiredService<IGrainFactory>();
        var (live, resident) = (GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet);
        for (var step = 0; step < 8; step++)
            await CostAsync(count, p => grains.GetGrain<IShipmentGrain>(keyOf(p).ToString()).RecordScans(new ScanBatch([scanOf(p, step)], DateTimeOffset.UtcNow, [])));
        var grown = Environment.WorkingSet - resident;
        Console.WriteLine($"{count:N0} shipments of 8 scans: resident growth {grown / count:N0} bytes each, live {(GC.GetTotalMemory(forceFullCollection: true) - live) / count:N0}, {GC.CollectionCount(0)}/{GC.CollectionCount(1)}/{GC.CollectionCount(2)} collections");
        GC.KeepAlive(services);
    }

    private static async Task<(double Bytes, double Micros)> CostAsync(int times, Func<int, Task> work)
    {
        const int together = 500;
        var (bytes, cpu) = (GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime);
        var calls = new Task[together];
        for (var from = 0; from < times; from += together)
        {
            for (var i = 0; i < together; i++) calls[i] = work(from + i);
            await Task.WhenAll(calls);
        }
        return ((GC.GetTotalAllocatedBytes(precise: true) - bytes) / (double)times, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / times);
    }

    private sealed class Nowhere : IEventJournal, IHeadStore
    {
        public async ValueTask AppendAsync(JournalAppend append, CancellationToken cancel = default) => await Task.Yield();
        public ValueTask<StreamState> LoadAsync(string stream, CancellationToken cancel = default) => new(new StreamState(null, []));
        public void Offer(StreamHead head) { }
        public IAsyncEnumerable<JournalRow> ReadAsync(string stream, CancellationToken cancel = default) => throw new NotSupportedException();
        public IAsyncEnumerable<JournalRow> ReadAllAsync(CancellationToken cancel = default) => throw new NotSupportedException();
        public ValueTask<PartitionPage> ReadMarkedAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default) => throw new NotSupportedException();
        public ValueTask<ReaderCursor> LoadCursorAsync(string reader, int partition, CancellationToken cancel = default) => throw new NotSupportedException();
        public ValueTask<bool> SaveCursorAsync(ReaderCursor cursor, CancellationToken cancel = default) => throw new NotSupportedException();
        public ValueTask EraseAsync(string stream, CancellationToken cancel = default) => throw new NotSupportedException();
        public ValueTask FlushAsync(CancellationToken cancel = default) => ValueTask.CompletedTask;
        public ValueTask<IReadOnlyList<DueStream>> DueAsync(int partition, DateTimeOffset now, int limit, CancellationToken cancel = default) => throw new NotSupportedException();
        public ValueTask<LaggingHeads> LaggingAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default) => throw new NotSupportedException();
        public ValueTask<IReadOnlyList<StreamHead>> ListAsync(HeadQuery query, CancellationToken cancel = default) => throw new NotSupportedException();
        public ValueTask<LinkRow?> FindLinkAsync(ReadOnlyMemory<byte> tokenHash, CancellationToken cancel = default) => throw new NotSupportedException();
    }
}
