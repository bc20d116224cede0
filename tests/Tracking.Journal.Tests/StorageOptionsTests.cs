using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Tracking.Journal.Tests;

public sealed class StorageOptionsTests
{
    [Fact]
    public void Options_come_from_their_two_sections()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Storage:Postgres"] = "Host=db", ["Storage:AllowUnsafe"] = "true", ["Storage:Access"] = "Shared", ["Journal:MaxBatch"] = "1", ["Journal:AnswerWithin"] = "00:00:03",
        }).Build();

        var options = StorageOptions.From(configuration);

        (options.Postgres, options.AllowUnsafe, options.Access, options.Journal.MaxBatch, options.Journal.AnswerWithin).ShouldBe(("Host=db", true, StorageAccess.Shared, 1, TimeSpan.FromSeconds(3)));
        options.Problems().ShouldBeEmpty();
    }

    [Fact]
    public void The_defaults_are_usable() => new StorageOptions().Problems().ShouldBeEmpty();

    [Fact]
    public async Task Everything_wrong_is_said_at_once_in_one_line()
    {
        var options = new StorageOptions { Sqlite = "", Access = StorageAccess.Shared, Journal = { MaxBatch = 0, Writers = 1_000, AnswerWithin = TimeSpan.Zero } };

        options.Problems().Count.ShouldBe(5);
        var refused = await Should.ThrowAsync<StorageStartException>(() => JournalFactory.OpenAsync(options, TimeProvider.System, NullLogger.Instance));
        refused.Message.ShouldSatisfyAllConditions(
            message => message.ShouldContain("Journal:MaxBatch is 0"),
            message => message.ShouldContain("Journal:Writers is 1000"),
            message => message.ShouldContain("Journal:AnswerWithin"),
            message => message.ShouldNotContain("\n"));
    }
}

public sealed class StreamNameTests
{
    [Theory]
    [InlineData("s/acme/ups/1Z9", 's', "acme", "1Z9")]
    [InlineData("p/acme", 'p', "acme", "acme")]
    [InlineData("odd", 'o', "", "odd")]
    public void A_name_is_taken_apart(string stream, char kind, string retailer, string last) =>
        (StreamName.Kind(stream), StreamName.Retailer(stream), StreamName.Last(stream)).ShouldBe((kind, retailer, last));

    [Theory]
    [InlineData("s/acme/ups/1Z12345E0205271688", 82)]
    [InlineData("s/acme/dhl/JJD000390001234567890", 184)]
    [InlineData("s/zürich/ups/横浜", 192)]
    public void Partitions_never_change(string stream, int partition) => Partitions.Of(stream).ShouldBe(partition);
}

public sealed class HeadWriterTests
{
    private static readonly JournalOptions Options = new() { HeadBuffer = 10, MaxHeadBatch = 4, HeadFlushEvery = TimeSpan.FromMinutes(1) };
    private static readonly JournalMetrics Metrics = new("test", new JournalOptions(), static () => 0, static () => 0, static () => 0, static () => 0);

    [Fact]
    public async Task A_full_buffer_is_written_at_once_in_batches()
    {
        var written = new List<StreamHead>();
        var full = new TaskCompletionSource();
        await using var writer = new HeadWriter(Options, (heads, _) =>
        {
            heads.Count.ShouldBeLessThanOrEqualTo(4);
            written.AddRange(heads);
            if (written.Count == 10) full.SetResult();
            return Task.CompletedTask;
        }, Metrics, NullLogger.Instance);

        for (var n = 0; n < 10; n++) writer.Offer(Head($"{n}", 1));

        await full.Task;
        written.Select(static head => head.Stream).ShouldBe(Enumerable.Range(0, 10).Select(static n => $"{n}"), ignoreOrder: true);
    }

    [Fact]
    public async Task Heads_of_one_stream_are_conflated_to_the_newest()
    {
        var written = new List<StreamHead>();
        await using var writer = new HeadWriter(Options, (heads, _) =>
        {
            written.AddRange(heads);
            return Task.CompletedTask;
        }, Metrics, NullLogger.Instance);

        foreach (var version in (int[])[1, 3, 2]) writer.Offer(Head("s", version));
        await writer.FlushAsync(CancellationToken.None);

        written.ShouldHaveSingleItem().Version.ShouldBe(3);
    }

    [Fact]
    public async Task A_failed_flush_keeps_every_head_and_the_newest_of_each()
    {
        var broken = true;
        var written = new List<StreamHead>();
        HeadWriter? writer = null;
        await using var disposed = writer = new HeadWriter(Options, (heads, _) =>
        {
            if (broken)
            {
                writer!.Offer(Head("b", 9));
                throw new JournalUnavailableException("away");
            }
            written.AddRange(heads);
            return Task.CompletedTask;
        }, Metrics, NullLogger.Instance);
        writer.Offer(Head("a", 1));
        writer.Offer(Head("b", 1));

        await Should.ThrowAsync<JournalUnavailableException>(() => writer.FlushAsync(CancellationToken.None));
        broken = false;
        await writer.FlushAsync(CancellationToken.None);

        written.Select(static head => (head.Stream, head.Version)).ShouldBe([("a", 1), ("b", 9)], ignoreOrder: true);
    }

    [Fact]
    public async Task Without_a_database_the_buffer_stops_growing()
    {
        var broken = true;
        await using var writer = new HeadWriter(Options, (_, _) => broken ? throw new JournalUnavailableException("away") : Task.CompletedTask, Metrics, NullLogger.Instance);

        for (var n = 0; n < 1_000; n++)
        {
            writer.Offer(Head($"{n}", 1));
            if (n % 100 == 0) await Should.ThrowAsync<JournalUnavailableException>(() => writer.FlushAsync(CancellationToken.None));
        }

        writer.Waiting.ShouldBe(80);
        broken = false;
    }

    private static StreamHead Head(string stream, int version) => new(stream, version, DateTimeOffset.UnixEpoch, 0, 0, null, new byte[] { 1 }, default);
}
