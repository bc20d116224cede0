using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tracking.Grains.Partitions;
using Tracking.Grains.Telemetry;
using Tracking.Journal;
using Tracking.Journal.Memory;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Partitions;

public sealed class ReactionReaderTests : IDisposable
{
    private readonly MemoryStore _store = new();
    private readonly ManualClock _clock = new();
    private readonly TrackingMetrics _metrics = new();
    private readonly Recorder _recorder = new();

    // Two streams of one partition.
    private static readonly string[] Streams = [.. Enumerable.Range(0, 10_000).Select(i => $"s/demo/ups/{i}").Where(s => Journal.Partitions.Of(s) == 7).Take(3)];

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task Marked_rows_are_heard_of_in_the_order_of_their_stream_and_unmarked_ones_never()
    {
        await AppendAsync(Streams[0], 1, 2);
        await AppendAsync(Streams[1], 1);
        await _store.AppendAsync(new JournalAppend(Streams[1], 2, _clock.GetUtcNow(), Encoding.UTF8.GetBytes("{}")));

        await Reader().ReadAsync(default);

        _recorder.Of(Streams[0]).ShouldBe([1, 2]);
        _recorder.Of(Streams[1]).ShouldBe([1]);
    }

    [Fact]
    public async Task A_reader_that_starts_again_goes_on_where_the_last_one_saved()
    {
        await AppendAsync(Streams[0], 1);
        await Reader().ReadAsync(default);
        await AppendAsync(Streams[0], 2);

        await Reader().ReadAsync(default);

        _recorder.Of(Streams[0]).ShouldBe([1, 2]);
    }

    [Fact]
    public async Task A_row_that_fails_holds_back_its_own_stream_and_no_other()
    {
        _recorder.Fails = (stream, version) => stream == Streams[0] && version == 1;
        await AppendAsync(Streams[0], 1, 2);
        await AppendAsync(Streams[1], 1, 2);
        var reader = Reader();

        await reader.ReadAsync(default);
        _recorder.Of(Streams[0]).ShouldBeEmpty();
        _recorder.Of(Streams[1]).ShouldBe([1, 2]);

        await AppendAsync(Streams[0], 3);
        await reader.ReadAsync(default);
        _recorder.Of(Streams[0]).ShouldBeEmpty();

        _recorder.Fails = (_, _) => false;
        _clock.Advance(TimeSpan.FromSeconds(2));
        await reader.ReadAsync(default);
        _recorder.Of(Streams[0]).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task What_was_set_aside_survives_the_reader_that_did_it()
    {
        _recorder.Fails = (_, _) => true;
        await AppendAsync(Streams[0], 1);
        await Reader().ReadAsync(default);

        _recorder.Fails = (_, _) => false;
        _clock.Advance(TimeSpan.FromSeconds(2));
        await Reader().ReadAsync(default);
        await Reader().ReadAsync(default);

        _recorder.Of(Streams[0]).ShouldBe([1]);
    }

    [Fact]
    public async Task Tries_of_a_failing_row_grow_rare_and_never_end()
    {
        _recorder.Fails = (_, _) => true;
        await AppendAsync(Streams[0], 1);
        var reader = Reader();
        for (var second = 0; second < 3_600; second++)
        {
            await reader.ReadAsync(default);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        _recorder.Tries.ShouldBeInRange(10, 30);   // 1, 2, 4 … 300 s, then every five minutes
    }

    [Fact]
    public async Task Of_two_readers_one_saves_and_the_other_repeats_what_was_done()
    {
        await AppendAsync(Streams[0], 1);
        var (first, second) = (Reader(), Reader());
        await first.ReadAsync(default);
        await second.ReadAsync(default);
        await AppendAsync(Streams[0], 2);
        await first.ReadAsync(default);

        await second.ReadAsync(default);   // its cursor is old: handled again, not saved
        await second.ReadAsync(default);

        (await _store.LoadCursorAsync(ReactionReader.CursorName, 7)).Revision.ShouldBe(2);
        _recorder.Of(Streams[0]).ShouldBe([1, 2, 2]);
    }

    [Fact]
    public async Task A_reader_with_too_many_rows_aside_reads_no_further_until_they_succeed()
    {
        _recorder.Fails = (_, _) => true;
        var reader = Reader(new PartitionOptions { SetAsideLimit = 2 });
        await AppendAsync(Streams[0], 1);
        await AppendAsync(Streams[1], 1);
        await reader.ReadAsync(default);
        await AppendAsync(Streams[2], 1);

        _recorder.Fails = (_, _) => false;
        (await reader.ReadAsync(default)).ShouldBe(0);
        _recorder.Of(Streams[2]).ShouldBeEmpty();

        _clock.Advance(TimeSpan.FromSeconds(2));
        await reader.ReadAsync(default);
        _recorder.Of(Streams[0]).ShouldBe([1]);
        _recorder.Of(Streams[2]).ShouldBe([1]);
    }

    private ReactionReader Reader(PartitionOptions? options = null) => new(7, _store, [_recorder], options ?? new(), _metrics, _clock, NullLogger.Instance);

    private async Task AppendAsync(string stream, params int[] versions)
    {
        foreach (var version in versions) await _store.AppendAsync(new JournalAppend(stream, version, _clock.GetUtcNow(), Encoding.UTF8.GetBytes("{}"), Marked: true));
    }

    private sealed class Recorder : IReaction
    {
        private readonly List<(string Stream, int Version)> _heard = [];

        public Func<string, int, bool> Fails { get; set; } = (_, _) => false;
        public int Tries { get; private set; }
        public string Name => "recorder";
        public string Kinds => "s";

        public List<int> Of(string stream) => [.. _heard.Where(h => h.Stream == stream).Select(h => h.Version)];

        public ValueTask ReactAsync(JournalRow row, CancellationToken cancel)
        {
            Tries++;
            if (Fails(row.Stream, row.Version)) throw new InvalidOperationException("not now");
            _heard.Add((row.Stream, row.Version));
            return default;
        }
    }
}
