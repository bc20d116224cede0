using Microsoft.Extensions.Logging.Abstractions;
using Tracking.Journal.Postgres.Shards;

namespace Tracking.Journal.Tests.Contract;

/// <summary>Every promise of the journal, kept over two databases: odd partitions live in the second.</summary>
[Collection(SharedPostgres.Name)]
[Trait("Length", "long")]
public sealed class ShardedJournalTests : JournalContract
{
    private static readonly string Odd = string.Join(',', Enumerable.Range(0, 128).Select(static n => 2 * n + 1));

    private string _home = "", _east = "";

    public override async ValueTask InitializeAsync()
    {
        var test = TestContext.Current.TestMethod?.MethodName ?? nameof(ShardedJournalTests);
        _home = await SharedPostgres.NewSchemaAsync(test);
        _east = await SharedPostgres.NewSchemaAsync(test);
        await base.InitializeAsync();
    }

    protected override async ValueTask<JournalStore> OpenAsync(Action<StorageOptions> change)
    {
        var options = new StorageOptions { Postgres = _home, Shards = { ["east"] = new ShardOptions { Postgres = _east, Partitions = Odd } } };
        change(options);
        return await JournalFactory.OpenAsync(options, TimeProvider.System, NullLogger.Instance);
    }

    [Fact]
    public void It_is_one_over_several() => Store.ShouldBeOfType<ShardedStore>();
}
