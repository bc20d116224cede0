using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tracking.Journal.Postgres.Shards;
using Tracking.Testing;

namespace Tracking.Journal.Tests.Contract;

/// <summary>Two databases of one server: what is placed where, what is refused, and a move under appends.</summary>
[Collection(SharedPostgres.Name)]
public sealed class ShardMoveTests : IAsyncLifetime
{
    private string _home = "", _east = "";

    public async ValueTask InitializeAsync()
    {
        var server = await PrivatePostgres.OrSkipAsync();
        (_home, _east) = (await server.CreateDatabaseAsync(), await server.CreateDatabaseAsync());
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    [Trait("Length", "long")]
    public async Task Partitions_move_under_appends_of_two_nodes_and_every_acked_row_is_there_once_and_in_order()
    {
        await using var one = await OpenAsync();
        await using var two = await OpenAsync();
        var acked = new ConcurrentDictionary<string, int>();
        var refused = 0;
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 16).Select(n => Task.Run(async () =>
        {
            // A stream changes hands now and then, as grains do.
            var stream = $"s/acme/ups/MOVE{n:00}";
            for (var turn = 0; !enough.IsCancellationRequested; turn++)
            {
                var store = turn / 20 % 2 == 0 ? one : two;
                try
                {
                    var state = await store.Journal.LoadAsync(stream);
                    var version = (state.Tail.Count > 0 ? state.Tail[^1].Version : state.Head?.Version ?? 0) + 1;
                    await store.Journal.AppendAsync(new(stream, version, DateTimeOffset.UtcNow, Encoding.UTF8.GetBytes($"{version}"), Encoding.UTF8.GetBytes("secret"), Marked: true));
                    acked[stream] = version;
                    store.Heads.Offer(new StreamHead(stream, version, DateTimeOffset.UtcNow, 1, 0, DateTimeOffset.UtcNow, "1"u8.ToArray(), ReadOnlyMemory<byte>.Empty));
                }
                catch (Exception later) when (later is JournalUnavailableException or JournalFencedException or JournalOutcomeUnknownException)
                {
                    Interlocked.Increment(ref refused);
                    await Task.Delay(20);   // as a sender would
                }
            }
        })).ToArray();
        var before = await one.Journal.LoadCursorAsync("reactions", Partitions.Of("s/acme/ups/MOVE00"));
        var read = await one.Journal.ReadMarkedAsync(before.Partition, before.Position, 1);
        await one.Journal.SaveCursorAsync(before with { Position = read.Position, RecordedAt = DateTimeOffset.UtcNow });

        var said = new List<string>();
        await ShardMove.MoveAsync(Options(), "0-127", "east", keep: false, said.Add);
        var atTheMove = acked.Values.Sum();
        while (acked.Values.Sum() < atTheMove + 100) await Task.Delay(20);   // both nodes go on in the new place
        await enough.CancelAsync();
        await Task.WhenAll(writers);

        refused.ShouldBeGreaterThan(0, "nobody noticed the move");
        var moved = acked.Keys.Where(static stream => Partitions.Of(stream) < 128).ToList();
        moved.Count.ShouldBeInRange(1, 15);
        foreach (var (stream, version) in acked)
        {
            var rows = new List<JournalRow>();
            await foreach (var row in one.Journal.ReadAsync(stream)) rows.Add(row);
            rows.Select(static row => row.Version).ShouldBe(Enumerable.Range(1, rows.Count));
            rows.Count.ShouldBeGreaterThanOrEqualTo(version, stream);
            rows.Select(static row => Encoding.UTF8.GetString(row.Personal.Span)).Distinct().ShouldBe(["secret"]);
        }
        (await ScalarAsync(_home, "SELECT count(*) FROM journal WHERE partition < 128")).ShouldBe(0L);
        (await ScalarAsync(_east, "SELECT count(*) FROM journal WHERE partition >= 128")).ShouldBe(0L);
        (await ShardMove.ListAsync(Options())).ShouldBe([("east", "0-127"), ("home", "128-255")]);

        // Its reader stood at a position of the old place; the cursor, loaded again, begins an hour back in the new one. Everything is seen again, nothing is skipped.
        var cursor = await two.Journal.LoadCursorAsync("reactions", Partitions.Of(moved[0]));
        var again = new List<JournalRow>();
        while (await two.Journal.ReadMarkedAsync(cursor.Partition, cursor.Position, 500) is { Rows.Count: > 0 } page)
        {
            again.AddRange(page.Rows);
            cursor = cursor with { Position = page.Position };
        }
        again.Count(row => row.Stream == moved[0]).ShouldBeGreaterThanOrEqualTo(acked[moved[0]]);
        await two.Heads.FlushAsync();
        (await two.Heads.DueAsync(Partitions.Of(moved[0]), DateTimeOffset.UtcNow.AddMinutes(1), 10)).Select(static due => due.Stream).ShouldContain(moved[0]);
    }

