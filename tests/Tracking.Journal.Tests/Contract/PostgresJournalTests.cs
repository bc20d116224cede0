using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tracking.Testing;

namespace Tracking.Journal.Tests.Contract;

[Collection(SharedPostgres.Name)]
public sealed class PostgresJournalTests : JournalContract
{
    private string _database = "";

    public override async ValueTask InitializeAsync()
    {
        _database = await SharedPostgres.NewSchemaAsync(TestContext.Current.TestMethod?.MethodName ?? nameof(PostgresJournalTests));
        await base.InitializeAsync();
    }

    protected override async ValueTask<JournalStore> OpenAsync(Action<StorageOptions> change) => await OpenDatabaseAsync(_database, change);

    private static Task<JournalStore> OpenDatabaseAsync(string database, Action<StorageOptions>? change = null)
    {
        var options = new StorageOptions { Postgres = database };
        change?.Invoke(options);
        return JournalFactory.OpenAsync(options, TimeProvider.System, NullLogger.Instance);
    }

    [Fact]
    public async Task The_search_for_lost_heads_begins_where_the_first_one_is_missing()
    {
        var store = (Tracking.Journal.Postgres.PostgresStore)Store;
        await AppendAsync(Stream, 1, "x", marked: true);
        Heads.Offer(Head(Stream, 1));
        await Heads.FlushAsync();
        await MarkedAsync(Partitions.Of(Stream), JournalPosition.Start, 1);
        var before = await store.VerifiedAsync(CancellationToken.None);
        await store.VerifyHeadsAsync(CancellationToken.None);
        var verified = await store.VerifiedAsync(CancellationToken.None);
        verified.ShouldBeGreaterThan(before);

        var lost = Stream + "-lost";
        await AppendAsync(lost, 1, "x", marked: true);
        await AppendAsync(Stream, 2, "x");
        Heads.Offer(Head(Stream, 2));
        await Heads.FlushAsync();
        for (var rounds = 0; rounds < 2; rounds++) await store.VerifyHeadsAsync(CancellationToken.None);
        await ReopenAsync();

        (await Heads.LaggingAsync(Partitions.Of(lost), JournalPosition.Start, 10)).Streams.ShouldBe([lost]);
    }

    [Fact]
    public async Task A_row_the_server_refuses_fails_alone()
    {
        await SqlAsync("ALTER TABLE journal ADD CONSTRAINT no_poison CHECK (stream NOT LIKE '%poison')");

        var good = Enumerable.Range(0, 60).Select(n => AppendAsync($"{Stream}-{n}", 1, "x", "personal")).ToList();
        var poison = AppendAsync($"{Stream}-poison", 1, "x", "personal");
        var more = Enumerable.Range(60, 60).Select(n => AppendAsync($"{Stream}-{n}", 1, "x", "personal")).ToList();

        (await Should.ThrowAsync<JournalRejectedException>(() => poison)).Message.ShouldContain("no_poison");
        await Task.WhenAll([.. good, .. more]);
        for (var n = 0; n < 120; n++) (await RowsAsync($"{Stream}-{n}")).ShouldHaveSingleItem().Personal.ShouldBeText("personal");
    }

    [Fact]
    public async Task Two_journals_on_one_database_store_each_version_once()
    {
        await ReopenAsync(static options => options.Access = StorageAccess.Shared);
        await using var other = await OpenDatabaseAsync(_database, static options => options.Access = StorageAccess.Shared);
        var names = Enumerable.Range(0, 50).Select(n => $"{Stream}-{n}").ToList();
        IEventJournal[] journals = [Journal, other.Journal];

        var stored = (await Task.WhenAll(names.SelectMany(name => journals.Select(async (journal, which) =>
        {
            var mine = new List<(string Stream, int Version, int Which)>();
            for (var version = 1; version <= 20; version++)
            {
                try
                {
                    await AppendAsync(journal, name, version, $"{which}", $"{which}");
                    mine.Add((name, version, which));
                }
                catch (JournalFencedException)
                {
                    // the other one was first
                }
            }
            return mine;
        })))).SelectMany(static mine => mine).ToList();

        stored.Select(static one => (one.Stream, one.Version)).ShouldBeUnique();
        stored.Count.ShouldBe(1_000);
        foreach (var name in names)
        {
            var rows = await RowsAsync(name);
            rows.Select(static row => row.Version).ShouldBe(Enumerable.Range(1, 20));
            foreach (var row in rows) (Text(row.Open), Text(row.Personal)).ShouldBe(stored.Where(one => one.Stream == name && one.Version == row.Version).Select(static one => ($"{one.Which}", $"{one.Which}")).Single());
        }
    }

    [Fact]
    public async Task Another_node_sees_at_once_that_a_person_was_erased()
    {
        await ReopenAsync(static options => options.Access = StorageAccess.Shared);
        await using var other = await OpenDatabaseAsync(_database, static options => options.Access = StorageAccess.Shared);
        await AppendAsync(Stream, 1, "x", "personal");
        await other.Journal.LoadAsync(Stream);

        await Journal.EraseAsync(Stream);
        await AppendAsync(other.Journal, Stream, 2, "y", "sealed with a key that is gone");

        (await RowsAsync(Stream)).ShouldAllBe(static row => row.Erased && row.Personal.IsEmpty);
    }

