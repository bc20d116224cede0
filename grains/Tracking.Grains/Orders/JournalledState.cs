using System.Text.Json;
using Tracking.Domain.Orders;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;

namespace Tracking.Grains.Orders;

/// <summary>
/// A small state that is the fold of a stream: read when first asked, changed only by what is stored. What could not be stored, or nobody knows whether it was, is
/// forgotten and read again. For ledgers and purses; orders and shipments have codecs of their own.
/// </summary>
internal sealed class JournalledState<TState, TEvent>(IEventJournal journal, string stream, TState unseen, Func<TState, TEvent, DateTimeOffset, TState> apply, TimeProvider clock)
    where TState : class where TEvent : class
{
    private TState? _state;
    private int _version;
    private DateTimeOffset _recordedAt;

    /// <summary>Appends of what was read or written last.</summary>
    public int Version => _version;

    public DateTimeOffset RecordedAt => _recordedAt;

    /// <param name="fresh">From the journal, whatever is known: another activation may have written. Before doing nothing because something is not there.</param>
    public async ValueTask<TState> GetAsync(bool fresh = false)
    {
        if (_state is not null && !fresh) return _state;
        try
        {
            (_state, _version, _recordedAt) = await ReadAsync(journal, stream, unseen, apply);
            return _state;
        }
        catch (JournalUnavailableException away) { throw NotNow(away); }
    }

    /// <summary>The fold of a stream as it is stored, for whoever only looks.</summary>
    public static async ValueTask<(TState State, int Version, DateTimeOffset RecordedAt)> ReadAsync(
        IEventJournal journal, string stream, TState unseen, Func<TState, TEvent, DateTimeOffset, TState> apply, CancellationToken cancel = default)
    {
        var state = unseen;
        var (version, recordedAt) = (0, default(DateTimeOffset));
        foreach (var row in (await journal.LoadAsync(stream, cancel)).Tail)
        {
            var append = JsonSerializer.Deserialize<Stored>(row.Open.Span, OrderJson.Options)!;
            foreach (var happened in append.Events) state = apply(state, happened, row.RecordedAt);
            (version, recordedAt) = (row.Version, row.RecordedAt);
        }
        return (state, version, recordedAt);
    }

    /// <summary>The events of one stored row.</summary>
    public static ImmutableArray<TEvent> EventsIn(JournalRow row) => JsonSerializer.Deserialize<Stored>(row.Open.Span, OrderJson.Options)!.Events;

    /// <summary>Stores and believes. Throws <see cref="TimeoutException"/> when nobody knows whether it is stored, or it is not: ask again.</summary>
    public async ValueTask<TState> AppendAsync(ReadOnlyMemory<byte> personal, bool marked, params ImmutableArray<TEvent> events)
    {
        var state = await GetAsync();
        var at = RecordedTime.Next(clock.GetUtcNow(), _recordedAt);
        var open = JsonSerializer.SerializeToUtf8Bytes(new Stored(OrderJson.FormatVersion, events), OrderJson.Options);
        try
        {
            await journal.AppendAsync(new JournalAppend(stream, _version + 1, at, open, personal, marked));
        }
        catch (Exception refused)
        {
            _state = null;   // fenced, or outcome unknown: read again
            if (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException) throw NotNow(refused);
            throw;
        }
        foreach (var happened in events) state = apply(state, happened, at);
        (_state, _version, _recordedAt) = (state, _version + 1, at);
        return state;
    }

    public ValueTask<TState> AppendAsync(params ImmutableArray<TEvent> events) => AppendAsync(default, false, events);

    // Only framework exceptions cross a call.
    private static TimeoutException NotNow(Exception why) => new($"Not known to be stored, ask again: {why.Message}");

    private sealed record Stored(int V, ImmutableArray<TEvent> Events);
}