    [Fact]
    public async Task A_move_that_was_broken_off_is_finished_by_the_same_command_and_one_back_again_leaves_nothing_behind()
    {
        var stream = "s/acme/ups/BROKEN";
        await using (var store = await OpenAsync()) await AppendAsync(store, stream);
        var partition = Partitions.Of(stream).ToString(System.Globalization.CultureInfo.InvariantCulture);

        var broken = await Should.ThrowAsync<StorageStartException>(() => ShardMove.MoveAsync(Options(), partition, "east", keep: false, static line =>
        {
            if (line.Contains("copied", StringComparison.Ordinal)) throw new TimeoutException("the operator's machine went away");
        }));
        broken.Message.ShouldContain("Give the same command again");
        await using (var store = await OpenAsync())
            (await Should.ThrowAsync<JournalUnavailableException>(() => AppendAsync(store, stream, 2))).Message.ShouldContain("is being moved");
        await ShardMove.MoveAsync(Options(), partition, "east", keep: false, static _ => { });
        await using (var store = await OpenAsync())
        {
            await AppendAsync(store, stream, 2);
            var all = new List<JournalRow>();
            await foreach (var row in store.Journal.ReadAllAsync()) all.Add(row);
            all.Select(static row => (row.Stream, row.Version)).ShouldBe([(stream, 1), (stream, 2)]);
            var open = new List<JournalRow>();
            await foreach (var row in store.Journal.ReadOpenAsync(0, Partitions.Count)) open.Add(row);
            open.Select(static row => (row.Stream, row.Version)).ShouldBe([(stream, 1), (stream, 2)]);
        }

        await ShardMove.MoveAsync(Options(), partition, "home", keep: false, static _ => { });
        await using var back = await OpenAsync();
        await AppendAsync(back, stream, 3);
        (await ScalarAsync(_east, "SELECT count(*) FROM journal")).ShouldBe(0L);
        (await ScalarAsync(_home, "SELECT count(*) FROM journal")).ShouldBe(3L);
    }

    [Fact]
    public async Task A_node_with_yesterdays_map_is_refused_by_the_database_itself_and_its_neighbours_in_the_batch_are_not()
    {
        var stream = "s/acme/ups/STALE";
        var other = Enumerable.Range(0, 999).Select(static n => $"s/acme/ups/OTHER{n}").First(name => Partitions.Of(name) != Partitions.Of(stream));
        await using (var store = await OpenAsync()) await AppendAsync(store, stream);
        await ShardMove.MoveAsync(Options(), $"{Partitions.Of(stream)}", "east", keep: true, static _ => { });
        // A store that knows of no shards is refused at the start; this one was opened before it could know.
        await using var stale = await Postgres.PostgresStore.OpenAsync(Options().For("home", _home), TimeProvider.System, NullLogger.Instance, default);

        var late = AppendAsync(stale, stream, 2);
        var neighbour = AppendAsync(stale, other);

        await Should.ThrowAsync<JournalUnavailableException>(() => late);
        await neighbour;
    }

    [Fact]
    public async Task A_shard_that_is_away_hurts_its_own_partitions_only()
    {
        var options = Options("0-127");
        options.Shards["east"].Postgres = "Host=127.0.0.1;Port=1;Username=x;Database=x;Timeout=2";
        await using var store = await JournalFactory.OpenAsync(options, TimeProvider.System, NullLogger.Instance);
        var here = Named(static partition => partition >= 128);
        var there = Named(static partition => partition < 128);

        await AppendAsync(store, here);
        (await Should.ThrowAsync<JournalUnavailableException>(() => AppendAsync(store, there))).Message.ShouldContain("Shard 'east' cannot be reached");

        (await store.PingAsync()).ShouldBeNull();
        (await store.Heads.ListAsync(new HeadQuery("acme", 's', [], 0, null, 10))).ShouldBeEmpty();
        store.Description.ShouldContain("east (not reachable)");
    }

