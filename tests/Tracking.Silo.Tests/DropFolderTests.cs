using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Tracking.Silo.Tests;

/// <summary>The real program watches a folder; files are dropped, cut off, packed and disguised, and the program is killed over them.</summary>
public sealed class DropFolderTests
{
    private static string[] Settings(Scratch scratch, double settle = 0.3)
        => [$"--Feeds:DropFolder={scratch.At("drop")}", $"--Feeds:SettleSeconds={settle.ToString(CultureInfo.InvariantCulture)}", "--Feeds:LookSeconds=0.2",
            "--Retailers:acme:Keys:0=acme-key", "--Retailers:acme:Feeds:rows-1:Format=csv", "--Retailers:acme:Feeds:ups-files:Format=ups", "--Retailers:acme:Feeds:dpd-1:Format=dpd"];

    private static string Csv(int from, int rows)
    {
        var text = new StringBuilder("carrier;trackingNumber;status;occurredAt;code;city;country\n");
        for (var i = from; i < from + rows; i++)
            text.Append(CultureInfo.InvariantCulture, $"dpd;0112681{i / 4:0000000};IN_TRANSIT;{new DateTime(2026, 11, 1).AddSeconds(7 * i):yyyy-MM-ddTHH:mm:ss};10-{i};Köln;DE\n");
        return text.ToString();
    }

