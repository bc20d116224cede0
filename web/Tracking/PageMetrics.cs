using System.Diagnostics.Metrics;

namespace Tracking.Web.Pages;

/// <summary>How links are opened. Somebody who tries links shows here first: <c>gone</c> and <c>busy</c> rise (alarm at 50 a second or 1 % of all).</summary>
public sealed class PageMetrics : IDisposable
{
    public const string MeterName = "Tracking.Pages";

    private readonly Meter _meter;
    private readonly Counter<long> _opened;

    public PageMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _opened = _meter.CreateCounter<long>("tracking.pages.opened", "{visit}", "Links opened by page, snapshot, calendar, event stream or hub, by outcome.");
    }

    public void Opened(VisitOutcome outcome) => _opened.Add(1, new KeyValuePair<string, object?>("outcome", outcome switch
    {
        VisitOutcome.Found => "found",
        VisitOutcome.Gone => "gone",
        VisitOutcome.Busy => "busy",
        _ => "trouble",
    }));

    public void Dispose() => _meter.Dispose();
}
