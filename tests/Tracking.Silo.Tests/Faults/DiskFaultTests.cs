using Tracking.Testing;

namespace Tracking.Silo.Tests.Faults;

/// <summary>Disks that are full: PostgreSQL's own, and the one the log goes to.</summary>
[Trait("Length", "long")]
public sealed class DiskFaultTests(ITestOutputHelper output)
{
    [Fact]
    public async Task R11_A_full_disk_under_PostgreSQL_acks_nothing_and_is_recovered_from_without_a_restart_of_the_silo()
    {
        using var disk = SmallDisk.OrSkip(192);
        await using var server = await PrivatePostgres.OwnOrSkipAsync(["max_wal_size = 64MB", "min_wal_size = 32MB", "wal_recycle = off"], under: disk.Folder);
        var storage = $"--Storage:Postgres={await server.CreateDatabaseAsync()}";
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder, storage);
        await using var senders = new Senders(() => silo.Client, messagesPerSecond: 40);
        await senders.AckedAsync(20);

        disk.Fill();
        await senders.RefusedAsync(100);   // what was preallocated is used up first
        var full = senders.Now;
        await senders.RefusedAsync(40, sentFrom: full);
        disk.Free();
        var room = senders.Now;
        var ended = await server.ReviveAsync();
        var first = (await senders.AckedAsync(20, sentFrom: room))[^1];

        output.WriteLine($"the server {(ended ? "had ended and was started again" : "went on by itself")}; served again {(first.Came - room).TotalSeconds:F1} s after there was room");
        await senders.StopAsync();
        await senders.ResendAsync();
        (await silo.StopAsync()).ShouldBe(0, silo.Output);
        await Stored.IsWhatWasSentAsync(scratch.Folder, senders, storage);
    }

    [Fact]
    public async Task R12_A_full_disk_under_the_log_costs_log_lines_which_are_counted_and_nothing_else()
    {
        Requires.Part("/dev/full, a disk that is always full", File.Exists("/dev/full"), "run this on Linux");
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartLoggingToAsync("/dev/full", scratch.Folder);
        await using var senders = new Senders(() => silo.Client, messagesPerSecond: 40);
        var answers = await senders.UntilAsync(80, static _ => true);

        answers.ShouldAllBe(a => a.Acked == Senders.ScansPerMessage);
        var metrics = await silo.UntilMetricAsync("tracking_log_lines_dropped_total");
        double.Parse(metrics.Split('\n').First(static line => line.StartsWith("tracking_log_lines_dropped_total", StringComparison.Ordinal)).Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThan(0);
        (await silo.GetAsync("demo", "/health/ready")).ShouldBe("ready\n");
        await senders.StopAsync();
        (await silo.StopAsync()).ShouldBe(0);
    }
}
