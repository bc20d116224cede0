using System.IO.Compression;
using System.Text;
using Tracking.Carriers.Files;

namespace Tracking.Carriers.Tests.Files;

public sealed class FeedFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tracking-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Written(string name, byte[] bytes)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize)) gzip.Write(bytes);
        return packed.ToArray();
    }

    private static byte[] Zip(params (string Name, byte[] Bytes)[] entries)
    {
        using var packed = new MemoryStream();
        using (var zip = new ZipArchive(packed, ZipArchiveMode.Create))
            foreach (var (name, bytes) in entries)
                using (var entry = zip.CreateEntry(name).Open())
                    entry.Write(bytes);
        return packed.ToArray();
    }

    private static List<(string Name, string Text, string? Refusal)> Read(string path, long most = FeedFile.DefaultMaxUnpacked)
    {
        using var file = FeedFile.Open(path, most);
        var parts = new List<(string, string, string?)>();
        foreach (var part in file.Parts())
        {
            using var text = new StreamReader(part.Content, Encoding.UTF8, leaveOpen: true);
            parts.Add((part.Name, text.ReadToEnd(), part.Refusal?.Code));
        }
        return parts;
    }

    [Theory]
    [InlineData("rows.csv")]
    [InlineData("rows.zip")]
    public void What_a_file_is_stands_in_its_first_bytes_and_not_in_its_name(string name)
    {
        Read(Written(name, "a;b\n"u8.ToArray())).ShouldBe([(name, "a;b\n", null)]);
        Read(Written(name, Gzip("a;b\n"u8.ToArray()))).ShouldBe([(name, "a;b\n", null)]);
        Read(Written(name, Zip(("x/one.csv", "1\n"u8.ToArray()), ("two.csv", "2\n"u8.ToArray())))).ShouldBe([($"{name}/x/one.csv", "1\n", null), ($"{name}/two.csv", "2\n", null)]);
    }

    [Fact]
    public void Members_of_a_gzip_file_that_was_appended_to_are_one_text()
        => Read(Written("a.gz", [.. Gzip("a\n"u8.ToArray()), .. Gzip("b\n"u8.ToArray())])).Single().Text.ShouldBe("a\nb\n");

    [Fact]
    public void Decoys_are_refused_by_name_and_their_neighbours_are_read()
    {
        var png = (byte[])[0x89, (byte)'P', (byte)'N', (byte)'G', 1, 2, 3];
        Read(Written("scans.txt", png)).Single().Refusal.ShouldBe("file.not-text");
        Read(Written("scans.txt", [])).Single().Refusal.ShouldBe("message.empty");
        Read(Written("scans.gz", Gzip(png))).Single().Refusal.ShouldBe("file.not-text");
        Read(Written("all.zip", Zip(("a.csv", "1\n"u8.ToArray()), ("b.txt", png), ("c.zip", Zip()), ("d.csv", "2\n"u8.ToArray()))))
            .Select(p => p.Refusal).ShouldBe([null, "file.not-text", "file.not-text", null]);
        Read(Written("none.zip", Zip())).Single().Refusal.ShouldBe("message.empty");
    }

    [Fact]
    public void A_bomb_is_stopped_before_it_goes_off()
    {
        var zeros = new byte[64 << 20];
        zeros.AsSpan().Fill((byte)'0');
        Should.Throw<FeedFileException>(() => Read(Written("bomb.gz", Gzip(zeros)))).Code.ShouldBe("file.unpacks-too-far");
        Should.Throw<FeedFileException>(() => Read(Written("bomb.zip", Zip(("0.csv", zeros))))).Code.ShouldBe("file.unpacks-too-far");
        Should.Throw<FeedFileException>(() => Read(Written("rows.gz", Gzip("0123456789"u8.ToArray())), most: 5)).Message.ShouldBe("rows.gz unpacks to more than 5 bytes.");
    }

    [Fact]
    public void A_broken_archive_is_named()
    {
        var dice = new Random(7);
        var text = new byte[200_000];
        for (var i = 0; i < text.Length; i++) text[i] = (byte)('0' + dice.Next(10));
        foreach (var (name, bytes) in new[] { ("cut.gz", Gzip(text)[..40_000]), ("cut.zip", Zip(("a.csv", text))[..40_000]) })
            Should.Throw<FeedFileException>(() => Read(Written(name, bytes))).Message.ShouldStartWith($"{name} cannot be unpacked");
    }

    [Fact]
    public void Progress_is_told_in_the_file_s_own_bytes()
    {
        using var file = FeedFile.Open(Written("a.csv", new byte[1_000_000].Select((_, i) => (byte)('a' + i % 20)).ToArray()));
        file.Length.ShouldBe(1_000_000);
        foreach (var part in file.Parts()) part.Content.CopyTo(Stream.Null);
        file.Position.ShouldBe(1_000_000);
    }
}

public sealed class JsonLinesTests
{
    [Fact]
    public async Task A_file_of_documents_longer_than_memory_may_hold_is_read_line_by_line()
    {
        var document = Encoding.UTF8.GetString(Sample.Bytes("usps/tracking-v3.json")).ReplaceLineEndings(" ");
        var text = string.Concat(Enumerable.Repeat(document + "\r\n", 20)) + "{broken\n\n" + document;
        var context = Sample.Context with { MaxMessageBytes = 4096 };
        var items = new List<DecodedItem>();
        await foreach (var item in FeedDecoders.Find("usps")!.DecodeAsync(new Decoded.Drip(Encoding.UTF8.GetBytes(text), 1000), context)) items.Add(item);

        items.Count.ShouldBe(22);
        items.Count(i => i.Problem is not null).ShouldBe(1);
        items[20].Problem!.Code.ShouldBe("json.syntax");
        items[20].Pointer.ShouldBe("line 21");
        items[21].Scans[0].Evidence!.Pointer.ShouldBe("line 23/trackingEvents/0");
        items[21].InOriginal("line 23/trackingEvents/0").ShouldBe("/trackingEvents/0");
        items[21].Scans.Select(s => s.Key).ShouldBe(FeedDecoders.Find("usps")!.Decode(items[21].Original, context).First().Scans.Select(s => s.Key));
    }

    [Fact]
    public async Task A_line_that_is_too_long_costs_itself()
    {
        var document = Encoding.UTF8.GetString(Sample.Bytes("usps/tracking-v3.json")).ReplaceLineEndings(" ");
        var text = document + "\n" + document + new string(' ', 900_000) + "\n" + document + "\n";
        var items = new List<DecodedItem>();
        await foreach (var item in FeedDecoders.Find("usps")!.DecodeAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), Sample.Context with { MaxMessageBytes = 300_000 })) items.Add(item);

        items.Select(i => i.Problem?.Code).ShouldBe([null, "message.too-long", null]);
        items[2].Pointer.ShouldBe("line 3");
    }

    [Fact]
    public async Task One_document_that_is_too_long_is_refused_as_a_whole()
    {
        var items = new List<DecodedItem>();
        await foreach (var item in FeedDecoders.Find("usps")!.DecodeAsync(new MemoryStream(Sample.Bytes("usps/tracking-v3.json")), Sample.Context with { MaxMessageBytes = 1000 })) items.Add(item);

        items.Single().Problem!.Code.ShouldBe("message.too-long");
    }
}
