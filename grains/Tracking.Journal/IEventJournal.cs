using System.Runtime.CompilerServices;

namespace Tracking.Journal;

/// <summary>
/// What was decided, in the order it was decided, per stream; flushed before anyone is told. One append is one row; its version counts
/// appends from 1. Implementations batch appends of all streams into few statements and loads of all streams into few queries.
/// </summary>
public interface IEventJournal
{
    /// <summary>
    /// Commits one append. When the task completes, the row is flushed.
    /// Throws <see cref="JournalFencedException"/> when the stream already has that version (a second activation wrote it): read again, decide again.
    /// Throws <see cref="JournalUnavailableException"/> when nothing was stored, <see cref="JournalOutcomeUnknownException"/> when nobody can tell:
    /// after either, forget the state and read again; the version makes a second landing conflict. One append in flight per stream.
    /// </summary>
    ValueTask AppendAsync(JournalAppend append, CancellationToken cancel = default);

    /// <summary>Reads a stream for activation: its newest head (if any) and every row above it, oldest first. Batched across callers.</summary>
    ValueTask<StreamState> LoadAsync(string stream, CancellationToken cancel = default);

    /// <summary>All rows of one stream, oldest first, personal part opened where its key still exists. For history, time travel and verifiers.</summary>
    IAsyncEnumerable<JournalRow> ReadAsync(string stream, CancellationToken cancel = default);

    /// <summary>Every row of every stream in partition and position order: <c>export</c>, replay, verification.</summary>
    IAsyncEnumerable<JournalRow> ReadAllAsync(CancellationToken cancel = default);

    /// <summary>
    /// Every row of partitions <paramref name="from"/> up to and without <paramref name="to"/>, partition by partition, in position order, the personal parts left out:
    /// what a rebuild folds. Ranges may be read side by side.
    /// </summary>
    async IAsyncEnumerable<JournalRow> ReadOpenAsync(int from, int to, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (var row in ReadAllAsync(cancel))
            if (Partitions.Of(row.Stream) is var partition && partition >= from && partition < to)
                yield return row with { Personal = default, Sealed = null };
    }

    /// <summary>
    /// Marked rows of a partition after a position, in commit-safe order: a row that commits late is delayed, never skipped.
    /// Returns at most <paramref name="limit"/> rows and the position to save, which may move on even when no row came.
    /// </summary>
    ValueTask<PartitionPage> ReadMarkedAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default);

    /// <summary>A reader's saved position (<paramref name="reader"/>: <c>reactions</c>, <c>heads</c>, a webhook's id). The beginning, if never saved.</summary>
    ValueTask<ReaderCursor> LoadCursorAsync(string reader, int partition, CancellationToken cancel = default);

    /// <summary>Saves a position by compare-and-set on the cursor's revision. False: somebody else moved it; load again.</summary>
    ValueTask<bool> SaveCursorAsync(ReaderCursor cursor, CancellationToken cancel = default);

    /// <summary>Destroys the key of a stream's personal data (and, by prefix of one subject, nothing else). The open part stays readable.</summary>
    ValueTask EraseAsync(string stream, CancellationToken cancel = default);
}

/// <summary>
/// Heads: one row per stream with what is needed to start from, to list and to wake it. Written behind the journal, conflated, changed only
/// forwards (never to a lower version), rebuildable from the journal at any time.
/// </summary>
public interface IHeadStore
{
    /// <summary>
    /// Takes the newest head of a stream, to be written soon. Never waits; a newer head of the same stream replaces one not yet written. The same version may be offered again: time alone
    /// moves <c>due_at</c>, flags and status. The bytes must not change afterwards.
    /// </summary>
    void Offer(StreamHead head);

    /// <summary>The same for a head that is made when it is written: of a stream that changes often only the last one is ever made.</summary>
    void Offer(IHeadSource head) => Offer(head.Make());

    /// <summary>Writes what was offered up to now. For graceful stop and tests.</summary>
    ValueTask FlushAsync(CancellationToken cancel = default);

