using System.Runtime.CompilerServices;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Runtime;
using Tracking.Testing;

namespace Tracking.Simulation.Model;

/// <summary>
/// One process's connections to the database: everything takes a moment, may be refused, may lose its answer. What the server was already told goes on when the
/// process is killed; what waited in the process dies with it.
/// </summary>
internal sealed class NodeJournal(ModelDatabase database, Trouble trouble, Dice dice, ManualClock clock, DeterministicScheduler scheduler) : IEventJournal, IHeadStore
{
    /// <summary>As many appends wait as the real journal's queue would hold in proportion; more are refused.</summary>
    private const int QueueLimit = 400;

    private readonly Dictionary<string, IHeadSource> _offered = new(StringComparer.Ordinal);
    private int _queued;
    private bool _flushSet, _dead;

    /// <summary>Streams whose rows cannot be read, whatever is done.</summary>
    public required HashSet<string> Poisoned { get; init; }

    public void Die()
    {
        _dead = true;
        if (_offered.Count == 0 || Down || Full || dice.Chance(50)) return;
        // The server had been told already, and is in no hurry: these heads land after newer ones.
        var told = _offered.Values.Select(static head => head.Make()).ToList();
        _ = scheduler.Start(async () =>
        {
            await Task.Delay(dice.Milliseconds(1, 3_000), clock);
            foreach (var head in told) database.WriteHead(head);
        });
    }

    private bool Down => clock.GetUtcNow() < trouble.DownUntil;
    private bool Full => clock.GetUtcNow() < trouble.FullUntil;

    private Task Pause() => dice.Next(3) switch { 0 => Task.CompletedTask, 1 => Task.Delay(dice.Milliseconds(0, 1), clock), _ => Task.Delay(dice.Milliseconds(1, 9), clock) };

    private async ValueTask AnswersAsync(bool writes)
    {
        await Pause();
        if (Down) throw new JournalUnavailableException("The database refuses connections.");
        if (writes && Full) throw new JournalUnavailableException("No space left on device.");
    }

    // ---- appends ---------------------------------------------------------------------------------------------------------

    public ValueTask AppendAsync(JournalAppend append, CancellationToken cancel = default)
    {
        if (append.Version < 1) throw new JournalRejectedException($"Versions count from 1; {append.Stream} was to get {append.Version}.");
        if (_queued >= QueueLimit) throw new JournalUnavailableException("The queue is full.");
        _queued++;
        append = append with { Open = append.Open.ToArray(), Personal = append.Personal.ToArray(), RecordedAt = new DateTimeOffset(append.RecordedAt.UtcTicks / 10 * 10, TimeSpan.Zero) };
        var answer = new TaskCompletionSource();
        if (database.Planted == PlantedFault.AckBeforeCommit) answer.SetResult();
        _ = scheduler.Start(() => WriteAsync(append, answer));
        return new ValueTask(answer.Task);
    }

    private async Task WriteAsync(JournalAppend append, TaskCompletionSource answer)
    {
        await Pause();
        _queued--;
        if (_dead) return;   // it waited in the memory of a process that is gone
        if (Down || Full || Take(trouble.Refusals, n => trouble.Refusals = n))
        {
            answer.TrySetException(new JournalUnavailableException("The database did not take it."));
            return;
        }

        var transaction = database.Begin();
        await Pause();
        if (Down)
        {
            // A server that goes down takes its open transactions with it.
            database.Abort(transaction);
            answer.TrySetException(new JournalOutcomeUnknownException("The connection broke."));
            return;
        }
        if (Take(trouble.LateLandings, n => trouble.LateLandings = n))
        {
            answer.TrySetException(new JournalOutcomeUnknownException("No answer in time."));
            await Task.Delay(dice.Milliseconds(50, 4_000), clock);
            if (Down || dice.Chance(20)) database.Abort(transaction);
            else database.Commit(transaction, append);
            return;
        }
        var stored = database.Commit(transaction, append);
        if (Take(trouble.LostReplies, n => trouble.LostReplies = n))
        {
            await Pause();
            answer.TrySetException(new JournalOutcomeUnknownException("The connection broke after it was sent."));
            return;
        }
        await Pause();
        if (stored) answer.TrySetResult();
        else answer.TrySetException(new JournalFencedException(append.Stream, append.Version));
    }

    private static bool Take(int left, Action<int> set)
    {
        if (left == 0) return false;
        set(left - 1);
        return true;
    }

    // ---- reading ---------------------------------------------------------------------------------------------------------

    public async ValueTask<StreamState> LoadAsync(string stream, CancellationToken cancel = default)
    {
        await AnswersAsync(writes: false);
        var state = Poisoned.Contains(stream) ? Unreadable(stream) : database.Planted == PlantedFault.DedupeForgets && stream[0] == 's' ? Forgetful(database.Load(stream)) : database.Load(stream);
        await Pause();
        return state;
    }

