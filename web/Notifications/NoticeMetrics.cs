using System.Diagnostics.Metrics;
using Tracking.Contracts.Ports;

namespace Tracking.Web.Notifications;

/// <summary>What was sent, by kind. A kind whose <c>repeated</c> grows belongs to a reaction that keeps failing after it told the shopper.</summary>
public sealed class NoticeMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _notices;

    public NoticeMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("Tracking.Notices");
        _notices = _meter.CreateCounter<long>("tracking.notices", "{notice}", "Notices handed to the channel, by kind and outcome: sent, repeated (already sent, nothing done) or refused (to be tried again).");
    }

    public void Sent(NoticeKind kind) => Count(kind, "sent");
    public void Repeated(NoticeKind kind) => Count(kind, "repeated");
    public void Refused(NoticeKind kind) => Count(kind, "refused");

    private void Count(NoticeKind kind, string outcome) => _notices.Add(1, new("kind", kind.Name()), new("outcome", outcome));

    public void Dispose() => _meter.Dispose();
}