    /// <summary>The same for what a partition needs: where partitions live in several databases, one that is away must not hold back the others.</summary>
    ValueTask FlushAsync(int partition, CancellationToken cancel = default) => FlushAsync(cancel);

    /// <summary>Streams of a partition whose <c>due_at</c> has come, oldest first.</summary>
    ValueTask<IReadOnlyList<DueStream>> DueAsync(int partition, DateTimeOffset now, int limit, CancellationToken cancel = default);

    /// <summary>
    /// Streams whose journal is ahead of their head after <paramref name="after"/> (a crash lost a head that was not yet written), with the position
    /// checked up to. Only kinds of stream that have heads (<c>StorageOptions.KindsWithHeads</c>) are looked at, and of those with tails (<c>KindsWithTails</c>) only marked rows. Flush before the position is saved. A sweep starts only after these were woken, so a crash cannot lose a <c>due_at</c>.
    /// </summary>
    ValueTask<LaggingHeads> LaggingAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default);

    /// <summary>Heads of one retailer, newest first, filtered; for lists and consoles.</summary>
    ValueTask<IReadOnlyList<StreamHead>> ListAsync(HeadQuery query, CancellationToken cancel = default);

    /// <summary>Finds a stream by the SHA-256 of a link token, or null.</summary>
    ValueTask<LinkRow?> FindLinkAsync(ReadOnlyMemory<byte> tokenHash, CancellationToken cancel = default);
}

/// <summary>One append. <see cref="Open"/> is versioned JSON; <see cref="Personal"/> is sealed with the stream's own key before it leaves the process.</summary>
/// <param name="Stream"><c>s/{retailer}/{carrier}/{number}</c>; the first letter is the kind: s shipment, o order, c customer, g goodwill budget, p policy, k case (claims, signature, recovery), h claimant.</param>
/// <param name="Version">1 for the first append of a stream.</param>
/// <param name="RecordedAt">When we knew it: the stream's previous value plus at least one microsecond.</param>
/// <param name="Marked">True when a partition reader must see this row (it has a reaction), or its head must not be lost.</param>
/// <param name="Links">Link tokens to become findable with this append.</param>
public readonly record struct JournalAppend(
    string Stream,
    int Version,
    DateTimeOffset RecordedAt,
    ReadOnlyMemory<byte> Open,
    ReadOnlyMemory<byte> Personal = default,
    bool Marked = false,
    IReadOnlyList<LinkRow>? Links = null);

/// <summary>One stored append. <see cref="Personal"/> is empty when there was none, or when <see cref="Erased"/>.</summary>
public sealed record JournalRow(
    string Stream,
    int Version,
    JournalPosition Position,
    DateTimeOffset RecordedAt,
    ReadOnlyMemory<byte> Open,
    ReadOnlyMemory<byte> Personal,
    bool Marked,
    bool Erased)
{
    /// <summary>
    /// The personal part as it is stored, sealed; empty when there was none, and where personal parts are not opened. It stays when its key is destroyed, so a digest over it holds after an
    /// erasure (a store in memory gives a stand-in with the same property).
    /// </summary>
    public ReadOnlyMemory<byte> Sealed { get; init; }
}

/// <param name="Head">The newest stored head, or null; a head whose format byte the reader does not know counts as absent (the caller then reads all rows).</param>
/// <param name="Tail">The rows above the head (all rows when there is none), oldest first. <see cref="JournalRow.Personal"/> is not opened here.</param>
public sealed record StreamState(StreamHead? Head, IReadOnlyList<JournalRow> Tail);

/// <summary>What a stream is now, small.</summary>
/// <param name="Snapshot">Compact, versioned binary of the owner's choosing; its first byte is the format.</param>
/// <param name="Status">Milestone number, for lists; 0 for streams without one.</param>
/// <param name="DueAt">When the stream wants to be woken, or null.</param>
/// <param name="Summary">Small open JSON for lists, or empty.</param>
public sealed record StreamHead(
    string Stream,
    int Version,
    DateTimeOffset RecordedAt,
    byte Status,
    int Flags,
    DateTimeOffset? DueAt,
    ReadOnlyMemory<byte> Snapshot,
    ReadOnlyMemory<byte> Summary) : IHeadSource
{
    StreamHead IHeadSource.Make() => this;
}

