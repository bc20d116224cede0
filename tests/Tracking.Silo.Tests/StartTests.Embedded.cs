namespace Tracking.Silo.Tests;

/// <summary>What holds where one process owns the database; of a cluster, ClusterTests.cs says it.</summary>
public sealed partial class StartTests
{
    [Fact]
    public async Task A_second_process_on_the_same_database_is_refused()
    {
        using var scratch = new Scratch();
        await using var first = await SiloProcess.StartAsync(scratch.Folder);

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, $"--Urls=http://127.0.0.1:{SiloProcess.FreePort()}");

        code.ShouldNotBe(0);
        output.Trim().Split('\n').Length.ShouldBe(1, output);
        output.ShouldContain("another process");
    }
}