    [Fact]
    public async Task A_database_that_is_not_the_shard_it_is_called_is_refused_by_name()
    {
        await using (await OpenAsync("0-63")) { }

        var exchanged = Options("0-63");
        (exchanged.Postgres, exchanged.Shards["east"].Postgres) = (_east, _home);
        (await RefusedAsync(exchanged)).ShouldContain("which is shard 'east'");

        (await RefusedAsync(new StorageOptions { Postgres = _home, Access = StorageAccess.Shared })).ShouldContain("live on other databases (east)");
        (await RefusedAsync(new StorageOptions { Postgres = _east, Access = StorageAccess.Shared })).ShouldContain("is shard 'east'");

        var server = await PrivatePostgres.OrSkipAsync();
        var elsewhere = await server.CreateDatabaseAsync();
        var renamed = Options("0-63");
        renamed.Shards.Remove("east");
        renamed.Shards["west"] = new ShardOptions { Postgres = elsewhere, Partitions = "" };
        (await RefusedAsync(renamed)).ShouldContain("live on shard 'east', which Storage:Shards does not name");

        await using (var alone = await JournalFactory.OpenAsync(new StorageOptions { Postgres = elsewhere = await server.CreateDatabaseAsync() }, TimeProvider.System, NullLogger.Instance)) await AppendAsync(alone, "s/acme/ups/ALONE");
        var full = Options("0-63");
        full.Shards["west"] = new ShardOptions { Postgres = elsewhere };
        (await RefusedAsync(full)).ShouldContain("Shard 'west'");

        await ScalarAsync(_east, "UPDATE schema_version SET oldest_compatible_code = 9 RETURNING 1");
        (await RefusedAsync(Options("0-63"))).ShouldStartWith("Shard 'east': ");
    }

    [Fact]
    public async Task Partitions_that_hold_shipments_are_not_given_away_by_the_configuration()
    {
        var stream = Named(static partition => partition < 64);
        await using (var store = await JournalFactory.OpenAsync(new StorageOptions { Postgres = _home, Access = StorageAccess.Shared }, TimeProvider.System, NullLogger.Instance)) await AppendAsync(store, stream);

        (await RefusedAsync(Options("0-63"))).ShouldContain($"names {Partitions.Of(stream)}, which hold shipments at home; move them by `shards move {Partitions.Of(stream)} east`");
    }

    [Theory]
    [InlineData("0-300", "'0-300' is no partition or range")]
    [InlineData("9-3", "'9-3' is no partition or range")]
    [InlineData("x", "'x' is no partition or range")]
    public void Ranges_that_are_none_are_named(string partitions, string says) => Options(partitions).Problems().ShouldHaveSingleItem().ShouldContain(says);

    [Fact]
    public void Shards_that_overlap_or_stand_on_one_database_or_without_a_home_are_named()
    {
        var options = Options("0-10");
        options.Postgres = null;
        options.Shards["west"] = new ShardOptions { Postgres = _east, Partitions = "10-12" };
        options.Shards["Home"] = new ShardOptions();

        var problems = string.Join('\n', options.Problems());

        foreach (var says in (string[])["west:Partitions names 10, which east has too", "needs Storage:Postgres", "names one database twice", "Home: a name is 1 to 40"]) problems.ShouldContain(says);
    }

    [Theory]
    [InlineData("3,1,2,7", "1-3,7")]
    [InlineData("255,0", "0,255")]
    [InlineData("", "")]
    public void Ranges_are_read_and_written(string text, string written)
    {
        PartitionRanges.TryParse(text, out var partitions, out _).ShouldBeTrue();
        PartitionRanges.Format(partitions).ShouldBe(written);
    }

    private StorageOptions Options(string partitions = "") => new() { Postgres = _home, Access = StorageAccess.Shared, Shards = { ["east"] = new ShardOptions { Postgres = _east, Partitions = partitions } } };

    private Task<JournalStore> OpenAsync(string partitions = "") => JournalFactory.OpenAsync(Options(partitions), TimeProvider.System, NullLogger.Instance);

    private static async Task<string> RefusedAsync(StorageOptions options)
    {
        var refused = await Should.ThrowAsync<StorageStartException>(() => JournalFactory.OpenAsync(options, TimeProvider.System, NullLogger.Instance));
        refused.Message.ShouldNotContain("\n");
        return refused.Message;
    }

    private static string Named(Func<int, bool> lives) => Enumerable.Range(0, 999).Select(static n => $"s/acme/ups/N{n}").First(name => lives(Partitions.Of(name)));

    private static async Task AppendAsync(JournalStore store, string stream, int version = 1)
    {
        await store.Journal.AppendAsync(new(stream, version, DateTimeOffset.UtcNow, "open"u8.ToArray(), "secret"u8.ToArray(), Marked: true));
        store.Heads.Offer(new StreamHead(stream, version, DateTimeOffset.UtcNow, 1, 0, null, "1"u8.ToArray(), ReadOnlyMemory<byte>.Empty));
    }

    private static async Task<object?> ScalarAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
