using Tracking.Testing;

namespace Tracking.Silo.Tests.Faults;

/// <summary>The file that the embedded silo stores in, on a disk that fills up. Embedded build only: a node of a cluster has no such file.</summary>
[Trait("Length", "long")]
public sealed class SqliteDiskTests
{
    [Fact]
    public async Task R11_A_full_disk_under_SQLite_acks_nothing_and_is_recovered_from_without_a_restart()
    {
        using var disk = SmallDisk.OrSkip(32);
        await using var silo = await SiloProcess.StartAsync(disk.Folder);
        await using var senders = new Senders(() => silo.Client, messagesPerSecond: 40);
        await senders.AckedAsync(20);

        disk.Fill();
        await senders.RefusedAsync(20);
        var full = senders.Now;
        (await senders.RefusedAsync(40, sentFrom: full)).ShouldAllBe(a => a.Status == 503 && a.SaysWhen);
        disk.Free();
        await senders.AckedAsync(40);

        await senders.StopAsync();
        await senders.ResendAsync();
        (await silo.StopAsync()).ShouldBe(0, silo.Output);
        await Stored.IsWhatWasSentAsync(disk.Folder, senders);
    }
}
