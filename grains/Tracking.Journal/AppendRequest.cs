using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace Tracking.Journal;

/// <summary>
/// One append on its way to disk: its own copy of the bytes (personal part already sealed) and the caller's answer. Pooled, because at peak there are
/// tens of thousands a second and nothing else of an append needs to live on the heap.
/// </summary>
internal sealed class AppendRequest : IValueTaskSource
{
    private const int KeepBuffer = 8 * 1024;

    private readonly AppendRequestPool _pool;
    private ManualResetValueTaskSourceCore<bool> _answer = new() { RunContinuationsAsynchronously = true };
    private byte[] _bytes = new byte[512];
    private int _openLength, _sealedLength;
    private bool _abandoned;

    internal AppendRequest(AppendRequestPool pool) => _pool = pool;

    public string Stream { get; private set; } = "";
    public int Partition { get; private set; }
    public int Version { get; private set; }
    public DateTime RecordedAt { get; private set; }
    public bool Marked { get; private set; }
    public IReadOnlyList<LinkRow> Links { get; private set; } = [];

    /// <summary>A key that is not known to be stored: it must be stored with this row. Null when the row needs none or uses a stored one.</summary>
    public StreamKey? NewKey { get; private set; }

    /// <summary><see cref="Stopwatch"/> ticks at AppendAsync.</summary>
    public long QueuedAt { get; private set; }

    /// <summary>Set by a writer between deciding and committing; answered after the commit.</summary>
    public bool IsFenced { get; set; }

    public ReadOnlyMemory<byte> Open => _bytes.AsMemory(0, _openLength);
    public ReadOnlyMemory<byte> Sealed => _bytes.AsMemory(_openLength, _sealedLength);
    public ValueTask Task => new(this, _answer.Version);

    public void Fill(in JournalAppend append, KeyCache keys)
    {
        Stream = append.Stream;
        Partition = Partitions.Of(append.Stream);
        Version = append.Version;
        RecordedAt = Micros.Truncate(append.RecordedAt);
        Marked = append.Marked;
        Links = append.Links ?? [];
        QueuedAt = Stopwatch.GetTimestamp();
        IsFenced = false;
        NewKey = null;
        _abandoned = false;
        _openLength = append.Open.Length;
        _sealedLength = append.Personal.IsEmpty ? 0 : append.Personal.Length + PersonalSeal.Overhead;
        if (_bytes.Length < _openLength + _sealedLength) _bytes = new byte[Math.Max(_openLength + _sealedLength, 2 * _bytes.Length)];
        append.Open.Span.CopyTo(_bytes);
        if (_sealedLength == 0) return;

        var key = keys.Find(append.Stream) ?? (NewKey = StreamKey.New());
        PersonalSeal.Seal(key, append.Stream, append.Version, append.Personal.Span, _bytes.AsSpan(_openLength, _sealedLength));
    }

    public void Stored() => _answer.SetResult(true);

    public void Failed(Exception exception) => _answer.SetException(exception);

    /// <summary>Answers while somebody may still be reading our bytes (a statement that never came back): they are left to the garbage collector, not to the next append.</summary>
    public void Abandoned(Exception exception)
    {
        _abandoned = true;
        _answer.SetException(exception);
    }

    public void GetResult(short token)
    {
        try
        {
            _answer.GetResult(token);
        }
        finally
        {
            var abandoned = _abandoned;
            _answer.Reset();
            Links = [];
            NewKey = null;
            if (!abandoned && _bytes.Length <= KeepBuffer) _pool.Return(this);
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _answer.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _answer.OnCompleted(continuation, state, token, flags);
}

internal sealed class AppendRequestPool(int limit)
{
    private readonly ConcurrentQueue<AppendRequest> _idle = new();

    public AppendRequest Rent() => _idle.TryDequeue(out var request) ? request : new(this);

    internal void Return(AppendRequest request)
    {
        if (_idle.Count < limit) _idle.Enqueue(request);
    }
}

/// <summary>Databases keep microseconds; so does every instant that passes the journal, whichever store it is.</summary>
internal static class Micros
{
    private const long TicksPerMicrosecond = TimeSpan.TicksPerMicrosecond;

    public static DateTime Truncate(DateTimeOffset at) => new(at.UtcTicks - at.UtcTicks % TicksPerMicrosecond, DateTimeKind.Utc);

    public static DateTimeOffset TruncateOffset(DateTimeOffset at) => new(Truncate(at));

    public static long Of(DateTimeOffset at) => Of(at.UtcDateTime);

    public static long Of(DateTime utc) => (utc.Ticks - DateTime.UnixEpoch.Ticks) / TicksPerMicrosecond;

    public static DateTimeOffset From(long micros) => new(DateTime.UnixEpoch.Ticks + micros * TicksPerMicrosecond, TimeSpan.Zero);
}
