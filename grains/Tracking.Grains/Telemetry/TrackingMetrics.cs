using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Tracking.Domain.Estimates;
using Tracking.Domain.Vocabulary;

namespace Tracking.Grains.Telemetry;

/// <summary>Every instrument of the grains, with its unit in its name. Labels are bounded: never a grain key, a parcel or a trace id.</summary>
public sealed class TrackingMetrics : IDisposable
{
    public const string MeterName = "Tracking.Grains";
    public static readonly ActivitySource Activities = new("Tracking.Grains");

    private readonly Meter _meter = new(MeterName);

    public TrackingMetrics()
    {
        ScansRecorded = _meter.CreateCounter<long>("tracking.scans_recorded", description: "Scans stored, once each.");
        ScansDuplicate = _meter.CreateCounter<long>("tracking.scans_duplicate", description: "Scans that were already known.");
        ScansFailed = _meter.CreateCounter<long>("tracking.scans_failed", description: "Scans answered 'failed': not known to be stored, to be sent again.");
        ScansUnmapped = _meter.CreateCounter<long>("tracking.scans_unmapped", description: "Scans whose code no table knows, by carrier.");
        MilestonesReached = _meter.CreateCounter<long>("tracking.milestones_reached", description: "Status changes, by status.");
        WindowsRevised = _meter.CreateCounter<long>("tracking.windows_revised", description: "Shown delivery windows that were replaced.");
        ShipmentsSilent = _meter.CreateCounter<long>("tracking.shipments_silent", description: "Shipments whose silence became improbable.");
        ShipmentsActivated = _meter.CreateCounter<long>("tracking.shipments_activated", description: "Shipments read into memory.");
        Fenced = _meter.CreateCounter<long>("tracking.shipments_fenced", description: "Appends refused because another activation had written.");
        Woken = _meter.CreateCounter<long>("tracking.shipments_woken", description: "Shipments woken because something came due.");
        WakesFailed = _meter.CreateCounter<long>("tracking.wakes_failed", description: "Streams that could not be woken; asked again by the next sweep.");
        ScanLateness = _meter.CreateHistogram<double>("tracking.scan_lateness_seconds", "s", "From when a scan happened to when it reached us, where both are known exactly.");
        PushesSent = _meter.CreateCounter<long>("tracking.pushes_sent", description: "Views handed to nodes with open pages.");
        PushesConflated = _meter.CreateCounter<long>("tracking.pushes_conflated", description: "Views replaced by a newer one before they were sent.");
        SweepLag = _meter.CreateHistogram<double>("tracking.sweep_lag_seconds", "s", "From when something was due to when it was woken.");
        ReactionsRun = _meter.CreateCounter<long>("tracking.reactions_run", description: "Stored rows whose reactions succeeded.");
        ReactionsFailed = _meter.CreateCounter<long>("tracking.reactions_failed", description: "Reactions that failed and are tried again, by reaction.");
        ReactionsSetAside = _meter.CreateUpDownCounter<long>("tracking.reactions_set_aside", description: "Stored rows whose reaction keeps failing now; each one holds back its own stream.");
        OffersDecided = _meter.CreateCounter<long>("tracking.offers_decided", description: "Offers that budget and ledger answered for, by outcome.");
        OffersAccepted = _meter.CreateCounter<long>("tracking.offers_accepted", description: "Offers accepted, by remedy.");
        OfferCodes = _meter.CreateCounter<long>("tracking.offer_codes", description: "Codes given out, by source: pool (the shop's own), generated, or pool-empty (generated because the shop's pool was used up).");
        Promotions = _meter.CreateCounter<long>("tracking.promotions", description: "Tries to tell shops' promotion systems, by outcome: sent, failed (tried again) or given-up.");
        PromotionAge = _meter.CreateHistogram<double>("tracking.promotion_age_seconds", "s", "From when a message to a shop's promotion system was owed to each try to deliver it.");
        ReactionLag = _meter.CreateHistogram<double>("tracking.reaction_lag_seconds", "s", "From when a row was stored to when its reactions began.");
        Deliveries = _meter.CreateCounter<long>("tracking.deliveries", description: "Deliveries, by carrier and by what the page had promised: before, within or after the shown window, or none shown.");
        EstimateError = _meter.CreateHistogram<double>("tracking.estimate_error_seconds", "s", "From the middle day of the window shown to the day of the delivery, by carrier; late is positive.");
        DelaysForetold = _meter.CreateCounter<long>("tracking.delays_foretold", description: "Shown windows moved later before their last day was over: delays the page told of before the shopper could notice.");
        _meter.CreateObservableGauge("tracking.budget_used_ratio", BudgetUsed, description: "Of the purses asked on this node in the last hour the share that is given out, of the one most used; by kind (day or campaign).");
        _meter.CreateObservableGauge("tracking.pushes_waiting", () => Volatile.Read(ref _pushesWaiting), description: "Views waiting to be sent to nodes with open pages.");
        _meter.CreateObservableGauge("tracking.pushes_waiting_limit", () => PushesWaitingLimit, description: "Views that may wait for one node; later ones are dropped and come with the next renewal.");
    }

