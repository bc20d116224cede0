using System.Diagnostics;
using System.Text.Json;
using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Silo;
using Tracking.LoadTest.Watch;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Limits;

/// <summary>What a crowd of open pages costs one server. Times in milliseconds, memory in kB (1,000 bytes) of the server's resident growth.</summary>
public sealed record FanOutResult
{
    public string Kind => "fanout";
    public int Watchers { get; set; }
    public int Parcels { get; set; }
    public double ConnectSeconds { get; set; }
    public double KbPerWatcher { get; set; }
    /// <summary>Updates per second that were due on pages, and that arrived there.</summary>
    public double Offered { get; set; }
    public double Delivered { get; set; }
    /// <summary>From the ack to the page.</summary>
    public double P50Ms { get; set; }
    public double P99Ms { get; set; }
    public long Backwards { get; set; }
    /// <summary>Pages that did not show the newest version when all was quiet. Must be 0.</summary>
    public long Behind { get; set; }
    /// <summary>Share of all cores, server and generator.</summary>
    public double ServerCpu { get; set; }
    public double GeneratorCpu { get; set; }
    public int Stalled { get; set; }
    public double KbPerStalled { get; set; }
    /// <summary>Stalled pages that had the newest version once they read again.</summary>
    public int StalledCaughtUp { get; set; }
    /// <summary>Versions a stalled page was told before it had the newest, of <see cref="StalledMissed"/> that there were: the median.</summary>
    public int StalledTold { get; set; }
    public int StalledMissed { get; set; }
}

/// <summary>Many open pages on one process: what each costs in memory, how many updates a second reach them, and what those cost that do not read.</summary>
public sealed class FanOutRun(OwnServer server, string key, int run, int watchers, double updates, double seconds, int stalled, Action<string> say)
{
    /// <summary>Pages of one parcel: a family and its friends, or a parcel people talk about.</summary>
    private const int PerParcel = 100;
    private const int StalledUpdates = 600;

    private readonly MachineClock _clock = new();
    private readonly Payloads _payloads = new(run);
    private readonly ParcelBook _book = new(1, run);
    private readonly long _now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    private long _event;
    private int _step;

    /// <summary>Settings of a server on which stalled pages live to be looked at.</summary>
    public static Dictionary<string, string> Settings() => new() { ["Live__SlowSendSeconds"] = "300" };

    public async Task<FanOutResult> RunAsync(CancellationToken stop)
    {
        var result = new FanOutResult { Watchers = watchers, Parcels = Math.Max(1, watchers / PerParcel), Stalled = stalled, StalledMissed = StalledUpdates };
        using var client = new ScanClient(server.Address, key, 32, TimeSpan.FromSeconds(30));
        var parcels = Enumerable.Range(0, result.Parcels + 1).Select(i => _book.Of(i) with { Format = Format.Scans }).ToArray();
        var (crowded, lonely) = (parcels[..^1], parcels[^1]);
        foreach (var some in parcels.Chunk(500))
            for (var i = 0; i < 4; i++) await PostAsync(client, some, new Glass());

        say("Warming up …");
        await WithCrowdAsync(client, crowded, Math.Min(watchers, 500), async (glass, _) =>
        {
            for (var i = 0; i < 40; i++) await PostAsync(client, crowded, glass);
        }, stop);
        await Task.Delay(TimeSpan.FromSeconds(3), stop);

        var before = server.Reading.ResidentBytes;
        var began = Stopwatch.StartNew();
        say($"Opening {watchers:N0} pages on {result.Parcels:N0} parcels …");
        await WithCrowdAsync(client, crowded, watchers, async (glass, counts) =>
        {
            result.ConnectSeconds = Math.Round(began.Elapsed.TotalSeconds, 1);
            // What opening them all at once left behind is given back while little happens, as on any evening.
            for (var i = 0; i < 20; i++)
            {
                await PostAsync(client, crowded, glass);
                await Task.Delay(TimeSpan.FromSeconds(1), stop);
            }
            result.KbPerWatcher = Math.Round((server.Reading.ResidentBytes - before) / 1e3 / watchers, 1);
            say($"{result.KbPerWatcher:F1} kB each. {updates:N0} updates a second for {seconds:0} s …");
            await FanAsync(client, crowded, glass, counts, result, stop);
        }, stop);
        if (stalled > 0) await StallAsync(client, lonely, result, stop);
        return result;
    }

