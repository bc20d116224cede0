using System.Diagnostics.Metrics;

namespace Tracking.Journal;

/// <summary>Every instrument of the journal, in meter <c>Tracking.Journal</c>. One instance per store; observed values are summed over the stores of a process.</summary>
internal sealed class JournalMetrics : IDisposable
{
    public const string MeterName = "Tracking.Journal";

    private readonly Meter _meter;
    private readonly Histogram<double> _appendSeconds;
    private readonly Histogram<int> _batchRows;
    private readonly Histogram<double> _commitSeconds;
    private readonly Histogram<int> _loadStreams;
    private readonly Histogram<double> _headFlushSeconds;
    private readonly Counter<long> _appended, _fenced, _unavailable, _unknown, _rejected, _headsWritten, _headsDropped;

    public JournalMetrics(string store, JournalOptions limits, Func<int> queueLength, Func<int> headsWaiting, Func<double> headLagSeconds, Func<double> horizonAgeSeconds, Func<ServerUse>? server = null, Func<int>? loadsWaiting = null)
    {
        _meter = new Meter(new MeterOptions(MeterName) { Tags = [new("store", store)] });
        _appendSeconds = _meter.CreateHistogram<double>("tracking.journal.append_seconds", "s", "From AppendAsync to the answer, flush included; one sample per batch: its oldest append.");
        _batchRows = _meter.CreateHistogram<int>("tracking.journal.batch_rows", "{row}", "Appends per commit.");
        _commitSeconds = _meter.CreateHistogram<double>("tracking.journal.commit_seconds", "s", "One batch, from statement to flushed.");
        _loadStreams = _meter.CreateHistogram<int>("tracking.journal.load_streams", "{stream}", "Streams read for activation per query.");
        _headFlushSeconds = _meter.CreateHistogram<double>("tracking.journal.head_flush_seconds", "s", "One flush of heads.");
        _appended = _meter.CreateCounter<long>("tracking.journal.appended_rows", "{row}", "Appends that were stored.");
        _fenced = _meter.CreateCounter<long>("tracking.journal.fenced_rows", "{row}", "Appends refused because the stream had that version.");
        _unavailable = _meter.CreateCounter<long>("tracking.journal.unavailable_rows", "{row}", "Appends not stored: no database, or the queue was full.");
        _unknown = _meter.CreateCounter<long>("tracking.journal.unknown_rows", "{row}", "Appends whose outcome nobody can tell.");
        _rejected = _meter.CreateCounter<long>("tracking.journal.rejected_rows", "{row}", "Appends that can never be stored.");
        _headsWritten = _meter.CreateCounter<long>("tracking.journal.head_rows", "{row}", "Heads written.");
        _headsDropped = _meter.CreateCounter<long>("tracking.journal.dropped_head_rows", "{row}", "Heads not taken because far too many waited; the journal has them.");
        _meter.CreateObservableGauge("tracking.journal.queue_rows", queueLength, "{row}", "Appends waiting.");
        _meter.CreateObservableGauge("tracking.journal.heads_waiting_rows", headsWaiting, "{row}", "Heads waiting to be written.");
        _meter.CreateObservableGauge("tracking.journal.queue_limit_rows", () => limits.QueueLimit, "{row}", "Appends that may wait; one more is answered at once that it was not stored.");
        _meter.CreateObservableGauge("tracking.journal.heads_waiting_limit_rows", () => 8L * limits.HeadBuffer, "{row}", "Heads that may wait; those of further streams are dropped and counted.");
        _meter.CreateObservableGauge("tracking.journal.head_lag_seconds", headLagSeconds, "s", "Age of the oldest head not yet written.");
        _meter.CreateObservableGauge("tracking.journal.horizon_age_seconds", horizonAgeSeconds, "s", "How long the oldest open transaction holds partition readers back.");
        if (loadsWaiting is not null)
        {
            _meter.CreateObservableGauge("tracking.journal.loads_waiting_streams", loadsWaiting, "{stream}", "Streams waiting to be read for activation.");
            _meter.CreateObservableGauge("tracking.journal.loads_waiting_limit_streams", () => limits.QueueLimit, "{stream}", "Streams that may wait; who asks for one more is told at once that it cannot be read now.");
        }
        if (server is null) return;
        _meter.CreateObservableCounter("tracking.journal.wal_bytes", () => server().WalBytes, "By", "Write-ahead log written by the database server since it was made.");
        _meter.CreateObservableGauge("tracking.journal.database_bytes", () => server().DatabaseBytes, "By", "Size of the database on its disk.");
        _meter.CreateObservableGauge("tracking.journal.connections", () => server().Connections, "{connection}", "Connections to the database server, whoever's they are.");
        _meter.CreateObservableGauge("tracking.journal.connections_limit", () => server().MostConnections, "{connection}", "Connections that the database server allows.");
        _meter.CreateObservableGauge("tracking.journal.clock_skew_seconds", () => server().ClockSkewSeconds, "s", "This node's clock minus the database's.");
        _meter.CreateObservableGauge("tracking.journal.reachable", () => server().Reachable ? 1 : 0, "{database}", "1 while the database answers its pulse every ten seconds, else 0.");
    }

    public void Committed(int rows, double commitSeconds, double oldestSeconds)
    {
        _batchRows.Record(rows);
        _commitSeconds.Record(commitSeconds);
        _appendSeconds.Record(oldestSeconds);
        _appended.Add(rows);
    }

    public void Fenced(int rows) => _fenced.Add(rows);
    public void Unavailable(int rows) => _unavailable.Add(rows);
    public void Unknown(int rows) => _unknown.Add(rows);
    public void Rejected(int rows) => _rejected.Add(rows);
    public void Loaded(int streams) => _loadStreams.Record(streams);
    public void HeadsWritten(int rows, double seconds)
    {
        _headsWritten.Add(rows);
        _headFlushSeconds.Record(seconds);
    }

    public void HeadsDropped(int rows) => _headsDropped.Add(rows);

    public void Dispose() => _meter.Dispose();
}

/// <summary>What the database server said of itself at the last pulse.</summary>
internal sealed record ServerUse(bool Reachable, long WalBytes, long DatabaseBytes, int Connections, int MostConnections, double ClockSkewSeconds)
{
    public static readonly ServerUse Unknown = new(true, 0, 0, 0, 0, 0);
}