    public Counter<long> ScansRecorded { get; }
    public Counter<long> ScansDuplicate { get; }
    public Counter<long> ScansFailed { get; }
    public Counter<long> ScansUnmapped { get; }
    public Counter<long> MilestonesReached { get; }
    public Counter<long> WindowsRevised { get; }
    public Counter<long> ShipmentsSilent { get; }
    public Counter<long> ShipmentsActivated { get; }
    public Counter<long> Fenced { get; }
    public Counter<long> Woken { get; }
    public Counter<long> WakesFailed { get; }
    public Histogram<double> ScanLateness { get; }
    public Counter<long> PushesSent { get; }
    public Counter<long> PushesConflated { get; }
    public Histogram<double> SweepLag { get; }
    public Counter<long> ReactionsRun { get; }
    public Counter<long> ReactionsFailed { get; }
    public UpDownCounter<long> ReactionsSetAside { get; }
    public Histogram<double> ReactionLag { get; }
    public Counter<long> OffersDecided { get; }
    public Counter<long> OffersAccepted { get; }
    public Counter<long> OfferCodes { get; }
    public Counter<long> Promotions { get; }
    public Histogram<double> PromotionAge { get; }
    public Counter<long> Deliveries { get; }
    public Histogram<double> EstimateError { get; }
    public Counter<long> DelaysForetold { get; }

    /// <summary>Views that may wait for one watching node.</summary>
    public const int PushesWaitingLimit = 100_000;

    private int _pushesWaiting;

    /// <summary>Tells how many views wait for the node for which most wait.</summary>
    public void PushesWait(int views) => Volatile.Write(ref _pushesWaiting, views);

    /// <summary>Compares a delivery with what the page showed before it, by the delivery's own calendar day.</summary>
    public void Delivered(string carrier, ShownWindow? shown, DateTimeOffset at)
    {
        var label = new KeyValuePair<string, object?>("carrier", Carrier.Label(carrier));
        var day = DateOnly.FromDateTime(at.DateTime);
        var against = shown is not { From: { } from, To: { } to } ? "none" : day < from ? "before" : day > to ? "after" : "within";
        Deliveries.Add(1, label, new("against", against));
        if (shown is { From: { } first, To: { } last }) EstimateError.Record((day.DayNumber - (first.DayNumber + last.DayNumber) / 2.0) * 86_400, label);
    }

    private readonly ConcurrentDictionary<string, (double Used, long At)> _purses = new(StringComparer.Ordinal);

    /// <summary>Tells how much of a purse is given out.</summary>
    public void PurseAsked(string purse, long given, long limit)
    {
        _purses[purse] = (limit <= 0 ? 1 : Math.Clamp((double)given / limit, 0, 1), Environment.TickCount64);
        if (_purses.Count > 1_000) Forget();
    }

    private IEnumerable<Measurement<double>> BudgetUsed()
    {
        Forget();
        foreach (var kind in (string[])["day", "campaign"])
            yield return new Measurement<double>(_purses.Where(p => p.Key.Contains($"/{kind}-", StringComparison.Ordinal)).Select(static p => p.Value.Used).DefaultIfEmpty(0).Max(), new KeyValuePair<string, object?>("kind", kind));
    }

    private void Forget()
    {
        foreach (var (purse, told) in _purses)
            if (Environment.TickCount64 - told.At > 3_600_000) _purses.TryRemove(purse, out _);
    }

    /// <summary>Makes the counters that have no label exist from the first scrape on: the first event of a kind is then seen as a rise, not as a beginning.</summary>
    public void StartAtZero()
    {
        foreach (var counter in (Counter<long>[])[ScansRecorded, ScansDuplicate, ScansFailed, WindowsRevised, ShipmentsSilent, ShipmentsActivated, Fenced, Woken, PushesSent, PushesConflated, DelaysForetold, ReactionsRun]) counter.Add(0);
        ReactionsSetAside.Add(0);
        foreach (var source in (string[])["pool", "generated", "pool-empty"]) OfferCodes.Add(0, new KeyValuePair<string, object?>("source", source));
        foreach (var outcome in (string[])["sent", "failed", "given-up"]) Promotions.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        foreach (var why in (string[])["budget", "spacing", "codes"]) OffersDecided.Add(0, new("outcome", "withheld"), new("why", why));
    }

    public void Dispose() => _meter.Dispose();
}
