using System.Text;
using Tracking.Carriers.Mapping;

namespace Tracking.Carriers.Tests;

/// <summary>What is kept of a message beside each scan: small, readable alone, and pointed into.</summary>
public sealed class OriginalTests
{
    public static TheoryData<string> Formats => [.. Decoders().Select(d => d.Format)];

    private static IEnumerable<FeedDecoder> Decoders()
        => FeedDecoders.BuiltIn.Concat(new[] { "flat/demo-sped.map.json", "flat/nordvan.map.json" }.Select(p => MappingReader.Read(Sample.Bytes(p), out _)!));

    [Theory]
    [MemberData(nameof(Formats))]
    public void Every_part_says_the_same_when_it_is_read_alone_and_its_evidence_points_into_it(string format)
    {
        var decoder = Decoders().First(d => d.Format == format);
        var seen = 0;
        foreach (var path in Directory.EnumerateFiles(Sample.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            foreach (var part in decoder.Decode(File.ReadAllBytes(path), Sample.Context).Where(p => p.Problem is null && !p.Scans.IsEmpty))
            {
                var alone = decoder.Decode(part.Original, Sample.Context).SelectMany(p => p.Scans.Select(s => (s.Key, Pointer: s.Evidence?.Pointer ?? p.Pointer))).ToList();
                foreach (var scan in part.Scans)
                {
                    seen++;
                    alone.ShouldContain((scan.Key, part.InOriginal(scan.Evidence?.Pointer ?? part.Pointer)), $"{path}: {scan.Evidence?.Pointer ?? part.Pointer} of {part.Pointer} in {Encoding.UTF8.GetString(part.Original.Span)}");
                }
            }
        seen.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void An_event_of_a_message_of_thousands_keeps_itself_and_not_the_message()
    {
        var mapping = MappingReader.Read(Sample.Bytes("flat/nordvan.map.json"), out _)!;
        var text = Encoding.UTF8.GetString(Sample.Bytes("flat/nordvan.xml"));
        var from = text.IndexOf("<n:Consignment>", StringComparison.Ordinal);
        var to = text.LastIndexOf("</n:Consignment>", StringComparison.Ordinal) + "</n:Consignment>".Length;
        var many = text[..from] + string.Concat(Enumerable.Repeat(text[from..to], 500)) + text[to..];

        var parts = mapping.Decode(Encoding.UTF8.GetBytes(many), Sample.Context).ToList();

        parts.Count.ShouldBeGreaterThan(1000);
        parts.ShouldAllBe(p => p.Original.Length < 2048);
    }

    [Fact]
    public void A_json_event_that_a_mapping_reads_is_kept_inside_the_objects_around_it()
    {
        var mapping = MappingReader.Read("""
            {"format":"x","form":"json","items":"shipments.events","number":"../no","carrier":"x","code":"c","codes":{"D":"DELIVERED"},"date":{"path":"at","format":"iso"},"facility":"/depot"}
            """u8.ToArray(), out var problems);
        problems.ShouldBeEmpty();
        var parts = mapping!.Decode("""{"depot":"D1","shipments":[{"no":"A1","events":[{"c":"D","at":"2026-03-02T09:00:00"}]},{"no":"A2","events":[{"c":"D","at":"2026-03-02T10:00:00"},{"c":"D"}]}]}"""u8.ToArray(), Sample.Context).ToList();

        parts.Select(p => Encoding.UTF8.GetString(p.Original.Span)).ShouldBe([
            """{"depot":"D1","shipments":{"no":"A1","events":{"c":"D","at":"2026-03-02T09:00:00"}}}""",
            """{"depot":"D1","shipments":{"no":"A2","events":{"c":"D","at":"2026-03-02T10:00:00"}}}""",
            """{"depot":"D1","shipments":{"no":"A2","events":{"c":"D"}}}""",
        ]);
        parts[1].InOriginal(parts[1].Pointer).ShouldBe("/shipments/events");
        mapping.Decode(parts[1].Original, Sample.Context).Single().Scans.Single().Key.ShouldBe(parts[1].Scans.Single().Key);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("iso-8859-2")]
    public void An_element_of_a_document_in_another_encoding_is_kept_readable(string charset)
    {
        var text = Encoding.UTF8.GetString(Sample.Bytes("dhl/express.xml"));
        text = $"<?xml version=\"1.0\" encoding=\"{charset}\"?>" + text[text.IndexOf("<req:TrackingResponse", StringComparison.Ordinal)..].Replace("Shipment picked up", "Przesyłka odebrana", StringComparison.Ordinal);
        var encoding = CodePagesEncodingProvider.Instance.GetEncoding(charset) ?? Encoding.GetEncoding(charset);
        var decoder = FeedDecoders.Find("dhl-express")!;
        var part = decoder.Decode((byte[])[.. encoding.GetPreamble(), .. encoding.GetBytes(text)], Sample.Context).First();

        part.Scans.Select(s => s.Raw?.Text).ShouldBe(decoder.Decode(part.Original, Sample.Context).First().Scans.Select(s => s.Raw?.Text));
        part.Scans.Length.ShouldBeGreaterThan(1);
    }
}
