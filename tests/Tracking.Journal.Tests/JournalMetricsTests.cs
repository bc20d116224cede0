using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Tracking.Journal.Tests;

public sealed class JournalMetricsTests
{
    [Fact]
    public void Every_instrument_names_its_unit_and_says_what_it_counts()
    {
        var instruments = new ConcurrentBag<Instrument>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => instruments.Add(instrument) };
        listener.Start();
        using var metrics = new JournalMetrics("test", new JournalOptions(), static () => 3, static () => 0, static () => 0, static () => 0, static () => ServerUse.Unknown, static () => 0);

        var ours = instruments.Where(static instrument => instrument.Meter.Name == JournalMetrics.MeterName).ToList();
        ours.ShouldNotBeEmpty();
        ours.ShouldAllBe(static instrument => instrument.Name.StartsWith("tracking.journal.") && (instrument.Name.EndsWith("_seconds") || instrument.Name.EndsWith("_rows") || instrument.Name.EndsWith("_streams")
            || instrument.Name.EndsWith("_bytes") || instrument.Name.EndsWith("connections") || instrument.Name.EndsWith("connections_limit") || instrument.Name.EndsWith("reachable")));
        ours.ShouldAllBe(static instrument => instrument.Unit != null && instrument.Description != null && instrument.Description.EndsWith('.'));
    }

    [Fact]
    public void What_happens_to_appends_is_counted_apart()
    {
        var store = Guid.NewGuid().ToString();
        var counted = new ConcurrentDictionary<string, long>();
        using var metrics = new JournalMetrics(store, new JournalOptions(), static () => 7, static () => 0, static () => 0, static () => 0, null, static () => 11);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Tags?.Any(tag => tag.Value as string == store) == true) self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => counted.AddOrUpdate(instrument.Name, value, (_, known) => known + value));
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => counted[instrument.Name] = value);
        listener.Start();

        metrics.Committed(5, 0.1, 0.2);
        metrics.Fenced(2);
        metrics.Unavailable(3);
        metrics.Unknown(4);
        metrics.Rejected(1);
        listener.RecordObservableInstruments();

        (counted["tracking.journal.appended_rows"], counted["tracking.journal.fenced_rows"], counted["tracking.journal.unavailable_rows"], counted["tracking.journal.unknown_rows"], counted["tracking.journal.rejected_rows"])
            .ShouldBe((5L, 2L, 3L, 4L, 1L));
        (counted["tracking.journal.batch_rows"], counted["tracking.journal.queue_rows"]).ShouldBe((5L, 7L));
        (counted["tracking.journal.loads_waiting_streams"], counted["tracking.journal.loads_waiting_limit_streams"]).ShouldBe((11L, new JournalOptions().QueueLimit));
    }
}
