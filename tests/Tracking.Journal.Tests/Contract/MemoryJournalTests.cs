using Tracking.Journal.Memory;

namespace Tracking.Journal.Tests.Contract;

public sealed class MemoryJournalTests : JournalContract
{
    private MemoryStore? _memory;
    private StorageOptions _options = new();

    protected override ValueTask<JournalStore> OpenAsync(Action<StorageOptions> change)
    {
        _options = new();
        change(_options);
        return new(_memory ??= new MemoryStore((kind, format) => _options.KnowsSnapshot(kind, format)));
    }

    [Fact]
    public async Task A_gap_between_versions_is_refused_here_because_no_correct_caller_makes_one()
    {
        await AppendAsync(Stream, 1, "x");

        await Should.ThrowAsync<JournalRejectedException>(() => AppendAsync(Stream, 3, "x"));
    }

    [Fact]
    public async Task A_crash_may_lose_heads_and_never_rows()
    {
        _memory!.WritesHeadsAtOnce = false;
        await AppendAsync(Stream, 1, "x", marked: true);
        Heads.Offer(Head(Stream, 1));
        _memory.LoseOfferedHeads();

        (await Journal.LoadAsync(Stream)).Head.ShouldBeNull();
        (await Heads.LaggingAsync(Partitions.Of(Stream), JournalPosition.Start, 10)).Streams.ShouldBe([Stream]);
    }
}