    // One scan for every parcel, so many times a second; each is an update on every page of its parcel.
    private async Task FanAsync(ScanClient client, Parcel[] parcels, Glass glass, CrowdCounts counts, FanOutResult result, CancellationToken stop)
    {
        result.Offered = updates;
        var every = TimeSpan.FromSeconds(watchers / updates);
        var (serving, generator) = (new CpuMeter(server.Pid), new CpuMeter(Environment.ProcessId));
        var (from, clock) = (Interlocked.Read(ref counts.Updates), Stopwatch.StartNew());
        var underWay = new List<Task>();
        for (var round = 0; clock.Elapsed.TotalSeconds < seconds; round++)
        {
            if (every * round - clock.Elapsed is { Ticks: > 0 } wait) await Task.Delay(wait, stop);
            underWay.RemoveAll(static t => t.IsCompletedSuccessfully);
            if (underWay.Count >= 4) await Task.WhenAny(underWay);
            underWay.Add(PostAsync(client, parcels, glass));
        }
        await Task.WhenAll(underWay);
        result.Delivered = Math.Round((Interlocked.Read(ref counts.Updates) - from) / clock.Elapsed.TotalSeconds);
        (result.ServerCpu, result.GeneratorCpu) = (Math.Round(serving.Share(), 2), Math.Round(generator.Share(), 2));
        for (var quiet = Stopwatch.StartNew(); glass.Stale() > 0 && quiet.Elapsed.TotalSeconds < 10;) await Task.Delay(100, stop);
        (result.P50Ms, result.P99Ms) = (glass.Latency.Percentile(50) / 1000.0, glass.Latency.Percentile(99) / 1000.0);
        (result.Behind, result.Backwards) = (glass.Stale(), glass.Backwards);
    }

    private async Task StallAsync(ScanClient client, Parcel parcel, FanOutResult result, CancellationToken stop)
    {
        say($"{stalled:N0} pages that take nothing off the wire, {StalledUpdates:N0} updates for each …");
        var token = await TokenAsync(client, parcel, stop);
        var version = await PostAsync(client, [parcel], new Glass());
        await Task.Delay(TimeSpan.FromSeconds(3), stop);
        var before = server.Reading.ResidentBytes;
        var pages = new List<StalledPage>();
        try
        {
            for (var i = 0; i < stalled; i++) pages.Add(await StalledPage.OpenAsync(server.Address, token, version, stop));
            for (var i = 0; i < StalledUpdates; i++)
            {
                version = Math.Max(version, await PostAsync(client, [parcel], new Glass()));
                await Task.Delay(15, stop);      // longer than views gather before they are pushed: each is a push of its own
            }
            await Task.Delay(TimeSpan.FromSeconds(2), stop);
            result.KbPerStalled = Math.Round((server.Reading.ResidentBytes - before) / 1e3 / stalled, 1);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(TimeSpan.FromSeconds(60));
            var told = new List<int>();
            foreach (var page in pages)
            {
                if (await page.CatchUpAsync(version, patience.Token) >= version) result.StalledCaughtUp++;
                told.Add(page.Told);
            }
            result.StalledTold = told.Order().ElementAt(told.Count / 2);
        }
        finally
        {
            foreach (var page in pages) page.Dispose();
        }
    }

    private async Task WithCrowdAsync(ScanClient client, Parcel[] parcels, int count, Func<Glass, CrowdCounts, Task> act, CancellationToken stop)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var glass = new Glass();
        var crowd = new Crowd(server.Address, client, glass, _clock, new CrowdOptions(count, ArrivePerSecond: 1_000), 1);
        var sitting = Task.Run(() => crowd.RunAsync(seat => parcels[seat % parcels.Length], leave.Token), CancellationToken.None);
        for (var waited = Stopwatch.StartNew(); Interlocked.Read(ref crowd.Counts.Connected) < count;)
        {
            if (waited.Elapsed > TimeSpan.FromMinutes(3)) throw new SetUpException($"Only {Interlocked.Read(ref crowd.Counts.Connected):N0} of {count:N0} pages were open after three minutes. {server.LastLines}");
            await Task.Delay(100, stop);
        }
        try { await act(glass, crowd.Counts); }
        finally
        {
            await leave.CancelAsync();
            await sitting;
        }
    }

    // The newest version that was acked.
    private async Task<int> PostAsync(ScanClient client, Parcel[] parcels, Glass glass)
    {
        var step = Interlocked.Increment(ref _step);
        var (body, answer, outcomes, versions) = (new Body(parcels.Length * 320), new Body(parcels.Length * 200), new Outcome[parcels.Length], new int[parcels.Length]);
        var first = Interlocked.Add(ref _event, parcels.Length) - parcels.Length;
        for (var i = 0; i < parcels.Length; i++) _payloads.ScanLine(body, ScanFeed.Endless(parcels[i], step, _now) with { Event = first + i });
        var told = await client.PostScansAsync(body, outcomes, versions, answer);
        if (!told.Ok) throw new SetUpException($"The server refused an update: HTTP {told.Status} {told.Problem}");
        var now = _clock.Micros;
        for (var i = 0; i < told.Results; i++) glass.Acked(parcels[i].Id, versions[i], now);
        return versions.Max();
    }

    private static async Task<string> TokenAsync(ScanClient client, Parcel parcel, CancellationToken stop)
    {
        using var view = JsonDocument.Parse(await client.Http.GetStringAsync($"/v1/shipments/{parcel.Carrier}/{parcel.TrackingNumber}", stop));
        return view.RootElement.GetProperty("trackingUrl").GetString()!.TrimEnd('/').Split('/')[^1];
    }
}
