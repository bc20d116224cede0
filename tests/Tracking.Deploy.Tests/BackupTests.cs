using System.Globalization;
using System.Net.Http.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tracking.Journal;
using Tracking.Silo.Tests;
using Tracking.Testing;

namespace Tracking.Deploy.Tests;

/// <summary>What deploy/BACKUP.md says, done: a backup of a server that works, a restore, and nothing is missing.</summary>
public sealed class BackupTests
{
    [Fact]
    [Trait("Length", "long")]
    public async Task A_backup_under_load_is_restored_with_every_acked_scan_with_readers_that_resume_and_without_who_was_erased()
    {
        using var scratch = new Scratch();
        Open(scratch.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var archive = Directory.CreateDirectory(scratch.At("archive")).FullName;
        Open(archive, (UnixFileMode)0x1FF);   // the server runs as another user
        await using var server = await PrivatePostgres.OwnOrSkipAsync(["archive_mode = on", $"archive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'", "wal_level = replica", "max_wal_senders = 5"]);
        var database = await server.CreateDatabaseAsync();
        var at = new NpgsqlConnectionStringBuilder(database);
        var environment = new Dictionary<string, string> { ["PGHOST"] = at.Host!, ["PGPORT"] = at.Port.ToString(CultureInfo.InvariantCulture), ["PGUSER"] = at.Username!, ["PGDATABASE"] = at.Database! };

        // A backup while scans come in.
        var acked = 0;
        await using (var silo = await SiloProcess.StartAsync(scratch.At("silo"), $"--Storage:Postgres={database}"))
        {
            await SendAsync(silo, 0, 100);
            using var enough = new CancellationTokenSource();
            var load = Task.Run(async () =>
            {
                for (acked = 100; !enough.IsCancellationRequested; acked += 50) await SendAsync(silo, acked, 50);
            });
            var (code, output) = await Repository.RunAsync("bash", ["deploy/postgres/backup.sh", scratch.At("backup")], environment: environment);
            code.ShouldBe(0, output);
            await enough.CancelAsync();
            await load;
            (await silo.StopAsync()).ShouldBe(0, silo.Output);
        }
        acked.ShouldBeGreaterThan(100, "nothing was sent while the backup ran");

        // Somebody is erased after the backup; the list of erasures is newer than the backup.
        const string erased = "s/demo/ups/BACKUP0000001";
        await using (var store = await JournalFactory.OpenAsync(new StorageOptions { Postgres = database }, TimeProvider.System, NullLogger.Instance)) await store.Journal.EraseAsync(erased);
        var (listed, said) = await Repository.RunAsync("bash", ["deploy/postgres/backup.sh", scratch.At("backup"), "erasures"], environment: environment);
        listed.ShouldBe(0, said);
        await QueryAsync(database, "SELECT pg_switch_wal()");
        var before = await ExportAsync(scratch, database, "--personal");
        var epoch = await QueryAsync(database, "SELECT epoch FROM database_epoch");
        before.Length.ShouldBe(acked);
        await server.StopAsync();

        // To the end of the archive: everything.
        var whole = await RestoreAsync(scratch, at, environment, "whole", "--archive", archive);
        try
        {
            (await ExportAsync(scratch, whole, "--personal")).ShouldBe(before);
            (await QueryAsync(whole, "SELECT count(*) FROM cursors WHERE epoch = " + epoch)).ShouldNotBe(0L);
            await using var silo = await SiloProcess.StartAsync(scratch.At("again"), $"--Storage:Postgres={whole};Pooling=true");
            (await QueryAsync(whole, "SELECT epoch FROM database_epoch")).ShouldNotBe(epoch);
            for (var tries = 0; (long)(await QueryAsync(whole, $"SELECT count(*) FROM cursors WHERE epoch = {epoch} AND reader <> 'heads verified'"))! > 0; tries++)
            {
                tries.ShouldBeLessThan(300, "a reader still stands at a position of the old life");
                await Task.Delay(100);   // readers look every few seconds; the table is the only witness
            }
            await SendAsync(silo, 1_000_000, 10);
        }
        finally { await EndAsync(scratch, "whole"); }

        // The backup alone, with the newer list: what was acked before it, and the erased person stays erased.
        var alone = await RestoreAsync(scratch, at, environment, "alone");
        try
        {
            var rows = await ExportAsync(scratch, alone, "--personal");
            rows.Length.ShouldBeGreaterThanOrEqualTo(100);
            rows.Except(before).ShouldBeEmpty();
            rows.Single(static row => row.Contains("\"BACKUP0000001\"", StringComparison.Ordinal)).ShouldNotContain("Signed by nobody");
            rows.Single(static row => row.Contains("\"BACKUP0000002\"", StringComparison.Ordinal)).ShouldContain("Signed by nobody");
        }
        finally { await EndAsync(scratch, "alone"); }
    }

    [Fact]
    public async Task The_settings_file_is_one_that_postgresql_takes_and_a_node_accepts()
    {
        var lines = Repository.Read("deploy/postgres/postgresql.conf").Split('\n').Where(static line => line.Length > 0 && line[0] != '#').ToArray();
        // Sizes of a large machine do not fit this one; later lines win.
        await using var server = await PrivatePostgres.OwnOrSkipAsync([.. lines, "listen_addresses = '127.0.0.1'", "shared_buffers = 64MB", "max_wal_size = 1GB", "min_wal_size = 80MB", "maintenance_work_mem = 64MB"]);
        var database = await server.CreateDatabaseAsync();

        (await QueryAsync(database, "SELECT count(*) FROM pg_settings WHERE name IN ('wal_compression', 'autovacuum_naptime', 'checkpoint_timeout', 'track_io_timing') AND source = 'configuration file'")).ShouldBe(4L);
        using var scratch = new Scratch();
        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "check", $"--Storage:Postgres={database}");
        code.ShouldBe(0, output);
    }

