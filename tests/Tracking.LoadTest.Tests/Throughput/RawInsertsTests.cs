using Npgsql;
using Tracking.LoadTest.Silo;
using Tracking.LoadTest.Throughput;
using Tracking.Testing;

namespace Tracking.LoadTest.Tests.Throughput;

public sealed class RawInsertsTests
{
    private const string Journal = """
        create table some_journal (
            id bigint generated always as identity, partition smallint not null, stream text not null, version int not null,
            recorded_at timestamptz not null, open bytea not null, personal bytea, note text, xid xid8 not null default pg_current_xact_id(),
            primary key (partition, stream, version));
        insert into some_journal (partition, stream, version, recorded_at, open, note)
        select n % 256, 's/demo/ups/' || n, v, now(), 'x', case when n % 2 = 0 then 'even' end from generate_series(1, 5000) n, generate_series(1, 2) v
        """;

    private static async Task<object?> AskAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    [Fact]
    public async Task The_journals_own_table_is_copied_whatever_columns_it_has_and_nothing_is_left_behind()
    {
        var database = await (await PrivatePostgres.OrSkipAsync()).CreateDatabaseAsync();
        await AskAsync(database, Journal);

        var found = await RawInserts.MeasureAsync(database, TimeSpan.FromMilliseconds(20), CancellationToken.None);

        found.Select(r => (r.Batch, r.Connections)).ShouldBe([(500, 1), (500, 2), (500, 4), (1000, 1), (1000, 2), (1000, 4)]);
        found.ShouldAllBe(r => r.RowsPerSecond > 0);
        (await AskAsync(database, "select count(*) from some_journal")).ShouldBe(10_000L);
        (await AskAsync(database, "select to_regclass('loadtest_raw_inserts')::text")).ShouldBe(DBNull.Value);
    }

    [Fact]
    public async Task A_database_without_a_journal_is_told_so()
    {
        var database = await (await PrivatePostgres.OrSkipAsync()).CreateDatabaseAsync();

        (await Should.ThrowAsync<SetUpException>(() => RawInserts.MeasureAsync(database, TimeSpan.FromMilliseconds(20), CancellationToken.None)))
            .Message.ShouldContain("partition, stream and version");
    }
}