    private static async Task<List<string>> ExportedKeysAsync(Scratch scratch)
    {
        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "export");
        code.ShouldBe(0);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l.StartsWith('{')).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("dedupKey").GetString()!)];
    }

    private static async Task<string> DoneAsync(SiloProcess silo, string path)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!File.Exists(path))
        {
            try { await Task.Delay(50, patience.Token); }
            catch (OperationCanceledException) { throw new TimeoutException($"{path} did not come: {silo.Output}"); }
        }
        return path;
    }

    [Fact]
    public async Task Files_of_every_kind_are_read_once_and_decoys_are_refused_by_name()
    {
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder, Settings(scratch));
        var rows = Path.Combine(scratch.At("drop"), "acme", "rows-1");
        await silo.UntilMetricAsync("tracking_files_waiting_bytes 0");
        Directory.Exists(rows).ShouldBeTrue();   // made, so that people see where to put what

        File.WriteAllText(Path.Combine(rows, "plain.csv"), Csv(0, 10), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        File.WriteAllBytes(Path.Combine(rows, "legacy.csv"), Encoding.Latin1.GetBytes(Csv(100, 10)));
        File.WriteAllText(Path.Combine(rows, "wide.csv"), Csv(200, 10), Encoding.Unicode);
        using (var gzip = new GZipStream(File.Create(Path.Combine(rows, "packed.txt")), CompressionLevel.Optimal)) gzip.Write(Encoding.UTF8.GetBytes(Csv(300, 10)));
        using (var zip = ZipFile.Open(Path.Combine(rows, "many.zip"), ZipArchiveMode.Create))
            foreach (var (name, text) in new[] { ("a.csv", Csv(400, 10)), ("b.csv", Csv(500, 10) + "dpd;;IN_TRANSIT;2026-11-01T10:00:00;10;;\n"), ("photo.txt", "\u0089PNG") })
                using (var entry = zip.CreateEntry(name).Open())
                    entry.Write(name == "photo.txt" ? [0x89, 0x50, 0x4E, 0x47] : Encoding.UTF8.GetBytes(text));
        File.WriteAllBytes(Path.Combine(rows, "image.txt"), [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3]);
        File.WriteAllText(Path.Combine(rows, "empty.csv"), "");
        File.WriteAllText(Path.Combine(rows, "other.csv"), "NAME;AGE\nJo;3\n");
        File.WriteAllText(Path.Combine(rows, "unfinished.csv.part"), Csv(600, 10));
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Samples", "ups", "quantum-view.xml"), Path.Combine(scratch.At("drop"), "acme", "ups-files", "qv.xml"));

        foreach (var name in new[] { "plain.csv", "legacy.csv", "wide.csv", "packed.txt", "many.zip" }) await DoneAsync(silo, Path.Combine(rows, "done", name));
        foreach (var name in new[] { "image.txt", "empty.csv", "other.csv" }) await DoneAsync(silo, Path.Combine(rows, "refused", name + ".reason.txt"));
        await DoneAsync(silo, Path.Combine(scratch.At("drop"), "acme", "ups-files", "done", "qv.xml"));

        File.ReadAllText(Path.Combine(rows, "refused", "image.txt.reason.txt")).ShouldContain("image.txt is a JPEG image, not a text file.");
        File.ReadAllText(Path.Combine(rows, "refused", "empty.csv.reason.txt")).ShouldContain("empty.csv is empty.");
        File.ReadAllText(Path.Combine(rows, "refused", "other.csv.reason.txt")).ShouldContain("trackingNumber");
        File.ReadAllText(Path.Combine(rows, "done", "many.zip.reason.txt")).ShouldContain("many.zip/photo.txt is a PNG image");
        File.Exists(Path.Combine(rows, "unfinished.csv.part")).ShouldBeTrue();
        Directory.GetFiles(rows, "*.json", SearchOption.AllDirectories).ShouldBeEmpty();   // no progress is left

        var history = await silo.GetAsync("acme-key", "/v1/shipments/dpd/01126810000050/history");
        history.ShouldContain("\"channel\":\"file\"");
        history.ShouldContain("\"feed\":\"rows-1\"");
        history.ShouldContain("\"city\":\"K\\u00F6ln\"");
        (await silo.GetAsync("acme-key", "/v1/shipments/dpd/01126810000025/history")).ShouldContain("\"city\":\"K\\u00F6ln\"");   // of the Latin-1 file
        var quarantine = await silo.GetAsync("acme-key", "/v1/quarantine");
        quarantine.ShouldContain("many.zip/b.csv:12");
        quarantine.ShouldContain("flat.header");

        var metrics = await silo.UntilMetricAsync("tracking_files_total{outcome=\"refused\"} 3");
        metrics.ShouldContain("tracking_files_total{outcome=\"done\"} 6");
        metrics.ShouldContain("tracking_file_scans_total{outcome=\"quarantined\"} 2");
        await silo.SaysAsync("plain.csv of acme/rows-1 is done: 10 scans recorded, 0 known before");

        // The same file under another name says nothing new; renaming makes the unfinished one final.
        File.Copy(Path.Combine(rows, "done", "plain.csv"), Path.Combine(rows, "again.csv"));
        File.Move(Path.Combine(rows, "unfinished.csv.part"), Path.Combine(rows, "unfinished.csv"));
        await DoneAsync(silo, Path.Combine(rows, "done", "again.csv"));
        await DoneAsync(silo, Path.Combine(rows, "done", "unfinished.csv"));
        await silo.SaysAsync("again.csv of acme/rows-1 is done: 0 scans recorded, 10 known before");
        await silo.StopAsync();
        (await ExportedKeysAsync(scratch)).ShouldSatisfyAllConditions(k => k.Count.ShouldBe(k.Distinct().Count()));
    }

    [Fact]
    public async Task A_kill_in_the_middle_of_a_file_loses_nothing_and_goes_on_where_it_was()
    {
        const int rows = 40_000;
        using var scratch = new Scratch();
        var folder = Path.Combine(scratch.At("drop"), "acme", "rows-1");
        Directory.CreateDirectory(folder);
        using (var gzip = new GZipStream(File.Create(Path.Combine(folder, "big.csv.gz")), CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(Csv(0, rows)));
        var progress = Path.Combine(folder, ".progress", "big.csv.gz.json");

        await using (var first = await SiloProcess.StartAsync(scratch.Folder, Settings(scratch, settle: 0)))
        {
            await DoneAsync(first, progress);
            await first.KillAsync();
        }
        using (var known = JsonDocument.Parse(File.ReadAllText(progress))) known.RootElement.GetProperty("Parts").GetInt64().ShouldBeInRange(1, rows - 1);

        await using (var second = await SiloProcess.StartAsync(scratch.Folder, Settings(scratch, settle: 0)))
        {
            await DoneAsync(second, Path.Combine(folder, "done", "big.csv.gz"));
            await second.SaysAsync("big.csv.gz of acme/rows-1 goes on behind");
            await second.StopAsync();
        }
        var keys = await ExportedKeysAsync(scratch);
        keys.Count.ShouldBe(rows);
        keys.Distinct().Count().ShouldBe(rows);
        File.Exists(progress).ShouldBeFalse();
    }

    [Fact]
    public async Task A_file_that_still_grows_is_not_read_until_it_stands_still()
    {
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder, Settings(scratch, settle: 2));
        var path = Path.Combine(scratch.At("drop"), "acme", "rows-1", "growing.csv");
        await silo.UntilMetricAsync("tracking_files_waiting_bytes 0");
        var text = Csv(0, 100);
        for (var i = 0; i < 8; i++)
        {
            var (from, to) = (i * text.Length / 8, (i + 1) * text.Length / 8);
            File.AppendAllText(path, text[from..to]);
            await silo.UntilMetricAsync($"tracking_files_waiting_bytes {new FileInfo(path).Length}");   // seen in this length
        }
        await DoneAsync(silo, Path.Combine(Path.GetDirectoryName(path)!, "done", "growing.csv"));
        await silo.SaysAsync("growing.csv of acme/rows-1 is done: 100 scans recorded, 0 known before, 0 quarantined");
    }

    [Fact]
    public async Task Check_refuses_a_drop_folder_that_is_a_file()
    {
        using var scratch = new Scratch();
        Directory.CreateDirectory(scratch.Folder);
        File.WriteAllText(scratch.At("drop"), "");
        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "check", $"--Feeds:DropFolder={scratch.At("drop")}", "--Feeds:SettleSeconds=-1");
        code.ShouldBe(1);
        output.ShouldContain("which is a file");
        output.ShouldContain("Feeds: The field SettleSeconds must be between 0 and 86400.");
    }
}
