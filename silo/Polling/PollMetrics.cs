using System.Diagnostics.Metrics;
using Tracking.Carriers.Polling;

namespace Tracking.Silo.Polling;

/// <summary>What an operator sees of polling. Labels are carriers: never a parcel, never a retailer's account.</summary>
internal sealed class PollMetrics : IDisposable
{
    private readonly Meter _meter = new("Tracking.Polling");
    private readonly Counter<long> _asked;
    private readonly Counter<long> _answers;
    private volatile Func<IReadOnlyList<PollBacklog>> _backlog = static () => [];

    public PollMetrics()
    {
        _asked = _meter.CreateCounter<long>("tracking.poll_asked", description: "Shipments that a carrier was asked for, by carrier.");
        _answers = _meter.CreateCounter<long>("tracking.poll_answers", description: "What became of them, by carrier and outcome: answered, not_found, refused (told to wait, or the account is), failed.");
        _meter.CreateObservableGauge("tracking.poll_watched", () => By(b => b.Watched), description: "Live shipments that this node asks for, by carrier.");
        _meter.CreateObservableGauge("tracking.poll_due", () => By(b => b.Due), description: "Shipments whose time to be asked for has come and that wait for the budget or the carrier.");
        _meter.CreateObservableGauge("tracking.poll_due_age_seconds", () => Backlog().GroupBy(b => b.Carrier).Select(g => new Measurement<double>(g.Max(b => b.OldestDue.TotalSeconds), Tag(g.Key))), "s", "How long the longest of them waits.");
    }

    /// <summary>Who tells how far the accounts are behind.</summary>
    public void Read(CarrierPoller? poller) => _backlog = poller is null ? static () => [] : poller.Backlog;

    public void Count(string carrier, PollRound round)
    {
        _asked.Add(round.Asked, Tag(carrier));
        Add("answered", round.Answered);
        Add("not_found", round.NotFound);
        Add("refused", round.Refused);
        Add("failed", round.Failed);

        void Add(string outcome, int count)
        {
            if (count > 0) _answers.Add(count, Tag(carrier), new KeyValuePair<string, object?>("outcome", outcome));
        }
    }

    private IReadOnlyList<PollBacklog> Backlog() => _backlog();

    private IEnumerable<Measurement<int>> By(Func<PollBacklog, int> what) => Backlog().GroupBy(b => b.Carrier).Select(g => new Measurement<int>(g.Sum(what), Tag(g.Key)));

    private static KeyValuePair<string, object?> Tag(string carrier) => new("carrier", carrier);

    public void Dispose() => _meter.Dispose();
}
