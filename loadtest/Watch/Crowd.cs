using System.Text.Json;
using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Watch;

/// <summary>How people come and go.</summary>
/// <param name="Count">Pages open at once.</param>
/// <param name="ArrivePerSecond">How fast they come. Default 200.</param>
/// <param name="StaySeconds">Mean stay before a page is closed and another opened; 0: to the end. Default 0.</param>
/// <param name="HideShare">Share of stays that end by hiding: the page comes back later to the same parcel, with the version it had. Default 0.</param>
/// <param name="Famous">All of them watch one parcel. Default false: each its own, round the active parcels.</param>
public sealed record CrowdOptions(int Count, double ArrivePerSecond = 200, double StaySeconds = 0, double HideShare = 0, bool Famous = false);

/// <summary>Opens pages on parcels that are on their way, and keeps as many open as asked.</summary>
public sealed class Crowd(Uri target, ScanClient client, Glass glass, ILoadClock clock, CrowdOptions options, ulong seed)
{
    private long _missing;
    private int _linkTold;

    public CrowdCounts Counts { get; } = new();
    /// <summary>Told the first page's address, for people who want to look.</summary>
    public Action<string>? FirstLink { get; init; }
    /// <summary>Pages that could not be opened because the shipment had no tracking link.</summary>
    public long WithoutLink => Volatile.Read(ref _missing);

    /// <summary>Runs until <paramref name="leave"/>, then everybody has left. <paramref name="pick"/> names the n-th watcher's parcel.</summary>
    public async Task RunAsync(Func<int, Parcel> pick, CancellationToken leave)
    {
        var stays = new List<Task>(options.Count);
        try
        {
            for (var i = 0; i < options.Count && !leave.IsCancellationRequested; i++)
            {
                stays.Add(SeatAsync(i, pick, leave));
                if ((i + 1) % Math.Max(1, (int)(options.ArrivePerSecond / 20)) == 0) await Task.Delay(50, leave);
            }
        }
        catch (OperationCanceledException)
        {
        }
        await Task.WhenAll(stays);
    }

    // One seat is taken all the time; who sits there changes.
    private async Task SeatAsync(int seat, Func<int, Parcel> pick, CancellationToken leave)
    {
        var dice = Dice.For(seed, (ulong)seat + 0x77000000);
        Watcher? hidden = null;
        var unknown = 0;
        for (var visit = 0; !leave.IsCancellationRequested; visit++)
        {
            var watcher = hidden;
            if (watcher is null)
            {
                var parcel = pick(options.Famous ? 0 : seat + visit * options.Count);
                if (await TokenAsync(parcel, leave) is not { } token)
                {
                    Interlocked.Increment(ref _missing);
                    // Not scanned yet. People look again, and less often each time: a thousand of them twice a second would be the load.
                    var pause = 500 << Math.Min(unknown++, 3);
                    try { await Task.Delay((int)(pause * (0.5 + dice.Unit())), leave); } catch (OperationCanceledException) { return; }
                    continue;
                }
                unknown = 0;
                watcher = new Watcher(target, token, parcel.Id, glass, clock, Counts, seed + (ulong)seat);
            }
            hidden = null;
            using var stay = CancellationTokenSource.CreateLinkedTokenSource(leave);
            if (options.StaySeconds > 0) stay.CancelAfter(TimeSpan.FromSeconds(Math.Max(0.5, dice.Exponential() * options.StaySeconds)));
            await watcher.StayAsync(stay.Token);
            if (!stay.IsCancellationRequested)
            {
                // The link was withdrawn: the seat is taken again, but not in a rush.
                try { await Task.Delay(500, leave); } catch (OperationCanceledException) { return; }
            }
            if (dice.Chance(options.HideShare)) hidden = watcher;
        }
    }

    // The link of a page as the retailer gets it: the last segment of trackingUrl.
    private async Task<string?> TokenAsync(Parcel parcel, CancellationToken leave)
    {
        try
        {
            using var answer = await client.Http.GetAsync($"/v1/shipments/{parcel.Carrier}/{parcel.TrackingNumber}", leave);
            if (!answer.IsSuccessStatusCode) return null;
            using var json = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(leave), cancellationToken: leave);
            if (!json.RootElement.TryGetProperty("trackingUrl", out var url) || url.GetString() is not { } link) return null;
            if (Interlocked.Exchange(ref _linkTold, 1) == 0) FirstLink?.Invoke(link);
            return link.TrimEnd('/').Split('/')[^1].Split('?')[0];
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or OperationCanceledException)
        {
            return null;
        }
    }
}
