using System.Text.Json;

namespace Tracking.Silo.Tests;

/// <summary>A silo that cannot do its work says so in one line and does not start.</summary>
public sealed partial class StartTests
{
    [Theory]
    [InlineData("--Urls=http://0.0.0.0:0", "needs configured retailers")]
    [InlineData("--Urls=nonsense", "'nonsense' is no address")]
    [InlineData("--Storage:Postgres=Host=127.0.0.1;Port=1;Username=x;Timeout=2", "127.0.0.1")]
    [InlineData("--Storage:Postgres=this is no connection string", "Storage:Postgres")]
    [InlineData("--Journal:MaxBatch=0", "Journal:MaxBatch is 0")]
    [InlineData("--Ingest:MaxArrayItems=-1", "MaxArrayItems")]
    [InlineData("--Security:LinkKey=short", "Security:LinkKey")]
    [InlineData("--Retailers:Shop:Name=x", "an id is 1 to 40 of a-z")]
    public async Task What_is_wrong_is_said_in_one_line_with_a_non_zero_exit(string setting, string says)
    {
        using var scratch = new Scratch();

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, setting, setting.StartsWith("--Urls", StringComparison.Ordinal) ? "--x=y" : $"--Urls=http://127.0.0.1:{SiloProcess.FreePort()}");

        code.ShouldNotBe(0, output);
        output.ShouldContain(says);
        output.Trim().Split('\n').Length.ShouldBe(1, output);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_in_one_line()
    {
        using var scratch = new Scratch();
        await using var first = await SiloProcess.StartAsync(scratch.At("a"));

        var (code, output) = await SiloProcess.RunAsync(scratch.At("b"), $"--Urls={first.Address}");

        code.ShouldNotBe(0);
        output.ShouldContain("address already in use");
    }

    [Fact]
    public async Task It_stops_gracefully_on_sigterm_and_reads_everything_again()
    {
        using var scratch = new Scratch();
        await using (var silo = await SiloProcess.StartAsync(scratch.Folder))
        {
            using var posted = await silo.Client.PostAsync(new Uri("/v1/scans", UriKind.Relative), new StringContent("""{"carrier":"ups","trackingNumber":"A1","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z"}""", System.Text.Encoding.UTF8, "application/json"));
            posted.EnsureSuccessStatusCode();
            (await silo.StopAsync()).ShouldBe(0, silo.Output);
        }
        await using var again = await SiloProcess.StartAsync(scratch.Folder);
        using var view = JsonDocument.Parse(await again.Client.GetStringAsync(new Uri("/v1/shipments/ups/A1", UriKind.Relative)));
        view.RootElement.GetProperty("status").GetString().ShouldBe("IN_TRANSIT");
    }
}
