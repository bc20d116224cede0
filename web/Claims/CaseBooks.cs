using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tracking.Contracts.Claims;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Pages;

/// <summary>Finds the case of a parcel.</summary>
public interface ICaseBooks
{
    ICaseGrain Of(ShipmentKey parcel);

    /// <summary>What a page shows of it; null when there is nothing, or it cannot be read now: a page never waits for it.</summary>
    Task<CaseView?> ReadAsync(ShipmentKey parcel, CancellationToken cancel);

    /// <summary>The page of a delivered parcel was opened.</summary>
    void Seen(ShipmentKey parcel, string useId);
}

/// <summary>
/// Cases are grains. That a page was opened after delivery is remembered behind the answer: at most once an hour for a parcel and node, in a bounded queue that
/// drops what it cannot take.
/// </summary>
public sealed partial class GrainCaseBooks(IGrainFactory grains, ICaseReader reader, TimeProvider clock, ILogger<GrainCaseBooks> log) : BackgroundService, ICaseBooks
{
    public const int MaxRemembered = 20_000;
    private const int MaxWaiting = 1_000;

    private readonly ConcurrentDictionary<(ShipmentKey, string), DateTimeOffset> _seen = new();
    private readonly Channel<(ShipmentKey Parcel, string UseId, DateTimeOffset At)> _views =
        Channel.CreateBounded<(ShipmentKey, string, DateTimeOffset)>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite });

    public ICaseGrain Of(ShipmentKey parcel) => grains.GetGrain<ICaseGrain>(parcel.ToString());

    public async Task<CaseView?> ReadAsync(ShipmentKey parcel, CancellationToken cancel)
    {
        try { return await reader.ReadAsync(parcel, cancel); }
        catch (Exception away) when (!cancel.IsCancellationRequested)
        {
            LogAway(log, away.Message);
            return null;
        }
    }

    public void Seen(ShipmentKey parcel, string useId)
    {
        var now = clock.GetUtcNow();
        if (_seen.TryGetValue((parcel, useId), out var last) && now - last < TimeSpan.FromHours(1)) return;
        if (_seen.Count >= MaxRemembered) _seen.Clear();   // the case itself takes one an hour
        _seen[(parcel, useId)] = now;
        _views.Writer.TryWrite((parcel, useId, now));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var meter = new Meter("Tracking.Claims");
        meter.CreateObservableGauge("tracking.page_views_waiting", () => _views.Reader.Count, description: "Openings of a delivered parcel's page that wait to be remembered.");
        meter.CreateObservableGauge("tracking.page_views_waiting_limit", static () => MaxWaiting, description: "Openings that may wait; of more it is not remembered that the page was seen.");
        try
        {
            await foreach (var (parcel, useId, at) in _views.Reader.ReadAllAsync(stoppingToken))
            {
                try { await Of(parcel).Seen(useId, at); }
                catch (Exception away) when (!stoppingToken.IsCancellationRequested) { LogAway(log, away.Message); }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { }   // a stop is no fault
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A parcel's case could not be read or told that its page was opened: {Problem}")]
    private static partial void LogAway(ILogger log, string problem);
}
