using System.Text.Json;
using Tracking.Journal;

namespace Tracking.Grains.Partitions;

/// <summary>
/// Rows of one partition whose reaction failed. They lie in the cursor's own row, so the position never moves past a failed row without its name being kept.
/// A stream with a row in here waits as a whole: its later rows queue up behind, and no other stream does.
/// </summary>
internal sealed class SetAside
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly List<Waiting> _streams;

    private SetAside(List<Waiting> streams) => _streams = streams;

    /// <summary>Rows, over all streams.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var stream in _streams) count += stream.Versions.Count;
            return count;
        }
    }

    public bool Holds(string stream) => _streams.Exists(s => s.Stream == stream);

    /// <summary>The streams to try again now, longest waiting first.</summary>
    public IReadOnlyList<string> Due(DateTimeOffset now) => [.. _streams.Where(s => s.Next <= now).OrderBy(s => s.Next).Select(s => s.Stream)];

    public IReadOnlyList<int> VersionsOf(string stream) => _streams.Find(s => s.Stream == stream)?.Versions ?? [];

    /// <summary>Keeps a row. The first of its stream sets when to try again.</summary>
    public void Add(string stream, int version, DateTimeOffset now)
    {
        var waiting = _streams.Find(s => s.Stream == stream);
        if (waiting is null) _streams.Add(waiting = new Waiting(stream, [], 1, now + FirstPause));
        if (!waiting.Versions.Contains(version)) waiting.Versions.Add(version);
    }

    public void Done(string stream, int version)
    {
        var at = _streams.FindIndex(s => s.Stream == stream);
        if (at < 0) return;
        _streams[at].Versions.Remove(version);
        if (_streams[at].Versions.Count == 0) _streams.RemoveAt(at);
        else _streams[at] = _streams[at] with { Tries = 0 };
    }

    /// <summary>Failed again: the pause doubles up to <paramref name="longest"/>. The number of tries so far.</summary>
    public int Again(string stream, DateTimeOffset now, TimeSpan longest)
    {
        var at = _streams.FindIndex(s => s.Stream == stream);
        var tries = _streams[at].Tries + 1;
        var pause = TimeSpan.FromTicks(Math.Min(FirstPause.Ticks << Math.Min(tries - 1, 20), longest.Ticks));
        _streams[at] = _streams[at] with { Tries = tries, Next = now + pause };
        return tries;
    }

    public static SetAside Read(ReadOnlyMemory<byte> state)
        => new(state.IsEmpty ? [] : JsonSerializer.Deserialize<List<Waiting>>(state.Span) ?? []);

    public ReadOnlyMemory<byte> Write() => _streams.Count == 0 ? default : JsonSerializer.SerializeToUtf8Bytes(_streams);

    private sealed record Waiting(string Stream, List<int> Versions, int Tries, DateTimeOffset Next);
}
