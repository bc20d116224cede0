using System.Runtime.CompilerServices;
using Tracking.Journal;
using Tracking.Journal.Memory;

namespace Tracking.Grains.Tests.Embedded;

/// <summary>A journal where every call is an await at which anything may happen in between, and where some appends are refused and some answers get lost.</summary>
internal sealed class DicedJournal(MemoryStore store, Func<int, int> dice) : IEventJournal
{
    /// <summary>Faults per thousand appends of each kind; 0: none.</summary>
    public int PerThousand { get; set; }

    public async ValueTask AppendAsync(JournalAppend append, CancellationToken cancel = default)
    {
        // The store copies the bytes when it is called; whoever reuses its buffer must not notice the wait.
        var kept = append with { Open = append.Open.ToArray(), Personal = append.Personal.ToArray() };
        await Task.Yield();
        if (Strikes()) throw new JournalUnavailableException("refused by dice");
        await store.AppendAsync(kept, cancel);
        await Task.Yield();
        if (Strikes()) throw new JournalOutcomeUnknownException("answer lost by dice");
    }

    public async ValueTask<StreamState> LoadAsync(string stream, CancellationToken cancel = default)
    {
        await Task.Yield();
        if (Strikes()) throw new JournalUnavailableException("refused by dice");
        return await store.LoadAsync(stream, cancel);
    }

    public async IAsyncEnumerable<JournalRow> ReadAsync(string stream, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await Task.Yield();
        await foreach (var row in store.ReadAsync(stream, cancel)) yield return row;
    }

    public IAsyncEnumerable<JournalRow> ReadAllAsync(CancellationToken cancel = default) => store.ReadAllAsync(cancel);

    public async ValueTask<PartitionPage> ReadMarkedAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default)
    {
        await Task.Yield();
        return await store.ReadMarkedAsync(partition, after, limit, cancel);
    }

    public ValueTask<ReaderCursor> LoadCursorAsync(string reader, int partition, CancellationToken cancel = default) => store.LoadCursorAsync(reader, partition, cancel);

    public async ValueTask<bool> SaveCursorAsync(ReaderCursor cursor, CancellationToken cancel = default)
    {
        await Task.Yield();
        if (Strikes()) throw new JournalUnavailableException("refused by dice");
        return await store.SaveCursorAsync(cursor, cancel);
    }

    public ValueTask EraseAsync(string stream, CancellationToken cancel = default) => store.EraseAsync(stream, cancel);

    private bool Strikes() => PerThousand > 0 && dice(1_000) < PerThousand;
}
