using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Silo;
using Tracking.LoadTest.Throughput;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Limits;

/// <summary>One point of the curve: how it goes when that many shipments are in the database.</summary>
public sealed record GrowthPoint(long Shipments, double WarmScansPerSecond, double ColdScansPerSecond, double AckP99Ms, ScanCost? Warm, ScanCost? Cold, double ResidentMb);

/// <summary>Throughput and memory over what is stored. <paramref name="Spread"/>: (highest - lowest) / highest of the warm rates.</summary>
public sealed record GrowthResult(string Kind, IReadOnlyList<GrowthPoint> Points, double Spread);

/// <summary>
/// Does it get slower as the database fills? At each size the server is started again, so that nothing but the size differs; warm scans go to five thousand
/// shipments, cold ones to shipments stored long ago.
/// </summary>
public sealed class GrowthRun(OwnServer server, string key, int run, double seconds, IReadOnlyList<int> sizes, Action<string> say)
{
    private const int Connections = 4, Batch = 500, Warmed = 5_000;

    private readonly AckLedger _ledger = new();
    private readonly Payloads _payloads = new(run);
    private readonly long _now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    private int _round;

    public async Task<GrowthResult> RunAsync(CancellationToken stop)
    {
        var points = new List<GrowthPoint>();
        var stored = 0;
        foreach (var size in sizes)
        {
            say($"Storing up to {size:N0} shipments …");
            using (var client = NewClient())
                stored += (int)(await PumpAsync(client, stored, size - stored, 1, 0, TimeSpan.FromHours(1), stop)).Outcomes.Accepted;
            await server.RestartAsync(stop);
            using var measured = NewClient();
            _round++;
            // The newest are warmed, the oldest met cold.
            await PumpAsync(measured, size - Warmed, Warmed, 4, 1_000 * _round, TimeSpan.FromSeconds(6), stop);
            var warm = await PumpAsync(measured, size - Warmed, Warmed, int.MaxValue, 1_000 * _round + 10, TimeSpan.FromSeconds(seconds), stop);
            var cold = await PumpAsync(measured, 0, size - Warmed, 1, 1_000 * _round, TimeSpan.FromSeconds(seconds), stop);
            points.Add(new GrowthPoint(size, Math.Round(warm.ScansPerSecond), Math.Round(cold.ScansPerSecond), warm.Ack.Percentile(99) / 1000.0, warm.Cost, cold.Cost, Math.Round(server.Reading.ResidentBytes / 1e6)));
            say($"{size,10:N0} shipments: warm {warm.ScansPerSecond:N0}/s, cold {cold.ScansPerSecond:N0}/s");
        }
        var rates = points.Select(p => p.WarmScansPerSecond).ToList();
        return new GrowthResult("growth", points, rates.Max() <= 0 ? 1 : Math.Round((rates.Max() - rates.Min()) / rates.Max(), 3));
    }

    private ScanClient NewClient() => new(server.Address, key, Connections, TimeSpan.FromSeconds(30));

    private async Task<Pumped> PumpAsync(ScanClient client, int first, int parcels, int rounds, int step, TimeSpan atMost, CancellationToken stop)
    {
        if (parcels <= 0) return new Pumped(0, default, new LatencyHistogram(), 0, 0, null);
        var meter = await CostMeter.StartAsync(server.Pid, null, () => Task.FromResult<double?>(null));
        var pumped = await new BatchPump(client, _payloads, _ledger, server.Pid).RunAsync(Connections, Batch, atMost, BatchPump.Counting((long)parcels * rounds), n =>
        {
            var id = first + n % parcels;
            var carrying = (Carrying)(id % 4);
            return ScanFeed.Endless(new Parcel(id, carrying, Format.Scans, ParcelBook.NumberOf(carrying, run, id), []), step + (int)(n / parcels), _now);
        }, stop);
        return pumped with { Cost = await meter.PerScanAsync(pumped.Outcomes.Accepted) };
    }
}