    [Fact]
    public async Task A_second_embedded_process_is_refused_in_one_line()
    {
        var refused = await Should.ThrowAsync<StorageStartException>(() => OpenDatabaseAsync(_database));

        refused.Message.ShouldContain("in use by another process");
        refused.Message.ShouldNotContain("\n");
    }

    [Fact]
    public async Task A_cluster_is_refused_while_an_embedded_process_holds_the_database_and_the_other_way_round()
    {
        (await Should.ThrowAsync<StorageStartException>(() => OpenDatabaseAsync(_database, static options => options.Access = StorageAccess.Shared))).Message.ShouldContain("embedded");
        await ReopenAsync(static options => options.Access = StorageAccess.Shared);

        await using (await OpenDatabaseAsync(_database, static options => options.Access = StorageAccess.Shared))
        {
            await Should.ThrowAsync<StorageStartException>(() => OpenDatabaseAsync(_database));
        }
    }

    [Fact]
    public async Task A_reader_beside_the_running_server_sees_everything_and_may_write_nothing()
    {
        await AppendAsync(Stream, 1, "x", "personal");

        await using var beside = await OpenDatabaseAsync(_database, static options => options.Access = StorageAccess.ReadOnly);

        var rows = new List<JournalRow>();
        await foreach (var row in beside.Journal.ReadAllAsync()) rows.Add(row);
        rows.ShouldHaveSingleItem().Personal.ShouldBeText("personal");
        await Should.ThrowAsync<JournalUnavailableException>(() => AppendAsync(beside.Journal, Stream, 2, "y"));
        await Should.ThrowAsync<JournalUnavailableException>(() => beside.Journal.EraseAsync(Stream).AsTask());
    }

    [Fact]
    public async Task A_changed_migration_is_refused_in_one_line()
    {
        await Store.DisposeAsync();
        await SqlAsync("UPDATE migrations SET checksum = '000000000000' || substr(checksum, 13)");

        (await Should.ThrowAsync<StorageStartException>(() => OpenDatabaseAsync(_database))).Message.ShouldContain("0001_journal.sql");
    }

    [Fact]
    public async Task A_database_that_asks_for_newer_code_is_refused_and_a_newer_one_that_does_not_is_opened()
    {
        await Store.DisposeAsync();
        await SqlAsync("UPDATE schema_version SET version = 900");
        await (await OpenDatabaseAsync(_database)).DisposeAsync();
        await SqlAsync("UPDATE schema_version SET oldest_compatible_code = 900");

        (await Should.ThrowAsync<StorageStartException>(() => OpenDatabaseAsync(_database))).Message.ShouldContain("asks for schema version 900");
    }

    [Fact]
    public async Task Nodes_that_start_together_set_the_database_up_once()
    {
        var fresh = await SharedPostgres.NewSchemaAsync(TestContext.Current.TestMethod?.MethodName ?? nameof(PostgresJournalTests));

        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenDatabaseAsync(fresh, static options => options.Access = StorageAccess.Shared)));

        foreach (var store in stores) (await store.PingAsync()).ShouldBeNull();
        foreach (var store in stores) await store.DisposeAsync();
    }

    [Theory]
    [InlineData("this is not a connection string", "Storage:Postgres is not a connection string")]
    [InlineData("Username=nobody", "names no Host")]
    [InlineData("Host=127.0.0.1;Port=1;Username=nobody;Password=very-secret", "PostgreSQL at 127.0.0.1:1/nobody cannot be used")]
    public async Task A_database_that_cannot_be_reached_is_refused_in_one_line_without_secrets(string connection, string says)
    {
        var refused = await Should.ThrowAsync<StorageStartException>(() => OpenDatabaseAsync(connection));

        refused.Message.ShouldContain(says);
        refused.Message.ShouldNotContain("\n");
        refused.Message.ShouldNotContain("very-secret");
    }

    [Fact]
    public async Task A_database_moved_to_another_server_begins_a_new_life_by_itself()
    {
        var partition = Partitions.Of(Stream);
        await AppendAsync(Stream, 1, "x", marked: true);
        var position = (await MarkedAsync(partition, JournalPosition.Start, 1)).Position;
        await Store.DisposeAsync();
        // What a restored dump looks like: another server's identity, and transaction numbers this one has not reached.
        await SqlAsync("UPDATE database_epoch SET system_identifier = 1; UPDATE journal SET xid = '999999999999'");

        await ReopenAsync();

        var rows = (await MarkedAsync(partition, JournalPosition.Start, 1)).Rows;
        rows.ShouldHaveSingleItem().Version.ShouldBe(1);
        rows[0].Position.Epoch.ShouldNotBe(position.Epoch);
        await AppendAsync(Stream, 2, "y", marked: true);
        (await MarkedAsync(partition, rows[0].Position, 1)).Rows.ShouldHaveSingleItem().Version.ShouldBe(2);
    }

    private async Task SqlAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