    // As a release with a bug might have left it: nobody can read this row any more.
    private StreamState Unreadable(string stream)
        => new(null, [new JournalRow(stream, 1, new JournalPosition(1, 1, 1), clock.GetUtcNow(), "{\"v\":1,\"scans\":[{\"carrier\":"u8.ToArray(), default, true, false)]);

    private StreamState Forgetful(StreamState state)
    {
        var version = state.Tail.Count > 0 ? state.Tail[^1].Version : state.Head?.Version ?? 0;
        if (version == 0) return state;
        var stream = state.Head?.Stream ?? state.Tail[^1].Stream;
        var recorded = state.Tail.Count > 0 ? state.Tail[^1].RecordedAt : state.Head!.RecordedAt;
        var empty = Shipment.Unseen(ShipmentStream.KeyOf(stream)!.Value);
        while (empty.Version < version) empty = empty.Apply(new ShipmentAppend(recorded, [], []));
        return new StreamState(new StreamHead(stream, version, recorded, 0, 0, null, ShipmentSnapshot.Write(empty), default), []);
    }

    public async IAsyncEnumerable<JournalRow> ReadAsync(string stream, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await AnswersAsync(writes: false);
        var rows = Poisoned.Contains(stream) ? [.. Unreadable(stream).Tail] : database.Read(stream);
        await Pause();
        foreach (var row in rows) yield return row;
    }

    public async IAsyncEnumerable<JournalRow> ReadAllAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        await AnswersAsync(writes: false);
        foreach (var row in database.Rows.ToList()) yield return row.Read(closed: false);
    }

    public async ValueTask<PartitionPage> ReadMarkedAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default)
    {
        await AnswersAsync(writes: false);
        return database.ReadMarked(partition, after, limit);
    }

    public async ValueTask<ReaderCursor> LoadCursorAsync(string reader, int partition, CancellationToken cancel = default)
    {
        await AnswersAsync(writes: false);
        return database.Cursor(reader, partition);
    }

    public async ValueTask<bool> SaveCursorAsync(ReaderCursor cursor, CancellationToken cancel = default)
    {
        await AnswersAsync(writes: true);
        var saved = database.SaveCursor(cursor);
        if (dice.Chance(3)) throw new JournalOutcomeUnknownException("The connection broke after the position was sent.");
        return saved;
    }

    public ValueTask EraseAsync(string stream, CancellationToken cancel = default) => throw new NotSupportedException("The simulator erases nobody yet.");

    // ---- heads -----------------------------------------------------------------------------------------------------------

    public void Offer(StreamHead head) => Offer((IHeadSource)head);

    public void Offer(IHeadSource head)
    {
        if (_dead) return;
        if (_offered.TryGetValue(head.Stream, out var known) && known.Version > head.Version && database.Planted != PlantedFault.VersionCheckDropped) return;
        _offered[head.Stream] = head;
        if (_flushSet) return;
        _flushSet = true;
        _ = scheduler.Start(FlushSoonAsync);
    }

    // As the real head writer: every 200 ms what was offered; after a failure the heads wait.
    private async Task FlushSoonAsync()
    {
        await Task.Delay(TimeSpan.FromMilliseconds(200), clock);
        while (!_dead && (Down || Full)) await Task.Delay(TimeSpan.FromSeconds(2), clock);
        _flushSet = false;
        if (!_dead) WriteOffered();
    }

    private void WriteOffered()
    {
        foreach (var head in _offered.Values) database.WriteHead(head.Make());
        _offered.Clear();
    }

    public async ValueTask FlushAsync(CancellationToken cancel = default)
    {
        await AnswersAsync(writes: true);
        if (!_dead) WriteOffered();
    }

    public async ValueTask<IReadOnlyList<DueStream>> DueAsync(int partition, DateTimeOffset now, int limit, CancellationToken cancel = default)
    {
        await AnswersAsync(writes: false);
        return database.Due(partition, now, limit);
    }

    public async ValueTask<LaggingHeads> LaggingAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default)
    {
        await AnswersAsync(writes: false);
        return database.Lagging(partition, after, limit);
    }

    public ValueTask<IReadOnlyList<StreamHead>> ListAsync(HeadQuery query, CancellationToken cancel = default) => throw new NotSupportedException("Nobody lists heads in the simulator.");

    public async ValueTask<LinkRow?> FindLinkAsync(ReadOnlyMemory<byte> tokenHash, CancellationToken cancel = default)
    {
        await AnswersAsync(writes: false);
        return database.Link(tokenHash);
    }
}