    [Fact]
    public void Every_setting_says_why()
    {
        // A setting stands below its reason; settings of one reason stand together.
        var reason = false;
        foreach (var line in Repository.Read("deploy/postgres/postgresql.conf").Split('\n'))
        {
            if (line.StartsWith('#')) reason = true;
            else if (line.Length == 0) reason = false;
            else if (!line.StartsWith("listen_addresses", StringComparison.Ordinal)) reason.ShouldBeTrue(line);
        }
        foreach (var never in (string[])["fsync", "full_page_writes", "synchronous_commit"]) Repository.Read("deploy/postgres/postgresql.conf").Split('\n').ShouldAllBe(line => !line.StartsWith(never, StringComparison.Ordinal));
    }

    private static async Task SendAsync(SiloProcess silo, int from, int count)
    {
        using var answer = await silo.Client.PostAsJsonAsync(new Uri("/v1/scans", UriKind.Relative), Enumerable.Range(from, count).Select(static i => new
        {
            carrier = "ups",
            trackingNumber = string.Create(CultureInfo.InvariantCulture, $"BACKUP{i:0000000}"),
            status = "DELIVERED",
            occurredAt = "2026-11-20T10:00:00Z",
            signedBy = "Signed by nobody",
        }));
        answer.EnsureSuccessStatusCode();
        (await answer.Content.ReadAsStringAsync()).Split("\"accepted\"").Length.ShouldBe(count + 1);
    }

    private static async Task<string> RestoreAsync(Scratch scratch, NpgsqlConnectionStringBuilder at, Dictionary<string, string> environment, string name, params string[] more)
    {
        var port = SiloProcess.FreePort();
        var (code, output) = await Repository.RunAsync("bash", ["deploy/postgres/restore.sh", scratch.At("backup"), scratch.At(name), port.ToString(CultureInfo.InvariantCulture), .. more], environment: environment);
        code.ShouldBe(0, output);
        output.ShouldContain("erasures repeated: 1");
        return new NpgsqlConnectionStringBuilder(at.ConnectionString) { Port = port, Pooling = false }.ConnectionString;
    }

    private static async Task EndAsync(Scratch scratch, string name)
    {
        var process = File.ReadLines(Path.Combine(scratch.At(name), "postmaster.pid")).First();
        await Repository.RunAsync("kill", ["-INT", process]);
        for (var tries = 0; tries < 300 && File.Exists(Path.Combine(scratch.At(name), "postmaster.pid")); tries++) await Task.Delay(100);   // it gives no other sign
    }

    private static async Task<string[]> ExportAsync(Scratch scratch, string database, params string[] options)
    {
        var (code, output) = await SiloProcess.RunAsync(scratch.At("export"), ["export", .. options, $"--Storage:Postgres={database}"]);
        code.ShouldBe(0, output);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task<object?> QueryAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private static void Open(string folder, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, mode);
    }
}