/// <summary>A head that is made when it is written. <see cref="Make"/> is called at most once per write, on any thread, and must not fail.</summary>
public interface IHeadSource
{
    string Stream { get; }
    int Version { get; }
    StreamHead Make();
}

public readonly record struct DueStream(string Stream, int Version, DateTimeOffset DueAt);

public readonly record struct LaggingHeads(IReadOnlyList<string> Streams, JournalPosition CheckedUpTo);

/// <param name="Kind">First letter of the streams wanted.</param>
/// <param name="Statuses">Milestone numbers; empty: all.</param>
/// <param name="Before">Only heads recorded before this instant (for paging).</param>
public sealed record HeadQuery(string Retailer, char Kind, IReadOnlyList<byte> Statuses, int FlagsAny, DateTimeOffset? Before, int Limit, string? StreamContains = null);

/// <summary>A link token (by its SHA-256) and what it opens. Revoking raises the generation in the stream; the row stays and no longer matches.</summary>
public sealed record LinkRow(ReadOnlyMemory<byte> TokenHash, string Stream, string Audience, int Generation);

/// <summary>A place in commit-safe order: (transaction, row). Opaque outside the journal; only comparable within one database epoch.</summary>
public readonly record struct JournalPosition(long Epoch, long Transaction, long Row) : IComparable<JournalPosition>
{
    public static readonly JournalPosition Start;
    public int CompareTo(JournalPosition other) => (Epoch, Transaction, Row).CompareTo((other.Epoch, other.Transaction, other.Row));
    public static bool operator <(JournalPosition left, JournalPosition right) => left.CompareTo(right) < 0;
    public static bool operator >(JournalPosition left, JournalPosition right) => left.CompareTo(right) > 0;
    public static bool operator <=(JournalPosition left, JournalPosition right) => left.CompareTo(right) <= 0;
    public static bool operator >=(JournalPosition left, JournalPosition right) => left.CompareTo(right) >= 0;
}

public sealed record PartitionPage(IReadOnlyList<JournalRow> Rows, JournalPosition Position);

/// <param name="Revision">Compare-and-set token; 0 when never saved.</param>
/// <param name="RecordedAt">Recorded time of the newest row read: where to resume, an hour earlier, in another database epoch.</param>
/// <param name="State">What the reader wants stored with its position, in the same row (sums, for example).</param>
public sealed record ReaderCursor(string Reader, int Partition, JournalPosition Position, DateTimeOffset RecordedAt, long Revision, ReadOnlyMemory<byte> State = default);

/// <summary>Journal streams are spread over a number of partitions that is fixed for the life of a database.</summary>
public static class Partitions
{
    public const int Count = 256;

    /// <summary>FNV-1a over the UTF-8 bytes, folded to 0..255: stable across processes, platforms and releases.</summary>
    public static int Of(string stream)
    {
        var hash = 2166136261u;
        foreach (var c in stream)
        {
            hash = (hash ^ (byte)c) * 16777619u;
            if (c > 0xFF) hash = (hash ^ (byte)(c >> 8)) * 16777619u;
        }
        return (int)((hash ^ (hash >> 8) ^ (hash >> 16) ^ (hash >> 24)) & 0xFF);
    }
}

/// <summary>The stream already has the version: another activation wrote it. Nothing of this append was stored.</summary>
public sealed class JournalFencedException(string stream, int version) : Exception($"{stream} already has version {version}; another activation wrote it.");

/// <summary>The store cannot be reached, is full or read-only, or the queue is full. Nothing of this append was stored.</summary>
public sealed class JournalUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The connection broke between commit and reply: the append may be stored or not.</summary>
public sealed class JournalOutcomeUnknownException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The append itself cannot be stored, now or later (a stream name that is too long, a value the store refuses). Nothing of it was stored;
/// its neighbours were not harmed. Sending it again unchanged is in vain.
/// </summary>
public sealed class JournalRejectedException(string message, Exception? inner = null) : Exception(message, inner);
