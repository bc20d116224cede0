using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tracking.Testing;

namespace Tracking.Journal.Tests.Contract;

/// <summary>What holds when the server is restarted, crashes, freezes, has a slow writer on it, or does not flush. The tests of this class share a server that nobody else uses.</summary>
public sealed class PostgresFaultTests(PostgresFaultTests.OwnServer own) : IClassFixture<PostgresFaultTests.OwnServer>
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_row_that_commits_late_is_delayed_and_never_skipped()
    {
        var server = await own.OrSkipAsync();
        var database = await server.CreateDatabaseAsync();
        await using var store = await OpenAsync(database);
        const string early = "s/acme/ups/early", late = "s/acme/ups/late";
        var partition = Partitions.Of(late);
        var after = Enumerable.Range(0, int.MaxValue).Select(static n => $"s/acme/ups/after-{n}").First(name => Partitions.Of(name) == partition);
        await store.Journal.AppendAsync(new(early, 1, Noon, "x"u8.ToArray(), default, true));

        await using var slow = new NpgsqlConnection(database + ";Pooling=false");
        await slow.OpenAsync();
        var transaction = await slow.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand($"INSERT INTO journal (partition, stream, version, recorded_at, marked, open) VALUES ({partition}, '{late}', 1, now(), true, 'x')", slow, transaction)) await insert.ExecuteNonQueryAsync();
        await store.Journal.AppendAsync(new(after, 1, Noon, "x"u8.ToArray(), default, true));

        var page = await store.Journal.ReadMarkedAsync(partition, JournalPosition.Start, 10);
        page.Rows.ShouldBeEmpty("the later row is committed, but an earlier transaction is still open");
        var again = await store.Journal.ReadMarkedAsync(partition, page.Position, 10);
        again.Rows.ShouldBeEmpty();
        await transaction.CommitAsync();

        (await store.Journal.ReadMarkedAsync(partition, again.Position, 10)).Rows.Select(static row => row.Stream).ShouldBe([late, after]);
    }

    [Fact]
    public async Task The_search_for_lost_heads_does_not_miss_a_row_that_committed_late()
    {
        var server = await own.OrSkipAsync();
        var database = await server.CreateDatabaseAsync();
        await using var store = await OpenAsync(database);
        const string late = "s/acme/ups/late";
        var partition = Partitions.Of(late);
        await using var slow = new NpgsqlConnection(database + ";Pooling=false");
        await slow.OpenAsync();
        var transaction = await slow.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand($"INSERT INTO journal (partition, stream, version, recorded_at, marked, open) VALUES ({partition}, '{late}', 1, now(), true, 'x')", slow, transaction)) await insert.ExecuteNonQueryAsync();
        await store.Journal.AppendAsync(new("s/acme/ups/other", 1, Noon, "x"u8.ToArray()));

        var before = await store.Heads.LaggingAsync(partition, JournalPosition.Start, 10);
        before.Streams.ShouldBeEmpty();
        await transaction.CommitAsync();

        (await store.Heads.LaggingAsync(partition, before.CheckedUpTo, 10)).Streams.ShouldBe([late]);
    }

    [Theory]
    [InlineData("fast")]
    [InlineData("immediate")]
    public async Task A_restart_of_the_server_under_load_loses_nothing_that_was_acked_and_needs_nobody_to_recover(string mode)
    {
        var server = await own.OrSkipAsync();
        await using var store = await OpenAsync(await server.CreateDatabaseAsync());
        await using var load = new Load(store, 200);

        for (var round = 0; round < 2; round++)
        {
            await load.AckedAsync(2_000);
            await server.StopAsync(mode);
            await load.FailedAsync(200);
            await server.StartAsync();
        }
        await load.AckedAsync(2_000);
        await load.StopAsync();

        await load.VerifyAsync();
        (await store.PingAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task While_the_server_is_frozen_every_call_is_answered_and_afterwards_nothing_acked_is_lost()
    {
        var server = await own.OrSkipAsync();
        await using var store = await OpenAsync(await server.CreateDatabaseAsync(), static options => options.Journal.AnswerWithin = TimeSpan.FromMilliseconds(300));
        await using var load = new Load(store, 200);
        await load.AckedAsync(1_000);

        server.Freeze();
        await load.FailedAsync(400);
        await Should.ThrowAsync<JournalUnavailableException>(() => store.Journal.LoadAsync("s/acme/ups/1").AsTask());
        await Should.ThrowAsync<JournalUnavailableException>(() => store.Journal.LoadCursorAsync("reactions", 1).AsTask());
        (await store.PingAsync()).ShouldNotBeNull();
        server.Thaw();
        await load.AckedAsync(1_000);
        await load.StopAsync();

        await load.VerifyAsync();
    }

    [Fact]
    public async Task A_server_that_was_made_read_only_refuses_and_is_used_again_when_it_is_not()
    {
        var server = await own.OrSkipAsync();
        var database = await server.CreateDatabaseAsync();
        await using var store = await OpenAsync(database, static options => options.Journal.Writers = 1);
        await using var admin = new NpgsqlConnection(database + ";Pooling=false");
        await admin.OpenAsync();
        await SqlAsync(admin, "ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()");
        await UntilAsync(async () => await FailsAsync<JournalUnavailableException>(store, $"s/acme/ups/{Guid.NewGuid():N}"));

        (await store.PingAsync()).ShouldNotBeNull().ShouldContain("read-only");

        await SqlAsync(admin, "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()");
        await UntilAsync(async () => !await FailsAsync<JournalUnavailableException>(store, $"s/acme/ups/{Guid.NewGuid():N}"));
    }

    [Theory]
    [InlineData("fsync")]
    [InlineData("full_page_writes")]
    [InlineData("synchronous_commit")]
    public async Task A_server_that_does_not_flush_is_refused_in_one_line_unless_told_otherwise(string setting)
    {
        var server = await own.OrSkipAsync();
        var database = await server.CreateDatabaseAsync();
        await using var admin = new NpgsqlConnection(database + ";Pooling=false");
        await admin.OpenAsync();
        await SqlAsync(admin, $"ALTER SYSTEM SET {setting} = off; SELECT pg_reload_conf()");
        try
        {
            await UntilAsync(async () => await SettingAsync(admin, setting) == "off");

            var refused = await Should.ThrowAsync<StorageStartException>(() => OpenAsync(database));
            refused.Message.ShouldContain($"has {setting} off");
            refused.Message.ShouldNotContain("\n");

            await using var unsafely = await OpenAsync(database, static options => options.AllowUnsafe = true);
            await unsafely.Journal.AppendAsync(new("s/acme/ups/1", 1, Noon, "x"u8.ToArray()));
        }
        finally
        {
            await SqlAsync(admin, $"ALTER SYSTEM RESET {setting}; SELECT pg_reload_conf()");
            await UntilAsync(async () => await SettingAsync(admin, setting) == "on");
        }
    }

    [Fact]
    public async Task R29_The_server_flushes_its_log_at_least_once_for_each_commit_that_was_acked()
    {
        var server = await own.OrSkipAsync();
        await using var store = await OpenAsync(await server.CreateDatabaseAsync());
        await using var admin = new NpgsqlConnection(await server.CreateDatabaseAsync() + ";Pooling=false");
        await admin.OpenAsync();
        var statement = admin.PostgreSqlVersion.Major >= 18 ? "SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal'" : "SELECT wal_sync FROM pg_stat_wal";
        var before = await FlushesAsync();

        await AppendOneByOneAsync(store, 200);

        await UntilAsync(async () => await FlushesAsync() - before >= 200);   // sessions tell what they did when they have been idle for a second

        async Task<long> FlushesAsync()
        {
            await using var command = new NpgsqlCommand(statement, admin);
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }

    // The server's own count could be wrong about itself; the kernel's is not.
    [Fact]
    public async Task R29_The_kernel_sees_a_flush_for_each_commit_that_was_acked()
    {
        var server = await own.OrSkipAsync();
        var database = await server.CreateDatabaseAsync();
        var seen = Path.GetTempFileName();
        using var tracer = await TraceOrSkipAsync(server.ProcessId, seen);
        try
        {
            await using (var store = await OpenAsync(database)) await AppendOneByOneAsync(store, 200);

            // Sessions that began after the tracer did are followed; theirs are the commits.
            await UntilAsync(async () => (await File.ReadAllLinesAsync(seen)).Count(static line => line.Contains("sync(", StringComparison.Ordinal)) >= 200);
        }
        finally
        {
            if (!tracer.HasExited) Process.Start("kill", ["-INT", tracer.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]).WaitForExit();
            await tracer.WaitForExitAsync();
            File.Delete(seen);
        }
    }

    private static async Task AppendOneByOneAsync(JournalStore store, int count)
    {
        for (var version = 1; version <= count; version++) await store.Journal.AppendAsync(new("s/acme/ups/flushed", version, Noon.AddSeconds(version), "x"u8.ToArray()));
    }

    // To trace is a right, not a part one could install.
    private static async Task<Process> TraceOrSkipAsync(int process, string to, [CallerMemberName] string test = "")
    {
        var start = new ProcessStartInfo("strace", ["-f", "-p", process.ToString(System.Globalization.CultureInfo.InvariantCulture), "-e", "trace=fsync,fdatasync", "-o", to]) { RedirectStandardError = true };
        string said;
        try
        {
            var tracer = Process.Start(start)!;
            said = await tracer.StandardError.ReadLineAsync() ?? "";
            if (said.Contains("attached", StringComparison.Ordinal)) return tracer;
            tracer.Dispose();
        }
        catch (System.ComponentModel.Win32Exception missing) { said = missing.Message; }
        Assert.Skip($"{nameof(PostgresFaultTests)}.{test} did not run: it needs strace and the right to trace ({said}).");
        throw new UnreachableException();
    }

    [Fact]
    public async Task Heads_offered_while_the_server_was_down_are_written_when_it_is_back()
    {
        var server = await own.OrSkipAsync();
        await using var store = await OpenAsync(await server.CreateDatabaseAsync());
        await server.StopAsync("immediate");
        store.Heads.Offer(new("s/acme/ups/1", 3, Noon, 4, 0, null, new byte[] { 1 }, default));
        await Should.ThrowAsync<JournalUnavailableException>(() => store.Heads.FlushAsync().AsTask());

        await server.StartAsync();
        await UntilAsync(async () =>
        {
            try
            {
                await store.Heads.FlushAsync();
                return true;
            }
            catch (Exception notYet) when (notYet is JournalUnavailableException or JournalOutcomeUnknownException)
            {
                return false;
            }
        });

        (await store.Journal.LoadAsync("s/acme/ups/1")).Head.ShouldNotBeNull().Version.ShouldBe(3);
    }

    private static Task<JournalStore> OpenAsync(string database, Action<StorageOptions>? change = null)
    {
        var options = new StorageOptions { Postgres = database };
        change?.Invoke(options);
        return JournalFactory.OpenAsync(options, TimeProvider.System, NullLogger.Instance);
    }

    private static async Task<bool> FailsAsync<TException>(JournalStore store, string stream)
        where TException : Exception
    {
        try
        {
            await store.Journal.AppendAsync(new(stream, 1, Noon, "x"u8.ToArray()));
            return false;
        }
        catch (TException)
        {
            return true;
        }
    }

    private static async Task<string> SettingAsync(NpgsqlConnection connection, string name)
    {
        await using var command = new NpgsqlCommand($"SHOW {name}", connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Statement by statement: <c>ALTER SYSTEM</c> refuses company.</summary>
    private static async Task SqlAsync(NpgsqlConnection connection, string sql)
    {
        foreach (var one in sql.Split("; "))
        {
            await using var command = new NpgsqlCommand(one, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Asks again until it is so; half a minute is forever here.</summary>
    private static async Task UntilAsync(Func<Task<bool>> so)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await so())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(30));
            await Task.Delay(20);
        }
    }

    /// <summary>Made when the first test asks, so that a machine without PostgreSQL skips each test by name.</summary>
    public sealed class OwnServer : IAsyncLifetime
    {
        private PrivatePostgres? _server;

        public async Task<PrivatePostgres> OrSkipAsync([CallerMemberName] string test = "") => _server ??= await PrivatePostgres.OwnOrSkipAsync(null, test);

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            if (_server is not null) await _server.DisposeAsync();
        }
    }

    /// <summary>Callers that behave as grains do: one append in flight per stream, and after any failure they read again before they decide again.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private readonly JournalStore _store;
        private readonly CancellationTokenSource _stopping = new();
        private readonly ConcurrentDictionary<(string Stream, int Version), string> _acked = new();
        private readonly Task[] _callers;
        private long _ackedCount, _failedCount;

        public Load(JournalStore store, int callers)
        {
            _store = store;
            _callers = [.. Enumerable.Range(0, callers).Select(n => Task.Run(() => CallAsync($"s/acme/ups/load-{n}")))];
        }

        public Task AckedAsync(int more) => MoreAsync(() => Interlocked.Read(ref _ackedCount), more);

        public Task FailedAsync(int more) => MoreAsync(() => Interlocked.Read(ref _failedCount), more);

        public async Task StopAsync()
        {
            await _stopping.CancelAsync();
            await Task.WhenAll(_callers);
        }

        public async Task VerifyAsync()
        {
            var stored = new Dictionary<(string, int), (string Open, string Personal)>();
            await foreach (var row in _store.Journal.ReadAllAsync())
            {
                stored.TryAdd((row.Stream, row.Version), (Encoding.UTF8.GetString(row.Open.Span), Encoding.UTF8.GetString(row.Personal.Span))).ShouldBeTrue();
            }
            foreach (var (key, content) in _acked) stored[key].ShouldBe((content, content));
            foreach (var stream in stored.Keys.GroupBy(static key => key.Item1)) stream.Select(static key => key.Item2).Order().ShouldBe(Enumerable.Range(1, stream.Count()));
        }

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await Task.WhenAll(_callers);
            _stopping.Dispose();
        }

        private async Task CallAsync(string stream)
        {
            int? version = null;
            while (!_stopping.IsCancellationRequested)
            {
                try
                {
                    version ??= (await _store.Journal.LoadAsync(stream)).Tail.Select(static row => row.Version).DefaultIfEmpty().Max();
                    var content = $"{stream} {version + 1} {Guid.NewGuid():N}";
                    await _store.Journal.AppendAsync(new(stream, version.Value + 1, Noon, Encoding.UTF8.GetBytes(content), Encoding.UTF8.GetBytes(content)));
                    version++;
                    _acked[(stream, version.Value)] = content;
                    Interlocked.Increment(ref _ackedCount);
                }
                catch (Exception failed) when (failed is JournalUnavailableException or JournalOutcomeUnknownException or JournalFencedException)
                {
                    version = null;
                    Interlocked.Increment(ref _failedCount);
                    await Task.Delay(5);
                }
            }
        }

        private async Task MoreAsync(Func<long> count, int more)
        {
            var goal = count() + more;
            await UntilAsync(() => Task.FromResult(count() >= goal || _callers.Any(static caller => caller.IsFaulted)));
            foreach (var caller in _callers.Where(static caller => caller.IsFaulted)) await caller;
        }
    }
}
