using System.Text.Json;

namespace Tracking.Silo.Tests;

public sealed class CommandTests
{
    [Fact]
    public async Task Version_prints_the_one_version_and_the_runtime()
    {
        using var scratch = new Scratch();
        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "version");
        code.ShouldBe(0);
        output.ShouldStartWith("Tracking.Actors ");
        output.ShouldContain(" runtime)");
    }

    [Fact]
    public async Task A_retailer_added_by_command_can_send_at_once_and_its_key_stands_nowhere()
    {
        using var scratch = new Scratch();
        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "retailer", "add", "acme");
        code.ShouldBe(0, output);
        var key = output.Split('\n').First(l => l.Contains("API key", StringComparison.Ordinal)).Split(": ")[1].Trim();
        File.ReadAllText(scratch.At("data/retailers/acme.json")).ShouldNotContain(key);

        var (checkCode, checkOutput) = await SiloProcess.RunAsync(scratch.Folder, "check");
        checkCode.ShouldBe(0, checkOutput);

        await using var silo = await SiloProcess.StartAsync(scratch.Folder);
        using (var refused = await silo.Client.GetAsync(new Uri("/v1/shipments/ups/A1", UriKind.Relative))) refused.StatusCode.ShouldBe(System.Net.HttpStatusCode.Unauthorized);   // demo is gone
        silo.Client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        using var missing = await silo.Client.GetAsync(new Uri("/v1/shipments/ups/A1", UriKind.Relative));
        missing.StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Check_prints_every_problem_at_once()
    {
        using var scratch = new Scratch();
        Directory.CreateDirectory(scratch.At("data/retailers"));
        File.WriteAllText(scratch.At("data/retailers/acme.json"), """{"Keys":[],"Zone":"Mars/Olympus","Currency":"euro","Feeds":{"a b":{"Format":""}}}""");
        File.WriteAllText(scratch.At("data/retailers/broken.json"), "{");

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "check", "--Journal:MaxBatch=0");

        code.ShouldBe(1);
        foreach (var says in new[] { "broken.json cannot be read", "Mars/Olympus", "'euro'", "a b", "Journal:MaxBatch" }) output.ShouldContain(says);
    }

    [Fact]
    public async Task Decode_prints_scans_as_lines_and_what_it_cannot_read_as_errors()
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch.At("scans.ndjson"), """
            {"carrier":"UPS","trackingNumber":"1Z 999","status":"IN_TRANSIT","occurredAt":"2026-03-08T01:30:00","place":{"city":"Chicago","region":"IL","country":"US"}}
            {"carrier":"ups"
            """);

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "decode", "scan", scratch.At("scans.ndjson"));

        code.ShouldBe(1);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        lines.Count.ShouldBe(2);
        lines[0].GetProperty("occurred").GetProperty("utc").GetString().ShouldBe("2026-03-08T07:30:00Z");
        lines[0].GetProperty("occurred").GetProperty("zoneSource").GetString().ShouldBe("place");
        lines[1].GetProperty("error").GetString().ShouldBe("json.syntax");
        lines[1].GetProperty("pointer").GetString().ShouldBe("line 2");
    }

    [Fact]
    public async Task Decode_reads_packed_files_and_names_decoys()
    {
        using var scratch = new Scratch();
        var rows = "carrier,trackingNumber,status,occurredAt\ndpd,01126810000001,IN_TRANSIT,2026-11-01T10:00:00+01:00\n"u8.ToArray();
        using (var gzip = new System.IO.Compression.GZipStream(File.Create(scratch.At("a.csv")), System.IO.Compression.CompressionLevel.Fastest)) gzip.Write(rows);
        using (var zip = System.IO.Compression.ZipFile.Open(scratch.At("b.zip"), System.IO.Compression.ZipArchiveMode.Create))
            foreach (var (name, bytes) in new[] { ("c.csv", rows), ("photo.txt", (byte[])[0xFF, 0xD8, 0xFF, 0xE0]) })
                using (var entry = zip.CreateEntry(name).Open())
                    entry.Write(bytes);

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "decode", "csv", scratch.At("a.csv"), scratch.At("b.zip"));

        code.ShouldBe(1);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        lines.Count.ShouldBe(3);
        lines[0].GetProperty("evidence").GetProperty("pointer").GetString().ShouldBe("a.csv:2");
        lines[1].GetProperty("evidence").GetProperty("pointer").GetString().ShouldBe("b.zip/c.csv:2");
        lines[2].GetProperty("detail").GetString().ShouldBe("b.zip/photo.txt is a JPEG image, not a text file.");
    }

    [Fact]
    public async Task An_unknown_format_names_the_known_ones()
    {
        using var scratch = new Scratch();
        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "decode", "telepathy");
        code.ShouldBe(2);
        output.ShouldContain("Known: ");
    }
}
