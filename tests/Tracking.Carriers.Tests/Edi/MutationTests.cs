using System.Text;

namespace Tracking.Carriers.Tests.Edi;

/// <summary>Samples with bytes changed, cut, doubled and swapped by seed: a decoder says what it cannot read, and never throws or grows.</summary>
public sealed class MutationTests
{
    [Theory]
    [InlineData("x12-214", "x12")]
    [InlineData("edifact-iftsta", "edifact")]
    [InlineData("aftership", "aftership")]
    [InlineData("shippo", "shippo")]
    [InlineData("17track", "17track")]
    [InlineData("ship24", "ship24")]
    [InlineData("epcis", "epcis")]
    [InlineData("cloudevents", "cloudevents")]
    public void A_broken_message_is_named_and_breaks_nothing(string format, string folder)
    {
        var decoder = FeedDecoders.Find(format)!;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Samples", folder)).Order(StringComparer.Ordinal))
        {
            var sample = File.ReadAllBytes(file);
            for (var seed = 1; seed <= 300; seed++)
            {
                var broken = Mutate(sample, new Random(seed));
                var before = GC.GetAllocatedBytesForCurrentThread();
                List<DecodedItem> items = [];
                Should.NotThrow(() => items = [.. decoder.Decode(broken, new FeedContext())], $"{Path.GetFileName(file)}, seed {seed}");
                (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(10_000_000, $"{Path.GetFileName(file)}, seed {seed}");
                items.ShouldNotBeEmpty($"{Path.GetFileName(file)}, seed {seed}");
                Decoded.ReadsBack(items, exactly: false);
            }
        }
    }

    private static byte[] Mutate(byte[] sample, Random dice)
    {
        var bytes = sample.ToList();
        for (var n = dice.Next(1, 6); n > 0 && bytes.Count > 4; n--)
        {
            var at = dice.Next(bytes.Count);
            var length = Math.Min(dice.Next(1, 20), bytes.Count - at);
            switch (dice.Next(7))
            {
                case 0: bytes[at] = (byte)dice.Next(256); break;
                case 1: bytes.RemoveRange(at, length); break;
                case 2: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 3: bytes.RemoveRange(at, bytes.Count - at); break;
                case 4: bytes.InsertRange(at, Encoding.UTF8.GetBytes(Words[dice.Next(Words.Length)])); break;
                case 5: bytes.Insert(at, bytes[dice.Next(bytes.Count)]); break;
                default: (bytes[at], bytes[dice.Next(bytes.Count)]) = (bytes[dice.Next(bytes.Count)], bytes[at]); break;
            }
        }
        return [.. bytes];
    }

    private static readonly string[] Words =
        ["null", "\\ud800", "99999999999999999999", "-1", "[[[[", "{}", "\"", "~", "'", "*", "+", "?", ":", "ISA*", "UNA", "ST*214*", "9999-12-31T23:59:59Z", "0000", "\0", "é", "\u202e", new string('A', 5000)];
}
