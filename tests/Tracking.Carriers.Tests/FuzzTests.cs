using System.Diagnostics;
using System.Text;
using Tracking.Carriers.Mapping;

namespace Tracking.Carriers.Tests;

/// <summary>
/// Every decoder against mutations of every sample it reads: no crash, no hang, no avalanche of memory, and nothing that the journal could not hold. A new decoder joins by
/// standing in <see cref="FeedDecoders.BuiltIn"/> with a sample beside the others. <c>TRACKING_FUZZ_ROUNDS</c> sets the mutations for each decoder, <c>TRACKING_FUZZ_SEED</c> the seed.
/// </summary>
public sealed class FuzzTests
{
    private const int Rounds = 400;
    private const long MostBytes = 10 * 1024 * 1024;
    private const int MostSample = 48 * 1024;
    // 100 ms is the rule; machines that share their cores get ten times that, three times in a row.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly string[] Tokens =
    [
        "\"", "{", "}", "[", "]", "<", ">", "&", ";", "'", "*", "~", "+", ":", "?", "|", ",", "\\", "\r\n", "\n", "\0", "\ufeff", "\u202e", "null", "true", "-1", "0", "1e400", "99999999999999999999",
        "00000000", "19000101", "99991231", "20250230", "2025-03-09T02:30:00", "24:00", "+99:99", "\\u0000", "\\ud800", "&#0;", "<!DOCTYPE x>", "]]>", "<a>", "</a>", "{}", "[]", "\"\"", "ISA*", "UNA:+.? '", "é", "\ud83d\ude9a",
    ];

    public static TheoryData<string> Formats => [.. Decoders().Select(d => d.Format)];

    private static IEnumerable<FeedDecoder> Decoders()
        => FeedDecoders.BuiltIn.Concat(new[] { "flat/demo-sped.map.json", "flat/nordvan.map.json" }.Select(p => MappingReader.Read(Sample.Bytes(p), out _)!));

    [Theory]
    [MemberData(nameof(Formats))]
    public void Nothing_a_sender_writes_breaks_a_decoder(string format)
    {
        var decoder = Decoders().First(d => d.Format == format);
        var all = Directory.EnumerateFiles(Sample.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes).Where(b => b.Length <= MostSample).ToList();
        var own = all.Where(b => Reads(decoder, b)).ToList();
        own.ShouldNotBeEmpty($"no sample under tests/Tracking.Testing/Samples is read by {format}");

        var rounds = int.TryParse(Environment.GetEnvironmentVariable("TRACKING_FUZZ_ROUNDS"), out var r) ? r : Rounds;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("TRACKING_FUZZ_SEED"), out var s) ? s : 2026;
        var dice = new Random(seed);
        foreach (var bytes in own.Concat(all)) Check(decoder, bytes, $"{format}, an unchanged sample");
        for (var round = 0; round < rounds; round++)
        {
            var bytes = own[dice.Next(own.Count)];
            for (var changes = 1 + dice.Next(4); changes > 0; changes--) bytes = Mutate(bytes, all, dice);
            Check(decoder, bytes, $"{format}, seed {seed}, round {round}");
        }
    }

    private static bool Reads(FeedDecoder decoder, byte[] bytes)
    {
        var items = decoder.Decode(bytes, Sample.Context).ToList();
        return items.Any(i => i.Scans.Length > 0) && items.Count(i => i.Problem is not null) * 2 <= items.Count;
    }

    private static void Check(FeedDecoder decoder, byte[] bytes, string what)
    {
        for (var attempt = 1; ; attempt++)
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            List<DecodedItem> items;
            try { items = [.. decoder.Decode(bytes, Sample.Context)]; }
            catch (Exception e) { throw new InvalidOperationException($"{what}: {e.GetType().Name} {e.Message} for {Shown(bytes)}", e); }
            var elapsed = clock.Elapsed;
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;

            // The first call pays for tables and zones.
            if (attempt == 1 && (elapsed > Patience || allocated > MostBytes)) continue;
            allocated.ShouldBeLessThanOrEqualTo(MostBytes, $"{what}: {Shown(bytes)}");
            if (elapsed > Patience && attempt < 3) continue;
            elapsed.ShouldBeLessThanOrEqualTo(Patience, $"{what}: {Shown(bytes)}");
            foreach (var item in items)
            {
                foreach (var scan in item.Scans)
                {
                    try { Decoded.ReadsBack([item with { Scans = [scan] }]); }
                    catch (Exception e) { throw new InvalidOperationException($"{what}: {Written(scan)} does not read back: {e.Message}", e); }
                }
            }
            return;
        }
    }

    private static byte[] Mutate(byte[] bytes, List<byte[]> all, Random dice)
    {
        if (bytes.Length == 0) return Encoding.UTF8.GetBytes(Tokens[dice.Next(Tokens.Length)]);
        var at = dice.Next(bytes.Length);
        var length = Math.Min(bytes.Length - at, 1 + dice.Next(dice.Next(4) == 0 ? 2000 : 24));
        switch (dice.Next(10))
        {
            case 0: { var copy = (byte[])bytes.Clone(); copy[at] ^= (byte)(1 << dice.Next(8)); return copy; }
            case 1: { var copy = (byte[])bytes.Clone(); copy[at] = (byte)dice.Next(256); return copy; }
            case 2: return [.. bytes[..at], .. bytes[(at + length)..]];
            case 3: return bytes[..at];
            case 4: return [.. bytes[..(at + length)], .. bytes[at..]];
            case 5: return [.. bytes[..at], .. Encoding.UTF8.GetBytes(Tokens[dice.Next(Tokens.Length)]), .. bytes[at..]];
            case 6: return [.. bytes[..at], .. Encoding.UTF8.GetBytes(Tokens[dice.Next(Tokens.Length)]), .. bytes[(at + length)..]];
            case 7: return [.. bytes[..at], .. Enumerable.Repeat(Encoding.UTF8.GetBytes(Tokens[dice.Next(Tokens.Length)]), dice.Next(3000)).SelectMany(t => t), .. bytes[at..]];
            case 8:
                {
                    var other = all[dice.Next(all.Count)];
                    var from = dice.Next(other.Length);
                    return [.. bytes[..at], .. other[from..Math.Min(other.Length, from + length)], .. bytes[at..]];
                }
            default:
                {
                    // A number or a date in the text becomes another.
                    var copy = (byte[])bytes.Clone();
                    for (var i = at; i < Math.Min(copy.Length, at + 40); i++)
                        if (char.IsAsciiDigit((char)copy[i])) copy[i] = (byte)('0' + dice.Next(10));
                    return copy;
                }
        }
    }

    private static string Written(Tracking.Domain.Shipments.Scan scan)
    {
        using var bytes = new MemoryStream();
        using (var json = new System.Text.Json.Utf8JsonWriter(bytes)) Tracking.Domain.Shipments.ScanJson.Write(json, scan);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static string Shown(byte[] bytes)
        => bytes.Length <= 3000 ? Convert.ToBase64String(bytes) : $"{bytes.Length} bytes beginning {Convert.ToBase64String(bytes.AsSpan(0, 3000))}";
}
